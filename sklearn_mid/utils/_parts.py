"""The fitted estimators that a fitted estimator consists of, and what they know."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

__all__ = ["estimators_inside", "known_values", "refuse_strangers"]


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
                # A search's scorer holds the pipeline that was searched, not fitted.
                if not isinstance(inner, Pipeline) or _is_fitted(inner):
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
    left_out: set[str] = set()
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
        if names is not None and hasattr(part, "kept_features_"):
            # Whatever stands there is not looked at.
            left_out |= set(np.delete(names, part.kept_features_))
        waiting += [inner for _, inner in estimators_inside(part)]
    # What a step makes of the columns is no column of the records.
    outer = getattr(model, "feature_names_in_", list(known))
    return {n: known[n] for n in outer if n in known and n not in left_out}


def refuse_strangers(
    model: Any, X: pd.DataFrame, secret: str | None = None, values: Any = ()
) -> None:
    """Raise if a model knows hardly a value of a nominal column: types went wrong.

    An attack on such records would find next to no leak, whatever there is.

    Parameters
    ----------
    model : object
        A fitted estimator.
    X : DataFrame of shape (n_samples, n_features)
        Records that it is to be asked about.
    secret : str, default=None
        Name of a sensitive column, one of whose `values` is to be known.
    values : array-like, default=()

    Raises
    ------
    ValueError
        If fewer than one value in ten of a column are known, or none of `values`.
    """
    for name, known in known_values(model).items():
        if name not in X.columns:
            continue
        if name == secret and not pd.Index(values).isin(known).any():
            raise ValueError(
                f"the model knows none of the values {_few(values)} of the secret "
                f"{name!r}; it knows {_few(known)}. Give the values the type that the "
                "model was fitted with."
            )
        held = X[name].dropna()
        share = held.isin(pd.Index(known)).mean() if len(held) else 1
        if name != secret and share < 0.1:
            raise ValueError(
                f"X: the model knows {share:.0%} of the values in column {name!r}, "
                f"which holds {_few(held)}; it knows {_few(known)}. Give the column "
                "the type that the model was fitted with."
            )


def _few(values: Any) -> list[Any]:
    return pd.Series(pd.unique(pd.Series(values))[:4]).tolist()


def _is_fitted(value: Any) -> bool:
    if isinstance(value, Pipeline):
        return any(_is_fitted(step) for _, step in value.steps)
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
