"""Running a plan: what is not finished yet is computed, and every cell kept at once.

Workers write their own results; the caller only counts.
"""

import functools
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn_mid.benchmark._engine._job import compute, describe, unreadable
from sklearn_mid.benchmark._engine._parts import Catalogue
from sklearn_mid.benchmark._engine._plan import Job, plan
from sklearn_mid.benchmark._engine._spec import Suite
from sklearn_mid.benchmark._engine._store import STATES, Store
from sklearn_mid.benchmark._engine._workers import rounds, workers

__all__ = ["Tally", "check_data", "run_plan"]

# How long to wait before looking again at a job that another run has claimed.
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Order:
    """What a worker needs to know besides the job.

    `retry` holds the keys of unsuccessful cells that are to be computed again. `run`
    tells one run from another of the same process.
    """

    folder: str
    catalogue: Catalogue
    modules: str
    timeout: float | None = None
    retry: Collection[str] = ()
    run: str = ""


@functools.lru_cache(maxsize=1)
def _opened(folder: str, run: str) -> Store:
    # One for all jobs of a worker, so that it reads what others wrote but once.
    return Store(folder)


def run_job(order: Order, job: Job) -> tuple[list[dict[str, Any]], bool]:
    """Compute the cells of a job that are not finished, and keep each at once.

    Returns
    -------
    records : list of dict
        The cells computed here; none if another worker has the job.
    are_kept : bool
        False on a worker that does not see the caller's disk.
    """
    store = _opened(order.folder, order.run)
    work = functools.partial(
        compute, catalogue=order.catalogue, folder=order.modules, timeout=order.timeout
    )
    if not store.exists():
        return list(work(job)), False
    with store.claim(job.key) as is_ours:
        if not is_ours:
            return [], True
        # Another run may have finished some since this one made its plan.
        store.refresh()
        unfinished = _unfinished(store, job, order.retry)
        records = []
        if unfinished:
            for record in work(job.only(unfinished)):
                store.write(record)
                records.append(record)
        return records, True


def _unfinished(store: Store, job: Job, retry: Collection[str]) -> set[str]:
    return {
        cell.key
        for cell in job.cells
        if (status := store.status(cell.key)) is None
        or (cell.key in retry and status != "done")
    }


@dataclass
class Tally:
    """How many of the planned cells are in which state."""

    planned: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    timeout: int = 0

    def count(self, status: str) -> None:
        """One more of that status."""
        setattr(self, status, getattr(self, status) + 1)

    @property
    def finished(self) -> int:
        """How many are no longer missing."""
        return self.done + self.skipped + self.failed + self.timeout

    @property
    def unsuccessful(self) -> int:
        """How many failed or took too long."""
        return self.failed + self.timeout


def _take_stock(
    store: Store, jobs: list[Job], retry: Collection[str]
) -> tuple[Tally, list[Job]]:
    """The tally, and the jobs reduced to the cells that are still to compute."""
    store.refresh()
    tally = Tally(sum(len(job.cells) for job in jobs))
    todo = []
    for job in jobs:
        missing = _unfinished(store, job, retry)
        for cell in job.cells:
            status = store.status(cell.key)
            if status is not None and cell.key not in missing:
                tally.count(status)
        if missing:
            todo.append(job.only(missing))
    return tally, todo


def _condemn(store: Store, job: Job) -> tuple[list[dict[str, Any]], bool]:
    """Fail the cells of a job that killed its worker twice."""
    note = {
        "status": "failed",
        "reason": "the worker process died twice on this job: killed, or out of memory",
        "seconds": 0.0,
    }
    store.refresh()
    lost = job.only(_unfinished(store, job, ()))
    return [describe(lost, cell, note) for cell in lost.cells], False


def check_data(
    suite: Suite, store: Store, catalogue: Catalogue, *, retry_failed: bool = False
) -> None:
    """Read the data that cells are missing of, once, before anything is trained.

    Raises
    ------
    OSError
        If they cannot be read; it names the suite and the data set.
    """
    store.refresh()
    finished = ("done",) if retry_failed else STATES
    first: dict[str, Job] = {}
    for job in plan(suite):
        if any(store.status(cell.key) not in finished for cell in job.cells):
            first.setdefault(job.dataset.name, job)
    for name, job in first.items():
        error = unreadable(job, catalogue, suite.folder)
        if error:
            raise OSError(
                f"the suite {suite.name!r} cannot start without its data set {name!r}. "
                f"{error}"
            ) from error


def run_plan(
    suite: Suite,
    folder: str | Path,
    catalogue: Catalogue,
    *,
    n_jobs: int = 1,
    backend: str | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    on_progress: Callable[[Tally], None] | None = None,
) -> Tally:
    """Compute what is not finished of a suite's plan.

    Parameters
    ----------
    suite : Suite
    folder : path-like
        Results folder.
    catalogue : dict
        What the suite's names stand for.
    n_jobs, backend, scheduler
        See :func:`run_benchmark`.
    retry_failed : bool, default=False
        Also compute cells again that are finished but not done.
    on_progress : callable, default=None
        Called with the :class:`Tally` at the start and after every job.

    Returns
    -------
    Tally
    """
    jobs = plan(suite)
    store = Store(folder)
    store.refresh()
    report = on_progress or (lambda tally: None)
    retry: set[str] = set()
    if retry_failed:
        keys = (cell.key for job in jobs for cell in job.cells)
        retry = {key for key in keys if store.status(key) not in (None, "done")}
    run = uuid.uuid4().hex
    tally, todo = _take_stock(store, jobs, retry)
    report(tally)
    with workers(n_jobs, backend, scheduler) as parallel:
        while todo:
            order = Order(
                str(folder),
                catalogue,
                suite.folder,
                suite.timeout,
                retry,
                run,
            )
            for records, are_kept in rounds(
                functools.partial(run_job, order),
                functools.partial(_condemn, store),
                store,
                todo,
                parallel,
            ):
                for record in records:
                    if not are_kept:
                        store.write(record)
                    tally.count(record["status"])
                # In place: jobs that are sent out again must not see them either.
                retry.difference_update(record["key"] for record in records)
                report(tally)
            # Other runs may have finished some meanwhile, or be at work on them.
            tally, todo = _take_stock(store, jobs, retry)
            report(tally)
            if todo:
                time.sleep(_POLL_SECONDS)
    store.discard_claims()
    return tally
