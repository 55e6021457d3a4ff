"""What a model answers after each of many updates."""

import copy

import numpy as np
import pandas as pd

from sklearn_mid.utils._inside import parts, with_part
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._target import Target

__all__ = ["answers", "can_be_updated", "simulate_updates"]

_CALLER = "The attack on updates"


def answers(model, X, *, n_queries, seed):
    """Confidences of `model` about rows of an array, averaged over draws."""
    target = Target(
        model,
        caller=_CALLER,
        release="confidences",
        n_queries=n_queries,
        random_state=seed,
    )
    return target.outputs(target.records(X, name_columns=True))


def _learns(model):
    return hasattr(model, "partial_fit")


def can_be_updated(model):
    """Whether `model`, or a model inside it, has ``partial_fit``."""
    return any(_learns(part.estimator) for part in parts(model))


def _updated(model, X, y):
    """A copy of `model` after an update of the part of it that learns."""
    inside = next(part for part in parts(model) if _learns(part.estimator))
    names = getattr(model, "feature_names_in_", None)
    if hasattr(inside.estimator, "coef_"):
        # scikit-learn's linear models cannot be updated in another float type.
        X = X.astype(inside.estimator.coef_.dtype, copy=False)
    X = inside.carry(X if names is None else pd.DataFrame(X, columns=names))
    return with_part(model, _learns, lambda p: copy.deepcopy(p).partial_fit(X, y))


def simulate_updates(
    model, X_updates, y_updates, probes, *, n_queries, seed, fresh_noise, verbose
):
    """Answers of copies of `model` to the probes, each copy after one update.

    Models with ``_updated_proba`` are updated many at a time.

    Parameters
    ----------
    model : fitted classifier
    X_updates : ndarray of shape (n_updates, n_rows, n_features)
    y_updates : ndarray of shape (n_updates, n_rows)
    probes : ndarray of shape (n_probes, n_features)
    n_queries, seed
        As for :class:`~sklearn_mid.utils._target.Target`.
    fresh_noise : bool
        Passed to ``_updated_proba``.
    verbose : int

    Returns
    -------
    answers : ndarray of shape (n_updates, n_probes, n_classes)
    """
    if hasattr(model, "_updated_proba"):
        names = getattr(model, "feature_names_in_", None)
        return model._updated_proba(
            X_updates,
            y_updates,
            probes if names is None else pd.DataFrame(probes, columns=names),
            n_samples=None if n_queries == 1 else n_queries,
            fresh_noise=fresh_noise,
            random_state=seed,
        )
    updates = list(zip(X_updates, y_updates, strict=True))
    return np.stack(
        [
            answers(_updated(model, X, y), probes, n_queries=n_queries, seed=seed + k)
            for k, (X, y) in enumerate(progress(updates, verbose, desc="updates"))
        ]
    )
