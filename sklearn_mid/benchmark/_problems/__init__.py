"""What is asked of a defence, on which data, and the names that suites may use.

Knows no files: the engine keeps what comes of it.
"""

from sklearn_mid.benchmark._problems._attribute import AttributeProblem
from sklearn_mid.benchmark._problems._catalogue import CATALOGUE, EXTRAS

__all__ = ["CATALOGUE", "EXTRAS", "AttributeProblem"]
