"""Progress bars, where they are wanted."""

from sklearn_mid.utils._optional import require

__all__ = ["progress"]


def progress(iterable, verbose, *, desc):
    """`iterable` itself, or with a progress bar on stderr if `verbose`.

    Parameters
    ----------
    iterable : iterable
        What to go through.
    verbose : bool or int
        Whether to show the bar.
    desc : str
        Written before the bar.

    Raises
    ------
    ImportError
        If a bar is wanted and tqdm is not installed.
    """
    if not verbose:
        return iterable
    return require("tqdm", extra="nn", needed_by="verbose output").tqdm(
        iterable, desc=desc
    )
