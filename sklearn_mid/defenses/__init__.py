"""Defences that MID competes with; they know nothing of any attack."""

from sklearn_mid.defenses._label_only import LabelOnly
from sklearn_mid.defenses._noise import ConfidenceNoise
from sklearn_mid.defenses._omit import OmitFeature
from sklearn_mid.defenses._purifier import ConfidencePurifier
from sklearn_mid.defenses._rounding import ConfidenceRounding

__all__ = [
    "ConfidenceNoise",
    "ConfidencePurifier",
    "ConfidenceRounding",
    "LabelOnly",
    "OmitFeature",
]
