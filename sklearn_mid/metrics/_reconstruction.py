"""How close reconstructed inputs come to the private ones."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.utils import check_consistent_length

from sklearn_mid.utils._images import check_bounds, check_image_shape, check_images
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._validation import as_column, factorize, positions

__all__ = [
    "evaluator_accuracy",
    "nearest_neighbor_distance",
    "reconstruction_gain",
    "reconstruction_mse",
    "reconstruction_psnr",
    "reconstruction_ssim",
]

_LARGEST = 1e150


def _check_pair(
    X_true: Any, X_reconstructed: Any, name: str = "X_reconstructed"
) -> tuple[np.ndarray, np.ndarray]:
    X_true = check_images(X_true, name="X_true", dtype=np.float64)
    X_reconstructed = check_images(X_reconstructed, name=name, dtype=np.float64)
    if X_true.shape != X_reconstructed.shape:
        raise ValueError(
            f"X_true and {name} must have the same shape, got {X_true.shape} and "
            f"{X_reconstructed.shape} (flattened)."
        )
    _check_squares(X_true, X_reconstructed, f"X_true and {name}")
    return X_true, X_reconstructed


def _check_squares(X, other, names):
    largest = max(np.abs(X).max(), np.abs(other).max())
    if largest > _LARGEST:
        raise ValueError(
            f"{names} must lie within {_LARGEST:g} of 0, so that errors can be "
            f"squared; got {largest:g}."
        )


def reconstruction_mse(X_true: ArrayLike, X_reconstructed: ArrayLike) -> float:
    """Mean squared error of reconstructed inputs, over rows and features.

    Parameters
    ----------
    X_true : array-like of shape (n_samples, n_features)
        The private inputs. Images may also come as (n_samples, height, width) or
        (n_samples, channels, height, width).
    X_reconstructed : array-like of the shape of `X_true`
        What the attacker made of them.

    Returns
    -------
    mse : float
        Non-negative; 0 is a perfect reconstruction.

    See Also
    --------
    reconstruction_gain : The same, relative to an attacker without the model.

    Examples
    --------
    >>> from sklearn_mid.metrics import reconstruction_mse
    >>> reconstruction_mse([[0.0, 1.0]], [[0.5, 0.5]])
    0.25
    """
    X_true, X_reconstructed = _check_pair(X_true, X_reconstructed)
    return float(np.mean((X_true - X_reconstructed) ** 2))


def reconstruction_gain(
    X_true: ArrayLike, X_reconstructed: ArrayLike, X_reference: ArrayLike
) -> float:
    """Share of the error that the model helped the attacker to remove.

    The gain is ``1 - MSE(X_reconstructed) / MSE(X_reference)``. The reference is
    what an attacker would guess without the model, as a rule the mean of the
    auxiliary inputs of each record's class, or the mean of all of them where the
    private classes are people of whom the attacker has no picture.

    Parameters
    ----------
    X_true : array-like of shape (n_samples, n_features)
        The private inputs. Images may also come as (n_samples, height, width) or
        (n_samples, channels, height, width).
    X_reconstructed : array-like of the shape of `X_true`
        What the attacker made of them.
    X_reference : array-like of the shape of `X_true`
        The guess without the model, one row per record.

    Returns
    -------
    gain : float
        1 for a perfect reconstruction, 0 for one no better than the reference,
        negative for a worse one.

    Raises
    ------
    ValueError
        If the shapes differ, or the reference equals the truth everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.metrics import reconstruction_gain
    >>> X_true = np.array([[0.0], [1.0]])
    >>> reconstruction_gain(X_true, X_true, X_true.mean(axis=0) + 0 * X_true)
    1.0
    """
    X_true, X_reconstructed = _check_pair(X_true, X_reconstructed)
    _, X_reference = _check_pair(X_true, X_reference, name="X_reference")
    reference = np.mean((X_true - X_reference) ** 2)
    if reference == 0:
        raise ValueError(
            "X_reference equals X_true, so that no gain over it is possible; pass "
            "the guess of an attacker without the model, such as the class mean."
        )
    with np.errstate(over="ignore"):  # a reference that is all but perfect
        return float(1 - np.mean((X_true - X_reconstructed) ** 2) / reference)


def reconstruction_psnr(
    X_true: ArrayLike,
    X_reconstructed: ArrayLike,
    *,
    bounds: tuple[float, float] = (0, 1),
) -> float:
    """Peak signal-to-noise ratio in decibels, averaged over images.

    Parameters
    ----------
    X_true : array-like of shape (n_samples, n_features)
        The private inputs. Images may also come as (n_samples, height, width) or
        (n_samples, channels, height, width).
    X_reconstructed : array-like of the shape of `X_true`
        What the attacker made of them.
    bounds : tuple (low, high), default=(0, 1)
        The values that a pixel may take; their difference is the peak.

    Returns
    -------
    psnr : float
        Higher is closer; infinite if an image is reconstructed exactly.

    Examples
    --------
    >>> from sklearn_mid.metrics import reconstruction_psnr
    >>> reconstruction_psnr([[0.0, 1.0]], [[0.1, 0.9]])
    20.0
    """
    X_true, X_reconstructed = _check_pair(X_true, X_reconstructed)
    low, high = check_bounds(bounds)
    mse = np.mean((X_true - X_reconstructed) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        psnr = 20 * np.log10(high - low) - 10 * np.log10(mse)
    return float(psnr.mean())


def reconstruction_ssim(
    X_true: ArrayLike,
    X_reconstructed: ArrayLike,
    *,
    image_shape: tuple[int, int, int] | None = None,
    bounds: tuple[float, float] = (0, 1),
) -> float:
    """Structural similarity, averaged over images (scikit-image).

    Parameters
    ----------
    X_true : array-like of shape (n_samples, n_features)
        The private images. They may also come as (n_samples, height, width) or
        (n_samples, channels, height, width).
    X_reconstructed : array-like of the shape of `X_true`
        What the attacker made of them.
    image_shape : tuple (channels, height, width), default=None
        Shape of one image. None stands for one square channel. The sides must be
        at least 3 pixels.
    bounds : tuple (low, high), default=(0, 1)
        The values that a pixel may take.

    Returns
    -------
    ssim : float
        At most 1, which is a perfect reconstruction. The window is 7 pixels wide,
        or as wide as fits into a smaller image.

    Raises
    ------
    ImportError
        If scikit-image is not installed.
    ValueError
        If `image_shape` does not fit the images.

    References
    ----------
    .. [1] Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality
       assessment: from error visibility to structural similarity", IEEE
       Transactions on Image Processing 13(4), 2004.
       https://doi.org/10.1109/TIP.2003.819861

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.metrics import reconstruction_ssim
    >>> X = np.linspace(0, 1, 64).reshape(1, 64)
    >>> round(reconstruction_ssim(X, X, image_shape=(1, 8, 8)), 6)
    1.0
    """
    metrics = require("skimage.metrics", extra="nn", needed_by="reconstruction_ssim")
    X_true, X_reconstructed = _check_pair(X_true, X_reconstructed)
    shape = check_image_shape(image_shape, X_true.shape[1])
    low, high = check_bounds(bounds)
    side = min(shape[1:])
    if side < 3:
        raise ValueError(
            f"images must be at least 3 pixels wide and high, got {shape}."
        )
    return float(
        np.mean(
            [
                metrics.structural_similarity(
                    truth.reshape(shape),
                    guess.reshape(shape),
                    win_size=min(7, side - 1 + side % 2),
                    channel_axis=0,
                    data_range=high - low,
                )
                for truth, guess in zip(X_true, X_reconstructed, strict=True)
            ]
        )
    )


def nearest_neighbor_distance(
    X_private: ArrayLike,
    X_reconstructed: ArrayLike,
    *,
    y_private: ArrayLike | None = None,
    labels: ArrayLike | None = None,
) -> float:
    """Mean distance of each reconstruction to the nearest private record.

    For attacks that reconstruct a class rather than one record, so that there is
    no single truth to compare with.

    Parameters
    ----------
    X_private : array-like of shape (n_records, n_features)
        Private inputs, as a rule the target's training data.
    X_reconstructed : array-like of shape (n_samples, n_features)
        What the attacker made of them.
    y_private : array-like of shape (n_records,), default=None
        Class of each private record. With `labels`, only records of the attacked
        class count as neighbours.
    labels : array-like of shape (n_samples,), default=None
        The attacked class of each reconstruction.

    Returns
    -------
    distance : float
        Mean Euclidean distance.

    Raises
    ------
    ValueError
        If the widths differ, only one of `y_private` and `labels` is given, or an
        attacked class has no private record.

    References
    ----------
    .. [1] Y. Zhang, R. Jia, H. Pei, W. Wang, B. Li, D. Song, "The Secret Revealer:
       Generative Model-Inversion Attacks Against Deep Neural Networks", CVPR 2020.
       https://arxiv.org/abs/1911.07135

    Examples
    --------
    >>> from sklearn_mid.metrics import nearest_neighbor_distance
    >>> nearest_neighbor_distance([[0.0], [1.0]], [[0.75]])
    0.25
    >>> nearest_neighbor_distance(
    ...     [[0.0], [1.0]], [[0.75]], y_private=["a", "b"], labels=["a"]
    ... )
    0.75
    """
    X_private = check_images(X_private, name="X_private", dtype=np.float64)
    X_reconstructed = check_images(
        X_reconstructed, name="X_reconstructed", dtype=np.float64
    )
    if X_private.shape[1] != X_reconstructed.shape[1]:
        raise ValueError(
            f"X_private has {X_private.shape[1]} features, X_reconstructed "
            f"{X_reconstructed.shape[1]}; they must agree."
        )
    _check_squares(X_private, X_reconstructed, "X_private and X_reconstructed")
    if (y_private is None) != (labels is None):
        raise ValueError("pass y_private and labels together, or neither.")
    if labels is None:
        _, distance = pairwise_distances_argmin_min(X_reconstructed, X_private)
        return float(distance.mean())
    y_private = as_column(y_private, "y_private")
    labels = as_column(labels, "labels")
    check_consistent_length(X_private, y_private)
    check_consistent_length(X_reconstructed, labels)
    private_code, classes = factorize(y_private)
    code = positions(labels, classes)
    absent = labels[code < 0].tolist()
    if absent:
        raise ValueError(
            f"labels {list(dict.fromkeys(absent))} have no record in X_private; pass "
            "private records of every attacked class."
        )
    total = sum(
        pairwise_distances_argmin_min(
            X_reconstructed[code == k], X_private[private_code == k]
        )[1].sum()
        for k in np.unique(code)
    )
    return float(total / len(labels))


def evaluator_accuracy(
    evaluator: Any, X_reconstructed: ArrayLike, labels: ArrayLike
) -> float:
    """Share of reconstructions that an independent classifier gives the true label.

    Parameters
    ----------
    evaluator : fitted classifier with ``predict``
        A judge trained on other data than the target. An attack must never choose
        its reconstructions by it.
    X_reconstructed : array-like of shape (n_samples, n_features)
        Reconstructed inputs.
    labels : array-like of shape (n_samples,)
        The class that each was meant to be.

    Returns
    -------
    accuracy : float
        Between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_mid.metrics import evaluator_accuracy
    >>> evaluator = KNeighborsClassifier(1).fit([[0.0], [1.0]], ["dark", "light"])
    >>> evaluator_accuracy(evaluator, [[0.1], [0.2]], ["dark", "light"])
    0.5
    """
    if not hasattr(evaluator, "predict"):
        raise TypeError(
            f"evaluator must be a fitted classifier with predict, got {evaluator!r}."
        )
    labels = as_column(labels, "labels")
    check_consistent_length(X_reconstructed, labels)
    predicted = as_column(evaluator.predict(X_reconstructed), "evaluator's answers")
    code, classes = factorize(predicted)
    return float(np.mean(positions(labels, classes) == code))
