"""Intervals of scores that are made of shares of people, without resampling.

A share has the exact limits of Clopper & Pearson (1934). F1 of one value is a
function of a share: of the people whose secret is that value or who were guessed to
have it, the share J of those for whom both hold gives

    F1 = 2 hits / (n_true + n_guessed) = 2 J / (1 + J).

A mean of k such scores s with limits l and u has, by the method of variance estimates
recovery (Zou & Donner 2008, doi:10.1002/sim.3095), the lower limit

    mean(s) - sqrt(sum_vw rho_vw (s_v - l_v) (s_w - l_w)) / k

and the upper one likewise. Recalls of different values do not correlate. F1 scores do,
through people of one value who were guessed to have the other: with m = n_true +
n_guessed, c_vw such people and derivatives (2 [hit] - F1) / m of each score,

    cov_vw = F1_v F1_w (c_vw + c_wv) / (m_v m_w),
    var_v  = ((2 - 2 F1_v)^2 hits_v + F1_v^2 (m_v - 2 hits_v)) / m_v^2.
"""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = [
    "balanced_accuracy_limits",
    "f1_limits",
    "macro_f1_limits",
    "proportion_interval",
    "share_limits",
]

_CONSTRAINTS = {"confidence_level": [Interval(Real, 0, 1, closed="neither")]}


def proportion_interval(
    count: ArrayLike, n: ArrayLike, *, confidence_level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval over people of a share of them.

    Parameters
    ----------
    count : array-like of float
        How many of the people it is true of, for example that their secret is guessed.
        Need not be whole: the mean of several counts, say.
    n : array-like of float
        How many people there are, of the same shape.
    confidence_level : float, default=0.95
        In (0, 1).

    Returns
    -------
    low, high : ndarray
        Limits of Clopper and Pearson; 0 and 1 of nobody.

    Raises
    ------
    ValueError
        If a count is not within [0, n].

    See Also
    --------
    interval_over_splits : How much a figure varies with the split.
    bootstrap_interval : Interval over people of any statistic.

    References
    ----------
    .. [1] Clopper, C. J., & Pearson, E. S. (1934). The use of confidence or fiducial
       limits illustrated in the case of the binomial. Biometrika, 26(4), 404-413.
       doi:10.1093/biomet/26.4.404.

    Examples
    --------
    A guess that is right about 132 of 331 people:

    >>> from sklearn_mid.metrics import proportion_interval
    >>> low, high = proportion_interval(132, 331)
    >>> f"{low:.3f} to {high:.3f}"
    '0.346 to 0.454'
    """
    check_parameters(
        "proportion_interval", _CONSTRAINTS, confidence_level=confidence_level
    )
    counts, totals = as_numbers(count, "count"), as_numbers(n, "n")
    if counts.shape != totals.shape:
        raise ValueError(
            f"count and n must have one shape, got {counts.shape} and {totals.shape}."
        )
    # Beyond, floats do not tell one person from none.
    if not ((totals <= 2**53).all() and ((counts >= 0) & (counts <= totals)).all()):
        raise ValueError("count must be within [0, n], and n at most 2**53.")
    return share_limits(counts, totals, confidence_level)


def share_limits(hits, n, confidence_level):
    """Limits of Clopper and Pearson; (0, 1) of nobody."""
    tail = (1 - confidence_level) / 2
    hits, n = np.asarray(hits, dtype=np.float64), np.asarray(n, dtype=np.float64)
    misses = n - hits
    # The inverse is not defined at the ends, where the limits are 0 and 1.
    low = betaincinv(np.where(hits > 0, hits, 1), misses + 1, tail)
    high = betaincinv(hits + 1, np.where(misses > 0, misses, 1), 1 - tail)
    return np.where(hits > 0, low, 0.0), np.where(misses > 0, high, 1.0)


def f1_limits(hits, n_true, n_guessed, confidence_level):
    """Limits of the F1 of each value."""
    limits = share_limits(hits, n_true + n_guessed - hits, confidence_level)
    return tuple(2 * share / (1 + share) for share in limits)


def balanced_accuracy_limits(hits, n_true, confidence_level):
    """Limits of the mean of the recalls of the values that occur."""
    occurs = n_true > 0
    hits, n_true = hits[occurs], n_true[occurs]
    limits = share_limits(hits, n_true, confidence_level)
    return _of_mean(hits / n_true, limits, lambda gap: gap @ gap)


def macro_f1_limits(true, pred, n_values, confidence_level):
    """Limits of the mean F1 of the values that occur or were guessed."""
    n_true, n_guessed = (np.bincount(c, minlength=n_values) for c in (true, pred))
    occurs = n_true + n_guessed > 0
    rank = np.cumsum(occurs) - 1
    true, pred = rank[true], rank[pred]
    k = np.count_nonzero(occurs)
    hits, n_true, n_guessed = (
        np.bincount(c, minlength=k) for c in (true[true == pred], true, pred)
    )
    limits = f1_limits(hits, n_true, n_guessed, confidence_level)

    # Correlations as with a quarter more of a hit and half a miss of each value, so
    # that scores of 0 and 1 have some.
    hits_more = hits + 0.25
    m = n_true + n_guessed + 1.0
    f1 = 2 * hits_more / m
    spread = np.sqrt((2 - 2 * f1) ** 2 * hits_more + f1**2 * (m - 2 * hits_more))
    slope = f1 / spread
    wrong = true != pred
    cells, n_cell = np.unique(true[wrong] * k + pred[wrong], return_counts=True)
    a, b = np.divmod(cells, k)

    few = for_few_people(len(true), k) ** 2

    def squared(gap):
        joint = np.sum(n_cell * (slope * gap)[a] * (slope * gap)[b])
        return few * (gap @ gap + 2 * joint)

    return _of_mean(2 * hits / (n_true + n_guessed), limits, squared)


def for_few_people(n, k):
    """How much wider limits are for k values of n people than for many people.

    The scores of the values are estimated from the same people: n / (n - k), as where
    k means are estimated. Without it the limits of the mean F1 of five values cover
    .89 of 15 people, with it .95.
    """
    return np.sqrt(n / max(n - k, n / 2))


def _of_mean(scores, limits, squared):
    half_widths = (np.sqrt(squared(np.abs(scores - limit))) for limit in limits)
    below, above = (h / len(scores) for h in half_widths)
    mean = scores.mean()
    return max(mean - below, 0.0), min(mean + above, 1.0)
