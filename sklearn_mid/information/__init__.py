"""Entropies and mutual information, all in nats."""

from sklearn_mid.information._discrete import (
    conditional_mutual_information,
    conditional_mutual_information_from_counts,
    entropy,
    entropy_from_counts,
    mutual_information,
    mutual_information_from_counts,
)
from sklearn_mid.information._mixture import (
    mixture_entropy,
    mixture_entropy_and_gradient,
)

__all__ = [
    "conditional_mutual_information",
    "conditional_mutual_information_from_counts",
    "entropy",
    "entropy_from_counts",
    "mixture_entropy",
    "mixture_entropy_and_gradient",
    "mutual_information",
    "mutual_information_from_counts",
]
