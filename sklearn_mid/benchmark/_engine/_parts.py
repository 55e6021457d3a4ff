"""From what a suite names to what is built of it: classes, functions, parameters."""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

__all__ = [
    "PASSED",
    "Catalogue",
    "add_to_path",
    "build",
    "resolve",
    "unknown_parameters",
]

# From a kind ("dataset", "defence", "attack", "baseline") to names and import paths.
Catalogue = Mapping[str, Mapping[str, str]]

# What a suite cannot set, because the engine knows better.
PASSED = ("problem", "target", "random_state")


def add_to_path(folder: str) -> None:
    """Let modules in `folder`, a suite's own, be imported, after all others."""
    if folder and os.path.abspath(folder) not in map(os.path.abspath, sys.path):
        sys.path.append(folder)


def resolve(kind: str, use: str, catalogue: Catalogue) -> Callable:
    """The class or function called `use`, by name or import path.

    Raises
    ------
    KeyError
        If it is neither a name of the catalogue nor an import path.
    ImportError, AttributeError
        If the import path leads nowhere.
    """
    path = catalogue.get(kind, {}).get(use, use)
    module, _, attribute = path.partition(":")
    if not (module and attribute):
        raise KeyError(use)
    found = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{use!r} is not callable: {found!r}.")
    return found


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) and "use" in value


def unknown_parameters(
    make: Callable, params: Mapping[str, Any], passed: Collection[str] = PASSED
) -> Iterator[tuple[str, str, list[str]]]:
    """Parameters that something does not take, or is given by the engine.

    Those of its parts, too.

    Yields
    ------
    part, name, allowed : str, str, list of str
        `part` is "" for the thing itself, else the import path of what is inside.
    """
    takes = inspect.signature(make).parameters
    allowed = [name for name in takes if name not in passed]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in takes.values())
    for name, value in params.items():
        if name in passed or not (takes_any or name in allowed):
            yield "", name, allowed
        elif _is_part(value):
            inner = {key: v for key, v in value.items() if key != "use"}
            for part, unknown, rest in unknown_parameters(_part(value), inner):
                yield part or value["use"], unknown, rest


def _part(value: Mapping[str, Any]) -> Callable:
    return resolve("part", str(value["use"]), {})


def build(make: Callable, params: Mapping[str, Any], offered: Mapping[str, Any]) -> Any:
    """Call `make` with its parameters, and with what it asks for and is offered.

    Parameters
    ----------
    make : callable
    params : dict
        From the suite. A text ``"@name"`` stands for what is offered under that name;
        a table with the key ``use`` (an import path) is built first, and is offered
        nothing but ``random_state`` unless it asks by ``"@name"``.
    offered : dict
        Taken where the signature has a parameter of that name and `params` has not.
    """

    def value_of(value: Any) -> Any:
        if _is_part(value):
            # By name alone: a part's `estimator` is seldom the target of an attack.
            inner = {key: value_of(v) for key, v in value.items() if key != "use"}
            seed = {name: offered[name] for name in offered if name == "random_state"}
            return build(_part(value), inner, seed)
        if isinstance(value, str) and value.startswith("@"):
            if value[1:] not in offered:
                names = ", ".join(f"'@{name}'" for name in sorted(offered))
                raise ValueError(f"{value!r} is not offered here; there are: {names}.")
            return offered[value[1:]]
        return value

    takes = inspect.signature(make).parameters
    given = {name: offered[name] for name in takes if name in offered}
    return make(**given | {name: value_of(value) for name, value in params.items()})
