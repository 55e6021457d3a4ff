"""Keep what a suite gave: from a results folder into benchmarks/results.

    sklearn-mid benchmark run SUITE
    python benchmarks/keep.py results/SUITE ...

Keeps the manifest, every figure (``results.csv.gz``) and the tables (``report.md``);
not the single cells, and no pictures of people. Plots are drawn of the figures by
``PrivacyUtilityDisplay.from_results``.
"""

import argparse
import gzip
import shutil
from pathlib import Path

from sklearn_mid.benchmark import load_cells, load_results, write_report

KEPT = Path(__file__).resolve().parent / "results"


def keep(folder):
    """Write what is kept of a results folder, in place of what was kept before."""
    target = KEPT / folder.name
    unfinished = sorted(set(load_cells(folder)["status"]) - {"done", "skipped"})
    if unfinished:
        raise SystemExit(f"{folder}: there are cells {' and '.join(unfinished)}.")
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    shutil.copy(folder / "manifest.json", target)
    text = load_results(folder).to_csv(index=False)
    # Without a time stamp, so that equal figures are equal files.
    (target / "results.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    write_report(folder, format="md", output=target / "report.md")
    print(target)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    for folder in parser.parse_args().folders:
        keep(folder)


if __name__ == "__main__":
    main()
