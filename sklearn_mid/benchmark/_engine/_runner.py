"""Running a plan: train each defence once, let every attack judge it, keep each cell.

The work goes through joblib, so processes, threads and a dask cluster run the same
function on the same jobs. Workers write their own results; the caller only counts.
"""

import contextlib
import functools
import signal
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import joblib
from threadpoolctl import threadpool_limits

from sklearn_mid.benchmark._engine._pictures import encode
from sklearn_mid.benchmark._engine._plan import plan
from sklearn_mid.benchmark._engine._spec import RESERVED_ATTACK
from sklearn_mid.benchmark._engine._store import Store
from sklearn_mid.benchmark._problems import _catalogue
from sklearn_mid.benchmark._protocol import Judgement, Skip
from sklearn_mid.benchmark._report._results import versions
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._optional import require

__all__ = ["Tally", "run_plan"]

# How long to wait before looking again at a job that another run has claimed.
_POLL_SECONDS = 0.5


class _Timeout(BaseException):
    """Not an Exception: an attack's own ``except Exception`` must not swallow it."""


@contextlib.contextmanager
def _time_limit(seconds):
    """Raise :class:`_Timeout` after `seconds`; None is no limit.

    In the main thread of a process, as of loky's workers, the work is interrupted:
    between two instructions of Python, so a single long call into compiled code ends
    first. Other threads cannot be interrupted without breaking the locks that they may
    hold; their work is let finish, and then counts as too late.
    """
    start = time.perf_counter()
    is_main = threading.current_thread() is threading.main_thread()
    interrupts = seconds is not None and is_main and hasattr(signal, "setitimer")
    with _alarm(seconds) if interrupts else contextlib.nullcontext():
        yield
    if seconds is not None and time.perf_counter() - start > seconds:
        raise _Timeout


@contextlib.contextmanager
def _alarm(seconds):
    over = threading.Event()

    def stop(signum, frame):
        if not over.is_set():
            raise _Timeout

    before = signal.signal(signal.SIGALRM, stop)
    # A repeating timer: an exception that comes up inside a callback or a __del__ is
    # swallowed there, and the next one gets through.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6), 1.0)
    # Twice, because the alarm may go off in the first of them.
    try:
        try:
            yield
        finally:
            over.set()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _one_thread():
    """One thread for BLAS, OpenMP and torch: workers do not compete for cores.

    Sums come out in the same order then, whatever the number of jobs.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(limits=1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


@functools.lru_cache(maxsize=1)
def _load_problem(use, params, seed):
    # One split is kept: jobs of a dataset and repetition follow one another.
    factory = _catalogue.resolve("dataset", use)
    return factory(random_state=seed, **params.value)


class _ByText:
    """Parameters as a cache key: equal if their text is."""

    def __init__(self, value):
        self.value = value
        self.text = repr(sorted(value.items()))

    def __eq__(self, other):
        return self.text == other.text

    def __hash__(self):
        return hash(self.text)


def _problem_of(job):
    spec = job.dataset
    return _load_problem(spec.use, _ByText(spec.params), job.split_seed)


def _train(problem, job):
    spec = job.defence
    factory = _catalogue.resolve("defence", spec.use)
    params = dict(spec.params)
    if spec.parameter:
        params[spec.parameter] = job.strength
    estimator = factory(problem, random_state=job.fit_seed, **params)
    with _one_thread():
        target = problem.fit(estimator)
        return target, _checked(problem.utility(target))


def _judge(problem, target, cell, keep_pictures):
    spec = cell.attack
    kind = "baseline" if target is None else "attack"
    factory = _catalogue.resolve(kind, spec.use)
    attack = factory(problem, target, random_state=cell.seed, **spec.params)
    with _one_thread():
        return _checked(problem.judge(attack, target), keep_pictures)


def _attempt(call, timeout):
    """Call, and say how it went: (outcome or None, what the record gets)."""
    start = time.perf_counter()
    outcome, note = None, {"status": "done"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with _time_limit(timeout):
                outcome = call()
        except _Timeout:
            note = {"status": "timeout", "reason": f"took more than {timeout:g} s"}
        except (Skip, UnsupportedTargetError, ImportError) as reason:
            note = {"status": "skipped", "reason": str(reason)}
        except Exception as error:
            note = {
                "status": "failed",
                "reason": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(),
            }
    note["seconds"] = round(time.perf_counter() - start, 4)
    said = dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught)
    if said:
        note["warnings"] = list(said)[:20]
    return outcome, note


def _record(job, cell, note, judgement=None):
    return {
        "key": cell.key,
        "dataset": job.dataset.name,
        "defence": job.defence.name,
        "parameter": job.defence.parameter,
        "strength": _plain(job.strength),
        "attack": cell.attack.name,
        "repetition": job.repetition,
        "seed": cell.seed,
        "values": judgement.values if judgement else [],
        "pictures": judgement.pictures if judgement else None,
        **note,
        "versions": versions(),
    }


def _plain(number):
    """JSON has no infinity and no NaN: they become texts, None stays None."""
    if number is None:
        return None
    number = float(number)
    return number if abs(number) < float("inf") else str(number)


def _checked(judgement, keep_pictures=False):
    """The judgement as JSON can hold it; problems may be anybody's."""
    pictures = judgement.pictures if keep_pictures else None
    return Judgement(
        [[str(p), str(m), _plain(v)] for p, m, v in judgement.values],
        pictures
        and {str(k): [encode(image) for image in row] for k, row in pictures.items()},
    )


