"""How much Gaussian noise (epsilon, delta)-differential privacy takes, exactly."""

import numpy as np
from scipy.special import log_ndtr

__all__ = ["gaussian_delta", "gaussian_mu"]

_N_HALVINGS = 200


# A release with Gaussian noise of standard deviation s, of something whose sensitivity
# is D, is as private as telling N(0, 1) from N(m, 1) is hard, m = D / s: m-GDP (Dong,
# Roth & Su 2022, doi:10.1111/rssb.12454). Several releases, one after another, are so
# with the root of the sum of squares, also if each is chosen by those before. And m-GDP
# is (epsilon, delta)-differential privacy for all pairs on the curve (Balle & Wang
# 2018, arXiv:1805.06530)
#
#     delta = Phi(m/2 - epsilon/m) - e^epsilon Phi(-m/2 - epsilon/m).
def gaussian_delta(mu: float, epsilon: float) -> float:
    """The delta that goes with `epsilon` where releases are told apart at `mu`."""
    hit = log_ndtr(mu / 2 - epsilon / mu)
    miss = epsilon + log_ndtr(-mu / 2 - epsilon / mu)
    return float(np.exp(hit) * -np.expm1(min(miss - hit, 0.0)))


def gaussian_mu(epsilon: float, delta: float) -> float:
    """Largest ratio of sensitivity to standard deviation, summed in squares.

    Parameters
    ----------
    epsilon : float
        Above 0.
    delta : float
        In (0, 1).
    """
    low, high = 0.0, np.sqrt(2 * epsilon) + 100.0
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if gaussian_delta(middle, epsilon) <= delta:
            low = middle
        else:
            high = middle
    return low
