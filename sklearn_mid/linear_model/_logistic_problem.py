"""What MID minimises for a logistic model.

The released output is a label drawn from the model's probabilities, Yhat ~ p(. | x),
p = softmax of linear scores. Per sample and in nats,

    mean -log p(y_i | x_i)  +  lambda * I

Of the whole input I = I(X; Yhat) = H(mean p) - mean H(p); of an attribute s, with
values a of probabilities pi_a, the mean over the records of

    I(X_s; Yhat | x_-s) = sum_a pi_a KL(p_a || m),   m = sum_a pi_a p_a

where p_a are the probabilities of the record with X_s = a. Both are enumerated, not
estimated. With D_a = KL(p_a || m), the slope by the scores of p_a is

    pi_a p_a * (log(p_a / m) - D_a)

(that of m drops out), and the whole input is the case of one m for all records.

Both terms are convex in the probabilities, and it is only because scores are linear
that there can be several minima.
"""

from functools import cached_property

import numpy as np

from sklearn_mid.linear_model._least_squares import fit_least_squares
from sklearn_mid.linear_model._problems import kept_combinations
from sklearn_mid.linear_model._solver import minimize_smooth, newton_step
from sklearn_mid.utils._features import one_hot_codes

__all__ = ["LogisticProblem", "log_softmax"]

_MAX_VALUES = 32  # of a number; more are put together, each bin at its mean
_LAW_RIDGE = 1e-3  # keeps the law of a secret finite where the rest gives it away
_BLOCK = 2**20  # probabilities handled at a time


