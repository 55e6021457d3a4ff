"""What a model answers after each of many updates."""

import copy

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_mid.attacks._queries import as_target_input, query_confidences
from sklearn_mid.attacks._target_gradients import unfrozen
from sklearn_mid.utils._progress import progress

__all__ = ["can_be_updated", "simulate_updates", "unfitted_like"]


def can_be_updated(model):
    """Whether `model`, or the model that it wraps, has ``partial_fit``."""
    wrapped = unfrozen(getattr(model, "estimator_", model))
    return hasattr(model, "partial_fit") or hasattr(wrapped, "partial_fit")


def _updated(model, X, y):
    """A copy of `model` after an update; of a wrapper, the wrapped model changes."""
    if hasattr(model, "partial_fit"):
        if hasattr(model, "coef_"):
            # scikit-learn's linear models cannot be updated in another float type.
            X = X.astype(model.coef_.dtype, copy=False)
        return copy.deepcopy(model).partial_fit(as_target_input(model, X), y)
    updated = copy.copy(model)
    updated.estimator_ = _updated(unfrozen(model.estimator_), X, y)
    return updated


def simulate_updates(
    model, X_updates, y_updates, probes, *, n_queries, seed, fresh_noise, verbose
):
    """Answers of copies of `model` to the probes, each copy after one update.

    Models with ``updated_proba`` are updated many at a time.

    Parameters
    ----------
    model : fitted classifier
    X_updates : ndarray of shape (n_updates, n_rows, n_features)
    y_updates : ndarray of shape (n_updates, n_rows)
    probes : ndarray of shape (n_probes, n_features)
    n_queries, seed
        As for :func:`sklearn_mid.attacks._queries.query_confidences`.
    fresh_noise : bool
        Passed to ``updated_proba``.
    verbose : int

    Returns
    -------
    answers : ndarray of shape (n_updates, n_probes, n_classes)
    """
    if hasattr(model, "updated_proba"):
        return model.updated_proba(
            X_updates,
            y_updates,
            as_target_input(model, probes),
            n_samples=None if n_queries == 1 else n_queries,
            average="geometric",
            fresh_noise=fresh_noise,
            random_state=seed,
        )
    updates = list(zip(X_updates, y_updates, strict=True))
    return np.stack(
        [
            query_confidences(
                _updated(model, X, y), probes, n_queries=n_queries, seed=seed + k
            )
            for k, (X, y) in enumerate(progress(updates, verbose, desc="updates"))
        ]
    )


def unfitted_like(model, seed):
    """An unfitted model with the parameters of `model`, but another seed.

    The attacker knows neither the target's weights, which a wrapper may hold in a
    FrozenEstimator, nor its seed.
    """
    shadow = clone(unfrozen(model))
    parameters = shadow.get_params(deep=True)
    for name, value in parameters.items():
        if isinstance(value, FrozenEstimator):
            shadow.set_params(**{name: clone(value.estimator)})
    seeded = [
        name
        for name in shadow.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    ]
    return shadow.set_params(**dict.fromkeys(seeded, seed))
