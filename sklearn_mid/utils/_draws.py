"""Averages over the draws of a stochastic classifier."""

import numpy as np
from scipy.special import softmax

__all__ = ["geometric_mean"]


def geometric_mean(draws: np.ndarray) -> np.ndarray:
    """Class probabilities whose logits are the mean of those of the draws.

    That is their normalised geometric mean. The noise of a net's bottleneck enters the
    logits linearly: their mean over draws is what the draws tell about the code's mean.
    The arithmetic mean is ruled by the largest draw of each class, and tells less.

    Parameters
    ----------
    draws : ndarray of shape (n_draws, n_samples, n_classes)
        Class probabilities. A row with a draw of exactly 0 has no mean logit (its
        draws are labels, or rounded), and gets the arithmetic mean.

    Returns
    -------
    proba : ndarray of shape (n_samples, n_classes)
    """
    if len(draws) == 1:
        return draws[0]
    with np.errstate(divide="ignore"):
        logits = np.log(draws).mean(axis=0)
    finite = np.isfinite(logits).all(axis=-1, keepdims=True)
    proba = softmax(np.where(finite, logits, 0), axis=-1)
    return np.where(finite, proba, draws.mean(axis=0))
