"""Models that resist model inversion, attacks that judge them, and a benchmark.

Subpackages load on first use, so that ``import sklearn_mid`` stays light: torch,
matplotlib and diffprivlib are imported only where they are needed.
"""

import importlib

from sklearn_mid._version import __version__

_SUBPACKAGES = (
    "attacks",
    "benchmark",
    "datasets",
    "defenses",
    "exceptions",
    "information",
    "linear_model",
    "metrics",
    "model_selection",
    "neural_network",
    "release",
    "tree",
    "utils",
)

__all__ = ["__version__", *_SUBPACKAGES]


def __getattr__(name):
    if name in _SUBPACKAGES:
        return importlib.import_module(f"sklearn_mid.{name}")
    raise AttributeError(f"module 'sklearn_mid' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
