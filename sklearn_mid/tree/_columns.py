"""Work on each column, shared among processes."""

import pickle
from tempfile import TemporaryDirectory

import numpy as np
from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed

__all__ = ["ColumnPool"]

# Entries of X that are worth starting processes: numbers take one 4 s.
_START = 5_000_000
# Seconds of work that are worth a message to them, which takes 3 ms.
_MESSAGE = 0.02


class ColumnPool:
    """Calls a function for each of some columns, and returns the answers in order.

    Processes, unless joblib's context says otherwise: calls of NumPy on columns of
    some ten thousand rows are too short for threads, which wait for the interpreter.
    It takes about a second to start them; joblib keeps them for the next fit.
    The codes stand in a file that all processes map. Only the caller writes to it, so
    that a backend without shared files, which sends them, is slow but not wrong.

    A context manager, whose processes work for nobody else as long as it is open.

    Parameters
    ----------
    n_jobs : int or None
        As joblib has it.
    n_rows, n_columns : int
        Size of the data. Few are worked on by the caller alone.
    """

    def __init__(self, n_jobs, n_rows, n_columns):
        is_worth_it = n_rows * n_columns >= _START and n_columns > 1
        self.n_jobs = effective_n_jobs(n_jobs) if is_worth_it else 1
        if self.n_jobs > 1:
            self._parallel = Parallel(n_jobs=n_jobs, batch_size=1)

    def __enter__(self):
        if self.n_jobs > 1:
            # Windows keeps a file as long as somebody maps it.
            self._folder = TemporaryDirectory(ignore_cleanup_errors=True)
            self._parallel.__enter__()
        return self

    def __exit__(self, *exception):
        if self.n_jobs > 1:
            self._parallel.__exit__(*exception)
            self._folder.cleanup()

    def share(self, codes):
        """The codes where other processes see them."""
        if self.n_jobs == 1:
            return codes
        path = f"{self._folder.name}/codes"
        codes.tofile(path)  # a full disk is an error here; in a map it ends Python
        shared = np.memmap(path, codes.dtype, mode="r+", shape=codes.shape)
        return np.asarray(shared)  # joblib knows what it is a view of

    def map(self, function, columns, seconds):
        """``[function(j) for j in columns]``, which takes one about so many seconds."""
        n_parts = min(self.n_jobs, len(columns))
        if n_parts <= 1 or seconds < _MESSAGE:
            return _each(function, columns)
        parts = self._parallel(
            delayed(_part)(function, columns[i::n_parts]) for i in range(n_parts)
        )
        answers = [None] * len(columns)
        for i, part in enumerate(parts):
            answers[i::n_parts] = pickle.loads(part)
        return answers


def _each(function, columns):
    return [function(j) for j in columns]


def _part(function, columns):
    # joblib looks at every array it sends: 20 us for each of some thousand short ones.
    return pickle.dumps(_each(function, columns), protocol=pickle.HIGHEST_PROTOCOL)
