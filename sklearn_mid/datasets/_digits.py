"""Handwritten digits that come with scikit-learn."""

from sklearn import datasets

from sklearn_mid.datasets._bunch import Images, check_flags, image_bunch

__all__ = ["load_digits"]

_DESCR = """\
Handwritten digits (1797 images of 8 x 8 pixels, 10 classes)

Each pixel counts the inked points of a 4 x 4 block of a scanned digit, here divided by
16 so that values lie in [0, 1].

Source: comes with scikit-learn (sklearn.datasets.load_digits), the test set of UCI
Machine Learning Repository, "Optical Recognition of Handwritten Digits" (E. Alpaydin,
C. Kaynak, 1998, doi:10.24432/C50P49), CC BY 4.0.
"""


def load_digits(*, return_X_y: bool = False) -> Images:
    """Load scikit-learn's digits with pixels in [0, 1] (classification).

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (1797, 64), float32 in [0, 1]; `target` of shape (1797,),
        0 to 9; `images` of shape (1797, 8, 8), `image_shape` (1, 8, 8),
        `feature_names`, `target_names`, `frame` (None), `sensitive_features` (empty)
        and `DESCR`.

    See Also
    --------
    sklearn.datasets.load_digits : The same images with values 0 to 16.
    fetch_mnist : Larger images of digits.

    Examples
    --------
    >>> from sklearn_mid.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.data.shape, digits.image_shape, float(digits.data.max())
    ((1797, 64), (1, 8, 8), 1.0)
    """
    check_flags("load_digits", return_X_y=return_X_y)
    digits = datasets.load_digits()
    return image_bunch(
        digits.images[:, None] / 16,
        digits.target,
        target_names=[str(k) for k in range(10)],
        descr=_DESCR,
        return_X_y=return_X_y,
    )
