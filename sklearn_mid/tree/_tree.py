"""A grown tree as arrays, and the ways records take through it."""

import numpy as np
from scipy import sparse
from scipy.special import entr

__all__ = ["Tree"]

# The child table may have this many entries per node before search replaces it.
_TABLE_PER_NODE = 32
_LARGEST_INT32 = np.iinfo(np.int32).max
_BLOCK = 1 << 16  # nodes looked at together


class Tree:
    """Nodes of a fitted tree, numbered level by level from the root, 0.

    Not made by users: fitted trees have it as ``tree_``. Siblings are numbered in the
    order of their branches.

    Attributes
    ----------
    node_count, n_leaves, max_depth, n_features, n_classes : int
    feature : ndarray of shape (node_count,)
        Column that the node splits on, -1 at a leaf.
    threshold : ndarray of shape (node_count,)
        Numeric splits: values up to it go left. NaN at categorical splits and leaves,
        inf where only missing entries leave the others.
    is_categorical : ndarray of shape (n_features,), dtype bool
        Columns with one branch per value.
    parent : ndarray of shape (node_count,)
        -1 at the root.
    branch : ndarray of shape (node_count,)
        Which way leads from the parent here. Categorical split: the value's position
        in the column's categories, and their number for missing entries. Numeric
        split: 0 left, 1 right, 2 missing. -1 at the root.
    depth : ndarray of shape (node_count,)
    value : ndarray of shape (node_count, n_classes)
        Weighted number of training rows of each class.
    n_node_samples : ndarray of shape (node_count,)
        Number of training rows.
    weighted_n_node_samples : ndarray of shape (node_count,)
    impurity : ndarray of shape (node_count,)
        Entropy of the classes, in nats.
    split_information : ndarray of shape (node_count,)
        Entropy of the children's sizes, in nats; 0 at a leaf.
    """

    def __init__(
        self,
        *,
        feature,
        threshold,
        parent,
        branch,
        depth,
        value,
        n_node_samples,
        n_branches,
    ):
        # n_branches: per column, the number of ways out of a categorical split
        # (values and missing), and 0 for a numeric column.
        self.feature = feature
        self.threshold = threshold
        self.parent = parent
        self.branch = branch
        self.depth = depth
        self.value = value
        self.n_node_samples = n_node_samples
        self.n_branches = n_branches
        self.is_categorical = n_branches > 0
        self.node_count, self.n_classes = value.shape
        self.n_features = len(n_branches)
        self.is_leaf = feature < 0
        self.n_leaves = int(self.is_leaf.sum())
        self.max_depth = int(depth.max())
        self._set_ways()

    @property
    def weighted_n_node_samples(self):
        return self.value.sum(axis=1)

    @property
    def impurity(self):
        weight = self.weighted_n_node_samples
        return sum(entr(count / weight) for count in self.value.T)

    @property
    def split_information(self):
        weight, parent = self.weighted_n_node_samples, self.parent[1:]
        return np.bincount(
            parent,
            weights=entr(weight[1:] / weight[parent]),
            minlength=self.node_count,
        )

    def information_of_splits(self, counted):
        """Sum of the shares times the split information of the nodes `counted`.

        A block of nodes at a time: nothing as long as the tree is made.
        """
        total, root = 0.0, self.value[0].sum()
        for first in range(1, self.node_count, _BLOCK):
            child = slice(first, first + _BLOCK)
            parent = self.parent[child]
            above = self.value[parent].sum(axis=1)
            terms = above * entr(self.value[child].sum(axis=1) / above)
            total += terms[counted[parent]].sum()
        return float(total / root)

    def _set_ways(self):
        """Tables for `_step`: the child of a node by branch."""
        # One branch more than training had: a value that it never saw.
        ways = np.where(self.is_categorical, self.n_branches + 1, 3)
        n_ways = ways.astype(np.int32)[self.feature]
        n_ways[self.is_leaf] = 0
        n_places = int(n_ways.sum(dtype=np.int64))
        self._table = None
        if n_places <= min(_TABLE_PER_NODE * self.node_count, _LARGEST_INT32):
            self._offset = np.cumsum(n_ways, dtype=np.int32)
            self._offset -= n_ways
            self._table = np.full(n_places, -1, dtype=np.int32)
            for first in range(1, self.node_count, _BLOCK):
                child = slice(first, first + _BLOCK)
                place = self._offset[self.parent[child]] + self.branch[child]
                self._table[place] = np.arange(first, first + len(place))
        else:
            self._stride = int(ways.max())
            self._key = np.multiply(self.parent[1:], self._stride, dtype=np.int64)
            self._key += self.branch[1:]

    def _step(self, node, branch):
        """Child of each node by that branch, -1 where there is none. No leaves."""
        if self._table is not None:
            return self._table.take(self._offset.take(node) + branch)
        key = np.multiply(node, self._stride, dtype=np.int64)
        key += branch
        place = np.searchsorted(self._key, key)
        found = self._key.take(place, mode="clip") == key
        return np.where(found, place + 1, -1)

    def _branch(self, node, row, codes, numbers):
        """Branch that each record takes at a node."""
        feature = self.feature.take(node)
        place = np.multiply(feature, codes.shape[1], dtype=np.intp)
        place += row
        if not len(numbers):
            return codes.ravel().take(place)
        value = numbers.ravel().take(place)
        with np.errstate(invalid="ignore"):
            side = np.where(value <= self.threshold.take(node), 0, 1)
        side[np.isnan(value)] = 2
        code = codes.ravel().take(place)
        return np.where(self.is_categorical.take(feature), code, side)

    @property
    def used(self):
        """Columns that some node splits on."""
        used = np.zeros(self.n_features, dtype=bool)
        used[self.feature[~self.is_leaf]] = True
        return used

    def apply(self, codes, numbers):
        """Node where each coded record ends, see `Encoder.transform`."""
        n_samples = codes.shape[1]
        end = np.zeros(n_samples, dtype=np.intp)
        row = np.arange(n_samples if not self.is_leaf[0] else 0)
        node = end.take(row)
        is_split = np.append(~self.is_leaf, False)  # -1, no child, is the last
        while len(row):
            child = self._step(node, self._branch(node, row, codes, numbers))
            end[row] = np.where(child < 0, node, child)
            goes_on = is_split.take(child)
            row, node = row[goes_on], child[goes_on]
        return end

    def path(self, end):
        """Nodes on the way to `end`, as a CSR indicator of (n_samples, node_count)."""
        depth = self.depth[end]
        indptr = np.concatenate([[0], np.cumsum(depth + 1)])
        indices = np.empty(indptr[-1], dtype=np.intp)
        row, node = np.arange(len(end)), np.asarray(end)
        while len(row):
            indices[indptr[row] + self.depth[node]] = node
            node = self.parent[node]
            row, node = row[node >= 0], node[node >= 0]
        data = np.ones(len(indices), dtype=np.int64)
        return sparse.csr_matrix(
            (data, indices, indptr), shape=(len(end), self.node_count)
        )

    def children(self, node):
        """Numbers of a node's children, in the order of their branches."""
        return np.flatnonzero(self.parent == node)

    def importances(self, *, normalize=True):
        """Information gain of each column's splits, weighted by the nodes' shares."""
        weight = self.weighted_n_node_samples
        gain = weight * self.impurity
        below = np.bincount(self.parent[1:], weights=gain[1:], minlength=len(gain))
        is_split = ~self.is_leaf
        total = np.bincount(
            self.feature[is_split],
            weights=(gain - below)[is_split] / weight[0],
            minlength=self.n_features,
        )
        total = np.maximum(total, 0.0)
        if normalize and total.sum() > 0:
            total = total / total.sum()
        return total

    def collapsed(self):
        """The tree without splits below which every leaf has the same majority."""
        label = self.value.argmax(axis=1)
        keep_split = ~self.is_leaf
        for depth in range(self.max_depth, 0, -1):
            # A node is kept whole if a child is split, or its children disagree.
            child = np.flatnonzero(self.depth == depth)
            parent = self.parent[child]
            differs = keep_split[child] | (label[child] != label[parent])
            above = np.flatnonzero((self.depth == depth - 1) & ~self.is_leaf)
            keep_split[above] = False
            keep_split[parent[differs]] = True
        # Every split that is kept has a kept parent, up to the root.
        kept = np.flatnonzero((self.parent < 0) | keep_split[self.parent])
        new = np.full(self.node_count + 1, -1, dtype=np.int32)
        new[kept] = np.arange(len(kept))
        is_split = keep_split[kept]
        return Tree(
            feature=np.where(is_split, self.feature[kept], -1),
            threshold=np.where(is_split, self.threshold[kept], np.nan),
            parent=new[self.parent[kept]],
            branch=self.branch[kept],
            depth=self.depth[kept],
            value=self.value[kept],
            n_node_samples=self.n_node_samples[kept],
            n_branches=self.n_branches,
        )
