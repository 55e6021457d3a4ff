"""
Write an attack of your own
===========================

An attack declares what it has, sees, knows and needs, learns in ``_fit_attack``, and
answers in ``_infer_log_proba``. All else, tables and one-hot groups, validation,
scores, baselines and reports, comes with the base class.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from sklearn_mid.attacks import AttributeInferenceAttack, MAPAttack
from sklearn_mid.datasets import load_diabetes
from sklearn_mid.model_selection import target_auxiliary_split

# %%
# The attack below takes the errors of a regression for Laplacian, not for Gaussian:
# large ones are then less of a surprise. The base class asks the target at every
# candidate value of the secret.


class LaplaceAttack(AttributeInferenceAttack):
    """argmax_v of exp(-|y - f(x_v)| / b) times the share of v."""

    access, sees, knowledge = "black-box", "true response", "marginals"
    needs = ("predict",)

    def __init__(self, estimator, sensitive_feature, *, candidates=None):
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.candidates = candidates

    def _fit_attack(self, X, y, codes):
        self.scale_ = self._errors(X, y)[np.arange(len(X)), codes].mean()

    def _errors(self, X, y):
        outputs = np.column_stack(self.outputs_at_candidates(X))
        return np.abs(np.asarray(y)[:, None] - outputs)

    def _infer_log_proba(self, X, y):
        return np.log(self.prior_) - self._errors(X, y) / self.scale_


# %%
# It is judged like any other. ``check_attack`` of
# :mod:`sklearn_mid.utils.estimator_checks` runs what every attack must get right, and
# ``baseline()`` says who knows as much.

X, y = load_diabetes(return_X_y=True)
rates = []
for seed in range(20):
    people, _, known, _ = target_auxiliary_split(X, y, random_state=seed)
    target = LinearRegression().fit(people.X, people.y)
    attacks = {
        "MAPAttack": MAPAttack(target, "sex"),
        "LaplaceAttack": LaplaceAttack(target, "sex"),
    }
    attacks["its baseline"] = attacks["LaplaceAttack"].baseline()
    rates.append(
        [a.fit(known.X, known.y).score(people.X, people.y) for a in attacks.values()]
    )

# %%
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.boxplot(np.array(rates), orientation="horizontal")
ax.set_yticks([1, 2, 3], list(attacks))
ax.set_xlabel("sexes of members read, over 20 splits")
plt.show()
