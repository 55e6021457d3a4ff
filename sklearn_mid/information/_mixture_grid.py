"""Mixture entropy on a grid: linear in the number of centres.

Positions are in units of sigma throughout. The kernel phi(y - f) is interpolated by
a cubic spline in f between grid nodes: with B the cubic B-spline and B^-1 the usual
spline prefilter,

    sum_j w_j phi(y - f_j)  ~  sum_g m_g phi(y - g),     m = B^-1 (sum_j w_j B(g - f_j))

so the centres become *node masses* m, and everything else happens on the nodes, by
FFT convolution. (Linear binning in place of B would add up to (step / 2)^2 to each
component's variance, an error of order step^2; the spline's is of order step^4, and
it is twice differentiable.) An entropy is a function h(m); its gradient follows by
the chain rule through the same spline,

    dh/df_k = w_k q'(f_k),      q = the cubic spline through the values r_g = dh/dm_g

which is the exact gradient of the value returned, not an approximation of its own.
"""

from functools import cache

import numpy as np
from scipy.ndimage import spline_filter1d
from scipy.signal import oaconvolve

__all__ = ["grid_entropy_and_gradient", "single_component_entropy"]

_STEPS = 32  # grid nodes per sigma
_REACH = 8 * _STEPS  # phi(8) = 5e-15: what lies further apart does not interact
_PAD = _REACH + 2
_BLOCK = 2**17  # nodes handled at a time; bounds the memory
_CHUNK = 2**16  # centres handled at a time; keeps temporaries in cache


def single_component_entropy(taylor_order):
    """Entropy of N(0, 1) in nats, as a Taylor order (or None, exactly) has it."""
    return 0.5 * np.log(2 * np.pi) + (0.0 if taylor_order == 0 else 0.5)


def grid_entropy_and_gradient(centers, weights, taylor_order):
    """Entropy of the mixture of N(centers, 1) in nats, and d entropy / d centers.

    Parameters
    ----------
    centers : ndarray of shape (n,)
        In units of sigma.
    weights : ndarray of shape (n,)
        Positive, with sum 1.
    taylor_order : {0, 2} or None
        None for quadrature.

    Returns
    -------
    value : float
    gradient : ndarray of shape (n,)
    """
    on_nodes = _quadrature if taylor_order is None else _TAYLOR[taylor_order]
    # whole nodes off: the grid stays put when the lowest centre moves a little
    nodes = centers * _STEPS
    nodes -= np.floor(nodes.min())
    if nodes.max() <= min(_BLOCK, 2 * _REACH * len(nodes)):
        return _in_one(nodes, weights, on_nodes)

    # Far apart relative to sigma. Nothing acts over an empty stretch, so stretches
    # are cut to the length that still separates, and lone centres need no grid.
    order = np.argsort(nodes)
    nodes, weights = nodes[order], weights[order]
    gaps = np.diff(nodes, prepend=-np.inf, append=np.inf)
    lone = (gaps[:-1] > 2 * _REACH) & (gaps[1:] > 2 * _REACH)
    value = np.sum(
        weights[lone] * (single_component_entropy(taylor_order) - np.log(weights[lone]))
    )
    gradient = np.zeros(len(nodes))
    if not lone.all():
        part, gradient[order[~lone]] = _in_blocks(
            nodes[~lone], weights[~lone], on_nodes
        )
        value += part
    return float(value), gradient


def _in_one(nodes, weights, on_nodes):
    nodes = nodes + _PAD
    mass = _node_masses(nodes, weights, int(nodes.max()) + _PAD)
    value, response = on_nodes(mass, slice(None))
    return value, _spline_gradient(nodes, weights, response)


def _in_blocks(nodes, weights, on_nodes):
    """Sorted centres, block by block, each with a margin that reaches far enough."""
    excess = np.floor(np.diff(nodes, prepend=nodes[0]) - 2 * _REACH)
    nodes = nodes - nodes[0] - np.cumsum(np.maximum(excess, 0))
    if nodes[-1] <= _BLOCK:
        return _in_one(nodes, weights, on_nodes)
    value, gradient = 0.0, np.empty(len(nodes))
    # Twice the reach: the response at a centre needs the density within one reach,
    # and the density there needs the centres within another.
    margin = 2 * _PAD
    for start in range(-_PAD, int(nodes[-1]) + _PAD, _BLOCK):
        stop = start + _BLOCK
        near = slice(*np.searchsorted(nodes, [start - margin, stop + margin]))
        inner = slice(*np.searchsorted(nodes, [start, stop]))
        local = nodes[near] - start + 2 * margin
        mass = _node_masses(local, weights[near], _BLOCK + 4 * margin)
        part, response = on_nodes(mass, slice(2 * margin, 2 * margin + _BLOCK))
        value += part
        gradient[inner] = _spline_gradient(
            nodes[inner] - start + 2 * margin, weights[inner], response
        )
    return value, gradient


