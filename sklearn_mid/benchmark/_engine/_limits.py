"""What a cell may take: seconds, and one thread."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import joblib
from threadpoolctl import threadpool_limits

__all__ = ["Timeout", "one_thread", "time_limit"]


class Timeout(BaseException):
    """Not an Exception: an attack's own ``except Exception`` must not swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise :class:`Timeout` after `seconds`; None is no limit.

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
        raise Timeout


@contextlib.contextmanager
def _alarm(seconds: Any) -> Iterator[None]:
    over = threading.Event()

    def stop(signum: int, frame: Any) -> None:
        if not over.is_set():
            raise Timeout

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
def one_thread() -> Iterator[None]:
    """One thread for BLAS, OpenMP and torch: workers do not compete for cores.

    Sums come out in the same order then, whatever the number of jobs. What a model
    does in parallel itself, it does in turn: under dask it would become tasks of the
    cluster, each of which waits while the cell's clock runs.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(limits=1), joblib.parallel_config(backend="sequential"):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)
