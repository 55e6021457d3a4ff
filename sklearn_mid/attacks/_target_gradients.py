"""Gradients of a target's confidence, whatever the target is made of.

:func:`target_gradient` picks the adapter. Each adapter has ``classes_``,
``n_features`` (None if the target does not say), ``has_mean_path`` (whether there is
noise that can be dropped) and ``confidence_and_gradient(X, column, logit)``: the
confidence in one class per row, shape (n_samples,), and its gradient in the row's
features, shape (n_samples, n_features). With ``logit=True`` it is ln p / (1 - p), which
does not fade where the target is certain.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, logsumexp, softmax
from scipy.special import logit as scipy_logit

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._inside import find_inside, is_torch_target, unsupported

__all__ = ["target_gradient"]

_CHUNK_ROWS = 4096
# Confidences of a black box are this far from 0 and 1, so that their logits are finite.
_SURE = 1e-15


def target_gradient(
    estimator,
    *,
    caller,
    method="auto",
    step=1e-3,
    n_noise_samples=1,
    output="auto",
    image_shape=None,
    seed=0,
):
    """The adapter that differentiates `estimator`.

    Parameters
    ----------
    estimator : object
        The fitted target.
    caller : str
        The attack that errors name.
    method : {"auto", "exact", "finite-difference"}, default="auto"
        "auto" takes exact gradients where there are any, else finite differences.
    step : float, default=1e-3
        Half the distance between the two queries of a finite difference.
    n_noise_samples, output, image_shape, seed
        Passed to the adapter of torch targets, which documents them.

    Raises
    ------
    UnsupportedTargetError
        If the target has no exact gradients where they are needed, or no
        ``predict_proba``.
    """

    def queried():
        if not hasattr(estimator, "predict_proba"):
            raise unsupported(caller, estimator, "it has no predict_proba")
        return _BlackBoxTarget(estimator, step)

    if method == "finite-difference":
        return queried()
    try:
        inside = find_inside(caller, estimator, "gradients")
    except UnsupportedTargetError:
        if method == "exact":
            raise
        return queried()
    model = inside.estimator

    def refused(reason):
        return unsupported(caller, estimator, reason)

    if is_torch_target(model):
        from sklearn_mid.attacks._torch_targets import TorchTarget

        adapter: Any = TorchTarget(
            model,
            unsupported=refused,
            n_noise_samples=n_noise_samples,
            output=output,
            image_shape=image_shape,
            seed=seed,
        )
    else:
        layers = _layers(model)
        link = _find_link(model, layers)
        if link is None and method == "exact":
            raise refused(
                f"{inside.path[-1]} has no class probabilities that are a function of "
                "its coefficients"
            )
        if link is None:
            return queried()
        adapter = _LayeredTarget(model, layers, link)
    if not inside.has_steps:
        return adapter
    fallback = None if method == "exact" else queried()
    return _CarriedTarget(adapter, estimator, inside, refused, fallback)


# -- models behind the steps of a pipeline --------------------------------------------


class _CarriedTarget:
    """The chain rule through steps that are affine: scaling, projection, selection."""

    def __init__(self, adapter, estimator, inside, refused, fallback):
        self.classes_ = adapter.classes_
        self.n_features = getattr(estimator, "n_features_in_", None)
        self._names = getattr(estimator, "feature_names_in_", None)
        self._adapter, self._inside = adapter, inside
        self._refused, self._fallback = refused, fallback

    def prepare(self, n_features, bounds):
        low, high = bounds
        middle, half = (low + high) / 2, (high - low) / 2
        steps = middle + half * np.vstack([np.zeros(n_features), np.eye(n_features)])
        carried = self._carry(steps)
        self._matrix = (carried[1:] - carried[0]) / half
        rng = np.random.default_rng(0)
        X = rng.uniform(low, high, size=(8, n_features))
        affine = carried[0] + (X - middle) @ self._matrix
        if not np.allclose(self._carry(X), affine, rtol=1e-4, atol=1e-5):
            if self._fallback is not None:
                return self._fallback.prepare(n_features, bounds)
            raise self._refused(
                "the steps before the model that can be differentiated are not affine "
                f"({' > '.join(self._inside.path)})"
            )
        self._adapter.prepare(self._matrix.shape[1], bounds)
        self.classes_ = self._adapter.classes_
        return self

    def _carry(self, X):
        X = X if self._names is None else pd.DataFrame(X, columns=self._names)
        X = self._inside.carry(X)
        X = X.toarray() if hasattr(X, "toarray") else X
        return np.asarray(X, dtype=np.float64)

    @property
    def has_mean_path(self):
        return self._adapter.has_mean_path

    def confidence_and_gradient(self, X, column, logit=False):
        confidence, gradient = self._adapter.confidence_and_gradient(
            self._carry(np.asarray(X, dtype=np.float64)), column, logit
        )
        return confidence, gradient @ self._matrix.T


# -- scikit-learn's linear models and multilayer perceptrons --------------------------

_ACTIVATIONS = {
    # name: (function, derivative as a function of the activation's value)
    "identity": (lambda z: z, lambda a: np.ones_like(a)),
    "logistic": (expit, lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
}


def _layers(estimator):
    """``(weights, biases, activation)`` of the target's layers."""
    if hasattr(estimator, "coefs_"):
        weights, biases = list(estimator.coefs_), list(estimator.intercepts_)
        activation = estimator.activation
    else:
        coef = np.atleast_2d(estimator.coef_)
        intercept = np.broadcast_to(estimator.intercept_, len(coef))
        weights, biases, activation = [coef.T], [intercept], "identity"
    if weights[-1].shape[1] == 1:
        # One output for two classes: the first class has score 0.
        weights[-1] = np.hstack([np.zeros_like(weights[-1]), weights[-1]])
        biases[-1] = np.hstack([0.0, biases[-1]])
    return weights, biases, activation


