"""
Distillation: forget the people, keep the rule
==============================================

Teachers are trained without a fold of people and say what they expect of these at every
value of the secret; the released model is a student of that. This is the first half of
:class:`~sklearn_mid.release.MIDClassifier` (``reg_lambda=0`` switches the second off).
On Adult it takes from forest and boosting what they remember of marital status, and the
forest's log loss falls, since the targets are smooth.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import log_loss

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import fetch_adult
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

adult = fetch_adult(subset="all")
X = adult.data.apply(lambda column: column.factorize(sort=True)[0])
people, test, known, _ = target_auxiliary_split(
    X,
    adult.target,
    target_size=3000,
    test_size=3000,
    auxiliary_size=3000,
    random_state=0,
)
models = {
    "forest": RandomForestClassifier(30, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=40, random_state=0),
}

# %%
# The attacker knows the response, asks the model at every status, and weighs by what a
# classifier has learned of other people's records.

rows = {}
for name, model in models.items():
    student = MIDClassifier(model, ["marital"], 0, cv=5, random_state=0)
    for kind, fitted in {"as it is": model, "distilled": student}.items():
        fitted.fit(people.X, people.y)
        attack = MAPAttack(fitted, "marital", prior="learned").fit(known.X, known.y)
        members, others = (attack.score(part.X, part.y) for part in (people, test))
        proba = fitted.predict_proba(test.X).clip(0.01)
        rows[f"{name}, {kind}"] = {
            "members": members,
            "others": others,
            "log loss": log_loss(test.y, proba / proba.sum(axis=1, keepdims=True)),
        }
table = pd.DataFrame(rows).T
table.round(3)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
axes[0].barh(table.index, table["members"] - table["others"], color="C3")
axes[0].set_xlabel("memory: share of secrets read of members\nbeyond that of others")
axes[1].barh(table.index, table["log loss"], color="C0")
axes[1].set_xlabel("log loss on others, in nats")
axes[0].invert_yaxis()
plt.show()
