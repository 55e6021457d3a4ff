"""What record and response say of a secret, when no model is asked."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.utils._candidates import Candidates

__all__ = ["IMPOSSIBLE", "Imputation", "are_equal"]

# Relative difference of two answers that float arithmetic alone may make.
_FLOAT_NOISE = 1e-10
# Share of what the response says, below which a model hardly tells values apart.
_HARDLY = 0.01
# What a full-grown tree holds for impossible: who knows more still ranks those of whom
# it rules something out.
IMPOSSIBLE = 1e-9
_LEAST = np.log(IMPOSSIBLE)


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

    def pooled(
        self, likelihood: np.ndarray, prior: np.ndarray, X: Any, y: Any
    ) -> np.ndarray:
        """Weigh what a model says of the secret with what the response says without it.

        Both are log-likelihoods of the values: the model's own, and
        log p(v | x_k, y) - log p(v | x_k). They are averaged; the weight of the model
        is 1, unless its standard deviation under the prior is less than a hundredth of
        the response's: then it is their ratio, times a hundred. A model that hardly
        tells the values apart has nearly no say, and none where it tells nothing. What
        one remembers often says less than the response does, so nothing of it is given
        up for more.

        Parameters
        ----------
        likelihood, prior : ndarray of shape (n_samples, n_values)
            Of the model; p(v | x_k). Logarithms.
        X, y : array-like
            Records and responses.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_values)
            Up to a constant per record.
        """
        learned = self.log_proba(X, y)
        floored = np.maximum(prior, _LEAST)
        by_response = np.maximum(learned, _LEAST) - floored
        relative = likelihood - likelihood.max(axis=1, keepdims=True)
        told = _spread(np.maximum(relative, _LEAST), floored)
        known = _spread(by_response, floored)
        little = _HARDLY * known
        weight = np.divide(told, little, out=np.ones_like(told), where=told < little)
        mixed = floored + weight * likelihood + (1 - weight) * by_response
        # What the prior alone rules out, as full-grown trees do, the response restores.
        mixed[np.isneginf(prior) & np.isneginf(learned)] = -np.inf
        return np.where(are_equal(likelihood)[:, None], learned, mixed)

    def _columns(self, X: Any, y: Any) -> pd.DataFrame:
        known = {"x": self._candidates.drop(X)}
        return as_columns(**known, y=y) if self._use_response else as_columns(**known)


def _spread(opinion, prior):
    """Standard deviation of a row under its prior, of shape (n_samples, 1)."""
    proba = softmax(prior, axis=1)
    centred = opinion - (proba * opinion).sum(axis=1, keepdims=True)
    return np.sqrt((proba * centred**2).sum(axis=1, keepdims=True))
