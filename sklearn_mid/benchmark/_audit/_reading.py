"""Models and tables from files, in the types that the model was fitted with."""

import csv
import difflib
import gzip
import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score

from sklearn_mid.benchmark._audit._onnx import OnnxModel, refuse_other_classes
from sklearn_mid.utils._model_files import load_model
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._parts import known_values

__all__ = [
    "MISSING",
    "FunctionModel",
    "pairs",
    "read_model",
    "read_people",
    "separator_of",
    "split_by",
]

_SEPARATORS = ",;\t|"
# How missing values are written, unless the model knows the text as a value.
MISSING = {"", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A"}
_TYPES = ("text", "number", "bool")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


class FunctionModel(BaseEstimator):
    """A function of records, as a model that may be asked and nothing else.

    Parameters
    ----------
    function : callable
        From a DataFrame to class probabilities of shape (n_samples, n_classes), or to
        predictions of shape (n_samples,).
    classes : list or None, default=None
        Labels of the columns of the probabilities; None for predictions of numbers.
    """

    def __init__(self, function: Any, classes: list | None = None) -> None:
        self.function = function
        self.classes = classes
        if classes is not None:
            self.classes_ = np.asarray(classes)

    def with_classes(self, X: Any, y: Any) -> "FunctionModel":
        """Itself with labels, if it answers with probabilities of those in y."""
        shape: tuple[int, ...] = getattr(self.function(X[:2]), "shape", ())
        if len(shape) < 2:
            return self
        classes = np.unique(y).tolist()
        refuse_other_classes(classes, shape[1])
        return FunctionModel(self.function, classes)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor" if self.classes is None else "classifier"
        return tags

    def __getattr__(self, name: str) -> Any:
        if name == "predict_proba" and self.__dict__.get("classes") is not None:
            return lambda X: np.asarray(self.function(X), dtype=np.float64)
        raise AttributeError(name)

    def predict(self, X: Any) -> np.ndarray:
        """Labels, or predictions, of records."""
        answers = np.asarray(self.function(X))
        if self.classes is None:
            return answers
        return self.classes_[answers.argmax(axis=1)]

    def score(self, X: Any, y: Any) -> float:
        """Share of right labels, or 1 minus the share of the variance unexplained."""
        predicted = self.predict(X)
        if self.classes is not None:
            return float(accuracy_score(y, predicted))
        return float(r2_score(y, predicted))


def read_model(
    name: str, *, trusted: Iterable[str] = (), trust_file: bool = False
) -> Any:
    """A model from a file, or a function ``module:name`` that answers like one.

    Parameters
    ----------
    name : str
        A ``.skops`` or ``.onnx`` file; a ``.joblib``, ``.pkl`` or ``.pickle`` file, if
        `trust_file`; or ``module:function`` of a module that can be imported from here.
    trusted : iterable of str, default=()
        Types that a skops file may hold besides the usual.
    trust_file : bool, default=False
        Whether a pickle may be read, which runs whatever it says.

    Returns
    -------
    object
    """
    suffix = Path(name).suffix.lower()
    if suffix in (".joblib", ".pkl", ".pickle"):
        if not trust_file:
            raise ValueError(
                f"{name!r} is a pickle, and reading one runs whatever its writer put "
                "in. If you wrote it, or trust who did, add --i-trust-this-file; or "
                "write the model by skops.io.dump."
            )
        joblib = require("joblib", extra="benchmark", needed_by="reading a pickle")
        try:
            return joblib.load(name)
        except OSError as error:
            raise ValueError(f"cannot read {name!r}: {error.strerror}.") from error
    if suffix == ".onnx":
        return OnnxModel(name)
    if ":" in name and not os.path.exists(name):
        return _function(name)
    return load_model(name, trusted=trusted)


def _function(name: str) -> Any:
    module, _, attribute = name.partition(":")
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        function = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"MODEL={name!r} cannot be imported: {error}.") from error
    if not callable(function):
        raise ValueError(f"MODEL={name!r} is no function, but {function!r}.")
    return FunctionModel(function)


