"""Results of a run as tidy tables, and their summaries with intervals."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_mid.benchmark._engine._folder import load_run
from sklearn_mid.benchmark._engine._plan import Job
from sklearn_mid.benchmark._engine._spec import Suite
from sklearn_mid.benchmark._engine._store import Store
from sklearn_mid.benchmark._report._repetitions import (
    check_columns,
    summarize_repetitions,
)
from sklearn_mid.metrics import proportion_interval
from sklearn_mid.utils._validation import check_parameters

__all__ = [
    "Run",
    "compare_defences",
    "load_cells",
    "load_results",
    "read_run",
    "summarize",
]

# What tells a cell from another; then what is known of each figure.
_CELL = ["kind", "dataset", "defence", "parameter", "strength", "attack", "repetition"]
GROUP = [*_CELL[:-1], "population", "metric"]
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


@dataclass
class Run:
    """All that is in a results folder.

    `cells` and `results` are what :func:`load_cells` and :func:`load_results` return.
    """

    manifest: dict[str, Any]
    suite: Suite
    jobs: list[Job]
    store: Store
    cells: pd.DataFrame
    results: pd.DataFrame


class _Names:
    """Texts, each kept once, by the numbers that stand for them."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self._codes.setdefault(text, len(self._codes))

    def of(self, codes: ArrayLike) -> np.ndarray:
        names = np.array([*self._codes, None], dtype=object)
        return names[np.asarray(codes, dtype=np.intp)]


def read_run(folder: str | os.PathLike) -> Run:
    """Read a results folder, in one pass over what was written.

    Raises
    ------
    ResultsFolderError
        If `folder` holds no results.
    """
    manifest, suite, jobs, store = load_run(folder)
    asked = [(job, cell) for job in jobs for cell in job.cells]
    place = {cell.key: index for index, (_, cell) in enumerate(asked)}
    texts, versions = _Names(), _Names()
    n_cells = len(asked)
    # Of each cell, the record that counts: what else there is of it is left out below.
    serial = np.full(n_cells, -1)
    notes: dict[str, list] = {
        name: [default] * n_cells
        for name, default in (
            ("status", "missing"),
            ("reason", ""),
            ("traceback", ""),
            ("warnings", ()),
            ("seconds", np.nan),
            ("versions", -1),
        )
    }
    columns: dict[str, list] = {n: [] for n in ("cell", "serial", "who", "what")}
    values: list[float] = []
    for number, record in enumerate(store.scan()):
        index = place.get(record["key"])
        if index is None or not store.counts(record):
            continue
        serial[index] = number
        for name in ("reason", "traceback", "warnings"):
            notes[name][index] = record.get(name) or ("" if name != "warnings" else ())
        notes["status"][index], notes["seconds"][index] = (
            record["status"],
            record["seconds"],
        )
        notes["versions"][index] = versions(record["versions"])
        if record["status"] == "done":
            for population, metric, value in record["values"]:
                columns["cell"].append(index)
                columns["serial"].append(number)
                columns["who"].append(texts(population))
                columns["what"].append(texts(metric))
                values.append(np.nan if value is None else float(value))
    frame = _cell_columns(asked)
    cells = frame.assign(
        status=notes["status"],
        reason=notes["reason"],
        traceback=notes["traceback"],
        warnings=pd.Series(list(map(list, notes["warnings"])), dtype=object),
        seconds=notes["seconds"],
        key=[cell.key for _, cell in asked],
    )
    cell = np.array(columns["cell"], dtype=np.intp)
    counts = serial[cell] == np.array(columns["serial"], dtype=np.intp)
    # In the order of the plan, whatever the order of the work.
    order = np.flatnonzero(counts)[np.argsort(cell[counts], kind="stable")]
    cell = cell[order]
    results = frame.take(cell).reset_index(drop=True)
    results["population"] = texts.of(np.array(columns["who"], dtype=np.intp)[order])
    results["metric"] = texts.of(np.array(columns["what"], dtype=np.intp)[order])
    results["value"] = np.array(values)[order]
    results["seed"] = np.array([cell.seed for _, cell in asked], dtype=np.int64)[cell]
    results["seconds"] = np.array(notes["seconds"])[cell]
    results["versions"] = versions.of(np.array(notes["versions"])[cell])
    return Run(manifest, suite, jobs, store, cells, results)


def _cell_columns(asked: Sequence[tuple]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (
                cell.kind,
                job.dataset.name,
                job.defence_name,
                job.parameter,
                np.nan if job.strength is None else job.strength,
                cell.name,
                job.repetition,
            )
            for job, cell in asked
        ],
        columns=_CELL,
    )


def load_cells(folder: str | os.PathLike) -> pd.DataFrame:
    """State of every planned cell.

    Parameters
    ----------
    folder : path-like
        Results folder.

    Returns
    -------
    DataFrame
        One row per cell, in the order of the plan: ``kind``, ``dataset``, ``defence``,
        ``parameter``, ``strength``, ``attack``, ``repetition`` (as in
        :func:`load_results`), ``status`` (``done``, ``skipped``, ``failed``,
        ``timeout`` or ``missing``), ``reason``, ``traceback``, ``warnings`` (list of
        str), ``seconds``, ``key``.

    See Also
    --------
    load_results : The figures of the cells that are done.
    """
    return read_run(folder).cells


def load_results(folder: str | os.PathLike) -> pd.DataFrame:
    """Figures of all cells that are done, one per row.

    Parameters
    ----------
    folder : path-like
        Folder that :func:`run_benchmark` or ``sklearn-mid benchmark`` wrote to. The
        run need not be over.

    Returns
    -------
    DataFrame
        ``kind`` (``"model"``: what a model is good for; ``"attack"``: what an attack
        reaches; ``"baseline"``: what is reached without a model), ``dataset``,
        ``defence`` (``""`` of a baseline), ``parameter`` (name of the defence's knob,
        ``""`` without one), ``strength`` (its setting, NaN without one), ``attack``
        (or baseline; ``""`` of a model), ``repetition``, ``population``
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
    return read_run(folder).results


def summarize(
    results: pd.DataFrame, *, statistic: str = "mean", confidence_level: float = 0.95
) -> pd.DataFrame:
    """Average repetitions, with intervals over splits and over people.

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
        One row per kind, dataset, defence, strength, attack, population and metric, in
        the order of `results`: ``mean`` (or ``median``), ``low`` and ``high`` over
        splits (NaN of a single repetition), ``repetitions``, and ``people_low`` and
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
    ...     "kind": "attack", "dataset": "d", "defence": "MID",
    ...     "parameter": "reg_lambda", "strength": 0.1,
    ...     "attack": "MAP", "population": "members",
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
    results: pd.DataFrame,
    reference: str = "undefended",
    *,
    statistic: str = "mean",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
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
        One row per kind, dataset, defence, strength, attack, population and metric
        that both have in a repetition: ``difference`` (the defence's figure minus the
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
    ...     "kind": "attack", "dataset": "d",
    ...     "defence": ["undefended", "MID"] * 3, "parameter": "",
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
