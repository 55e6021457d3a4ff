"""Entropy and mutual information of discrete variables, in nats.

Everything is a sum of entropies of counts: with H the entropy of a (joint) label,

    I(X; Y)     = H(X) + H(Y) - H(X, Y)
    I(X; Y | Z) = H(X, Z) + H(Y, Z) - H(Z) - H(X, Y, Z)

(Cover & Thomas 2006, sections 2.3 to 2.5).
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import entr

from sklearn_mid.information._weights import check_weights
from sklearn_mid.utils._sklearn_compat import StrOptions
from sklearn_mid.utils._validation import as_column, as_numbers, check_parameters

__all__ = [
    "conditional_mutual_information",
    "conditional_mutual_information_from_counts",
    "entropy",
    "entropy_from_counts",
    "mutual_information",
    "mutual_information_from_counts",
]

_ESTIMATOR = {"estimator": [StrOptions({"plugin", "miller-madow"})]}


def _check_counts(counts: Any, n_dims: int | None) -> np.ndarray:
    counts = as_numbers(counts, "counts")
    if n_dims is not None and counts.ndim != n_dims:
        raise ValueError(
            f"counts must have {n_dims} dimensions, got shape {counts.shape}."
        )
    if not counts.size or not np.isfinite(counts).all() or counts.min() < 0:
        raise ValueError("counts must be finite, not negative, and at least one.")
    if not counts.any():
        raise ValueError("counts are zero everywhere; nothing was observed.")
    return counts


def _entropy(counts, estimator):
    counts = np.ravel(counts)
    total = counts.sum()
    value = entr(counts / total).sum() + 0.0  # entr(1) is -0.0
    if estimator == "miller-madow":
        # First-order bias of the plug-in (Miller 1955): (occupied cells - 1) / 2N.
        value += (np.count_nonzero(counts) - 1) / (2 * total)
    return value


def _codes(labels, name):
    """Integer code of each row; a row of several columns is one joint label."""
    if not hasattr(labels, "shape"):
        # np.array([1, "1"]) would turn both into the same string
        labels = np.asarray(labels, dtype=object)
    if labels.ndim not in (1, 2) or 0 in labels.shape:
        raise ValueError(
            f"{name} must hold at least one label, in shape (n_samples,) or "
            f"(n_samples, n_columns); got shape {labels.shape}."
        )
    if labels.ndim == 1:
        try:
            return pd.factorize(labels, use_na_sentinel=False)[0]
        except TypeError:
            as_column(labels, name)  # names what cannot be told apart
            raise
    columns = pd.DataFrame(labels)
    return _join(*(_codes(columns.iloc[:, j], name) for j in range(columns.shape[1])))


def _join(*codes):
    """Codes of the joint label; renumbered at each step, so that none overflows."""
    joint = codes[0]
    for code in codes[1:]:
        pairs = joint.astype(np.int64) * (code.max() + 1) + code
        joint = pd.factorize(pairs)[0]
    return joint


def _check_labels(sample_weight, estimator, **labels):
    codes = [_codes(values, name) for name, values in labels.items()]
    lengths = {name: len(code) for name, code in zip(labels, codes, strict=True)}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"label arrays differ in length: {lengths}.")
    weights = check_weights(sample_weight, len(codes[0]))

    def joint_entropy(*parts):
        return _entropy(np.bincount(_join(*parts), weights), estimator)

    return codes, joint_entropy


def entropy_from_counts(counts: ArrayLike, *, estimator: str = "plugin") -> float:
    """Entropy of a discrete variable from how often each value was seen.

    Parameters
    ----------
    counts : array-like of any shape
        Counts, weighted counts or (for "plugin") probabilities; not negative. A
        table of several dimensions gives the joint entropy.
    estimator : {"plugin", "miller-madow"}, default="plugin"
        "plugin" is the entropy of the relative frequencies. "miller-madow" adds
        (occupied cells - 1) / (2 * total count), the first-order bias; it reads
        counts as numbers of observations, so probabilities make no sense there.

    Returns
    -------
    float
        Entropy in nats, not negative. "miller-madow" may exceed the log of the
        number of cells.

    Raises
    ------
    ValueError
        If counts are negative, not finite, empty or all zero.

    See Also
    --------
    entropy : The same from labels.

    References
    ----------
    G. A. Miller, "Note on the bias of information estimates", in Information Theory
    in Psychology, 1955.

    Examples
    --------
    >>> from sklearn_mid.information import entropy_from_counts
    >>> round(entropy_from_counts([1, 1, 2]), 4)
    1.0397
    """
    check_parameters("entropy_from_counts", _ESTIMATOR, estimator=estimator)
    return float(_entropy(_check_counts(counts, None), estimator))


def mutual_information_from_counts(
    counts: ArrayLike, *, estimator: str = "plugin"
) -> float:
    """Mutual information of two discrete variables from their joint table.

    Parameters
    ----------
    counts : array-like of shape (n_x_values, n_y_values)
        Joint counts, or probabilities for "plugin".
    estimator : {"plugin", "miller-madow"}, default="plugin"
        As in :func:`entropy_from_counts`, for each of the three entropies.

    Returns
    -------
    float
        I(X; Y) in nats. Clipped at 0: round-off, and the negative values that the
        Miller-Madow correction can give, become 0.

    Raises
    ------
    ValueError
        If counts are not a table of two dimensions, negative, not finite or all
        zero.

    See Also
    --------
    mutual_information : The same from labels.

    Examples
    --------
    >>> from sklearn_mid.information import mutual_information_from_counts
    >>> round(mutual_information_from_counts([[2, 0], [0, 2]]), 4)
    0.6931
    """
    check_parameters("mutual_information_from_counts", _ESTIMATOR, estimator=estimator)
    counts = _check_counts(counts, 2)
    value = (
        _entropy(counts.sum(axis=1), estimator)
        + _entropy(counts.sum(axis=0), estimator)
        - _entropy(counts, estimator)
    )
    return float(max(0.0, value))


def conditional_mutual_information_from_counts(
    counts: ArrayLike, *, estimator: str = "plugin"
) -> float:
    """Information of X and Y about each other given Z, from their joint table.

    Parameters
    ----------
    counts : array-like of shape (n_x_values, n_y_values, n_z_values)
        Joint counts, or probabilities for "plugin".
    estimator : {"plugin", "miller-madow"}, default="plugin"
        As in :func:`entropy_from_counts`, for each of the four entropies.

    Returns
    -------
    float
        I(X; Y | Z) in nats, clipped at 0 as in
        :func:`mutual_information_from_counts`.

    Raises
    ------
    ValueError
        If counts are not a table of three dimensions, negative, not finite or all
        zero.

    See Also
    --------
    conditional_mutual_information : The same from labels.

    Examples
    --------
    Y is the exclusive or of X and Z: nothing alone, everything given Z.

    >>> from sklearn_mid.information import conditional_mutual_information_from_counts
    >>> xor = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
    >>> round(conditional_mutual_information_from_counts(xor), 4)
    0.6931
    """
    check_parameters(
        "conditional_mutual_information_from_counts", _ESTIMATOR, estimator=estimator
    )
    counts = _check_counts(counts, 3)
    value = (
        _entropy(counts.sum(axis=1), estimator)
        + _entropy(counts.sum(axis=0), estimator)
        - _entropy(counts.sum(axis=(0, 1)), estimator)
        - _entropy(counts, estimator)
    )
    return float(max(0.0, value))


def entropy(
    labels: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    estimator: str = "plugin",
) -> float:
    """Entropy of a discrete variable.

    Parameters
    ----------
    labels : array-like of shape (n_samples,) or (n_samples, n_columns)
        Labels of any kind: str, int, bool, category, mixed objects; a missing value
        is a label of its own. Rows of several columns are joint labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights; a weight of 2 is a row that occurs twice, 0 one that is absent.
    estimator : {"plugin", "miller-madow"}, default="plugin"
        As in :func:`entropy_from_counts`. The Miller-Madow correction takes the sum
        of the weights for the number of observations.

    Returns
    -------
    float
        Entropy in nats, not negative.

    Raises
    ------
    ValueError
        If labels are empty or weights negative, not finite, all zero or too few.

    See Also
    --------
    mutual_information : Information between two discrete variables.
    mixture_entropy : Entropy of a continuous one, a mixture of Gaussians.

    References
    ----------
    G. A. Miller, "Note on the bias of information estimates", in Information Theory
    in Psychology, 1955.

    Examples
    --------
    >>> from sklearn_mid.information import entropy
    >>> round(entropy(["a", "b", "a", "b"]), 4)
    0.6931
    """
    check_parameters("entropy", _ESTIMATOR, estimator=estimator)
    (codes,), joint_entropy = _check_labels(sample_weight, estimator, labels=labels)
    return float(joint_entropy(codes))


def mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    estimator: str = "plugin",
) -> float:
    """Mutual information of two discrete variables.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,) or (n_samples, n_columns)
        Labels, as in :func:`entropy`.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, as in :func:`entropy`.
    estimator : {"plugin", "miller-madow"}, default="plugin"
        As in :func:`entropy`, for each of the three entropies.

    Returns
    -------
    float
        I(X; Y) in nats. Clipped at 0: round-off, and the negative values that the
        Miller-Madow correction can give, become 0.

    Raises
    ------
    ValueError
        If the arrays are empty or differ in length, or weights are unusable.

    See Also
    --------
    conditional_mutual_information : Given a third variable.
    sklearn.metrics.mutual_info_score : Plug-in without weights.

    References
    ----------
    T. M. Cover and J. A. Thomas, "Elements of Information Theory", 2006.

    Examples
    --------
    >>> from sklearn_mid.information import mutual_information
    >>> round(mutual_information([0, 0, 1, 1], ["a", "a", "b", "b"]), 4)
    0.6931
    """
    check_parameters("mutual_information", _ESTIMATOR, estimator=estimator)
    (x, y), joint_entropy = _check_labels(sample_weight, estimator, x=x, y=y)
    value = joint_entropy(x) + joint_entropy(y) - joint_entropy(x, y)
    return float(max(0.0, value))


def conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    estimator: str = "plugin",
) -> float:
    """Information of two discrete variables about each other, given a third.

    Parameters
    ----------
    x, y, z : array-like of shape (n_samples,) or (n_samples, n_columns)
        Labels, as in :func:`entropy`. `z` is what is known already, often several
        columns.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights, as in :func:`entropy`.
    estimator : {"plugin", "miller-madow"}, default="plugin"
        As in :func:`entropy`, for each of the four entropies.

    Returns
    -------
    float
        I(X; Y | Z) in nats, clipped at 0 as in :func:`mutual_information`. With
        few rows per value of `z` the plug-in is biased upwards.

    Raises
    ------
    ValueError
        If the arrays are empty or differ in length, or weights are unusable.

    See Also
    --------
    mutual_information : Without a condition.

    References
    ----------
    T. M. Cover and J. A. Thomas, "Elements of Information Theory", 2006.

    Examples
    --------
    >>> from sklearn_mid.information import conditional_mutual_information
    >>> x, z = [0, 0, 1, 1], [0, 1, 0, 1]
    >>> x_xor_z = [0, 1, 1, 0]
    >>> round(conditional_mutual_information(x, x_xor_z, z), 4)
    0.6931
    """
    check_parameters("conditional_mutual_information", _ESTIMATOR, estimator=estimator)
    (x, y, z), joint_entropy = _check_labels(sample_weight, estimator, x=x, y=y, z=z)
    value = (
        joint_entropy(x, z)
        + joint_entropy(y, z)
        - joint_entropy(z)
        - joint_entropy(x, y, z)
    )
    return float(max(0.0, value))
