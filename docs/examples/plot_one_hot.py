"""
Pipelines and one-hot groups: one attribute, several columns
============================================================

Encoded, a secret with four values is four columns of 0 and 1. It is still one secret: a
model must be told the *group*, and an attacker tries whole codes, never "a bit of
two". Naming single columns of it is worse than nothing, and is warned about.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_mid.datasets import load_fair
from sklearn_mid.linear_model import MIDLogisticRegression
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.utils import one_hot_group

# %%
# The rating of the marriage is the secret of a model of affairs.

frame = load_fair().frame
y = frame.pop("affairs") == "yes"
X = pd.get_dummies(frame, columns=["rate_marriage"], dtype=float)
X = X.apply(lambda c: c.cat.codes if c.dtype == "category" else c).astype(float)
X = X / X.abs().max()
group = one_hot_group(X, "rate_marriage")
print(group)

people, test, _, _ = target_auxiliary_split(X, y, random_state=0)

# %%
# The same price, once on the group and once on the column of the most frequent rating.
# What an attacker uses is how far an answer moves when another rating is written into
# the record.


def movement(model):
    codes = np.eye(len(group))
    answers = []
    for code in codes:
        records = test.X.copy()
        records[group] = code
        answers.append(model.predict_proba(records)[:, 1])
    return np.ptp(answers, axis=0).mean()


secrets = {"the group": [group], "one column of it": [["rate_marriage_very good"]]}
strengths = [0, 0.1, 0.3, 1, 3, 10, 100]
curves = {}
for name, sensitive_features in secrets.items():
    curves[name] = []
    for reg_lambda in strengths:
        model = MIDLogisticRegression(reg_lambda, sensitive_features=sensitive_features)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(people.X, people.y)
        curves[name].append(movement(model))

# %%
# The other columns of the group say together what the protected one no longer says.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, values), style in zip(curves.items(), ("o-", "s--"), strict=True):
    ax.plot(range(len(strengths)), values, style, label=name)
ax.set_xticks(range(len(strengths)), strengths)
ax.set(xlabel="reg_lambda", ylabel="mean movement of the answer", ylim=(0, None))
ax.legend(title="what is protected")
plt.show()
