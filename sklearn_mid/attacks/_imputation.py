"""What record and response say of a secret, when no model is asked."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.utils._candidates import Candidates

__all__ = ["Imputation", "are_equal"]

# Relative difference of two answers that float arithmetic alone may make.
_FLOAT_NOISE = 1e-10


def are_equal(answers: np.ndarray, axis: int = 1) -> np.ndarray:
    """Whether what a target says does not depend on the secret, but for float noise.

    Parameters
    ----------
    answers : ndarray
        With the values of the secret along `axis`; no NaN.

    Returns
    -------
    equal : ndarray of bool
        Of the shape of `answers` without `axis`.
    """
    low, high = answers.min(axis=axis), answers.max(axis=axis)
    scale = 1 + np.maximum(np.abs(low), np.abs(high))
    return (high == low) | (high - low <= _FLOAT_NOISE * scale) & np.isfinite(scale)


class Imputation:
    """p(v | known columns, y), learned from labelled records by a classifier.

    The baseline of who knows labelled records; and what they fall back on where a model
    answers the same whatever the secret.

    Parameters
    ----------
    classifier : estimator or None
        As :class:`~sklearn_mid.attacks._record_classifier.RecordClassifier` takes it.
    candidates : Candidates
        The values of the secret.
    random_state : int, RandomState instance or None
        Seeds the default classifier.
    use_response : bool, default=True
        Whether the response is known.
    """

    def __init__(
        self,
        classifier: Any,
        candidates: Candidates,
        random_state: Any,
        *,
        use_response: bool = True,
    ) -> None:
        self._candidates = candidates
        self._use_response = use_response
        self._classifier = RecordClassifier(
            classifier, len(candidates.values), random_state
        )

    def fit(self, X: Any, y: Any, codes: np.ndarray) -> "Imputation":
        """Learn the position of the secret among its values."""
        self._classifier.fit(self._columns(X, y), codes)
        return self

    def log_proba(self, X: Any, y: Any) -> np.ndarray:
        """Log-probability of each value, of shape (n_samples, n_values)."""
        return self._classifier.log_proba(self._columns(X, y))

    def _columns(self, X: Any, y: Any) -> pd.DataFrame:
        known = {"x": self._candidates.drop(X)}
        return as_columns(**known, y=y) if self._use_response else as_columns(**known)