def read_people(
    path: str,
    *,
    response: str,
    model: Any,
    secrets: Iterable[str] = (),
    more: Iterable[str] = (),
    separator: str | None = None,
    encoding: str = "utf-8",
    dtypes: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Records with the columns that the model takes, and their responses.

    Text stays text where the model knows text: ``"01"`` is no number for a model whose
    categories are ``"01"`` and ``"02"``, and ``"None"`` is an answer where the model
    knows it as one.

    Parameters
    ----------
    path : str
        CSV file, also ``.gz``, or parquet.
    response : str
        Column of the responses.
    model : object
        The fitted model.
    secrets, more : iterable of str
        Columns that must be there besides those of the model; `more` come apart.
    separator : str, default=None
        Between columns; found out by default.
    encoding : str, default="utf-8"
        Of the text.
    dtypes : dict of str to {"text", "number", "bool"}, default=None
        Types of columns that are not to be found out.

    Returns
    -------
    X : DataFrame
    y : Series
    others : DataFrame
        The columns named in `more`, as they are written.
    """
    texts = model.texts(response) if isinstance(model, OnnxModel) else {}
    dtypes = texts | dict(dtypes or {})
    for column, kind in dtypes.items():
        if kind not in _TYPES:
            raise ValueError(
                f"dtypes: {column}={kind} is not allowed; choose from {list(_TYPES)}."
            )
    if path.lower().endswith((".parquet", ".pq")):
        raw = table = _parquet(path)
    else:
        raw = _raw_text(path, separator, encoding)
        table = _typed(raw, model, response, dtypes)
    columns = list(table.columns)
    names = getattr(model, "feature_names_in_", None)
    wanted = (
        [c for c in columns if c != response and c not in set(more)]
        if names is None
        else list(names)
    )
    for column in [response, *secrets, *wanted, *more, *dtypes]:
        if column not in columns:
            raise ValueError(_no_column(path, column, columns))
    return table[wanted], table[response], raw[list(more)]


def split_by(
    X: pd.DataFrame, y: pd.Series, others: pd.DataFrame, where: str
) -> tuple[tuple[pd.DataFrame, pd.Series], tuple[pd.DataFrame, pd.Series]]:
    """People and members of one table, told apart by ``COLUMN=VALUE``."""
    column, _, value = where.partition("=")
    is_member = (others[column].astype(str) == value).to_numpy()
    if not is_member.any() or is_member.all():
        found = sorted(others[column].astype(str).unique())[:10]
        raise ValueError(
            f"--members-where {where}: "
            f"{'all' if is_member.any() else 'none'} of the rows are members; the "
            f"column {column!r} holds {found}."
        )
    return (X[~is_member], y[~is_member]), (X[is_member], y[is_member])


def pairs(option: str, text: str | None) -> dict[str, str]:
    """An option's ``NAME=VALUE,...`` as a dict."""
    pairs = {}
    for item in text.split(",") if text else []:
        name, equals, value = item.partition("=")
        if not equals or not name or not value:
            raise ValueError(f"{option} {text!r} must be NAME=VALUE,...")
        pairs[name.strip()] = value.strip()
    return pairs


def _no_column(path: str, column: str, columns: list[str]) -> str:
    close = difflib.get_close_matches(column, columns, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    if len(columns) == 1:
        hint = " It has one column only; is --sep right?"
    return f"{path!r} has no column {column!r}.{hint} Its columns are {columns}."


def _parquet(path: str) -> pd.DataFrame:
    require("pyarrow", extra="audit", needed_by="reading parquet")
    try:
        return pd.read_parquet(path)
    except OSError as error:
        raise ValueError(f"cannot read {path!r}: {error}.") from error
    except Exception as error:
        raise ValueError(f"{path!r} is not a parquet file: {error}") from error


def _raw_text(path: str, separator: str | None, encoding: str) -> pd.DataFrame:
    """Every cell as it is written."""
    try:
        if separator is None:
            separator = separator_of(path, encoding)
        # A byte-order mark is no part of the first name.
        table = pd.read_csv(
            path,
            sep=separator,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding,
        )
    except OSError as error:
        raise ValueError(f"cannot read {path!r}: {error.strerror or error}.") from error
    except LookupError as error:
        raise ValueError(f"encoding={encoding!r} is unknown.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path!r} is not {encoding} text ({error.reason}); say which it is by "
            "--encoding."
        ) from error
    except ValueError as error:
        raise ValueError(f"{path!r} is not a CSV file: {error}") from error
    if not len(table):
        raise ValueError(f"{path!r} has a header and no rows; it needs people.")
    return table


def separator_of(path: str, encoding: str) -> str:
    """What stands between the columns of a CSV, found in its first line."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding=encoding, errors="replace", newline="") as file:
        head = file.readline()
    try:
        return csv.Sniffer().sniff(head, delimiters=_SEPARATORS).delimiter
    except csv.Error:  # one column
        return ","


def _typed(
    raw: pd.DataFrame, model: Any, response: str, dtypes: Mapping[str, str]
) -> pd.DataFrame:
    known = known_values(model)
    classes = getattr(model, "classes_", None)
    if classes is not None and not isinstance(classes, list):
        known = known | {response: np.asarray(classes)}
    return pd.DataFrame(
        {
            name: _as_known(column, known.get(name), dtypes.get(name), name)
            for name, column in raw.items()
        }
    )


def _as_known(
    column: pd.Series, known: np.ndarray | None, kind: str | None, name: str
) -> pd.Series:
    """A column of text in the type that was asked for, or that the model knows."""
    values = [] if known is None else known.tolist()
    texts = {v for v in values if isinstance(v, str)}
    missing = column.isin(MISSING - texts)
    if kind == "text" or (kind is None and texts):
        return column.where(~missing, None).astype(object)
    is_bool = bool(values) and all(isinstance(v, bool) for v in values)
    if kind == "bool" or (kind is None and is_bool):
        truth = column.str.lower().map(_TRUTH)
        wrong = truth.isna() & ~missing
        if wrong.any():
            raise ValueError(
                f"column {name!r} holds {column[wrong].iloc[0]!r} where True or False "
                "is expected."
            )
        return truth.astype(bool) if not missing.any() else truth
    numbers = pd.to_numeric(column.where(~missing, None), errors="coerce")
    if numbers.isna().sum() == missing.sum():
        return numbers
    if kind == "number":
        wrong = column[numbers.isna() & ~missing].iloc[0]
        raise ValueError(f"column {name!r} holds {wrong!r} where a number is expected.")
    if set(column[~missing].str.lower().unique()) <= {"true", "false"}:
        return column.str.lower().map({"true": True, "false": False})
    return column.where(~missing, None).astype(object)
