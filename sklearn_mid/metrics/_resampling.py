"""Bayesian bootstraps (Rubin 1981) of an attack's scores, in time that hardly grows.

Each person has a random weight, a standard exponential. People who enter a score alike
share the sum of theirs, a gamma variable. Where all differ, neighbours are put together
into blocks that are fine enough for the limits: the number of random draws does not
grow with the people.
"""

import numpy as np
from scipy import sparse

from sklearn_mid.metrics._attack import matthews_correlation
from sklearn_mid.metrics._bootstrap import PSEUDO_COUNT, proportions
from sklearn_mid.utils._ranking import (
    FALSE_POSITIVE_RATE,
    area_and_influence,
    height_at,
    n_top,
    true_positive_rate,
)

__all__ = [
    "resampled_areas",
    "resampled_matthews",
    "resampled_rates",
    "resampled_top_precision",
]

_BLOCKS = 512
# Weights drawn at a time: keeps the resampling of many cells within some 50 MB.
_CHUNK = 2**21


def resampled_matthews(true, pred, n_values, n_resamples, rng):
    """Matthews' correlation, from draws of the cells of truth and guess."""
    value = np.arange(n_values)
    # Pseudo-rows, right and wrong, are spread evenly over the values. Each value gets
    # one wrong partner, so that the cells stay few when values are many.
    cell_true = np.concatenate([true, value, value])
    cell_pred = np.concatenate([pred, value, np.roll(value, -1)])
    rows = np.repeat([1.0, PSEUDO_COUNT / n_values], [len(true), 2 * n_values])
    cells, cell_of_row = np.unique(
        cell_true * n_values + cell_pred, return_inverse=True
    )
    mass = np.bincount(cell_of_row, weights=rows)
    cell_true, cell_pred = np.divmod(cells, n_values)
    is_hit = (cell_true == cell_pred).astype(np.float64)
    to_true, to_pred = (
        sparse.csr_array((np.ones(len(cells)), (np.arange(len(cells)), codes)))
        for codes in (cell_true, cell_pred)
    )
    chunks = []
    for size in _chunk_sizes(n_resamples, len(cells)):
        # Shares would be these over their sum, which the correlation ignores.
        draws = rng.standard_gamma(mass, size=(size, len(cells)))
        chunks.append(
            matthews_correlation(draws @ is_hit, draws @ to_true, draws @ to_pred)
        )
    return np.concatenate(chunks)


def resampled_areas(true, proba, n_resamples, rng):
    """Areas under weights of the rows, to first order in them."""
    area, influence = area_and_influence(true, proba)
    if np.isnan(area):
        return np.full(n_resamples, np.nan)
    n, counts = len(true), np.bincount(true)
    edges = _edges(n)
    sizes = np.diff(edges)
    # Rows of nearly the same influence share one weight.
    influence = np.add.reduceat(np.sort(influence), edges[:-1]) / sizes
    weights = rng.standard_gamma(sizes, size=(n_resamples, len(sizes)))
    areas = area + weights @ influence / weights.sum(axis=1)
    # An area is the share of (positive, negative) pairs in order: pseudo-rows that
    # beat everybody, and nobody, join the rarer side.
    return _off_the_ends(areas, counts[counts > 0].min(), n_resamples, rng)


def resampled_top_precision(right, shares, n_resamples, rng):
    """Precision among the most certain, for each of the shares.

    `right` is ordered by certainty; who belongs to the most certain is resampled too.
    """
    n = len(right)
    counts = [n_top(n, share) for share in shares]
    in_reach = _reach(max(counts), n)
    # Fine where the smallest share ends.
    edges = np.unique(np.geomspace(1, in_reach, min(in_reach, _BLOCKS)).round())
    edges = np.r_[0, edges].astype(int)
    sizes = np.diff(edges)
    weights = rng.standard_gamma(sizes, size=(n_resamples, len(sizes)))
    total = weights.sum(axis=1) + rng.standard_gamma(n - in_reach, size=n_resamples)
    weight_right = weights * (np.add.reduceat(right[:in_reach], edges[:-1]) / sizes)
    replicates = []
    for count in counts:
        limit = count / n * total
        drawn = height_at(weights, weight_right, limit[:, None])
        replicates.append(_off_the_ends(drawn / limit, count, n_resamples, rng))
    return replicates


def resampled_rates(negative, positive, n_resamples, rng):
    """True positive rates at the false positive rate of the scores."""
    n_negative, n_positive = negative.sum(), positive.sum()
    if not (n_negative and n_positive):
        return np.full(n_resamples, np.nan)
    in_reach = _reach(FALSE_POSITIVE_RATE * n_negative, n_negative)
    stop = np.searchsorted(np.cumsum(negative), in_reach) + 1
    starts = np.r_[_edges(min(stop, len(negative)))[:-1], stop]
    starts = starts[starts < len(negative)]
    masses = (np.add.reduceat(steps, starts) for steps in (negative, positive))
    draws = (rng.standard_gamma(m, size=(n_resamples, len(m))) for m in masses)
    return _off_the_ends(true_positive_rate(*draws), n_positive, n_resamples, rng)


def _off_the_ends(shares, n, n_resamples, rng):
    """Shares of n rows with pseudo-rows that are right, and wrong."""
    kinds = proportions([n, 0, 0], n_resamples, rng)
    return kinds[:, 0] * shares + kinds[:, 1]


def _reach(count, n):
    """How many rows, in order, a resample's first `count` of n may come to."""
    return int(min(n, np.ceil(count + 8 * np.sqrt(count) + 8)))


def _edges(n):
    """Borders of blocks of n rows."""
    return np.linspace(0, n, min(n, _BLOCKS) + 1).astype(int)


def _chunk_sizes(n_resamples, width):
    size = max(1, _CHUNK // width)
    full, rest = divmod(n_resamples, size)
    return [size] * full + [rest] * (rest > 0)
