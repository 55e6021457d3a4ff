"""Figures that were repeated with other splits: their centre and its interval."""

import functools
from numbers import Integral, Real

import numpy as np
import pandas as pd

from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["check_columns", "summarize_repetitions"]

_STATISTICS = {"mean": np.mean, "median": np.median}
_CONSTRAINTS = {
    "statistic": [StrOptions({"mean", "median"})],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "n_resamples": [Interval(Integral, 1, None, closed="left")],
    "random_state": [Interval(Integral, 0, None, closed="left"), None],
}


def check_columns(results, columns):
    """Raise unless `results` is a DataFrame with these columns."""
    missing = [c for c in columns if c not in getattr(results, "columns", ())]
    if missing:
        raise ValueError(
            f"results must be a DataFrame with the columns {columns}; {missing} are "
            "missing."
        )


def summarize_repetitions(
    frame,
    by,
    *,
    statistic="mean",
    confidence_level=0.95,
    n_resamples=2000,
    random_state=0,
):
    """Mean or median of each group's values, with a percentile bootstrap interval.

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
    n_resamples : int, default=2000
        Number of resamples.
    random_state : int, default=0
        Seed of the resamples.

    Returns
    -------
    DataFrame
        The columns of `by`, the statistic under its own name, ``low``, ``high`` and
        ``repetitions``. Values that are NaN are left out of their group. With infinite
        values the limits are the smallest and the largest.
    """
    check_parameters(
        "summarize",
        _CONSTRAINTS,
        statistic=statistic,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        random_state=random_state,
    )
    check_columns(frame, [*by, "value"])
    centre = _STATISTICS[statistic]
    tail = 50 * (1 - confidence_level)

    @functools.cache
    def resamples(size):
        # Shared by all groups of that size, so a table of thousands is a moment.
        rng = np.random.default_rng(random_state)
        return rng.integers(size, size=(n_resamples, size))

    def interval(values):
        if not len(values):
            return np.nan, np.nan, np.nan, 0
        if not np.isfinite(values).all():
            return centre(values), values.min(), values.max(), len(values)
        replicates = centre(values[resamples(len(values))], axis=1)
        low, high = np.percentile(replicates, [tail, 100 - tail])
        return centre(values), low, high, len(values)

    groups = frame.groupby(by, sort=False, dropna=False)["value"]
    rows = [(*key, *interval(v.dropna().to_numpy(float))) for key, v in groups]
    return pd.DataFrame(rows, columns=[*by, statistic, "low", "high", "repetitions"])