class LogisticProblem:
    """Loss and information of a logistic model as functions of coordinates `v`.

    `v` holds, for each score, the intercept (of centred columns), the coefficients
    of the whitened columns that are not sensitive, and those of the standardised
    sensitive columns, of which the part that the others explain is taken off:
    so the loss is well conditioned, and a copy of a secret takes its place at once.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    codes : ndarray of shape (n_samples,)
        Classes from 0 to n_classes - 1, all present.
    weights : ndarray of shape (n_samples,)
        Positive, with sum 1.
    attributes : list of ndarray or None
        Columns of each sensitive attribute; None for the whole input.
    prior : {"marginal", "conditional"}
    fit_intercept : bool
    max_iter, tol
        Of each run of L-BFGS.
    """

    n_runs = 4
    sketch = None
    refined = True  # the end is followed by a Newton step

    def __init__(
        self, X, codes, weights, attributes, *, prior, fit_intercept, max_iter, tol
    ):
        self.codes, self.weights = codes, weights
        self.limits = max_iter, tol
        self.fit_intercept = fit_intercept
        share = np.bincount(codes, weights)
        self.n_scores = 1 if len(share) == 2 else len(share)
        self._labels = codes[:, None] == np.arange(len(share))
        self._seen = {}

        self.columns = np.array([], dtype=np.intp)
        if attributes is not None:
            self.columns = np.concatenate(attributes)
        self.others = np.setdiff1d(np.arange(X.shape[1]), self.columns)
        y = codes.astype(float)
        self.least_squares = ls = fit_least_squares(
            X, y, weights, fit_intercept=fit_intercept
        )
        rest = ls
        if len(self.columns):
            others = X[:, self.others]
            if not len(self.others):  # a column of zeros has no directions
                others = np.zeros((len(X), 1))
            rest = fit_least_squares(others, y, weights, fit_intercept=fit_intercept)
        secret = X[:, self.columns] - ls.x_mean[self.columns]
        secret /= ls.x_scale[self.columns]
        unwhiten = rest.directions / rest.singular_values / rest.x_scale[:, None]
        self._unwhiten = unwhiten[: len(self.others)]
        self._whiten = (rest.root * rest.x_scale)[:, : len(self.others)]
        whitened = (X[:, self.others] - rest.x_mean) @ self._unwhiten
        self._explained = whitened.T @ (weights[:, None] * secret)
        parts = [whitened, secret - whitened @ self._explained]
        if fit_intercept:
            parts.insert(0, np.ones((len(X), 1)))
        self.design = np.column_stack(parts)
        self.n_free = self.design.shape[1] - len(self.columns)
        self.constant = np.zeros((self.design.shape[1], self.n_scores))
        if fit_intercept:
            log_share = np.log(share)
            self.constant[0] = (
                log_share[1] - log_share[0]
                if self.n_scores == 1
                else log_share - log_share.mean()
            )
        self.groups = None
        if attributes is not None:
            self.groups, first = [], 0
            for attribute in attributes:
                part = slice(first, first + len(attribute))
                first = part.stop
                values, inverse = _values(X[:, attribute], weights)
                values = (values - ls.x_mean[attribute]) / ls.x_scale[attribute]
                log_prior = _log_prior(prior, whitened, inverse, weights)
                self.groups.append((part, secret[:, part], values, log_prior))

    # ------------------------------------------------------------- loss, information

    def evaluate(self, v):
        """Loss, its gradient, information, its gradient; remembered."""
        key = v.tobytes()
        if key not in self._seen:
            self._seen[key] = (*self.loss(v), *self.information(v))
        return self._seen[key]

    def loss(self, v):
        """Mean negative log-likelihood, and its gradient."""
        return self._loss(v, self.design)

    def _loss(self, v, design):
        table = v.reshape(-1, self.n_scores)
        value, slope = _likelihood(design, self._labels, self.weights, table)
        return value, slope.ravel()

    def information(self, v):
        """I in nats, and its gradient."""
        table = v.reshape(-1, self.n_scores)
        scores = self.design @ table
        if self.groups is None:
            value, slope = _information(
                log_softmax(scores), np.log(self.weights)[:, None]
            )
            return value, (self.design.T @ slope[:, -self.n_scores :]).ravel()
        total, gradient = 0.0, np.zeros_like(table)
        for part, actual, values, log_prior in self.groups:
            own = table[self.n_free :][part]
            value, by_rest, by_value = self._conditional(
                scores - actual @ own, values @ own, log_prior
            )
            total += value
            gradient += self.design.T @ by_rest
            gradient[self.n_free :][part] += values.T @ by_value - actual.T @ by_rest
        return total, gradient.ravel()

    def _conditional(self, rest, shifts, log_prior):
        """Information and its slopes by the scores `rest` and by `shifts`."""
        n_rows = max(_BLOCK // (len(shifts) * self._labels.shape[1]), 1)
        value, by_rest, by_value = 0.0, np.empty_like(rest), np.zeros_like(shifts)
        for first in range(0, len(rest), n_rows):
            rows = slice(first, first + n_rows)
            log_p = log_softmax(rest[rows] + shifts[:, None])
            of_values = log_prior if log_prior.shape[1] == 1 else log_prior[:, rows]
            informations, slope = _information(log_p, of_values[..., None])
            slope = self.weights[rows, None] * slope[..., -self.n_scores :]
            value += self.weights[rows] @ informations
            by_rest[rows] = slope.sum(axis=0)
            by_value += slope.sum(axis=1)
        return value, by_rest, by_value

    # ------------------------------------------------------------------ where to look

    @cached_property
    def undefended(self):
        """The most likely model: coordinates, iterations, failure."""
        v, *how = minimize_smooth(self.loss, self.constant.ravel(), *self.limits)
        v = newton_step(lambda v: self.loss(v)[1], v)
        return self.coordinates(*self.coef(v, free=True)), *how

    @cached_property
    def withheld(self):
        """The most likely of the models that tell nothing."""
        if self.groups is None:
            return self.constant.ravel(), 1, None
        design = self.design[:, : self.n_free]
        table = np.zeros_like(self.constant)
        free, *how = minimize_smooth(
            lambda v: self._loss(v, design),
            self.constant[: self.n_free].ravel(),
            *self.limits,
        )
        table[: self.n_free] = free.reshape(-1, self.n_scores)
        return table.ravel(), *how

    def starts(self, of_loss, of_information):
        """The ends, the best of some points between, and without single attributes."""
        ends = [self.withheld[0], self.undefended[0]]

        def objective(v):
            loss, _, information, _ = self.evaluate(v)
            return of_loss * loss + of_information * information

        between = [
            (1 - t) * ends[0] + t * ends[1] for t in (0.02, 0.1, 0.25, 0.5, 0.75)
        ]
        starts = [*ends, min(between, key=objective)]
        if self.groups is not None and len(self.groups) > 1:
            for part, *_ in self.groups:
                off = ends[1].reshape(self.constant.shape).copy()
                off[self.n_free :][part] = 0.0
                starts.append(off.ravel())
        return sorted(starts, key=objective)[: self.n_runs]

    # -------------------------------------------------------------------- coordinates

    def coef(self, v, *, free=False):
        """Coefficients of shape (n_scores, n_features), and intercepts.

        Those that leave the scores and, unless `free`, the information as they are,
        of least norm.
        """
        table = v.reshape(-1, self.n_scores)
        secret = table[self.n_free :]
        whitened = table[int(self.fit_intercept) : self.n_free]
        ls = self.least_squares
        coef = np.zeros((len(ls.x_scale), self.n_scores))
        coef[self.others] = self._unwhiten @ (whitened - self._explained @ secret)
        coef[self.columns] = secret / ls.x_scale[self.columns, None]
        kept = None
        if self.groups is not None and not free:
            kept = kept_combinations(
                [
                    (self.columns[part], _centered(values), secret[part].any())
                    for part, _, values, _ in self.groups
                ],
                ls.x_scale,
            )
        coef = ls.smallest(coef, kept)
        if kept is not None:
            coef[self.columns[~secret.any(axis=1)]] = 0.0
        intercept = np.zeros(self.n_scores)
        if self.fit_intercept:
            intercept = table[0] - ls.x_mean @ coef
        return coef.T, intercept

    def coordinates(self, coef, intercept):
        """The inverse of :meth:`coef`."""
        table, ls = np.zeros_like(self.constant), self.least_squares
        if self.fit_intercept:
            table[0] = intercept + coef @ ls.x_mean
        secret = coef.T[self.columns] * ls.x_scale[self.columns, None]
        table[int(self.fit_intercept) : self.n_free] = (
            self._whiten @ coef.T[self.others] + self._explained @ secret
        )
        table[self.n_free :] = secret
        return table.ravel()


def log_softmax(scores):
    """Log probabilities of the classes; a single score is that of class 1 over 0."""
    if scores.shape[-1] == 1:
        return -np.logaddexp(0.0, np.concatenate([scores, -scores], axis=-1))
    scores = scores - scores.max(axis=-1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))


