import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.datasets import fetch_iwpc
from sklearn_mid.defenses import DPLinearRegression

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)


def test_no_noise_equals_least_squares():
    X, y = load_diabetes(return_X_y=True)
    model = DPLinearRegression(np.inf, bounds=(-0.2, 0.2), target_bounds=(0, 400))
    plain = LinearRegression().fit(X, y)
    model.fit(X, y)
    assert_allclose(model.predict(X), plain.predict(X), rtol=1e-6)
    assert_allclose(model.coef_, plain.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, plain.intercept_, rtol=1e-9)
    assert model.noise_scale_ == 0


def test_no_noise_equals_least_squares_on_a_redundant_one_hot_group():
    rng = np.random.RandomState(0)
    group = rng.randint(3, size=(100, 1))
    X = np.hstack([OneHotEncoder(sparse_output=False).fit_transform(group), group + 1])
    y = rng.standard_normal(100) + group.ravel()
    model = DPLinearRegression(np.inf, bounds=(0, 4), target_bounds=(-5, 8))
    assert_allclose(
        model.fit(X, y).predict(X), LinearRegression().fit(X, y).predict(X), rtol=1e-6
    )


def test_features_outside_bounds_are_clipped_as_least_squares_on_the_clipped():
    X, y = np.linspace(0, 10, 50)[:, None], np.linspace(0, 5, 50) ** 2
    model = DPLinearRegression(np.inf, bounds=(0, 6), target_bounds=(0, 9))
    with (
        pytest.warns(UserWarning, match="outside bounds and were clipped"),
        pytest.warns(UserWarning, match="target_bounds and were clipped"),
    ):
        model.fit(X, y)
    plain = LinearRegression().fit(np.clip(X, 0, 6), np.clip(y, 0, 9))
    assert_allclose(model.predict(X), plain.predict(X), rtol=1e-9)


def test_the_spread_of_the_slope_does_not_depend_on_units():
    rng = np.random.RandomState(0)
    X = rng.rand(500, 1)
    y = 0.5 * X.ravel() ** 2
    slopes = {}
    for width in (1.0, 100.0):
        slopes[width] = [
            width
            * DPLinearRegression(
                50, bounds=(0, width), target_bounds=(0, 1), random_state=seed
            )
            .fit(X * width, y)
            .coef_[0]
            for seed in range(50)
        ]
    assert_allclose(slopes[1.0], slopes[100.0], rtol=1e-6)
    assert np.std(slopes[1.0]) > 1e-3


def test_sensitivities_bound_every_replacement():
    """The sums change by no more than their sensitivity, for extreme records."""
    corners = np.array([[a, b, 1.0] for a in (-1, 0, 1) for b in (-1, 0, 1)])
    products = np.einsum("ij,ik->ijk", corners, corners)
    change = np.abs(products[:, None] - products[None]).max(axis=(0, 1))
    assert_allclose(change, [[1, 2, 2], [2, 1, 2], [2, 2, 0]])


def test_error_falls_with_epsilon():
    X, y = load_diabetes(return_X_y=True)
    X, y = np.tile(X, (10, 1)), np.tile(y, 10)

    def median_score(epsilon):
        model = DPLinearRegression(epsilon, bounds=(-0.2, 0.2), target_bounds=(0, 400))
        return np.median(
            [model.set_params(random_state=s).fit(X, y).score(X, y) for s in range(11)]
        )

    scores = [median_score(epsilon) for epsilon in (0.1, 30, 1e3, 1e5)]
    assert (np.diff(scores) > 0).all()
    assert scores[0] > -1  # trimming keeps the solution from diverging


def test_warfarin_doses(data_home):
    """Median test error over splits: that of least squares, then ever larger."""
    data = fetch_iwpc()
    X = pd.get_dummies(data.data, dtype=float)
    is_z_score = X.columns.isin(["age", "height", "weight"])
    bounds = (np.where(is_z_score, -8, 0), np.where(is_z_score, 8, 1))
    dp = DPLinearRegression(bounds=bounds, target_bounds=(-1, 1))

    def median_error(model, n_splits=9):
        errors = []
        for seed in range(n_splits):
            train, test, y_train, y_test = train_test_split(
                X, data.target, random_state=seed
            )
            model.set_params(random_state=seed) if model is dp else None
            residual = model.fit(train, y_train).predict(test) - y_test
            errors.append(np.mean(residual**2))
        return np.median(errors)

    errors = [median_error(dp.set_params(epsilon=e)) for e in (np.inf, 100, 10, 1)]
    assert_allclose(errors[0], median_error(LinearRegression()), rtol=1e-6)
    assert (np.diff(errors) > 0).all()
    assert errors[-1] < 0.1


def test_bad_target_bounds_are_named():
    model = DPLinearRegression(bounds=(0, 1))
    with pytest.raises(ValueError, match=r"needs target_bounds=.*target_bounds=None"):
        model.fit([[0.0], [1.0]], [0.0, 1.0])
