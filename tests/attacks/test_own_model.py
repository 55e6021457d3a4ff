"""Attackers who have records and no model: by hand, and where one choice is right."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import ImputationBaseline, OwnModelBaseline
from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns

N = 3000
S = np.random.default_rng(0).choice(3, p=[0.2, 0.5, 0.3], size=N)
KNOWN = np.random.default_rng(1).normal(size=N)
EFFECT = np.array([0.0, 2.0, 1.0])
X = np.column_stack([S, KNOWN])


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def test_a_number_is_explained_by_one_effect_per_value(rng):
    y = EFFECT[S] + 3 * KNOWN + 0.5 * rng.normal(size=N)
    fitted = OwnModelBaseline(0).fit(X, y)
    prior = np.bincount(S) / N
    density = prior * norm.pdf(y[:, None], EFFECT + 3 * KNOWN[:, None], 0.5)
    expected = density / density.sum(axis=1, keepdims=True)
    assert_allclose(fitted.infer_proba(X, y), expected, atol=0.06)
    assert_allclose(fitted.error_variance_, 0.25, rtol=0.1)


def test_a_class_is_explained_by_one_effect_per_value(rng):
    proba = 1 / (1 + np.exp(-(2 * EFFECT - 1 + KNOWN[:, None])))
    y = np.where(rng.random(N) < proba[np.arange(N), S], "ill", "well")
    fitted = OwnModelBaseline(0).fit(X, y)
    fit = np.where((y == "ill")[:, None], proba, 1 - proba)
    posterior = fit * np.bincount(S)
    posterior /= posterior.sum(axis=1, keepdims=True)
    assert_allclose(fitted.infer_proba(X, y), posterior, atol=0.06)
    # Nobody in the auxiliary records had this response.
    assert_allclose(fitted.infer_proba(X[:1], ["dead"]), [fitted.prior_])


def test_a_learned_prior_multiplies(rng):
    # The response tells nothing here: what is left is the prior of each record.
    y = rng.normal(size=N)
    known = (np.where(S == 1, 0.5, -0.5) < KNOWN).astype(int)
    records = np.column_stack([S, known])
    tree = DecisionTreeClassifier()
    fitted = OwnModelBaseline(0, prior=tree).fit(records, y)
    shares = np.array([np.bincount(S[known == k], minlength=3) for k in (0, 1)])
    expected = (shares / shares.sum(axis=1, keepdims=True))[known]
    assert_allclose(fitted.infer_proba(records, y), expected, atol=0.06)


def test_a_prior_that_learns_noise_gives_way_to_the_shares(rng):
    records = np.column_stack([S, rng.normal(size=(N, 3))])
    fitted = OwnModelBaseline(0, prior=DecisionTreeClassifier(random_state=0))
    proba = fitted.fit(records, np.zeros(N)).infer_proba(records[:5], np.zeros(5))
    assert_allclose(proba, np.tile(np.bincount(S) / N, (5, 1)))


def test_numbers_may_stand_for_classes_and_classes_for_numbers():
    y = (S == 1).astype(float)
    classes = OwnModelBaseline(0).fit(X, y)
    assert not hasattr(classes, "error_variance_")
    assert hasattr(OwnModelBaseline(0, regression=True).fit(X, y), "error_variance_")


def test_text_and_missing_values_in_the_known_columns(rng):
    frame = pd.DataFrame({"s": S.astype(str), "k": np.where(KNOWN > 0, "a", None)})
    y = EFFECT[S] + 0.01 * rng.normal(size=N)
    assert OwnModelBaseline("s").fit(frame, y).score(frame, y) == 1
    assert ImputationBaseline("s", random_state=0).fit(frame, y).score(frame, y) > 0.99


@pytest.mark.parametrize("is_linear", [True, False])
def test_the_better_of_two_classifiers_is_taken(is_linear, rng):
    wide = rng.normal(size=(300, 20))
    score = wide.sum(axis=1) if is_linear else 9 * wide[:, 0] * wide[:, 1]
    secret = (rng.random(300) < 1 / (1 + np.exp(-score))).astype(int)
    chosen = RecordClassifier(None, 2, 0).fit(as_columns(x=wide), secret)._pipeline[-1]
    kind = LogisticRegression if is_linear else HistGradientBoostingClassifier
    assert type(chosen) is kind


def test_the_response_may_be_unknown():
    y = S.copy()
    baseline = ImputationBaseline(0, use_response=False, random_state=0).fit(X)
    assert_array_equal(baseline.infer(X, y), baseline.infer(X))
    assert baseline.score(X) < 0.6
    assert ImputationBaseline(0, random_state=0).fit(X, y).score(X, y) > 0.99
