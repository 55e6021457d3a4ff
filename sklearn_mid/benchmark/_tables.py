"""The table behind a privacy-utility plot."""

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._results import summarize

__all__ = ["comparison", "setting", "utility_metric"]

_CHOICES = ("mse", "accuracy")


def utility_metric(results, dataset):
    """What the dataset's models are measured by: the suite's choice, or the usual."""
    if dataset.utility:
        return dataset.utility
    rows = (results["dataset"] == dataset.name) & (results["attack"] == "utility")
    found = list(dict.fromkeys(results.loc[rows, "metric"]))
    return next((m for m in _CHOICES if m in found), found[0] if found else "")


def setting(parameter, strength):
    """A defence's strength in words, empty if it has none."""
    return f"{parameter}={strength:g}" if parameter else ""


def comparison(results, dataset):
    """What each defence costs and what each attack gains.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    dataset : DatasetSpec
        Which dataset, and the metrics that its suite looks at.

    Returns
    -------
    DataFrame
        One row per defence, strength and attack: ``defence``, ``strength`` (text),
        ``attack``, then centre and limits (``_low``, ``_high``) of ``utility`` (on
        held-out people), ``members`` and ``held_out`` (the attack's metric),
        ``baseline`` (accuracy without the model, at the attack's knowledge level) and
        ``advantage`` over it, both on the plot's population. Models that no attack has
        judged have one row with attack ``""``.
    """
    frame = results[results["dataset"] == dataset.name]
    summary = summarize(frame, statistic=dataset.statistic)
    summary = summary.rename(columns={dataset.statistic: "centre"})
    wanted = {
        "members": ("members", dataset.attack_metric),
        "held_out": ("held-out", dataset.attack_metric),
        "baseline": (dataset.population, "baseline accuracy"),
        "advantage": (dataset.population, "advantage"),
    }
    keys = ["defence", "parameter", "strength"]
    models = summary[summary["attack"] == "utility"]
    utility = _columns(
        models, keys, {"utility": ("held-out", utility_metric(results, dataset))}
    )
    attacks = summary[summary["attack"] != "utility"]
    table = _columns(attacks, [*keys, "attack"], wanted)
    table = table.merge(utility, on=keys, how="outer", sort=False)
    order = {key: i for i, key in enumerate(_rows(frame, keys))}
    table["order"] = [order[key] for key in _rows(table, keys)]
    table = table.sort_values("order", kind="stable").drop(columns="order")
    table["attack"] = table["attack"].fillna("")
    table["strength"] = [
        setting(p, s)
        for p, s in zip(table.pop("parameter"), table["strength"], strict=True)
    ]
    return table.reset_index(drop=True)


def _rows(frame, keys):
    """Distinct hashable keys of the rows, NaN written as None, in order."""
    plain = frame[keys].astype(object).where(frame[keys].notna(), None)
    rows = plain.itertuples(index=False, name=None)
    return (
        list(rows)
        if len(frame) == len(frame[keys].drop_duplicates())
        else list(dict.fromkeys(rows))
    )


def _columns(summary, keys, wanted):
    """A row per `keys`, and centre and limits of each wanted figure as columns."""
    table = summary[keys].drop_duplicates()
    for name, (population, metric) in wanted.items():
        rows = (summary["population"] == population) & (summary["metric"] == metric)
        figures = summary.loc[rows, [*keys, "centre", "low", "high"]]
        figures.columns = [*keys, name, f"{name}_low", f"{name}_high"]
        table = table.merge(figures, on=keys, how="left", sort=False)
    return table


def formatted(table, metric):
    """The table as texts, for people.

    Parameters
    ----------
    table : DataFrame
        As from :func:`comparison`.
    metric : str
        Name of the utility metric, a column's title.

    Returns
    -------
    DataFrame of str
    """
    return pd.DataFrame(
        {
            "defence": table["defence"],
            "strength": table["strength"],
            "attack": table["attack"],
            metric: _texts(table, "utility"),
            "attack on members": _texts(table, "members"),
            "on held-out": _texts(table, "held_out"),
            "baseline": _texts(table, "baseline", interval=False),
            "advantage": _texts(table, "advantage"),
        }
    )


def _texts(table, name, interval=True):
    columns = [table[name + end] for end in ("", "_low", "_high")]
    return [
        _text(*row) if interval else _number(row[0])
        for row in zip(*columns, strict=True)
    ]


def _number(value):
    if np.isnan(value):
        return "-"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def _text(centre, low, high):
    if np.isnan(centre):
        return "-"
    return f"{_number(centre)} [{_number(low)}, {_number(high)}]"
