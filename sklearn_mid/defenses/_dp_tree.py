"""A decision tree with differential privacy: good splits, noisy leaves."""

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_mid.defenses._dp_base import DPClassifier
from sklearn_mid.utils._secret_noise import NoiseSource, add_on_grid, noise_sources
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPDecisionTreeClassifier"]

Ints = NDArray[np.intp]
Floats = NDArray[np.float64]

_LARGEST_TREE = 2**20  # leaves
_GRID = 2.0**-20  # counts are multiples of it, so that rounding to it moves none


class DPDecisionTreeClassifier(DPClassifier):
    r"""Decision tree with differential privacy: greedy ID3 over public bins.

    Releasing the model is :math:`\varepsilon`-differentially private: when one record
    is *replaced* by any other within the bounds, no outcome becomes more than
    :math:`e^\varepsilon` times as likely. The number of records and the labels that
    occur are public. This holds against anyone who does not know `random_state`.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity adds no noise.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    n_bins : int or array-like of int of shape (n_features,), default=10
        Number of bins of equal width between the bounds of a feature. A nominal
        attribute with codes 0 to k - 1 takes the bounds (0, k - 1) and k bins: one for
        each value.
    max_depth : int, default=3
        Number of features asked for on the way to a leaf. Each level takes its share
        of epsilon; with little of it, fewer levels are better.
    leaf_share : float, default=0.5
        Share of epsilon that the counts in the leaves get, between 0 and 1. The levels
        share the rest.
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows a seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    node_features_ : ndarray of shape (n_nodes,)
        The feature that each node asks for, -1 in leaves. Nodes are numbered level by
        level, from the root.
    node_children_ : ndarray of shape (n_nodes,)
        Number of the child for the lowest bin; those of the others follow. -1 in
        leaves.
    node_proba_ : ndarray of shape (n_nodes, n_classes)
        Class probabilities, from the noisy counts in the leaves.
    n_bins_ : ndarray of shape (n_features,)
        Number of bins of each feature.
    epsilon_ : float
        What this fit spent. Another fit on the same data spends as much again.
    delta_ : float
        0.0: the promise has no exceptions.
    neighbors : str
        "replace-one".
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    DPRandomForestClassifier : Random splits, on which nothing is spent.
    sklearn_mid.tree.MIDDecisionTreeClassifier : Withholds information instead.

    Notes
    -----
    After [1]_, with less noise. Each node has a child for every bin of its feature,
    whether there are records or not, and no path asks for a feature twice. The feature
    is chosen by the exponential mechanism on the Gini impurity that a split leaves;
    the records in a node's way are not counted, and no node is left unsplit. A leaf
    answers with its noisy counts, as far as they stand out of the noise, else with
    those of its parent; this only processes what is released.

    References
    ----------
    .. [1] Friedman, A., & Schuster, A. (2010). Data mining with differential privacy.
       KDD. doi:10.1145/1835804.1835868.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPDecisionTreeClassifier(100, bounds=(0, 8), max_depth=2)
    >>> model.fit(X, y).score(X, y) > 0.8
    True
    """

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "n_bins": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "max_depth": [Interval(Integral, 1, None, closed="left")],
        "leaf_share": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        bounds: tuple | None = None,
        n_bins: int | ArrayLike = 10,
        max_depth: int = 3,
        leaf_share: float = 0.5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.bounds = bounds
        self.n_bins = n_bins
        self.max_depth = max_depth
        self.leaf_share = leaf_share
        self.random_state = random_state

    def _fit_private(self, Z: Floats, codes: Ints) -> None:
        self.n_bins_ = self._checked_bins()
        depth = min(self.max_depth, len(self.n_bins_))
        n_leaves = np.prod(np.sort(self.n_bins_)[-depth:].astype(float))
        if n_leaves > _LARGEST_TREE:
            raise ValueError(
                f"max_depth={self.max_depth} and n_bins={self.n_bins!r} allow for "
                f"{n_leaves:.3g} leaves, more than {_LARGEST_TREE}; lower one of them."
            )
        for_features, for_leaves = noise_sources(self.random_state, 2, self)
        bins, n_classes = self._binned(Z), len(self.classes_)
        per_level = (1 - self.leaf_share) * self.epsilon / depth
        per_leaf = self.leaf_share * self.epsilon

        features, children, starts = [], [], [0]
        node = np.zeros(len(bins), dtype=np.intp)  # of each record, within its level
        asked = np.zeros((1, len(self.n_bins_)), dtype=bool)
        for _ in range(depth):
            impurity = split_impurity(bins, codes, node, self.n_bins_, asked, n_classes)
            feature = noisy_best(impurity, per_level, for_features)
            width = self.n_bins_[feature]
            first = np.cumsum(width) - width
            starts.append(starts[-1] + len(feature))
            features.append(feature)
            children.append(starts[-1] + first)
            rows = np.arange(len(bins))
            node = first[node] + bins[rows, feature[node]]
            asked[np.arange(len(asked)), feature] = True
            asked = np.repeat(asked, width, axis=0)
        n_leaves = len(asked)
        leaf = np.full(n_leaves, -1, dtype=np.intp)
        self.node_features_ = np.concatenate([*features, leaf])
        self.node_children_ = np.concatenate([*children, leaf])

        counts = np.bincount(node * n_classes + codes, minlength=n_leaves * n_classes)
        noisy = noisy_counts(counts, per_leaf, for_leaves).reshape(-1, n_classes)
        scale = np.sqrt(2) * 2 / per_leaf
        self.node_proba_ = _probabilities(
            noisy, scale, self.node_features_, self.n_bins_, starts
        )

    def _checked_bins(self) -> Ints:
        n_features = self.n_features_in_
        try:
            n_bins = np.broadcast_to(np.asarray(self.n_bins), n_features)
            if not (n_bins.dtype.kind in "iu" and (n_bins >= 1).all()):
                raise ValueError("these are no ints of 1 or more")
        except ValueError as error:
            raise ValueError(
                "n_bins must be an int, or one for each feature, here "
                f"{n_features}, of 1 or more; got {self.n_bins!r}."
            ) from error
        return n_bins.astype(np.intp)

    def _binned(self, Z: Floats) -> Ints:
        """Bin of each value, of features scaled to [-1, 1]."""
        position = (Z + 1) / 2 * self.n_bins_
        return np.clip(position.astype(np.intp), 0, self.n_bins_ - 1)

    def _proba(self, X: Floats) -> Floats:
        bins = self._binned(self._scale(X))
        rows, node = np.arange(len(X)), np.zeros(len(X), dtype=np.intp)
        while (feature := self.node_features_[node])[0] >= 0:  # all are as deep
            node = self.node_children_[node] + bins[rows, feature]
        return self.node_proba_[node]


