"""
Whole input or one secret: diabetes and sex
===========================================

A linear model of diabetes progression gives away the patients' sex: the attacker, who
holds the rest of the record and the outcome, asks which sex explains the outcome best.

The paper's penalty on the *whole* input shrinks the model, and seems to help. But an
attacker who has a few records of their own re-scales the predictions
(``calibrate=True``) and is where they were. The penalty on the *secret*
(``sensitive_features``) takes the secret out of the model, and little else.
"""

# %%
# The setting
# -----------
# In each of ten repetitions 60% of the patients are the model's, whose secret is
# attacked; the model's fit is measured on 20%, and the attacker knows the other 20%.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_mid.attacks import MAPAttack, PriorBaseline
from sklearn_mid.datasets import load_diabetes
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.model_selection import target_auxiliary_split

X, y = load_diabetes(return_X_y=True)
penalties = {"whole input": None, "sex only": ["sex"]}
strengths = [0, 0.1, 0.3, 1, 3, 10, np.inf]


def judge(model, split):
    """Fit of the model, and how often each attacker is right about its patients."""
    model.fit(split.target.X, split.target.y)
    scores = {"R2": model.score(split.test.X, split.test.y)}
    for attacker, calibrate in [("plain", False), ("re-scaling", True)]:
        attack = MAPAttack(model, "sex", calibrate=calibrate)
        attack.fit(split.auxiliary.X, split.auxiliary.y)
        scores[attacker] = attack.score(split.target.X, split.target.y)
    return scores


rows = []
for seed in range(10):
    split = target_auxiliary_split(
        X, y, test_size=0.2, auxiliary_size=0.2, stratify=X["sex"], random_state=seed
    )
    majority = PriorBaseline("sex").fit(split.auxiliary.X, split.auxiliary.y)
    guess = majority.score(split.target.X, split.target.y)
    for penalty, sensitive_features in penalties.items():
        for reg_lambda in strengths:
            model = MIDLinearRegression(
                reg_lambda, sensitive_features=sensitive_features
            )
            scores = judge(model, split)
            rows.append(
                {"penalty": penalty, "lambda": reg_lambda, "guess": guess} | scores
            )

mean = pd.DataFrame(rows).groupby(["penalty", "lambda"]).mean()
mean.round(3)

# %%
# The last row of "sex only", infinite lambda, is the model that is never shown the sex:
# any defence must be compared with it.
#
# The trade
# ---------
# The best corner is at the bottom right: a good fit, and an attacker who is right no
# more often than one who always guesses the more frequent sex.

fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
styles = {"whole input": ("C1", "o"), "sex only": ("C0", "s")}
for penalty, (color, marker) in styles.items():
    path = mean.loc[penalty].sort_values("R2")
    for attacker, line in [("plain", "--"), ("re-scaling", "-")]:
        ax.plot(
            path["R2"],
            path[attacker],
            linestyle=line,
            marker=marker,
            color=color,
            label=f"penalty on {penalty}, {attacker} attacker",
        )
ax.axhline(mean["guess"].mean(), color="0.4", linestyle=":", label="guess, no model")
ax.set(xlabel="R² on other patients", ylabel="attack accuracy on the model's patients")
fig.legend(loc="outside lower center", ncols=2)
plt.show()
