"""A tree with differential privacy: random splits, noisy labels."""

from sklearn_mid.defenses._dp_forest import DPRandomForestClassifier

__all__ = ["DPDecisionTreeClassifier"]


class DPDecisionTreeClassifier(DPRandomForestClassifier):
    """One tree of :class:`DPRandomForestClassifier`."""

    _parameter_constraints: dict = {
        name: allowed
        for name, allowed in DPRandomForestClassifier._parameter_constraints.items()
        if name != "n_estimators"
    }
    n_estimators = 1

    def __init__(self, epsilon=1.0, *, bounds=None, max_depth=5, random_state=None):
        self.epsilon = epsilon
        self.bounds = bounds
        self.max_depth = max_depth
        self.random_state = random_state
