"""Work on each column, shared among threads."""

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

__all__ = ["ColumnPool"]


class ColumnPool:
    """Calls a function for each of some columns, and returns the answers in order.

    Threads: NumPy sorts, looks up and adds without the interpreter's lock, and the
    codes are not copied. A context manager, whose threads live as long as it does.

    Parameters
    ----------
    n_jobs : int or None
        As joblib has it.
    """

    def __init__(self, n_jobs):
        self.n_threads = effective_n_jobs(n_jobs)
        self._parallel = Parallel(n_jobs=n_jobs, require="sharedmem")

    def __enter__(self):
        if self.n_threads > 1:
            self._parallel.__enter__()
        return self

    def __exit__(self, *exception):
        if self.n_threads > 1:
            self._parallel.__exit__(*exception)

    def map(self, function, columns):
        """``[function(j) for j in columns]``."""
        n_parts = min(self.n_threads, len(columns))
        if n_parts <= 1:
            return _each(function, columns)
        parts = self._parallel(
            delayed(_each)(function, columns[i::n_parts]) for i in range(n_parts)
        )
        answers = [None] * len(columns)
        for i, part in enumerate(parts):
            answers[i::n_parts] = part
        return answers


def _each(function, columns):
    return [function(j) for j in columns]
