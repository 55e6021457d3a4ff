"""Sample weights as counts, for estimates in which a weight is a repetition."""

import numpy as np

from sklearn_mid.utils._validation import as_numbers

__all__ = ["check_weights", "normalized"]


def check_weights(sample_weight, n_samples):
    """Weights as floats, all one where none are given.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        Finite, not negative, not all zero.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    if sample_weight is None:
        return np.ones(n_samples)
    weights = as_numbers(sample_weight, "sample_weight")
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}; expected one weight for each "
            f"of {n_samples} samples, shape ({n_samples},)."
        )
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError("sample_weight must be finite and not negative.")
    if not weights.any():
        raise ValueError("sample_weight is zero everywhere; no sample is left.")
    return weights


def normalized(weights):
    """Weights divided by their sum, which may be beyond floats; tiny ones become 0."""
    weights = weights / weights.max()
    return weights / weights.sum()
