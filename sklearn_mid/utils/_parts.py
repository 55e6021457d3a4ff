"""The fitted estimators that a fitted estimator consists of, and what they know."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

__all__ = ["estimators_inside", "known_values", "unknown_columns"]


def estimators_inside(model: Any) -> Iterator[tuple[str, Any]]:
    """Fitted estimators directly inside, and where they are.

    Parameters
    ----------
    model : object
        A fitted estimator.

    Yields
    ------
    where : str
        Attribute; ``[*]`` for the items of lists.
    estimator : object
    """
    for name, value in vars(model).items():
        # A template is a parameter: its fitted clone has a trailing underscore. A
        # frozen model is a parameter that is fitted, and so are a pipeline's steps.
        is_state = name.endswith("_") or name.startswith("_") or name == "steps"
        if is_state or _is_fitted(value):
            for suffix, inner in _estimators_in(value):
                yield name + suffix, inner


def known_values(model: Any) -> dict[str, np.ndarray]:
    """Values that a fitted model knows of its nominal columns, by column name.

    Encoders and trees that were fitted on a DataFrame say so by `categories_` and
    `feature_names_in_`, whether they are the model or inside it. Columns of which
    nothing is known (numbers, or arrays without names) are left out.

    Parameters
    ----------
    model : object
        A fitted estimator.

    Returns
    -------
    dict of str to ndarray
    """
    known: dict[str, np.ndarray] = {}
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or not hasattr(part, "__dict__"):
            continue
        seen.add(id(part))
        names = getattr(part, "feature_names_in_", None)
        categories = getattr(part, "categories_", None)
        if names is not None and isinstance(categories, list):
            pairs = zip(names, categories, strict=False)
            known |= {str(n): np.asarray(c) for n, c in pairs if c is not None}
        waiting += [inner for _, inner in estimators_inside(part)]
    # What a step makes of the columns is no column of the records.
    outer = getattr(model, "feature_names_in_", None)
    return known if outer is None else {n: known[n] for n in outer if n in known}


def unknown_columns(model: Any, X: pd.DataFrame) -> dict[str, float]:
    """Nominal columns of records of which a model knows hardly a value.

    Returns
    -------
    dict of str to float
        Share of the records whose value is known, where that is below one in ten.
    """
    shares = {}
    for name, values in known_values(model).items():
        if name in X.columns and len(X):
            held = X[name].dropna()
            share = float(held.isin(pd.Index(values)).mean()) if len(held) else 1.0
            if share < 0.1:
                shares[name] = share
    return shares


def _is_fitted(value: Any) -> bool:
    return isinstance(value, BaseEstimator) and any(
        name.endswith("_") and not name.startswith("_") for name in vars(value)
    )


def _estimators_in(value: Any, suffix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseEstimator) or _wraps_an_estimator(value):
        yield suffix, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _estimators_in(inner, f"{suffix}[{key!r}]")
    elif isinstance(value, list | tuple) or (
        isinstance(value, np.ndarray) and value.dtype == object
    ):
        for inner in value:
            yield from _estimators_in(inner, suffix + "[*]")


def _wraps_an_estimator(value: Any) -> bool:
    # The pairs of model and calibrator inside CalibratedClassifierCV, for one.
    held = getattr(value, "__dict__", {}).values()
    return any(isinstance(v, BaseEstimator) for v in held)
