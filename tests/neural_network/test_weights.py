"""scikit-learn's check of weights, where batches cannot differ."""

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
)

from sklearn_mid.neural_network import MIDNeuralNetClassifier, MIDNeuralNetRegressor


@pytest.mark.parametrize("reg_lambda", [0, 0.01])
@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, MIDNeuralNetRegressor])
def test_weights_are_repetitions_in_full_batches(kind, reg_lambda):
    estimator = kind(reg_lambda, dtype="float64", batch_size="full", max_epochs=50)
    check_sample_weight_equivalence_on_dense_data(kind.__name__, estimator)
