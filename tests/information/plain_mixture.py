"""Mixture entropy by sums over all pairs of centres: the plain way, O(n^2)."""

import numpy as np


def pairwise_sums(centers, sigma, taylor_order, weights=None):
    """Taylor entropy of the mixture of N(centers, sigma^2) in nats, and its gradient.

    With G = log p, plus (p''/p - (p'/p)^2) / 2 at order 2, h = -sum_i w_i G(f_i). A
    centre f_k acts through where G is read and through the densities, whose
    derivative by f_k is -w_k phi'(f_i - f_k), and so on up to phi''':

        dh/df_k = -w_k dG/dy(f_k)
                  + w_k sum_i w_i (a_i phi' + b_i phi'' + c_i phi''')(f_i - f_k)

    where a, b, c = dG/dp, dG/dp', dG/dp''.
    """
    centers = np.asarray(centers) / sigma
    weights = np.ones(len(centers)) if weights is None else np.asarray(weights)
    weights = weights / weights.sum()
    z = centers[:, None] - centers
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    # phi, phi', phi'', phi''' at f_i - f_k: Hermite polynomials times phi
    phis = np.stack([phi, -z * phi, (z**2 - 1) * phi, (3 * z - z**3) * phi])
    p, p1, p2, p3 = phis @ weights
    log_density, slope = np.log(p), p1 / p
    dp, dp1, dp2 = 1 / p, np.zeros_like(p), np.zeros_like(p)
    if taylor_order == 2:
        log_density = log_density + (p2 / p - (p1 / p) ** 2) / 2
        slope = slope + (p3 / p - 3 * p1 * p2 / p**2 + 2 * (p1 / p) ** 3) / 2
        dp = dp - p2 / (2 * p**2) + p1**2 / p**3
        dp1, dp2 = -p1 / p**2, 1 / (2 * p)
    through_density = (
        (weights * dp) @ phis[1] + (weights * dp1) @ phis[2] + (weights * dp2) @ phis[3]
    )
    value = np.log(sigma) - float(weights @ log_density)
    return value, weights * (through_density - slope) / sigma
