"""Errors that a caller may want to catch by name."""

__all__ = ["SecretSeedWarning", "UnsupportedTargetError"]


class SecretSeedWarning(UserWarning):
    """The noise of a differentially private model can be drawn again.

    A `random_state` was given: whoever knows it, or guesses it, can subtract the
    noise, and what the model promises is void. For tests and benchmarks, whose models
    nobody is handed, that is no harm; leave `random_state=None` for a model that is.
    """


class UnsupportedTargetError(TypeError):
    """The attacked model lacks a method or property that the attack needs.

    Raised instead of reporting a risk of zero: an attack that cannot run says
    nothing about the risk. The message names the attack, the target's class and
    the missing method.
    """
