"""Errors that a caller may want to catch by name."""

__all__ = ["UnsupportedTargetError"]


class UnsupportedTargetError(TypeError):
    """The attacked model lacks a method or property that the attack needs.

    Raised instead of reporting a risk of zero: an attack that cannot run says
    nothing about the risk. The message names the attack, the target's class and
    the missing method.
    """
