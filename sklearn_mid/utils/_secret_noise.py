"""The noise of differentially private models.

A guarantee lasts as long as nobody can draw the noise again. Without a
``random_state`` every draw therefore comes from the operating system's source
(:func:`os.urandom`): there is no seed to find, and no state that runs backwards. A
generator would not do, however large its seed: the public part of a model (a random
structure, the first weights) shows its output, and from output states are recovered.
"""

import os
import warnings
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.utils import check_random_state

from sklearn_mid.exceptions import SecretSeedWarning

__all__ = ["NoiseSource", "add_on_grid", "noise_sources", "warn_of_seed"]

Size = int | Sequence[int]


class _Uniforms(Protocol):
    def random(self, size: Size) -> NDArray[np.float64]: ...


class _SystemUniforms:
    """Uniform numbers in [0, 1) from the operating system."""

    def random(self, size: Size) -> NDArray[np.float64]:
        n = int(np.prod(size))
        bits = np.frombuffer(os.urandom(8 * n), dtype=np.uint64) >> np.uint64(11)
        return (bits.astype(np.float64) * 2.0**-53).reshape(size)


class NoiseSource:
    """Draws by inverse distribution functions from uniform numbers.

    Parameters
    ----------
    uniforms : object with a method ``random(size)``
        Uniform numbers in [0, 1), multiples of 2^-53.
    """

    def __init__(self, uniforms: _Uniforms) -> None:
        self._uniforms = uniforms

    def uniform(self, size: Size) -> NDArray[np.float64]:
        """Between 0 and 1, neither of them."""
        return self._uniforms.random(size) + 2.0**-54

    def normal(self, size: Size) -> NDArray[np.float64]:
        """Standard normal."""
        return ndtri(self.uniform(size))

    def exponential(self, size: Size) -> NDArray[np.float64]:
        """Of mean 1."""
        return -np.log(self.uniform(size))

    def laplace(self, size: Size) -> NDArray[np.float64]:
        """Of scale 1: the difference of two exponentials."""
        return self.exponential(size) - self.exponential(size)

    def gumbel(self, size: Size) -> NDArray[np.float64]:
        """Standard Gumbel."""
        return -np.log(self.exponential(size))

    def direction(self, dimension: int) -> NDArray[np.float64]:
        """Uniform on the unit sphere."""
        normal = self.normal(dimension)
        return normal / np.linalg.norm(normal)

    def seed(self) -> int:
        """Of 31 bits, for what is no part of a promise."""
        return int(self.uniform(1)[0] * 2**31)

    def permutation(self, n: int) -> NDArray[np.intp]:
        """A random order of `n` things."""
        return np.argsort(self.uniform(n))


def noise_sources(
    random_state: int | np.random.RandomState | None,
    n_sources: int,
    owner: object,
    *,
    n_before: int = 0,
) -> list[NoiseSource]:
    """Independent sources of noise for one fit.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        None for the operating system's source. Anything else can be repeated, and is
        warned about.
    n_sources : int
        How many: one for each purpose, so that what shows one tells nothing of others.
    owner : estimator
        Whose fit this is, for the warning.
    n_before : int, default=0
        How often the same model asked before: an int gives it other noise each time.

    Returns
    -------
    list of NoiseSource

    Warns
    -----
    SecretSeedWarning
        If `random_state` is not None.
    """
    if random_state is None:
        return [NoiseSource(_SystemUniforms())] * n_sources
    warn_of_seed(random_state, owner)
    rng = check_random_state(random_state)
    seeds = rng.randint(2**32, size=(n_sources, 4), dtype=np.uint64)
    return [
        NoiseSource(np.random.default_rng([*seed.tolist(), n_before])) for seed in seeds
    ]


def warn_of_seed(
    random_state: int | np.random.RandomState | None, owner: object
) -> None:
    """Warn that the noise can be drawn again, unless `random_state` is None."""
    if random_state is None:
        return
    warnings.warn(
        f"{type(owner).__name__} draws its noise from random_state={random_state!r}. "
        "Who knows it can take the noise off, so what is promised holds only as long "
        "as it stays secret, and the model keeps it among its parameters. Publish only "
        "models of random_state=None.",
        SecretSeedWarning,
        stacklevel=5,
    )


def add_on_grid(
    values: NDArray[np.float64], noise: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """`values` plus `noise`, both rounded to multiples of `step` first.

    A sum of floats has last bits that tell of its terms (Mironov 2012). Here every sum
    is a multiple of `step`, whatever the values: rounding the noise after it was added
    to values on the grid is rounding of what was released. Rounding the values first
    moves each by half a step at most, in either of two neighbouring data sets; this is
    what their sensitivity must allow for.
    """
    if step == 0:
        return values + noise
    return (np.rint(values / step) + np.rint(noise / step)) * step
