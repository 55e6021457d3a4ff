"""Tables of results, for people, in several formats."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._spec import DatasetSpec
from sklearn_mid.benchmark._report._repetitions import collapsed, is_error
from sklearn_mid.benchmark._report._results import compare_defences, summarize

__all__ = [
    "as_markdown",
    "as_text",
    "collapsed_runs",
    "comparison",
    "escape",
    "formatted",
    "model_table",
    "reference_defence",
    "setting",
    "utility_metric",
]

_CHOICES = ("mse", "accuracy")
# How a row without a defence is called.
_NO_MODEL = "no model"
_ENDS = ("low", "high", "people_low", "people_high")


def utility_metric(results: pd.DataFrame, dataset: DatasetSpec) -> str:
    """What the dataset's models are measured by: the suite's choice, or the usual."""
    if dataset.utility:
        return dataset.utility
    rows = (results["dataset"] == dataset.name) & (results["kind"] == "model")
    found = list(dict.fromkeys(results.loc[rows, "metric"]))
    return next((m for m in _CHOICES if m in found), found[0] if found else "")


def setting(parameter: str, strength: float | None) -> str:
    """A defence's strength in words, empty if it has none."""
    return f"{parameter}={strength:g}" if parameter else ""


def reference_defence(results: pd.DataFrame) -> str:
    """The defence that others are compared with, or "": the first without a knob."""
    is_plain = (results["parameter"] == "") & (results["kind"] == "model")
    names = list(dict.fromkeys(results.loc[is_plain, "defence"]))
    return "undefended" if "undefended" in names else next(iter(names), "")


def collapsed_runs(results: pd.DataFrame, dataset: DatasetSpec) -> list[str]:
    """Runs whose model is far worse than its other repetitions, in words."""
    metric = utility_metric(results, dataset)
    rows = results[
        (results["dataset"] == dataset.name)
        & (results["kind"] == "model")
        & (results["population"] == "held-out")
        & (results["metric"] == metric)
    ]
    found = collapsed(
        rows[["defence", "parameter", "strength", "repetition", "value"]],
        ["defence", "parameter", "strength"],
        lower_is_better=is_error(metric),
    )
    return [
        f"{row.defence} {setting(row.parameter, row.strength)}".strip()
        + f", repetition {row.repetition}: {metric} {_number(row.value)}, where the "
        f"median of its repetitions is {_number(row.median)}"
        for row in found.itertuples()
    ]


def comparison(results: pd.DataFrame, dataset: DatasetSpec) -> pd.DataFrame:
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
        One row per defence, strength and attack, and one per baseline: ``kind``,
        ``defence``, ``strength`` (text), ``attack``, then centre and limits (``_low``,
        ``_high``) of ``utility`` (on held-out people), ``members`` and ``held_out``
        (the attack's metric), ``baseline`` (accuracy without the model, at the attack's
        knowledge level) and ``advantage`` over it, both on the plot's population, and
        ``utility_change`` and ``change`` (of the attack, on members): the paired
        differences to :func:`reference_defence`, NaN without one. Limits are over
        splits; those of shares over people end in ``_people_low`` and
        ``_people_high``. Models that no attack has judged have one row of kind
        ``"model"``. ``attrs["reference"]`` is the reference's name.
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
    models = summary[summary["kind"] == "model"]
    utility = _columns(
        models, keys, {"utility": ("held-out", utility_metric(results, dataset))}
    )
    attacks = summary[summary["kind"] != "model"]
    judged = _columns(attacks, [*keys, "attack"], wanted)
    reference = reference_defence(frame)
    if reference:
        changes = compare_defences(frame, reference, statistic=dataset.statistic)
        changes = changes.rename(columns={"difference": "centre"})
        is_utility = changes["kind"] == "model"
        wanted = {"utility_change": ("held-out", utility_metric(results, dataset))}
        utility = utility.merge(
            _columns(changes[is_utility], keys, wanted), on=keys, how="left"
        )
        wanted = {"change": ("members", dataset.attack_metric)}
        judged = judged.merge(
            _columns(changes[~is_utility], [*keys, "attack"], wanted),
            on=[*keys, "attack"],
            how="left",
        )
    # From the defences in the order of the plan; those of no attack are kept.
    table = summary[keys].drop_duplicates()
    table = table.merge(judged, on=keys, how="left").merge(utility, on=keys, how="left")
    table["attack"] = table["attack"].fillna("")
    kinds = np.where(table["attack"] == "", "model", "attack")
    table.insert(0, "kind", np.where(table["defence"] == "", "baseline", kinds))
    table["strength"] = [
        setting(parameter, strength)
        for parameter, strength in zip(
            table.pop("parameter"), table["strength"], strict=True
        )
    ]
    table.attrs["reference"] = reference
    return table


