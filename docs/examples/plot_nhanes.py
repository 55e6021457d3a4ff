"""
NHANES: a secret that hardly helps is cheap to withhold
=======================================================

A model of trouble sleeping has two sensitive columns: on how many days somebody felt
down, which helps a little, and whether they ever tried hard drugs, which does not.
What a model gains by a secret is what it gives away to who knows the response; so the
second costs nothing to withhold. The exact answer gives both away, needed or not.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss

from sklearn_mid.attacks import ReleasedAnswerAttack
from sklearn_mid.datasets import fetch_nhanes
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

X, y = fetch_nhanes(return_X_y=True)
X = X.apply(lambda c: c.cat.codes if c.dtype == "category" else c)
people, test, known, _ = target_auxiliary_split(X, y, random_state=0)
forest = RandomForestClassifier(50, min_samples_leaf=3, random_state=0)

# %%
fig, axes = plt.subplots(
    1, 2, figsize=(9, 3.8), sharex=True, sharey=True, layout="constrained"
)
for ax, secret in zip(axes, ["Depressed", "HardDrugs"], strict=True):
    models = {"forest": forest} | {
        f"λ = {k}": MIDClassifier(forest, [secret], k, distill=False, random_state=0)
        for k in (0.01, 0.03, 0.1)
    }
    for name, model in models.items():
        model.fit(people.X, people.y)
        attack = ReleasedAnswerAttack(model, secret).fit(known.X, known.y)
        loss = log_loss(test.y, model.predict_proba(test.X))
        ax.plot(loss, attack.score(test.X), "o", ms=9, label=name)
    ax.axhline(attack.prior_.max(), color="0.4", ls=":", label="guess")
    ax.set(title=secret, xlabel="log loss on others, in nats", ylim=(0.5, 1.03))
axes[0].set_ylabel("secrets read from the answer")
axes[0].legend()
plt.show()
