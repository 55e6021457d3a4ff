"""The leaves of a tree or an ensemble of trees, and how many people they hold."""

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["Leaves", "holds_trees"]


def holds_trees(model: Any) -> bool:
    """Whether a fitted model is a tree, or an ensemble of trees, with leaf sizes."""
    return _is_tree(model) or _boosting(model) is not None or bool(_members(model))


class Leaves:
    """Where records end, and how many training records ended there.

    Parameters
    ----------
    model : object
        A model of which :func:`holds_trees` is true.

    Attributes
    ----------
    sizes : list of ndarray of shape (n_nodes,)
        Training records in each leaf of each tree; 0 for nodes that are no leaf. Of
        regression trees it is what they weigh: those fitted on every value of a secret
        hold each with the weight of its probability. (Of XGBoost, which keeps no
        counts, the sums of second derivatives.)
    totals : list of float
        Training records, or weights, of each tree.
    labels : list of ndarray of shape (n_nodes,) or None
        Position of each node's most frequent class; None where trees hold no classes.
    shares : ndarray of shape (n_nodes, n_classes) or None
        Share of each class in each node of a single tree, as its file holds it,
        whatever the tree answers. None for ensembles, and where trees hold no classes.
    """

    def __init__(self, model: Any) -> None:
        boosting = _boosting(model)
        self.labels: list[np.ndarray] | None = None
        self.shares: np.ndarray | None = None
        if boosting is not None:
            frame, column, self._apply = boosting
            self.sizes, self.totals = _sizes_of_dump(frame, column)
            return
        trees = [model] if _is_tree(model) else _members(model)
        inner = [tree.tree_ for tree in trees]
        hold_classes = all(hasattr(tree, "classes_") for tree in trees)
        counted = "n_node_samples" if hold_classes else "weighted_n_node_samples"
        sizes = [getattr(t, counted, t.n_node_samples) for t in inner]
        # A record may stop before a leaf, at a value that no training row had there.
        self.sizes = [
            np.where(t.feature < 0, size, 0)
            for t, size in zip(inner, sizes, strict=True)
        ]
        self.totals = [float(size[0]) for size in sizes]
        self._apply = _apply(model, trees)
        if hold_classes:
            values = [t.value.reshape(len(t.feature), -1) for t in inner]
            self.labels = [of_tree.argmax(axis=1) for of_tree in values]
            if len(values) == 1:
                self.shares = values[0] / values[0].sum(axis=1, keepdims=True)

    def apply(self, X: Any) -> np.ndarray:
        """Leaf of each record in each tree, of shape (n_samples, n_trees)."""
        return self._apply(X)


def _is_tree(model: Any) -> bool:
    inside = getattr(model, "tree_", None)
    parts = ("feature", "value", "n_node_samples")
    return hasattr(model, "apply") and all(hasattr(inside, part) for part in parts)


def _members(model: Any) -> list:
    """The trees of a forest, of bagged or boosted trees; none if others are there."""
    found = getattr(model, "estimators_", [])
    if not isinstance(found, list | np.ndarray):
        return []
    trees = list(np.asarray(found, dtype=object).ravel())
    return trees if all(map(_is_tree, trees)) else []


def _flat(leaves: np.ndarray) -> np.ndarray:
    return leaves.reshape(len(leaves), -1)


def _apply(model: Any, trees: list) -> Callable[[Any], np.ndarray]:
    if hasattr(model, "apply"):
        # X may be sparse, and boosting has an axis of classes more.
        return lambda X: _flat(np.asarray(model.apply(X), dtype=np.intp))
    # Bagged trees may see some of the columns each.
    columns = getattr(model, "estimators_features_", [slice(None)] * len(trees))
    return lambda X: np.column_stack(
        [
            tree.apply(np.asarray(X)[:, chosen])
            for tree, chosen in zip(trees, columns, strict=True)
        ]
    )


def _boosting(model: Any) -> tuple[Any, str, Callable] | None:
    """Table of nodes, its column of sizes, and how LightGBM or XGBoost find leaves."""
    if hasattr(model, "booster_") and hasattr(model.booster_, "trees_to_dataframe"):
        frame = model.booster_.trees_to_dataframe()
        frame = frame.rename(columns={"tree_index": "Tree"})
        is_leaf = frame["split_feature"].isna()
        number = frame["node_index"].str.extract(r"L(\d+)$")[0]
        frame = frame.assign(leaf=number.where(is_leaf), size=frame["count"])
        return frame, "size", lambda X: _two_axes(model.predict(X, pred_leaf=True))
    if hasattr(model, "get_booster") and hasattr(model, "apply"):
        frame = model.get_booster().trees_to_dataframe()
        is_leaf = frame["Feature"] == "Leaf"
        frame = frame.assign(leaf=frame["Node"].where(is_leaf))
        return frame, "Cover", lambda X: _two_axes(model.apply(X))
    return None


def _two_axes(leaves: Any) -> np.ndarray:
    leaves = np.asarray(leaves)
    return leaves.reshape(len(leaves), -1).astype(np.intp)


def _sizes_of_dump(frame: Any, column: str) -> tuple[list[np.ndarray], list[float]]:
    leaves = frame.dropna(subset="leaf")
    sizes, totals = [], []
    for _, tree in leaves.groupby("Tree"):
        where = tree["leaf"].astype(int).to_numpy()
        size = np.zeros(where.max() + 1)
        size[where] = tree[column]
        sizes.append(size)
        totals.append(float(size.sum()))
    return sizes, totals
