"""The whole-input objective has several minima; the least of them is found."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from sklearn_mid.linear_model import MIDLinearRegression, _problems, mid_path


def two_binary_columns(seed):
    """Records and a strength; effects from weak to far beyond the noise."""
    rng = np.random.default_rng(seed)
    X = rng.random((rng.integers(50, 1000), 2)) < rng.uniform(0.02, 0.98, 2)
    X[0], X[1] = [0, 1], [1, 0]
    effects = rng.normal(size=2) * 10 ** rng.uniform(-0.5, 1.5, 2)
    y = X @ effects + rng.normal(size=len(X))
    return X.astype(float), y, 10 ** rng.uniform(-1, 2)


def least_on_a_grid(X, y, reg_lambda, n_points=31, n_descents=15):
    """The objective at the best of many points, followed down from there."""
    problem = MIDLinearRegression(reg_lambda)._pose(X, y, None)

    def objective(v):
        loss, loss_slope, information, information_slope = problem.evaluate(v)
        return (
            loss + reg_lambda * information,
            loss_slope + reg_lambda * information_slope,
        )

    grid = np.linspace(-0.1, 1.2, n_points)
    shares = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    points = [
        problem.coordinates(share * problem.least_squares.coef) for share in shares
    ]
    values = np.array([objective(v)[0] for v in points])
    cells = values.reshape(n_points, n_points)
    padded = np.pad(cells, 1, constant_values=np.inf)
    around = [
        padded[1 + i : 1 + i + n_points, 1 + j : 1 + j + n_points]
        for i, j in ((-1, 0), (1, 0), (0, -1), (0, 1))
    ]
    valleys = np.flatnonzero((cells <= np.min(around, axis=0)).ravel())
    valleys = valleys[np.argsort(values[valleys])][:n_descents]
    return min(minimize(objective, points[i], jac=True, tol=1e-12).fun for i in valleys)


def gap(seed):
    X, y, reg_lambda = two_binary_columns(seed)
    model = MIDLinearRegression(reg_lambda).fit(X, y)
    path = mid_path(X, y, reg_lambdas=reg_lambda * 10.0 ** np.array([-1, -0.5, 0, 1]))
    assert path.reg_lambdas[2] == reg_lambda
    return model.objective_ - path.objectives[2]


def test_fit_and_path_agree():
    assert_allclose([gap(seed) for seed in range(12)], 0, atol=1e-6)


@pytest.mark.slow
def test_fit_and_path_agree_on_many_problems():
    assert_allclose([gap(seed) for seed in range(300)], 0, atol=1e-6)


@pytest.mark.parametrize(
    "seeds", [range(3), pytest.param(range(3, 60), marks=pytest.mark.slow)]
)
def test_nothing_on_a_grid_is_lower(seeds):
    for seed in seeds:
        X, y, reg_lambda = two_binary_columns(seed)
        model = MIDLinearRegression(reg_lambda).fit(X, y)
        assert model.objective_ <= least_on_a_grid(X, y, reg_lambda) + 1e-6


def test_a_rare_strong_group_is_kept_and_the_rest_pays():
    rng = np.random.default_rng(0)
    rare, common = rng.random(1000) < 0.1, rng.random(1000) < 0.5
    X = np.column_stack([rare, common]).astype(float)
    y = 6 * rare + 0.3 * common + rng.normal(size=1000)
    model = MIDLinearRegression(4).fit(X, y)
    # shrinking both alike, towards a constant, has a minimum of its own
    assert_allclose(model.coef_, [6.0, 0.05], atol=0.05)
    assert np.mean((y - model.predict(X)) ** 2) < 1
    assert model.objective_ <= least_on_a_grid(X, y, 4.0) + 1e-6


def test_of_two_strong_groups_the_cheaper_one_is_given_up():
    rng = np.random.default_rng(1)
    X = (rng.random((1000, 2)) < [0.5, 0.03]).astype(float)
    y = X @ [40.0, 6.0] + rng.normal(size=1000)
    model = MIDLinearRegression(20).fit(X, y)
    assert model.objective_ <= least_on_a_grid(X, y, 20.0) + 1e-6
    assert np.mean((y - model.predict(X)) ** 2) < 3


def test_a_sketch_of_many_rows_leads_to_the_same_minimum(monkeypatch):
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.random((3000, 2)) < [0.1, 0.5], rng.normal(size=3000)])
    y = X @ [8.0, 0.5, 1.0] + rng.normal(size=3000)
    weights = rng.uniform(0.5, 1.5, size=3000)
    for reg_lambda in (0.5, 4, 30):
        model = MIDLinearRegression(reg_lambda)
        whole = model.fit(X, y, weights).objective_
        with monkeypatch.context() as patch:
            patch.setattr(_problems, "_SKETCH_ROWS", 300)
            sketched = model.fit(X, y, weights).objective_
        assert_allclose(sketched, whole, atol=1e-6)


GROUPS = [[0, 1, 2], [3, 4]]


def one_hot_table(seed=0, n=200):
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            np.eye(3)[rng.integers(3, size=n)],
            np.eye(2)[rng.integers(2, size=n)],
            3 * rng.normal(size=n),
        ]
    )
    return X, X @ [0, 1, 2, 0, 1, 0.5] + rng.normal(size=n)


@pytest.mark.parametrize("sensitive", [None, GROUPS, GROUPS[:1]])
@pytest.mark.parametrize("reg_lambda", [0, 0.3, 2, np.inf])
def test_coefficients_of_one_hot_groups_have_least_norm(sensitive, reg_lambda):
    X, y = one_hot_table()
    scale = np.array([1, 2, 4, 1, 1, 1])  # no column's unit is special
    model = MIDLinearRegression(reg_lambda, sensitive_features=sensitive)
    for factor in (1.0, scale):
        model.fit(X * factor, y)
        for group in GROUPS:  # what can be moved to the intercept
            idle = 1 / np.broadcast_to(factor, 6)[group]
            assert abs(model.coef_[group] @ idle) < 1e-9


@pytest.mark.parametrize("sensitive", [None, GROUPS])
@pytest.mark.parametrize("reg_lambda", [0.3, 2, 10])
def test_units_of_the_response_only_scale_the_coefficients(sensitive, reg_lambda):
    X, y = one_hot_table()
    model = MIDLinearRegression(reg_lambda, sensitive_features=sensitive, tol=1e-8)
    coef = model.fit(X, y).coef_
    intercept = model.intercept_
    model.fit(X, 7 * y + 1000)
    assert_allclose(model.coef_, 7 * coef, atol=1e-6)
    assert_allclose(model.intercept_, 7 * intercept + 1000, atol=1e-5)


def test_a_copy_does_not_bring_a_secret_back():
    X, y = one_hot_table()
    both = np.column_stack([X, X[:, :3] @ [0.0, 1.0, 2.0]])
    model = MIDLinearRegression(np.inf, sensitive_features=[GROUPS[0]]).fit(both, y)
    assert_allclose(model.coef_[:3], 0, atol=0)
    assert model.coef_[-1] > 0.5


def test_an_empty_column_beside_one_of_tiny_scale():
    for empty in ([0, 0], [1, 1]):
        X = np.column_stack([empty, [1, 2], [1.7e-32, 0]])
        for y in ([0.0, 1.0], [1.0, 0.0]):
            model = MIDLinearRegression(0, fit_intercept=False).fit(X, y)
            assert_allclose(model.predict(X), y, atol=1e-9)
