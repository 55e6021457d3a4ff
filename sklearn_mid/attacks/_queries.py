"""What a black-box attacker who holds arrays asks of a target."""

import numpy as np
import pandas as pd

from sklearn_mid.attacks._target import last_step
from sklearn_mid.utils._draws import geometric_mean

__all__ = ["as_target_input", "query_confidences"]


def as_target_input(target, X):
    """`X` as a DataFrame if the target was fitted on one, else `X` itself."""
    names = getattr(target, "feature_names_in_", None)
    return X if names is None else pd.DataFrame(X, columns=names)


def query_confidences(target, X, *, n_queries, seed):
    """Confidences of shape (n_samples, n_classes), averaged over repeated queries.

    Parameters
    ----------
    target : object
        Fitted classifier with ``predict_proba``.
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    n_queries : int
        Queries per input. A target that offers ``sample_proba`` is asked for single
        draws, whose logits are averaged; any other is asked again and again, and its
        confidences are averaged, but not if it answers twice alike. One query is what
        ``predict_proba`` answers.
    seed : int
        Seeds the draws of a stochastic target.
    """
    X = as_target_input(target, X)
    if n_queries == 1:
        return np.asarray(target.predict_proba(X), dtype=np.float64)
    last, X_last = last_step(target, X)  # a Pipeline passes no sample_proba on
    if hasattr(last, "sample_proba"):
        draws = last.sample_proba(X_last, n_samples=n_queries, random_state=seed)
        return geometric_mean(np.asarray(draws, dtype=np.float64))
    if n_queries > 2:
        first, second = (np.asarray(target.predict_proba(X)) for _ in range(2))
        if np.array_equal(first, second):
            return first.astype(np.float64)
    draws = [target.predict_proba(X) for _ in range(n_queries)]
    return np.mean(draws, axis=0, dtype=np.float64)
