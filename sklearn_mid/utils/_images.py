"""Checks of image arrays, and changes to them, shared by those that read images."""

import math
from typing import Any

import numpy as np
from sklearn.utils import check_array

from sklearn_mid.utils._validation import as_numbers, as_sizes

__all__ = [
    "changed_images",
    "check_bounds",
    "check_image_shape",
    "check_images",
    "check_scale",
]


def check_image_shape(
    image_shape: Any, n_features: int, *, param: str = "image_shape"
) -> tuple[int, int, int]:
    """``(channels, height, width)`` of images that have `n_features` pixels.

    Parameters
    ----------
    image_shape : tuple of 2 or 3 ints, or None
        ``(channels, height, width)`` or ``(height, width)``. None stands for one
        square channel.
    n_features : int
        Number of values per image.
    param : str, default="image_shape"
        The parameter's name, for error messages.

    Returns
    -------
    image_shape : tuple of 3 ints

    Raises
    ------
    ValueError
        If the shape does not hold `n_features` values, or None is given and they
        do not fill a square.
    """
    if image_shape is None:
        side = math.isqrt(n_features)
        if side * side != n_features:
            raise ValueError(
                f"{param}=None stands for one square channel, but {n_features} "
                "values per image do not fill a square; "
                f"pass {param}=(channels, height, width)."
            )
        return (1, side, side)
    shape = as_sizes(image_shape)
    if shape is None or len(shape) not in (2, 3):
        raise ValueError(
            f"{param} must be (channels, height, width) with positive sizes, "
            f"got {image_shape!r}."
        )
    if len(shape) == 2:
        shape = (1, *shape)
    if math.prod(shape) != n_features:
        raise ValueError(
            f"{param}={shape} holds {math.prod(shape)} values, but each image has "
            f"{n_features}."
        )
    channels, height, width = shape
    return channels, height, width


def check_bounds(bounds: Any, *, param: str = "bounds") -> tuple[float, float]:
    """`bounds` as two floats ``(low, high)`` with ``low < high``.

    Raises
    ------
    ValueError
        If `bounds` is anything else.
    """
    values = as_numbers(bounds, param)
    if values.shape != (2,) or not np.isfinite(values).all() or values[0] >= values[1]:
        raise ValueError(
            f"{param} must be two finite numbers (low, high) with low < high, "
            f"got {bounds!r}."
        )
    return float(values[0]), float(values[1])


def check_scale(X: np.ndarray, bounds: tuple[float, float], *, name: str = "X") -> None:
    """Raise unless all of `X` lies within `bounds`.

    Raises
    ------
    ValueError
        Naming the scale that was expected and the one that was seen.
    """
    low, high = check_bounds(bounds)
    seen_low, seen_high = float(X.min()), float(X.max())
    slack = 1e-6 * (high - low)
    if seen_low < low - slack or seen_high > high + slack:
        raise ValueError(
            f"{name} is expected on the scale [{low:g}, {high:g}], but its values go "
            f"from {seen_low:g} to {seen_high:g}; rescale it, or pass bounds that "
            "hold all inputs."
        )


def check_images(X: Any, *, name: str = "X", dtype: Any = np.float32) -> np.ndarray:
    """Images as rows, whatever array-like they came in.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or of 3 or 4 dimensions
        Flat images, or (n_samples, height, width), or
        (n_samples, channels, height, width).
    name : str, default="X"
        For error messages.
    dtype : dtype or list of dtype, default=numpy.float32
        Type of the result, as in :func:`sklearn.utils.check_array`.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    """
    try:
        X = check_array(X, dtype=dtype, allow_nd=True, input_name=name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds no images: {error}") from error
    if X.ndim > 4 or not X.size:
        raise ValueError(
            f"{name} must have 2 to 4 dimensions and pixels, got shape {X.shape}."
        )
    return X.reshape(len(X), -1)


def changed_images(X, image_shape, rng, *, mirror=False):
    """Images shifted at random by up to an eighth of a side, edges repeated.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    image_shape : tuple (channels, height, width)
    rng : numpy.random.Generator
    mirror : bool, default=False
        Whether left and right change places.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    """
    n, (channels, *sides) = len(X), image_shape
    rows, columns = (
        np.clip(
            np.arange(side)
            + rng.integers(-(side // 8), side // 8, size=(n, 1), endpoint=True),
            0,
            side - 1,
        )
        for side in sides
    )
    if mirror:
        columns = columns[:, ::-1]
    images = X.reshape(n, *image_shape)
    changed = images[
        np.arange(n)[:, None, None, None],
        np.arange(channels)[:, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
    return changed.reshape(n, -1)
