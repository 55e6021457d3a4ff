import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sklearn_mid.metrics import difference_over_splits, interval_over_splits

N_WORLDS = 20_000
LAWS = {"normal": stats.norm(), "skewed": stats.gamma(4)}


def coverage(law, n_runs, statistic):
    runs = law.rvs((N_WORLDS, n_runs), random_state=n_runs)
    _, low, high = interval_over_splits(runs, statistic=statistic)
    truth = law.mean() if statistic == "mean" else law.median()
    return np.mean((low <= truth) & (truth <= high))


@pytest.mark.parametrize("n_runs", [3, 5, 10, 20])
@pytest.mark.parametrize(
    ("law", "statistic", "least", "most"),
    [
        ("normal", "mean", 0.945, 0.955),
        ("normal", "median", 0.945, 0.97),
        ("skewed", "mean", 0.925, 0.955),
        ("skewed", "median", 0.945, 0.97),
    ],
)
def test_covers_what_it_names(law, statistic, least, most, n_runs):
    assert least <= coverage(LAWS[law], n_runs, statistic) <= most


@pytest.mark.parametrize("n_runs", [3, 10])
def test_differences_cover_where_splits_share_their_luck(n_runs):
    rng = np.random.default_rng(0)
    luck = 5 * rng.standard_normal((N_WORLDS, n_runs))
    first = luck + 1 + rng.standard_normal(luck.shape)
    second = luck + rng.standard_normal(luck.shape)
    _, low, high = difference_over_splits(first, second)
    assert 0.945 <= np.mean((low <= 1) & (high >= 1)) <= 0.955
    own_width = np.ptp(interval_over_splits(first)[1:], axis=0)
    assert np.median((high - low) / own_width) < 0.5


def test_the_mean_has_students_interval():
    runs = np.random.default_rng(0).random((4, 7))
    expected = stats.t.interval(
        0.9, 6, loc=runs.mean(axis=1), scale=stats.sem(runs, axis=1)
    )
    value, *limits = interval_over_splits(runs, confidence_level=0.9)
    assert_allclose(value, runs.mean(axis=1))
    assert_allclose(limits, expected)


def test_the_median_has_the_normal_spread_of_a_median():
    medians = np.median(stats.norm.rvs(size=(200_000, 5), random_state=0), axis=1)
    value, low, high = interval_over_splits([-1, -1, 0, 1, 1], statistic="median")
    assert value == 0
    quantile = stats.t.ppf(0.975, 4)
    assert_allclose((high - low) / 2, quantile * medians.std(), rtol=0.01)


def test_runs_without_a_figure_are_left_out():
    value, low, high = interval_over_splits([[1.0, 2.0, np.nan], [np.nan, np.nan, 3.0]])
    assert_allclose([value[0], low[0], high[0]], interval_over_splits([1.0, 2.0]))
    assert (value[1], low[1], high[1]) == (3, -np.inf, np.inf)  # one run: no spread


def test_equal_runs_have_no_width():
    assert_allclose(interval_over_splits([0.3] * 4), 0.3)


def test_infinite_runs_are_between_the_least_and_the_most():
    assert_allclose(interval_over_splits([1.0, 2.0, np.inf]), [np.inf, 1, np.inf])
    value, low, high = interval_over_splits([1.0, 2.0, np.inf], statistic="median")
    assert_allclose([value, low, high], [2, 1, np.inf])


def test_a_difference_needs_both_of_a_split():
    value, low, high = difference_over_splits(
        [1.0, 2.0, 9.0, np.inf], [0.0, 1.0, np.nan, np.inf]
    )
    assert_allclose([value, low, high], 1)


def test_the_statistic_is_of_the_differences():
    first, second = [1.0, 5.0, 6.0], [0.0, 1.0, 9.0]
    assert difference_over_splits(first, second, statistic="median")[0] == 1
    assert_allclose(difference_over_splits(first, second)[0], 2 / 3)


@pytest.mark.parametrize("function", [interval_over_splits, difference_over_splits])
def test_bad_input_is_named(function):
    arrays = [[1.0, 2.0]] * (2 if function is difference_over_splits else 1)
    name = function.__name__
    with pytest.raises(ValueError, match=f"'statistic' .* of {name} .* Got 'mode'"):
        function(*arrays, statistic="mode")
    with pytest.raises(ValueError, match=f"'confidence_level' .* of {name} .* Got 1"):
        function(*arrays, confidence_level=1.0)
    with pytest.raises(ValueError, match="values must have shape"):
        function(3.0, *arrays[1:])
    with pytest.raises(ValueError, match="values must hold numbers"):
        function(["a"], *arrays[1:])
    with pytest.raises(ValueError, match="values must hold a run"):
        function([np.nan, np.nan], *arrays[1:])
    with pytest.raises(ValueError, match=r"within 1e\+150 of 0, got -1e\+200"):
        function([0, -1e200], *arrays[1:])
    with pytest.raises(ValueError, match="they hold inf and -inf"):
        function([np.inf, -np.inf], *arrays[1:])


def test_other_splits_are_no_pair():
    with pytest.raises(ValueError, match=r"the same splits.*\(2,\) and \(3,\)"):
        difference_over_splits([1, 2], [1, 2, 3])
