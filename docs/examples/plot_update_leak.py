"""
What a model was updated with
=============================

A service learns on: it takes in one new record, and its answers move. Who asks about
the same probes before and after infers the label of that record. The attacker trains
on updates of shadow models: :class:`~sklearn_mid.attacks.UpdateLabelAttack`. A small
step does not help, as the answers move little, but in the same direction.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import SGDClassifier

from sklearn_mid.attacks import FrequentLabelBaseline, UpdateLabelAttack
from sklearn_mid.datasets import load_digits

X, y = load_digits(return_X_y=True)
known, updates = slice(600, 1400), slice(1400, 1550)
guess = FrequentLabelBaseline().fit(X[known], y[known]).score(X[updates], y[updates])

# %%
# The more slowly the service learns, the less its answers move, and the more regularly.

rates = [0.3, 0.1, 0.01]
found = []
for rate in rates:
    target = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=rate, random_state=0
    )
    target.fit(X[:600], y[:600])
    attack = UpdateLabelAttack(
        target,
        n_updates=300,
        n_probes=30,
        n_shadows=2,
        max_epochs=40,
        random_state=0,
    )
    attack.fit(X[known], y[known])
    found.append(attack.score(X[updates], y[updates]))

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.bar([f"{rate:g}" for rate in rates], found, color="C0")
ax.axhline(guess, color="0.4", ls=":", label="guess of the most frequent label")
ax.set(xlabel="step of the update", ylabel="labels of updates found", ylim=(0, 1.05))
ax.legend()
plt.show()
