import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from sklearn_mid.defenses import ConfidenceShield

X, y = load_digits(return_X_y=True)
X = X / 16


@pytest.fixture(scope="module")
def target():
    return FrozenEstimator(LogisticRegression(C=0.05).fit(X[:900], y[:900]))


def released(target, budget):
    shield = ConfidenceShield(target, budget=budget).fit(X[:900], y[:900])
    return shield, shield.predict_proba(X[900:])


def test_no_budget_changes_nothing(target):
    assert_array_equal(released(target, 0)[1], target.predict_proba(X[900:]))


def test_the_whole_budget_leaves_the_label(target):
    shield, proba = released(target, 2)
    assert_array_equal(proba, shield.means_[target.predict(X[900:])])


@pytest.mark.parametrize("budget", [0.05, 0.3, 1])
def test_budget_is_kept_and_spent_and_labels_stay(target, budget):
    shield, proba = released(target, budget)
    raw, labels = target.predict_proba(X[900:]), target.predict(X[900:])
    moved = np.abs(proba - raw).sum(axis=1)
    away = np.abs(shield.means_[labels] - raw).sum(axis=1)
    assert_allclose(moved, np.minimum(away, budget), atol=1e-12)
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(shield.predict(X[900:]), labels)


def test_divergence_from_the_label_falls_with_the_budget(target):
    # sum_k p(k) KL(p || m_k), which bounds I(X; Yhat | label).
    labels = target.predict(X[900:])
    left = []
    for budget in (0, 0.1, 0.3, 0.6, 2):
        shield, proba = released(target, budget)
        mean = shield.means_[labels]
        left.append((proba * np.log(proba / mean)).sum(axis=1).mean())
    assert (np.diff(left) < 0).all()
    assert_allclose(left[-1], 0, atol=1e-15)


def test_a_label_that_is_never_first_has_a_mean():
    class Fixed(LogisticRegression):
        def predict_proba(self, X):
            return np.where(np.asarray(X)[:, :1] > 9, [[0.1, 0.9]], [[0.6, 0.4]])

    shield = ConfidenceShield(Fixed(), budget=2).fit([[0], [1]], [0, 1])
    assert_allclose(shield.means_, [[0.6, 0.4], [0.4, 0.6]])
    assert_array_equal(shield.predict([[0], [10]]), [0, 1])


def test_bad_budget_is_named(target):
    with pytest.raises(ValueError, match=r"'budget' parameter .* Got 2\.1"):
        ConfidenceShield(target, budget=2.1).fit(X, y)
