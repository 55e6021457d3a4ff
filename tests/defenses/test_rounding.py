import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.defenses import ConfidenceRounding


class Says:
    """A classifier, no scikit-learn estimator, whose confidences are its input."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[np.argmax(X, axis=1)]

    def predict_proba(self, X):
        return np.asarray(X)

    def get_params(self, deep=True):
        return {}


def fit_on(proba, step):
    labels = np.arange(proba.shape[1])
    rows = np.zeros((len(labels), len(labels)))
    return ConfidenceRounding(Says(), step=step).fit(rows, labels)


@pytest.mark.parametrize("step", [0.5, 0.1, 0.05, 0.01, 0.001])
@pytest.mark.parametrize("n_classes", [2, 3, 40])
def test_whole_steps_that_sum_to_one(n_classes, step):
    proba = np.random.RandomState(0).dirichlet(np.ones(n_classes), size=200)
    target = fit_on(proba, step)
    out = target.predict_proba(proba)
    assert_allclose(out / step, np.round(out / step), atol=1e-9)
    assert_allclose(out.sum(axis=1), 1, rtol=1e-12)
    assert (np.abs(out - proba) < step + 1e-12).all()
    assert_array_equal(out.argmax(axis=1), proba.argmax(axis=1))
    assert_array_equal(target.predict(proba), proba.argmax(axis=1))


def test_two_classes_round_to_the_nearest_step():
    p = np.random.RandomState(0).rand(500)
    proba = np.column_stack([p, 1 - p])
    out = fit_on(proba, 0.05).predict_proba(proba)
    assert_allclose(out, np.round(proba / 0.05) * 0.05, atol=1e-12)


def test_order_of_entries_stays():
    proba = np.sort(np.random.RandomState(0).dirichlet(np.ones(6), size=100), axis=1)
    out = fit_on(proba, 0.1).predict_proba(proba)
    assert (np.diff(out, axis=1) >= 0).all()


def test_a_tie_at_the_top_goes_to_the_label():
    out = fit_on(np.ones((1, 2)), 0.1).predict_proba([[0.48, 0.52], [0.52, 0.48]])
    assert_allclose(out, 0.5, rtol=1e-15)
    assert_array_equal(out.argmax(axis=1), [1, 0])


def test_a_step_of_one_leaves_the_label_alone():
    proba = np.random.RandomState(0).dirichlet(np.ones(5), size=50)
    out = fit_on(proba, 1.0).predict_proba(proba)
    assert_array_equal(out, np.eye(5)[proba.argmax(axis=1)])


def test_rounding_twice_changes_nothing():
    proba = np.random.RandomState(0).dirichlet(np.ones(4), size=50)
    target = fit_on(proba, 0.1)
    once = target.predict_proba(proba)
    assert_allclose(target.predict_proba(once), once, atol=1e-12)


def test_a_frozen_target_stays_as_it_is():
    X, y = load_iris(return_X_y=True)
    target = LogisticRegression(max_iter=1000).fit(X, y)
    coef = target.coef_.copy()
    defended = ConfidenceRounding(FrozenEstimator(target)).fit(X[:10], y[:10])
    assert_array_equal(target.coef_, coef)
    assert_array_equal(defended.predict(X), target.predict(X))
    assert_array_equal(defended.classes_, [0, 1, 2])


def test_strings_in_a_dataframe_reach_a_pipeline():
    X = pd.DataFrame({"colour": ["red", "blue"] * 10, "size": range(20)})
    y = np.where(X["colour"] == "red", "stop", "go")
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough"),
        LogisticRegression(),
    )
    target = ConfidenceRounding(pipeline).fit(X, y)
    assert_array_equal(target.predict(X), y)
    assert_array_equal(target.feature_names_in_, ["colour", "size"])
    assert target.n_features_in_ == 2


def test_single_draws_of_a_stochastic_target_are_rounded():
    class Dice(Says):
        def sample_proba(self, X, *, n_samples=1, random_state=None):
            rng = np.random.RandomState(random_state)
            return rng.dirichlet(np.ones(3), size=(n_samples, len(X)))

    target = ConfidenceRounding(Dice(), step=0.25).fit(np.eye(3), [0, 1, 2])
    draws = target.sample_proba(np.eye(3), n_samples=4, random_state=0)
    assert draws.shape == (4, 3, 3)
    assert_allclose(draws * 4, np.round(draws * 4), atol=1e-12)
    plain = ConfidenceRounding(Says()).fit(np.eye(3), [0, 1, 2])
    assert not hasattr(plain, "sample_proba")


def test_fit_parameters_are_passed_on():
    X, y = load_iris(return_X_y=True)
    weight = np.where(y == 2, 0.0, 1.0)
    target = ConfidenceRounding(LogisticRegression(max_iter=500))
    assert 2 not in target.fit(X, y, sample_weight=weight).predict(X)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (0.3, r"step must divide 1.*step=0.3. Take 0.333"),
        (0, "'step'"),
        (1.5, "'step'"),
    ],
)
def test_bad_steps_are_named(step, message):
    with pytest.raises(ValueError, match=message):
        ConfidenceRounding(LogisticRegression(), step=step).fit([[0], [1]], [0, 1])


def test_a_target_without_confidences_is_refused():
    with pytest.raises(ValueError, match="'predict_proba'"):
        ConfidenceRounding(LinearRegression()).fit([[0], [1]], [0, 1])


def test_extreme_rows():
    """Zeros, ones, ties and rows that miss a sum of one by rounding."""
    rows = np.array(
        [[1, 0, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0.1, 0.2, 0.7]]
    )
    rows = np.vstack([rows, rows * (1 + 1e-9), rows * (1 - 1e-9), rows + 1e-300])
    for step in (1.0, 0.5, 0.1, 1e-6):
        out = fit_on(rows, step).predict_proba(rows)
        assert_allclose(out.sum(axis=1), 1)
        assert (out >= 0).all()
        assert_array_equal(out.argmax(axis=1), rows.argmax(axis=1))
