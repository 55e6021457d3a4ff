"""Decision tree that may use the sensitive attribute at one level only."""

from numbers import Integral
from typing import Any

import numpy as np

from sklearn_mid.tree._base import BaseTreeClassifier
from sklearn_mid.tree._splits import SizePenalty
from sklearn_mid.utils._features import resolve_columns
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["PriorityDepthTreeClassifier"]


class PriorityDepthTreeClassifier(BaseTreeClassifier):
    """Decision tree that considers the sensitive attribute at one level only.

    The countermeasure of Fredrikson et al. (2015), section 5: the sensitive attribute
    is considered for splitting only after l - 1 other splits have been made on the
    path, and is removed from consideration afterwards. At that level it competes
    with all other columns by its information gain; it is allowed, not forced. The
    tree is otherwise the ID3 tree of :class:`MIDDecisionTreeClassifier` at
    ``reg_lambda=0``, where the original is a CART tree.

    Parameters
    ----------
    sensitive_feature : str, int, list of str or int, or None, default=None
        The attribute: a column's name or index, or the columns of a one-hot group, of
        which one may then be split on. None restricts nothing.
    sensitive_depth : int, default=1
        Level l at which the attribute may be used; 1 is the root. Beyond the tree's
        depth the attribute is never used.
    categorical_features : {"from_dtype"}, array-like of {bool, int, str} or None, \
default="from_dtype"
        Which columns hold categories, see :class:`MIDDecisionTreeClassifier`.
    max_depth : int, default=None
        Greatest depth of a leaf; None is no limit.
    min_samples_split : int, default=2
        Nodes of fewer training rows are not split.
    min_samples_leaf : int, default=1
        A split is allowed if each of its branches has at least so many training
        rows.
    min_weight_fraction_leaf : float, default=0.0
        The same for their share of the total weight, 0 to 0.5.
    max_bins : int, default=255
        Numeric columns with more distinct values are cut into so many quantile bins.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class.
    n_jobs : int, default=None
        Processes that share the columns among them; None is 1 unless in a
        :obj:`joblib.parallel_config` context, -1 all processors. See
        :class:`MIDDecisionTreeClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    tree_ : Tree
        The tree as arrays, see :class:`MIDDecisionTreeClassifier`.
    categories_ : list of ndarray or None
        Sorted values of each categorical column, None for a numeric one.
    is_categorical_ : ndarray of shape (n_features_in_,), dtype bool
        Columns that were taken as categorical.
    feature_importances_ : ndarray of shape (n_features_in_,)
        Information gain of each column's splits, scaled to a sum of 1.
    n_features_in_ : int
        Number of columns seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if X had string column names.

    See Also
    --------
    MIDDecisionTreeClassifier : Makes splits pay for what they reveal.

    References
    ----------
    M. Fredrikson, S. Jha, T. Ristenpart, "Model Inversion Attacks that Exploit
    Confidence Information and Basic Countermeasures", CCS 2015,
    :doi:`10.1145/2810103.2813677`.

    Examples
    --------
    >>> from sklearn_mid.tree import PriorityDepthTreeClassifier, export_text
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1], [1, 1]]
    >>> y = [0, 1, 1, 1, 1]
    >>> model = PriorityDepthTreeClassifier(0, sensitive_depth=2).fit(X, y)
    >>> print(export_text(model, feature_names=["secret", "other"]))
    |-- other <= 0.50
    |   |-- secret <= 0.50
    |   |   |-- class: 0
    |   |-- secret > 0.50
    |   |   |-- class: 1
    |-- other > 0.50
    |   |-- class: 1
    """

    _parameter_constraints: dict = {
        **BaseTreeClassifier._parameter_constraints,
        "sensitive_feature": ["array-like", str, Integral, None],
        "sensitive_depth": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        sensitive_feature: Any = None,
        sensitive_depth: int = 1,
        *,
        categorical_features: Any = "from_dtype",
        max_depth: int | None = None,
        min_samples_split: int = 2,
        min_samples_leaf: int = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_bins: int = 255,
        class_weight: dict | str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.sensitive_feature = sensitive_feature
        self.sensitive_depth = sensitive_depth
        self.categorical_features = categorical_features
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.class_weight = class_weight
        self.n_jobs = n_jobs

    def _growth_rule(self):
        everything = np.arange(self.n_features_in_)
        others = everything
        if self.sensitive_feature is not None:
            sensitive = resolve_columns(
                self.sensitive_feature,
                n_features=self.n_features_in_,
                feature_names=getattr(self, "feature_names_in_", None),
                param="sensitive_feature",
            )
            others = np.setdiff1d(everything, sensitive)
        level = self.sensitive_depth - 1

        def candidates(depth):
            return everything if depth == level else others

        return SizePenalty(np.zeros(self.n_features_in_)), candidates
