"""The benchmark as one function."""

import datetime
import os
import platform
from numbers import Integral, Real
from pathlib import Path

from sklearn_mid.benchmark._engine._runner import run_plan
from sklearn_mid.benchmark._engine._spec import load_suite, parse_suite
from sklearn_mid.benchmark._engine._store import ResultsFolderError, Store
from sklearn_mid.benchmark._report._results import load_results, versions
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["run_benchmark"]

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


class _Bar:
    """A progress bar of cells."""

    def __init__(self, name):
        tqdm = require("tqdm", extra="benchmark", needed_by="progress=True")
        self._bar = tqdm.tqdm(desc=name, unit="cell", dynamic_ncols=True)

    def __call__(self, tally):
        if self._bar.total is None:
            # Cells of an earlier run are no evidence of this one's speed.
            self._bar.reset(total=tally.planned)
            self._bar.initial = self._bar.n = tally.finished
        if tally.unsuccessful:
            self._bar.set_postfix(failed=tally.unsuccessful, refresh=False)
        self._bar.update(tally.finished - self._bar.n)
        self._bar.refresh()

    def close(self):
        self._bar.close()


def _check_folder(store, suite, output):
    manifest = store.read_manifest()
    if manifest is None:
        return {}
    try:
        other = parse_suite(manifest["suite"], check_factories=False).name
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    if other != suite.name:
        raise ResultsFolderError(
            f"{str(output)!r} holds results of the suite {other!r}, not of "
            f"{suite.name!r}; choose another folder."
        )
    return manifest


def _manifest(suite, before, n_jobs, backend, command):
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
    suite,
    output,
    *,
    n_jobs=1,
    backend=None,
    scheduler=None,
    repetitions=None,
    timeout=None,
    retry_failed=False,
    progress=False,
    command=None,
):
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
    changes = {"repetitions": repetitions, "timeout": timeout}
    changes = {key: value for key, value in changes.items() if value is not None}
    if changes:
        suite = suite.replace(**changes)
    store = Store(Path(output))
    before = _check_folder(store, suite, output)
    store.create()
    store.write_manifest(_manifest(suite, before, n_jobs, backend, command))
    bar = _Bar(suite.name) if progress else None
    try:
        run_plan(
            suite,
            output,
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
