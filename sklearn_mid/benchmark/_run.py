"""The benchmark as one function, and the suites it runs."""

import datetime
import os
import platform
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_mid.benchmark._engine._job import versions
from sklearn_mid.benchmark._engine._run import Tally, check_data, run_plan
from sklearn_mid.benchmark._engine._spec import (
    Suite,
    SuiteError,
    find_suite,
    parse_suite,
    read_suite,
)
from sklearn_mid.benchmark._engine._store import ResultsFolderError, Store
from sklearn_mid.benchmark._problems import CATALOGUE, EXTRAS
from sklearn_mid.benchmark._report._results import load_results
from sklearn_mid.utils._optional import require, require_all
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["load_suite", "run_benchmark"]

_VERSIONS = (
    "sklearn-mid",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "joblib",
    "matplotlib",
    "torch",
    "skorch",
    "diffprivlib",
    "opacus",
    "statsmodels",
)


def load_suite(suite: "str | os.PathLike | Suite") -> Suite:
    """Read a suite and check all of it.

    Parameters
    ----------
    suite : str, path-like or Suite
        The path of a ``.toml`` file, or the name of a suite of the package (its last
        part is enough where that is unique: ``"iwpc"`` for ``"linear-iwpc"``).
        A :class:`Suite` is returned as it is.

    Returns
    -------
    Suite
        Checked.

    Raises
    ------
    SuiteError
        If there is no such suite, or something in it is wrong. A ``ValueError``.

    See Also
    --------
    list_suites : Names of the suites that come with the package.
    run_benchmark : Runs one.

    Notes
    -----
    A suite may name anything that can be imported, as ``module:Class``. The folder of
    its file joins the end of ``sys.path``, so modules beside it are found.

    Examples
    --------
    >>> from sklearn_mid.benchmark import load_suite
    >>> load_suite("quick").name
    'quick'
    """
    if isinstance(suite, Suite):
        return suite
    if not isinstance(suite, str | os.PathLike):
        raise SuiteError(
            f"a suite is named by a str or path, or is a Suite; got {suite!r}."
        )
    text = os.fsdecode(suite)
    is_path = text.endswith(".toml") or isinstance(suite, Path)
    return read_suite(Path(text) if is_path else find_suite(text), CATALOGUE)


def extras_of(suite: Suite) -> dict[str, dict[str, None]]:
    """Extras that the suite's parts need, and the packages in them."""
    needed: dict[str, dict[str, None]] = {"benchmark": {"filelock": None}}
    for kind, parts in (
        ("dataset", suite.datasets),
        ("defence", suite.defences),
        ("attack", suite.attacks),
        ("baseline", suite.baselines),
    ):
        for part in parts:
            path = CATALOGUE[kind].get(part.use, part.use)
            for start, extras in EXTRAS.items():
                if path.startswith(start):
                    for extra, modules in extras.items():
                        needed.setdefault(extra, {}).update(dict.fromkeys(modules))
    return needed


def require_extras(suite: Suite, *modules: str) -> None:
    """Name at once all that the suite's parts need and is not installed.

    Before anything runs; a part of somebody else's says so itself, cell by cell.
    `modules` of the extra "benchmark" are what is done with the suite beside.
    """
    needed = extras_of(suite)
    needed["benchmark"].update(dict.fromkeys(modules))
    require_all(needed, needed_by=f"the suite {suite.name!r}")


class _Bar:
    """A progress bar of cells."""

    def __init__(self, name: str) -> None:
        tqdm = require("tqdm", extra="benchmark", needed_by="progress=True")
        self._bar = tqdm.tqdm(desc=name, unit="cell", dynamic_ncols=True)

    def __call__(self, tally: Tally) -> None:
        if self._bar.total is None:
            # Cells of an earlier run are no evidence of this one's speed.
            self._bar.reset(total=tally.planned)
            self._bar.initial = self._bar.n = tally.finished
        if tally.unsuccessful:
            self._bar.set_postfix(failed=tally.unsuccessful, refresh=False)
        self._bar.update(tally.finished - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


def _check_folder(
    store: Store, suite: Suite, output: str | os.PathLike
) -> dict[str, Any]:
    manifest = store.read_manifest()
    if manifest is None:
        return {}
    try:
        other = parse_suite(manifest["suite"]).name
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    if other != suite.name:
        raise ResultsFolderError(
            f"{str(output)!r} holds results of the suite {other!r}, not of "
            f"{suite.name!r}; choose another folder."
        )
    return manifest


def _manifest(
    suite: Suite,
    before: dict[str, Any],
    n_jobs: int,
    backend: str | None,
    command: str | None,
) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "suite": suite.to_dict(),
        "command": command or before.get("command", ""),
        "started": before.get("started", now),
        "resumed": now,
        "n_jobs": n_jobs,
        "backend": backend or "loky",
        "versions": versions(_VERSIONS),
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cpus": os.cpu_count(),
        },
    }


