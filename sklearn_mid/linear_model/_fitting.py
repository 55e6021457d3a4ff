"""From checked data to a problem to solve: shared by the estimator and the path."""

import numpy as np

from sklearn_mid.linear_model._base import check_varies, present_rows
from sklearn_mid.linear_model._least_squares import fit_least_squares
from sklearn_mid.linear_model._problems import SensitiveInput, WholeInput
from sklearn_mid.utils._features import resolve_attributes

__all__ = ["build_problem"]

# Of the mean squared deviation of y: what stands for the noise of a perfect fit.
_LEAST_NOISE = 1e-8


def build_problem(
    X,
    y,
    sample_weight,
    *,
    feature_names,
    sensitive_features,
    noise_variance,
    entropy,
    taylor_order,
    fit_intercept,
):
    """Least squares, the channel's noise, and what of X is to be withheld.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    sample_weight : ndarray of shape (n_samples,)
        Not negative; rows of weight 0 are left out.
    feature_names : ndarray of str or None
    sensitive_features, noise_variance, entropy, taylor_order, fit_intercept
        Parameters of :class:`sklearn_mid.linear_model.MIDLinearRegression`.

    Returns
    -------
    problem : WholeInput or SensitiveInput
    """
    attributes = None
    if sensitive_features is not None:
        attributes = resolve_attributes(
            sensitive_features,
            n_features=X.shape[1],
            feature_names=feature_names,
            param="sensitive_features",
            X=X,
        )
    X, y, weights = present_rows(X, y, sample_weight)
    if len(y) < 2:
        raise ValueError(
            "sample_weight leaves fewer than 2 samples of positive weight; the model "
            "needs at least 2."
        )
    if fit_intercept:
        check_varies(X)
    least_squares = fit_least_squares(X, y, weights, fit_intercept=fit_intercept)
    sigma = _sigma(least_squares, noise_variance, y, weights)
    if attributes is None:
        return WholeInput(X, weights, least_squares, sigma, entropy, taylor_order)
    return SensitiveInput(
        X, weights, attributes, least_squares, sigma, entropy, taylor_order
    )


def _sigma(least_squares, noise_variance, y, weights):
    """Standard deviation of the channel's noise, in units of y_scale."""
    if noise_variance != "residual":
        return np.sqrt(noise_variance) / least_squares.y_scale
    spread = weights @ ((y - least_squares.y_mean) / least_squares.y_scale) ** 2
    return np.sqrt(max(least_squares.residual, _LEAST_NOISE * spread) or 1.0)
