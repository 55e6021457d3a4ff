"""Reports for a program."""

import json
import os
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.utils._files import write_file

__all__ = ["as_json", "records"]


def as_json(report: dict[str, Any], path: str | os.PathLike | None = None) -> str:
    """The text of a report, written to a file if there is a path."""
    text = json.dumps(report, indent=1, allow_nan=False, default=str) + "\n"
    if path is not None:
        write_file(path, text.encode())
    return text


def records(table: pd.DataFrame) -> list[dict]:
    """A table as a list of rows; what is not there is None."""
    plain = table.astype(object).where(table.notna(), None)
    return [
        {k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
        for row in plain.to_dict("records")
    ]
