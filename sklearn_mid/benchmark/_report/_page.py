"""Reports of a results folder: one HTML page, Markdown, CSV or JSON."""

import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

from sklearn_mid.benchmark._engine._pictures import uri
from sklearn_mid.benchmark._engine._spec import list_suites
from sklearn_mid.benchmark._engine._store import write_file
from sklearn_mid.benchmark._report._plots import displays, svg, unfinished_datasets
from sklearn_mid.benchmark._report._privacy_utility import PrivacyUtilityDisplay
from sklearn_mid.benchmark._report._results import load_cells, load_results, load_run
from sklearn_mid.benchmark._report._tables import (
    collapsed_runs,
    comparison,
    formatted,
    model_table,
    setting,
    utility_metric,
)
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


def write_report(folder, *, format="html", output=None):
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
    text = {"html": _html, "csv": _csv, "json": _json, "md": _markdown}[format](folder)
    if str(output) == "-":
        sys.stdout.write(text)
        return None
    stem = "report" if format in ("html", "md") else "results"
    path = Path(output) if output else Path(folder) / f"{stem}.{format}"
    write_file(path, text.encode())
    return path


def _csv(folder):
    return load_results(folder).to_csv(index=False)


def _json(folder):
    manifest, _, _, _ = load_run(folder)
    tables = {
        # pandas writes NaN and infinity as null, which JSON has.
        name: json.loads(table.to_json(orient="records", double_precision=15))
        for name, table in (
            ("cells", load_cells(folder)),
            ("results", load_results(folder)),
        )
    }
    manifest = json.loads(
        json.dumps(manifest), parse_constant=lambda name: name.lower()
    )
    document = {"manifest": manifest, **tables}
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _trouble(cells):
    """Cells that are not done, those of one reason together."""
    found = []
    bad = cells[~cells["status"].isin(["done", "missing"])]
    for (status, reason), group in bad.groupby(["status", "reason"], sort=False):
        names = dict.fromkeys(
            f"{row.dataset} / {row.defence} / {row.attack}"
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


def _counts(cells):
    counts = cells["status"].value_counts()
    order = ("done", "skipped", "failed", "timeout", "missing")
    parts = [f"{counts[s]} {s}" for s in order if s in counts]
    return {"text": f"{len(cells)} cells planned: {', '.join(parts)}"}


def _facts(manifest, suite, cells):
    machine = manifest.get("machine", {})
    seconds = cells["seconds"].sum()
    return [
        ("Command", manifest.get("command") or "run_benchmark (Python)"),
        ("Started", manifest.get("started", "?")),
        ("Last resumed", manifest.get("resumed", "?")),
        ("Work", f"{seconds:.0f} s in {len(cells)} cells"),
        ("Jobs", f"{manifest.get('n_jobs', '?')} ({manifest.get('backend', '?')})"),
        ("Repetitions", suite.repetitions),
        ("Seed", suite.seed),
        ("Machine", "; ".join(f"{k}: {v}" for k, v in machine.items())),
        ("Versions", manifest.get("versions", "?")),
    ]


def _command(manifest, suite):
    """What anybody can type to get the same figures."""
    if suite.name in list_suites():
        return (
            f"sklearn-mid benchmark run {suite.name} --repetitions {suite.repetitions}"
        )
    return manifest.get("command") or "run_benchmark(...), with the suite's file"


def _caption(display):
    """What the plot shows, for those who do not see it."""
    if not isinstance(display, PrivacyUtilityDisplay):
        return display.description
    defences = display.points.dropna(subset="attack").groupby("defence", sort=False)
    points = display.points.loc[defences["attack"].idxmin()]
    figures = "; ".join(
        f"{row.defence} {row.attack:.3f} at {row.utility:.3g}"
        for row in points.itertuples()
    )
    guesses = "; ".join(
        f"{b.name} {b.attack:.3f}" for b in display.baselines.itertuples()
    )
    axes = f"{display.attack_name} against {display.utility_name}"
    return (
        f"{axes[:1].upper()}{axes[1:]}. Strongest setting of each "
        f"defence: {figures}. Without the model: {guesses or 'none'}."
    )


def _pictures(jobs, store, dataset, attack):
    """Rows of images: what is true once, then what each defence let through."""
    rows = {}
    for job in jobs:
        if job.dataset.name != dataset or job.repetition or not job.needs_model:
            continue
        for cell in job.cells:
            if cell.attack.name != attack:
                continue
            record = store.read(cell.key) or {}
            for title, images in (record.get("pictures") or {}).items():
                if title == "reconstruction":
                    strength = setting(job.defence.parameter, job.strength)
                    title = f"{job.defence.name} {strength}".strip()
                rows.setdefault(title, images)
    return [
        {"title": title, "images": [uri(image) for image in images]}
        for title, images in rows.items()
    ]


def _sections(suite, jobs, store, results):
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
            if not attack or (table["defence"][is_part] == "no model").all():
                continue
            texts = formatted(table[is_part], dataset, metric).drop(columns="attack")
            pictures = _pictures(jobs, store, dataset.name, attack)
            shown = drawn[dataset.name, attack]
            parts.append(_part(f"Attack: {attack}", texts, shown, pictures))
        models = model_table(results, dataset)
        notes = collapsed_runs(results, dataset)
        parts.append(_part("Models", models, drawn[dataset.name, ""], [], notes))
        found.append({"title": dataset.title or dataset.name, "parts": parts})
    return found


def _part(title, texts, shown, pictures, notes=()):
    """What the page shows under one heading."""
    captions = [_caption(display) for display in shown]
    return {
        "title": title,
        "figures": [
            {"svg": svg(display, caption), "caption": caption}
            for display, caption in zip(shown, captions, strict=True)
        ],
        "pictures": pictures,
        "notes": notes,
        "columns": list(texts),
        "n_texts": _N_TEXT_COLUMNS,
        "rows": texts.to_numpy().tolist(),
    }


def _html(folder):
    jinja2 = require("jinja2", extra="benchmark", needed_by="write_report")
    manifest, suite, jobs, store = load_run(folder)
    cells, results = load_cells(folder), load_results(folder)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    said = Counter(text for texts in cells["warnings"] for text in texts)
    return environment.get_template("report.html.jinja").render(
        suite=suite,
        unfinished=unfinished_datasets(cells),
        counts=_counts(cells),
        sections=_sections(suite, jobs, store, results),
        trouble=_trouble(cells),
        warnings=said.most_common(),
        facts=_facts(manifest, suite, cells),
        command=_command(manifest, suite),
    )


def _escape(text):
    """Text that Markdown shows as it is, also inside a table."""
    text = str(text).replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")
    return "".join(f"\\{c}" if c in "\\`*_|[]#" else c for c in text)


def _markdown_table(table):
    lines = [list(table), ["---"] * table.shape[1], *table.itertuples(index=False)]
    header, rule, *rows = (
        [c if c == "---" else _escape(c) for c in line] for line in lines
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *rows))


