"""
What the information bound promises, and what it does not
=========================================================

In a world whose truth is known, a linear model is trained with more and more weight on
the information about a secret. Two attackers know the model and the rest of the record:

- one sees what the model *released* about the person, f(x) with the noise under which
  the information is counted; the bound speaks of them, and holds;
- one knows the person's *true* outcome, as in the attacks of the literature. The
  outcome tells about the secret by itself, so they may exceed the bound: the model has
  only to say in which direction the secret points.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import make_linear_gaussian
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.metrics import information_accuracy_bound

world = make_linear_gaussian(20_000, secret_coef=2.0, random_state=0)
half = len(world.data) // 2
X_known, y_known = world.data[:half], world.target[:half]
X, y = world.data[half:], world.target[half:]

# %%
# The bound is computed from the information that the model itself reports.

strengths = np.array([0, 0.3, 0.6, 1, 1.5, 2, 2.5, 3, 3.5, 4])
bound, by_release, by_outcome = [], [], []
for reg_lambda in strengths:
    model = MIDLinearRegression(reg_lambda, sensitive_features=["secret"])
    model.fit(X_known, y_known)
    bound.append(
        information_accuracy_bound(model.mutual_information_, world.prior_accuracy)
    )
    (known_release,) = model.sample_predict(X_known, random_state=1)
    (release,) = model.sample_predict(X, random_state=2)
    attack = MAPAttack(model, "secret").fit(X_known, known_release)
    by_release.append(attack.score(X, release))
    attack = MAPAttack(model, "secret").fit(X_known, y_known)
    by_outcome.append(attack.score(X, y))

# %%
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
ax.plot(strengths, bound, color="black", label="bound kl(a ‖ p) ≤ I")
ax.plot(strengths, by_outcome, "s--", color="C1", label="attacker with the outcome")
ax.plot(strengths, by_release, "o-", color="C0", label="attacker with the release")
ax.axhline(
    world.bayes_accuracy, color="C1", linestyle=":", label="best with the outcome"
)
ax.axhline(world.prior_accuracy, color="0.4", linestyle=":", label="guess, no model")
ax.set(xlabel="λ", ylabel="attack accuracy")
ax.legend()
plt.show()