_CONSTRAINTS = {
    "output": [str, os.PathLike],
    "n_jobs": [
        Interval(Integral, 1, None, closed="left"),
        Interval(Integral, None, -1, closed="right"),
    ],
    "backend": [StrOptions({"loky", "threading", "dask"}), None],
    "scheduler": [str, None],
    "repetitions": [Interval(Integral, 1, None, closed="left"), None],
    "timeout": [Interval(Real, 0, None, closed="right"), None],
    "retry_failed": ["boolean"],
    "progress": ["boolean"],
    "command": [str, None],
}


def run_benchmark(
    suite: str | os.PathLike | Suite,
    output: str | os.PathLike,
    *,
    n_jobs: int = 1,
    backend: str | None = None,
    scheduler: str | None = None,
    repetitions: int | None = None,
    timeout: float | None = None,
    retry_failed: bool = False,
    progress: bool = False,
    command: str | None = None,
) -> pd.DataFrame:
    """Run a suite, or what is left of it, and return its figures.

    Every finished cell is kept in `output` at once. A run that was interrupted, at
    whatever moment, goes on where it was when the same suite is run to the same
    folder; several runs may share a folder.

    Parameters
    ----------
    suite : str, path-like or Suite
        As for :func:`load_suite`.
    output : path-like
        Results folder; created where missing.
    n_jobs : int, default=1
        Number of cells computed at once, as in joblib; -1 uses all cores. Results do
        not depend on it.
    backend : {"loky", "threading", "dask"}, default=None
        Backend of joblib; None is ``"loky"``, processes on this machine.
    scheduler : str, default=None
        Address of the scheduler for ``backend="dask"``; `n_jobs` is ignored then.
    repetitions : int, default=None
        Number of repetitions, instead of the suite's.
    timeout : float, default=None
        Seconds a cell may take, instead of the suite's limit. Training and each attack
        count apart. Processes of this machine are interrupted; threads and dask's
        workers cannot be, so a cell that is late there is finished and thrown away.
    retry_failed : bool, default=False
        Also compute cells again that failed, took too long, or were skipped (because
        a package was missing, say).
    progress : bool, default=False
        Show a progress bar (needs tqdm).
    command : str, default=None
        Command line to put on record in the manifest.

    Returns
    -------
    DataFrame
        As from :func:`load_results`. Cells that are not done are missing from it;
        :func:`load_cells` says why.

    Raises
    ------
    SuiteError
        If something is wrong with the suite; nothing has run then.
    ImportError
        If packages that the suite needs are not installed; all are named, and nothing
        has run then.
    OSError
        If a data set that results are missing of cannot be read; nothing has run then.
    ResultsFolderError
        If the folder cannot be written, belongs to another suite, or the disk is full.

    See Also
    --------
    load_results : Figures of a folder.
    load_cells : State of each cell of a folder.
    summarize : Means with intervals.

    Examples
    --------
    >>> from sklearn_mid.benchmark import run_benchmark
    >>> results = run_benchmark("quick", "results/quick")  # doctest: +SKIP
    """
    check_parameters(
        "run_benchmark",
        _CONSTRAINTS,
        output=output,
        n_jobs=n_jobs,
        backend=backend,
        scheduler=scheduler,
        repetitions=repetitions,
        timeout=timeout,
        retry_failed=retry_failed,
        progress=progress,
        command=command,
    )
    suite = load_suite(suite)
    require_extras(suite, *["tqdm"] * progress)
    changes = {"repetitions": repetitions, "timeout": timeout}
    changes = {key: value for key, value in changes.items() if value is not None}
    if changes:
        suite = suite.replace(**changes)
    store = Store(Path(output))
    before = _check_folder(store, suite, output)
    if scheduler is None:  # its workers have data of their own
        check_data(suite, store, CATALOGUE, retry_failed=retry_failed)
    store.create()
    store.write_manifest(_manifest(suite, before, n_jobs, backend, command))
    bar = _Bar(suite.name) if progress else None
    try:
        run_plan(
            suite,
            Path(output),
            CATALOGUE,
            n_jobs=n_jobs,
            backend=backend,
            scheduler=scheduler,
            retry_failed=retry_failed,
            on_progress=bar,
        )
    finally:
        if bar:
            bar.close()
    return load_results(output)
