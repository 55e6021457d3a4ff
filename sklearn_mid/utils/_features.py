"""How a sensitive attribute is named: one column, or a one-hot group of columns."""

import numbers
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "encoded_columns",
    "is_group",
    "one_hot_codes",
    "resolve_attributes",
    "resolve_columns",
]


def is_group(attribute: Any) -> bool:
    """Whether an attribute is given as a list of columns, of whatever kind."""
    return isinstance(attribute, Iterable) and not isinstance(
        attribute, str | bytes | dict | set
    )


def encoded_columns(name: str, feature_names: Sequence[str]) -> list[int]:
    """Columns that an encoder made of the column `name`, by its way of naming.

    ``OneHotEncoder`` writes ``name_value``; ``ColumnTransformer`` puts the name of the
    step before it, ``step__name_value``, or ``step__name`` where the column stays one.

    Parameters
    ----------
    name : str
        The raw column's name.
    feature_names : sequence of str
        Names of the encoded columns.

    Returns
    -------
    columns : list of int
        Their positions; none if there are none.
    """
    found = []
    for i, feature in enumerate(feature_names):
        plain = feature.partition("__")[2] or feature
        written = (feature, plain) if plain != feature else (feature,)
        if plain == name or any(w.startswith(f"{name}_") for w in written):
            found.append(i)
    return found


def _resolve_one(
    column: Any, n_features: int, feature_names: Any, param: str
) -> list[int]:
    if isinstance(column, str):
        if feature_names is None:
            raise ValueError(
                f"{param}={column!r} is a column name, but X has no column names that "
                "are all strings (an array has none, nor has a MultiIndex); pass a "
                f"DataFrame or a column index from 0 to {n_features - 1}."
            )
        found = [i for i, name in enumerate(feature_names) if name == column]
        if len(found) > 1:
            raise ValueError(
                f"{param}={column!r} is the name of {len(found)} columns of X; rename "
                "or drop all but one."
            )
        # The raw name of a column that was encoded stands for all of its columns.
        found = found or encoded_columns(column, list(feature_names))
        if not found:
            raise ValueError(
                f"{param}={column!r} is not a column of X; the columns are "
                f"{list(feature_names)}."
            )
        return found
    if isinstance(column, numbers.Integral) and not isinstance(column, bool):
        column = int(column)
        if not -n_features <= column < n_features:
            raise ValueError(
                f"{param}={column!r} is out of range: X has {n_features} columns, "
                f"allowed are {-n_features} to {n_features - 1}."
            )
        return [column % n_features]
    raise TypeError(
        f"{param} must name columns by str or int, got {column!r} of type "
        f"{type(column).__name__}."
    )


def resolve_columns(
    attribute: Any,
    *,
    n_features: int,
    feature_names: Any = None,
    param: str,
) -> np.ndarray:
    """Column indices of one attribute.

    Parameters
    ----------
    attribute : str, int, or array-like of str or int
        A column's name or index (negative counts from the end), or the columns of
        a one-hot group. A name that X lacks may be that of a raw column which was
        encoded: it stands for the columns that were made of it.
    n_features : int
        Number of columns of X.
    feature_names : array-like of str, default=None
        Column names of X, where it has any.
    param : str
        The parameter's name, for error messages.

    Returns
    -------
    columns : ndarray of shape (n_columns,), dtype intp
        One index for a single column, several for a group.

    Raises
    ------
    ValueError
        If a name is unknown, an index out of range, or a column named twice.
    TypeError
        If a column is neither a str nor an int.
    """
    group = list(attribute) if is_group(attribute) else [attribute]
    if not group:
        raise ValueError(f"{param} names no column: got {attribute!r}.")
    columns = [
        c for one in group for c in _resolve_one(one, n_features, feature_names, param)
    ]
    if len(set(columns)) < len(columns):
        raise ValueError(f"{param}={attribute!r} names a column twice.")
    return np.array(columns, dtype=np.intp)


