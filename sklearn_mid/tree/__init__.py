"""Decision trees that weigh what they reveal."""

from sklearn_mid.tree._mid import MIDDecisionTreeClassifier

__all__ = ["MIDDecisionTreeClassifier"]
