"""A model as the few lines of Python that make it."""

import importlib
import inspect
import math
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from sklearn_mid.benchmark._audit._reading import MISSING

__all__ = ["Table", "code_of", "recipe"]

_WIDTH = 72
# What pandas takes for nothing besides what an audit does.
_PANDAS_TOO = {"#NA", "#N/A N/A", "n/a", "-nan", "-NaN", "1.#IND", "1.#QNAN", "-1.#IND"}
_PLAIN = (str, int, float, bool, type(None))


def code_of(value: Any) -> tuple[str, set[str]] | None:
    """An expression that makes a value, and the imports that it needs.

    None where it cannot be written down: an estimator holds a function without a name,
    an array, or the like.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")', set()
    if isinstance(value, _PLAIN):
        return repr(value), set()
    if isinstance(value, list | tuple):
        return _sequence(value)
    if isinstance(value, dict):
        pairs = _sequence([*value.items()])
        return pairs and (f"dict({pairs[0]})", pairs[1])
    if isinstance(value, BaseEstimator):
        return _call(value)
    if inspect.isfunction(value) or isinstance(value, type | np.ufunc):
        return _named(value)
    return None


def _sequence(value: list | tuple) -> tuple[str, set[str]] | None:
    parts = [code_of(item) for item in value]
    texts = [part[0] for part in parts if part]
    if len(texts) < len(parts):
        return None
    imports = set().union(*(part[1] for part in parts if part))
    if isinstance(value, list):
        return f"[{_inside(texts)}]", imports
    return f"({_inside(texts)}{',' if len(texts) == 1 else ''})", imports


def _inside(texts: list[str]) -> str:
    """What stands between brackets: on one line, or each on its own."""
    line = ", ".join(texts)
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return "\n" + textwrap.indent(",\n".join(texts), "    ") + "\n"


def _call(estimator: BaseEstimator) -> tuple[str, set[str]] | None:
    named = _named(type(estimator))
    if named is None or getattr(estimator, "_sklearn_output_config", None):
        return None
    name, imports = named
    defaults = inspect.signature(type(estimator)).parameters
    arguments = []
    for parameter, value in estimator.get_params(deep=False).items():
        if _is_default(value, defaults.get(parameter)):
            continue
        part = code_of(value)
        if part is None:
            return None
        arguments.append(f"{parameter}={part[0]}")
        imports = imports | part[1]
    return f"{name}({_inside(arguments)})", imports


def _is_default(value: Any, parameter: inspect.Parameter | None) -> bool:
    if parameter is None or type(value) is not type(parameter.default):
        return False
    if isinstance(value, type):
        return value is parameter.default
    return isinstance(value, _PLAIN) and (
        value == parameter.default
        or (value != value and parameter.default != parameter.default)
    )


def _named(thing: Any) -> tuple[str, set[str]] | None:
    """By the shortest path that leads to it."""
    module, name = getattr(thing, "__module__", None) or "numpy", thing.__name__
    if module in ("__main__", "builtins") or "<" in name:
        return None
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        path = ".".join(parts[:length])
        if getattr(importlib.import_module(path), name, None) is thing:
            return name, {f"from {path} import {name}"}
    return None


_HEAD = """\
# {title}
# Written by sklearn-mid protect. make() is the recommended model, not fitted.
{usage}
{imports}


def make():
    return {expression}
"""
_MAIN = """

def read(path):
    table = {reading}
    X, y = table[{columns!r}], table[{response!r}]
    # A text that is missing is None.
    texts = {gaps!r}
    return X.assign(**{{c: X[c].where(X[c].notna(), None) for c in texts}}), y


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else {path!r}
    output = sys.argv[2] if len(sys.argv) > 2 else "protected.skops"
    dump(make().fit(*read(path)), output)
    print(output)
"""


@dataclass(frozen=True)
class Table:
    """The file that people were read from, and how."""

    path: str
    separator: str
    encoding: str


def recipe(
    model: BaseEstimator,
    title: str,
    *,
    file: str,
    table: Table | None = None,
    X: Any = None,
    y: Any = None,
) -> str:
    """A script that makes a model.

    Parameters
    ----------
    model : estimator
        Not fitted.
    title : str
        Of one line.
    file : str
        File of the unfitted model beside the script, where it cannot be written down.
    table : Table, default=None
        What the script reads people from. None: it reads none.
    X, y : DataFrame and Series, default=None
        The people as they were read.

    Returns
    -------
    str
    """
    code = code_of(model)
    if code is None:
        expression = f'load_model(Path(__file__).with_name("{file}"))'
        imports = {
            "from pathlib import Path",
            "from sklearn_mid.utils._model_files import load_model",
        }
    else:
        expression, imports = code
    usage, main = "# make().fit(X, y) makes what was recommended.", ""
    if table is not None:
        usage = "#\n#     python recipe.py [PEOPLE [MODEL.skops]]\n"
        imports = imports | {
            "import sys",
            "import pandas as pd",
            "from skops.io import dump",
        }
        main = _main(table, X, y)
    head = _HEAD.format(
        title=" ".join(title.split()),
        usage=usage,
        imports="\n".join(sorted(imports, key=_rank)),
        expression=textwrap.indent(expression, "    ").lstrip(),
    )
    return head + main


def _rank(line: str) -> tuple[bool, bool, str]:
    """Modules of Python first."""
    is_python = line.split()[1].split(".")[0] in sys.stdlib_module_names
    return not is_python, line.startswith("from"), line


def _main(table: Table, X: pd.DataFrame, y: pd.Series) -> str:
    columns = {**dict(X.items()), y.name: y}
    texts = [name for name, column in columns.items() if _is_text(column)]
    if table.path.lower().endswith((".parquet", ".pq")):
        reading = "pd.read_parquet(path)"
    else:
        options = [f"sep={table.separator!r}", f"encoding={table.encoding!r}"]
        if texts:
            options.append(f"dtype=dict.fromkeys({texts!r}, object)")
        nothing = {
            name: sorted(MISSING - set(column.dropna()) if name in texts else MISSING)
            for name, column in columns.items()
        }
        held = {v for name in texts for v in columns[name].dropna().unique()}
        if held & (MISSING | _PANDAS_TOO):
            options += ["keep_default_na=False", f"na_values={nothing!r}"]
        reading = f"pd.read_csv({_inside(['path', *options])})"
        reading = textwrap.indent(reading, "    ").lstrip()
    return _MAIN.format(
        reading=reading,
        columns=list(X.columns),
        response=y.name,
        gaps=[name for name in texts if name in X and X[name].isna().any()],
        path=table.path,
    )


def _is_text(column: pd.Series) -> bool:
    return column.dtype == object or isinstance(column.dtype, pd.StringDtype)
