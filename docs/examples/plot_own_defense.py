"""
Write a defence of your own
===========================

A defence is a classifier or regressor, here a wrapper that answers with the
confidences of the most certain class alone, and shares the rest out. It needs no base
class of ours: what scikit-learn takes for an estimator can be attacked, audited and
searched.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from sklearn_mid.attacks import ReleasedAnswerAttack
from sklearn_mid.datasets import load_fair
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier


class TopOnly(ClassifierMixin, BaseEstimator):
    """Tell how sure the model is of its label, in steps, and nothing else."""

    def __init__(self, estimator, step=0.1):
        self.estimator = estimator
        self.step = step

    def fit(self, X, y):
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X):
        proba = self.estimator_.predict_proba(X)
        rows, n_classes = np.arange(len(proba)), proba.shape[1]
        best = proba.argmax(axis=1)
        top = proba[rows, best]
        if self.step:
            top = np.clip(np.round(top / self.step) * self.step, 1 / n_classes, 0.99)
        told = np.repeat((1 - top[:, None]) / (n_classes - 1), n_classes, axis=1)
        told[rows, best] = top
        return told

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


# %%
# Judge it by an attacker who knows of it: one who asks the *defended* model at every
# value of the secret and compares with the answer that was given.

X, y = load_fair(return_X_y=True)
X = X.apply(lambda column: column.factorize(sort=True)[0])
people, test, known, _ = target_auxiliary_split(X, y, random_state=0)
boosting = HistGradientBoostingClassifier(max_iter=40, random_state=0)


def judge(model):
    model.fit(people.X, people.y)
    attack = ReleasedAnswerAttack(model, "affairs").fit(known.X, known.y)
    return log_loss(test.y, model.predict_proba(test.X)), attack.score(test.X)


steps = [0, 0.1, 0.3]
points = [judge(TopOnly(boosting, step)) for step in steps]
channel = [
    judge(MIDClassifier(boosting, ["affairs"], k, distill=False, random_state=0))
    for k in (0.01, 0.03, 0.1)
]

# %%
# One confidence, in steps, still gives nearly everything away. The release channel,
# which knows what it protects, tells less and costs less.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(*zip(*points, strict=True), "o-", label="TopOnly")
for step, point in zip(steps, points, strict=True):
    ax.annotate(f"step {step}", point, textcoords="offset points", xytext=(4, -14))
ax.plot(*zip(*channel, strict=True), "s-", label="MIDClassifier, 0.01 to 0.1")
ax.set(xlabel="log loss on others, in nats", ylabel="secrets read from the answer")
ax.legend()
plt.show()
