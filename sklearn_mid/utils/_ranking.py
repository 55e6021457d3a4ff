"""What the order of an attack's probabilities is worth: areas, and the most certain.

Everything is computed of rows sorted once by score; rows of equal scores, which no
attacker can tell apart, share what they would have on average in a random order.
"""

import numpy as np

__all__ = [
    "TOP_SHARES",
    "area_and_influence",
    "height_at",
    "n_top",
    "right_by_certainty",
    "roc_steps",
    "top_name",
    "top_precision",
    "true_positive_rate",
]

TOP_SHARES = (0.01, 0.05, 0.1)
FALSE_POSITIVE_RATE = 0.01


def top_name(share):
    return f"precision_top_{100 * share:.0f}pct"


def _tie_starts(ordered):
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])


def area_and_influence(true, proba, *, least=1):
    """One-against-rest area, averaged over values, and each row's influence on it.

    Averaged over values that at least `least` rows have, and as many do not.

    With a_i the share of negatives that a positive beats, b_j the share of positives
    that beat a negative (ties count half) and A the area, the mean of either,

        influence = n * ((a_i - A) / n_positive  or  (b_j - A) / n_negative):

    under weights w of the rows the area is A + sum(w * influence) / sum(w) up to
    products of two weights' deviations. NaN and zeros if there is no such value.
    The spread of the influences knows nothing of a value that a single row has, the
    area of which is one draw: who wants intervals of rare values asks for several.
    """
    n, counts = len(true), np.bincount(true, minlength=proba.shape[1])
    influence = np.zeros(n)
    value_codes = np.flatnonzero(np.minimum(counts, n - counts) >= least)
    if not len(value_codes):
        return np.nan, influence
    if proba.shape[1] == 2:  # both areas are the same
        value_codes = np.array([1])
    areas = []
    for v in value_codes:
        order = np.argsort(proba[:, v])  # in whatever order where scores are equal
        is_positive = true[order] == v
        starts = _tie_starts(proba[order, v])
        sizes = np.diff(starts, append=n)
        positive = np.add.reduceat(is_positive.astype(np.float64), starts)
        negative = sizes - positive
        n_positive, n_negative = positive.sum(), negative.sum()
        beaten = (np.cumsum(negative) - negative / 2) / n_negative
        beating = 1 - (np.cumsum(positive) - positive / 2) / n_positive
        area = positive @ beaten / n_positive
        influence[order] += np.where(
            is_positive,
            np.repeat((beaten - area) * (n / n_positive), sizes),
            np.repeat((beating - area) * (n / n_negative), sizes),
        )
        areas.append(area)
    return float(np.mean(areas)), influence / len(value_codes)


def right_by_certainty(is_right, certainty):
    """Right guesses, the most certain first."""
    order = np.argsort(-certainty, kind="stable")
    starts = _tie_starts(certainty[order])
    sizes = np.diff(starts, append=len(order))
    right = np.add.reduceat(is_right[order].astype(np.float64), starts)
    return np.repeat(right / sizes, sizes)


def top_precision(right, share):
    """Share of right guesses among the most certain, one person at least."""
    return float(right[: n_top(len(right), share)].mean())


def n_top(n, share):
    return max(1, round(np.ceil(share * n - 1e-9)))


def roc_steps(is_positive, score):
    """Negatives and positives at each score, the highest first."""
    order = np.argsort(-score, kind="stable")
    starts = _tie_starts(score[order])
    positive = np.add.reduceat(is_positive[order].astype(np.float64), starts)
    return np.diff(starts, append=len(order)) - positive, positive


def true_positive_rate(negative, positive, rate=FALSE_POSITIVE_RATE):
    """Height of the ROC curve at a false positive rate; leading axes are resamples.

    Within a step, as between ties, the curve is a straight line. A rate that falls on
    a jump gets its top. NaN without negatives or positives.
    """
    if not (np.any(negative) and np.any(positive)):
        return np.full(np.shape(negative)[:-1], np.nan)
    limit = rate * np.sum(negative, axis=-1, keepdims=True)
    return height_at(negative, positive, limit) / np.sum(positive, axis=-1)


def height_at(steps, rises, limit):
    """Height, after `limit`, of a curve that climbs by `rises` within `steps`.

    A limit at a step of no width is behind it. Leading axes are resamples.
    """
    x, y = (
        np.concatenate([np.zeros((*c.shape[:-1], 1)), c], axis=-1)
        for c in (np.cumsum(steps, axis=-1), np.cumsum(rises, axis=-1))
    )
    limit = limit * (1 + 1e-12)  # sums that would equal it exactly are within
    before = np.count_nonzero(x <= limit, axis=-1)[..., None] - 1
    after = np.minimum(before + 1, x.shape[-1] - 1)
    x0, x1, y0, y1 = (
        np.take_along_axis(c, i, axis=-1) for c in (x, y) for i in (before, after)
    )
    share = np.divide(limit - x0, x1 - x0, out=np.zeros_like(x0), where=x1 > x0)
    return (y0 + share * (y1 - y0))[..., 0]
