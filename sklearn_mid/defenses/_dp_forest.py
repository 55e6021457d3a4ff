"""A forest with differential privacy: random splits, noisy labels."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from sklearn_mid.defenses._dp_base import DPClassifier
from sklearn_mid.utils._secret_noise import NoiseSource, noise_sources
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPRandomForestClassifier"]


class DPRandomForestClassifier(DPClassifier):
    r"""Random forest with differential privacy: random trees on disjoint records.

    Releasing the model is :math:`\varepsilon`-differentially private: when one record
    is *replaced* by any other within the bounds, no outcome becomes more than
    :math:`e^\varepsilon` times as likely. The number of records and the labels that
    occur are public. This holds against anyone who does not know `random_state`.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity gives each leaf its most frequent label.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    n_estimators : int, default=10
        Number of trees. Each gets its share of the records, all of epsilon.
    max_depth : int, default=5
        Depth of every leaf of every tree, 20 at most; a tree has 2^max_depth leaves.
    random_state : int, RandomState instance or None, default=None
        Draws structure, the records of each tree, and noise. The default draws from
        the operating system's secure source; who knows a seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    split_features_ : ndarray of shape (n_estimators, 2^max_depth - 1)
        The feature that each inner node asks for; node i has the children 2 i + 1 and
        2 i + 2.
    split_thresholds_ : ndarray of shape (n_estimators, 2^max_depth - 1)
        Records above the threshold go to the second child.
    leaf_labels_ : ndarray of shape (n_estimators, 2^max_depth)
        Index in `classes_` of the label of each leaf.
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
    DPDecisionTreeClassifier : Spends epsilon on good splits, too.

    Notes
    -----
    The trees of [1]_. Structure does not depend on the data: each node splits a random
    feature at a random threshold. Only the label of each leaf does, by the
    permute-and-flip mechanism [2]_ on the leaf's class counts. Hence ``epsilon=inf`` is
    *not* scikit-learn's forest but one of random trees with the most frequent label in
    each leaf, ties broken at random, and random labels in empty leaves. Draw it beside
    every other epsilon, so that the price of random structure is not taken for that of
    noise. One tree (``n_estimators=1``) answers with confidences of 0 and 1.

    References
    ----------
    .. [1] Fletcher, S., & Islam, M. Z. (2017). Differentially private random decision
       forests using smooth sensitivity. Expert Systems with Applications, 78, 16-31.
       arXiv:1606.03572.
    .. [2] McKenna, R., & Sheldon, D. (2020). Permute-and-flip: A new mechanism for
       differentially private selection. NeurIPS. arXiv:2010.12603.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPRandomForestClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> DPRandomForestClassifier(bounds=(0, 8)).fit(X, y).epsilon_
    1.0
    """

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_depth": [Interval(Integral, 1, 20, closed="both")],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        bounds: tuple | None = None,
        n_estimators: int = 10,
        max_depth: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.bounds = bounds
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.random_state = random_state

    def _fit_private(self, Z: NDArray, codes: NDArray) -> None:
        structure, shares, noise = noise_sources(self.random_state, 3, self)
        features, thresholds = random_splits(
            structure, self.n_estimators, self.max_depth, Z.shape[1]
        )
        # Shuffled: records in the order of their labels would give each tree one.
        tree = shares.permutation(len(Z)) % self.n_estimators
        leaf = _leaves(features, thresholds, Z, tree)
        n_leaves = 2**self.max_depth
        shape = (self.n_estimators, n_leaves, len(self.classes_))
        counts = np.bincount(
            np.ravel_multi_index((tree, leaf, codes), shape), minlength=np.prod(shape)
        ).reshape(shape)
        self.leaf_labels_ = noisy_mode(counts, self.epsilon, noise)
        self.split_features_ = features
        self.split_thresholds_ = (
            self._center[features] + self._half_width[features] * thresholds
        )

    def _proba(self, X: NDArray) -> NDArray[np.float64]:
        proba = np.zeros((len(X), len(self.classes_)))
        rows = np.arange(len(X))
        for tree, labels in enumerate(self.leaf_labels_):
            leaf = _leaves(self.split_features_, self.split_thresholds_, X, tree)
            proba[rows, labels[leaf]] += 1
        return proba / len(self.leaf_labels_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # splits are random
        return tags


def random_splits(
    source: NoiseSource, n_trees: int, depth: int, n_features: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Features and thresholds of complete trees over [-1, 1]^n_features."""
    features = (source.uniform((n_trees, 2**depth - 1)) * n_features).astype(np.intp)
    position = source.uniform(features.shape)
    thresholds = np.empty(features.shape)
    # A threshold lies within what the splits above have left of its feature. Walking
    # up to the root finds the tightest of them, without a box for every node.
    node = np.arange(features.shape[1])
    for level in range(depth):
        first, last = 2**level - 1, 2 ** (level + 1) - 1
        here = slice(first, last)
        lower = np.full((n_trees, last - first), -1.0)
        upper = np.full((n_trees, last - first), 1.0)
        child = node[here]
        while child[0] > 0:
            parent = (child - 1) // 2
            same = features[:, parent] == features[:, here]
            above = thresholds[:, parent]
            is_right = child % 2 == 0
            lower = np.where(same & is_right, np.maximum(lower, above), lower)
            upper = np.where(same & ~is_right, np.minimum(upper, above), upper)
            child = parent
        thresholds[:, here] = lower + (upper - lower) * position[:, here]
    return features, thresholds


def _leaves(
    features: NDArray, thresholds: NDArray, X: NDArray, tree: NDArray | int
) -> NDArray[np.intp]:
    """The leaf that each row falls into, in the tree `tree` (one, or one per row)."""
    rows, node = np.arange(len(X)), np.zeros(len(X), dtype=np.intp)
    n_inner = features.shape[1]
    for _ in range((n_inner + 1).bit_length() - 1):
        is_right = X[rows, features[tree, node]] > thresholds[tree, node]
        node = 2 * node + 1 + is_right
    return node - n_inner


# Permute-and-flip chooses as argmax q_c + E_c does, with exponential noise E_c (Ding et
# al., "The permute-and-flip mechanism is identical to report-noisy-max with exponential
# noise", arXiv:2105.07260). One record more raises one count by one and lowers none:
# utilities are monotone, and E_c of mean 1 / epsilon is epsilon-differentially private
# for it. A replaced record is one less in its leaf and one more in another (or the
# same): two such steps, in leaves whose noise is independent. Each gets epsilon / 2.
def noisy_mode(
    counts: NDArray[np.intp], epsilon: float, noise: NoiseSource
) -> NDArray[np.intp]:
    """The most frequent class along the last axis of `counts`, privately."""
    if np.isinf(epsilon):
        return (counts + 0.5 * noise.uniform(counts.shape)).argmax(axis=-1)  # ties
    return (counts + 2 / epsilon * noise.exponential(counts.shape)).argmax(axis=-1)
