"""
Is it the model's fault? Baselines without a model
==================================================

An attack that is often right need not have learned anything from the model: the rest of
the record and the outcome may give the secret away. So an attack is compared with a
baseline that knows as much and sees no model. Here, two levels of knowledge: the shares
of the secret's values, and labelled records of other people.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
)
from sklearn_mid.datasets import load_fair
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.metrics import attack_report
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.tree import MIDDecisionTreeClassifier

X, y = load_fair(return_X_y=True)
split = target_auxiliary_split(X, y, stratify=y, random_state=0)
known = split.auxiliary.X, split.auxiliary.y

targets = {
    "full tree": MIDDecisionTreeClassifier(0),
    "MID, λ = 0.03": MIDDecisionTreeClassifier(0.03),
    "without the secret": OmitFeature(MIDDecisionTreeClassifier(0.03), "affairs"),
}
for model in targets.values():
    model.fit(split.target.X, split.target.y)

# %%
# Every model is attacked about its own training women, with intervals.

classifier = RandomForestClassifier(min_samples_leaf=20, random_state=0)
prior = PriorBaseline("affairs").fit(*known)
imputation = ImputationBaseline("affairs", classifier=classifier).fit(*known)

reports = {}
for name, model in targets.items():
    for attack, baseline in [
        (MAPAttack(model, "affairs"), prior),
        (LearnedAttack(model, "affairs", classifier=classifier), imputation),
    ]:
        report = attack_report(
            attack.fit(*known),
            split.target.X,
            split.target.y,
            baseline=baseline,
            random_state=0,
        )
        reports[name, type(attack).__name__] = report.set_index("metric")

table = pd.concat(reports, names=["target", "attack"])
table.loc[pd.IndexSlice[:, :, ["accuracy", "baseline_accuracy", "advantage"]], :].round(
    3
)

# %%
# Imputation is right about these women more often than the guess, without any model,
# and keeps being so when the model is never shown the secret. What a defence can take
# away is the advantage, the part of a bar beyond its own line.

fig, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
attacks = {"MAPAttack": ("C0", prior), "LearnedAttack": ("C1", imputation)}
for i, (attack, (color, baseline)) in enumerate(attacks.items()):
    accuracy = table.xs(("accuracy", attack), level=("metric", "attack")).loc[
        list(targets)
    ]
    place = [k + 0.36 * i for k in range(len(targets))]
    ax.bar(
        place,
        accuracy["value"],
        width=0.33,
        color=color,
        label=attack,
        yerr=[
            accuracy["value"] - accuracy["low"],
            accuracy["high"] - accuracy["value"],
        ],
        capsize=4,
    )
    ax.axhline(
        baseline.score(split.target.X, split.target.y),
        color=color,
        linestyle="--",
        label=type(baseline).__name__,
    )
ax.set_xticks([k + 0.18 for k in range(len(targets))], list(targets))
ax.set(ylabel="accuracy about the training women", ylim=(0.5, 1))
ax.legend()
plt.show()
