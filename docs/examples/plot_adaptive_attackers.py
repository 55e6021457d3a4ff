"""
Judge a defence by attackers who know of it
===========================================

A defence that stops the attacker of the textbook may stop nobody else. Four defences of
a tree, each attacked by one who takes probabilities at their word, one who knows only
labels and whether they fit, and one who has learned from records of other people what
goes along with the secret.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.defenses import ConfidenceRounding, LabelOnly, OmitFeature
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

X, y = load_fair(return_X_y=True)
X = X.apply(lambda column: column.factorize(sort=True)[0])
people, _, known, _ = target_auxiliary_split(
    X, y == "very good", target_size=2500, random_state=0
)
tree = DecisionTreeClassifier(random_state=0)
targets = {
    "as it is": tree,
    "rounded to 0.5": ConfidenceRounding(tree, step=0.5),
    "label only": LabelOnly(tree),
    "MIDClassifier": MIDClassifier(tree, ["affairs"], 0.1, random_state=0),
    "left out": OmitFeature(tree, ["affairs"]),
}

# %%
# All attack members, whose response they know.

attackers = {
    "by the book": {},
    "does the label fit?": {"error_model": "match", "prior": "learned"},
    "with a learned prior": {"prior": "learned"},
}
auc = {name: [] for name in attackers}
for model in targets.values():
    model.fit(people.X, people.y)
    for name, how in attackers.items():
        attack = MAPAttack(model, "affairs", **how).fit(known.X, known.y)
        proba = attack.infer_proba(people.X, people.y)[:, 1]
        auc[name].append(roc_auc_score(people.X["affairs"], proba))

# %%
# Releasing labels stops the attacker by the book only because a confusion matrix of
# other people does not know that the tree is never wrong about its own.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
place = np.arange(len(targets))
for i, (name, values) in enumerate(auc.items()):
    ax.bar(place + 0.27 * (i - 1), values, width=0.25, label=name)
ax.axhline(auc["with a learned prior"][-1], color="0.4", ls=":", label="no use of it")
ax.set_xticks(place, list(targets))
ax.set(ylabel="AUC on members", ylim=(0.45, 1.02))
ax.legend(ncols=2, fontsize="small")
plt.show()
