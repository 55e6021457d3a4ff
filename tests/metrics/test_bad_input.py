"""What is wrong is named: the function, the parameter, and what was given."""

import numpy as np
import pytest

from sklearn_mid import metrics

RAGGED = [[1, [2]], "a"]
LABELS = ["a", "b"]
PROBA = np.eye(2)


class Judge:
    def predict(self, X):
        return np.array(["a"] * len(X))


def interval(**given):
    return metrics.bootstrap_interval(np.size, given.pop("arrays"), **given)


CALLS = {
    interval: {"arrays": [1, 2], "limits": (0, 3)},
    metrics.attack_scores: {
        "s_true": LABELS,
        "s_pred": LABELS,
        "s_proba": PROBA,
        "values": LABELS,
    },
    metrics.advantage_score: {"s_true": LABELS, "s_pred": LABELS},
    metrics.dp_epsilon_for_privacy_loss: {"loss": 0.5, "n": 1, "delta": 0.0},
    metrics.dp_privacy_loss_bound: {"epsilon": 0.5, "n": 1, "delta": 0.0},
    metrics.information_accuracy_bound: {"mutual_information": 0.5, "p_max": 0.5},
    metrics.information_for_accuracy: {"accuracy": 0.7, "p_max": 0.5},
    metrics.expected_calibration_error: {
        "y_true": LABELS,
        "y_proba": PROBA,
        "labels": LABELS,
    },
    metrics.nearest_neighbor_distance: {
        "X_private": PROBA,
        "X_reconstructed": PROBA,
        "y_private": LABELS,
        "labels": LABELS,
    },
    metrics.evaluator_accuracy: {"labels": LABELS},
    metrics.reconstruction_mse: {"X_true": PROBA, "X_reconstructed": PROBA},
    metrics.reconstruction_psnr: {
        "X_true": PROBA,
        "X_reconstructed": PROBA,
        "bounds": (0, 1),
    },
    metrics.reconstruction_gain: {
        "X_true": PROBA,
        "X_reconstructed": PROBA,
        "X_reference": 0 * PROBA,
    },
    metrics.ReconstructionDisplay.from_predictions: {
        "X_true": np.eye(4),
        "X_reference": 0 * np.eye(4),
        "labels": list("abcd"),
        "image_shape": (1, 2, 2),
        "bounds": (0, 1),
    },
}
OTHERS = {
    metrics.advantage_score: {"s_baseline": LABELS},
    metrics.evaluator_accuracy: {"evaluator": Judge(), "X_reconstructed": PROBA},
    metrics.ReconstructionDisplay.from_predictions: {
        "reconstructions": {"undefended": np.eye(4)}
    },
}
ARRAYS = [(f, name) for f, arrays in CALLS.items() for name in arrays]


@pytest.mark.parametrize(
    ("function", "name"), ARRAYS, ids=[f"{f.__name__}-{name}" for f, name in ARRAYS]
)
def test_what_is_no_array_is_named(function, name):
    arguments = {**CALLS[function], **OTHERS.get(function, {})}
    with pytest.raises(ValueError, match=rf"^{name} (must|holds)"):
        function(**{**arguments, name: RAGGED})


def test_rows_of_probabilities_need_a_column_per_label():
    with pytest.raises(ValueError, match=r"y_proba must have shape"):
        metrics.expected_calibration_error([0, 1], np.zeros((2, 2, 2)))


def test_members_that_cannot_be_attacked():
    from sklearn.tree import DecisionTreeClassifier

    from sklearn_mid.attacks import MAPAttack

    X, y = np.array([[0, 1], [1, 0], [1, 1]]), [0, 1, 1]
    attack = MAPAttack(DecisionTreeClassifier().fit(X, y), 0).fit(X, y)
    for members, message in ((X, "a pair"), ((X[:, :1], y), "cannot be attacked: X")):
        with pytest.raises(ValueError, match=f"members .*{message}"):
            metrics.attack_report(attack, X, y, members=members)
    with pytest.raises(ValueError, match=r"positive=3 is none of the values \[0"):
        metrics.attack_report(attack, X, y, positive=3)
    with pytest.raises(ValueError, match=r"'n_people' .* of most_exposed .* Got 0"):
        metrics.most_exposed(attack, X, y, n_people=0)


@pytest.mark.parametrize(
    "function", [metrics.reconstruction_mse, metrics.nearest_neighbor_distance]
)
def test_errors_that_cannot_be_squared(function):
    with pytest.raises(ValueError, match=r"within 1e\+150 of 0, .* got 1e\+200"):
        function(PROBA, 1e200 * PROBA)
