"""Figures of a results folder."""

import os
import re
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_mid.benchmark._engine._spec import AttackSpec, DatasetSpec, Suite
from sklearn_mid.benchmark._report._overview import OverviewDisplay
from sklearn_mid.benchmark._report._privacy_utility import PrivacyUtilityDisplay
from sklearn_mid.benchmark._report._promise import PromiseDisplay
from sklearn_mid.benchmark._report._results import read_run
from sklearn_mid.benchmark._report._strength import StrengthDisplay
from sklearn_mid.benchmark._report._svg import (
    axes,
    closing_figures,
    page_axes,
    svg_element,
)
from sklearn_mid.benchmark._report._tables import utility_metric
from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import check_parameters

__all__ = ["displays", "save_plots", "svg", "unfinished_datasets"]


def unfinished_datasets(cells: pd.DataFrame) -> list[str]:
    """Datasets with cells that failed, took too long or have not run."""
    bad = cells[~cells["status"].isin(["done", "skipped"])]
    return list(dict.fromkeys(bad["dataset"]))


def displays(results: pd.DataFrame, suite: Suite) -> list[tuple[str, str, str, Any]]:
    """What there is to draw, per dataset and attack.

    A privacy-utility plot (kind ``"privacy-utility"``) and, if the dataset asks for
    them, plots of bounds beside what was measured (``"privacy-loss"``,
    ``"information"``). Where nothing is attacked, the models alone are shown
    (``"models"``), under the attack ``""``.

    Returns
    -------
    list of (dataset name, attack name, kind, display)
    """
    found: list[tuple[str, str, str, Any]] = []
    for dataset in suite.datasets:
        frame = results[results["dataset"] == dataset.name]
        metric = utility_metric(frame, dataset)
        kinds = set(frame["kind"])
        judged = set(frame.loc[frame["kind"] == "attack", "attack"])
        if "model" in kinds and not judged:
            display = StrengthDisplay.selected(frame, dataset, metric)
            found.append((dataset.name, "", "models", display))
        # Two of one name are for different datasets.
        for attack in {a.name: a for a in suite.attacks}.values():
            if attack.name in judged and "model" in kinds:
                drawn: dict[str, Any] = {
                    "privacy-utility": PrivacyUtilityDisplay._selected(
                        frame,
                        utility=metric,
                        attack=attack.name,
                        metric=dataset.attack_metric,
                        population=dataset.population,
                        statistic=dataset.statistic,
                        references=_references(suite, dataset, attack),
                        allow_incomplete=True,
                        title=f"{dataset.title or dataset.name}\nattack: {attack.name}",
                    )
                }
                if dataset.bounds:
                    about = (frame, dataset, attack.name)
                    drawn["privacy-loss"] = PromiseDisplay.privacy_loss(*about)
                    drawn["information"] = PromiseDisplay.information(*about)
                found += [
                    (dataset.name, attack.name, kind, display)
                    for kind, display in drawn.items()
                    if display is not None
                ]
    return found


def _references(
    suite: Suite, dataset: DatasetSpec, attack: AttackSpec
) -> list[tuple[str, float, float]]:
    return [
        (r.label, r.utility, r.attack)
        for r in suite.references
        if (not r.datasets or dataset.name in r.datasets)
        and (not r.attacks or attack.name in r.attacks)
    ]


def svg(display: Any) -> str:
    """The plot as an SVG element for a page, in the page's colours.

    Parameters
    ----------
    display : PrivacyUtilityDisplay, StrengthDisplay or PromiseDisplay

    Returns
    -------
    str
    """
    # Narrow, so that the letters are large enough on a phone.
    with page_axes(figsize=(4.4, 4.4)) as ax:
        display.plot(ax).ax_.set_title("")
        n_entries = len(ax.get_legend_handles_labels()[0])
        ax.figure.set_figheight(3.9 + 0.18 * n_entries)
        return svg_element(ax.figure, display.description)


_CONSTRAINTS = {
    "allow_incomplete": ["boolean"],
    "dpi": [Interval(Real, 10, 2400, closed="both")],
}


def save_plots(
    folder: str | os.PathLike, *, allow_incomplete: bool = False, dpi: float = 150
) -> list[Path]:
    """Draw a PNG per dataset into the results folder.

    It has a panel for every attack and a large one for the strongest. Datasets that
    ask for it get more, with the bounds on attacks. Of suites that attack
    nothing, a PNG per dataset: the models' figure against the strength of their
    defence.

    Parameters
    ----------
    folder : path-like
        Results folder.
    allow_incomplete : bool, default=False
        Also draw datasets with cells that are missing or failed; their points are
        hollow, and the plot says so.
    dpi : int, default=150
        Resolution.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If cells are missing or failed, unless `allow_incomplete`.
    """
    check_parameters(
        "save_plots", _CONSTRAINTS, allow_incomplete=allow_incomplete, dpi=dpi
    )
    run = read_run(folder)
    unfinished = unfinished_datasets(run.cells)
    if unfinished and not allow_incomplete:
        raise ValueError(
            f"the results in {str(folder)!r} are incomplete for "
            f"{', '.join(map(repr, unfinished))}: cells are missing or failed (see "
            "sklearn-mid benchmark status). Run again to go on, or allow incomplete "
            "results to draw what there is, marked as such."
        )
    paths = []
    drawn = displays(run.results, run.suite)
    for spec in run.suite.datasets:
        one_each = [d for d in drawn if (d[0], d[2]) == (spec.name, "privacy-utility")]
        if len(one_each) < 2:
            continue
        drawn = [d for d in drawn if d not in one_each]
        mark = " - INCOMPLETE: repetitions are missing"
        display = OverviewDisplay.from_results(
            run.results,
            spec.name,
            utility=utility_metric(run.results, spec),
            metric=spec.attack_metric,
            people=spec.population,
            statistic=spec.statistic,
            title=(spec.title or spec.name) + mark * (spec.name in unfinished),
        )
        path = _path(folder, "overview", spec.name)
        with closing_figures():
            display.plot().figure_.savefig(path, dpi=dpi)
        paths.append(path)
    for dataset, attack, kind, display in drawn:
        path = _path(folder, kind, f"{dataset}--{attack}")
        with axes({}, figsize=(7, 5)) as ax:
            display.plot(ax).figure_.savefig(path, dpi=dpi)
        paths.append(path)
    return paths


def _path(folder: str | os.PathLike, kind: str, name: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")
    return Path(folder) / f"{kind}--{name}.png"
