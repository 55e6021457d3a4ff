"""Tables as they come: DataFrames of other libraries, and names that are of no use."""

from typing import Any

import pandas as pd

__all__ = ["as_pandas", "check_names"]


def as_pandas(X: Any) -> Any:
    """A polars DataFrame as one of pandas, and anything else as it is.

    Types are those that pandas would read from a list; missing values stay missing.
    """
    if not _is_polars(X):
        return X
    columns = {}
    for name in X.columns:
        column = X.get_column(name)
        is_plain = column.dtype.is_numeric() or str(column.dtype) == "Boolean"
        columns[name] = column.to_numpy() if is_plain else column.to_list()
    return pd.DataFrame(columns)


def _is_polars(X: Any) -> bool:
    # Not imported: whoever has such a table has the package.
    return type(X).__module__.partition(".")[0] == "polars" and hasattr(X, "get_column")


def check_names(X: Any) -> None:
    """Raise if the columns of a DataFrame have several names each."""
    columns = getattr(X, "columns", None)
    if not isinstance(columns, pd.Index):
        return
    if columns.nlevels > 1:
        raise ValueError(
            f"X has a MultiIndex of {columns.nlevels} levels as columns, of which "
            "none can be named; flatten it, for example by "
            "X.columns = ['_'.join(c) for c in X.columns]."
        )