def _markdown(folder):
    manifest, suite, _, _ = load_run(folder)
    cells, results = load_cells(folder), load_results(folder)
    parts = [
        f"# {_escape(suite.title or suite.name)}",
        _escape(suite.description.strip()),
        f"{_counts(cells)['text']}.",
    ]
    for dataset in suite.datasets:
        if dataset.name in set(results["dataset"]):
            metric = utility_metric(results, dataset)
            table = formatted(comparison(results, dataset), dataset, metric)
            parts += [
                f"## {_escape(dataset.title or dataset.name)}",
                _markdown_table(table),
                _markdown_table(model_table(results, dataset)),
            ]
            parts += [
                f"Collapsed, and counted all the same: {_escape(note)}."
                for note in collapsed_runs(results, dataset)
            ]
    trouble = _trouble(cells)
    if trouble:
        parts.append("## Failures and skips")
        parts += [
            f"- {_escape(t['title'])}: {_escape(t['reason'])} ({_escape(t['cells'])})"
            for t in trouble
        ]
    parts.append("## Run")
    parts += [
        f"- {name}: {_escape(value)}" for name, value in _facts(manifest, suite, cells)
    ]
    # Nothing inside a fence is markup, unless it ends the fence.
    command = _command(manifest, suite).replace("`", "'")
    parts.append(f"To run it again:\n\n```\n{command}\n```")
    return "\n\n".join(parts) + "\n"
