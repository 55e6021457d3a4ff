"""Keep what a suite gave: from a results folder into benchmarks/results.

    sklearn-mid benchmark run SUITE
    python benchmarks/keep.py results/SUITE ...

Keeps the manifest, with the time it took, and the figures (``results.csv.gz``, six
digits); not the cells, and no pictures of people. What other figures tell is left out:
advantages (accuracy minus baseline accuracy), and scores that no table or plot shows.
Plots and tables are drawn of the figures when the documentation is built.
"""

import argparse
import gzip
import json
import shutil
from pathlib import Path

import pandas as pd

from sklearn_mid.benchmark import load_cells, load_results

KEPT = Path(__file__).resolve().parent / "results"
_LEFT_OUT = {
    "advantage",
    "balanced_accuracy",
    "f1_constant",
    "member advantage",
    "precision_top_1pct",
    "precision_top_5pct",
    "psnr",
}
# On the people of the choice only what strengths are chosen by.
_FOR_THE_CHOICE = {
    "accuracy",
    "log loss",
    "mse",
    "roc_auc",
    "weighted f1",
}
KEYS = [
    "kind",
    "dataset",
    "defence",
    "parameter",
    "strength",
    "attack",
    "repetition",
    "population",
]
DIGITS = 6


def slim(results: pd.DataFrame) -> pd.DataFrame:
    """What is kept: a row per cell and population, a column per metric."""
    of_choice = results["population"].str.startswith("validation")
    is_kept = ~results["metric"].isin(_LEFT_OUT) & (
        ~of_choice | results["metric"].isin(_FOR_THE_CHOICE)
    )
    kept = results.loc[is_kept, [*KEYS, "metric", "value"]]
    metrics = list(dict.fromkeys(kept["metric"]))
    # NaN is no key.
    kept = kept.assign(strength=kept["strength"].astype(object).fillna(""))
    wide = kept.pivot_table(
        index=KEYS, columns="metric", values="value", sort=False
    ).reset_index()
    return wide[[*KEYS, *metrics]]


def read_kept(folder: Path) -> pd.DataFrame:
    """The figures of a kept suite, a row each, as ``load_results`` has them."""
    texts = [key for key in KEYS if key not in ("strength", "repetition")]
    wide = pd.read_csv(
        folder / "results.csv.gz",
        keep_default_na=False,
        na_values={
            c: [""] for c in pd.read_csv(folder / "results.csv.gz", nrows=0).columns
            if c not in texts
        },
        dtype=dict.fromkeys(texts, str),
    )  # fmt: skip
    tidy = wide.melt(id_vars=KEYS, var_name="metric", value_name="value")
    return tidy.dropna(subset="value").reset_index(drop=True)


def keep(folder: Path) -> None:
    """Write what is kept of a results folder, in place of what was kept before."""
    target = KEPT / folder.name
    cells = load_cells(folder)
    unfinished = sorted(set(cells["status"]) - {"done", "skipped"})
    if unfinished:
        raise SystemExit(f"{folder}: there are cells {' and '.join(unfinished)}.")
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest |= {
        "cells": int((cells["status"] == "done").sum()),
        "core_seconds": round(float(cells["seconds"].sum())),
    }
    (target / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    text = slim(load_results(folder)).to_csv(index=False, float_format=f"%.{DIGITS}g")
    # Without a time stamp, so that equal figures are equal files.
    (target / "results.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(target)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders:
        keep(folder)


if __name__ == "__main__":
    main()
