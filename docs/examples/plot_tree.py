"""
Trees: what is memorised, and what is in the population
=======================================================

A tree on Fair's survey predicts how happy a marriage is called; the secret is whether
there was an affair. Grown to the end, the tree memorises: it leaks a lot about the
women it was trained on and hardly anything about others.

MID on the whole input makes each split pay for what it reveals about the input. Splits
that only memorise are not worth it, so the tree gets small, *better* on other women,
and leaks less. What is left is in the population: affairs and happiness go together,
and a tree that uses the one to predict the other says so about everybody. To stop that
too, name the secret; the price is what the secret was good for.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import matthews_corrcoef

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.tree import MIDDecisionTreeClassifier

X, y = load_fair(return_X_y=True)

# %%
# Accuracy of an attack is easily mistaken here, since two thirds of the women had no
# affair. The correlation of truth and guess (MCC) is 0 for any constant guess.


def judge(tree, split):
    tree.fit(split.target.X, split.target.y)
    attack = MAPAttack(tree, "affairs").fit(split.auxiliary.X, split.auxiliary.y)
    scores = {"leaves": tree.get_n_leaves()}
    for people, part in [("training women", split.target), ("others", split.test)]:
        truth, guess = attack.sensitive_values(part.X), attack.infer(part.X, part.y)
        scores["accuracy, " + people] = tree.score(part.X, part.y)
        scores["leak, " + people] = matthews_corrcoef(truth == "yes", guess == "yes")
    return scores


strengths = [0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05]
# Named secret: a limit on the size of leaves takes the place of the other penalty.
targeted_strengths = [0, 0.03, 0.1, 0.2, 0.5, 1]
rows = []
for seed in range(3):
    split = target_auxiliary_split(X, y, stratify=y, random_state=seed)
    for reg_lambda in strengths:
        tree = MIDDecisionTreeClassifier(reg_lambda)
        rows.append(("whole input", reg_lambda, judge(tree, split)))
    for reg_lambda in targeted_strengths:
        tree = MIDDecisionTreeClassifier(
            reg_lambda, sensitive_features=["affairs"], min_samples_leaf=300
        )
        rows.append(("affairs only", reg_lambda, judge(tree, split)))

table = pd.DataFrame(
    [{"penalty": penalty, "lambda": lam} | scores for penalty, lam, scores in rows]
)
mean = table.groupby(["penalty", "lambda"]).mean()
mean.round(3)

# %%
fig, axes = plt.subplots(2, 2, figsize=(9, 6), sharex="col", layout="constrained")
for column, penalty in zip(axes.T, ["whole input", "affairs only"], strict=True):
    path = mean.loc[penalty]
    place = np.arange(len(path))
    for ax, quantity in zip(column, ["accuracy", "leak"], strict=True):
        for people, style in [("training women", "o-"), ("others", "s--")]:
            ax.plot(place, path[f"{quantity}, {people}"], style, label=people)
        ax.set_ylim(-0.05, 1)
    column[0].set_title(f"penalty on {penalty}")
    column[0].axhline(
        y.value_counts(normalize=True).max(), color="0.4", linestyle=":", zorder=0
    )
    column[1].axhline(0, color="0.4", linestyle=":", zorder=0)
    column[1].set_xticks(place, [f"{lam:g}" for lam in path.index])
    column[1].set_xlabel("λ")
axes[0, 0].set_ylabel("accuracy of the tree")
axes[1, 0].set_ylabel("leak (MCC of the attack)")
axes[0, 0].legend()
plt.show()

# %%
# Dotted: always predicting the most frequent answer, and guessing without a model.
