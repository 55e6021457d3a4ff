"""MNIST: the 10,000 test images."""

import gzip
import os

import numpy as np

from sklearn_mid.datasets._bunch import Images, check_flags, image_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading

__all__ = ["fetch_mnist"]

_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
# The same images also go round compressed at another time, with another checksum.
FILES = {
    "images": DataFile(
        dataset="mnist",
        name="t10k-images-idx3-ubyte.gz",
        sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        url=_ADDRESS + "t10k-images-idx3-ubyte.gz",
        other_sha256=(
            "167310007f03058885c7e95e6c0b19c20de5c7fd3031f4cbdadc9014a523d80b",
        ),
    ),
    "labels": DataFile(
        dataset="mnist",
        name="t10k-labels-idx1-ubyte.gz",
        sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        url=_ADDRESS + "t10k-labels-idx1-ubyte.gz",
        other_sha256=(
            "fc607395669ec21321ea83e4b82c0544b7e8e63ff5b34337c06bc0a17cc0da3c",
        ),
    ),
}

_DESCR = """\
MNIST handwritten digits, test set (10000 images of 28 x 28 pixels, 10 classes)

Grey values divided by 255. Only the official test images: enough for attacks that need
a target, its held-out images, and an attacker's own.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST Database of Handwritten Digits"
(1998), CC BY-SA 3.0, by a public mirror of the original files.
"""


def _read_idx(path, n_dimensions):
    """Array of bytes in the IDX format: magic number, sizes, values."""
    with gzip.open(path) as stream:
        content = stream.read()
    sizes = np.frombuffer(content, dtype=">u4", count=n_dimensions, offset=4)
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * n_dimensions)
    return values.reshape(sizes.astype(int))


def fetch_mnist(
    *,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Images:
    """Load the 10,000 test images of MNIST (classification).

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in and to download into. None looks in the folder that the
        environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``, and downloads into the latter.
    download_if_missing : bool, default=True
        Whether missing files are downloaded.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (10000, 784), float32 in [0, 1]; `target` of shape
        (10000,), 0 to 9; `images` of shape (10000, 28, 28), `image_shape`
        (1, 28, 28), `feature_names`, `target_names`, `frame` (None),
        `sensitive_features` (empty), `filenames` and `DESCR`.

    Raises
    ------
    OSError
        If a file is neither found nor can be downloaded, or is not the right one.

    See Also
    --------
    load_digits : Smaller images of digits that need no download.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio and P. Haffner. Gradient-Based Learning
       Applied to Document Recognition. Proceedings of the IEEE 86, 1998.
       doi:10.1109/5.726791

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_mnist
    >>> mnist = fetch_mnist()  # doctest: +SKIP
    >>> mnist.data.shape  # doctest: +SKIP
    (10000, 784)
    """
    check_flags(
        "fetch_mnist",
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    paths = {
        part: find_file(
            file, data_home=data_home, download_if_missing=download_if_missing
        )
        for part, file in FILES.items()
    }
    with reading(*paths.values()):
        pixels = _read_idx(paths["images"], n_dimensions=3)
        return image_bunch(
            pixels[:, None] / np.float32(255),
            _read_idx(paths["labels"], n_dimensions=1).astype(np.intp),
            target_names=[str(k) for k in range(10)],
            descr=_DESCR,
            return_X_y=return_X_y,
            filenames=[str(path) for path in paths.values()],
        )
