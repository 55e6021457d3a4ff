"""What is known of an answer's law at each candidate value of a secret.

A channel holds, for each person, the law p(t | v) of the answer t for every candidate
value v, and says three things of it:

- ``best_mass(weight)``: sum_t max_v weight_v p(t | v), the success of the best guess of
  v from t if the weights are prior probabilities;
- ``information(prior)``: I(V; T) in nats;
- ``is_constant()``: whether no answer tells anything, whatever the prior.
"""

import numpy as np
from scipy.special import entr, ndtr, roots_hermite, xlogy

__all__ = ["DeterministicChannel", "FiniteChannel", "GaussianChannel"]

_CHUNK = 2**22  # floats held at a time
_N_NODES = 40


class DeterministicChannel:
    """Each value gives one answer: p(t | v) = 1 if v is in the group t.

    Parameters
    ----------
    groups : ndarray of int of shape (n_people, n_values)
        Values of one group have one answer; groups are numbered below `n_values`.
    """

    def __init__(self, groups):
        self.groups = groups
        n, n_values = groups.shape
        self._cells = (np.arange(n)[:, None] * n_values + groups).ravel()

    @classmethod
    def from_answers(cls, answers, *, relative):
        """Group equal answers of shape (n_values, n_people, n_coordinates).

        Answers closer than `relative`, of the larger, are equal: two computations of
        one number may differ by rounding.
        """
        n_values, n, _ = answers.shape
        groups = np.tile(np.arange(n_values), (n, 1))
        for v in range(1, n_values):
            free = np.ones(n, dtype=bool)
            for u in range(v):
                a, b = answers[u], answers[v]
                size = np.maximum(np.abs(a), np.abs(b))
                same = (np.abs(a - b) <= relative * size).all(axis=1) & free
                groups[same, v] = groups[same, u]
                free &= ~same
        return cls(groups)

    def best_mass(self, weight):
        best = np.zeros(self.groups.size)
        np.maximum.at(
            best, self._cells, np.broadcast_to(weight, self.groups.shape).flat
        )
        return best.reshape(self.groups.shape).sum(axis=1)

    def information(self, prior):
        prior = np.broadcast_to(prior, self.groups.shape)
        mass = np.bincount(self._cells, prior.ravel(), minlength=self.groups.size)
        return entr(mass.reshape(self.groups.shape)).sum(axis=1) + 0.0

    def is_constant(self):
        return (self.groups == self.groups[:, :1]).all(axis=1)


class FiniteChannel:
    """Finitely many answers of known probabilities.

    Parameters
    ----------
    proba : ndarray of shape (n_values, n_people, n_answers)
    """

    def __init__(self, proba):
        self.proba = proba

    def best_mass(self, weight):
        best = np.zeros(self.proba.shape[1:])
        for v, proba in enumerate(self.proba):
            np.maximum(best, weight[..., v, None] * proba, out=best)
        return best.sum(axis=1)

    def information(self, prior):
        weight = np.moveaxis(np.atleast_2d(prior), 1, 0)[:, :, None]
        mixture = (weight * self.proba).sum(axis=0)
        noise = (weight[..., 0] * entr(self.proba).sum(axis=2)).sum(axis=0)
        return np.maximum(entr(mixture).sum(axis=1) - noise, 0.0)

    def is_constant(self):
        return (np.ptp(self.proba, axis=0) <= 1e-12).all(axis=1)


class GaussianChannel:
    r"""Answers t = c_v + e with e ~ N(0, sigma^2).

    Under weights w the value v is the best guess where

        ln w_v + t c_v / sigma^2 - c_v^2 / (2 sigma^2)

    is largest. These are lines in t, and v is above all others between the largest
    crossing with lines that are less steep and the smallest with steeper ones. So the
    best mass is a sum of normal probabilities, without quadrature.

    Parameters
    ----------
    centers : ndarray of shape (n_people, n_values)
    sigma : float
        Greater than 0.
    """

    def __init__(self, centers, sigma):
        self._centers = centers / sigma
        # Whose centres differ by rounding do not differ.
        self._spread = np.ptp(self._centers, axis=1)

    def best_mass(self, weight):
        with np.errstate(divide="ignore"):
            log_weight = np.broadcast_to(np.log(weight), self._centers.shape)
        return self._by_chunks(self._best_mass, log_weight)

    @staticmethod
    def _best_mass(c, log_weight):
        slope = c[:, :, None] - c[:, None, :]  # of v against w
        with np.errstate(invalid="ignore", divide="ignore"):
            gain = log_weight[:, :, None] - log_weight[:, None, :]
            crossing = (c[:, :, None] + c[:, None, :]) / 2 - gain / slope
        # NaN is between two values that nobody has.
        low = np.where((slope > 0) & ~np.isnan(crossing), crossing, -np.inf)
        high = np.where((slope < 0) & ~np.isnan(crossing), crossing, np.inf)
        # Of equal lines the first is taken, of parallel ones the upper.
        index = np.arange(c.shape[1])
        before = index[None, :] < index[:, None]
        beaten = (slope == 0) & ((gain < 0) | ((gain == 0) & before))
        dead = beaten.any(axis=2) | np.isneginf(log_weight)
        low, high = low.max(axis=2), high.min(axis=2)
        mass = np.exp(log_weight) * (ndtr(high - c) - ndtr(low - c))
        return np.where(dead, 0.0, np.maximum(mass, 0.0)).sum(axis=1)

    def information(self, prior):
        return self._by_chunks(
            self._information, np.broadcast_to(prior, self._centers.shape)
        )

    @staticmethod
    def _information(c, prior):
        # sum_v prior_v E[ln p(t | v) / p(t)], each mean by Gauss-Hermite quadrature.
        nodes, weights = roots_hermite(_N_NODES)
        total = np.zeros(len(c))
        for node, weight in zip(
            np.sqrt(2) * nodes, weights / np.sqrt(np.pi), strict=True
        ):
            distance = c[:, :, None] + node - c[:, None, :]
            ratio = np.exp((node**2 - distance**2) / 2)
            total -= weight * xlogy(prior, (prior[:, None, :] * ratio).sum(axis=2)).sum(
                axis=1
            )
        return np.maximum(total, 0.0)

    def is_constant(self):
        return self._spread <= 1e-9

    def _by_chunks(self, function, weight):
        n, n_values = self._centers.shape
        size = max(1, _CHUNK // n_values**2)
        return np.concatenate(
            [
                function(self._centers[i : i + size], weight[i : i + size])
                for i in range(0, n, size)
            ]
        )
