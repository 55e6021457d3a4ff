"""What the engine and a problem say to each other."""

from dataclasses import dataclass

__all__ = ["HELD_OUT", "MEMBERS", "Judgement", "Skip"]

MEMBERS, HELD_OUT = "members", "held-out"


@dataclass(frozen=True)
class Judgement:
    """Figures of one cell.

    Attributes
    ----------
    values : list of (population, metric, value)
        Populations are ``"members"`` (the target was trained on them) and
        ``"held-out"``.
    pictures : dict, default=None
        Lists of images by what they show: arrays of uint8 of shape (height, width) or
        (height, width, 3). Those of the first repetition are kept for the report.
    """

    values: list
    pictures: dict | None = None


class Skip(Exception):
    """Raised by a factory that has nothing to offer here; the text says why.

    The cell is then listed as skipped, not as failed.

    Examples
    --------
    >>> from sklearn_mid.benchmark import Skip
    >>> def dp_tree(problem, *, random_state, epsilon):
    ...     raise Skip("this data has no public bounds")
    """