def run_job(folder, job, timeout=None, retry=()):
    """Compute the cells of a job that are not finished, and keep each at once.

    Parameters
    ----------
    folder : str
        Results folder.
    job : Job
    timeout : float, default=None
        Seconds that one cell may take.
    retry : collection of str, default=()
        Keys of unsuccessful cells that are to be computed again.

    Returns
    -------
    records : list of dict
        The cells computed here; none if another worker has the job.
    """
    store = Store(folder)
    # A cluster's worker may not see the caller's disk: it returns its records, and
    # the caller writes them.
    if not store.exists():
        return list(_compute(job, timeout))
    with store.claim(job.key) as is_ours:
        if not is_ours:
            return []
        # Another run may have finished some since this one made its plan.
        unfinished = {
            cell.key
            for cell in job.cells
            if not _is_finished(store.read(cell.key), retry)
        }
        records = []
        if unfinished:
            for record in _compute(job.only(unfinished), timeout):
                store.write(record)
                records.append(record)
        return records


def _is_finished(record, retry):
    return record is not None and not (
        record["key"] in retry and record["status"] != "done"
    )


def _compute(job, timeout):
    """Records of all cells of the job, one by one."""

    def prepare():
        problem = _problem_of(job)
        return problem, _train(problem, job) if job.needs_model else (None, None)

    outcome, note = _attempt(prepare, timeout)
    problem, (target, utility) = outcome or (None, (None, None))
    for cell in job.cells:
        if cell.attack.name == RESERVED_ATTACK:
            yield _record(job, cell, note, utility)
        elif outcome is None:
            reason = note["reason"]
            if job.needs_model:
                reason = f"the model could not be trained: {reason}"
            yield _record(job, cell, {**note, "reason": reason, "seconds": 0.0})
        else:
            judgement, judged = _attempt(
                functools.partial(
                    _judge, problem, target, cell, keep_pictures=job.repetition == 0
                ),
                timeout,
            )
            yield _record(job, cell, judged, judgement)


@dataclass
class Tally:
    """How many of the planned cells are in which state."""

    planned: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    timeout: int = 0

    def count(self, record):
        setattr(self, record["status"], getattr(self, record["status"]) + 1)

    @property
    def finished(self):
        return self.done + self.skipped + self.failed + self.timeout

    @property
    def unsuccessful(self):
        return self.failed + self.timeout


def _take_stock(store, jobs, retry):
    """The tally, and the jobs reduced to the cells that are still to compute."""
    tally = Tally(sum(len(job.cells) for job in jobs))
    todo = []
    for job in jobs:
        missing = set()
        for cell in job.cells:
            record = store.read(cell.key)
            if _is_finished(record, retry):
                tally.count(record)
            else:
                missing.add(cell.key)
        if missing:
            todo.append(job.only(missing))
    return tally, todo


@contextlib.contextmanager
def _workers(n_jobs, backend, scheduler):
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
        limits = {"inner_max_num_threads": 1} if backend == "loky" else {}
        with (
            warnings.catch_warnings(),
            joblib.parallel_config(backend=backend, **limits),
        ):
            # Loky replaces workers whose memory has grown; their jobs are not lost.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs")
            yield {"n_jobs": n_jobs}


def _died(error):
    return (
        isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker"
    )


def _dispatch(store, jobs, timeout, retry, parallel):
    """Results of all jobs as they come in, in any order."""
    run = joblib.delayed(run_job)
    return joblib.Parallel(return_as="generator_unordered", batch_size=1, **parallel)(
        run(str(store.folder), job, timeout, retry) for job in jobs
    )


def _condemn(store, job):
    """Fail the cells of a job that killed its worker twice."""
    note = {
        "status": "failed",
        "reason": "the worker process died twice on this job: killed, or out of memory",
        "seconds": 0.0,
    }
    for cell in job.cells:
        if store.read(cell.key) is None:
            record = _record(job, cell, note)
            store.write(record)
            yield record


def _rounds(store, jobs, timeout, retry, parallel):
    """Yield the records of each job; a worker's death costs at most its own job."""
    queue, suspects = list(jobs), []
    while queue or suspects:
        # Suspects run one at a time, so that a second death has one cause.
        batch = suspects[:1] or queue
        try:
            yield from _dispatch(store, batch, timeout, retry, parallel)
        except Exception as error:
            if not _died(error):
                raise
            if suspects:
                with store.claim(suspects[0].key):
                    yield list(_condemn(store, suspects.pop(0)))
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


def run_plan(
    suite,
    folder,
    *,
    n_jobs=1,
    backend=None,
    scheduler=None,
    retry_failed=False,
    on_progress=None,
):
    """Compute what is not finished of a suite's plan.

    Parameters
    ----------
    suite : Suite
    folder : path-like
        Results folder.
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
    report = on_progress or (lambda tally: None)
    retry = _to_retry(store, jobs) if retry_failed else set()
    tally, todo = _take_stock(store, jobs, retry)
    report(tally)
    with _workers(n_jobs, backend, scheduler) as parallel:
        while todo:
            for records in _rounds(store, todo, suite.timeout, retry, parallel):
                for record in records:
                    if store.read(record["key"]) is None:
                        store.write(record)
                    tally.count(record)
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


def _to_retry(store, jobs):
    records = (store.read(cell.key) for job in jobs for cell in job.cells)
    return {r["key"] for r in records if r and r["status"] != "done"}
