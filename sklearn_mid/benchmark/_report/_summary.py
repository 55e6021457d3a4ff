"""Who won, in a few lines: what a reader sees before any table."""

import re
from collections import Counter

import pandas as pd

from sklearn_mid.benchmark._engine._spec import Suite
from sklearn_mid.benchmark._report._frontier import INPUTS, Setting, duels
from sklearn_mid.benchmark._report._tables import as_text

__all__ = ["VERDICTS", "headline", "summary", "summary_text", "units"]

_BUDGET = 0.01
_WIDTH, _LINES = 100, 15
VERDICTS = ("leads", "ties", "loses")
_SIDES = ["least of competitors", "least of MID"]


def summary(results: pd.DataFrame, suite: Suite) -> pd.DataFrame:
    """MID against its best competitor at a utility at most 1% below the best.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    suite : Suite

    Returns
    -------
    DataFrame of str
        A row per data set and source of leak: ``data``, ``leak by``, ``MID`` (leads,
        ties or loses), then leak and name of either side. No row of data whose attacks
        have no baseline, or where nothing is so useful.
    """
    rows = []
    for dataset in suite.datasets:
        for (source, _), found in duels(results, dataset, [_BUDGET]).items():
            if found.verdict in VERDICTS:
                sides = map(_told, (found.other, found.mid))
                rows.append([dataset.name, source, found.verdict, *sides])
    return pd.DataFrame(rows, columns=["data", "leak by", "MID", *_SIDES])


def _told(setting: Setting | None) -> str:
    if setting is None:
        return "none is so useful"
    # What it is that varies, the tables say.
    strength = f", {setting.strength:g}" if setting.parameter else ""
    return f"{setting.leak['test'].mean():+.3f} {setting.defence}{strength}"


def headline(table: pd.DataFrame) -> str:
    """How often MID leads, ties and loses."""
    if not len(table):
        return "No comparison at equal utility: it takes attacks and a baseline."
    counts = Counter(table["MID"])
    told = ", ".join(f"{verdict} {counts[verdict]}" for verdict in VERDICTS)
    return (
        f"Least leak at a utility at most {_BUDGET:.0%} below the best: MID {told} of "
        f"{len(table)}."
    )


def units(table: pd.DataFrame, suite: Suite) -> str:
    """What the leaks are, and when MID leads."""
    if not len(table):
        return ""
    metrics = {
        dataset.attack_metric if source == INPUTS else "AUC"
        for dataset in suite.datasets
        for source in table.loc[table["data"] == dataset.name, "leak by"]
    }
    return (
        f"Leak: {', '.join(sorted(metrics))} beyond a guess without the model; "
        "MID ties unless the 95% interval says otherwise."
    )


def summary_text(results: pd.DataFrame, suite: Suite) -> str:
    """The summary in at most 15 lines of at most 100 columns.

    Parameters
    ----------
    results, suite
        As for :func:`summary`.

    Returns
    -------
    str
    """
    table = summary(results, suite)
    lines = [headline(table)]
    if 0 < len(table) <= _LINES - 3:
        lines += [*as_text(_narrowed(table)).splitlines(), units(table, suite)]
    elif len(table):
        counts = pd.crosstab(table["data"], table["MID"])
        counts = counts.reindex(columns=VERDICTS, fill_value=0)
        told = [
            f"  {data}: " + ", ".join(f"{verdict} {n}" for verdict, n in row.items())
            for data, row in counts.iterrows()
        ]
        more = len(told) - (_LINES - 2)
        lines += told if more <= 0 else [*told[: -more - 1], f"  and {more + 1} more"]
    return "\n".join(_clipped(line.rstrip(), _WIDTH) for line in lines)


def _narrowed(table: pd.DataFrame) -> pd.DataFrame:
    """Names of the two sides clipped, so that a line holds them."""
    others = table.drop(columns=_SIDES)
    taken = sum(max(len(c), *map(len, others[c])) + 2 for c in others)
    wide = [max(len(c), *map(len, table[c])) for c in _SIDES]
    room = _WIDTH - taken - 2
    # Either side keeps half of the room, or what the other leaves.
    allowed = [max(room // 2, room - other) for other in reversed(wide)]
    clipped = {
        c: [_clipped(text, width) for text in table[c]]
        for c, width in zip(_SIDES, allowed, strict=True)
    }
    return table.assign(**clipped)


def _clipped(text: str, width: int) -> str:
    """At most `width` characters; a strength at the end stays."""
    if len(text) <= width:
        return text
    end = re.search(r"(, [\d.e-]+)?$", text)
    tail = f"...{end[0] if end else ''}"
    return text[: width - len(tail)] + tail
