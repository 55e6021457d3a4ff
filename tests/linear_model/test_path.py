import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression

from sklearn_mid.linear_model import MIDLinearRegression, mid_path

LAMBDAS = np.append(np.geomspace(1e-2, 1e3, 16), [0, np.inf])


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.mark.parametrize("sensitive", [None, ["sex"], ["bmi", "s5"]])
def test_path_equals_single_fits(diabetes, sensitive):
    X, y = diabetes
    path = mid_path(X, y, reg_lambdas=LAMBDAS, sensitive_features=sensitive)
    assert_array_equal(path.reg_lambdas, np.sort(LAMBDAS))
    for i, reg_lambda in enumerate(path.reg_lambdas):
        model = MIDLinearRegression(reg_lambda, sensitive_features=sensitive).fit(X, y)
        assert path.objectives[i] <= model.objective_ + 1e-9 * (1 + model.objective_)
        assert_allclose(
            X @ path.coefs[i] + path.intercepts[i], model.predict(X), rtol=1e-3
        )
        assert_allclose(
            path.mutual_informations[i], model.mutual_information_, atol=1e-5
        )
    assert_allclose(path.noise_variance, model.noise_variance_)


@pytest.mark.parametrize("entropy", ["quadrature", "taylor"])
def test_information_never_rises_along_the_path(entropy):
    # values far apart: many local minima, in which some values are merged
    rng = np.random.default_rng(0)
    X = np.column_stack([np.eye(6)[rng.integers(6, size=300)], rng.normal(size=300)])
    y = X @ [0, 9, 10, 30, 33, 70, 1] + rng.normal(size=300)
    path = mid_path(
        X,
        y,
        reg_lambdas=np.geomspace(0.1, 1e4, 25),
        sensitive_features=[list(range(6))],
        entropy=entropy,
    )
    assert (np.diff(path.mutual_informations) <= 0).all()
    assert (np.diff(path.mean_squared_errors) >= 0).all()
    assert path.mutual_informations[0] > 1.5
    assert path.mutual_informations[-1] < 0.01
    scaled = path.objectives / (1 + path.reg_lambdas)
    for loss, information in zip(
        path.mean_squared_errors / (2 * path.noise_variance),
        path.mutual_informations,
        strict=True,
    ):
        line = (loss + path.reg_lambdas * information) / (1 + path.reg_lambdas)
        assert (scaled <= line + 1e-6).all()


def test_ends_of_the_path(diabetes):
    X, y = diabetes
    path = mid_path(X, y, reg_lambdas=[np.inf, 0])
    assert_allclose(path.coefs[0], LinearRegression().fit(X, y).coef_, rtol=1e-8)
    assert_array_equal(path.coefs[1], 0)
    assert_allclose(path.intercepts[1], y.mean(), rtol=1e-12)
    assert path.mutual_informations[1] == 0
    assert_allclose(path.mean_squared_errors[1], np.var(y), rtol=1e-9)


def test_weights_along_the_path(diabetes):
    X, y = diabetes
    weights = np.arange(len(y)) % 3
    options = {"reg_lambdas": [0.5, 5], "sensitive_features": ["sex"]}
    weighted = mid_path(X, y, sample_weight=weights, **options)
    repeated = mid_path(
        X.loc[X.index.repeat(weights)], np.repeat(y, weights), **options
    )
    assert_allclose(weighted.coefs, repeated.coefs, rtol=1e-6)


@pytest.mark.parametrize("bad", [[], [-1.0], [np.nan, 1.0], 3.0, [[1.0, 2.0]]])
def test_bad_strengths_are_named(diabetes, bad):
    with pytest.raises(ValueError, match="reg_lambdas must be a list of at least one"):
        mid_path(*diabetes, reg_lambdas=bad)


def test_other_parameters_are_checked_as_in_the_estimator(diabetes):
    with pytest.raises(ValueError, match="The 'noise_variance' parameter"):
        mid_path(*diabetes, reg_lambdas=[1], noise_variance=0)
    with pytest.raises(ValueError, match="'shoe size' is not a column of X"):
        mid_path(*diabetes, reg_lambdas=[1], sensitive_features=["shoe size"])


def test_stopping_early_is_told(diabetes):
    with pytest.warns(ConvergenceWarning, match="at reg_lambdas 1 "):
        mid_path(
            *diabetes, reg_lambdas=[0, 1], sensitive_features=["bmi", "s5"], max_iter=1
        )
