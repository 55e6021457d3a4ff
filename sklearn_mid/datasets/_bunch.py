"""How loaded data is handed out: tables and images as a Bunch."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_mid.utils._validation import check_parameters

__all__ = [
    "Images",
    "Table",
    "check_flags",
    "check_option",
    "image_bunch",
    "nominal",
    "table_bunch",
]

# What loaders return: a Bunch, or (data, target). Any, because a union would make every
# use of a Bunch an error to type checkers.
Table: TypeAlias = Any
Images: TypeAlias = Any


_FLAGS = {
    "as_frame": ["boolean"],
    "complete_cases": ["boolean"],
    "data_home": [str, os.PathLike, None],
    "download_if_missing": ["boolean"],
    "one_hot": ["boolean"],
    "return_X_y": ["boolean"],
}


def check_flags(loader: str, **flags: Any) -> None:
    """Raise a ValueError that names the parameter unless all are of the right type."""
    check_parameters(loader, _FLAGS, **flags)


def check_option(param: str, value: Any, allowed: Iterable[str]) -> None:
    """Raise a ValueError that names the parameter unless `value` is allowed."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(
            f"{param}={value!r} is not allowed; choose one of {list(allowed)}."
        )


def nominal(
    column: pd.Series, names: Sequence[str] | dict[Any, str], *, ordered: bool = False
) -> pd.Series:
    """Column as a categorical of strings; missing stays missing.

    Parameters
    ----------
    column : Series
        Values.
    names : list of str or dict
        The categories in their order, or from value to category.
    ordered : bool, default=False
        Whether the categories have an order.

    Returns
    -------
    Series of dtype category
    """
    if isinstance(names, dict):
        column = column.map(names)
        names = list(names.values())
    return column.astype(pd.CategoricalDtype(list(names), ordered=ordered))


def _class_names(target):
    if pd.api.types.is_float_dtype(target):
        return None
    return [str(name) for name in np.unique(np.asarray(target))]


def table_bunch(
    frame: pd.DataFrame,
    *,
    target: str,
    sensitive_features: Sequence[str],
    descr: str,
    as_frame: bool,
    return_X_y: bool,
    **others: Any,
) -> Table:
    """Bunch of a table, or its ``(data, target)``.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_features + 1)
        Features and target.
    target : str
        Column of the target.
    sensitive_features : list of str
        Columns that an attacker would like to know.
    descr : str
        Description.
    as_frame : bool
        Whether data and target are pandas objects. Arrays of mixed columns have
        dtype object.
    return_X_y : bool
        Whether ``(data, target)`` is returned.
    **others
        Further items of the Bunch.
    """
    if frame.empty:
        raise ValueError("the table has no rows")
    data, response = frame.drop(columns=target), frame[target]
    names = list(data.columns)
    class_names = _class_names(response)
    if not as_frame:
        frame, data, response = None, data.to_numpy(), response.to_numpy()
        if response.dtype == object:
            response = response.astype(str)
    if return_X_y:
        return data, response
    bunch = Bunch(
        data=data,
        target=response,
        frame=frame,
        feature_names=names,
        sensitive_features=list(sensitive_features),
        DESCR=descr,
        **others,
    )
    if class_names is not None:
        bunch.target_names = class_names
    return bunch


def image_bunch(
    pixels: np.ndarray,
    target: np.ndarray,
    *,
    target_names: Sequence[str],
    descr: str,
    return_X_y: bool,
    **others: Any,
) -> Images:
    """Bunch of images, or its ``(data, target)``.

    Parameters
    ----------
    pixels : ndarray of shape (n_samples, n_channels, height, width)
        Values in [0, 1].
    target : ndarray of shape (n_samples,)
        Class of each image.
    target_names : list of str
        Name of class k at position k.
    descr : str
        Description.
    return_X_y : bool
        Whether ``(data, target)`` is returned.
    **others
        Further items of the Bunch.
    """
    n_samples, *image_shape = pixels.shape
    data = np.ascontiguousarray(pixels.reshape(n_samples, -1), dtype=np.float32)
    if return_X_y:
        return data, target
    pixels = data.reshape(n_samples, *image_shape)
    images = pixels[:, 0] if image_shape[0] == 1 else pixels.transpose(0, 2, 3, 1)
    return Bunch(
        data=data,
        target=target,
        frame=None,
        images=images,
        image_shape=tuple(image_shape),
        feature_names=[f"pixel_{i}" for i in range(data.shape[1])],
        target_names=list(target_names),
        sensitive_features=[],
        DESCR=descr,
        **others,
    )
