"""What a model file holds of its training rows, whoever asks the model what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from sklearn_mid.utils._parts import estimators_inside
from sklearn_mid.utils._validation import as_rows

__all__ = ["disclosure"]

_ROWS = "training rows"
_INDICES = "row numbers"
_LEAVES = "leaves of one person"
_TERMS = "rarest terms"
_RANKS = "sorted training values"
_ONCE = "categories seen once"

# Attributes that are training rows, or say which rows were used.
_KNOWN = {
    "support_vectors_": _ROWS,
    "X_fit_": _ROWS,
    "X_train_": _ROWS,
    "X_": _ROWS,
    "n_samples_fit_": _ROWS,
    "support_": _INDICES,
    "estimators_samples_": _INDICES,
    "quantiles_": _RANKS,
}

_ADVICE = {
    _ROWS: "release another kind of model, or its answers only; a model distilled from "
    "it (sklearn_mid.release) holds no rows",
    _INDICES: "delete them or fit anew from a seed that is not released; answers do "
    "not need them",
    _LEAVES: "raise min_samples_leaf",
    _TERMS: "raise min_df, or hash the terms (HashingVectorizer)",
    _RANKS: "lower n_quantiles to well below the number of rows",
    _ONCE: "raise min_frequency, or merge rare categories beforehand",
}


def disclosure(estimator: BaseEstimator, X: Any = None) -> pd.DataFrame:
    """What the file of a fitted model holds of the people it was trained on.

    An attack asks a model; who holds its file need not ask. Kernel machines and
    neighbours keep training rows as they are, trees keep leaves that a single person
    reached, encoders and vectorisers keep words that only one person said.

    Parameters
    ----------
    estimator : fitted estimator
        A model, pipeline or search, of scikit-learn or alike. It is read, not run, but
        for the transformers of a pipeline that `X` passes through.
    X : {DataFrame, array-like} of shape (n_samples, n_features), default=None
        The training rows. With them *every* array in the model, private ones
        included, is compared with the rows as they reach that step, and categories
        that occur once are counted. Without them only what scikit-learn documents is
        found.

    Returns
    -------
    report : DataFrame
        A row per finding, none if nothing was found: ``where`` (attribute; ``[*]``
        sums over the parts of an ensemble), ``what`` (``"training rows"``, ``"row
        numbers"``, ``"leaves of one person"``, ``"sorted training values"``,
        ``"rarest terms"``, ``"categories seen once"``), ``count``, ``total`` (of
        which the count is part: entries of the attribute) and ``advice``.

    See Also
    --------
    sklearn_mid.attacks.WhiteBoxTreeAttack : What leaf sizes give away of a secret.

    Notes
    -----
    What is not found may be there all the same: rows that were scaled by a step of
    their own, or summarised, look like no row. Quantiles are sorted column by column:
    they tell values, not who holds which together.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> from sklearn_mid.metrics import disclosure
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> machine = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    >>> disclosure(machine, X)[["where", "what", "count"]].head(1)
                               where           what  count
    0  steps['svc'].support_vectors_  training rows    119
    """
    if isinstance(estimator, type) or not hasattr(estimator, "__dict__"):
        raise TypeError(
            f"estimator must be a fitted estimator, got {estimator!r}; pass an "
            "instance on which fit was called."
        )
    if X is not None:
        X = as_rows(X, "X")
        if len(X.shape) != 2:
            raise ValueError(
                f"X must have shape (n_samples, n_features), got shape {X.shape}."
            )
    found = pd.DataFrame(
        list(_findings(estimator, X)), columns=["where", "what", "count", "total"]
    )
    # The parts of an ensemble tell the same thing: their sum is one line.
    report = found.groupby(["where", "what"], sort=False, as_index=False).sum()
    report = report[report["count"] > 0].reset_index(drop=True)
    return report.assign(advice=report["what"].map(_ADVICE).astype(object))


@dataclass
class _Part:
    """An estimator inside another, the way to it, and the rows that reach it."""

    model: Any
    path: str
    X: Any


def _findings(estimator: Any, X: Any) -> Iterator[tuple[str, str, int, int]]:
    seen: set[int] = set()
    waiting = [_Part(estimator, "", X)]
    while waiting:
        part = waiting.pop()
        if id(part.model) in seen:
            continue
        seen.add(id(part.model))
        yield from _documented(part)
        if part.X is not None:
            yield from _categories_seen_once(part)
            yield from _equal_rows(part)
        waiting += list(_parts(part))[::-1]


def _parts(part: _Part) -> Iterator[_Part]:
    """Fitted estimators directly inside; a pipeline passes the rows on."""
    model, path = part.model, part.path
    if isinstance(model, Pipeline):
        X = part.X
        for name, step in model.steps:
            yield _Part(step, f"{path}steps[{name!r}].", X)
            if X is not None and hasattr(step, "transform"):
                X = step.transform(X)
        return
    # The columns of a ColumnTransformer's steps are not those of X.
    X = None if hasattr(model, "transformers_") else part.X
    if X is not None and hasattr(model, "kept_features_"):
        # Which columns the model inside gets, and what stands for the others.
        X = model.omit(X)
    for name, inner in estimators_inside(model):
        yield _Part(inner, f"{path}{name}.", X)


def _documented(part: _Part) -> Iterator[tuple[str, str, int, int]]:
    """What scikit-learn documents as kept."""
    model, path = part.model, part.path
    for name, what in _KNOWN.items():
        value = getattr(model, name, None)
        if value is None or (what == _RANKS and not _holds_ranks(part)):
            continue
        n = value if name == "n_samples_fit_" else _n_entries(value)
        yield path + name, what, int(n), int(n)
    tree: Any = getattr(model, "tree_", None)
    if hasattr(tree, "n_node_samples"):
        size = np.asarray(tree.n_node_samples)
        is_leaf = np.asarray(tree.feature) < 0
        alone = int(np.count_nonzero(is_leaf & (size == 1)))
        yield path + "tree_", _LEAVES, alone, int(np.count_nonzero(is_leaf))
    idf = getattr(model, "idf_", None)
    if idf is not None and hasattr(model, "vocabulary_"):
        rarest = int(np.isclose(idf, idf.max()).sum()) if len(idf) else 0
        yield path + "vocabulary_", _TERMS, rarest, len(idf)


def _n_entries(value: Any) -> int:
    """Rows of an array, dense or sparse, or entries of a list of index arrays."""
    if isinstance(value, list):
        return sum(len(v) for v in value)
    return value.shape[0]


def _holds_ranks(part: _Part) -> bool:
    # As many quantiles as rows are the sorted rows themselves. scikit-learn lowers
    # n_quantiles_ to the number of rows where there are fewer.
    kept, asked = part.model.n_quantiles_, part.model.n_quantiles
    return kept < asked or (part.X is not None and kept >= len(part.X))


def _categories_seen_once(part: _Part) -> Iterator[tuple[str, str, int, int]]:
    categories = getattr(part.model, "categories_", None)
    if not isinstance(categories, list):
        return
    columns = pd.DataFrame(part.X)
    if len(categories) != columns.shape[1]:
        return
    found = [
        (int((columns.iloc[:, j].value_counts().reindex(known) == 1).sum()), len(known))
        for j, known in enumerate(categories)
        if known is not None  # of a column of numbers
    ]
    once, total = np.sum(found, axis=0, dtype=int) if found else (0, 0)
    yield part.path + "categories_", _ONCE, int(once), int(total)


def _equal_rows(part: _Part) -> Iterator[tuple[str, str, int, int]]:
    """Arrays of the state, private ones included, that hold rows of X."""
    rows = _as_floats(part.X)
    if rows is None or rows.shape[1] < 2:  # single numbers are equal by chance
        return
    for name, value in vars(part.model).items():
        if name in _KNOWN:
            continue
        held = _as_floats(value)
        if held is None or held.shape[1] != rows.shape[1]:
            continue
        for dtype in (np.float64, np.float32):
            equal = np.isin(_row_keys(held, dtype), _row_keys(rows, dtype))
            if equal.any():
                yield (
                    part.path + name,
                    _ROWS,
                    int(np.count_nonzero(equal)),
                    len(held),
                )
                break


def _as_floats(values: Any) -> np.ndarray | None:
    if sparse.issparse(values):
        values = values.toarray()
    if isinstance(values, pd.DataFrame):
        values = values.to_numpy()
    if not isinstance(values, np.ndarray) or values.ndim != 2 or not values.size:
        return None
    if values.dtype.kind not in "iufbO":
        return None
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _row_keys(rows: np.ndarray, dtype: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        rows = np.ascontiguousarray(rows.astype(dtype) + 0.0)  # -0.0 is 0.0
    return rows.view(f"V{rows.shape[1] * rows.itemsize}").ravel()