# The impurity of a node of N records, n_c of class c, is N times Gini's:
#
#     g = N - sum_c n_c^2 / N.
#
# One record more, of class c, adds 1 - (2 n_c + 1) / (N + 1) + S / (N (N + 1)), where
# S = sum n^2 is between n_c^2 and N^2. This is at most 2 - 2 / (N + 1) (n_c = 0, S =
# N^2), and at least 0 (n_c = N). A split's impurity is the sum over its bins, of which
# the record is in one: *every* candidate's impurity grows, by less than 2.
def split_impurity(
    bins: Ints, codes: Ints, node: Ints, n_bins: Ints, asked: NDArray, n_classes: int
) -> Floats:
    """What each feature would leave in each node; inf where it was asked before."""
    impurity = np.full(asked.shape, np.inf)
    for feature, width in enumerate(n_bins):
        shape = (len(asked), width, n_classes)
        cell = np.ravel_multi_index((node, bins[:, feature], codes), shape)
        counts = np.bincount(cell, minlength=np.prod(shape)).reshape(shape)
        total = counts.sum(axis=2)
        squares = (counts.astype(np.float64) ** 2).sum(axis=2)
        left = (total - squares / np.maximum(total, 1)).sum(axis=1)
        free = ~asked[:, feature]
        impurity[free, feature] = left[free]
    return impurity


# The exponential mechanism, by Gumbel noise: P(feature) ~ exp(-a * impurity). As one
# record more moves all impurities the same way, by 0 to 2, the probabilities change by
# exp(2 a) at most, not exp(4 a). A replaced record is one less in its node and one more
# in another, or the same: two such steps, while other nodes do not see it. Hence
# a = epsilon / 4 for a whole level.
def noisy_best(impurity: Floats, epsilon: float, noise: NoiseSource) -> Ints:
    """A feature for each node of a level, `epsilon`-differentially private."""
    drawn = noise.gumbel(impurity.shape)
    if np.isinf(epsilon):
        return impurity.argmin(axis=1)
    return (drawn - epsilon / 4 * impurity).argmax(axis=1)


# A replaced record takes one from a count and adds one to another.
def noisy_counts(counts: Ints, epsilon: float, noise: NoiseSource) -> Floats:
    """Counts with Laplace noise, `epsilon`-differentially private together."""
    drawn = 2 / epsilon * noise.laplace(counts.shape)
    return add_on_grid(counts.astype(np.float64), drawn, _GRID)


def _probabilities(
    counts: Floats, std: float, features: Ints, n_bins: Ints, starts: list[int]
) -> Floats:
    """Class shares in all nodes from noisy counts in the leaves.

    A node's own counts, the sum of its leaves', get the weight that they have beside
    the standard deviation of their noise; the rest is its parent's share.
    """
    n_nodes, n_classes = len(features), counts.shape[1]
    inner = np.flatnonzero(features >= 0)
    parent = np.repeat(inner, n_bins[features[inner]])  # of nodes 1, 2, ...
    ends = [*starts[1:], n_nodes]
    below = [np.arange(a, b) for a, b in zip(starts[1:], ends[1:], strict=True)]
    total, n_leaves = np.zeros((n_nodes, n_classes)), np.zeros(n_nodes)
    total[len(inner) :], n_leaves[len(inner) :] = counts, 1
    for node in reversed(below):
        np.add.at(total, parent[node - 1], total[node])
        np.add.at(n_leaves, parent[node - 1], n_leaves[node])
    own, weight = np.maximum(total, 0), std * np.sqrt(n_classes * n_leaves)
    proba = np.full((n_nodes, n_classes), 1 / n_classes)
    for node, prior_of in [
        (np.array([0]), np.array([0])),
        *((b, parent[b - 1]) for b in below),
    ]:
        mass = (own[node].sum(axis=1) + weight[node])[:, None]
        share = own[node] + weight[node, None] * proba[prior_of]
        proba[node] = np.where(
            mass > 0, share / np.where(mass > 0, mass, 1), proba[prior_of]
        )
    return proba
