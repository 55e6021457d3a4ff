"""Helpers shared by all rooms; see :mod:`sklearn_mid.utils.estimator_checks`."""

from sklearn_mid.utils._one_hot import one_hot_group

__all__ = ["one_hot_group"]
