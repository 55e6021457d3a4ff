"""Docstrings of the public names follow numpydoc."""

import importlib
import inspect

import pytest

import sklearn_mid

validate = pytest.importorskip("numpydoc.validate").validate

# Short summaries of short functions are enough (no "extended summary", example or See
# Also is asked of all), results have names, and a summary may be a noun.
WAIVED = {"ES01", "EX01", "SA01", "RT02", "SS05"}


def public_names():
    rooms = [room for room in sklearn_mid.__all__ if not room.startswith("_")]
    for room in ["utils.estimator_checks", *rooms]:
        module = importlib.import_module(f"sklearn_mid.{room}")
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            path = f"{module.__name__}.{name}"
            if callable(thing):
                yield path
            if inspect.isclass(thing):
                yield from (
                    f"{path}.{member}"
                    for member, value in vars(thing).items()
                    if not member.startswith("_")
                    and (inspect.isfunction(value) or isinstance(value, classmethod))
                )


@pytest.mark.parametrize("name", public_names())
def test_docstring(name):
    errors = [e for e in validate(name)["errors"] if e[0] not in WAIVED]
    assert not errors