# A link gives each class a weight exp(log_weight(score)); probabilities are shares.
_LINKS = [
    # (log_weight, its derivative), both as functions of the scores
    (lambda scores: scores, np.ones_like),
    (log_expit, lambda scores: expit(-scores)),  # one versus rest
]


def _confidence_in_scores(link, scores, column, logit):
    """The confidence in one class per row, or its logit, and the gradient in scores."""
    log_weight, derivative = link[0](scores), link[1](scores)
    one_hot = np.eye(scores.shape[1], dtype=bool)[column]
    own = log_weight[one_hot]
    others = np.where(one_hot, -np.inf, log_weight)
    value = own - logsumexp(others, axis=1)
    # d logit / d log_weight: 1 for the class, minus the shares among the others.
    gradient = derivative * (one_hot - softmax(others, axis=1))
    if logit:
        return value, gradient
    confidence = expit(value)
    return confidence, gradient * (confidence * expit(-value))[:, None]


def _forward(layers, X):
    """Outputs of all layers, the input first."""
    weights, biases, activation = layers
    outputs = [X]
    for W, b in zip(weights, biases, strict=True):
        scores = outputs[-1] @ W + b
        outputs.append(scores)
        if len(outputs) <= len(weights):
            outputs[-1] = _ACTIVATIONS[activation][0](scores)
    return outputs


def _find_link(estimator, layers):
    """The link that reproduces the target's probabilities at a few points, or None.

    Which one a linear model uses depends on its solver and on scikit-learn's
    version; asking the model is safer than reading its parameters.
    """
    if not hasattr(estimator, "predict_proba"):
        return None
    W = layers[0][0]
    X = np.random.default_rng(0).standard_normal((8, len(W)))
    X /= max(np.linalg.norm(W, axis=0).max(), 1e-12)
    scores, expected = _forward(layers, X)[-1], estimator.predict_proba(X)
    for link in _LINKS:
        proba = softmax(link[0](scores), axis=1)
        if proba.shape == expected.shape and np.allclose(proba, expected, atol=1e-6):
            return link
    return None


class _NumpyTarget:
    has_mean_path = False

    def prepare(self, n_features, bounds):
        """Nothing to find out: the target knows its classes."""
        return self


class _LayeredTarget(_NumpyTarget):
    """Closed-form gradients by the chain rule."""

    def __init__(self, estimator, layers, link):
        self.classes_ = np.asarray(estimator.classes_)
        self.n_features = len(layers[0][0])
        self._layers = layers
        self._link = link

    def confidence_and_gradient(self, X, column, logit=False):
        weights, _, activation = self._layers
        X = np.asarray(X, dtype=np.float64)
        outputs = _forward(self._layers, X)
        confidence, gradient = _confidence_in_scores(
            self._link, outputs[-1], column, logit
        )
        derivative = _ACTIVATIONS[activation][1]
        for i in range(len(weights) - 1, 0, -1):
            gradient = (gradient @ weights[i].T) * derivative(outputs[i])
        return confidence, gradient @ weights[0].T


# -- anything with predict_proba ------------------------------------------------------


class _BlackBoxTarget(_NumpyTarget):
    """Central differences: two queries per feature and row, sent in large batches."""

    def __init__(self, estimator, step):
        self.classes_ = np.asarray(estimator.classes_)
        self.n_features = getattr(estimator, "n_features_in_", None)
        names = getattr(estimator, "feature_names_in_", None)
        self._estimator, self._step, self._names = estimator, step, names

    def _confidence(self, X, column, logit):
        if self._names is not None:
            X = pd.DataFrame(X, columns=self._names)
        proba = np.asarray(self._estimator.predict_proba(X), dtype=np.float64)
        confidence = np.take_along_axis(proba, column[:, None], axis=1)[:, 0]
        if not logit:
            return confidence
        return scipy_logit(confidence.clip(_SURE, 1 - _SURE))

    def confidence_and_gradient(self, X, column, logit=False):
        X = np.asarray(X, dtype=np.float64)
        column = np.broadcast_to(column, len(X))
        n_features = X.shape[1]
        shifts = self._step * np.eye(n_features)
        gradient = np.empty_like(X)
        rows = max(1, _CHUNK_ROWS // (2 * n_features))
        for start in range(0, len(X), rows):
            chunk, chunk_column = X[start : start + rows], column[start : start + rows]
            shifted = chunk[:, None, None, :] + np.stack([shifts, -shifts])
            confidence = self._confidence(
                shifted.reshape(-1, n_features),
                np.repeat(chunk_column, 2 * n_features),
                logit,
            ).reshape(len(chunk), 2, n_features)
            gradient[start : start + rows] = confidence[:, 0] - confidence[:, 1]
        return self._confidence(X, column, logit), gradient / (2 * self._step)
