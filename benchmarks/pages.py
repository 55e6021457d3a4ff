"""Write the pages and plots that tell the kept results.

    python benchmarks/pages.py                 benchmarks/README.rst of its template
    python benchmarks/pages.py --plots FOLDER  a figure per data set, for the docs

``README.rst.jinja`` holds the words and asks for every number; the page is committed,
and a test fails when the page, the template and ``results/`` disagree.
"""

import argparse
import functools
import json
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from keep import KEPT
from quotes import kept, value

from sklearn_mid.benchmark import Suite, compare_defences, summarize
from sklearn_mid.benchmark._engine._spec import DatasetSpec, parse_suite
from sklearn_mid.benchmark._report._frontier import (
    BUDGETS,
    NO_LEAK,
    SOURCES,
    Duel,
    Setting,
    settings,
)
from sklearn_mid.benchmark._report._frontier import duels as duels_of
from sklearn_mid.benchmark._report._insight import insight_table, plot_insight
from sklearn_mid.benchmark._report._overview import OverviewDisplay
from sklearn_mid.benchmark._report._summary import VERDICTS

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "README.rst.jinja"
# Tables with a secret: suite and data set.
TABLES = (
    ("linear-iwpc", "iwpc"),
    ("release-iwpc", "iwpc-boosting"),
    ("tree-adult", "adult"),
    ("release-adult", "adult-forest"),
    ("release-adult", "adult-boosting"),
    ("quick", "fair"),
    ("release-fair", "fair-forest"),
    ("tree-gss", "gss"),
    ("release-gss", "gss-boosting"),
    ("release-nhanes", "nhanes-forest"),
    ("tree-steak", "steak"),
    ("quick", "diabetes"),
)
# Nets: who holds the model, or sees its answers before and after an update.
NETS = (
    ("nn-mnist", "mnist-halves"),
    ("nn-lfw", "lfw-faces"),
    ("nn-updates", "mnist"),
    ("nn-updates", "cifar10"),
)


@functools.cache
def manifest(suite: str) -> dict[str, Any]:
    """What is on record of a kept suite."""
    return json.loads((KEPT / suite / "manifest.json").read_text())


@functools.cache
def spec(suite: str) -> Suite:
    """The suite as it was run."""
    return parse_suite(manifest(suite)["suite"])


def dataset_spec(suite: str, name: str) -> DatasetSpec:
    """One of its data sets."""
    return next(d for d in spec(suite).datasets if d.name == name)


def kept_suites() -> list[str]:
    """Names of the suites whose results are kept."""
    return sorted(path.parent.name for path in KEPT.glob("*/results.csv.gz"))


