"""Tables in two files, of training and of held-out rows, from one repository."""

from typing import Any

import pandas as pd

from sklearn_mid.datasets._bunch import check_option
from sklearn_mid.datasets._files import DataFile, find_file, reading

__all__ = ["SUBSETS", "part", "read_parts"]

SUBSETS = ("train", "test", "all")

_ADDRESS = (
    "https://raw.githubusercontent.com/smehnaz/"
    "Black-box-Model-Inversion-Attribute-Inference/"
    "1feca3b475ee550c3fc33a69e7bc13841f1b53eb/data/"
)


def part(dataset: str, name: str, sha256: str) -> DataFile:
    """File of the repository that goes with Mehnaz et al. (2022)."""
    return DataFile(dataset=dataset, name=name, sha256=sha256, url=_ADDRESS + name)


def read_parts(
    files: Any, subset: str, *, data_home: Any, download_if_missing: bool
) -> Any:
    """Rows of the files of a subset, one file after the other.

    Parameters
    ----------
    files : dict
        Files of the subsets "train" and "test".
    subset : {"train", "test", "all"}
        Which to read.
    data_home, download_if_missing
        See :func:`sklearn_mid.datasets._files.find_file`.

    Returns
    -------
    frame : DataFrame
        With an index from 0.
    paths : list of str
        Where the files lie.
    """
    check_option("subset", subset, SUBSETS)
    paths = [
        str(
            find_file(
                file, data_home=data_home, download_if_missing=download_if_missing
            )
        )
        for name, file in files.items()
        if subset in (name, "all")
    ]
    with reading(*paths):
        frame = pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
    return frame, paths
