"""Figures that were repeated with other splits: their centre and its interval."""

import functools

import numpy as np
import pandas as pd

__all__ = ["summarize_repetitions"]

_STATISTICS = {"mean": np.mean, "median": np.median}


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
    if statistic not in _STATISTICS:
        raise ValueError(
            f"statistic={statistic!r} is not allowed; choose one of "
            f"{list(_STATISTICS)}."
        )
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
