"""Entropy of one-dimensional Gaussian mixtures, in nats.

If f(X) is released with Gaussian noise, Yhat = f(X) + e with e ~ N(0, sigma^2), then
Yhat is a mixture of N(f(x_i), sigma^2), and I(X; Yhat) is its entropy less that of
the noise, 1/2 ln(2 pi e sigma^2).
"""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike

from sklearn_mid.information._mixture_grid import (
    grid_entropy_and_gradient,
    single_component_entropy,
)
from sklearn_mid.information._weights import check_weights, normalized
from sklearn_mid.utils._sklearn_compat import (
    Interval,
    Options,
    StrOptions,
)
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = [
    "channel_information_and_gradient",
    "mixture_entropy",
    "mixture_entropy_and_gradient",
]

_FARTHEST = 1e300  # in units of sigma, still a float
_CONSTRAINTS = {
    "sigma": [Interval(Real, 0, None, closed="neither")],
    "method": [StrOptions({"quadrature", "taylor"})],
    "taylor_order": [Options(Integral, {0, 2})],
}


def mixture_entropy(
    centers: ArrayLike,
    sigma: float,
    *,
    sample_weight: ArrayLike | None = None,
    method: str = "quadrature",
    taylor_order: int = 2,
) -> float:
    """Differential entropy of a mixture of Gaussians of equal width.

    Parameters
    ----------
    centers : array-like of shape (n_centers,)
        Means of the components.
    sigma : float
        Their common standard deviation, positive.
    sample_weight : array-like of shape (n_centers,), default=None
        Weights of the components, normalised to sum 1; equal by default.
    method : {"quadrature", "taylor"}, default="quadrature"
        - "quadrature": the integral itself, to about 1e-9, by binning and FFT.
        - "taylor": expansion of the log density at each centre, by binning and FFT.
    taylor_order : {0, 2}, default=2
        Order of the expansion; not used by "quadrature". Order 0 is -E log p(f):
        up to 1/2 nat too small, so that less the noise entropy it can be negative.
        Order 2 is exact for one component, for Gaussian-distributed centres, and
        for centres far apart.

    Returns
    -------
    float
        Entropy in nats. Differential entropy has no lower bound: it is not clipped.

    Raises
    ------
    ValueError
        If centres are empty, not finite or not one-dimensional, sigma is not
        positive and finite, weights are unusable, or the method is unknown.

    See Also
    --------
    mixture_entropy_and_gradient : With the derivative by each centre.
    entropy : Entropy of a discrete variable.

    Notes
    -----
    Time is linear in the number of centres, and memory does not grow with the ratio
    of their range to sigma: empty stretches are cut out and the rest is handled in
    blocks.

    References
    ----------
    M. F. Huber, T. Bailey, H. Durrant-Whyte, U. D. Hanebeck, "On entropy
    approximation for Gaussian mixture random vectors", MFI 2008,
    :doi:`10.1109/MFI.2008.4648062`.

    Examples
    --------
    >>> from sklearn_mid.information import mixture_entropy
    >>> round(mixture_entropy([0.0], 1.0), 6)  # 1/2 ln(2 pi e)
    1.418939
    >>> round(mixture_entropy([0.0, 100.0], 1.0), 6)  # and one bit, ln 2, more
    2.112086
    """
    return mixture_entropy_and_gradient(
        centers,
        sigma,
        sample_weight=sample_weight,
        method=method,
        taylor_order=taylor_order,
    )[0]


def mixture_entropy_and_gradient(
    centers: ArrayLike,
    sigma: float,
    *,
    sample_weight: ArrayLike | None = None,
    method: str = "quadrature",
    taylor_order: int = 2,
) -> tuple[float, np.ndarray]:
    """Differential entropy of a Gaussian mixture, and its gradient by the centres.

    Parameters
    ----------
    centers : array-like of shape (n_centers,)
        Means of the components.
    sigma : float
        Their common standard deviation, positive.
    sample_weight : array-like of shape (n_centers,), default=None
        Weights of the components, normalised to sum 1; equal by default.
    method : {"quadrature", "taylor"}, default="quadrature"
        As in :func:`mixture_entropy`.
    taylor_order : {0, 2}, default=2
        As in :func:`mixture_entropy`.

    Returns
    -------
    value : float
        Entropy in nats.
    gradient : ndarray of shape (n_centers,)
        Derivative of `value` by each centre, in nats per unit of the centres.

    Raises
    ------
    ValueError
        As in :func:`mixture_entropy`.

    See Also
    --------
    mixture_entropy : The value alone.

    References
    ----------
    M. F. Huber, T. Bailey, H. Durrant-Whyte, U. D. Hanebeck, "On entropy
    approximation for Gaussian mixture random vectors", MFI 2008,
    :doi:`10.1109/MFI.2008.4648062`.

    Examples
    --------
    Entropy grows when the centres move apart.

    >>> from sklearn_mid.information import mixture_entropy_and_gradient
    >>> value, gradient = mixture_entropy_and_gradient([-1.0, 1.0], 0.5)
    >>> gradient.round(3)
    array([-0.137,  0.137])
    """
    check_parameters(
        "mixture_entropy",
        _CONSTRAINTS,
        sigma=sigma,
        method=method,
        taylor_order=taylor_order,
    )
    centers = as_numbers(centers, "centers")
    if centers.ndim != 1 or not len(centers):
        raise ValueError(
            f"centers must have shape (n_centers,) with at least one centre, got "
            f"shape {centers.shape}."
        )
    if not np.isfinite(centers).all():
        raise ValueError("centers must be finite; found NaN or infinity.")
    if np.abs(centers).max() / _FARTHEST > sigma:
        raise ValueError(
            f"centers must lie within {_FARTHEST:g} sigma of 0, got "
            f"{np.abs(centers).max():g} at sigma={sigma:g}."
        )
    weights = normalized(check_weights(sample_weight, len(centers)))
    present = weights > 0
    value, gradient = channel_information_and_gradient(
        centers[present], sigma, weights[present], method, taylor_order
    )
    value += 0.5 * np.log(2 * np.pi * np.e) + np.log(sigma)
    if present.all():
        return float(value), gradient
    full = np.zeros(len(centers))
    full[present] = gradient
    return float(value), full


def channel_information_and_gradient(centers, sigma, weights, method, taylor_order):
    """I(F; F + e) in nats and its gradient by the centres, without any checks.

    The mixture's entropy less that of the noise e ~ N(0, sigma^2). For solvers, which
    call it often.

    Parameters
    ----------
    centers : ndarray of shape (n_centers,)
    sigma : float
    weights : ndarray of shape (n_centers,)
        Positive, with sum 1.
    method : {"quadrature", "taylor"}
    taylor_order : {0, 2}

    Returns
    -------
    value : float
        Not clipped at 0.
    gradient : ndarray of shape (n_centers,)
    """
    order = None if method == "quadrature" else taylor_order
    # h(F + e) = h(F / sigma + e / sigma) + log sigma
    value, gradient = grid_entropy_and_gradient(centers / sigma, weights, order)
    return value - single_component_entropy(None), gradient / sigma
