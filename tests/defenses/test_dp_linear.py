import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.datasets import fetch_iwpc
from sklearn_mid.defenses import DPLinearRegression
from sklearn_mid.defenses._dp_gaussian import gaussian_delta, gaussian_mu
from sklearn_mid.defenses._dp_linear import (
    noisy_sums,
    noisy_sums_and_penalty,
    sensitivity,
    sums,
)
from sklearn_mid.utils._secret_noise import noise_sources

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)
SOLVERS = pytest.mark.parametrize("solver", ["joint", "adassp"])


@SOLVERS
def test_no_noise_equals_least_squares(solver):
    X, y = load_diabetes(return_X_y=True)
    model = DPLinearRegression(
        np.inf, bounds=(-0.2, 0.2), target_bounds=(0, 400), solver=solver
    )
    plain = LinearRegression().fit(X, y)
    model.fit(X, y)
    assert_allclose(model.predict(X), plain.predict(X), rtol=1e-6)
    assert_allclose(model.coef_, plain.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, plain.intercept_, rtol=1e-9)
    assert model.noise_std_ == 0


@SOLVERS
def test_no_noise_equals_least_squares_on_a_redundant_one_hot_group(solver):
    rng = np.random.RandomState(0)
    group = rng.randint(3, size=(100, 1))
    X = np.hstack([OneHotEncoder(sparse_output=False).fit_transform(group), group + 1])
    y = rng.standard_normal(100) + group.ravel()
    model = DPLinearRegression(
        np.inf, bounds=(0, 4), target_bounds=(-5, 8), solver=solver
    )
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


# The mechanism ------------------------------------------------------------------


def change(record, y, other, other_y, norm):
    """How far `sums` moves when one record is replaced by the other."""
    moved = sums(record[None], np.array([y]), norm) - sums(
        other[None], np.array([other_y]), norm
    )
    return np.linalg.norm(moved)


@pytest.mark.parametrize(("norm", "n_columns"), [(1.0, 2), (2.25, 4), (3.0, 9)])
def test_no_replacement_moves_the_sums_further_than_their_sensitivity(norm, n_columns):
    """Random pairs, the worst of which are improved by chance steps."""
    rng = np.random.default_rng(0)

    def inside(records):
        length = np.linalg.norm(records, axis=-1, keepdims=True)
        return records * np.minimum(1, norm / length)

    worst, worst_pair = 0.0, None
    for step in range(1500):
        if step < 300 or worst_pair is None:
            pair = inside(rng.normal(size=(2, n_columns)) * norm)
        else:
            pair = inside(worst_pair + rng.normal(size=(2, n_columns)) * norm / 20)
        for y, other_y in ((1, 1), (1, -1), (1, 0)):
            if (moved := change(pair[0], y, pair[1], other_y, norm)) > worst:
                worst, worst_pair = moved, pair
    assert worst <= sensitivity(norm) * (1 + 1e-12)
    assert worst > 0.95 * sensitivity(norm)


def test_the_sensitivity_is_attained():
    """Records of full length at 60 degrees, with opposite targets."""
    norm = 2.0
    one, other = norm * np.array([1.0, 0.0]), norm * np.array([0.5, np.sqrt(0.75)])
    assert_allclose(change(one, 1, other, -1, norm), sensitivity(norm))


def test_sensitivities_of_adassp_bound_every_replacement():
    rng = np.random.default_rng(0)
    norm, rest = 1.5, rng.normal(size=(5, 3))
    for _ in range(500):
        pair = rng.normal(size=(2, 3))
        pair *= norm / np.linalg.norm(pair, axis=1, keepdims=True)
        grams = [rest.T @ rest + np.outer(r, r) for r in pair]
        assert np.linalg.norm(grams[0] - grams[1]) <= np.sqrt(2) * norm**2 + 1e-12
        smallest = [np.linalg.eigvalsh(gram)[0] for gram in grams]
        assert abs(smallest[0] - smallest[1]) <= norm**2
        assert np.linalg.norm(pair[0] + pair[1]) <= 2 * norm


def noise_of(release, delta, n_draws=1500):
    """What is added to the sums of no records: matrices and moments."""
    (noise,) = noise_sources(0, 1, None)
    zeros, none = np.zeros((1, 3)), np.zeros(1)
    drawn = [release(zeros, none, 2.0, 1.5, delta, noise) for _ in range(n_draws)]
    gram, moment, _, std = zip(*drawn, strict=True)
    return np.array(gram), np.array(moment), std[0]


def test_noise_is_that_of_the_formula():
    """Gaussian: sensitivity over mu in every direction of the vector of sums."""
    gram, moment, std = noise_of(noisy_sums, 1e-3)
    expected = sensitivity(2.0) / gaussian_mu(1.5, 1e-3)
    assert_allclose(std, expected / np.sqrt(2), rtol=1e-6)
    assert_allclose(gram[:, 0, 1].std(), expected / np.sqrt(2), rtol=0.05)
    assert_allclose(gram[:, 0, 0].std(), expected, rtol=0.05)
    assert_allclose(moment.std(axis=0), expected / 2, rtol=0.05)  # weight: the norm
    assert_array_equal(gram, gram.transpose(0, 2, 1))
    # Independent: no correlation between any two entries.
    entries = np.column_stack([gram[:, *np.triu_indices(3)], moment])
    correlation = np.corrcoef(entries.T) - np.eye(entries.shape[1])
    assert np.abs(correlation).max() < 0.12


def test_without_delta_the_length_of_the_noise_is_gamma_distributed():
    """Density exp(-epsilon |v| / sensitivity) in 9 dimensions."""
    gram, moment, std = noise_of(noisy_sums, 0.0)
    length = np.sqrt((gram**2).sum(axis=(1, 2)) + 4 * (moment**2).sum(axis=1))
    gamma = stats.gamma(9, scale=sensitivity(2.0) / 1.5)
    assert stats.kstest(length, gamma.cdf).pvalue > 1e-3
    assert_allclose(std, gram[:, 0, 1].std(), rtol=0.05)


