"""Names that suites may use, and the factories behind them.

Three plain dictionaries. Anything else is named by its import path,
``module:factory``, and treated the same:

- a dataset: ``factory(*, random_state, **params)`` returns a problem (see
  `_problem.py`) for one split;
- a defence: ``factory(problem, *, random_state, **params)`` returns an unfitted
  estimator;
- an attack or baseline: ``factory(problem, target, *, random_state, **params)``
  returns an unfitted attack; a baseline is given no target (None).
"""

import importlib

from sklearn_mid.benchmark._problems import _attacks, _defences, _images, _tables

__all__ = ["PASSED", "names", "resolve"]

# Arguments that the engine passes by itself.
PASSED = ("problem", "target", "random_state")

_CATALOG = {
    "dataset": {**_tables.DATASETS, **_images.IMAGE_DATASETS},
    "defence": _defences.DEFENCES,
    "attack": _attacks.ATTACKS,
    "baseline": _attacks.BASELINES,
}


def names(kind):
    """Names that need no import path."""
    return list(_CATALOG[kind])


def resolve(kind, use):
    """The factory called `use`, by name or import path.

    Parameters
    ----------
    kind : {"dataset", "defence", "attack", "baseline"}
    use : str

    Returns
    -------
    callable

    Raises
    ------
    KeyError
        If it is neither a known name nor an import path.
    ImportError, AttributeError
        If the import path leads nowhere.
    """
    if use in _CATALOG[kind]:
        return _CATALOG[kind][use]
    module, colon, attribute = use.partition(":")
    if not (module and colon and attribute):
        raise KeyError(use)
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
