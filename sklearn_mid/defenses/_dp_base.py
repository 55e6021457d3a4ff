"""What the differentially private models share: bounds, scaling by them, a budget."""

import warnings
from numbers import Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    Interval,
    Options,
    _fit_context,
)

__all__ = ["DPClassifier", "DPEstimator", "center_and_half_width", "clip"]

Floats = NDArray[np.float64]


class DPEstimator(DocLinks, BaseEstimator):
    """Stated bounds, and scaling by them.

    What a fitted model holds is its parameters, what counts as public (the number of
    features, the classes, the bounds), and functions of what its mechanisms released:
    no seed, no generator, and nothing else that was computed from the records.
    """

    # What may differ between the two data sets that epsilon is about.
    neighbors = "replace-one"

    _parameter_constraints: dict = {
        "epsilon": [Interval(Real, 0, 1e9, closed="right"), Options(Real, {np.inf})],
        "bounds": ["array-like", None],
        "random_state": ["random_state"],
    }

    def _scale(self, X: Floats, reset: bool = False) -> Floats:
        """Features in [-1, 1], by the bounds; what lies outside is clipped."""
        if reset:
            self._center, self._half_width = center_and_half_width(
                self, "bounds", self.n_features_in_
            )
        with np.errstate(over="ignore"):  # of what is clipped anyhow
            scaled = (X - self._center) / self._half_width
        return clip(scaled, "bounds", warn=reset)


def center_and_half_width(
    estimator: DPEstimator, name: str, n_columns: int
) -> tuple[Floats, Floats]:
    """Read the bounds in the parameter `name`, one pair for each column."""
    bounds = getattr(estimator, name)
    what = "(lower, upper), numbers or one pair of numbers for each column"
    if bounds is None:
        raise ValueError(
            f"{type(estimator).__name__} needs {name}={what}, from public knowledge: "
            f"bounds read off the data would leak. Got {name}=None."
        )
    try:
        lower, upper = (
            np.broadcast_to(np.asarray(b, dtype=np.float64), n_columns) for b in bounds
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be {what}, here {n_columns}; got {bounds!r}."
        ) from error
    if not (np.isfinite(lower) & np.isfinite(upper) & (lower <= upper)).all():
        raise ValueError(f"{name} must be finite, lower <= upper; got {bounds!r}.")
    # A column that can take one value only carries nothing: any width will do.
    half_width = np.where(upper > lower, (upper - lower) / 2, 1.0)
    return (upper + lower) / 2, half_width


def clip(values: Floats, name: str, warn: bool, low: float | Floats = -1) -> Floats:
    """Clip scaled values to [-1, 1] or [low, 1], not without a word."""
    clipped = np.clip(values, low, 1)
    # Rounding errors of the scaling are no reason to warn.
    if warn and (np.abs(values - clipped) > 1e-9).any():
        warnings.warn(
            f"Some values lie outside {name} and were clipped. If the bounds are "
            "right, so is this; the model then learns from clipped records.",
            UserWarning,
            stacklevel=4,
        )
    return clipped


class DPClassifier(ClassifierMixin, DPEstimator):
    """A classifier: a subclass fits scaled features and class codes.

    It defines ``_fit_private(Z, codes)`` and ``_proba(X)``, of features as they came.
    """

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the model, and spend `epsilon`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training records.
        y : array-like of shape (n_samples,)
            Labels. Which labels there are counts as public.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ImportError
            If a library that the model needs cannot be imported.
        ValueError
            If bounds are missing or do not fit.

        Warns
        -----
        SecretSeedWarning
            If `random_state` is not None: the noise can then be drawn again.
        """
        records, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit_private(self._scale(records, reset=True), codes)
        self.epsilon_, self.delta_ = float(self.epsilon), 0.0
        return self

    def predict(self, X: ArrayLike) -> NDArray:
        """Predict labels.

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

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Predict class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._proba(validate_data(self, X, dtype=np.float64, reset=False))
