"""Reports."""

from pathlib import Path

from sklearn_mid.benchmark._results import load_results

FORMATS = ("html", "md", "csv", "json")


def write_report(folder, *, format="html", output=None):
    path = Path(folder) / f"results.{format}"
    load_results(folder).to_csv(path, index=False)
    return path
