"""From a model and a table to a model that may be released, and what that costs."""

from sklearn_mid.benchmark._protect._report import ProtectReport
from sklearn_mid.benchmark._protect._run import protect

__all__ = ["ProtectReport", "protect"]