def model_table(results: pd.DataFrame, dataset: DatasetSpec) -> pd.DataFrame:
    """Every figure of the models themselves, as texts.

    Figures are those of held-out people, or of the training where there is but one
    (the information of a model, the epsilon it spent).

    Returns
    -------
    DataFrame of str
        ``defence``, ``strength``, then a column per metric.
    """
    rows = (results["dataset"] == dataset.name) & (results["kind"] == "model")
    summary = summarize(results[rows], statistic=dataset.statistic)
    summary = summary.rename(columns={dataset.statistic: "centre"})
    keys = ["defence", "parameter", "strength"]
    wanted = {}
    for population, metric in zip(
        summary["population"], summary["metric"], strict=True
    ):
        if metric not in wanted or population == "held-out":
            wanted[metric] = (population, metric)
    table = _columns(summary, keys, wanted)
    strengths = zip(table["parameter"], table["strength"], strict=True)
    texts = {
        "defence": table["defence"],
        "strength": [setting(parameter, strength) for parameter, strength in strengths],
    }
    return pd.DataFrame(texts | {m: _texts(table, m, _number) for m in wanted})


def _columns(
    summary: pd.DataFrame, keys: Sequence[str], wanted: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """A row per `keys`, and centre and limits of each wanted figure as columns."""
    table = summary[list(keys)].drop_duplicates()
    for name, (population, metric) in wanted.items():
        rows = (summary["population"] == population) & (summary["metric"] == metric)
        ends = [e for e in _ENDS if e in summary]
        figures = summary.loc[rows, [*keys, "centre", *ends]]
        figures.columns = [*keys, name, *(f"{name}_{end}" for end in ends)]
        table = table.merge(figures, on=keys, how="left")
    return table


def formatted(table: pd.DataFrame, dataset: DatasetSpec, metric: str) -> pd.DataFrame:
    """The table as texts, for people.

    Parameters
    ----------
    table : DataFrame
        As from :func:`comparison`.
    dataset : DatasetSpec
        The dataset that it is about.
    metric : str
        Name of the utility metric, a column's title.

    Returns
    -------
    DataFrame of str
    """
    texts = {column: table[column] for column in ("defence", "strength", "attack")}
    texts["defence"] = table["defence"].where(table["kind"] != "baseline", _NO_MODEL)
    texts[f"{metric} ({dataset.statistic})"] = _texts(table, "utility", _number)
    reference = table.attrs.get("reference", "")
    if reference:
        texts[f"{metric} minus {reference}"] = _texts(table, "utility_change", _number)
    name = f"attack {dataset.attack_metric}, members ({dataset.statistic})"
    texts[name] = _texts(table, "members", _share)
    if reference:
        texts[f"attack minus {reference}"] = _texts(table, "change", _share)
    texts["held-out"] = _texts(table, "held_out", _share)
    texts["baseline accuracy"] = _texts(table, "baseline", _share)
    texts["advantage"] = _texts(table, "advantage", _share)
    return pd.DataFrame(texts)


def as_text(table: pd.DataFrame) -> str:
    """A table of texts, its columns aligned to the left."""
    width = {c: max(len(c), *map(len, table[c])) for c in table}
    lines = [list(table), *table.itertuples(index=False)]
    return "\n".join(
        "  ".join(cell.ljust(width[c]) for c, cell in zip(table, line, strict=True))
        for line in lines
    ).rstrip()


def _texts(table: pd.DataFrame, name: str, number: Callable[[float], str]) -> list[str]:
    none = pd.Series(np.nan, index=table.index)
    columns = [
        table.get(f"{name}{end}", none) for end in ("", *("_" + e for e in _ENDS))
    ]
    return [_text(row, number) for row in zip(*columns, strict=True)]


def _text(row: tuple[float, ...], number: Callable[[float], str]) -> str:
    """A figure, its limits over splits and, where they are known, over people."""
    value, *limits = row
    if np.isnan(value):
        return "-"
    text = number(value)
    if np.isinf(value):  # there is no interval around it
        return text
    splits, people = limits[:2], limits[2:]
    if not np.isnan(splits).any():
        text += " [{}, {}]".format(*map(number, splits))
    if not np.isnan(people).any():
        text += " people [{}, {}]".format(*map(number, people))
    return text


def _share(value: float) -> str:
    # + 0.0 makes a negative zero positive.
    return "-" if np.isnan(value) else f"{round(value, 3) + 0.0:.3f}"


def _number(value: float) -> str:
    """Three decimals, or three digits where that would hide the figure."""
    return f"{value:.3f}" if 0.1 <= abs(value) < 1000 else f"{value:.3g}"


def escape(text: object) -> str:
    """Text that Markdown shows as it is, also inside a table."""
    text = str(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return "".join(f"\\{c}" if c in "\\`*_|[]#" else c for c in text)


def as_markdown(table: pd.DataFrame) -> str:
    """A table of texts, in Markdown."""
    lines = [list(table), ["---"] * table.shape[1], *table.itertuples(index=False)]
    header, rule, *rows = (
        [c if c == "---" else escape(c) for c in line] for line in lines
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))
