"""A model that is never shown the sensitive attribute."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype
from scipy import sparse
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_array, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.utils._features import resolve_attributes
from sklearn_mid.utils._frames import as_pandas, check_names
from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    HasMethods,
    StrOptions,
    _fit_context,
)

__all__ = ["OmitFeature"]


def _estimator_has(method):
    def check(defense):
        return hasattr(getattr(defense, "estimator_", defense.estimator), method)

    return check


def _names_columns(estimator):
    """Whether some step picks columns, by names or places that are not to change."""
    if isinstance(estimator, FrozenEstimator):
        return False
    nested = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return any(isinstance(e, ColumnTransformer) for e in (estimator, *nested.values()))


def _constants(X, attributes):
    """What stands for the attributes: a column's place, value and type for each.

    In types that a model file may hold.
    """
    constants = []
    for columns in attributes:
        if hasattr(X, "iloc"):
            table = X.iloc[:, columns]
        else:
            block = X[:, columns]
            table = pd.DataFrame(block.toarray() if sparse.issparse(X) else block)
        table = table.set_axis(columns, axis=1).reset_index(drop=True)
        complete = table.dropna()
        usual = _usual_record(complete if len(complete) else table)
        constants += [
            (int(place), value, _plain_dtype(dtype))
            for place, value, dtype in zip(columns, usual, table.dtypes, strict=True)
        ]
    return constants


def _usual_record(table):
    """The most frequent record; the mean of numbers of which none comes twice."""
    columns = [table.iloc[:, j] for j in range(table.shape[1])]
    code = table.groupby(columns, dropna=False, sort=False, observed=True).ngroup()
    frequency = np.bincount(code)
    first = int(np.flatnonzero(code == frequency.argmax())[0])
    numbers = columns[0].infer_objects()
    is_number = is_numeric_dtype(numbers) and not is_bool_dtype(numbers)
    if frequency.max() > 1 or len(columns) > 1 or not is_number:
        return [column.astype(object).tolist()[first] for column in columns]
    # Not the number of one person.
    mean = float(numbers.mean())
    return [round(mean) if is_integer_dtype(numbers) else mean]


def _plain_dtype(dtype):
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories.astype(object).tolist(), dtype.ordered
    return str(dtype)


def _full_dtype(plain):
    return plain if isinstance(plain, str) else pd.CategoricalDtype(*plain)


class OmitFeature(MetaEstimatorMixin, DocLinks, BaseEstimator):
    """Fit a model without the sensitive attributes, and predict without them.

    The honest baseline of every defence: nothing that the model does depends on the
    attributes, other than through features that go with them. Records keep their
    layout, so that the same records go into defended and undefended models.

    Parameters
    ----------
    estimator : estimator object
        Classifier or regressor, cloned and fitted without the columns. One that was
        fitted without them already stays as it is inside
        :class:`sklearn.frozen.FrozenEstimator`.
    sensitive_features : str, int, or list
        The attributes to leave out. Each is a column's name or index, or a list of
        the columns of a one-hot group.
    strategy : {"auto", "drop", "constant"}, default="auto"
        How they are left out. "drop" takes the columns away. "constant" lets them
        stand, with the same value for everybody, in training and afterwards: the most
        frequent one, or the mean of numbers none of which comes twice. So a model that
        names its columns, as a pipeline with a
        :class:`~sklearn.compose.ColumnTransformer` does, fits and answers as it is.
        "auto" is "constant" for estimators with such a step, "drop" for all others
        and for frozen ones.

    Attributes
    ----------
    estimator_ : estimator object
        The fitted model.
    kept_features_ : ndarray of shape (n_kept,)
        Indices of the columns that the model learns from.
    strategy_ : {"drop", "constant"}
        How the others are left out.
    classes_ : ndarray of shape (n_classes,)
        Class labels, of a classifier.
    n_features_in_ : int
        Number of features, the sensitive ones included.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    ConfidenceRounding : Coarse confidences.
    sklearn_mid.linear_model.MIDLinearRegression : Withholds information at a price.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_mid.defenses import OmitFeature
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = OmitFeature(LinearRegression(), sensitive_features="sex").fit(X, y)
    >>> bool(np.allclose(model.predict(X), model.predict(X.assign(sex=0))))
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "sensitive_features": [str, "array-like", Integral],
        "strategy": [StrOptions({"auto", "drop", "constant"})],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        sensitive_features: str | int | ArrayLike,
        *,
        strategy: str = "auto",
    ) -> None:
        self.estimator = estimator
        self.sensitive_features = sensitive_features
        self.strategy = strategy

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: ArrayLike, y: ArrayLike | None = None, **fit_params: Any
    ) -> "OmitFeature":
        """Fit the estimator without the sensitive columns.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Training records.
        y : array-like of shape (n_samples,), default=None
            Target.
        **fit_params : dict
            Passed to the estimator's ``fit``.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If an attribute is not in X, or no column is left.
        """
        X = self._check(X, reset=True)
        attributes = resolve_attributes(
            self.sensitive_features,
            n_features=self.n_features_in_,
            feature_names=getattr(self, "feature_names_in_", None),
            param="sensitive_features",
            X=X,
        )
        self.kept_features_ = np.setdiff1d(
            np.arange(self.n_features_in_), np.concatenate(attributes)
        )
        if not len(self.kept_features_):
            raise ValueError(
                f"sensitive_features={self.sensitive_features!r} leaves no column of "
                f"X, which has {self.n_features_in_} feature(s)."
            )
        self.strategy_ = self.strategy
        if self.strategy == "auto":
            self.strategy_ = "constant" if _names_columns(self.estimator) else "drop"
        if self.strategy_ == "constant":
            self._constants = _constants(X, attributes)
        self.estimator_ = clone(self.estimator).fit(self._hide(X), y, **fit_params)
        if hasattr(self.estimator_, "classes_"):
            self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the target.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records; what stands in the sensitive columns is ignored.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predictions of the estimator.
        """
        X = self.omit(X)
        return self.estimator_.predict(X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Predict class probabilities, if the estimator does.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records; what stands in the sensitive columns is ignored.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        X = self.omit(X)
        return self.estimator_.predict_proba(X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Decision function of the estimator, if it has one.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records; what stands in the sensitive columns is ignored.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            What the estimator returns.
        """
        X = self.omit(X)
        return self.estimator_.decision_function(X)

    @available_if(_estimator_has("sample_proba"))
    def sample_proba(
        self,
        X: ArrayLike,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Single answers of an estimator that answers at random.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records; what stands in the sensitive columns is ignored.
        n_samples : int, default=1
            Number of answers for each record.
        random_state : int, RandomState instance or None, default=None
            Draws the answers.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_records, n_classes)
            What the estimator returns.
        """
        X = self.omit(X)
        return self.estimator_.sample_proba(
            X, n_samples=n_samples, random_state=random_state
        )

    @available_if(_estimator_has("score"))
    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> float:
        """Score of the estimator.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,), default=None
            True target.

        Returns
        -------
        score : float
            What the estimator returns.
        """
        X = self.omit(X)
        return self.estimator_.score(X, y)

    def omit(self, X: Any) -> Any:
        """Records as the model gets to see them.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        {DataFrame, ndarray, sparse matrix} of shape (n_samples, n_kept or n_features)
            Without the sensitive columns, or with one value in them.
        """
        check_is_fitted(self)
        return self._hide(self._check(X, reset=False))

    def _check(self, X, *, reset):
        """Names and number of columns; a DataFrame stays one, strings stay strings."""
        X = as_pandas(X)
        check_names(X)
        if not hasattr(X, "iloc"):
            X = check_array(
                X,
                dtype=None,
                accept_sparse="csr",
                ensure_all_finite=False,
                estimator=self,
                input_name="X",
            )
        validate_data(self, X, skip_check_array=True, reset=reset)
        return X

    def _hide(self, X):
        kept = self.kept_features_
        visible = X.iloc[:, kept] if hasattr(X, "iloc") else X[:, kept]
        if self.strategy_ == "drop":
            return visible
        places = [place for place, _, _ in self._constants]
        order = np.argsort(np.concatenate([kept, places]))
        if hasattr(X, "iloc"):
            columns = [
                pd.Series(value, index=X.index, dtype=_full_dtype(dtype))
                for _, value, dtype in self._constants
            ]
            both = pd.concat([visible, *columns], axis=1).iloc[:, order]
            return both.set_axis(X.columns, axis=1)
        values = [[value for _, value, _ in self._constants]]
        dtype = X.dtype if X.dtype.kind in "Of" else None
        block = np.repeat(np.array(values, dtype), X.shape[0], axis=0)
        if sparse.issparse(X):
            block = sparse.csr_array(block.astype(X.dtype))
            return sparse.hstack([visible, block], format="csr")[:, order]
        return np.concatenate([visible, block], axis=1)[:, order]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            inner = get_tags(self.estimator)
            tags.estimator_type = inner.estimator_type
            tags.classifier_tags = inner.classifier_tags
            tags.regressor_tags = inner.regressor_tags
            tags.target_tags = inner.target_tags
            tags.input_tags = inner.input_tags
        # What is left out may be what the answer hangs on.
        for of_kind in (tags.classifier_tags, tags.regressor_tags):
            if of_kind is not None:
                of_kind.poor_score = True
        return tags
