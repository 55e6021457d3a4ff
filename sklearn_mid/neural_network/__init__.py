"""Neural networks that resist model inversion: with a bottleneck, or otherwise."""

from sklearn_mid.neural_network._defended import DefendedNeuralNetClassifier
from sklearn_mid.neural_network._dp import DPNeuralNetClassifier
from sklearn_mid.neural_network._information_plane import InformationPlaneDisplay
from sklearn_mid.neural_network._mid import MIDNeuralNetClassifier
from sklearn_mid.neural_network._mid_regressor import MIDNeuralNetRegressor

__all__ = [
    "DPNeuralNetClassifier",
    "DefendedNeuralNetClassifier",
    "InformationPlaneDisplay",
    "MIDNeuralNetClassifier",
    "MIDNeuralNetRegressor",
]