def resolve_attributes(
    attributes: Any,
    *,
    n_features: int,
    feature_names: Any = None,
    param: str,
    X: Any = None,
) -> list[np.ndarray]:
    """Column indices of several attributes that share no column.

    Parameters are those of :func:`resolve_columns`, but for `attributes`: a list
    whose items are each one attribute. A bare str or int counts as a list of one. With
    records `X`, there is a warning where single columns that are listed code one
    attribute together.

    Returns
    -------
    list of ndarray of shape (n_columns,), dtype intp
    """
    attributes = list(attributes) if is_group(attributes) else [attributes]
    if not attributes:
        raise ValueError(f"{param} is empty; pass None for no sensitive attribute.")
    resolved = [
        resolve_columns(
            a, n_features=n_features, feature_names=feature_names, param=param
        )
        for a in attributes
    ]
    flat = np.concatenate(resolved)
    if len(np.unique(flat)) < len(flat):
        raise ValueError(f"{param}={attributes!r} names a column twice.")
    if X is not None:
        _warn_of_one_attribute(X, attributes, resolved, feature_names, param)
    return resolved


def _warn_of_one_attribute(
    X: Any, attributes: list, resolved: list, feature_names: Any, param: str
) -> None:
    """Warn if columns that are listed as attributes of their own are a one-hot group.

    Two attributes that happen never to hold together are no group: either every record
    has exactly one of the columns set, or they are named after one raw column.
    """
    single = [columns[0] for columns in resolved if len(columns) == 1]
    if len(single) < 2:
        return
    columns = X.iloc[:, single] if hasattr(X, "iloc") else X[:, single]
    columns = columns.toarray() if hasattr(columns, "toarray") else columns
    try:
        group = np.asarray(columns, dtype=float)
        _, level, inverse = one_hot_codes(group, param=param)
    except (TypeError, ValueError):
        return
    every_row_has_one = (level[inverse] >= 0).all()
    names = [] if feature_names is None else [str(feature_names[i]) for i in single]
    stems = {name.rpartition("_")[0] for name in names}
    if every_row_has_one or (len(stems) == 1 and stems != {""}):
        named = names or single
        warnings.warn(
            f"{param}={attributes!r} lists {named} as attributes of their own, but no "
            "record has two of them set: they look like the one-hot columns of a "
            f"single attribute. If so, pass {param}=[{named!r}].",
            UserWarning,
            stacklevel=4,
        )


def one_hot_codes(
    group: ArrayLike, *, param: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Valid codes of a one-hot group, also after each column was scaled.

    Parameters
    ----------
    group : ndarray of shape (n_samples, n_columns)
        The group's columns. Each may take two values; a row holds the higher one in
        at most one column (in none where the first level was dropped).
    param : str
        The parameter's name, for error messages.

    Returns
    -------
    codes : ndarray of shape (n_codes, n_columns)
        The distinct rows, in the order of the column that is set; the row with none
        set, if it occurs, comes last.
    level : ndarray of shape (n_codes,), dtype intp
        The column that is set in each code, or -1.
    inverse : ndarray of shape (n_samples,), dtype intp
        ``codes[inverse]`` equals `group`.

    Raises
    ------
    ValueError
        If the group is not one-hot.
    """
    group = np.asarray(group)
    low, high = group.min(axis=0), group.max(axis=0)
    is_set = (group == high) & (high > low)
    if not np.array_equal(np.where(is_set, high, low), group):
        bad = int(np.flatnonzero((np.where(is_set, high, low) != group).any(axis=0))[0])
        raise ValueError(
            f"{param} names a group that is not one-hot: column {bad} of the group "
            "takes more than two values."
        )
    n_set = is_set.sum(axis=1)
    if n_set.max(initial=0) > 1:
        row = int(np.argmax(n_set))
        raise ValueError(
            f"{param} names a group that is not one-hot: row {row} has "
            f"{int(n_set[row])} of its {group.shape[1]} columns set; allowed is 0 or "
            "1. A list of columns names one attribute: name several one by one."
        )
    n_columns = group.shape[1]
    column = np.where(n_set == 1, is_set.argmax(axis=1), n_columns)
    present = np.flatnonzero(np.bincount(column, minlength=n_columns + 1))
    codes = np.where(present[:, None] == np.arange(n_columns), high, low)
    position = np.zeros(n_columns + 1, dtype=np.intp)
    position[present] = np.arange(len(present))
    level = np.where(present == n_columns, -1, present)
    return codes, level, position[column]
