"""Decision trees that weigh what they reveal."""

from sklearn_mid.tree._export import export_text, plot_tree
from sklearn_mid.tree._mid import MIDDecisionTreeClassifier
from sklearn_mid.tree._priority_depth import PriorityDepthTreeClassifier

__all__ = [
    "MIDDecisionTreeClassifier",
    "PriorityDepthTreeClassifier",
    "export_text",
    "plot_tree",
]
