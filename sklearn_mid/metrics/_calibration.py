"""How far confidences are from how often they are right."""

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import (
    as_column,
    as_numbers,
    check_parameters,
    factorize,
)

__all__ = ["expected_calibration_error"]

_CONSTRAINTS = {
    "n_bins": [Interval(Integral, 1, None, closed="left")],
    "strategy": [StrOptions({"uniform", "quantile"})],
}


def expected_calibration_error(
    y_true: ArrayLike,
    y_proba: ArrayLike,
    *,
    n_bins: int = 10,
    strategy: str = "uniform",
    labels: ArrayLike | None = None,
) -> float:
    """Expected calibration error of a classifier's confidences.

    Rows are put into bins by confidence; the error is the mean over rows of the
    distance, in the row's bin, between the mean confidence and the share of right
    rows.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True labels.
    y_proba : array-like of shape (n_samples,) or (n_samples, n_classes)
        Probabilities in [0, 1]. One dimension: the probability of the second of two
        labels, compared with how often that label is true. Two: the confidence is
        the largest probability of the row, compared with how often its label is
        true.
    n_bins : int, default=10
        Number of bins.
    strategy : {"uniform", "quantile"}, default="uniform"
        Bins of equal width on [0, 1], or of (about) equal numbers of rows. A bin
        holds its lower edge; the last one its upper edge too, so that confidences of
        exactly 0 and 1 count.
    labels : array-like of shape (n_classes,), default=None
        The labels in the order of the columns of `y_proba`, as in ``classes_``. By
        default the sorted labels in `y_true`; for probabilities of one dimension,
        and a `y_true` of nothing but 0 and 1 (or booleans), those.

    Returns
    -------
    error : float
        In [0, 1]; 0 is best.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], `labels` do not fit the columns, or
        `y_true` holds another label.

    References
    ----------
    .. [1] Naeini, M. P., Cooper, G., & Hauskrecht, M. (2015). Obtaining well
       calibrated probabilities using Bayesian binning. AAAI.
       doi:10.1609/aaai.v29i1.9602.
    .. [2] Guo, C., Pleiss, G., Sun, Y., & Weinberger, K. Q. (2017). On calibration
       of modern neural networks. ICML. arXiv:1706.04599.

    Examples
    --------
    >>> from sklearn_mid.metrics import expected_calibration_error
    >>> round(expected_calibration_error([1, 0], [0.95, 1.0]), 3)
    0.475
    """
    check_parameters(
        "expected_calibration_error", _CONSTRAINTS, n_bins=n_bins, strategy=strategy
    )
    true = as_column(y_true, "y_true")
    proba = as_numbers(y_proba, "y_proba")
    if proba.ndim not in (1, 2) or not proba.size:
        raise ValueError(
            "y_proba must have shape (n_samples,) or (n_samples, n_classes), with one "
            f"sample or more; got shape {proba.shape}."
        )
    check_consistent_length(true, proba)
    if not ((proba >= 0) & (proba <= 1)).all():
        raise ValueError(
            "y_proba must lie in [0, 1], got values from "
            f"{proba.min():g} to {proba.max():g}."
        )
    names = _labels(true, labels, n_labels=2 if proba.ndim == 1 else None)
    if proba.ndim == 1:
        confidence, is_right = proba, true == names[1]
    else:
        if proba.shape[1] != len(names):
            raise ValueError(
                f"y_proba has {proba.shape[1]} columns but there are {len(names)} "
                "labels; pass labels=estimator.classes_."
            )
        confidence = proba.max(axis=1)
        is_right = true == names[proba.argmax(axis=1)]

    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    if strategy == "quantile":
        inner_edges = np.quantile(confidence, inner_edges)
    bins = np.searchsorted(inner_edges, confidence, side="right")
    # (rows in bin / n) * |mean confidence - share of right rows|, summed over bins.
    gaps = np.bincount(bins, weights=confidence - is_right)
    return float(np.abs(gaps).sum() / len(confidence))


def _labels(y_true, labels, n_labels):
    seen = factorize(y_true)[1]
    if labels is None:
        zero_one = n_labels == 2 and np.isin(seen, [0, 1]).all()
        labels = np.array([0, 1]) if zero_one else seen
    else:
        labels = as_column(labels, "labels")
    if n_labels is not None and len(labels) != n_labels:
        raise ValueError(
            f"y_proba of one dimension needs two labels, got {labels.tolist()!r}; pass "
            "labels, or one column of y_proba per label."
        )
    known = set(labels.tolist())
    unknown = [label for label in seen.tolist() if label not in known]
    if unknown:
        raise ValueError(
            f"y_true holds {unknown[0]!r}, which is none of labels={labels.tolist()!r}."
        )
    return labels
