"""What the engine and a problem say to each other.

A problem is one split of one data set, and the only thing the engine knows of machine
learning. It has three verbs:

- ``fit(estimator)`` trains a defence and returns the target of the attacks;
- ``utility(target)`` says what the target is good for;
- ``judge(attack, target)`` lets an attack that is not fitted yet try its luck; a
  baseline is judged without a target (None).

The latter two return a :class:`Judgement`. It may have a fourth, ``offers(kind,
random_state)``: what it has for the parameters of a ``"defence"``, an ``"attack"`` or a
``"baseline"``, by name. A third party's problem may be any object with these verbs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "HELD_OUT",
    "MEMBERS",
    "PRIVACY_LOSS_BOUNDS",
    "VALIDATION",
    "VALIDATION_MEMBERS",
    "Judgement",
    "Skip",
]

MEMBERS, HELD_OUT = "members", "held-out"
# Those on whom strengths are chosen, so that the figures of the others are not.
VALIDATION, VALIDATION_MEMBERS = "validation", "validation members"

# Metrics, by method and number of people whom a promise is to protect together.
PRIVACY_LOSS_BOUNDS = {
    (method, n): f"privacy loss bound, {method}, n={n}"
    for n in (1, 2, 5)
    for method in ("paper", "tight")
}


@dataclass(frozen=True)
class Judgement:
    """Figures of one cell.

    Parameters
    ----------
    values : list of (population, metric, value)
        Populations are ``"members"`` (the target was trained on them) and
        ``"held-out"``, and ``"validation members"`` and ``"validation"`` where
        strengths are chosen on people of their own.
    pictures : dict, default=None
        Lists of images by what they show: arrays of uint8 of shape (height, width) or
        (height, width, 3). Those of the first repetition are kept for the report.
    """

    values: Sequence[tuple[str, str, Any]]
    pictures: Mapping[str, Sequence[Any]] | None = None


class Skip(Exception):
    """Raised by a factory or a problem that has nothing to offer here.

    The cell is then listed as skipped, not as failed; the text says why.

    Examples
    --------
    >>> from sklearn_mid.benchmark import Skip
    >>> def dp_tree(problem, *, random_state, epsilon):
    ...     raise Skip("this data has no public bounds")
    """
