"""Neural networks with a stochastic bottleneck that pays for information."""

from sklearn_mid.neural_network._dp import DPNeuralNetClassifier
from sklearn_mid.neural_network._mid import MIDNeuralNetClassifier

__all__ = ["DPNeuralNetClassifier", "MIDNeuralNetClassifier"]
