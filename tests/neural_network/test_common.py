"""scikit-learn's own checks."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mid.neural_network import MIDNeuralNetClassifier

WEIGHT_CHECK = "check_sample_weight_equivalence_on_dense_data"


def mini_batches_differ(estimator):
    """The one allowed exception, and none with full batches in float64."""
    if getattr(estimator, "batch_size", None) == "full":
        return {}
    return {WEIGHT_CHECK: "equal rows fall into different mini-batches"}


@parametrize_with_checks(
    [
        MIDNeuralNetClassifier(),
        MIDNeuralNetClassifier(dtype="float64", batch_size="full", max_epochs=300),
    ],
    expected_failed_checks=mini_batches_differ,
)
def test_estimator_checks(estimator, check):
    check(estimator)
