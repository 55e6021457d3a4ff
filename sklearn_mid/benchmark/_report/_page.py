"""Reports of a results folder: one HTML page, Markdown, CSV or JSON."""

import base64
import io
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._spec import DatasetSpec, list_suites
from sklearn_mid.benchmark._report._plots import displays, svg, unfinished_datasets
from sklearn_mid.benchmark._report._render import render
from sklearn_mid.benchmark._report._results import Run, read_run
from sklearn_mid.benchmark._report._summary import headline, summary, units
from sklearn_mid.benchmark._report._tables import (
    as_markdown,
    collapsed_runs,
    comparison,
    escape,
    formatted,
    model_table,
    setting,
    utility_metric,
)
from sklearn_mid.utils._files import write_file
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["FORMATS", "write_report"]

FORMATS = ("html", "csv", "json", "md")
_N_TEXT_COLUMNS = 2


_CONSTRAINTS = {
    "format": [StrOptions(set(FORMATS))],
    "output": [str, os.PathLike, None],
}


def write_report(
    folder: str | os.PathLike,
    *,
    format: str = "html",
    output: str | os.PathLike | None = None,
) -> Path | None:
    """Write down what is in a results folder.

    Parameters
    ----------
    folder : path-like
        Results folder; the run need not be over.
    format : {"html", "csv", "json", "md"}, default="html"
        ``"html"``: one page that needs nothing else, with plots, tables, failures,
        versions and the command that reproduces it. ``"md"``: the tables and
        failures. ``"csv"`` and ``"json"``: every single figure, as from
        :func:`load_results`; ``"json"`` also has the manifest and the state of each
        cell.
    output : path-like, default=None
        File to write; ``"-"`` is standard output. By default ``report.html``,
        ``report.md``, ``results.csv`` or ``results.json`` in the folder.

    Returns
    -------
    Path or None
        The file written, None for standard output.

    See Also
    --------
    save_plots : The plots as PNG files.
    """
    check_parameters("write_report", _CONSTRAINTS, format=format, output=output)
    run = read_run(folder)
    text = {"html": _html, "csv": _csv, "json": _json, "md": _markdown}[format](run)
    if str(output) == "-":
        sys.stdout.write(text)
        return None
    stem = "report" if format in ("html", "md") else "results"
    path = Path(output) if output else Path(folder) / f"{stem}.{format}"
    write_file(path, text.encode())
    return path


def _csv(run: Run) -> str:
    return run.results.to_csv(index=False)


def _json(run: Run) -> str:
    tables = {
        # pandas writes NaN and infinity as null, which JSON has.
        name: json.loads(table.to_json(orient="records", double_precision=15))
        for name, table in (("cells", run.cells), ("results", run.results))
    }
    manifest = json.loads(
        json.dumps(run.manifest), parse_constant=lambda name: name.lower()
    )
    document = {"manifest": manifest, **tables}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _trouble(cells: pd.DataFrame) -> list[dict[str, str]]:
    """Cells that are not done, those of one reason together."""
    found = []
    bad = cells[~cells["status"].isin(["done", "missing"])]
    for (status, reason), group in bad.groupby(["status", "reason"], sort=False):
        names = dict.fromkeys(
            " / ".join(filter(None, (row.dataset, row.defence, row.attack)))
            for row in group.itertuples()
        )
        found.append(
            {
                "title": f"{len(group)} cells {status}",
                "reason": reason,
                "cells": "; ".join(names),
                "traceback": next(filter(None, group["traceback"]), ""),
            }
        )
    return found


def _counts(cells: pd.DataFrame) -> dict[str, str]:
    counts = cells["status"].value_counts()
    order = ("done", "skipped", "failed", "timeout", "missing")
    parts = [f"{counts[s]} {s}" for s in order if s in counts]
    return {"text": f"{len(cells)} cells planned: {', '.join(parts)}"}


def _facts(run: Run) -> list[tuple[str, Any]]:
    manifest, cells = run.manifest, run.cells
    machine = manifest.get("machine", {})
    seconds = cells["seconds"].sum()
    return [
        ("Command", manifest.get("command") or "run_benchmark (Python)"),
        ("Started", manifest.get("started", "?")),
        ("Last resumed", manifest.get("resumed", "?")),
        ("Work", f"{seconds:.0f} s in {len(cells)} cells"),
        ("Jobs", f"{manifest.get('n_jobs', '?')} ({manifest.get('backend', '?')})"),
        ("Repetitions", run.suite.repetitions),
        ("Seed", run.suite.seed),
        ("Machine", "; ".join(f"{k}: {v}" for k, v in machine.items())),
        ("Versions", manifest.get("versions", "?")),
    ]


def _command(run: Run) -> str:
    """What anybody can type to get the same figures."""
    suite = run.suite
    if suite.name in list_suites():
        return (
            f"sklearn-mid benchmark run {suite.name} --repetitions {suite.repetitions}"
        )
    return run.manifest.get("command") or "run_benchmark(...), with the suite's file"


