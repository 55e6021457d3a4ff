"""Level-wise growth of a tree over coded columns.

The rows of the nodes that may still be split are kept in one block of memory, ordered
by node and moved in place as the tree grows; rows that reached a leaf are dropped. A
level is worked off in blocks of whole nodes, small enough for the processor's cache.
What the first version spent its time on is told in ``benchmarks/speed/tree_fit.py``.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_mid.tree._histogram import bincount
from sklearn_mid.tree._splits import Rows, best_splits, label_mass

__all__ = ["Grown", "grow"]

_BLOCK = 1 << 16
_SPLITS = 1 << 16  # scores of nodes that are kept together


@dataclass
class Grown:
    """Nodes in the order they were made: level by level, siblings by code."""

    feature: np.ndarray  # -1 at a leaf
    # Of each split on numbers: its node, last code left, and first seen right.
    numeric: np.ndarray  # (3, n_numeric_splits)
    parent: np.ndarray  # -1 at the root
    branch: np.ndarray  # code (categorical) or 0, 1, 2: left, right, missing
    depth: np.ndarray
    counts: np.ndarray  # weighted class counts, (n_nodes, n_classes)
    n_rows: np.ndarray


class _Made:
    """Nodes made so far, as lists of arrays in types as small as they can be."""

    def __init__(self, counts, n_rows):
        self.n_nodes = 1
        # Counts are at most the root's.
        self.count_type = np.min_scalar_type(n_rows)
        self.mass_type = counts.dtype if counts.dtype.kind == "f" else self.count_type
        self.features, self.numeric = [], []
        self.parents = [np.array([-1], dtype=np.int32)]
        self.branches = [np.array([-1], dtype=np.int8)]
        self.depths = [(0, 1)]
        self.counts = [counts[:, None].astype(self.mass_type)]
        self.n_rows = [np.array([n_rows], dtype=self.count_type)]

    def add(self, node, best, is_numeric, child, depth):
        """Record the splits of a block and its children; return their numbers."""
        is_split = best.feature >= 0
        self.features.append((node[is_split], best.feature[is_split]))
        at_number = is_split & is_numeric[best.feature]
        if at_number.any():
            numeric = [node, best.code, best.next_code]
            self.numeric.append(np.array(numeric)[:, at_number])
        n_children = len(child.n_rows)
        self.parents.append(node[child.parent])
        widest = child.branch.max(initial=0)
        self.branches.append(child.branch.astype(np.min_scalar_type(widest)))
        self.depths.append((depth + 1, n_children))
        self.counts.append(child.counts.astype(self.mass_type))
        self.n_rows.append(child.n_rows.astype(self.count_type))
        first = self.n_nodes
        self.n_nodes += n_children
        return np.arange(first, self.n_nodes, dtype=np.int32)

    def finish(self):
        feature = np.full(self.n_nodes, -1, dtype=np.int32)
        for node, chosen in self.features:
            feature[node] = chosen
        self.features.clear()
        counts = np.concatenate([part.T for part in _drain(self.counts)])
        depth, n_nodes = np.array(self.depths).T
        as_signed = np.min_scalar_type(-len(depth) - 256)  # 16 bits, if they do
        return Grown(
            feature=feature,
            numeric=np.concatenate(
                [np.empty((3, 0), dtype=np.int32), *self.numeric], axis=1
            ),
            parent=np.concatenate(_drain(self.parents)),
            branch=np.concatenate(_drain(self.branches), dtype=np.int32),
            depth=np.repeat(depth.astype(as_signed), n_nodes),
            counts=counts.astype(np.float64),
            n_rows=np.concatenate(_drain(self.n_rows), dtype=np.int64),
        )


def _drain(parts):
    """The parts, which are let go once they are joined."""
    taken = parts[:]
    parts.clear()
    return taken


class _Level:
    """Nodes to split, and where their rows begin; `start` has one entry more."""

    def __init__(self, node, n_rows, totals):
        self.node = node
        self.totals = totals
        self.start = np.concatenate([[0], np.cumsum(n_rows)])

    def blocks(self):
        """Ranges of nodes with about _BLOCK rows, or one node with more."""
        first = 0
        while first < len(self.node):
            reach = np.searchsorted(self.start, self.start[first] + _BLOCK, "right")
            last = max(first + 1, int(reach) - 1)
            yield first, last
            first = last


class _Best:
    """The best split so far of every node of a block.

    Of two splits with the same score the one with less split information is better:
    it reveals less for the same gain.
    """

    def __init__(self, rows):
        self.tolerance = rows.tolerance
        self.score = np.zeros(rows.n_nodes)  # a split must score above 0
        self.split_information = np.zeros(rows.n_nodes)
        self.choice = np.full((3, rows.n_nodes), -1, dtype=np.int32)
        self.feature, self.code, self.next_code = self.choice

    def update(self, feature, split):
        better = split.score > self.score + self.tolerance
        equal = split.score >= self.score - self.tolerance
        less = split.split_information < self.split_information - self.tolerance
        better |= equal & less
        self.score[better] = split.score[better]
        self.split_information[better] = split.split_information[better]
        self.feature[better] = feature
        if split.code is not None:
            self.code[better] = split.code[better]
            self.next_code[better] = split.next_code[better]


def _seconds(is_numeric, n_rows):
    """How long about the splits on some columns take to find."""
    n_numeric = np.count_nonzero(is_numeric)
    n_nominal = len(is_numeric) - n_numeric
    return 1e-4 * len(is_numeric) + n_rows * (4e-8 * n_numeric + 3e-9 * n_nominal)


class _Children:
    """The nodes a block's splits lead to, and which of them each row goes to."""

    def __init__(self, best, rows, codes, block, n_codes, is_numeric):
        feature = best.feature
        is_split = feature >= 0
        width = np.where(is_numeric[feature], 3, n_codes[feature])
        width[~is_split] = 0
        offset = np.cumsum(width) - width
        n_keys = int(width.sum())
        if rows.n_nodes == 1 and is_split[0]:
            # Any number of rows: nothing wider than their codes is made here.
            self.row = None
            label, weight = rows.label, rows.weight
            key = codes[feature[0], block]
            if is_numeric[feature[0]]:
                key = _side(key, best.code[0], n_codes[feature[0]])
        else:
            self.row = np.flatnonzero(is_split[rows.node])
            label = rows.label[self.row]
            weight = None if rows.weight is None else rows.weight[self.row]
            node = rows.node[self.row]
            branch = codes[feature[node], self.row + block.start]
            numeric = is_numeric[feature[node]]
            if numeric.any():
                side = _side(branch, best.code[node], n_codes[feature[node]])
                branch = np.where(numeric, side, branch)
            key = offset[node] + branch
        if n_keys <= 4 * len(key) + 4096:
            size = bincount(key, 1, 0, n_keys)
            present = np.flatnonzero(size)
            rank = np.cumsum(size > 0) - 1
            self.child = rank.astype(np.min_scalar_type(n_keys)).take(key)
            self.n_rows = size[present]
        else:
            present, self.child, self.n_rows = np.unique(
                key, return_inverse=True, return_counts=True
            )
        n_classes = rows.n_classes
        size = bincount(self.child, n_classes, label, len(present) * n_classes, weight)
        self.counts = size.reshape(-1, n_classes).T
        self.parent = np.searchsorted(offset, present, side="right") - 1
        self.branch = present - offset[self.parent]
        if rows.class_weight is not None:
            self.counts = self.counts * rows.class_weight[:, None]

    def to_split(self, min_samples_split):
        """Which children hold more than one class, and rows enough."""
        is_mixed = np.count_nonzero(self.counts, axis=0) > 1
        return is_mixed & (self.n_rows >= min_samples_split)

    def order(self, stays):
        """Rows of the children that stay, child by child."""
        # A stable sort of 16-bit integers is a radix sort.
        dtype = np.min_scalar_type(len(self.n_rows))
        order = np.argsort(self.child.astype(dtype, copy=False), kind="stable")
        if not stays.all():
            order = order[np.repeat(stays, self.n_rows)]
        return order if self.row is None else self.row[order], self.n_rows[stays]


