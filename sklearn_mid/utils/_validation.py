"""Conversions of what a caller gave, whose errors name the parameter."""

import reprlib

import numpy as np
from scipy import sparse

from sklearn_mid.utils._sklearn_compat import validate_parameter_constraints

__all__ = ["as_column", "as_numbers", "check_layer_sizes", "check_parameters"]


def check_parameters(caller, constraints, **values):
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


def as_numbers(values, name):
    """`values` as an array of floats, of whatever shape.

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


def as_column(values, name):
    """`values` as an array of shape (n_samples,), of whatever type.

    A list keeps the types of its entries: 1 and "1" stay different.

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
        If `values` have another shape.
    """
    try:
        _check_dense(values)
        column = np.asarray(values)
        if column.dtype.kind in "SU" and not hasattr(values, "dtype"):
            column = np.asarray(values, dtype=object)
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


def check_layer_sizes(hidden_layer_sizes):
    """Widths of the hidden layers as a tuple of ints.

    Raises
    ------
    ValueError
        If they are no ints of 1 or more.
    """
    sizes = np.atleast_1d(as_numbers(hidden_layer_sizes, "hidden_layer_sizes"))
    if sizes.ndim != 1 or not np.all((sizes >= 1) & (sizes % 1 == 0)):
        raise ValueError(
            f"hidden_layer_sizes must hold ints >= 1; got {hidden_layer_sizes!r}."
        )
    return tuple(sizes.astype(int).tolist())


def _check_dense(values):
    if sparse.issparse(values):
        raise TypeError("sparse matrices are not supported here, pass a dense array")