def _pictures(run: Run, dataset: DatasetSpec, attack: str) -> list[dict[str, Any]]:
    """Rows of images: what is true once, then what each defence let through."""
    rows: dict[str, list] = {}
    for job in run.jobs:
        if job.dataset != dataset or job.repetition or not job.defence:
            continue
        for cell in job.cells:
            if cell.name != attack or cell.kind != "attack":
                continue
            record = run.store.read(cell.key) or {}
            for title, images in (record.get("pictures") or {}).items():
                if title == "reconstruction":
                    strength = setting(job.parameter, job.strength)
                    title = f"{job.defence_name} {strength}".strip()
                rows.setdefault(title, images)
    return [
        {"title": title, "images": [_uri(*image) for image in images]}
        for title, images in rows.items()
    ]


def _uri(shape: list[int], text: str) -> str:
    """Address of an image, for a page."""
    image = require("matplotlib.image", extra="plot", needed_by="write_report")
    pixels = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(shape)
    file = io.BytesIO()
    image.imsave(file, pixels, format="png", cmap="gray", vmin=0, vmax=255)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _sections(run: Run) -> list[dict[str, Any]]:
    suite, results = run.suite, run.results
    drawn = defaultdict(list)
    for dataset, attack, _, display in displays(results, suite):
        drawn[dataset, attack].append(display)
    found = []
    for dataset in suite.datasets:
        rows = results[results["dataset"] == dataset.name]
        if not len(rows):
            continue
        table = comparison(results, dataset)
        metric = utility_metric(results, dataset)
        parts = []
        for attack in dict.fromkeys(table["attack"]):
            is_part = table["attack"] == attack
            if not (table["kind"][is_part] == "attack").any():
                continue
            texts = formatted(table[is_part], dataset, metric).drop(columns="attack")
            pictures = _pictures(run, dataset, attack)
            shown = drawn[dataset.name, attack]
            parts.append(_part(f"Attack: {attack}", texts, shown, pictures))
        models = model_table(results, dataset)
        notes = collapsed_runs(results, dataset)
        parts.append(_part("Models", models, drawn[dataset.name, ""], [], notes))
        found.append({"title": dataset.title or dataset.name, "parts": parts})
    return found


def _part(
    title: str,
    texts: pd.DataFrame,
    shown: list[Any],
    pictures: list[dict[str, Any]],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """What the page shows under one heading."""
    return {
        "title": title,
        "figures": [
            {"svg": svg(display), "caption": display.description} for display in shown
        ],
        "pictures": pictures,
        "notes": notes,
        "columns": list(texts),
        "n_texts": _N_TEXT_COLUMNS,
        "rows": texts.to_numpy().tolist(),
    }


def _html(run: Run) -> str:
    suite, cells = run.suite, run.cells
    said = Counter(text for texts in cells["warnings"] for text in texts)
    who_won = summary(run.results, suite)
    return render(
        Path(__file__).with_name("report.html.jinja"),
        needed_by="write_report",
        suite=suite,
        unfinished=unfinished_datasets(cells),
        counts=_counts(cells),
        headline=headline(who_won),
        who_won={"columns": list(who_won), "rows": who_won.to_numpy().tolist()},
        units=units(who_won, suite),
        sections=_sections(run),
        trouble=_trouble(cells),
        warnings=said.most_common(),
        facts=_facts(run),
        command=_command(run),
    )


def _markdown(run: Run) -> str:
    suite, cells, results = run.suite, run.cells, run.results
    parts = [
        f"# {escape(suite.title or suite.name)}",
        escape(suite.description.strip()),
        f"{_counts(cells)['text']}.",
    ]
    who_won = summary(results, suite)
    parts.append(escape(headline(who_won)))
    if len(who_won):
        parts += [as_markdown(who_won), escape(units(who_won, suite))]
    for dataset in suite.datasets:
        if dataset.name in set(results["dataset"]):
            metric = utility_metric(results, dataset)
            table = formatted(comparison(results, dataset), dataset, metric)
            parts += [
                f"## {escape(dataset.title or dataset.name)}",
                as_markdown(table),
                as_markdown(model_table(results, dataset)),
            ]
            parts += [
                f"Collapsed, and counted all the same: {escape(note)}."
                for note in collapsed_runs(results, dataset)
            ]
    trouble = _trouble(cells)
    if trouble:
        parts.append("## Failures and skips")
        parts += [
            f"- {escape(t['title'])}: {escape(t['reason'])} ({escape(t['cells'])})"
            for t in trouble
        ]
    parts.append("## Run")
    parts += [f"- {name}: {escape(value)}" for name, value in _facts(run)]
    # Nothing inside a fence is markup, unless it ends the fence.
    command = _command(run).replace("`", "'")
    parts.append(f"To run it again:\n\n```\n{command}\n```")
    return "\n\n".join(parts) + "\n"
