"""Helpers shared by all rooms; see :mod:`sklearn_mid.utils.estimator_checks`."""

__all__: list[str] = []
