"""
A private forest: memory and answers
====================================

A random forest knows the people it was trained on by heart, and its scores, with all
their digits, tell of a person whose record is known but for one column which value that
column holds. :class:`~sklearn_mid.release.MIDClassifier` wraps the forest against both:
a student of cross-fitted teachers has no memory of its people, and a release channel
lets answers differ by the secret only where that is worth its price.
"""

# %%
# The setting
# -----------
# Women rate their marriage; the secret is whether they report an affair. Half of them
# are the forest's, a quarter measures what it is good for, a quarter is the attacker's.

import tempfile

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.attacks import MAPAttack, ReleasedAnswerAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

X, y = load_fair(return_X_y=True)
split = target_auxiliary_split(
    X, y, test_size=0.25, auxiliary_size=0.25, random_state=0
)
encode = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore"),
        make_column_selector(dtype_include="category"),
    ),
    remainder="passthrough",
)
forest = make_pipeline(encode, RandomForestClassifier(50, random_state=0))
prior = HistGradientBoostingClassifier(max_iter=30, random_state=0)

# %%
# Two attackers, both of whom have learned from the records of other women what goes
# along with the secret. One knows the response of a woman and asks the model; attacked
# are the forest's own women. The other knows what the model answered about a woman.


def judge(model):
    proba = model.predict_proba(split.test.X).clip(0.01)
    proba /= proba.sum(axis=1, keepdims=True)
    joint = MAPAttack(model, "affairs", prior=prior)
    joint.fit(split.auxiliary.X, split.auxiliary.y)
    guesses = joint.infer_proba(split.target.X, split.target.y)[:, 1]
    seen = ReleasedAnswerAttack(model, "affairs", prior=prior)
    seen.fit(split.auxiliary.X, split.auxiliary.y)
    return {
        "log loss, other women": log_loss(split.test.y, proba),
        "AUC of who knows the response": roc_auc_score(
            split.target.X["affairs"] == joint.values_[1], guesses
        ),
        "accuracy of who sees the answer": seen.score(split.test.X),
    }


figures = {
    "undefended": judge(forest.fit(split.target.X, split.target.y)),
    "omitting": judge(
        OmitFeature(forest, ["affairs"]).fit(split.target.X, split.target.y)
    ),
}

# %%
# The memory makes the teachers' work, which does not depend on the strength, be done
# once.

with tempfile.TemporaryDirectory() as memory:
    for reg_lambda in (0, 0.03, 0.1, 0.3):
        model = MIDClassifier(
            forest, ["affairs"], reg_lambda, memory=memory, random_state=0
        )
        model.fit(split.target.X, split.target.y)
        figures[f"MID, {reg_lambda}"] = judge(model) | {
            "information": model.conditional_information_
        }

table = pd.DataFrame(figures).T
table.round(3)

# %%
# The trade
# ---------
# The best corner is at the bottom left. Distillation (the first point of each curve)
# takes the memory, and makes the forest more useful; the channel takes the answer, down
# to what the other columns tell without a model.

fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharex=True)
path = table.filter(like="MID", axis=0)
for ax, attacker in zip(axes, table.columns[1:3], strict=True):
    ax.plot(path.iloc[:, 0], path[attacker], "o-", label="MID around the forest")
    for name, marker in [("undefended", "X"), ("omitting", "s")]:
        row = table.loc[name]
        ax.plot(row.iloc[0], row[attacker], marker, ms=9, label=name)
    ax.set(xlabel=table.columns[0], ylabel=attacker)
axes[0].legend()
plt.show()
