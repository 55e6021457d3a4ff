"""Trees and forests with differential privacy: random splits, noisy labels."""

from numbers import Integral

import numpy as np

from sklearn_mid.defenses._diffprivlib import (
    DPClassifier,
    import_diffprivlib,
    own_accountant,
)
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPDecisionTreeClassifier", "DPRandomForestClassifier"]


class _DPTrees(DPClassifier):
    """Trees of diffprivlib: a subclass makes the model."""

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "max_depth": [Interval(Integral, 1, None, closed="left")],
    }

    def _tree_parameters(self, n_columns):
        return {
            # A replaced record leaves one leaf and joins another: two steps.
            "epsilon": self.epsilon / 2,
            "bounds": (-np.ones(n_columns), np.ones(n_columns)),
            "classes": np.arange(len(self.classes_)),
            "max_depth": self.max_depth,
            # Not None: the structure would be drawn from numpy's global generator.
            "random_state": self._random_state() or np.random.RandomState(),
            "accountant": own_accountant(self),
        }

    def _fit_private(self, Z, codes):
        models = import_diffprivlib("models", self)
        self.model_ = self._make(models, self._tree_parameters(Z.shape[1]))
        self.model_.fit(Z, codes)

    def _proba(self, X):
        return self.model_.predict_proba(self._scale(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # splits are random
        return tags


class DPDecisionTreeClassifier(_DPTrees):
    r"""Decision tree with differential privacy: random splits, noisy labels.

    Releasing the model is :math:`\varepsilon`-differentially private when one record
    is replaced by any other within the bounds. The labels that occur are public.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity gives each leaf its most frequent label.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    max_depth : int, default=5
        Depth of every leaf; a tree has 2^max_depth of them.
    random_state : int, RandomState instance or None, default=None
        Draws structure and noise; who knows the seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    model_ : diffprivlib.models.DecisionTreeClassifier
        The tree, over features scaled to [-1, 1] and class codes.
    epsilon_spent_ : float
        What this fit spent. Another fit on the same data spends as much again.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    DPRandomForestClassifier : Many such trees, each on its own records.
    sklearn_mid.tree.MIDDecisionTreeClassifier : Withholds information instead.

    Notes
    -----
    Structure does not depend on the data: each node splits a random feature at a
    random threshold. Only the label of each leaf does, by the permute-and-flip
    mechanism [2]_ on the leaf's class counts; confidences are 0 and 1. Hence
    ``epsilon=inf`` is *not* scikit-learn's tree but a random tree with the most
    frequent label in each leaf, ties broken at random, and random labels in empty
    leaves. Draw it beside every other epsilon, so that the price of random structure
    is not taken for that of noise.

    References
    ----------
    .. [1] Fletcher, S., & Islam, M. Z. (2017). Differentially private random decision
       forests using smooth sensitivity. Expert Systems with Applications, 78, 16-31.
       arXiv:1606.03572.
    .. [2] McKenna, R., & Sheldon, D. (2020). Permute-and-flip: A new mechanism for
       differentially private selection. NeurIPS. arXiv:2010.12603.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPDecisionTreeClassifier(bounds=(0, 8), random_state=0)
    >>> model.fit(X, y).epsilon_spent_
    1.0
    """

    def __init__(self, epsilon=1.0, *, bounds=None, max_depth=5, random_state=None):
        self.epsilon = epsilon
        self.bounds = bounds
        self.max_depth = max_depth
        self.random_state = random_state

    def _make(self, models, parameters):
        return models.DecisionTreeClassifier(**parameters)


class DPRandomForestClassifier(_DPTrees):
    r"""Random forest with differential privacy: trees on disjoint records.

    Releasing the model is :math:`\varepsilon`-differentially private when one record
    is replaced by any other within the bounds. The number of records and the labels
    that occur are public.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity gives each leaf its most frequent label.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    n_estimators : int, default=10
        Number of trees. Each gets its share of the records, all of epsilon.
    max_depth : int, default=5
        Depth of every leaf of every tree.
    random_state : int, RandomState instance or None, default=None
        Draws structure, the records of each tree, and noise; who knows the seed can
        take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    model_ : diffprivlib.models.RandomForestClassifier
        The forest, over features scaled to [-1, 1] and class codes.
    epsilon_spent_ : float
        What this fit spent. Another fit on the same data spends as much again.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    DPDecisionTreeClassifier : One such tree; what it says of ``epsilon=inf`` holds
        here too.

    References
    ----------
    .. [1] Fletcher, S., & Islam, M. Z. (2017). Differentially private random decision
       forests using smooth sensitivity. Expert Systems with Applications, 78, 16-31.
       arXiv:1606.03572.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPRandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPRandomForestClassifier(bounds=(0, 8), random_state=0)
    >>> model.fit(X, y).epsilon_spent_
    1.0
    """

    _parameter_constraints: dict = {
        **_DPTrees._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        epsilon=1.0,
        *,
        bounds=None,
        n_estimators=10,
        max_depth=5,
        random_state=None,
    ):
        self.epsilon = epsilon
        self.bounds = bounds
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.random_state = random_state

    def _make(self, models, parameters):
        # Shuffled: records in the order of their labels would give each tree one.
        return models.RandomForestClassifier(
            n_estimators=self.n_estimators, shuffle=True, **parameters
        )
