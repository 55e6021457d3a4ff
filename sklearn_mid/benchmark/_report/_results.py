"""Results of a run as tidy tables, and their summaries with intervals."""

import functools
import importlib.metadata
import os

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._plan import plan
from sklearn_mid.benchmark._engine._spec import SuiteError, parse_suite
from sklearn_mid.benchmark._engine._store import ResultsFolderError, Store
from sklearn_mid.benchmark._report._repetitions import summarize_repetitions

__all__ = ["load_cells", "load_results", "load_run", "summarize", "versions"]

COLUMNS = [
    "dataset",
    "defence",
    "parameter",
    "strength",
    "attack",
    "repetition",
    "population",
    "metric",
    "value",
    "seed",
    "seconds",
    "versions",
]
GROUP = [
    "dataset",
    "defence",
    "parameter",
    "strength",
    "attack",
    "population",
    "metric",
]
# What figures may depend on; the manifest lists the rest.
_PACKAGES = ("sklearn-mid", "scikit-learn", "numpy", "torch", "diffprivlib")


@functools.cache
def versions(packages=_PACKAGES):
    """Installed versions of packages, as one text."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return "; ".join(found)


def load_run(folder):
    """Manifest, suite and planned jobs of a results folder.

    Returns
    -------
    manifest : dict
    suite : Suite
    jobs : list of Job
    store : Store

    Raises
    ------
    ResultsFolderError
        If `folder` holds no results.
    """
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder must be a str or path, got {folder!r}.")
    store = Store(folder)
    manifest = store.read_manifest()
    if manifest is None or not isinstance(manifest.get("suite"), dict):
        raise ResultsFolderError(
            f"{str(folder)!r} is not a results folder: it has no readable "
            "manifest.json. Start one with: sklearn-mid benchmark run SUITE --output "
            "FOLDER"
        )
    # No factories are imported: results can be read without the code behind them.
    try:
        suite = parse_suite(
            manifest["suite"], source=str(folder), check_factories=False
        )
    except SuiteError as error:
        raise ResultsFolderError(
            f"the manifest.json in {str(folder)!r} is damaged: {error}"
        ) from error
    return manifest, suite, plan(suite), store


def load_cells(folder):
    """State of every planned cell.

    Parameters
    ----------
    folder : path-like
        Results folder.

    Returns
    -------
    DataFrame
        One row per cell, in the order of the plan: ``dataset``, ``defence``,
        ``parameter``, ``strength``, ``attack``, ``repetition``, ``status`` (``done``,
        ``skipped``, ``failed``, ``timeout`` or ``missing``), ``reason``,
        ``traceback``, ``warnings`` (list of str), ``seconds``, ``key``.

    See Also
    --------
    load_results : The figures of the cells that are done.
    """
    _, _, jobs, store = load_run(folder)
    rows = []
    for job in jobs:
        for cell in job.cells:
            record = store.read(cell.key) or {"status": "missing"}
            rows.append(
                {
                    "dataset": job.dataset.name,
                    "defence": job.defence.name,
                    "parameter": job.defence.parameter,
                    "strength": np.nan if job.strength is None else job.strength,
                    "attack": cell.attack.name,
                    "repetition": job.repetition,
                    "status": record["status"],
                    "reason": record.get("reason", ""),
                    "traceback": record.get("traceback", ""),
                    "warnings": record.get("warnings", []),
                    "seconds": record.get("seconds", np.nan),
                    "key": cell.key,
                }
            )
    return pd.DataFrame(rows)


def load_results(folder):
    """Figures of all cells that are done, one per row.

    Parameters
    ----------
    folder : path-like
        Folder that :func:`run_benchmark` or ``sklearn-mid benchmark`` wrote to. The
        run need not be over.

    Returns
    -------
    DataFrame
        ``dataset``, ``defence``, ``parameter`` (name of the defence's knob, ``""``
        without one), ``strength`` (its setting, NaN without one), ``attack``
        (``"utility"`` for the model's own scores; attacks that need no model stand
        under the defence ``"no model"``), ``repetition``, ``population``
        (``"members"`` or ``"held-out"``), ``metric``, ``value``, ``seed``,
        ``seconds`` (of the whole cell) and ``versions``; in the order of the plan,
        whatever the order of the work.

    Raises
    ------
    ResultsFolderError
        If `folder` holds no results. An ``OSError``.

    See Also
    --------
    summarize : Means over repetitions, with intervals.
    """
    _, _, jobs, store = load_run(folder)
    rows = []
    for job in jobs:
        strength = np.nan if job.strength is None else job.strength
        for cell in job.cells:
            record = store.read(cell.key)
            if record is None or record["status"] != "done":
                continue
            for population, metric, value in record["values"]:
                rows.append(
                    (
                        job.dataset.name,
                        job.defence.name,
                        job.defence.parameter,
                        strength,
                        cell.attack.name,
                        job.repetition,
                        population,
                        metric,
                        np.nan if value is None else float(value),
                        cell.seed,
                        record["seconds"],
                        record["versions"],
                    )
                )
    return pd.DataFrame(rows, columns=COLUMNS)


def summarize(
    results,
    *,
    statistic="mean",
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
):
    """Means (or medians) over repetitions with bootstrap intervals.

    The interval says how much the figure would move with other repetitions: other
    splits and other dice. It is a percentile bootstrap, so with R repetitions it
    cannot reach beyond the smallest and largest of them, and is too narrow for small
    R; with a single repetition it is a point.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    statistic : {"mean", "median"}, default="mean"
        What stands for the repetitions. Take the median where a defence may diverge,
        as differential privacy does with few records.
    confidence_level : float, default=0.95
        Nominal coverage of the intervals.
    n_resamples : int, default=2000
        Bootstrap resamples.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    DataFrame
        One row per dataset, defence, strength, attack, population and metric, in the
        order of `results`: ``mean`` (or ``median``), ``low``, ``high`` and
        ``repetitions``. Figures that are NaN in a repetition (an AUC with one class,
        say) are left out of it.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_mid.benchmark import summarize
    >>> results = pd.DataFrame({
    ...     "dataset": "d", "defence": "MID", "parameter": "reg_lambda",
    ...     "strength": 0.1, "attack": "MAP", "population": "members",
    ...     "metric": "accuracy", "repetition": [0, 1], "value": [0.4, 0.6]})
    >>> summary = summarize(results).iloc[0]
    >>> float(summary["mean"]), float(summary["low"]), float(summary["high"])
    (0.5, 0.4, 0.6)
    """
    return summarize_repetitions(
        results,
        GROUP,
        statistic=statistic,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        random_state=random_state,
    )
