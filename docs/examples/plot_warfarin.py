"""
Warfarin: a dose tells a genotype
=================================

The data on which the first model inversion attack was run. A linear model of the dose
of an anticoagulant knows the genotype VKORC1. Who knows a patient's stable dose and
the rest of the record asks the model which genotype explains the dose. Least squares,
the penalty on the genotype and the penalty on the whole input are attacked in three
ways.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import fetch_iwpc
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.utils import one_hot_group

X, y = fetch_iwpc(one_hot=True, return_X_y=True)
people, test, known, _ = target_auxiliary_split(X, y, random_state=0)
genotype = one_hot_group(X, "vkorc1")

# %%
# The attackers: one who takes the predictions as they come, one who re-scales them on
# records of other patients, and one who gives each genotype an effect of its own, which
# needs no model at all.

attackers = {
    "plain": False,
    "re-scaling": True,
    "with effects of their own": "effects",
}
strengths = np.array([0, 0.3, 1, 3, 10, 30])
leaks = {}
for penalty, secrets in {"genotype": [genotype], "whole input": None}.items():
    models = [
        MIDLinearRegression(k, sensitive_features=secrets).fit(people.X, people.y)
        for k in strengths
    ]
    errors = [np.mean((test.y - m.predict(test.X)) ** 2) for m in models]
    for name, calibrate in attackers.items():
        leaks[penalty, name] = (
            errors,
            [
                MAPAttack(m, genotype, calibrate=calibrate)
                .fit(known.X, known.y)
                .score(people.X, people.y)
                for m in models
            ],
        )

# %%
# The penalty on the whole input falls before who re-scales; that on the genotype before
# nobody but who knows the effect from elsewhere, as they would if it were left out.

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
majority = people.X[genotype].mean().max()
for ax, penalty in zip(axes, ["genotype", "whole input"], strict=True):
    for name, marker in zip(attackers, "os^", strict=True):
        ax.plot(*leaks[penalty, name], marker=marker, label=name)
    ax.axhline(majority, color="0.4", ls=":", label="most frequent genotype")
    ax.set(title=f"penalty on the {penalty}", xlabel="squared error on others")
axes[0].set_ylabel("genotypes read")
axes[0].legend(fontsize="small")
plt.show()
