"""scikit-learn's own checks."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from sklearn_mid.neural_network import (
    DPNeuralNetClassifier,
    MIDNeuralNetClassifier,
    MIDNeuralNetRegressor,
)


def mini_batches_differ(estimator):
    """The one allowed exception; see the next test."""
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "equal rows fall into different mini-batches"
        )
    }


# The checks give a random_state to all that take one.
@pytest.mark.filterwarnings("ignore::sklearn_mid.exceptions.SecretSeedWarning")
@parametrize_with_checks(
    [MIDNeuralNetClassifier(), MIDNeuralNetRegressor(), DPNeuralNetClassifier()],
    expected_failed_checks=mini_batches_differ,
)
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("reg_lambda", [0, 0.01])
@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, MIDNeuralNetRegressor])
def test_weights_are_repetitions_in_full_batches(kind, reg_lambda):
    estimator = kind(reg_lambda, dtype="float64", batch_size="full", max_epochs=50)
    check_sample_weight_equivalence_on_dense_data(kind.__name__, estimator)
