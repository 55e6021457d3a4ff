"""diffprivlib behind a plain estimator.

What has to be worked around in diffprivlib 0.6, here and in the models:

- It reads missing bounds off the data. Here bounds are stated, or ``fit`` raises.
- Its naive Bayes takes the width of the bounds for the size of a record. Here features
  are scaled to [-1, 1] first, where this is right.
- It promises epsilon when a record is added or removed. Replacing one is two such
  steps, and gets 3/5 of the epsilon here.
- It writes learned values into constructor parameters, and keeps a budget that
  cloning copies. Here each fit spends `epsilon`, and says so in ``epsilon_``.
- Its models keep the generator of their noise, and draw the seeds of a forest's trees
  from 31 bits. Only the arrays that a model consists of are taken over here; linear and
  logistic regression, trees and forests have mechanisms of their own.
"""

from types import ModuleType
from typing import Any

import sklearn

from sklearn_mid.utils._optional import require

__all__ = ["import_diffprivlib", "own_accountant"]


def import_diffprivlib(part: str, estimator: object) -> ModuleType:
    """Import ``diffprivlib.part``, or say what to install."""
    name = type(estimator).__name__
    try:
        return require(f"diffprivlib.{part}", extra="dp", needed_by=name)
    except ImportError as error:
        raise ImportError(
            f"{error} (diffprivlib 0.6 needs scikit-learn < 1.8; version "
            f"{sklearn.__version__} is installed)"
        ) from error


def own_accountant(estimator: object) -> Any:
    """A budget of this fit alone, not diffprivlib's global one."""
    return import_diffprivlib("accountant", estimator).BudgetAccountant()
