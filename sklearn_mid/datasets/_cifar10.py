"""CIFAR-10: a subset of JPEG pictures, or the same numbers from OpenML."""

import os
from io import BytesIO
from itertools import pairwise

import numpy as np
from sklearn import datasets

from sklearn_mid.datasets._bunch import Images, check_flags, check_option, image_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading
from sklearn_mid.utils._optional import require

__all__ = ["fetch_cifar10"]

# No public address: made from CIFAR-10, with loss.
FILE = DataFile(
    dataset="cifar10",
    name="cifar10_12k_jpeg.npz",
    sha256="5337df901792a7c797cc5002773d438396f1685439745314552d298beedf0da0",
)
_CLASSES = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
]
_N_PER_CLASS = {"train": 1000, "test": 200}

_DESCR = """\
CIFAR-10, a subset (12000 colour images of 32 x 32 pixels, 10 classes; 10000 train,
2000 test)

The first 1000 training and 200 test images of each class, as JPEG and so with some
loss; or, from OpenML, the first 1000 and the next 200 of each class without loss. The
two have the same size but not the same pictures.

Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images",
University of Toronto (2009). No licence is stated: the package loads the pictures and
must not ship them.
"""


def _from_jpeg(path):
    image = require("PIL.Image", extra="nn", needed_by="fetch_cifar10")
    # numpy leaves a path open that turns out to be no archive.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        encoded, offsets = content["jpeg"].tobytes(), content["offsets"]
        target, is_train = content["label"].astype(np.intp), content["is_train"]
    pictures = [
        np.asarray(image.open(BytesIO(encoded[start:stop])))
        for start, stop in pairwise(offsets)
    ]
    return np.stack(pictures).transpose(0, 3, 1, 2), target, is_train


def _from_openml(data_home):
    values, names = datasets.fetch_openml(
        "CIFAR_10",
        version=1,
        data_home=data_home,
        as_frame=False,
        return_X_y=True,
    )
    target = names.astype(np.intp)
    # Position of each image among those of its class.
    order = np.argsort(target, kind="stable")
    n_before = np.searchsorted(target[order], np.arange(len(_CLASSES)))
    position = np.empty(len(target), dtype=np.intp)
    position[order] = np.arange(len(target)) - n_before[target[order]]
    chosen = position < sum(_N_PER_CLASS.values())
    pixels = values[chosen].reshape(-1, 3, 32, 32)
    return pixels, target[chosen], position[chosen] < _N_PER_CLASS["train"]


def fetch_cifar10(
    *,
    subset: str = "all",
    source: str = "jpeg",
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
) -> Images:
    """Load a subset of CIFAR-10 (classification).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="all"
        The 10000 training images, the 2000 test images, or both.
    source : {"jpeg", "openml"}, default="jpeg"
        "jpeg" reads a file that has no public address: it must lie in `data_home` or in
        the folder that the environment variable ``SKLEARN_MID_DATA`` names; Pillow
        decodes it. "openml" has scikit-learn download all of CIFAR-10 (hundreds of MB,
        and much memory) and takes as many images per class.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in, and for "openml" to download into. None looks in the folder
        that the environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``; for "openml" it is scikit-learn's data folder.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (n_samples, 3072), float32 in [0, 1], all of red before
        green before blue; `target` of shape (n_samples,), 0 to 9; `images` of shape
        (n_samples, 32, 32, 3), to be shown; `image_shape` (3, 32, 32), `is_train` of
        shape (n_samples,), `feature_names`, `target_names`, `frame` (None),
        `sensitive_features` (empty) and `DESCR`; "jpeg" also has `filename`.

    Raises
    ------
    OSError
        If the images are neither found nor can be downloaded.
    ImportError
        If Pillow is missing, for "jpeg".

    References
    ----------
    .. [1] A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images.
       University of Toronto, 2009.

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_cifar10
    >>> cifar = fetch_cifar10(subset="test")  # doctest: +SKIP
    >>> cifar.data.shape  # doctest: +SKIP
    (2000, 3072)
    """
    check_flags("fetch_cifar10", return_X_y=return_X_y, data_home=data_home)
    check_option("subset", subset, ("train", "test", "all"))
    check_option("source", source, ("jpeg", "openml"))
    others = {}
    if source == "jpeg":
        path = find_file(FILE, data_home=data_home)
        with reading(path):
            pixels, target, is_train = _from_jpeg(path)
        others["filename"] = str(path)
    else:
        pixels, target, is_train = _from_openml(data_home)
    if subset != "all":
        chosen = is_train == (subset == "train")
        pixels, target, is_train = pixels[chosen], target[chosen], is_train[chosen]
    return image_bunch(
        pixels / np.float32(255),
        target,
        target_names=_CLASSES,
        descr=_DESCR,
        return_X_y=return_X_y,
        is_train=is_train,
        **others,
    )
