"""What both trees share: data in, growth, and everything asked of a fitted tree."""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.tree._columns import ColumnPool
from sklearn_mid.tree._encoding import CategoricalColumn, Encoder, is_dataframe
from sklearn_mid.tree._growth import grow
from sklearn_mid.tree._histogram import bincount
from sklearn_mid.tree._splits import Limits
from sklearn_mid.tree._tree import Tree
from sklearn_mid.utils._features import resolve_columns
from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    Interval,
    StrOptions,
    _check_sample_weight,
    _fit_context,
)
from sklearn_mid.utils._validation import as_column

__all__ = ["BaseTreeClassifier"]

# Records that walk down the tree at a time: their codes stay in the cache. pandas
# columns are cut with some overhead, so their blocks are larger.
_ARRAY_BLOCK = 1 << 14
_FRAME_BLOCK = 1 << 16


class BaseTreeClassifier(ClassifierMixin, DocLinks, BaseEstimator, metaclass=ABCMeta):
    """Multiway tree; a subclass says which splits may be made and what they cost."""

    _parameter_constraints: dict = {
        "categorical_features": ["array-like", StrOptions({"from_dtype"}), None],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "min_samples_split": [Interval(Integral, 2, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "min_weight_fraction_leaf": [Interval(Real, 0.0, 0.5, closed="both")],
        "max_bins": [Interval(Integral, 2, 65_535, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "n_jobs": [Integral, None],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags

    @abstractmethod
    def _growth_rule(self):
        """Penalty, and the candidates at a depth, once the columns are known."""

    def _column_label(self, j):
        names = getattr(self, "feature_names_in_", None)
        return j if names is None else repr(str(names[j]))

    def _validate_X(self, X, *, reset):
        if is_dataframe(X):
            validate_data(self, X, skip_check_array=True, reset=reset)
            for axis, what in enumerate(("sample(s)", "feature(s)")):
                if X.shape[axis] == 0:
                    raise ValueError(
                        f"Found array with 0 {what} (shape={X.shape}) while a minimum "
                        f"of 1 is required by {type(self).__name__}."
                    )
            return X
        if isinstance(X, list | tuple):
            X = _rows_as_array(X)
        return validate_data(
            self, X, dtype=None, ensure_all_finite="allow-nan", reset=reset
        )

    def _validate_y(self, y):
        """Labels as positions in `classes_`."""
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        if y.dtype.kind not in "biu":  # these can only be labels; no need to sort them
            check_classification_targets(y)
        parts = [slice(i, i + _FRAME_BLOCK) for i in range(0, len(y), _FRAME_BLOCK)]
        self.classes_ = np.unique(
            np.concatenate([np.unique(y[part]) for part in parts])
        )
        label = np.empty(len(y), dtype=np.min_scalar_type(len(self.classes_)))
        for part in parts:
            label[part] = np.searchsorted(self.classes_, y[part])
        return label

    def _weights(self, X, label, sample_weight):
        """Row weights and class weights; None where all are one."""
        weight = class_weight = None
        if sample_weight is not None:
            # A copy: growth moves the weights with their rows.
            weight = _check_sample_weight(sample_weight, X, dtype=np.float64).copy()
            if weight.min() < 0:
                raise ValueError(
                    f"sample_weight must not be negative, got {weight.min()}."
                )
            # Extreme scales would lose digits; a power of two changes none.
            exponent = np.frexp(weight.max())[1]
            if abs(exponent) > 40:
                weight = np.ldexp(weight, -exponent)
            weight[weight < 1e-100 * weight.max()] = 0.0  # 1 / weight is finite
        if self.class_weight == "balanced":
            count = bincount(label, 1, 0, len(self.classes_), weight)
            class_weight = np.zeros(len(count))
            seen = count > 0
            class_weight[seen] = count.sum() / (seen.sum() * count[seen])
        elif self.class_weight is not None:
            class_weight = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_[label]
            )
            if not (np.isfinite(class_weight).all() and class_weight.min() >= 0):
                raise ValueError(
                    "class_weight must be finite and not negative, got "
                    f"{self.class_weight!r}."
                )
        return weight, class_weight

    def _categorical_mask(self):
        """Columns named by `categorical_features`, None for "from_dtype"."""
        chosen = self.categorical_features
        n_features = self.n_features_in_
        if isinstance(chosen, str):
            return None
        mask = np.zeros(n_features, dtype=bool)
        if chosen is None or len(chosen) == 0:
            return mask
        if as_column(chosen, "categorical_features").dtype == bool:
            if np.shape(chosen) != (n_features,):
                raise ValueError(
                    f"categorical_features is a mask of shape {np.shape(chosen)}, but "
                    f"X has {n_features} columns."
                )
            return np.array(chosen)
        mask[
            resolve_columns(
                list(chosen),
                n_features=n_features,
                feature_names=getattr(self, "feature_names_in_", None),
                param="categorical_features",
            )
        ] = True
        return mask

    def _after_growth(self):
        """What a subclass learns beside the tree."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Grow the tree.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Numbers, strings, categories and booleans, also mixed; missing values are
            allowed, infinity is not.
        y : array-like of shape (n_samples,)
            Class labels, at least two different ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative; None is all one.

        Returns
        -------
        self : estimator
            The fitted tree.

        Raises
        ------
        ValueError
            If y holds one class only, a parameter or weight is out of range, a column
            named does not exist, or X contains infinity.
        TypeError
            If a column's type is none of the above.
        """
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        X = self._validate_X(X, reset=True)
        check_consistent_length(X, y)
        label = self._validate_y(y)
        weight, class_weight = self._weights(X, label, sample_weight)
        X, label, weight = _positive_rows(X, label, weight, class_weight)
        n_present = np.count_nonzero(bincount(label, 1, 0, len(self.classes_)))
        if n_present < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes in y, but got "
                f"{n_present} class with positive weight."
            )

        encoder = Encoder(
            [self._column_label(j) for j in range(self.n_features_in_)], self.max_bins
        )
        bin_weight = weight
        if class_weight is not None:
            bin_weight = class_weight[label] * (1.0 if weight is None else weight)
        with ColumnPool(self.n_jobs, X.shape[0], X.shape[1]) as pool:
            codes = encoder.fit_transform(X, self._categorical_mask(), bin_weight, pool)
            self._encoder = encoder
            self.is_categorical_ = encoder.is_categorical
            self.categories_ = [
                column.categories.copy()
                if isinstance(column, CategoricalColumn)
                else None
                for column in encoder.columns
            ]
            penalty, candidates = self._growth_rule()
            codes = pool.share(codes)
            grown = grow(
                codes,
                encoder.n_codes,
                ~encoder.is_categorical,
                label,
                len(self.classes_),
                penalty=penalty,
                candidates=candidates,
                max_depth=np.inf if self.max_depth is None else self.max_depth,
                min_samples_split=self.min_samples_split,
                limits=Limits(
                    self.min_samples_leaf,
                    self.min_weight_fraction_leaf * _total(label, weight, class_weight),
                ),
                weight=weight,
                class_weight=class_weight,
                pool=pool,
            )
            del codes  # else Windows could not delete the file that they are a map of
        self.tree_ = Tree(
            feature=grown.feature,
            threshold=_thresholds(grown, encoder),
            parent=grown.parent,
            branch=grown.branch,
            depth=grown.depth,
            value=grown.counts,
            n_node_samples=grown.n_rows,
            n_branches=np.where(encoder.is_categorical, encoder.n_codes, 0),
        )

        self._after_growth()
        return self

    def _coded(self, X, used):
        """Blocks of rows: where they stand, their codes and their numbers."""
        size = _FRAME_BLOCK if is_dataframe(X) else _ARRAY_BLOCK
        for start in range(0, X.shape[0], size):
            part = slice(start, start + size)
            rows = X.iloc[part] if is_dataframe(X) else X[part]
            yield part, *self._encoder.transform(rows, used)

    @property
    def _node_label(self):
        return self.tree_.value.argmax(axis=1)

    def _node_proba(self):
        """Class probabilities that are released for each node."""
        return self.tree_.value / self.tree_.weighted_n_node_samples[:, None]

    def apply(self, X: Any) -> np.ndarray:
        """Node where each record ends.

        A record stops before a leaf where it takes a branch that no training row
        took, such as a category not seen at that node.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)

        Returns
        -------
        node : ndarray of shape (n_samples,)
            Row numbers of the arrays of ``tree_``.
        """
        check_is_fitted(self)
        X = self._validate_X(X, reset=False)
        end = np.empty(X.shape[0], dtype=np.intp)
        for part, codes, numbers in self._coded(X, self.tree_.used):
            end[part] = self.tree_.apply(codes, numbers)
        return end

    def decision_path(self, X: Any) -> sparse.csr_matrix:
        """Nodes that each record passes.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)

        Returns
        -------
        indicator : csr_matrix of shape (n_samples, node_count)
            1 where the record passes the node.
        """
        return self.tree_.path(self.apply(X))

    def predict(self, X: Any) -> np.ndarray:
        """Most frequent class of the node where each record ends.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        end = self.apply(X)
        return self.classes_[self._node_label].take(end)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Class probabilities of each record.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        end = self.apply(X)
        return self._node_proba()[end]

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the class probabilities, -inf for 0.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def get_depth(self) -> int:
        """Depth of the tree, 0 if it is a root only.

        Returns
        -------
        depth : int
        """
        check_is_fitted(self)
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        """Number of leaves.

        Returns
        -------
        n_leaves : int
        """
        check_is_fitted(self)
        return self.tree_.n_leaves

    @property
    def feature_importances_(self) -> np.ndarray:
        """Information gain of each column's splits, scaled to a sum of 1.

        All zero if there is no split.
        """
        check_is_fitted(self)
        return self.tree_.importances()


def _rows_as_array(rows):
    """Numbers beside strings stay numbers, which `np.asarray` alone would not do."""
    try:
        array = np.asarray(rows)
    except ValueError:  # rows of different lengths: validation says what is wrong
        return rows
    return np.array(rows, dtype=object) if array.dtype.kind in "US" else array


def _positive_rows(X, label, weight, class_weight):
    """Without the rows of weight zero, which must not leave a trace."""
    keep = np.ones(len(label), dtype=bool)
    if weight is not None:
        keep &= weight > 0
    if class_weight is not None:
        keep &= (class_weight > 0)[label]
    if keep.all():
        return X, label, weight
    X = X.loc[keep] if is_dataframe(X) else X[keep]
    return X, label[keep], None if weight is None else weight[keep]


def _total(label, weight, class_weight):
    """Weight of all rows."""
    n_classes = int(label.max()) + 1
    count = bincount(label, 1, 0, n_classes, weight)
    return (count if class_weight is None else count * class_weight[: len(count)]).sum()


def _thresholds(grown, encoder):
    """Thresholds of the numeric splits, NaN elsewhere."""
    threshold = np.full(len(grown.feature), np.nan)
    node, code, next_code = grown.numeric
    feature = grown.feature[node]
    for j in np.unique(feature):
        at = feature == j
        threshold[node[at]] = encoder.columns[j].threshold(code[at], next_code[at])
    return threshold
