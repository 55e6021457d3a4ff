"""What holds for any input: a right answer, or an error that names the cause."""

import numpy as np
import pytest

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import given, settings  # noqa: E402, after the skip
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra.numpy import arrays  # noqa: E402

from sklearn_mid.metrics import (  # noqa: E402
    attack_scores,
    bootstrap_interval,
    dp_epsilon_for_privacy_loss,
    dp_privacy_loss_bound,
    expected_calibration_error,
    information_accuracy_bound,
    information_for_accuracy,
)

unit = st.floats(0, 1)
epsilons = st.floats(0, 1e9) | st.just(np.inf)
methods = st.sampled_from(["paper", "tight"])
values = st.text(max_size=2) | st.integers() | st.booleans() | st.floats(-1e300, 1e300)


@given(epsilons, st.integers(0, 10**6), st.floats(0, 0.999), methods)
def test_privacy_loss_is_a_share_and_grows(epsilon, n, delta, method):
    bound = dp_privacy_loss_bound(epsilon, n, delta, method=method)
    assert 0 <= bound <= 1
    for more in ((epsilon * 1.1, n, delta), (epsilon, n + 1, delta)):
        assert dp_privacy_loss_bound(*more, method=method) >= bound - 1e-12
    assert dp_privacy_loss_bound(epsilon, n, delta, method="tight") <= bound + 1e-12


@given(unit, st.integers(0, 10**6), methods)
def test_no_larger_epsilon_stays_within_the_loss(loss, n, method):
    epsilon = dp_epsilon_for_privacy_loss(loss, n, method=method)
    assert epsilon >= 0
    assert dp_privacy_loss_bound(epsilon, n, method=method) <= loss + 1e-12


@given(st.floats(0, 1e9), st.floats(1e-300, 1))
def test_information_bound_lies_between_prior_and_certainty(information, p_max):
    accuracy = information_accuracy_bound(information, p_max)
    assert p_max <= accuracy <= 1
    assert information_for_accuracy(accuracy, p_max) <= information * (1 + 1e-9) + 1e-12


@given(
    st.lists(st.tuples(st.booleans(), unit), min_size=1),
    st.integers(1, 50),
    st.sampled_from(["uniform", "quantile"]),
)
def test_calibration_error_is_a_share(rows, n_bins, strategy):
    label, confidence = zip(*rows, strict=True)
    error = expected_calibration_error(
        label, confidence, n_bins=n_bins, strategy=strategy
    )
    assert 0 <= error <= 1
    at_least = abs(np.mean(confidence) - np.mean(label))
    assert error >= at_least - 1e-12


@given(st.lists(st.tuples(values, values), min_size=1))
def test_scores_of_any_values_are_in_range(rows):
    truth, guess = (np.empty(len(rows), dtype=object) for _ in range(2))
    truth[:], guess[:] = zip(*rows, strict=True)
    scores = attack_scores(truth, guess)
    assert scores["accuracy"] == pytest.approx(np.mean([t == g for t, g in rows]))
    assert -1 - 1e-9 <= scores.pop("mcc") <= 1 + 1e-9
    assert all(0 <= score <= 1 for score in scores.values())


@settings(deadline=None)
@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_interval_holds_its_estimate(x):
    low, high = bootstrap_interval(np.mean, x, n_resamples=20, random_state=0)
    assert x.min() - 1e-6 <= low <= np.mean(x) <= high <= x.max() + 1e-6