def _side(code, last_left, n_codes):
    """Branch of a numeric split: 0 left, 1 right, 2 missing."""
    side = (code > last_left).astype(np.uint8)
    side[code == n_codes - 1] = 2
    return side


def _cut(codes, n_rows):
    """Keep the first rows of every column, and give the others' memory back."""
    if not codes.flags.owndata:  # it is shared, and lives as long as the pool
        return
    flat = codes.reshape(-1)
    for j in range(len(codes)):
        flat[j * n_rows : (j + 1) * n_rows] = codes[j, :n_rows]
    # In place, as a copy would need both. Nobody reads views of `codes` any more.
    codes.resize((len(codes), n_rows), refcheck=False)


def grow(
    codes,
    n_codes,
    is_numeric,
    label,
    n_classes,
    *,
    penalty,
    candidates,
    limits,
    max_depth=np.inf,
    min_samples_split=2,
    weight=None,
    class_weight=None,
    pool,
):
    """Grow a tree. The arrays `label` and `weight` are overwritten.

    Parameters
    ----------
    codes : ndarray of shape (n_features, n_samples), unsigned integers
        Overwritten. If it owns its memory, that is given back as rows reach leaves.
    n_codes : ndarray of shape (n_features,)
    is_numeric : ndarray of shape (n_features,), dtype bool
    label : ndarray of shape (n_samples,), unsigned integers
    n_classes : int
    penalty : SizePenalty or LabelPenalty
    candidates : callable
        The features that nodes of a given depth may be split on, in the order in
        which ties are broken.
    max_depth, min_samples_split : number
    limits : Limits
        On the size of children.
    weight : ndarray of shape (n_samples,), default=None
        Positive row weights; None is all one.
    class_weight : ndarray of shape (n_classes,), default=None
    pool : ColumnPool
        What works on the columns. The tree does not depend on it.

    Returns
    -------
    Grown
    """
    counts = bincount(label, 1, 0, n_classes, weight)
    if class_weight is not None:
        counts = counts * class_weight
    n_samples = len(label)
    made = _Made(counts, n_samples)
    label_weight = label_mass(counts[:, None]).sum(axis=1)
    constant = np.zeros(len(codes), dtype=bool)
    level = None
    if n_samples >= min_samples_split and np.count_nonzero(counts) > 1:
        level = _Level(np.zeros(1, np.int32), np.array([n_samples]), counts[:, None])
    depth = 0
    while level is not None and depth < max_depth:
        features = [j for j in candidates(depth) if not constant[j]]
        varies = np.zeros(len(codes), dtype=bool)
        penalty.start_level(label_weight)
        change = np.zeros(n_classes)
        kept, write = [], 0
        for first, last in level.blocks():
            low, high = level.start[first], level.start[last]
            block = slice(low, high)
            size = np.diff(level.start[first : last + 1])
            totals = level.totals[:, first:last]
            rows = Rows(
                node=np.repeat(
                    np.arange(last - first, dtype=np.min_scalar_type(last - first)),
                    size,
                ),
                label=label[block],
                weight=None if weight is None else weight[block],
                class_weight=class_weight,
                totals=totals,
                largest=size.max(),
            )
            best = _Best(rows)
            # Not all columns at once: a split is four numbers for each node.
            n_together = pool.n_jobs * max(_SPLITS // rows.n_nodes, 1)
            for i in range(0, len(features), n_together):
                together = features[i : i + n_together]
                found = pool.map(
                    partial(
                        best_splits,
                        codes=codes,
                        block=block,
                        n_codes=n_codes,
                        is_numeric=is_numeric,
                        rows=rows,
                        penalty=penalty,
                        limits=limits,
                    ),
                    together,
                    _seconds(is_numeric[together], high - low),
                )
                for j, (split, takes_two) in zip(together, found, strict=True):
                    best.update(j, split)
                    varies[j] |= takes_two
            child = _Children(best, rows, codes, block, n_codes, is_numeric)
            node = level.node[first:last]
            ids = made.add(node, best, is_numeric, child, depth)
            change += label_mass(child.counts).sum(axis=1)
            change -= label_mass(totals[:, best.feature >= 0]).sum(axis=1)
            stays = child.to_split(min_samples_split)
            order, n_rows = child.order(stays)
            end = write + len(order)
            for j in np.flatnonzero(~constant):
                codes[j, write:end] = codes[j, block][order]
            label[write:end] = label[block][order]
            if weight is not None:
                weight[write:end] = weight[block][order]
            write = end
            kept.append((ids[stays], n_rows, child.counts[:, stays]))
        constant[[j for j in features if not varies[j]]] = True
        label_weight = label_weight + change
        node, n_rows, totals = (
            np.concatenate(part, axis=-1) for part in zip(*kept, strict=True)
        )
        level = _Level(node, n_rows, totals) if len(node) else None
        depth += 1
        if write < codes.shape[1]:
            _cut(codes, write)
    _cut(codes, 0)  # before the nodes are put together
    return made.finish()
