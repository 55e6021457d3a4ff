"""What all defences that wrap a classifier share."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    HasMethods,
    _fit_context,
)


class ReleaseDefense(ClassifierMixin, MetaEstimatorMixin, DocLinks, BaseEstimator):
    """Base class of defences that change what a classifier releases.

    `estimator` is cloned and fitted in ``fit``. One that is fitted already stays as
    it is inside :class:`sklearn.frozen.FrozenEstimator`. What is passed on to it, a
    DataFrame with strings too, is passed as it came.
    """

    _parameter_constraints: dict = {"estimator": [HasMethods(["fit", "predict"])]}

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> "ReleaseDefense":
        """Fit the estimator, and what the defence needs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training records.
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params : dict
            Passed to the estimator's ``fit``.

        Returns
        -------
        self : object
            The fitted defence.
        """
        self._prepare()
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        return self._adopt_attributes()

    def _prepare(self):
        """Check parameters further, or draw what the defence needs, before fitting."""

    def _adopt_attributes(self):
        """Take over what a fitted classifier tells about its data."""
        self.classes_ = self.estimator_.classes_
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict labels, those of the wrapped classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if hasattr(self.estimator, "__sklearn_tags__"):
            inner = get_tags(self.estimator)
            tags.input_tags = inner.input_tags
            tags.classifier_tags = inner.classifier_tags
        return tags


def _releases_draws(defense):
    return hasattr(getattr(defense, "estimator_", defense.estimator), "sample_proba")


class ConfidenceDefense(ReleaseDefense):
    """Base class of defences that change a classifier's confidences.

    A subclass defines ``_release(proba)``, which returns what leaves in place of the
    confidences `proba`. There is no ``decision_function``: it would leave unchanged.
    """

    _parameter_constraints: dict = {"estimator": [HasMethods(["fit", "predict_proba"])]}

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Confidences as they are released.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._release(self._confidences(X))

    @available_if(_releases_draws)
    def sample_proba(
        self,
        X: ArrayLike,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Single answers of a wrapped classifier that answers at random.

        Only there if the wrapped classifier has ``sample_proba``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        n_samples : int, default=1
            Number of answers for each record.
        random_state : int, RandomState instance or None, default=None
            Draws the answers.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_records, n_classes)
            What is released of each answer.
        """
        check_is_fitted(self)
        draws = self.estimator_.sample_proba(
            X, n_samples=n_samples, random_state=random_state
        )
        return np.stack([self._release(np.asarray(d, np.float64)) for d in draws])

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the label of the largest released confidence.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _confidences(self, X):
        return np.asarray(self.estimator_.predict_proba(X), dtype=np.float64)


def put_label_first(proba, label):
    """Make `label` the largest entry of each row, where it is not, by a swap.

    A tie is broken by one unit in the last place, which tells no more than the label.
    """
    proba = proba.copy()
    rows = np.arange(len(proba))
    largest = proba.argmax(axis=1)
    top, own = proba[rows, largest], proba[rows, label]
    is_other = largest != label
    proba[rows, largest] = np.where(is_other, own, top)
    proba[rows, label] = np.where(is_other, np.nextafter(top, 2), top)
    return proba
