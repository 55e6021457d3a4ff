"""Differentially private models, with diffprivlib behind plain estimators.

What has to be worked around in diffprivlib 0.6, here and in the models:

- It reads missing bounds off the data. Here bounds are stated, or ``fit`` raises.
- Its linear regression takes the lower bound twice, and its naive Bayes takes the
  width of the bounds for the size of a record. Here features (and target) are scaled
  to [-1, 1] first, where both are right.
- Its linear regression spends too much on centring, and its solver diverges when
  noise makes the normal equations indefinite; its logistic regression takes the norm
  of a record where the square of it belongs, and leaves the intercept out of the
  penalty that the proof needs. Here those two are built on diffprivlib's mechanisms
  instead, with the intercept as a column of ones and records of norm 1 at most.
- Its trees, forests and naive Bayes promise epsilon when a record is added or
  removed. Replacing one is two such steps, and gets half (or 3/5) the epsilon here.
- It writes learned values into constructor parameters, and keeps a budget that
  cloning copies. Here each fit spends `epsilon`, and says so in ``epsilon_spent_``.
"""

import warnings
from numbers import Real

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import Interval, Options, _fit_context


def import_diffprivlib(part, estimator):
    """Import ``diffprivlib.part``, or say what to install."""
    name = type(estimator).__name__
    try:
        return require(f"diffprivlib.{part}", extra="dp", needed_by=name)
    except ImportError as error:
        raise ImportError(
            f"{error} (diffprivlib 0.6 needs scikit-learn < 1.8; version "
            f"{sklearn.__version__} is installed)"
        ) from error


class DPEstimator(BaseEstimator):
    """What the adapters share: stated bounds, scaling by them, and the budget."""

    _parameter_constraints: dict = {
        "epsilon": [Interval(Real, 0, 1e9, closed="right"), Options(Real, {np.inf})],
        "bounds": ["array-like", None],
        "random_state": ["random_state"],
    }

    def _scale(self, X, reset=False):
        """Features in [-1, 1], by the bounds; what lies outside is clipped."""
        if reset:
            self._center, self._half_width = center_and_half_width(
                self, "bounds", self.n_features_in_
            )
        with np.errstate(over="ignore"):  # of what is clipped anyhow
            scaled = (X - self._center) / self._half_width
        return clip(scaled, "bounds", warn=reset)

    def _random_state(self):
        """None, for which diffprivlib's mechanisms draw from the operating system."""
        if self.random_state is None:
            return None
        return check_random_state(self.random_state)


def center_and_half_width(estimator, name, n_columns):
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


def clip(values, name, warn):
    """Clip scaled values to [-1, 1], not without a word."""
    clipped = np.clip(values, -1, 1)
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
    def fit(self, X, y):
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
            If diffprivlib cannot be imported.
        ValueError
            If bounds are missing or do not fit.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._fit_private(self._scale(X, reset=True), codes)
        self.epsilon_spent_ = float(self.epsilon)
        return self

    def predict(self, X):
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

    def predict_proba(self, X):
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


def own_accountant(estimator):
    """A budget of this fit alone, not diffprivlib's global one."""
    return import_diffprivlib("accountant", estimator).BudgetAccountant()
