"""What a split gains and what it costs, for all nodes of a block at once.

With F(x) = x log x, class counts n_tc of a node t and n_tvc of its children v,

    n_t IG_t = sum_vc F(n_tvc) - sum_v F(n_tv) - sum_c F(n_tc) + F(n_t)
    n_t H_t  = F(n_t) - sum_v F(n_tv)

so neither needs a division, and both are exact but for rounding of the sums.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_mid.tree._histogram import count, xlogx

__all__ = ["LabelPenalty", "Limits", "Rows", "SizePenalty", "best_splits"]


@dataclass
class Limits:
    """Smallest child a split may make, in rows and in weight."""

    min_samples_leaf: int = 1
    min_weight_leaf: float = 0.0

    @property
    def counts_rows(self):
        return self.min_samples_leaf > 1

    @property
    def bind(self):
        return self.min_samples_leaf > 1 or self.min_weight_leaf > 0

    def forbid(self, occurs, size, n_rows):
        """Which children occur and are too small; rows may be None if not counted."""
        small = size < self.min_weight_leaf
        if n_rows is not None:
            small = small | (n_rows < self.min_samples_leaf)
        return occurs & small


@dataclass
class Rows:
    """The rows of a block of nodes, ordered by node.

    `node` counts the block's nodes from 0; `totals` are the nodes' weighted class
    counts, of shape (n_classes, n_nodes).
    """

    node: np.ndarray
    label: np.ndarray
    weight: np.ndarray | None
    class_weight: np.ndarray | None
    totals: np.ndarray
    largest: float

    def __post_init__(self):
        self.n_classes, self.n_nodes = self.totals.shape
        self.base = self.label
        if self.n_nodes > 1:
            self.base = np.multiply(self.label, self.n_nodes, dtype=np.intp)
            self.base += self.node
        self.size = self.totals.sum(axis=0)
        self.class_term = xlogx(self.totals, self.largest).sum(axis=0)
        self.size_term = xlogx(self.size, self.largest)
        # Splits closer than this are ties: rounding must not choose between them.
        self.tolerance = 1e-13 * (self.size + np.abs(self.size_term))


@dataclass
class Split:
    """A split of every node of a block on one feature.

    `score` is ``n_t * IG_t - price``, -inf where no split is allowed, and
    `split_information` is ``n_t * H_t``. `code` is the highest code that goes left and
    `next_code` the lowest one seen that goes right, both None for categories.
    """

    score: np.ndarray
    split_information: np.ndarray
    code: np.ndarray | None = None
    next_code: np.ndarray | None = None


class SizePenalty:
    """``lambda * n_t * H_t``: the information the children's identity carries.

    Parameters
    ----------
    strength : ndarray of shape (n_features,)
        Lambda of each feature; 0 for one whose splits are free.
    """

    def __init__(self, strength):
        self.strength = strength

    def start_level(self, label_mass):
        """The labels of other nodes do not matter here."""

    def price(self, feature, split_information, label_mass, parent_mass):
        strength = self.strength[feature]
        if strength == 0:
            return 0.0
        paid = split_information > 0
        return np.where(paid, strength * np.where(paid, split_information, 1.0), 0.0)


class LabelPenalty:
    """``lambda * N * (change of H(Yhat))``, H(Yhat) the entropy of all labels.

    A split changes the mass q_c of rows labelled c, and N H(Yhat) = F(N) - sum F(q_c).
    All splits of one level are priced against the labels at its start: the tree does
    not depend on the order of nodes. As F is convex, splits that move the same mass
    the same way are together never dearer than their prices say.
    """

    def __init__(self, strength):
        self.strength = strength

    def start_level(self, label_mass):
        self.label_mass = label_mass

    def price(self, feature, split_information, label_mass, parent_mass):
        if self.strength == 0:
            return 0.0
        change = label_mass() - parent_mass()
        before = self.label_mass.reshape(-1, *[1] * (change.ndim - 1))
        after = np.maximum(before + change, 0.0)
        risen = xlogx(before).sum(axis=0) - xlogx(after).sum(axis=0)
        risen = np.where((change != 0).any(axis=0), risen, 0.0)
        paid = risen != 0
        return np.where(paid, self.strength * np.where(paid, risen, 1.0), 0.0)


def label_mass(counts):
    """Mass of each class as the label of its cell: the majority, ties to the first."""
    size = counts.sum(axis=0)
    label = counts.argmax(axis=0)
    classes = np.arange(len(counts)).reshape(-1, *[1] * size.ndim)
    return np.where(label == classes, size, 0)


def best_splits(feature, codes, block, n_codes, is_numeric, rows, penalty, limits):
    """Best split of every node of a block on one feature.

    `codes`, `n_codes` and `is_numeric` are those of all features, and the block is a
    slice of `codes`.

    Returns
    -------
    split : Split
        Of all thresholds with the best score, the one of least split information.
    varies : bool
        Whether the feature takes two values in any node.
    """
    counts = count(
        codes[feature, block], n_codes[feature], rows, want_rows=limits.counts_rows
    )
    if rows.class_weight is not None:
        weight = rows.class_weight.reshape(-1, *[1] * (counts.by_class.ndim - 1))
        counts.by_class = counts.by_class * weight
    split = _split_numeric if is_numeric[feature] else _split_categorical
    with np.errstate(over="ignore"):  # an infinite price is a valid one
        return split(feature, counts, rows, penalty, limits)


def _split_categorical(feature, counts, rows, penalty, limits):
    by_class, largest = counts.by_class, rows.largest
    size = by_class.sum(axis=0)
    size_term = counts.sum(xlogx(size, largest))
    cell_term = counts.sum(xlogx(by_class, largest).sum(axis=0))
    split_information = rows.size_term - size_term
    gain = cell_term - size_term - rows.class_term + rows.size_term
    split_information[split_information <= rows.tolerance] = 0.0
    varies = split_information > 0
    price = penalty.price(
        feature,
        split_information,
        lambda: counts.sum(label_mass(by_class)),
        lambda: label_mass(rows.totals),
    )
    allowed = varies
    if limits.bind:
        too_small = limits.forbid(size > 0, size, counts.n_rows)
        allowed = varies & (counts.sum(too_small.astype(int)) == 0)
    score = np.where(allowed, gain - price, -np.inf)
    return Split(score, split_information), varies.any()


def _split_numeric(feature, counts, rows, penalty, limits):
    largest = rows.largest
    missing_code = counts.n_codes - 1
    is_missing = counts.is_code(missing_code)
    known = np.where(is_missing, 0, counts.by_class)
    missing = counts.spread(counts.of_code(counts.by_class, missing_code))
    left = counts.running_sum(known)
    right = np.maximum(counts.spread(counts.sum(known)) - left, 0)
    children = (left, right, missing)
    sizes = [child.sum(axis=0) for child in children]

    present = (known > 0).any(axis=0)
    n_left = counts.running_sum(present.astype(int))
    has_missing = sizes[2] > 0
    has_right = n_left < counts.spread(counts.sum(present.astype(int)))
    allowed = present & (has_right | has_missing)
    varies = allowed.any()
    if limits.bind:
        occurs = (present, has_right, has_missing)
        n_rows = (None, None, None)
        if limits.counts_rows:
            known_rows = np.where(is_missing, 0, counts.n_rows)
            left_rows = counts.running_sum(known_rows)
            n_rows = (
                left_rows,
                counts.spread(counts.sum(known_rows)) - left_rows,
                counts.spread(counts.of_code(counts.n_rows, missing_code)),
            )
        for child in zip(occurs, sizes, n_rows, strict=True):
            allowed = allowed & ~limits.forbid(*child)

    size_term = sum(xlogx(size, largest) for size in sizes)
    cell_term = sum(xlogx(child, largest).sum(axis=0) for child in children)
    split_information = counts.spread(rows.size_term) - size_term
    gain = split_information - counts.spread(rows.class_term) + cell_term
    price = penalty.price(
        feature,
        split_information,
        lambda: sum(label_mass(child) for child in children),
        lambda: counts.spread(label_mass(rows.totals)),
    )
    score = np.where(allowed, gain - price, -np.inf)
    best = counts.largest(score)
    tied = allowed & (score >= counts.spread(best - rows.tolerance))
    least = -counts.largest(np.where(tied, -split_information, -np.inf))
    code = counts.first(
        tied & (split_information <= counts.spread(least + rows.tolerance))
    )
    next_code = counts.first(present & counts.after(code))
    return Split(best, least, code, next_code), varies
