"""Conversions of what a caller gave, whose errors name the parameter."""

import reprlib
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sklearn_mid.utils._sklearn_compat import validate_parameter_constraints

__all__ = [
    "as_column",
    "as_numbers",
    "as_response",
    "as_rows",
    "as_sizes",
    "check_layer_sizes",
    "check_parameters",
    "factorize",
    "positions",
]


def check_parameters(
    caller: str, constraints: Mapping[str, Any], **values: Any
) -> None:
    """Raise unless the parameters of a function are what they may be.

    Parameters
    ----------
    caller : str
        Name of the function, for the error.
    constraints : dict of str to list
        As in the ``_parameter_constraints`` of an estimator.
    **values
        The parameters to check, by name.

    Raises
    ------
    ValueError
        Naming the parameter, what is allowed and what was given.
    """
    validate_parameter_constraints(constraints, values, caller_name=caller)


def as_numbers(values: Any, name: str) -> np.ndarray:
    """`values` as a new array of floats, of whatever shape.

    Parameters
    ----------
    values : array-like
        Numbers.
    name : str
        Parameter that the errors name.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ValueError
        If `values` are no numbers, ragged, complex or sparse.
    """
    try:
        _check_dense(values)
        numbers = np.asarray(values)
        if numbers.dtype.kind == "c":
            raise TypeError("complex numbers have no order")
        if numbers.dtype.kind in "mM":
            raise TypeError(f"their type is {numbers.dtype}")
        return numbers.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{name} must hold numbers, got {reprlib.repr(values)}: {error}."
        ) from error


def as_response(y: Any) -> np.ndarray:
    """Responses of a regression, of whatever shape, as finite floats.

    scikit-learn turns None into NaN after it has looked for NaN.

    Raises
    ------
    ValueError
        If `y` holds something else.
    """
    y = as_numbers(y, "y")
    if not np.isfinite(y).all():
        raise ValueError("Input y contains NaN or infinity; it must be finite.")
    return y


def as_column(values: Any, name: str) -> np.ndarray:
    """`values` as an array of shape (n_samples,), of whatever type.

    A list keeps the types of its entries: 1 and "1" stay different. Entries can be
    hashed.

    Parameters
    ----------
    values : array-like of shape (n_samples,) or (n_samples, 1)
        Labels, groups, guesses.
    name : str
        Parameter that the errors name.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `values` have another shape, or hold dicts or lists.
    """
    try:
        _check_dense(values)
        column = np.asarray(values)
        if column.dtype.kind in "SU" and not hasattr(values, "dtype"):
            column = np.asarray(values, dtype=object)
        if column.dtype == object:
            set(column.ravel().tolist())  # raises for what cannot be told apart
        column = _usual_floats(column)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be a list of values, got {reprlib.repr(values)}: {error}."
        ) from error
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(
            f"{name} must have shape (n_samples,), got shape {column.shape}."
        )
    return column


def as_rows(values: Any, name: str) -> Any:
    """`values` as they are if rows can be taken of them, lists as an array.

    Raises
    ------
    ValueError
        If `values` are no rows: a scalar, or a ragged list.
    """
    if getattr(values, "shape", ()):
        return values
    try:
        rows = np.asarray(values)
        if not rows.ndim:
            raise TypeError("it has no rows")
        return rows
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an array or a DataFrame, got {reprlib.repr(values)}: "
            f"{error}."
        ) from error


def factorize(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Code of each value, and the distinct values, in their order if they have one.

    `column` comes from :func:`as_column`; missing values are a value of their own.
    """
    try:
        return pd.factorize(column, sort=True, use_na_sentinel=False)
    except TypeError:
        return pd.factorize(column, use_na_sentinel=False)


def positions(values: Any, among: Any) -> np.ndarray:
    """Position of each value in the distinct values `among`, -1 if it is none.

    True is 1 and False is 0, as everywhere: scikit-learn makes floats of pandas' own
    booleans, pandas' index tells them apart.
    """
    values, among = (_usual_floats(np.asarray(v)) for v in (values, among))
    if values.dtype != among.dtype:
        values, among = (
            v.astype(np.int8) if v.dtype == bool else v for v in (values, among)
        )
    values, among = (pd.Index(v, tupleize_cols=False) for v in (values, among))
    return among.get_indexer(values)


def _usual_floats(array: np.ndarray) -> np.ndarray:
    """Half and long floats as float64: pandas indexes no others."""
    if array.dtype.kind == "f" and array.itemsize not in (4, 8):
        return array.astype(np.float64)
    return array


def as_sizes(values: Any) -> tuple[int, ...] | None:
    """One or several ints of 1 or more as a tuple of ints; None for anything else."""
    sizes = np.atleast_1d(np.asarray(values, dtype=object))
    if sizes.ndim != 1 or not all(
        isinstance(s, Integral) and int(s) >= 1 for s in sizes
    ):
        return None
    return tuple(int(s) for s in sizes)


def check_layer_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """Widths of the hidden layers as a tuple of ints.

    Raises
    ------
    ValueError
        If they are no ints of 1 or more.
    """
    sizes = as_sizes(hidden_layer_sizes)
    if sizes is None:
        raise ValueError(
            f"hidden_layer_sizes must hold ints >= 1; got {hidden_layer_sizes!r}."
        )
    return sizes


def _check_dense(values: Any) -> None:
    if sparse.issparse(values):
        raise TypeError("sparse matrices are not supported here, pass a dense array")
