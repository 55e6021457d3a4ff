"""How a sensitive attribute is named: one column, or a one-hot group of columns."""

import numbers

import numpy as np

__all__ = ["one_hot_codes", "resolve_attributes", "resolve_columns"]


def _resolve_one(column, n_features, feature_names, param):
    if isinstance(column, str):
        if feature_names is None:
            raise ValueError(
                f"{param}={column!r} is a column name, but X has no column names; "
                f"pass a DataFrame or a column index from 0 to {n_features - 1}."
            )
        found = np.flatnonzero(np.asarray(feature_names, dtype=object) == column)
        if len(found) != 1:
            raise ValueError(
                f"{param}={column!r} is not a column of X; the columns are "
                f"{list(feature_names)}."
            )
        return int(found[0])
    if isinstance(column, numbers.Integral) and not isinstance(column, bool):
        if not -n_features <= column < n_features:
            raise ValueError(
                f"{param}={column!r} is out of range: X has {n_features} columns, "
                f"allowed are {-n_features} to {n_features - 1}."
            )
        return int(column) % n_features
    raise TypeError(
        f"{param} must name columns by str or int, got {column!r} of type "
        f"{type(column).__name__}."
    )


def _is_group(attribute):
    return isinstance(attribute, list | tuple | np.ndarray)


def resolve_columns(attribute, *, n_features, feature_names=None, param):
    """Column indices of one attribute.

    Parameters
    ----------
    attribute : str, int, or list of str or int
        A column's name or index (negative counts from the end), or the columns of
        a one-hot group.
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
    group = list(attribute) if _is_group(attribute) else [attribute]
    if not group:
        raise ValueError(f"{param} names no column: got {attribute!r}.")
    columns = [_resolve_one(c, n_features, feature_names, param) for c in group]
    if len(set(columns)) < len(columns):
        raise ValueError(f"{param}={attribute!r} names a column twice.")
    return np.array(columns, dtype=np.intp)


def resolve_attributes(attributes, *, n_features, feature_names=None, param):
    """Column indices of several attributes that share no column.

    Parameters are those of :func:`resolve_columns`, but for `attributes`: a list
    whose items are each one attribute. A bare str or int counts as a list of one.

    Returns
    -------
    list of ndarray of shape (n_columns,), dtype intp
    """
    if not _is_group(attributes):
        attributes = [attributes]
    if not len(attributes):
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
    return resolved


def one_hot_codes(group, *, param):
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
            f"{int(n_set[row])} of its {group.shape[1]} columns set; allowed is 0 or 1."
        )
    n_columns = group.shape[1]
    column = np.where(n_set == 1, is_set.argmax(axis=1), n_columns)
    present = np.flatnonzero(np.bincount(column, minlength=n_columns + 1))
    codes = np.where(present[:, None] == np.arange(n_columns), high, low)
    position = np.zeros(n_columns + 1, dtype=np.intp)
    position[present] = np.arange(len(present))
    level = np.where(present == n_columns, -1, present)
    return codes, level, position[column]