# ---------------------------------------------------------------- centres <-> nodes


def _cells(nodes):
    for first in range(0, len(nodes), _CHUNK):
        rows = slice(first, first + _CHUNK)
        cell = nodes[rows].astype(np.intp)
        yield rows, cell, nodes[rows] - cell


def _node_masses(nodes, weights, n_nodes):
    # A centre at t in [0, 1) of its cell gives the nodes -1, 0, 1, 2 the masses
    # (1-t)^3, 4-6t^2+3t^3, 1+3t+3t^2-3t^3, t^3, each / 6: cubics in t, so that the
    # weighted moments of t per cell are all that is needed of the centres.
    moments = np.zeros((4, n_nodes))
    for rows, cell, t in _cells(nodes):
        term = weights[rows].copy()
        moments[0] += np.bincount(cell, term, n_nodes)
        for power in (1, 2, 3):
            term *= t
            moments[power] += np.bincount(cell, term, n_nodes)
    m0, m1, m2, m3 = moments / 6
    spread = 4 * m0 - 6 * m2 + 3 * m3
    spread[:-1] += (m0 - 3 * m1 + 3 * m2 - m3)[1:]
    spread[1:] += (m0 + 3 * m1 + 3 * m2 - 3 * m3)[:-1]
    spread[2:] += m3[:-2]
    return spline_filter1d(spread, order=3)


def _spline_gradient(nodes, weights, response):
    q = spline_filter1d(response, order=3)
    before, at, after, beyond = q[:-3], q[1:-2], q[2:-1], q[3:]
    # q'(t) = c0 + c1 t + c2 t^2 in each cell, from the derivatives of the cubics
    c0 = (after - before) / 2
    c1 = before - 2 * at + after
    c2 = (beyond - before + 3 * (at - after)) / 2
    gradient = np.empty(len(nodes))
    for rows, cell, t in _cells(nodes):
        cell -= 1  # the coefficients start at node 1
        slope = c2[cell]
        slope *= t
        slope += c1[cell]
        slope *= t
        slope += c0[cell]
        gradient[rows] = slope
    gradient *= weights
    gradient *= _STEPS
    return gradient


# ------------------------------------------------------------ entropies on the nodes


@cache
def _kernels():
    """phi, phi' and phi'' on the nodes within reach."""
    z = np.arange(-_REACH, _REACH + 1) / _STEPS
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return np.stack([phi, -z * phi, (z**2 - 1) * phi])


def _floored(density):
    # Below this, FFT round-off is all there is; the logarithm needs something.
    return np.maximum(density, 1e-17 * density.max())


def _quadrature(mass, inner):
    """h = -step * sum_g p_g log p_g: the trapezoid rule, spectrally accurate here.

    dh/dm_g = -step * sum_y phi(y - g) (log p_y + 1); the 1 drops out, because moving
    a centre moves mass without changing its sum.
    """
    phi = _kernels()[0]
    p = _floored(oaconvolve(mass, phi, mode="same"))
    log_p = np.log(p)
    value = -float(p[inner] @ log_p[inner]) / _STEPS
    return value, -oaconvolve(log_p, phi, mode="same") / _STEPS


def _taylor_0(mass, inner):
    """h = -sum_i w_i log p(f_i) (Huber et al. 2008, eq. 8, order 0).

    A node's mass acts twice: through where the log density is read, and through the
    density itself. So with a = dG/dp = 1/p and G = log p,
    dh/dm_g = -(G_g + sum_i m_i a_i phi(i - g)).
    """
    phi = _kernels()[0]
    p = _floored(oaconvolve(mass, phi, mode="same"))
    log_p = np.log(p)
    value = -float(mass[inner] @ log_p[inner])
    return value, -(log_p + oaconvolve(mass / p, phi, mode="same"))


def _taylor_2(mass, inner):
    """h = -sum_i w_i G(f_i), G = log p + (p''/p - (p'/p)^2) / 2 (Huber et al., eq. 9).

    The second term is half of (log p)'' times the variance 1 of a component. With
    a, b, c = dG/dp, dG/dp', dG/dp'', and phi' odd,
    dh/dm_g = -(G_g + sum_i m_i [a_i phi - b_i phi' + c_i phi''](g - i)).
    """
    kernels = _kernels()
    p, p1, p2 = oaconvolve(np.tile(mass, (3, 1)), kernels, mode="same", axes=-1)
    p = _floored(p)
    p1, p2 = p1 / p, p2 / p
    log_p = np.log(p) + (p2 - p1**2) / 2
    value = -float(mass[inner] @ log_p[inner])
    through_density = (
        mass / p * np.stack([1 - p2 / 2 + p1**2, p1, np.full_like(p, 0.5)])
    )
    response = oaconvolve(through_density, kernels, mode="same", axes=-1).sum(axis=0)
    return value, -(log_p + response)


_TAYLOR = {0: _taylor_0, 2: _taylor_2}
