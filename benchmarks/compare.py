"""Do two runs of a suite give the same figures?

    python benchmarks/compare.py benchmarks/results/quick results/quick

Compares what both have: figures of the same cell and repetition. Prints the groups of
figures that differ, and what only one has; exit status 1 if anything differs. Each run
is a results folder, a kept one, or a CSV file with a figure per row. Kept figures have
six digits.
"""

import argparse
import sys
from pathlib import Path

import keep
import numpy as np
import pandas as pd

from sklearn_mid.benchmark import load_results

KEYS = [*keep.KEYS, "metric"]
GROUP = ["dataset", "defence", "attack", "metric"]


def read(path: Path) -> pd.DataFrame:
    """Figures by what they are of."""
    if path.is_dir() and (path / "cells").is_dir():
        frame = load_results(path)
    elif path.is_dir():
        frame = keep.read_kept(path)
    else:
        frame = pd.read_csv(path)
    return frame.assign(strength=frame["strength"].fillna(-1.0))[[*KEYS, "value"]]


def compare(old: pd.DataFrame, new: pd.DataFrame, tolerance: float) -> bool:
    """Print what differs, and say whether anything does."""
    both = old.merge(new, on=KEYS, how="outer", suffixes=("_old", "_new"),
                     indicator=True)  # fmt: skip
    shared = both["repetition"].isin(set(old["repetition"]) & set(new["repetition"]))
    both = both[shared]
    for side, name in (("left_only", "old"), ("right_only", "new")):
        alone = both[both["_merge"] == side]
        if len(alone):
            print(f"only in the {name}: {len(alone)} figures")
            print(alone.groupby(GROUP).size().to_string())
    both = both[both["_merge"] == "both"]
    close = np.isclose(
        both["value_new"], both["value_old"], rtol=tolerance, atol=tolerance,
        equal_nan=True,
    )  # fmt: skip
    print(f"{len(both)} figures compared, {np.count_nonzero(~close)} differ")
    both = both.assign(by=(both["value_new"] - both["value_old"]).abs())
    differ = both[~close]
    if len(differ):
        print(differ.groupby(GROUP)["by"].agg(["size", "max"]).to_string())
    return len(differ) > 0 or not len(both)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument(
        "--tolerance", type=float, default=1e-5, help="default: %(default)s"
    )
    options = parser.parse_args()
    return compare(read(options.old), read(options.new), options.tolerance)


if __name__ == "__main__":
    sys.exit(main())
