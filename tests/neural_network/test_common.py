"""scikit-learn's own checks."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from sklearn_mid.neural_network import DPNeuralNetClassifier, MIDNeuralNetClassifier


def mini_batches_differ(estimator):
    """The one allowed exception; see the next test."""
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "equal rows fall into different mini-batches"
        )
    }


@parametrize_with_checks(
    [MIDNeuralNetClassifier(), DPNeuralNetClassifier()],
    expected_failed_checks=mini_batches_differ,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("reg_lambda", [0, 0.01])
def test_weights_are_repetitions_in_full_batches(reg_lambda):
    estimator = MIDNeuralNetClassifier(
        reg_lambda, dtype="float64", batch_size="full", max_epochs=50
    )
    check_sample_weight_equivalence_on_dense_data("MID", estimator)
