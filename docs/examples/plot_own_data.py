"""
Bring data of your own, or a world whose truth is known
=======================================================

Any table will do: records, responses, and the name of the secret. To know whether an
attack or a figure is *right*, draw from a world in which the truth can be computed:
:func:`~sklearn_mid.datasets.make_discrete_world` knows the best attack of all.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from sklearn_mid.attacks import ImputationBaseline, LearnedAttack
from sklearn_mid.datasets import make_discrete_world
from sklearn_mid.model_selection import target_auxiliary_split

# %%
# A table: names of columns, and of the secret. With several records per person, pass
# ``groups`` so that a person is on one side only.

rng = np.random.default_rng(0)
person = rng.integers(300, size=900)
smoker = rng.integers(2, size=300)[person]
table = pd.DataFrame({"age": rng.integers(20, 80, size=900), "smoker": smoker})
cough = rng.random(900) < 0.2 + 0.5 * smoker
split = target_auxiliary_split(table, cough, groups=person, random_state=0)
print(len(split.target.X), "records train;", len(split.test.X), "test")

# %%
# A world: how near do attackers come to the best that is possible, with more and more
# records of other people to learn from?

world = make_discrete_world(20_000, random_state=0)
print(sorted(world))
X = pd.DataFrame(world.data, columns=world.feature_names)
secret = world.sensitive_features[0]
people, test, known, _ = target_auxiliary_split(
    X,
    world.target,
    target_size=4000,
    test_size=4000,
    auxiliary_size=8000,
    random_state=0,
)
target = RandomForestClassifier(min_samples_leaf=50, random_state=0)
target.fit(people.X, people.y)
sizes = [50, 100, 300, 1000, 3000, 8000]
curves = {"LearnedAttack": [], "ImputationBaseline": []}
for n in sizes:
    for attack in (LearnedAttack(target, secret), ImputationBaseline(secret)):
        attack.fit(known.X[:n], known.y[:n])
        curves[type(attack).__name__].append(attack.score(test.X, test.y))

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, values in curves.items():
    ax.plot(sizes, values, "o-", label=name)
ax.axhline(world.bayes_accuracy, color="0.4", ls=":", label="the best that is possible")
ax.set(xscale="log", xlabel="records of other people", ylabel="secrets read")
ax.legend()
plt.show()
