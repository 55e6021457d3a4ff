"""What a black-box attacker who holds arrays asks of a target."""

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_mid.attacks._target import mean_proba

__all__ = ["as_target_input", "query_confidences"]


def as_target_input(target, X):
    """`X` as a DataFrame if the target was fitted on one, else `X` itself."""
    names = getattr(target, "feature_names_in_", None)
    return X if names is None else pd.DataFrame(X, columns=names)


def _samples_proba(target):
    while isinstance(target, Pipeline):
        target = target[-1]
    return hasattr(target, "sample_proba")


def query_confidences(target, X, *, n_queries, seed):
    """Confidences of shape (n_samples, n_classes), averaged over repeated queries.

    Parameters
    ----------
    target : object
        Fitted classifier with ``predict_proba``.
    X : ndarray of shape (n_samples, n_features)
        Inputs.
    n_queries : int
        Queries per input, as in :func:`sklearn_mid.attacks._target.mean_proba`. A
        target that answers twice alike is not asked again.
    seed : int
        Seeds the draws of a stochastic target.
    """
    X = as_target_input(target, X)
    if n_queries > 2 and not _samples_proba(target):
        first, second = (np.asarray(target.predict_proba(X)) for _ in range(2))
        if np.array_equal(first, second):
            return first.astype(np.float64)
    rng = np.random.RandomState(seed)
    proba = mean_proba(target, X, n_queries=n_queries, rng=rng)
    return np.asarray(proba, dtype=np.float64)
