"""Class counts of one feature at many nodes, in one pass over the rows.

Two layouts with one interface. The dense one has a cell for every (class, value,
node) and is the fast one for few values. The sparse one has a column for every
(node, value) that occurs, and keeps a feature with 10,000 values linear in the rows.

Sums over the values of a node, running sums over values and the like are methods, so
that the split criteria are written once.
"""

import numpy as np

__all__ = ["bincount", "count", "xlogx"]

_TABLE_SIZE = 1 << 16
_TABLE = np.arange(_TABLE_SIZE, dtype=np.float64)
_TABLE[1:] *= np.log(_TABLE[1:])

# Rows counted at a time: the keys stay in the cache.
_BLOCK = 1 << 16


def xlogx(counts, largest=np.inf):
    """``counts * log(counts)``, 0 at 0; integers up to `largest` are looked up."""
    if counts.dtype.kind == "i" and largest < _TABLE_SIZE:
        return _TABLE.take(counts)
    counts = np.asarray(counts, dtype=np.float64)
    return counts * np.log(np.maximum(counts, np.finfo(np.float64).tiny))


def bincount(codes, scale, base, size, weight=None):
    """Weighted counts of ``codes * scale + base``, without a wide copy of the codes."""
    if len(codes) > _BLOCK:
        return sum(
            bincount(
                codes[i : i + _BLOCK],
                scale,
                base if np.ndim(base) == 0 else base[i : i + _BLOCK],
                size,
                None if weight is None else weight[i : i + _BLOCK],
            )
            for i in range(0, len(codes), _BLOCK)
        )
    key = np.multiply(codes, scale, dtype=np.intp)
    key += base
    return np.bincount(key, weights=weight, minlength=size)


def count(codes, n_codes, rows, *, want_rows=False):
    """Class counts per (code, node) of one feature.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        The feature's codes.
    n_codes : int
        Number of codes, the one for missing entries included.
    rows : Rows
        The rows' nodes, classes and weights.
    want_rows : bool, default=False
        Whether ``n_rows`` is needed: the numbers of rows, whatever their weights.

    Returns
    -------
    DenseCounts or SparseCounts
    """
    n_cells = rows.n_classes * rows.n_nodes * n_codes
    kind = DenseCounts if n_cells <= 4 * len(codes) + 4096 else SparseCounts
    return kind(codes, n_codes, rows, want_rows)


class DenseCounts:
    """Counts as an array of shape (n_classes, n_codes, n_nodes)."""

    def __init__(self, codes, n_codes, rows, want_rows):
        n_nodes = rows.n_nodes
        shape = (n_codes, rows.n_classes, n_nodes)
        self.n_codes = n_codes
        self.by_class = (
            bincount(
                codes, rows.n_classes * n_nodes, rows.base, np.prod(shape), rows.weight
            )
            .reshape(shape)
            .transpose(1, 0, 2)
        )
        self.n_rows = None
        if want_rows:
            self.n_rows = (
                self.by_class.sum(axis=0)
                if rows.weight is None
                else bincount(
                    codes, n_nodes, rows.node, n_codes * n_nodes, None
                ).reshape(n_codes, n_nodes)
            )

    def sum(self, values):
        """Sum over the codes of each node."""
        return values.sum(axis=-2)

    def largest(self, values):
        return values.max(axis=-2)

    def running_sum(self, values):
        return values.cumsum(axis=-2)

    def spread(self, per_node):
        """Per-node numbers, to be combined with per-code ones."""
        return per_node[..., None, :]

    def of_code(self, values, code):
        """What stands at one code, per node (0 where it does not occur)."""
        return values[..., code, :]

    def is_code(self, code):
        return (np.arange(self.n_codes) == code)[:, None]

    def first(self, mask):
        """Lowest code of each node where `mask` holds, else `n_codes`."""
        found = mask.argmax(axis=0)
        return np.where(mask.any(axis=0), found, self.n_codes)

    def after(self, code):
        """Where a value's code is above the node's `code`."""
        return np.arange(self.n_codes)[:, None] > code


class SparseCounts:
    """Counts as an array of shape (n_classes, n_present), ordered by node and code."""

    def __init__(self, codes, n_codes, rows, want_rows):
        n_classes = rows.n_classes
        self.n_codes = n_codes
        key = np.multiply(rows.node, n_codes, dtype=np.intp)
        key += codes
        key *= n_classes
        key += rows.label
        cells, inverse = np.unique(key, return_inverse=True)
        pair, label = np.divmod(cells, n_classes)
        is_new = np.diff(pair, prepend=-1) > 0
        column = np.cumsum(is_new) - 1
        pair = pair[is_new]
        self.node, self.code = np.divmod(pair, n_codes)
        self.start = np.flatnonzero(np.diff(self.node, prepend=-1))
        size = np.bincount(inverse, weights=rows.weight, minlength=len(cells))
        self.by_class = np.zeros((n_classes, len(pair)), dtype=size.dtype)
        self.by_class[label, column] = size
        self.n_rows = (
            np.bincount(column[inverse], minlength=len(pair)) if want_rows else None
        )

    def sum(self, values):
        return np.add.reduceat(values, self.start, axis=-1)

    def largest(self, values):
        return np.maximum.reduceat(values, self.start, axis=-1)

    def running_sum(self, values):
        total = values.cumsum(axis=-1)
        before = total[..., self.start] - values[..., self.start]
        return total - self.spread(before)

    def spread(self, per_node):
        return per_node[..., self.node]

    def of_code(self, values, code):
        return self.sum(np.where(self.code == code, values, 0))

    def is_code(self, code):
        return self.code == code

    def first(self, mask):
        return np.minimum.reduceat(np.where(mask, self.code, self.n_codes), self.start)

    def after(self, code):
        return self.code > self.spread(code)
