"""The columns that an encoder made of one attribute."""

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from sklearn_mid.utils._features import encoded_columns, one_hot_codes
from sklearn_mid.utils._frames import as_pandas, check_names

__all__ = ["one_hot_group"]


def one_hot_group(preprocessor_or_frame: Any, name: str) -> list:
    """Find the columns of an encoded attribute by its raw name.

    Parameters
    ----------
    preprocessor_or_frame : fitted transformer or DataFrame
        What encoded the records: a :class:`~sklearn.preprocessing.OneHotEncoder`, a
        :class:`~sklearn.compose.ColumnTransformer`, or a pipeline that begins with one;
        or the encoded records, whose columns are named as those name them
        (``name_value`` or ``step__name_value``).
    name : str
        The raw column's name, or its index where an encoder was fitted without names.

    Returns
    -------
    columns : list of str
        Names of the encoded columns, to be passed as `sensitive_feature` of an attack,
        or within the list `sensitive_features` of a model. Of a ColumnTransformer or
        encoder, as its ``get_feature_names_out`` writes them.

    Raises
    ------
    TypeError
        If `preprocessor_or_frame` is neither a fitted transformer nor a DataFrame.
    ValueError
        If no column was made of `name`, or those found are no one-hot group.

    See Also
    --------
    sklearn_mid.attacks.MAPAttack : Takes the raw name, too, of encoded records.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.compose import ColumnTransformer
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> from sklearn_mid.utils import one_hot_group
    >>> X = pd.DataFrame({"age": [30, 40, 50], "marital": ["no", "yes", "no"]})
    >>> encode = ColumnTransformer(
    ...     [("cat", OneHotEncoder(), ["marital"])], remainder="passthrough"
    ... ).fit(X)
    >>> one_hot_group(encode, "marital")
    ['cat__marital_no', 'cat__marital_yes']
    """
    frame = as_pandas(preprocessor_or_frame)
    if hasattr(frame, "iloc"):
        check_names(frame)
        names = [str(c) for c in frame.columns]
        if name in names:
            raise ValueError(
                f"name={name!r} is a column of the records itself: it was not encoded."
            )
        found = encoded_columns(name, names)
        if found:
            one_hot_codes(frame.iloc[:, found].to_numpy(dtype=float), param="name")
        columns = [frame.columns[i] for i in found]
    else:
        names = _names_out(frame)
        columns = _of_transformer(frame, name, names)
    if not columns:
        raise ValueError(f"name={name!r} has no encoded columns; there are {names}.")
    return columns


def _names_out(preprocessor: Any) -> list[str]:
    if not hasattr(preprocessor, "get_feature_names_out"):
        raise TypeError(
            "preprocessor_or_frame must be a fitted transformer with "
            "get_feature_names_out, or a DataFrame, got "
            f"{type(preprocessor).__name__}."
        )
    return [str(n) for n in preprocessor.get_feature_names_out()]


def _of_transformer(preprocessor: Any, name: Any, names: list[str]) -> list[str]:
    """Encoded columns by what the encoder knows, where it is one."""
    if isinstance(preprocessor, Pipeline):
        return _of_transformer(preprocessor[0], name, names)
    if isinstance(preprocessor, ColumnTransformer):
        for step, transformer, columns in preprocessor.transformers_:
            place = preprocessor.output_indices_.get(step)
            raw = preprocessor.feature_names_in_
            taken = [columns] if isinstance(columns, str) else list(columns)
            taken = [c if isinstance(c, str) else raw[c] for c in taken]
            if name in taken and place is not None and hasattr(transformer, "fit"):
                part = _names_out(transformer)
                inner = _of_transformer(transformer, name, part)
                return [names[place.start + part.index(column)] for column in inner]
        return []
    categories = getattr(preprocessor, "categories_", None)
    if categories is None:
        return [names[i] for i in encoded_columns(str(name), names)]
    raw = getattr(preprocessor, "feature_names_in_", np.arange(len(categories)))
    place = [i for i, column in enumerate(raw) if column == name]
    if not place:
        return []
    stem = str(name) if isinstance(name, str) else f"x{name}"
    written = {f"{stem}_{value}" for value in [*categories[place[0]], *_OTHERS]}
    return [column for column in names if column in written]


_OTHERS = ("infrequent_sklearn",)
