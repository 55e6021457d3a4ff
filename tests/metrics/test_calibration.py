import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mid.metrics import expected_calibration_error


def test_confidences_of_one_and_near_one():
    assert_allclose(expected_calibration_error([1, 0], [0.95, 1.0]), 0.475, rtol=1e-12)


def test_exact_confidences_that_are_right_have_no_error():
    assert expected_calibration_error([0, 1, 1, 0], [0.0, 1.0, 1.0, 0.0]) == 0
    assert expected_calibration_error([1, 0], [[0.0, 1.0], [1.0, 0.0]]) == 0


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_constant_confidence_right_half_the_time(strategy):
    error = expected_calibration_error([0, 1] * 50, [0.9] * 100, strategy=strategy)
    assert_allclose(error, 0.4, rtol=1e-12)


def test_exact_confidences_that_are_wrong_have_the_largest_error():
    assert expected_calibration_error([0, 1], [1.0, 0.0]) == 1


def test_one_bin_compares_the_means():
    rng = np.random.RandomState(0)
    confidence, label = rng.rand(100), rng.randint(2, size=100)
    assert_allclose(
        expected_calibration_error(label, confidence, n_bins=1),
        abs(confidence.mean() - label.mean()),
        rtol=1e-12,
    )


# From netcal 1.4.0: ECE(n_bins, equal_intervals=strategy == "uniform").
@pytest.mark.parametrize(
    ("n_classes", "n_bins", "strategy", "expected"),
    [
        (2, 5, "uniform", 0.048673861689),
        (2, 5, "quantile", 0.048233412992),
        (2, 15, "uniform", 0.064673373062),
        (2, 15, "quantile", 0.065946074722),
        (4, 5, "uniform", 0.02199083677),
        (4, 5, "quantile", 0.030671888629),
        (4, 15, "uniform", 0.050621478131),
        (4, 15, "quantile", 0.071109291459),
    ],
)
def test_agrees_with_netcal(n_classes, n_bins, strategy, expected):
    rng = np.random.RandomState(n_bins)
    proba = rng.dirichlet(np.ones(n_classes), size=500)
    label = np.array([rng.choice(n_classes, p=p) for p in proba])
    if n_classes == 2:
        proba = proba[:, 1]
    error = expected_calibration_error(label, proba, n_bins=n_bins, strategy=strategy)
    assert_allclose(error, expected, rtol=0, atol=1e-12)


def test_labels_name_the_columns():
    proba = [[0.1, 0.9], [0.8, 0.2]]
    expected = expected_calibration_error([1, 0], proba)
    assert expected == expected_calibration_error(["a", "b"], proba, labels=["b", "a"])
    assert expected == expected_calibration_error([2, 1], proba)


def test_there_are_ten_bins_and_each_holds_its_lower_edge():
    def error(confidence):
        return expected_calibration_error([1, 0], confidence)

    together, apart = [0.905, 0.95], [0.895, 0.95]
    assert_allclose(error(together), abs(0.905 - 1 + 0.95) / 2)
    assert_allclose(error(apart), (1 - 0.895 + 0.95) / 2)
    assert_allclose(error([0.5, 0.55]), abs(0.5 - 1 + 0.55) / 2)


def test_narrow_floats_are_not_rounded_further():
    narrow = np.random.RandomState(0).rand(20).astype(np.float32)
    assert_allclose(
        expected_calibration_error([0, 1] * 10, narrow),
        expected_calibration_error([0, 1] * 10, narrow.astype(np.float64)),
        rtol=1e-14,
    )


def test_order_of_rows_does_not_matter():
    rng = np.random.RandomState(0)
    proba, label = rng.rand(50), rng.randint(2, size=50)
    order = rng.permutation(50)
    assert_allclose(
        expected_calibration_error(label, proba),
        expected_calibration_error(label[order], proba[order]),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (([0, 1], [0.2, 1.2]), {}, r"y_proba must lie in \[0, 1\].*1.2"),
        (([0, 1], [0.2, np.nan]), {}, r"y_proba must lie in \[0, 1\].*nan"),
        (([0, 1], [0.2, 0.5]), {"n_bins": 0}, "'n_bins' .* Got 0"),
        (([0, 1], [0.2, 0.5]), {"strategy": "kmeans"}, "'strategy' .* Got 'kmeans'"),
        (([0, 1], [[1.0], [1.0]]), {}, "1 columns but there are 2 labels"),
        (([0, 1, 2], [0.2, 0.5, 0.6]), {}, "needs two labels"),
        (([0, 3], [0.2, 0.5]), {"labels": [0, 1]}, "y_true holds 3, which is none"),
        (([0], [0.2, 0.5]), {}, "inconsistent numbers of samples"),
    ],
)
def test_bad_input_is_named(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(*args, **kwargs)
