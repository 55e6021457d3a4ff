"""Figures that were repeated with other splits: their centre and its interval."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.metrics import interval_over_splits
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["check_columns", "collapsed", "is_error", "summarize_repetitions"]

_CONSTRAINTS = {
    "statistic": [StrOptions({"mean", "median"})],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
}
# A run has collapsed that is worse than the median of its group by more than a tenth of
# it, and by more than this many typical standard deviations.
_SHARE, _N_DEVIATIONS = 0.1, 5

# For these, less is better.
_ERRORS = ("mse", "error", "ece", "loss")


def is_error(metric: str) -> bool:
    """Whether less of a metric is better."""
    return any(word in metric.split() for word in _ERRORS)


def check_columns(results: Any, columns: Sequence[str]) -> None:
    """Raise unless `results` is a DataFrame with these columns."""
    missing = [c for c in columns if c not in getattr(results, "columns", ())]
    if missing:
        raise ValueError(
            f"results must be a DataFrame with the columns {columns}; {missing} are "
            "missing."
        )


def summarize_repetitions(
    frame: pd.DataFrame,
    by: list[str],
    *,
    statistic: str = "mean",
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Mean or median of each group's values, with a t interval over splits.

    Parameters
    ----------
    frame : DataFrame
        With the columns of `by` and ``value``, one row per repetition.
    by : list of str
        Columns whose values make a group.
    statistic : {"mean", "median"}, default="mean"
        What stands for the group.
    confidence_level : float, default=0.95
        Nominal coverage.

    Returns
    -------
    DataFrame
        The columns of `by`, the statistic under its own name, ``low``, ``high`` and
        ``repetitions``. Values that are NaN are left out of their group; a group of
        fewer than two has NaN for limits. With infinite values the limits are the
        smallest and the largest.

    See Also
    --------
    sklearn_mid.metrics.interval_over_splits : How the limits are found.
    """
    check_parameters(
        "summarize",
        _CONSTRAINTS,
        statistic=statistic,
        confidence_level=confidence_level,
    )
    check_columns(frame, [*by, "value"])
    table, runs = _runs(frame, by)
    has_value = ~np.isnan(runs).all(axis=1)
    figures = np.full((3, len(table)), np.nan)
    if has_value.any():
        figures[:, has_value] = interval_over_splits(
            runs[has_value], statistic=statistic, confidence_level=confidence_level
        )
    n = np.count_nonzero(~np.isnan(runs), axis=1)
    figures[1:, n < 2] = np.nan
    table[[statistic, "low", "high"]] = figures.T
    table["repetitions"] = n
    return table


def collapsed(
    frame: pd.DataFrame, by: list[str], *, lower_is_better: bool
) -> pd.DataFrame:
    """Runs that did far worse than the others of their group.

    Parameters
    ----------
    frame : DataFrame
        With the columns of `by`, ``value`` and ``repetition``, all of one metric.
    by : list of str
        Columns whose values make a group.
    lower_is_better : bool
        Whether the metric is an error.

    Returns
    -------
    DataFrame
        The rows of `frame` of such runs, with the ``median`` of their group. Groups of
        fewer than three runs have none.
    """
    table, runs = _runs(frame, by)
    enough = np.count_nonzero(np.isfinite(runs), axis=1) >= 3
    if not enough.any():
        return frame.iloc[:0].assign(median=np.nan)
    runs = np.where(np.isfinite(runs), runs, np.nan)[enough]
    table = table[enough]
    medians = np.nanmedian(runs, axis=1)
    # Most groups have no such run, so that the median group is a clean one.
    deviations = np.nanstd(runs, axis=1, ddof=1)
    typical = np.quantile(deviations, 0.5, method="lower") if len(runs) > 1 else 0.0
    limit = np.maximum(_SHARE * np.abs(medians), _N_DEVIATIONS * typical)
    table = table.assign(median=medians, limit=limit)
    rows = frame.merge(table, on=by, how="inner")
    worse = (rows["value"] - rows["median"]) * (1 if lower_is_better else -1)
    return rows[worse > rows["limit"]].drop(columns="limit")


def _runs(frame: pd.DataFrame, by: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """The groups, and their values as (n_groups, most repetitions) with NaN behind."""
    groups = frame.groupby(by, sort=False, dropna=False)
    code, place = groups.ngroup().to_numpy(), groups.cumcount().to_numpy()
    table = frame[by].drop_duplicates().reset_index(drop=True)
    runs = np.full((len(table), place.max(initial=-1) + 1), np.nan)
    runs[code, place] = frame["value"].to_numpy(dtype=float, na_value=np.nan)
    return table, runs
