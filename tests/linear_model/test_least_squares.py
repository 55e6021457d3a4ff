"""The summary of the squared error, against scikit-learn and the error itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

from sklearn_mid.linear_model._least_squares import fit_least_squares

RNG = np.random.default_rng(0)
PLAIN = RNG.normal(size=(200, 5))
ONE_HOT = np.eye(3)[RNG.integers(3, size=200)]
DESIGNS = {
    "plain": PLAIN,
    "far from zero": PLAIN + 1e5,
    "scales": PLAIN * [1e-6, 1, 1e6, 1, 1],
    "constant column": np.column_stack([PLAIN, np.full(200, 0.1)]),
    "one-hot": np.column_stack([PLAIN, ONE_HOT]),
    "only one-hot": ONE_HOT,
    "duplicate": np.column_stack([PLAIN, 3 * PLAIN[:, 0]]),
    "nearly duplicate": np.column_stack(
        [PLAIN, PLAIN[:, 0] + 1e-4 * RNG.normal(size=200)]
    ),
    "polynomial": np.vander(np.linspace(0, 1, 200), 6),
    "wider than long": RNG.normal(size=(20, 50)),
    "nearly square": RNG.normal(size=(20, 22)),
    "huge": PLAIN * 1e180,
    "tiny": PLAIN * 1e-180,
}


def data(name):
    X = DESIGNS[name]
    rng = np.random.default_rng(1)
    y = X @ (rng.normal(size=X.shape[1]) / np.abs(X).max(axis=0))
    return X, y + rng.normal(size=len(X)), rng.uniform(0.1, 2, size=len(X))


def linear_regression(fit_intercept):
    model = LinearRegression(fit_intercept=fit_intercept)
    if "tol" in model.get_params():
        # scikit-learn 1.9 drops directions 1e-6 below the largest, whatever the
        # columns' units
        model.set_params(tol=1e-15)
    return model


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", DESIGNS)
def test_solution_equals_linear_regression(name, fit_intercept):
    X, y, w = data(name)
    ours = fit_least_squares(X, y, w / w.sum(), fit_intercept=fit_intercept)
    theirs = linear_regression(fit_intercept).fit(X, y, sample_weight=w)
    scale = np.abs(theirs.coef_).max()
    assert_allclose(ours.coef / scale, theirs.coef_ / scale, rtol=1e-8, atol=1e-8)
    predicted = X @ ours.coef + ours.intercept(ours.coef)
    assert_allclose(predicted, theirs.predict(X), rtol=1e-8, atol=1e-8)
    residual = np.average((y - theirs.predict(X)) ** 2, weights=w)
    assert_allclose(ours.residual * ours.y_scale**2, residual, rtol=1e-8, atol=1e-20)


@pytest.mark.parametrize("name", ["plain", "one-hot", "scales", "nearly duplicate"])
def test_quadratic_equals_the_error_of_any_coefficients(name):
    X, y, w = data(name)
    w = w / w.sum()
    summary = fit_least_squares(X, y, w, fit_intercept=True)
    coef = np.random.default_rng(2).normal(size=X.shape[1]) / np.abs(X).max(axis=0)
    error = w @ (y - X @ coef - summary.intercept(coef)) ** 2
    step = summary.root @ summary.standardized(coef - summary.coef)
    assert_allclose(
        (summary.residual + step @ step) * summary.y_scale**2, error, rtol=1e-9
    )


def test_smallest_changes_no_prediction():
    for name in ("one-hot", "wider than long", "only one-hot"):
        X, y, w = data(name)
        summary = fit_least_squares(X, y, w / w.sum(), fit_intercept=True)
        coef = np.random.default_rng(3).normal(size=X.shape[1])
        smaller = summary.smallest(coef)
        difference = X @ (coef - smaller)
        assert_allclose(difference, difference[0], atol=1e-10)
        assert np.linalg.norm(smaller) < np.linalg.norm(coef)
        assert_allclose(summary.smallest(smaller), smaller, atol=1e-12)


def test_pieces_do_not_show(monkeypatch):
    X, y, w = data("one-hot")
    whole = fit_least_squares(X, y, w / w.sum(), fit_intercept=True)
    monkeypatch.setattr("sklearn_mid.linear_model._least_squares._CHUNK_BYTES", 1)
    pieces = fit_least_squares(X, y, w / w.sum(), fit_intercept=True)
    assert_allclose(pieces.coef, whole.coef, rtol=1e-10)


def test_too_large_for_an_average():
    X = np.array([[1e308], [1.5e308], [1.7e308]])
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match="values too large to average"),
    ):
        fit_least_squares(X, np.ones(3), np.ones(3), fit_intercept=True)
