"""A fitted tree for the eye: as text and as a picture."""

from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.tree._base import BaseTreeClassifier
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._validation import as_column, check_parameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["export_text", "plot_tree"]

_CONSTRAINTS = {
    "max_depth": [Interval(Integral, 0, None, closed="left"), None],
    "decimals": [Interval(Integral, 0, 100, closed="both")],
    "show_weights": ["boolean"],
    "fontsize": [Interval(Real, 0, None, closed="neither")],
    "ax": [HasMethods("text"), None],
}


def _check_tree(model, function):
    if not isinstance(model, BaseTreeClassifier):
        raise TypeError(
            f"{function} draws trees of sklearn_mid.tree, got estimator="
            f"{model!r}; for scikit-learn's trees see sklearn.tree."
            f"{function}."
        )
    check_is_fitted(model)


def _check_names(names, n_names, param, what):
    if names is None:
        return None
    names = as_column(names, param)
    if len(names) != n_names:
        raise ValueError(
            f"{param} must hold {n_names} names, one per {what}, got {len(names)}."
        )
    return [str(name) for name in names]


class _Writer:
    """Names for what stands in a tree."""

    def __init__(self, model, feature_names, class_names, decimals):
        self.tree = model.tree_
        self.categories = model.categories_
        n_features = model.n_features_in_
        names = _check_names(feature_names, n_features, "feature_names", "column of X")
        if names is None and hasattr(model, "feature_names_in_"):
            names = [str(name) for name in model.feature_names_in_]
        self.features = names or [f"feature_{j}" for j in range(n_features)]
        names = _check_names(class_names, len(model.classes_), "class_names", "class")
        self.classes = names or [str(label) for label in model.classes_]
        self.decimals = decimals

    def condition(self, node):
        """What holds for the records that come from the parent to this node."""
        parent, branch = self.tree.parent[node], self.tree.branch[node]
        feature = self.tree.feature[parent]
        name = self.features[feature]
        if self.tree.is_categorical[feature]:
            values = self.categories[feature]
            if branch == len(values):
                return f"{name} is missing"
            return f"{name} = {values[branch]}"
        if branch == 2:
            return f"{name} is missing"
        threshold = self.tree.threshold[parent]
        if np.isinf(threshold):
            return f"{name} is known"
        return f"{name} {('<=', '>')[branch]} {threshold:.{self.decimals}f}"

    def label(self, node):
        return self.classes[self.tree.value[node].argmax()]

    def counts(self, node):
        return ", ".join(f"{count:.6g}" for count in self.tree.value[node])


def export_text(
    estimator: BaseTreeClassifier,
    feature_names: ArrayLike | None = None,
    *,
    class_names: ArrayLike | None = None,
    max_depth: int | None = None,
    decimals: int = 2,
    show_weights: bool = False,
) -> str:
    """Rules of a fitted tree as text.

    Parameters
    ----------
    estimator : MIDDecisionTreeClassifier or PriorityDepthTreeClassifier
        A fitted tree.
    feature_names : array-like of str, default=None
        Names of the columns; None takes those of the DataFrame, or
        "feature_0", "feature_1", ...
    class_names : array-like of str, default=None
        Names of the classes, in the order of ``classes_``.
    max_depth : int, default=None
        Nodes below this depth are left out.
    decimals : int, default=2
        Digits of the thresholds.
    show_weights : bool, default=False
        Whether to write the class counts of the leaves.

    Returns
    -------
    text : str
        One line for each branch and each leaf.

    Raises
    ------
    TypeError
        If `estimator` is no tree of this package.
    ValueError
        If the number of names is wrong, or `max_depth` is negative.

    See Also
    --------
    plot_tree : The same as a picture.

    Examples
    --------
    >>> from sklearn_mid.tree import MIDDecisionTreeClassifier, export_text
    >>> X = [["red", 1], ["red", 2], ["blue", 1], ["blue", 3]]
    >>> model = MIDDecisionTreeClassifier(categorical_features=[0])
    >>> print(export_text(model.fit(X, [0, 0, 0, 1]), ["colour", "size"]))
    |-- size <= 2.50
    |   |-- class: 0
    |-- size > 2.50
    |   |-- class: 1
    """
    _check_tree(estimator, "export_text")
    check_parameters(
        "export_text",
        _CONSTRAINTS,
        max_depth=max_depth,
        decimals=decimals,
        show_weights=show_weights,
    )
    writer = _Writer(estimator, feature_names, class_names, decimals)
    limit = np.inf if max_depth is None else max_depth
    tree = writer.tree
    lines = []
    stack = [0]
    while stack:  # depth first, so that a branch stands above what follows it
        node = stack.pop()
        depth = tree.depth[node]
        if depth > 0:
            lines.append("|   " * (depth - 1) + "|-- " + writer.condition(node))
        indent = "|   " * depth
        if tree.is_leaf[node]:
            weights = f"  [{writer.counts(node)}]" if show_weights else ""
            lines.append(f"{indent}|-- class: {writer.label(node)}{weights}")
        elif depth >= limit:
            lines.append(f"{indent}|-- ... (class so far: {writer.label(node)})")
        else:
            stack.extend(tree.children(node)[::-1])
    return "\n".join(lines)