def rst_table(head: list[str], rows: list[list[str]]) -> str:
    """A table of reStructuredText."""
    # A dash alone would be the bullet of a list.
    cells = [[r"\-" if c == "-" else c for c in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    rule = "  ".join("=" * w for w in widths)
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
             for row in cells]  # fmt: skip
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


@functools.cache
def duels(suite: str, dataset: str, utility: str = "") -> dict[tuple[str, float], Duel]:
    """MID against the best competitor, by source of leak and budget.

    Useful is what the data set says, or another metric that its models have.
    """
    about = dataset_spec(suite, dataset)
    return duels_of(kept(suite), replace(about, utility=utility or about.utility))


def _named(setting: Setting | None) -> str:
    if setting is None:
        return "none"
    return f"{setting.name}: {setting.leak['test'].mean():+.3f}"


def frontier_table() -> str:
    """Data set, source of leak, budget: the best of both camps and who leads."""
    rows = []
    for suite, dataset in TABLES:
        if suite not in kept_suites():
            continue
        title = dataset_spec(suite, dataset).title or dataset
        for (source, budget), result in duels(suite, dataset).items():
            first = source == SOURCES[0] and budget == BUDGETS[0]
            change = (
                f"{result.difference:+.3f} [{result.low:+.3f}, {result.high:+.3f}]"
                if np.isfinite(result.difference)
                else "-"
            )
            rows.append(
                [
                    title.replace(", secret", "; secret") if first else "..",
                    source if budget == BUDGETS[0] else "..",
                    f"{100 * budget:.0f}%",
                    _named(result.other),
                    _named(result.mid),
                    change,
                    result.verdict,
                ]
            )
    head = ["Data", "leak", "lost", "best competitor: its leak", "MID: its leak",
            "difference", "MID"]  # fmt: skip
    return rst_table(head, rows)


def verdicts(
    source: str | None = None,
    budget: float | None = None,
    utility: str = "",
    walkovers: bool = True,
) -> pd.Series:
    """How often MID leads, ties and loses, of all or some comparisons."""
    found = [
        result.verdict
        for suite, dataset in TABLES
        if suite in kept_suites()
        for (of, at), result in duels(suite, dataset, utility).items()
        if source in (None, of)
        and budget in (None, at)
        and (walkovers or (result.mid and result.other))
    ]
    return pd.Series(found).value_counts().reindex(VERDICTS, fill_value=0)


def counts_table() -> str:
    """How often MID leads, ties and loses, by what is called useful and by source."""

    def cells(source: str | None, utility: str) -> list[str]:
        every = verdicts(source, utility=utility)
        met = verdicts(source, utility=utility, walkovers=False)
        return [f"{every[v]} ({every[v] - met[v]})" for v in VERDICTS]

    rows = [
        [name if source is None else "..", source or "all", *cells(source, utility)]
        for name, utility in (("as above", ""), ("log loss", "log loss"))
        for source in (None, *SOURCES)
    ]
    return rst_table(["useful by", "leak", *VERDICTS], rows)


def strongest_table(suite: str, dataset: str) -> str:
    """Every setting: utility, the strongest attack and which it was, answer, memory."""
    about = dataset_spec(suite, dataset)
    frame = kept(suite)
    frame = frame[frame["dataset"] == dataset]
    by_source = {
        source: {
            s.name: s for s in settings(frame, dataset, source, utility=about.utility)
        }
        for source in SOURCES
    }
    models = frame[
        (frame["kind"] == "model")
        & (frame["population"] == "held-out")
        & (frame["metric"] == about.utility)
    ]
    summary = summarize(models, statistic=about.statistic)
    rows = []
    for row in summary.itertuples():
        name = row.defence
        if row.parameter:
            name += f", {row.parameter.replace('_', ' ')} {row.strength:g}"
        centre = getattr(row, about.statistic)
        cells = [name, f"{centre:.4g} [{row.low:.4g}, {row.high:.4g}]"]
        for found in by_source.values():
            one = found.get(name)
            cells.append(f"{one.leak['test'].mean():+.3f}" if one else "-")
        strongest = by_source["rule, records"].get(name)
        rows.append([*cells, strongest.attack if strongest else "-"])
    head = ["Defence", about.utility, *SOURCES, "by whom with records"]
    return rst_table(head, rows)


def figures_table(
    suite: str,
    dataset: str,
    attacks: dict[str, str],
    metric: str,
    *,
    utility: str = "",
    people: str = "held-out",
    models: tuple[str, ...] = (),
) -> str:
    """Settings by utility, further figures of the models, and attacks by name."""
    about = dataset_spec(suite, dataset)
    frame = kept(suite)
    frame = frame[frame["dataset"] == dataset]
    utility = utility or about.utility
    summary = summarize(frame, statistic=about.statistic)
    keys = ["defence", "parameter", "strength"]
    centre = about.statistic

    def column(kind: str, attack: str, metric: str) -> pd.DataFrame:
        rows = summary[
            (summary["kind"] == kind)
            & (summary["attack"] == attack)
            & (summary["metric"] == metric)
        ]
        there = people if kind != "model" else "held-out"
        here = rows[rows["population"] == there]
        return (here if len(here) else rows).set_index(keys)

    columns = {utility: column("model", "", utility)}
    columns |= {name: column("model", "", name) for name in models}
    columns |= {title: column("attack", a, metric) for a, title in attacks.items()}
    rows = []
    for key in columns[utility].index:
        name = key[0] + (f", {key[2]:g}" if key[1] else "")
        cells = [name]
        for title, table in columns.items():
            if key not in table.index:
                cells.append("-")
                continue
            found = table.loc[key]
            text = f"{found[centre]:.3g}"
            if title not in models and np.isfinite(found["low"]):
                text += f" [{found['low']:.3g}, {found['high']:.3g}]"
            cells.append(text)
        rows.append(cells)
    guesses = summary[
        (summary["kind"] == "baseline")
        & (summary["metric"] == metric)
        & (summary["population"] == people)
    ]
    for row in guesses.itertuples():
        blank = ["-"] * (len(columns) - 1 - len(attacks) + 1)
        texts = [f"{getattr(row, centre):.3g}"] + [""] * (len(attacks) - 1)
        rows.append([f"no model: {row.attack}", *blank, *texts])
    return rst_table(["Defence", *columns], [[c or "\\" for c in r] for r in rows])


def difference(
    suite: str,
    dataset: str,
    metric: str,
    defence: str,
    strength: float | None = None,
    *,
    attack: str = "",
    reference: str = "undefended",
    people: str = "held-out",
    show: str = "+.3f",
) -> str:
    """A paired difference to a reference, with its interval over splits."""
    frame = kept(suite)
    frame = frame[(frame["dataset"] == dataset) & (frame["metric"] == metric)]
    table = compare_defences(frame[frame["population"] == people], reference)
    rows = table[(table["defence"] == defence) & (table["attack"] == attack)]
    if strength is not None:
        rows = rows[np.isclose(rows["strength"].astype(float), strength)]
    row = rows.iloc[0]
    ends = ", ".join(format(row[end], show) for end in ("low", "high"))
    return f"{format(row['difference'], show)} [{ends}]"


def commit(suite: str) -> str:
    """Of the code that a kept suite was run with, at last."""
    return manifest(suite)["command"].rsplit(" ", 1)[-1]


def protections(
    frame: pd.DataFrame, about: DatasetSpec, price: float = 0.01
) -> dict[str, tuple[float, int, pd.DataFrame]]:
    """By attack: its score on the undefended model, and what lowers it within a price.

    Parameters
    ----------
    frame : DataFrame
        Figures of one data set, a row each.
    about : DatasetSpec
    price : float, default=0.01
        Utility, on held-out people, that a setting may lose on average.

    Returns
    -------
    dict
        The mean score; how many settings are within the price; and those of them whose
        interval of the paired difference, of three repetitions or more, lies below
        zero, from :func:`compare_defences`.
    """
    changes = compare_defences(frame).set_index(["defence", "strength"])
    lost = changes[
        (changes["kind"] == "model")
        & (changes["population"] == "held-out")
        & (changes["metric"] == about.utility)
    ]["difference"]
    affordable = lost.index[lost >= -price]
    scores = frame[
        (frame["kind"] == "attack")
        & (frame["population"] == about.population)
        & (frame["metric"] == about.attack_metric)
    ]
    found = {}
    for attack, rows in scores.groupby("attack", sort=False):
        undefended = rows.loc[rows["defence"] == "undefended", "value"].mean()
        here = changes[
            (changes["kind"] == "attack")
            & (changes["attack"] == attack)
            & (changes["population"] == about.population)
            & (changes["metric"] == about.attack_metric)
        ]
        here = here[here.index.isin(affordable)]
        lower = here[(here["high"] < 0) & (here["repetitions"] > 2)].reset_index()
        found[attack] = (undefended, len(here), lower)
    return found


def protections_table() -> str:
    """Which defence, if any, lowers which attack on a net at a point of accuracy."""
    rows = []
    for suite, dataset in NETS:
        if suite not in kept_suites():
            continue
        about = dataset_spec(suite, dataset)
        frame = kept(suite)
        frame = frame[frame["dataset"] == dataset]
        title = about.title or dataset
        for attack, (score, n_settings, lower) in protections(frame, about).items():
            names = [
                row.defence
                + (f", {row.strength:g}" if row.parameter else "")
                + f": {row.difference:+.2f} [{row.low:+.2f}, {row.high:+.2f}]"
                for row in lower.itertuples()
            ]
            rows.append([title, attack, f"{score:.2f}", str(n_settings),
                         "; ".join(names) or "none"])  # fmt: skip
            title = ".."
    head = ["Nets of", "attack", "undefended", "settings", "lowered by"]
    return rst_table(head, rows)


def costs_table() -> str:
    """Cells, repetitions, hours and commit of every kept suite."""
    rows = []
    for name in kept_suites():
        about = manifest(name)
        rows.append(
            [
                f"``{name}``",
                str(spec(name).repetitions),
                str(about.get("cells", "-")),
                f"{about.get('core_seconds', 0) / 3600:.2f}",
                commit(name),
            ]
        )
    head = ["Suite", "repetitions", "cells", "hours of one core", "commit"]
    return rst_table(head, rows)


def published(suite: str, label: str) -> str:
    """Points of a paper, utility and attack, as the suite has them."""
    points = [r for r in spec(suite).references if r.label == label]
    return " and ".join(f"{r.utility:g}, {r.attack:g}" for r in points)


def number(
    suite: str, dataset: str, metric: str, show: str = ".3f", **asked: Any
) -> str:
    """One kept figure as a text."""
    return format(value(suite, dataset, metric, **asked), show)


def readme() -> str:
    """The page of the results."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.from_string(TEMPLATE.read_text()).render(
        n=number,
        published=published,
        repetitions=lambda suite: spec(suite).repetitions,
        no_leak=NO_LEAK,
        difference=difference,
        frontier_table=frontier_table,
        verdicts=verdicts,
        counts_table=counts_table,
        figures_table=figures_table,
        strongest_table=strongest_table,
        protections_table=protections_table,
        costs_table=costs_table,
    )
    return "\n\n".join(map(_wrapped, re.split(r"\n\n+", page.strip()))) + "\n"


def _wrapped(block: str) -> str:
    """A paragraph as lines of one width; tables, lists, headings as they are."""
    lines = [line.rstrip() for line in block.splitlines()]
    is_prose = not lines[0].startswith((" ", "=", "..", "- ")) and not any(
        set(line) <= set("=-") for line in lines
    )
    if not is_prose or lines[-1].endswith("::"):
        return "\n".join(lines)
    return textwrap.fill(
        " ".join(lines), width=88, break_long_words=False, break_on_hyphens=False
    )


def save_plots(folder: Path) -> list[Path]:
    """A figure per data set of every kept suite, and the figure of the nats.

    ``figures.rst`` beside them shows all, for a page of the documentation to include.
    What is newer than the kept results is left as it is.
    """
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    insight = folder / "insight.png"
    drawn = {insight: "What the use of a secret buys, and what is given away of it."}
    newest = max(
        (KEPT / name / "results.csv.gz").stat().st_mtime for name in kept_suites()
    )
    if not _is_newer(insight, newest):
        tables = pd.concat([kept(name).assign(suite=name) for name in kept_suites()])
        plot_insight(insight_table(tables)).savefig(insight, dpi=110)
    for name in kept_suites():
        frame = kept(name)
        for about in spec(name).datasets:
            rows = (frame["dataset"] == about.name) & (frame["kind"] == "attack")
            if not rows.any():
                continue
            path = folder / f"{name}--{about.name}.png"
            title = about.title or about.name
            drawn[path] = f"{title}; the attack is on {about.population} (``{name}``)."
            if _is_newer(path, (KEPT / name / "results.csv.gz").stat().st_mtime):
                continue
            display = OverviewDisplay.from_results(
                frame,
                about.name,
                utility=about.utility,
                metric=about.attack_metric,
                people=about.population,
                statistic=about.statistic,
                title=title,
            ).plot()
            display.figure_.savefig(path, dpi=110)
            matplotlib.pyplot.close(display.figure_)
    figures = [
        f".. figure:: {folder.name}/{path.name}\n   :figclass: panels\n"
        f"   :alt: {title}\n\n   {title}\n"
        for path, title in drawn.items()
    ]
    (folder / "figures.rst").write_text("\n".join(figures))
    return list(drawn)


def _is_newer(path: Path, time: float) -> bool:
    return path.exists() and path.stat().st_mtime > time


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.plots:
        print(*save_plots(options.plots), sep="\n")
    else:
        (HERE / "README.rst").write_text(readme())


if __name__ == "__main__":
    main()
