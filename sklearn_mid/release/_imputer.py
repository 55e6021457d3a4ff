"""How probable each value of the secret is, given the known columns."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import OrdinalEncoder
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.release._students import take_rows

__all__ = ["RecordImputer", "aligned_proba", "fit_imputer", "value_proba"]

_ENOUGH = 30  # records of a value
_FLOOR = 1e-6  # no value is ever quite impossible


class RecordImputer(ClassifierMixin, BaseEstimator):
    """Small gradient boosting on columns of any type.

    Parameters
    ----------
    max_iter : int, default=50
        Boosting steps at most.
    early_stopping : bool, default=True
        Whether steps end where held-out records gain no more, if there are enough of
        each value to tell.
    random_state : int, RandomState instance or None, default=None
        Seeds the boosting.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Values told apart.
    """

    def __init__(self, max_iter=50, early_stopping=True, random_state=None):
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Fit encoder and boosting."""
        frame = pd.DataFrame(X).infer_objects()
        self._is_number = np.array(
            [pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes]
        )
        self._encoder = None
        if not self._is_number.all():
            self._encoder = OrdinalEncoder(
                handle_unknown="use_encoded_value",
                unknown_value=-1,
                encoded_missing_value=-2,
                min_frequency=5,
            ).fit(self._text(frame))
        rarest = np.unique(y, return_counts=True)[1].min()
        self._boosting = HistGradientBoostingClassifier(
            max_iter=self.max_iter,
            learning_rate=0.2,
            max_leaf_nodes=12,
            early_stopping=self.early_stopping and rarest >= _ENOUGH,
            n_iter_no_change=5,
            validation_fraction=0.15,
            random_state=self.random_state,
        )
        self._boosting.fit(self._numbers(frame), y, sample_weight=sample_weight)
        self.classes_ = self._boosting.classes_
        return self

    def _text(self, frame):
        columns = [
            frame.iloc[:, j].astype(object).map(str, na_action="ignore")
            for j in np.flatnonzero(~self._is_number)
        ]
        values = np.empty((len(frame), len(columns)), dtype=object)
        for j, column in enumerate(columns):
            values[:, j] = column.where(column.notna(), None)
        return values

    def _numbers(self, frame):
        numbers = np.empty(frame.shape, order="F")
        for j in np.flatnonzero(self._is_number):
            column = frame.iloc[:, j]
            if not pd.api.types.is_numeric_dtype(column.dtype):
                column = pd.to_numeric(column.astype(object), errors="coerce")
            numbers[:, j] = column.to_numpy(dtype=float, na_value=np.nan)
        if self._encoder is not None:
            numbers[:, ~self._is_number] = self._encoder.transform(self._text(frame))
        return numbers

    def predict_proba(self, X):
        """Probability of each value, columns in the order of `classes_`."""
        check_is_fitted(self)
        return self._boosting.predict_proba(self._numbers(pd.DataFrame(X)))

    def predict(self, X):
        """The most probable value."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def fit_imputer(imputer, known, codes, weights=None):
    """A fitted clone, of records whose code is known (not -1).

    Class shares where there is nothing to learn from.
    """
    is_known = codes >= 0
    if not is_known.all():
        known, codes = take_rows(known, is_known), codes[is_known]
        weights = None if weights is None else weights[is_known]
    if not known.shape[1] or len(np.unique(codes)) < 2:
        known = np.zeros((len(codes), 1))
        return DummyClassifier(strategy="prior").fit(known, codes, weights)
    given = {} if weights is None else {"sample_weight": weights}
    return clone(imputer).fit(known, codes, **given)


def aligned_proba(model, X, classes):
    """Probabilities of `classes` (sorted), 0 for those that `model` never saw."""
    proba = np.asarray(model.predict_proba(X), dtype=float)
    if len(model.classes_) == len(classes):
        return proba
    aligned = np.zeros((len(proba), len(classes)))
    aligned[:, np.searchsorted(classes, model.classes_)] = proba
    return aligned


def value_proba(imputer, known, n_values):
    """Probability of each value, positive, rows sum to 1."""
    if not known.shape[1]:
        known = np.zeros((len(known), 1))
    proba = aligned_proba(imputer, known, np.arange(n_values))
    proba = np.maximum(proba, _FLOOR)
    return proba / proba.sum(axis=1, keepdims=True)
