"""How a factory declines."""

__all__ = ["Skip"]


class Skip(Exception):
    """Raised by a factory that has nothing to offer here; the text says why.

    The cell is then listed as skipped, not as failed.

    Examples
    --------
    >>> from sklearn_mid.benchmark import Skip
    >>> def dp_tree(problem, *, random_state, epsilon):
    ...     raise Skip("this data has no public bounds")
    """