def test_noise_of_adassp_is_that_of_its_formula():
    gram, moment, std = noise_of(noisy_sums_and_penalty, 1e-3)
    mu = gaussian_mu(1.5, 1e-3) / np.sqrt(3)
    assert_allclose(std, 2.0**2 / mu, rtol=1e-6)
    assert_allclose(gram[:, 0, 1].std(), 2.0**2 / mu, rtol=0.05)
    assert_allclose(gram[:, 0, 0].std(), np.sqrt(2) * 2.0**2 / mu, rtol=0.05)
    assert_allclose(moment.std(axis=0), 2 * 2.0 / mu, rtol=0.05)


def test_the_penalty_of_adassp_is_what_the_data_lack():
    """No noise to speak of beside a well-conditioned matrix: no penalty."""
    (noise,) = noise_sources(0, 1, None)
    many = np.tile(np.eye(3), (100_000, 1))
    for Z, is_needed in ((many, False), (many[:3], True)):
        _, _, penalty, std = noisy_sums_and_penalty(
            Z, np.zeros(len(Z)), 1.0, 1.0, 1e-6, noise
        )
        assert (penalty > std) == is_needed
        assert penalty == 0 or is_needed


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("delta", [1e-9, 1e-3, 0.3])
def test_gaussian_noise_keeps_delta(epsilon, delta):
    """The mass by which N(mu, 1) exceeds e^epsilon N(0, 1), by integration."""
    mu = gaussian_mu(epsilon, delta)
    grid = np.linspace(-40, mu + 40, 800_001)
    one, other = stats.norm.pdf(grid, mu), stats.norm.pdf(grid)
    excess = np.maximum(one - np.exp(epsilon) * other, 0)
    assert_allclose(np.trapezoid(excess, grid), delta, rtol=1e-4)
    assert_allclose(gaussian_delta(mu, epsilon), delta, rtol=1e-6)


def test_released_sums_are_on_a_grid_that_data_do_not_move():
    """So that the last bits of a sum tell nothing of its terms."""
    (noise,) = noise_sources(0, 1, None)
    Z, y = np.random.default_rng(0).uniform(-0.5, 0.5, size=(2, 50, 2))
    moment = noisy_sums(Z, y[:, 0], 1.0, 1.0, 1e-6, noise)[1]
    steps = moment / (2.0**-30 * sensitivity(1.0))
    assert_array_equal(steps, np.rint(steps))


def test_long_records_count_less_and_are_not_moved():
    """A weight on both sides of the equations."""
    X = np.linspace(0, 1, 30)[:, None]
    y = X.ravel() ** 3
    model = DPLinearRegression(
        np.inf, bounds=(0, 1), target_bounds=(0, 2), max_norm=1.1
    ).fit(X, y)
    length = np.hypot(X.ravel(), 1)
    weight = np.minimum(1, (1.1 / length) ** 2)
    weighted = LinearRegression().fit(X, y, sample_weight=weight)
    assert_allclose(model.predict(X), weighted.predict(X), atol=1e-9)
    assert not np.allclose(LinearRegression().fit(X, y).predict(X), model.predict(X))


# What it is worth ---------------------------------------------------------------


def test_error_falls_with_epsilon():
    X, y = load_diabetes(return_X_y=True)
    X, y = np.tile(X, (10, 1)), np.tile(y, 10)

    def median_score(epsilon):
        model = DPLinearRegression(
            epsilon, delta=0, bounds=(-0.2, 0.2), target_bounds=(0, 400)
        )
        return np.median(
            [model.set_params(random_state=s).fit(X, y).score(X, y) for s in range(11)]
        )

    scores = [median_score(epsilon) for epsilon in (0.1, 30, 1e3, 1e5)]
    assert (np.diff(scores) > 0).all()
    assert scores[0] > -1  # trimming keeps the solution from diverging


@SOLVERS
def test_warfarin_doses(data_home, solver):
    """Median test error over splits: that of least squares, then ever larger."""
    data = fetch_iwpc()
    X = pd.get_dummies(data.data, dtype=float)
    is_z_score = X.columns.isin(["age", "height", "weight"])
    bounds = (np.where(is_z_score, -8, 0), np.where(is_z_score, 8, 1))
    # Three one-hot groups and the intercept; little else is of any length.
    dp = DPLinearRegression(
        bounds=bounds, target_bounds=(-1, 1), max_norm=2.25, solver=solver
    )

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

    errors = [median_error(dp.set_params(epsilon=e)) for e in (np.inf, 30, 3, 0.3)]
    assert_allclose(errors[0], median_error(LinearRegression()), rtol=0.01)
    assert (np.diff(errors) > 0).all()
    # The mean dose is off by 0.030.
    assert errors[2] < 0.022
    assert errors[3] < 0.06


def test_bad_target_bounds_are_named():
    model = DPLinearRegression(bounds=(0, 1))
    with pytest.raises(ValueError, match=r"needs target_bounds=.*target_bounds=None"):
        model.fit([[0.0], [1.0]], [0.0, 1.0])


def test_adassp_needs_a_delta():
    model = DPLinearRegression(
        delta=0, bounds=(0, 1), target_bounds=(0, 1), solver="adassp"
    )
    with pytest.raises(ValueError, match=r"'adassp' .* needs delta > 0; got delta=0"):
        model.fit([[0.0], [1.0]], [0.0, 1.0])
    assert model.set_params(epsilon=np.inf).fit([[0.0], [1.0]], [0, 1]).delta_ == 0
