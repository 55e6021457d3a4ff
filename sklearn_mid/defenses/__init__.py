"""Defences that MID competes with; they know nothing of any attack."""

from sklearn_mid.defenses._dp_forest import DPRandomForestClassifier
from sklearn_mid.defenses._dp_linear import DPLinearRegression
from sklearn_mid.defenses._dp_logistic import DPLogisticRegression
from sklearn_mid.defenses._dp_naive_bayes import DPGaussianNB
from sklearn_mid.defenses._dp_tree import DPDecisionTreeClassifier
from sklearn_mid.defenses._label_only import LabelOnly
from sklearn_mid.defenses._noise import ConfidenceNoise
from sklearn_mid.defenses._omit import OmitFeature
from sklearn_mid.defenses._purifier import ConfidencePurifier
from sklearn_mid.defenses._rounding import ConfidenceRounding
from sklearn_mid.defenses._shield import ConfidenceShield

__all__ = [
    "ConfidenceNoise",
    "ConfidencePurifier",
    "ConfidenceRounding",
    "ConfidenceShield",
    "DPDecisionTreeClassifier",
    "DPGaussianNB",
    "DPLinearRegression",
    "DPLogisticRegression",
    "DPRandomForestClassifier",
    "LabelOnly",
    "OmitFeature",
]