def _positions(tree, nodes):
    """Place of each drawn node: leaves side by side, parents above the middle."""
    place = {}
    n_ends = 0
    drawn = set(nodes)
    order, stack = [], [0]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(child for child in tree.children(node)[::-1] if child in drawn)
    for node in order:
        if not drawn.intersection(tree.children(node)):
            place[node] = float(n_ends)
            n_ends += 1
    for node in reversed(order):
        if node not in place:
            below = [place[child] for child in tree.children(node)]
            place[node] = 0.5 * (below[0] + below[-1])
    return place, n_ends


def plot_tree(
    estimator: BaseTreeClassifier,
    *,
    feature_names: ArrayLike | None = None,
    class_names: ArrayLike | None = None,
    max_depth: int | None = 3,
    decimals: int = 2,
    fontsize: float = 8,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a fitted tree with matplotlib.

    Parameters
    ----------
    estimator : MIDDecisionTreeClassifier or PriorityDepthTreeClassifier
        A fitted tree.
    feature_names : array-like of str, default=None
        Names of the columns; None takes those of the DataFrame, or
        "feature_0", "feature_1", ...
    class_names : array-like of str, default=None
        Names of the classes, in the order of ``classes_``.
    max_depth : int, default=3
        Nodes below this depth are left out; None draws all.
    decimals : int, default=2
        Digits of the thresholds.
    fontsize : int, default=8
        Size of the text.
    ax : matplotlib Axes, default=None
        Where to draw; None takes a new figure.

    Returns
    -------
    ax : matplotlib Axes
        The axes with the picture.

    Raises
    ------
    ImportError
        If matplotlib is missing.
    TypeError
        If `estimator` is no tree of this package.
    ValueError
        If the number of names is wrong, or `max_depth` is negative.

    See Also
    --------
    export_text : The same as text.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.tree import MIDDecisionTreeClassifier, plot_tree
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = MIDDecisionTreeClassifier(0.1).fit(X, y)
    >>> plot_tree(model)  # doctest: +SKIP
    """
    _check_tree(estimator, "plot_tree")
    check_parameters(
        "plot_tree",
        _CONSTRAINTS,
        max_depth=max_depth,
        decimals=decimals,
        fontsize=fontsize,
        ax=ax,
    )
    writer = _Writer(estimator, feature_names, class_names, decimals)
    limit = np.inf if max_depth is None else max_depth
    pyplot = require("matplotlib.pyplot", extra="plot", needed_by="plot_tree")
    tree = writer.tree
    nodes = np.flatnonzero(tree.depth <= limit)
    place, n_ends = _positions(tree, nodes.tolist())
    deepest = int(tree.depth[nodes].max())
    if ax is None:
        size = (max(4.0, 1.9 * n_ends), max(2.0, 1.2 * (deepest + 1)))
        ax = pyplot.subplots(figsize=size, layout="constrained")[1]
    share = tree.value.max(axis=1) / tree.weighted_n_node_samples
    for node in nodes.tolist():
        x, y = place[node], -float(tree.depth[node])
        lines = [writer.condition(node)] if node else []
        hidden = not tree.is_leaf[node] and tree.depth[node] == limit
        lines.append(f"{writer.label(node)}{' ...' if hidden else ''}")
        lines.append(f"[{writer.counts(node)}]")
        # Purer nodes are darker, so that the picture needs no colour.
        shade = 1.0 - 0.4 * max(0.0, 2.0 * share[node] - 1.0)
        ax.text(
            x,
            y,
            "\n".join(lines),
            ha="center",
            va="center",
            fontsize=fontsize,
            bbox={"boxstyle": "round", "facecolor": str(shade), "edgecolor": "0.3"},
        )
        if node:
            above = int(tree.parent[node])
            ax.plot([place[above], x], [y + 1.0, y], color="0.6", zorder=0)
    ax.set_xlim(-0.7, n_ends - 0.3)
    ax.set_ylim(-deepest - 0.5, 0.5)
    ax.set_axis_off()
    return ax
