"""What an attacker holds for probable before the model is asked."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.utils._candidates import Candidates, given_prior
from sklearn_mid.utils._sklearn_compat import HasMethods, StrOptions

__all__ = ["PRIOR_CONSTRAINT", "SecretPrior", "classifier_of", "is_classifier_prior"]

# What attacks take as `prior`.
PRIOR_CONSTRAINT: list = [
    None,
    StrOptions({"uniform", "learned"}),
    dict,
    HasMethods(["fit", "predict_proba"]),
    "array-like",
]


def is_classifier_prior(prior: Any) -> bool:
    """Whether `prior` is, or stands for, a classifier to be fitted on records."""
    if isinstance(prior, str):
        return prior == "learned"
    return hasattr(prior, "fit") and hasattr(prior, "predict_proba")


def classifier_of(prior: Any) -> Any:
    """The classifier that `prior` is; None where it stands for the default one."""
    return None if isinstance(prior, str) else prior


class SecretPrior:
    """p(v), the same for everybody, or p(v | known columns), learned from records.

    Parameters
    ----------
    prior : None, {"uniform", "learned"}, dict, array-like of shape (n_values,) or \
classifier
        As attacks take it.
    candidates : Candidates
        The values of the secret.
    shares : ndarray of shape (n_values,)
        Share of each value among the auxiliary records.
    random_state : int, RandomState instance or None, default=None
        Seeds the classifier that "learned" stands for.
    or_shares : bool, default=False
        Whether a classifier is mixed with the shares, where these are more likely of
        records that it has not learned from.

    Attributes
    ----------
    marginal : ndarray of shape (n_values,)
        Probability of each value, of somebody of whom nothing is known.
    """

    def __init__(
        self,
        prior: Any,
        candidates: Candidates,
        shares: np.ndarray,
        random_state: Any = None,
        *,
        or_shares: bool = False,
    ) -> None:
        self._candidates = candidates
        self._classifier: RecordClassifier | None = None
        self._prior = prior
        self._random_state = random_state
        self._or_shares = or_shares
        if is_classifier_prior(prior):
            self.marginal = shares
        else:
            self.marginal = given_prior(prior, candidates.values, shares)

    def fit(self, X: pd.DataFrame | np.ndarray, codes: np.ndarray) -> "SecretPrior":
        """Learn p(v | known columns) from auxiliary records, given a classifier."""
        if is_classifier_prior(self._prior):
            n_values = len(self._candidates.values)
            classifier = classifier_of(self._prior)
            self._classifier = RecordClassifier(
                classifier,
                n_values,
                self._random_state,
                or_shares=self._or_shares,
            )
            self._classifier.fit(as_columns(x=self._candidates.drop(X)), codes)
        return self

    def log_proba(self, X: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Log-probabilities of shape (n_samples, n_values), or (1, n_values)."""
        if self._classifier is not None:
            return self._classifier.log_proba(as_columns(x=self._candidates.drop(X)))
        with np.errstate(divide="ignore"):
            return np.log(self.marginal)[None]
