"""What is wrong is named: the function, the parameter, and what was given."""

import numpy as np
import pytest

from sklearn_mid import information as info

RAGGED = [[1, [2]], "a"]
LABELS = ["a", "b"]
CALLS = {
    info.entropy: ["labels"],
    info.mutual_information: ["x", "y"],
    info.conditional_mutual_information: ["x", "y", "z"],
}
FROM_COUNTS = {
    info.entropy_from_counts: [1, 2],
    info.mutual_information_from_counts: np.eye(2),
    info.conditional_mutual_information_from_counts: np.ones((2, 2, 2)),
}
MIXTURES = [info.mixture_entropy, info.mixture_entropy_and_gradient]


@pytest.mark.parametrize("function", CALLS)
def test_labels_are_named(function):
    for name in CALLS[function]:
        arguments = {**dict.fromkeys(CALLS[function], LABELS)}
        for bad in ([{}, 1], 5, np.zeros((2, 2, 2))):
            with pytest.raises(ValueError, match=rf"^{name} must"):
                function(**{**arguments, name: bad})
    with pytest.raises(ValueError, match=r"^sample_weight must"):
        function(**arguments, sample_weight=RAGGED)


@pytest.mark.parametrize("function", FROM_COUNTS)
def test_counts_are_named(function):
    with pytest.raises(ValueError, match=r"^counts must"):
        function(RAGGED)


@pytest.mark.parametrize("function", MIXTURES)
def test_centers_are_named(function):
    with pytest.raises(ValueError, match=r"^centers must"):
        function(RAGGED, 1.0)
    with pytest.raises(ValueError, match=r"^centers must lie within 1e"):
        function([1e300], 0.1)
