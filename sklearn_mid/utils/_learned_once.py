"""What several attackers would learn from the same records, learned once."""

import contextlib
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from typing import Any

__all__ = ["learn", "learned_once"]

_KEPT: ContextVar[dict | None] = ContextVar("_KEPT", default=None)


@contextlib.contextmanager
def learned_once(kept: dict) -> Iterator[None]:
    """Within this context, what was learned before is not learned anew.

    Parameters
    ----------
    kept : dict
        What was learned, by key; it may serve another context later.
    """
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)


def learn(key: Callable[[], Hashable | None], make: Callable[[], Any]) -> Any:
    """What `make` returns, or returned before under the same key.

    Parameters
    ----------
    key : callable
        Asked within a context only: of all that the result depends on. None where
        that cannot be said.
    make : callable
    """
    kept = _KEPT.get()
    name = None if kept is None else key()
    if kept is None or name is None:
        return make()
    if name not in kept:
        kept[name] = make()
    return kept[name]
