"""Averages over the draws of a stochastic classifier."""

import numpy as np
from scipy.special import softmax

__all__ = ["geometric_mean"]


def geometric_mean(draws):
    """Normalised geometric mean of class probabilities over the first axis.

    The noise of a net's bottleneck enters the logits linearly: their mean over draws,
    of which this is the softmax, is what the draws tell about the code's mean. The
    arithmetic mean is ruled by the largest draw of each class, and tells less.
    """
    smallest = np.finfo(draws.dtype).tiny
    return softmax(np.log(np.maximum(draws, smallest)).mean(axis=0), axis=-1)
