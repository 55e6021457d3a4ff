"""
General Social Survey: a tree, its depth, and its memory
========================================================

The survey on which decision trees were first attacked: how happy is a marriage, and was
an X-rated film seen? The full tree gives its own people away and hardly anybody else. A
limit on depth removes that without any penalty, so it belongs into every comparison;
with the penalty on the secret on top nothing is left.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import f1_score, matthews_corrcoef

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import fetch_gss
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.tree import MIDDecisionTreeClassifier

X, y = fetch_gss(return_X_y=True)
people, test, known, _ = target_auxiliary_split(
    X, y, target_size=6000, test_size=3000, auxiliary_size=3000, random_state=0
)


def judge(tree):
    """F1 of the tree on others; correlation of guess and truth, members and others."""
    tree.fit(people.X, people.y)
    attack = MAPAttack(tree, "xmovie", use_prior=False, random_state=0)
    attack.fit(known.X, known.y)
    leaks = [
        matthews_corrcoef(attack.sensitive_values(p.X), attack.infer(p.X, p.y))
        for p in (people, test)
    ]
    return f1_score(test.y, tree.predict(test.X), average="weighted"), *leaks


# %%
depths = [3, 5, 7, 10, 14, 18]
curves = {
    "all columns free": [
        judge(MIDDecisionTreeClassifier(0, max_depth=d)) for d in depths
    ],
    "the secret pays, λ = 1": [
        judge(MIDDecisionTreeClassifier(1, sensitive_features=["xmovie"], max_depth=d))
        for d in depths
    ],
}

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for (name, rows), color in zip(curves.items(), ("C3", "C0"), strict=True):
    f1, members, others = np.array(rows).T
    axes[0].plot(depths, members, "o-", color=color, label=f"{name}: members")
    axes[0].plot(depths, others, "s--", color=color, label=f"{name}: others")
    axes[1].plot(depths, f1, "o-", color=color, label=name)
axes[0].set(xlabel="depth", ylabel="leak (correlation of guess and truth)")
axes[1].set(xlabel="depth", ylabel="weighted F1 on others")
axes[0].legend(fontsize="small")
plt.show()
