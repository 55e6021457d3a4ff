"""What differential privacy and mutual information promise about any attacker."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from sklearn_mid.utils._sklearn_compat import StrOptions
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = [
    "dp_epsilon_for_privacy_loss",
    "dp_privacy_loss_bound",
    "information_accuracy_bound",
    "information_for_accuracy",
]


def dp_privacy_loss_bound(
    epsilon: ArrayLike,
    n: ArrayLike = 1,
    delta: ArrayLike = 0.0,
    *,
    method: str = "paper",
) -> Any:
    r"""Largest privacy loss that (epsilon, delta)-differential privacy allows.

    The privacy loss of an adversary who must tell two data sets apart from what a
    mechanism releases is its true minus its false positive rate; no adversary does
    better than the total variation between the two distributions of the release.
    The data sets differ in `n` records, for example those of one family, in the sense
    in which the mechanism is private: if its epsilon is about one record *added or
    removed*, as that of DP-SGD, then a record that is *replaced* counts as two.

    Parameters
    ----------
    epsilon : float or array-like
        Privacy parameter, from 0 to infinity.
    n : int or array-like of int, default=1
        Number of records in which the data sets differ, 0 or more.
    delta : float or array-like, default=0.0
        Privacy parameter, in [0, 1).
    method : {"paper", "tight"}, default="paper"
        ``"paper"`` is the total variation that the group parameters
        :math:`(n\varepsilon, \delta (e^{n\varepsilon}-1)/(e^\varepsilon-1))` allow,
        the bound of [1]_. ``"tight"`` is the largest that `n` steps of the
        mechanism's own parameters allow, by group privacy of f-DP [2]_. Both are
        equal at n = 1, where randomised response attains them; beyond, the tight
        one is smaller.

    Returns
    -------
    bound : float or ndarray
        In [0, 1], of the broadcast shape of `epsilon`, `n` and `delta`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    dp_epsilon_for_privacy_loss : The inverse in epsilon.
    information_accuracy_bound : The bound from mutual information.

    Notes
    -----
    The tight bound. Let p be an adversary's false and h(p) its largest true positive
    rate between neighbouring data sets:

    .. math:: h(p) = \min(1,\; e^\varepsilon p + \delta,\;
              1 - e^{-\varepsilon}(1 - p - \delta)).

    Over a chain of n neighbours the rates obey :math:`p_{i+1} \le h(p_i)`, so the
    loss is at most :math:`\max_p h^n(p) - p`. The first line of h is steeper than 1,
    the second its mirror image, :math:`h^{-1}(q) = 1 - h(1 - q)`, and both meet at
    :math:`p^* = (1-\delta)/(1+e^\varepsilon)`. As :math:`h^n` is concave, its
    distance from p is greatest where the slopes along the chain multiply to 1: where
    the chain is its own mirror image. With m = n // 2 it then climbs the first line
    m times, from :math:`p_0` to :math:`p_m = 1/2` (n even) or :math:`p_m = p^*` (n
    odd, one more step leads to :math:`1 - p^*`), and ends at :math:`1 - p_0`. Hence

    .. math:: 1 - 2 p_0 = 1 - 2 p_m e^{-m\varepsilon} + 2 \delta\,
              \frac{1 - e^{-m\varepsilon}}{e^\varepsilon - 1},

    capped at 1 (a negative :math:`p_0` means that the chain from 0 reaches 1). For
    delta = 0 and even n this is :math:`1 - e^{-n\varepsilon/2}`, which a count with
    Laplace noise attains.

    References
    ----------
    .. [1] Wang, T., Zhang, Y., & Jia, R. (2021). Improving robustness to model
       inversion attacks via mutual information regularization. AAAI.
       arXiv:2009.05241.
    .. [2] Dong, J., Roth, A., & Su, W. J. (2022). Gaussian differential privacy.
       JRSS B, 84(1), 3-37. doi:10.1111/rssb.12454.

    Examples
    --------
    >>> from sklearn_mid.metrics import dp_privacy_loss_bound
    >>> round(dp_privacy_loss_bound(1.0, n=2), 3)
    0.762
    >>> round(dp_privacy_loss_bound(1.0, n=2, method="tight"), 3)
    0.632
    """
    check_parameters("dp_privacy_loss_bound", _METHOD, method=method)
    epsilon = _checked("epsilon", epsilon, 0, np.inf)
    n = _checked_count(n)
    delta = _checked("delta", delta, 0, 1, high_allowed=False)
    epsilon, n, delta = np.broadcast_arrays(epsilon, n, delta)
    bound = _BOUNDS[method](epsilon, n, delta)
    return _plain(np.minimum(bound, 1.0))


def _paper_bound(epsilon, n, delta):
    # tanh(n eps / 2) = (e^{n eps} - 1) / (e^{n eps} + 1), which cannot overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        tanh = np.tanh(_times(n, epsilon) / 2)
        # tanh / expm1 tends to n / 2 as epsilon tends to 0.
        ratio = np.where(epsilon > 0, tanh / np.expm1(epsilon), n / 2)
    return tanh + 2 * delta * ratio


def _tight_bound(epsilon, n, delta):
    m, is_odd = np.divmod(n, 2)
    climb = -np.expm1(-_times(m, epsilon))  # 1 - e^{-m eps}
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.where(epsilon > 0, climb / np.expm1(epsilon), m)
    # 1 - 2 p_m e^{-m eps}: the odd step adds its share of what is left to climb.
    middle = np.tanh(epsilon / 2) + delta * (1 - np.tanh(epsilon / 2))
    return climb + is_odd * (1 - climb) * middle + 2 * delta * ratio


def _times(n, epsilon):
    """n * epsilon, with 0 * inf = 0."""
    return n * np.where(n > 0, epsilon, 0.0)


_BOUNDS = {"paper": _paper_bound, "tight": _tight_bound}
_METHOD = {"method": [StrOptions({"paper", "tight"})]}


def dp_epsilon_for_privacy_loss(
    loss: ArrayLike, n: ArrayLike = 1, delta: ArrayLike = 0.0, *, method: str = "paper"
) -> Any:
    """Largest epsilon whose privacy loss stays within a limit.

    The epsilon is o(1/n): protecting larger groups takes more noise.

    Parameters
    ----------
    loss : float or array-like
        Largest privacy loss to allow, in [0, 1].
    n : int or array-like of int, default=1
        Number of records in which the data sets differ, 0 or more.
    delta : float or array-like, default=0.0
        Privacy parameter, in [0, 1).
    method : {"paper", "tight"}, default="paper"
        Which bound of :func:`dp_privacy_loss_bound` to invert.

    Returns
    -------
    epsilon : float or ndarray
        In [0, inf], of the broadcast shape of `loss`, `n` and `delta`; infinity
        where any epsilon will do.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or `delta` alone allows more than `loss`,
        so that no epsilon will do.

    See Also
    --------
    dp_privacy_loss_bound : The bound that is inverted.

    Examples
    --------
    >>> from sklearn_mid.metrics import dp_epsilon_for_privacy_loss
    >>> round(dp_epsilon_for_privacy_loss(0.5, n=1), 3)
    1.099
    >>> round(dp_epsilon_for_privacy_loss(0.5, n=10, method="tight"), 3)
    0.139
    """
    check_parameters("dp_epsilon_for_privacy_loss", _METHOD, method=method)
    loss = _checked("loss", loss, 0, 1)
    n = _checked_count(n)
    delta = _checked("delta", delta, 0, 1, high_allowed=False)
    loss, n, delta = np.broadcast_arrays(loss, n, delta)
    bound = _BOUNDS[method]
    least = np.minimum(n * delta, 1.0)
    if (least > loss).any():
        raise ValueError(
            f"loss must be at least n * delta = {least[least > loss].max():g}, which "
            f"delta allows at epsilon=0; got loss={loss[least > loss].min():g}."
        )
    unlimited = (loss == 1) | (n == 0)
    loss = np.where(unlimited, 0.0, loss)
    # Records and delta only add to the bound: one record without delta has the
    # largest root, that of tanh(epsilon / 2).
    epsilon = _largest(lambda e: bound(e, n, delta), loss, 2 * np.arctanh(loss))
    return _plain(np.where(unlimited, np.inf, epsilon))


def information_accuracy_bound(mutual_information: ArrayLike, p_max: ArrayLike) -> Any:
    r"""Largest accuracy of an attacker who sees a release with little information.

    An attacker guesses a secret whose most probable value has probability `p_max`.
    If the release carries I nats about the secret, then a guess made from it is
    right with probability a, where :math:`kl(a \Vert p_{max}) \le I` and kl is the
    divergence between two coins. This is the data-processing inequality, applied to
    the event that the guess is right; it is sharper than Fano's inequality.

    The bound speaks of attackers who are fed with the *release*, and of the average
    over people. Who also knows the person's true response may do better, because
    that tells about the secret by itself.

    Parameters
    ----------
    mutual_information : float or array-like
        Information between secret and release given what else the attacker knows,
        in nats, 0 or more.
    p_max : float or array-like
        Accuracy of the best guess without the release, in (0, 1].

    Returns
    -------
    accuracy : float or ndarray
        In [p_max, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    information_for_accuracy : The inverse.
    dp_privacy_loss_bound : The bound from differential privacy.

    References
    ----------
    .. [1] Cover, T. M., & Thomas, J. A. (2006). Elements of Information Theory,
       2nd ed., section 2.8. doi:10.1002/047174882X.

    Examples
    --------
    >>> from sklearn_mid.metrics import information_accuracy_bound
    >>> round(information_accuracy_bound(0.1, p_max=0.5), 3)
    0.72
    >>> information_accuracy_bound(0.0, p_max=0.5)
    0.5
    """
    information = _checked("mutual_information", mutual_information, 0, np.inf)
    p_max = _checked("p_max", p_max, 0, 1, low_allowed=False)
    information, p_max = np.broadcast_arrays(information, p_max)
    gain = _largest(lambda g: _coin_divergence(g, p_max), information, 1 - p_max)
    # kl(1 || p_max) = -ln(p_max): with so much, every guess may be right.
    return _plain(np.where(information >= -np.log(p_max), 1.0, p_max + gain))


def information_for_accuracy(accuracy: ArrayLike, p_max: ArrayLike) -> Any:
    r"""Least information with which an attacker can reach an accuracy.

    Parameters
    ----------
    accuracy : float or array-like
        Accuracy of the attacker's guesses, in [0, 1].
    p_max : float or array-like
        Accuracy of the best guess without the release, in (0, 1].

    Returns
    -------
    mutual_information : float or ndarray
        :math:`kl(accuracy \Vert p_{max})` in nats; 0 where `accuracy` is at most
        `p_max`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    See Also
    --------
    information_accuracy_bound : The inverse.

    Examples
    --------
    >>> from sklearn_mid.metrics import information_for_accuracy
    >>> round(information_for_accuracy(1.0, p_max=0.5), 3)
    0.693
    """
    accuracy = _checked("accuracy", accuracy, 0, 1)
    p_max = _checked("p_max", p_max, 0, 1, low_allowed=False)
    accuracy, p_max = np.broadcast_arrays(accuracy, p_max)
    return _plain(_coin_divergence(np.maximum(accuracy - p_max, 0), p_max))


def _coin_divergence(gain, p):
    """kl(p + gain || p) in nats, for a gain of 0 or more."""
    p_not = 1 - p
    with np.errstate(divide="ignore", invalid="ignore"):
        # log1p keeps the digits that a difference of two logarithms would lose.
        hit = (p + gain) * np.log1p(gain / p)
        miss = (p_not - gain) * np.log1p(-gain / p_not)
    return np.maximum(np.where(gain < p_not, hit + miss, rel_entr(1.0, p)), 0) * (
        gain > 0
    )


def _largest(increasing, limit, high):
    """Largest x in [0, high] with increasing(x) <= limit, elementwise, by halving."""
    low = np.zeros_like(high)
    while True:
        middle = (low + high) / 2
        if ((middle <= low) | (middle >= high)).all():
            return low
        within = increasing(middle) <= limit
        low, high = np.where(within, middle, low), np.where(within, high, middle)


def _plain(values):
    """A float for scalar parameters, else the array."""
    return float(values) if np.ndim(values) == 0 else values


def _checked(name, value, low, high, *, low_allowed=True, high_allowed=True):
    value = as_numbers(value, name)
    inside = (value > low) | (low_allowed & (value == low))
    inside &= (value < high) | (high_allowed & (value == high))
    if not inside.all():
        brackets = "[" if low_allowed else "(", "]" if high_allowed else ")"
        raise ValueError(
            f"{name} must lie in {brackets[0]}{low}, {high}{brackets[1]}, got "
            f"{value[~inside].flat[0]:g}."
        )
    return value


def _checked_count(n):
    value = as_numbers(n, "n")
    if not (np.isfinite(value).all() and (value >= 0).all() and (value % 1 == 0).all()):
        raise ValueError(f"n must be a whole number of records, 0 or more, got {n!r}.")
    return value
