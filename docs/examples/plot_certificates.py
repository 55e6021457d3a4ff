"""
Certificates: what the best attacker reads, person by person
============================================================

An attack that fails proves little. For who sees the answer, the chance of the *best*
attacker can be computed for each person from the answers at all values of the secret:
:func:`~sklearn_mid.metrics.vulnerability`. An average hides that some are exposed
altogether, and others not at all.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from sklearn_mid.datasets import load_fair
from sklearn_mid.metrics import maximal_leakage, vulnerability
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

X, y = load_fair(return_X_y=True)
X = X.apply(lambda column: column.factorize(sort=True)[0])
people, test, _, _ = target_auxiliary_split(
    X, y == "very good", target_size=2500, test_size=1500, random_state=0
)
forest = RandomForestClassifier(40, min_samples_leaf=5, random_state=0)
defended = MIDClassifier(forest, ["religious"], 0.02, random_state=0)
forest.fit(people.X, people.y)
defended.fit(people.X, people.y)

# %%
# Three releases of the same scores, and the channel.

shares = (people.X["religious"].value_counts(normalize=True).sort_index()).to_numpy()
releases = {
    "exact score": (forest, {}),
    "one decimal": (forest, {"decimals": 1}),
    "label": (forest, {"release": "labels"}),
    "MIDClassifier": (defended, {}),
}
chance = {}
for name, (model, how) in releases.items():
    result = vulnerability(model, test.X, "religious", prior=shares, **how)
    leakage = maximal_leakage(model, test.X, "religious", **how)
    chance[name] = result.per_person
    print(
        f"{name:15} best attacker right of {result.mean:.0%}, nothing told of "
        f"{result.no_leak:.0%} of people, largest leakage {np.max(leakage):.2f} nats"
    )

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
share = np.linspace(0, 1, len(test.X))
for name, values in chance.items():
    ax.plot(share, np.sort(values), label=name, drawstyle="steps")
ax.axhline(shares.max(), color="0.4", ls=":", label="guess without the model")
ax.set(
    xlabel="share of people, the least exposed first",
    ylabel="chance of the best attacker",
    ylim=(0, 1.05),
)
ax.legend()
plt.show()
