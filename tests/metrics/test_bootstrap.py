import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import roc_auc_score

from sklearn_mid.metrics import bootstrap_interval


def accuracy(truth, guess):
    return np.mean(truth == guess)


def test_covers_the_true_accuracy_of_simulated_attacks():
    rng = np.random.RandomState(0)
    covered = 0
    for _ in range(400):
        truth = rng.randint(3, size=200)
        guess = np.where(rng.rand(200) < 0.6, truth, (truth + 1) % 3)
        low, high = bootstrap_interval(
            accuracy, truth, guess, n_resamples=200, random_state=rng
        )
        covered += low <= 0.6 <= high
    # 0.95 within three standard errors of 400 trials
    assert 366 <= covered <= 394


def test_equals_scipys_percentile_interval_on_average():
    x = np.random.RandomState(1).standard_normal(80)
    ours = bootstrap_interval(np.mean, x, n_resamples=9999, random_state=0)
    theirs = stats.bootstrap(
        (x,), np.mean, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    assert_allclose(ours, theirs, atol=0.01)


@pytest.mark.parametrize("share_right", [0, 1])
def test_always_right_or_wrong_gives_the_exact_limits(share_right):
    truth = np.arange(20) % 2
    guess = truth if share_right else 1 - truth
    low, high = bootstrap_interval(
        accuracy, truth, guess, limits=(0, 1), random_state=0
    )
    exact = stats.binomtest(20 * share_right, 20).proportion_ci(method="exact")
    assert_allclose((low, high), (exact.low, exact.high), rtol=1e-9)
    without_limits = bootstrap_interval(accuracy, truth, guess, random_state=0)
    assert without_limits == (share_right, share_right)


def test_resamples_that_miss_a_class_are_left_out():
    truth, score = np.array([0, 0, 0, 1]), np.array([0.1, 0.2, 0.6, 0.4])
    low, high = bootstrap_interval(
        roc_auc_score, truth, score, n_resamples=200, random_state=0
    )
    assert 0 <= low <= 2 / 3 <= high <= 1


def test_other_warnings_of_the_statistic_are_heard():
    def outspoken(x):
        warnings.warn("few rows", UserWarning, stacklevel=1)
        return x.mean()

    with pytest.warns(UserWarning, match="few rows") as heard:
        low, high = bootstrap_interval(outspoken, [1.0, 2.0], n_resamples=1)
    assert len(heard) == 2
    assert 1 <= low <= 1.5 <= high <= 2


def test_pairs_stay_paired():
    x = np.arange(30)
    low, high = bootstrap_interval(lambda a, b: np.ptp(a - b), x, x + 5, random_state=0)
    assert (low, high) == (0, 0)


def test_one_row_and_seeds():
    assert bootstrap_interval(np.mean, [3.0]) == (3, 3)
    x = np.random.RandomState(0).rand(20)
    first, again, other = (
        bootstrap_interval(np.mean, x, random_state=seed) for seed in (0, 0, 1)
    )
    assert first == again != other


def test_wider_level_wider_interval():
    x = np.random.RandomState(0).rand(40)
    intervals = [
        bootstrap_interval(np.mean, x, confidence_level=level, random_state=0)
        for level in (0.5, 0.9, 0.99)
    ]
    widths = np.diff(intervals, axis=1).ravel()
    assert (np.diff(widths) > 0).all()


@pytest.mark.parametrize(
    ("arrays", "kwargs", "message"),
    [
        ((), {}, "at least one array"),
        (([],), {}, "arrays of 0 rows"),
        (([1, 2], [1]), {}, "inconsistent numbers of samples"),
        (([1, 2],), {"n_resamples": 0}, "'n_resamples' .* Got 0"),
        (
            ([1, 2],),
            {"confidence_level": 0.0},
            r"'confidence_level' .*\(0.0, 1.0\)\. Got 0.0",
        ),
        (([1, 2],), {"confidence_level": 1.0}, "'confidence_level' .* Got 1.0"),
        (([np.nan],), {}, "statistic must be finite"),
        (([1, 2],), {"limits": (0, 1)}, r"limits must hold the statistic.*1\.5"),
    ],
)
def test_bad_input_is_named(arrays, kwargs, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(np.mean, *arrays, **kwargs)
