"""Helpers shared by all rooms; see :mod:`sklearn_mid.utils.estimator_checks`."""

from typing import Any

__all__ = ["one_hot_group"]


def __getattr__(name: str) -> Any:
    # On first use: helpers that need no pandas must not load it.
    if name == "one_hot_group":
        from sklearn_mid.utils._one_hot import one_hot_group

        return one_hot_group
    raise AttributeError(f"module 'sklearn_mid.utils' has no attribute {name!r}")
