"""Results of a run as tidy tables, and their summaries with intervals."""

import functools
import importlib.metadata
import os

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._plan import plan
from sklearn_mid.benchmark._engine._spec import SuiteError, parse_suite
from sklearn_mid.benchmark._engine._store import ResultsFolderError, Store
from sklearn_mid.benchmark._report._repetitions import (
    check_columns,
    summarize_repetitions,
)
from sklearn_mid.metrics import proportion_interval
from sklearn_mid.utils._validation import check_parameters

__all__ = [
    "compare_defences",
    "load_cells",
    "load_results",
    "load_run",
    "summarize",
    "versions",
]

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
# Figures that are a share of the people attacked.
_SHARES = ("accuracy", "baseline accuracy")
# Figures that are never below 0 or above 1.
_WITHIN_0_1 = (
    *_SHARES,
    "balanced_accuracy",
    "f1",
    "f1_positive",
    "label confidence",
    "roc_auc",
    "weighted f1",
)
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


def summarize(results, *, statistic="mean", confidence_level=0.95):
    """Means (or medians) over repetitions, with intervals over splits and over people.

    Two questions, two intervals. *Over splits*: how much would the figure move with
    other splits of the same people, and other dice? That is a t interval over the
    repetitions. *Over people*: how much would it move with other people? That is the
    exact interval of a share of as many people as were attacked in one repetition, for
    figures that are such shares. A guess that needs no model may be the same in every
    split and yet be known to a few points only.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    statistic : {"mean", "median"}, default="mean"
        What stands for the repetitions. Take the median where a defence may diverge,
        as differential privacy does with few records.
    confidence_level : float, default=0.95
        Nominal coverage of the intervals.

    Returns
    -------
    DataFrame
        One row per dataset, defence, strength, attack, population and metric, in the
        order of `results`: ``mean`` (or ``median``), ``low`` and ``high`` over splits
        (NaN of a single repetition), ``repetitions``, and ``people_low`` and
        ``people_high`` (NaN where the figure is no share of people). Figures that are
        NaN in a repetition (an AUC with one class, say) are left out of it.

    See Also
    --------
    compare_defences : Paired differences between defences.
    sklearn_mid.metrics.interval_over_splits : The interval over splits.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_mid.benchmark import summarize
    >>> results = pd.DataFrame({
    ...     "dataset": "d", "defence": "MID", "parameter": "reg_lambda",
    ...     "strength": 0.1, "attack": "MAP", "population": "members",
    ...     "metric": "accuracy", "repetition": [0, 1, 2], "value": [0.4, 0.6, 0.5]})
    >>> summary = summarize(results).iloc[0]
    >>> [round(float(summary[column]), 3) for column in ("mean", "low", "high")]
    [0.5, 0.252, 0.748]
    """
    table = summarize_repetitions(
        results, GROUP, statistic=statistic, confidence_level=confidence_level
    )
    within = table["metric"].isin(_WITHIN_0_1) & table[statistic].between(0, 1)
    table.loc[within, ["low", "high"]] = table.loc[within, ["low", "high"]].clip(0, 1)
    n = results[results["metric"] == "n"].groupby(["dataset", "population"])["value"]
    n = n.median().rename("n_people").reset_index()
    n_people = table[["dataset", "population"]].merge(n, how="left")["n_people"]
    n_people = n_people.to_numpy(dtype=float)
    is_share = table["metric"].isin(_SHARES) & (n_people > 0) & table[statistic].notna()
    limits = np.full((2, len(table)), np.nan)
    n_people = n_people[is_share].round()
    shares = table.loc[is_share, statistic].to_numpy().clip(0, 1)
    limits[:, is_share] = proportion_interval(
        shares * n_people, n_people, confidence_level=confidence_level
    )
    table["people_low"], table["people_high"] = limits
    return table


def compare_defences(
    results, reference="undefended", *, statistic="mean", confidence_level=0.95
):
    """Paired differences to one defence, with intervals over splits.

    Two defences that were run on the same split share its luck, and their difference
    is rid of it. It may be certain where their own intervals overlap.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    reference : str, default="undefended"
        The defence that the others are compared with; one without a strength.
    statistic : {"mean", "median"}, default="mean"
        What stands for the differences.
    confidence_level : float, default=0.95
        Nominal coverage of the intervals.

    Returns
    -------
    DataFrame
        One row per dataset, defence, strength, attack, population and metric that both
        have in a repetition: ``difference`` (the defence's figure minus the
        reference's), ``low`` and ``high`` (NaN of a single pair), ``repetitions``.

    Raises
    ------
    ValueError
        If `results` lack the reference, or it has several strengths.

    See Also
    --------
    summarize : The figures themselves.
    sklearn_mid.metrics.difference_over_splits : The interval.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_mid.benchmark import compare_defences
    >>> results = pd.DataFrame({
    ...     "dataset": "d", "defence": ["undefended", "MID"] * 3, "parameter": "",
    ...     "strength": float("nan"), "attack": "MAP", "population": "members",
    ...     "metric": "accuracy", "repetition": [0, 0, 1, 1, 2, 2],
    ...     "value": [0.7, 0.6, 0.8, 0.7, 0.9, 0.8]})
    >>> difference = compare_defences(results).iloc[0]
    >>> [round(float(difference[c]), 3) for c in ("difference", "low", "high")]
    [-0.1, -0.1, -0.1]
    """
    check_columns(results, [*GROUP, "repetition", "value"])
    same = [c for c in GROUP if c not in ("defence", "parameter", "strength")]
    pair = [*same, "repetition"]
    check_parameters("compare_defences", {"reference": [str]}, reference=reference)
    is_reference = results["defence"] == reference
    of_reference = results.loc[is_reference, [*pair, "value"]]
    if not len(of_reference):
        defences = list(dict.fromkeys(results["defence"]))
        raise ValueError(f"reference={reference!r} is none of the defences {defences}.")
    if of_reference.duplicated(pair).any():
        raise ValueError(
            f"reference={reference!r} has several strengths; compare with a defence "
            "that has one."
        )
    others = results.loc[~is_reference, [*GROUP, "repetition", "value"]]
    pairs = others.merge(of_reference, on=pair, suffixes=("", "_reference"))
    with np.errstate(invalid="ignore"):  # equal infinities have no difference
        pairs["value"] = pairs["value"] - pairs.pop("value_reference")
    table = summarize_repetitions(
        pairs, GROUP, statistic=statistic, confidence_level=confidence_level
    )
    return table.rename(columns={statistic: "difference"})
