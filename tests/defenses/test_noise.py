import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from sklearn_mid.defenses import ConfidenceNoise

X, y = load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def target():
    return FrozenEstimator(LogisticRegression(max_iter=1000).fit(X, y))


def test_rows_are_probabilities_near_the_confidences(target):
    defended = ConfidenceNoise(target, scale=0.1, random_state=0).fit(X, y)
    proba = defended.predict_proba(X)
    assert_allclose(proba.sum(axis=1), 1)
    assert (proba >= 0).all()
    gap = np.abs(proba - target.predict_proba(X))
    assert 0.01 < gap.mean() < gap.max() < 0.2


def test_no_noise_changes_nothing(target):
    defended = ConfidenceNoise(target, scale=0).fit(X, y)
    assert_allclose(defended.predict_proba(X), target.predict_proba(X))
    assert_array_equal(defended.predict(X), target.predict(X))


def test_labels_follow_the_noise(target):
    defended = ConfidenceNoise(target, scale=5.0, random_state=0).fit(X, y)
    proba = defended.predict_proba(X)
    assert_array_equal(defended.predict(X), proba.argmax(axis=1))
    assert np.mean(defended.predict(X) == y) < 0.7


def test_a_repeated_query_gets_the_same_answer(target):
    defended = ConfidenceNoise(target, random_state=0).fit(X, y)
    proba = defended.predict_proba(X)
    assert_array_equal(defended.predict_proba(X), proba)
    order = np.random.RandomState(0).permutation(len(X))[:20]
    assert_array_equal(defended.predict_proba(X[order]), proba[order])
    assert not hasattr(defended, "sample_proba")


def test_averaging_helps_only_against_fresh_noise(target):
    fresh = ConfidenceNoise(target, repeat="fresh", random_state=0).fit(X, y)
    answers = fresh.sample_proba(X, n_samples=2000)
    assert answers.shape == (2000, 150, 3)
    # E[u] = 1/2: the mean answer is that of a known, smooth shrinkage.
    expected = (target.predict_proba(X) + 0.05) / 1.15
    assert_allclose(answers.mean(axis=0), expected, atol=0.004)
    same = ConfidenceNoise(target, random_state=0).fit(X, y)
    assert np.abs(same.predict_proba(X) - expected).max() > 0.02


def test_fresh_noise_differs_between_queries_and_repeats_with_a_seed(target):
    fresh = ConfidenceNoise(target, repeat="fresh", random_state=0).fit(X, y)
    first, second = fresh.predict_proba(X), fresh.predict_proba(X)
    assert not np.array_equal(first, second)
    again = ConfidenceNoise(target, repeat="fresh", random_state=0).fit(X, y)
    assert_array_equal(again.predict_proba(X), first)
    draws = [fresh.sample_proba(X, n_samples=2, random_state=3) for _ in range(2)]
    assert_array_equal(draws[0], draws[1])


def test_keys_differ_between_seeds(target):
    one, two = (
        ConfidenceNoise(target, random_state=seed).fit(X, y).predict_proba(X)
        for seed in (0, 1)
    )
    assert not np.allclose(one, two)


def test_keyed_noise_is_uniform_and_independent():
    class Even:
        """Equal confidences but for a trace that names the record."""

        classes_ = np.array([0, 1])

        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X), int)

        def predict_proba(self, X):
            trace = 0.4 * X[:, 0] / len(X)
            return np.column_stack([0.5 + trace, 0.5 - trace])

        def get_params(self, deep=True):
            return {}

    rows = np.arange(4000.0)[:, None]
    defended = ConfidenceNoise(Even(), scale=1e9, random_state=0).fit(rows, rows[:, 0])
    # At such a scale only the noise is left, u / (u + v).
    share = defended.predict_proba(rows)[:, 0]
    law = stats.uniform(0, 1)
    u, v = law.rvs((2, 10**5), random_state=0)
    assert stats.ks_2samp(share, u / (u + v)).pvalue > 0.01
    assert abs(np.corrcoef(share[1:], share[:-1])[0, 1]) < 0.05


def test_the_last_digits_of_a_confidence_draw_no_new_noise(target):
    defended = ConfidenceNoise(target, random_state=0).fit(X, y)
    proba = target.predict_proba(X)
    jitter = proba * (1 + 1e-13 * np.random.RandomState(0).standard_normal(proba.shape))
    assert_allclose(defended._release(jitter), defended._release(proba), rtol=1e-9)


def test_global_random_state_is_untouched(target):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    ConfidenceNoise(target, repeat="fresh").fit(X, y).predict_proba(X)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("params", "message"),
    [({"scale": -1}, "'scale'"), ({"repeat": "never"}, "'repeat'")],
)
def test_bad_parameters_are_named(target, params, message):
    with pytest.raises(ValueError, match=message):
        ConfidenceNoise(target, **params).fit(X, y)
