"""
What one digit more of a score tells
====================================

Somebody sees the score that a person got, knows the rest of the record, and may ask
the model. How often they are right about the secret depends on how many decimals the
score has. The attacker is :class:`~sklearn_mid.attacks.ReleasedAnswerAttack`; that
nobody does better is what :func:`~sklearn_mid.metrics.vulnerability` computes, without
an attack.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_mid.attacks import ReleasedAnswerAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.metrics import vulnerability
from sklearn_mid.model_selection import target_auxiliary_split

X, y = load_fair(return_X_y=True)
X = X.apply(lambda column: column.factorize(sort=True)[0])
people, test, known, _ = target_auxiliary_split(X, y == "very good", random_state=0)
model = HistGradientBoostingClassifier(random_state=0).fit(people.X, people.y)

# %%
# The secret is on a scale of four: how religious a woman is.

decimals = [6, 4, 3, 2, 1]
attacked, certified = [], []
for n in decimals:
    attack = ReleasedAnswerAttack(model, "religious", decimals=n)
    attacked.append(attack.fit(known.X, known.y).score(test.X))
    certified.append(
        vulnerability(model, test.X, "religious", prior=attack.prior_, decimals=n).mean
    )
label = ReleasedAnswerAttack(model, "religious", release="labels")
attacked.append(label.fit(known.X, known.y).score(test.X))
certified.append(
    vulnerability(model, test.X, "religious", prior=label.prior_, release="labels").mean
)

# %%
names = [*map(str, decimals), "label only"]
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.bar(names, attacked, color="C0", label="the attack")
ax.plot(names, certified, "k_", ms=30, mew=2, label="certificate: expected of the best")
ax.axhline(label.prior_.max(), color="0.4", ls=":", label="guess without the model")
ax.set(xlabel="decimals of the score", ylabel="secrets read", ylim=(0, 1.05))
fig.legend(loc="outside lower center", ncols=3)
plt.show()
