"""
A forest remembers its people
=============================

Trees that grow until their leaves are pure know their people by heart: an attacker who
knows a member's response is right about the secret far more often than about anybody
else. The difference is what *memory* means. Larger leaves take it away, and so does a
student of forests that never saw the people they speak of.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

X, y = load_fair(return_X_y=True)
X = X.apply(lambda column: column.factorize(sort=True)[0])
people, test, known, _ = target_auxiliary_split(
    X, y == "very good", target_size=2000, random_state=0
)


def judge(model):
    """AUC of the attack on members and on others, and the model's own on others."""
    model.fit(people.X, people.y)
    attack = MAPAttack(model, "affairs").fit(known.X, known.y)
    aucs = [
        roc_auc_score(part.X["affairs"], attack.infer_proba(part.X, part.y)[:, 1])
        for part in (people, test)
    ]
    return *aucs, roc_auc_score(test.y, model.predict_proba(test.X)[:, 1])


# %%
leaves = [1, 3, 10, 30, 100]
forests = [
    judge(RandomForestClassifier(40, min_samples_leaf=leaf, random_state=0))
    for leaf in leaves
]
student = judge(
    MIDClassifier(
        RandomForestClassifier(40, random_state=0), ["affairs"], 0, random_state=0
    )
)

# %%
# Left, the two attackers part where leaves are small. Right, forgetting is no loss:
# what was known by heart was of no use for others.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
members, others, useful = zip(*forests, strict=True)
for values, name, color in [(members, "members", "C3"), (others, "others", "C0")]:
    axes[0].plot(leaves, values, "o-", color=color, label=name)
for value, name, color in [
    (student[0], "members, distilled", "C3"),
    (student[1], "others, distilled", "C0"),
]:
    axes[0].axhline(value, color=color, ls="--", lw=1, label=name)
axes[0].set_ylabel("AUC of the attack on the secret")
axes[1].plot(leaves, useful, "o-", color="C2", label="forest")
axes[1].axhline(student[2], color="C2", ls="--", lw=1, label="distilled")
axes[1].set_ylabel("AUC of the model on others")
for ax in axes:
    ax.set(xscale="log", xlabel="least people per leaf")
    ax.legend(fontsize="small")
plt.show()
