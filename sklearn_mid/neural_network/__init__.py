"""Neural networks with a stochastic bottleneck that pays for information."""

from sklearn_mid.neural_network._dp import DPNeuralNetClassifier
from sklearn_mid.neural_network._information_plane import InformationPlaneDisplay
from sklearn_mid.neural_network._mid import MIDNeuralNetClassifier
from sklearn_mid.neural_network._mid_regressor import MIDNeuralNetRegressor

__all__ = [
    "DPNeuralNetClassifier",
    "InformationPlaneDisplay",
    "MIDNeuralNetClassifier",
    "MIDNeuralNetRegressor",
]
