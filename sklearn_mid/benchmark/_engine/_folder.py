"""What a results folder is about, and how far it is; without any figures."""

import os
from typing import Any, NamedTuple

from sklearn_mid.benchmark._engine._plan import Job, plan
from sklearn_mid.benchmark._engine._spec import Suite, SuiteError, parse_suite
from sklearn_mid.benchmark._engine._store import ResultsFolderError, Store

__all__ = ["State", "load_run", "states"]


class State(NamedTuple):
    """How a planned cell went."""

    kind: str
    dataset: str
    defence: str
    attack: str
    status: str
    reason: str
    seconds: float | None


def load_run(
    folder: str | os.PathLike,
) -> tuple[dict[str, Any], Suite, list[Job], Store]:
    """Manifest, suite and planned jobs of a results folder.

    Returns
    -------
    manifest : dict
    suite : Suite
    jobs : list of Job
    store : Store

    Raises
    ------
    ResultsFolderError
        If `folder` holds no results.
    """
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder must be a str or path, got {folder!r}.")
    store = Store(folder)
    manifest = store.read_manifest()
    if manifest is None or not isinstance(manifest.get("suite"), dict):
        raise ResultsFolderError(
            f"{str(folder)!r} is not a results folder: it has no readable "
            "manifest.json. Start one with: sklearn-mid benchmark run SUITE --output "
            "FOLDER"
        )
    # Nothing is imported: results can be read without the code behind them.
    try:
        suite = parse_suite(manifest["suite"], source=str(folder))
    except SuiteError as error:
        raise ResultsFolderError(
            f"the manifest.json in {str(folder)!r} is damaged: {error}"
        ) from error
    return manifest, suite, plan(suite), store


def states(jobs: list[Job], store: Store) -> list[State]:
    """How each planned cell went, in the order of the plan."""
    found: dict[str, tuple[str, str, float]] = {}
    for record in store.scan():
        if store.counts(record):
            note = record["status"], record.get("reason", ""), record["seconds"]
            found[record["key"]] = note
    missing = "missing", "", None
    return [
        State(
            cell.kind,
            job.dataset.name,
            job.defence_name,
            cell.name,
            *found.get(cell.key, missing),
        )
        for job in jobs
        for cell in job.cells
    ]
