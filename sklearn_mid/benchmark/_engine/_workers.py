"""Workers that compute jobs: processes, threads or a cluster, and their deaths.

The work goes through joblib, so all of them run the same function on the same jobs.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import joblib

from sklearn_mid.benchmark._engine._plan import Job
from sklearn_mid.benchmark._engine._store import Store
from sklearn_mid.utils._optional import require

__all__ = ["rounds", "workers"]


@contextlib.contextmanager
def workers(
    n_jobs: int, backend: str | None, scheduler: str | None
) -> Iterator[dict[str, Any]]:
    """A joblib configuration, and with dask the connection to its scheduler."""
    if backend == "dask":
        distributed = require("distributed", extra="test", needed_by="backend='dask'")
        try:
            client = distributed.Client(scheduler, set_as_default=True)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"scheduler={scheduler!r} cannot be reached: {error}"
            ) from error
        with client, joblib.parallel_config(backend="dask"):
            yield {"n_jobs": -1}
    else:
        if scheduler is not None:
            raise ValueError(
                f"scheduler={scheduler!r} is for backend='dask', got "
                f"backend={backend!r}."
            )
        backend = backend or "loky"
        # Threads cannot have limits of their own; processes start with one.
        limits: dict[str, Any] = {}
        if backend == "loky":
            limits["inner_max_num_threads"] = 1
        with (
            warnings.catch_warnings(),
            joblib.parallel_config(backend=backend, **limits),
        ):
            # Loky replaces workers whose memory has grown; their jobs are not lost.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs")
            yield {"n_jobs": n_jobs}


def _died(error: Exception) -> bool:
    return (
        isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker"
    )


def _dispatch(
    compute: Callable, jobs: Iterable[Job], parallel: dict[str, Any]
) -> Iterator:
    """Results of all jobs as they come in, in any order."""
    pool = joblib.Parallel(return_as="generator_unordered", batch_size=1, **parallel)
    return pool(joblib.delayed(compute)(job) for job in jobs)


def rounds(
    compute: Callable[[Job], Any],
    condemn: Callable[[Job], Any],
    store: Store,
    jobs: Iterable[Job],
    parallel: dict[str, Any],
) -> Iterator[Any]:
    """Yield what `compute` gives for each job; a death costs at most its own job.

    `condemn` is called for a job over which a worker died twice.
    """
    queue: list[Job] = list(jobs)
    suspects: list[Job] = []
    while queue or suspects:
        # Suspects run one at a time, so that a second death has one cause.
        batch = suspects[:1] or queue
        try:
            yield from _dispatch(compute, batch, parallel)
        except Exception as error:
            if not _died(error):
                raise
            if suspects:
                with store.claim(suspects[0].key):
                    yield condemn(suspects.pop(0))
                continue
            _, abandoned = store.claims()
            suspects = [job for job in queue if job.key in set(abandoned)]
            queue = [job for job in queue if job not in suspects]
            if not suspects:
                raise
        else:
            if suspects:
                suspects.pop(0)
            else:
                queue = []
