"""MID for any model: distillation against memory, a channel for the answer."""

from sklearn_mid.release._classifier import MIDClassifier
from sklearn_mid.release._regressor import MIDRegressor

__all__ = ["MIDClassifier", "MIDRegressor"]