def _likelihood(design, labels, weights, table):
    """Mean negative log-likelihood, and its slope by the table of coefficients."""
    log_p = log_softmax(design @ table)
    slope = weights[:, None] * (np.exp(log_p) - labels)
    return -weights @ log_p[labels], design.T @ slope[:, -table.shape[1] :]


def _information(log_p, log_weights):
    """sum_a pi_a KL(p_a || m), over the first axis, and its slope by the scores."""
    joint = log_p + log_weights
    largest = joint.max(axis=0)
    log_mean = largest + np.log(np.exp(joint - largest).sum(axis=0))
    p, log_ratio = np.exp(log_p), log_p - log_mean
    divergence = np.sum(p * log_ratio, axis=-1, keepdims=True)
    weights = np.exp(log_weights)
    slope = weights * p * (log_ratio - divergence)
    return np.sum(weights * divergence, axis=(0, -1)), slope


def _values(X_s, weights):
    """Values of an attribute, and which of them each record has."""
    if X_s.shape[1] > 1:
        values, _, inverse = one_hot_codes(X_s, param="sensitive_features")
        return values, inverse
    values, inverse = np.unique(X_s[:, 0], return_inverse=True)
    if len(values) > _MAX_VALUES:
        probabilities = np.bincount(inverse, weights)
        middle = np.cumsum(probabilities) - probabilities / 2
        bins = np.unique((middle * _MAX_VALUES).astype(np.intp), return_inverse=True)[1]
        mass = np.bincount(bins, probabilities)
        values, inverse = (
            np.bincount(bins, probabilities * values) / mass,
            bins[inverse],
        )
    return values[:, None], inverse


def _log_prior(prior, others, inverse, weights):
    """Of each value (n_values, 1), or of each value for each record."""
    if prior == "marginal" or not others.shape[1] or not inverse.any():
        return np.log(np.bincount(inverse, weights))[:, None]
    design = np.column_stack([np.ones(len(others)), others])
    labels = inverse[:, None] == np.arange(inverse.max() + 1)

    def objective(table):
        table = table.reshape(design.shape[1], -1)
        value, slope = _likelihood(design, labels, weights, table)
        ridge = np.array([0.0] + [_LAW_RIDGE] * others.shape[1])[:, None] * table
        return value + np.sum(ridge * table) / 2, (slope + ridge).ravel()

    start = np.zeros(design.shape[1] * labels.shape[1])
    table = minimize_smooth(objective, start, max_iter=1000, tol=1e-8)[0]
    return log_softmax(design @ table.reshape(design.shape[1], -1)).T


def _centered(values):
    return values - values.mean(axis=0)
