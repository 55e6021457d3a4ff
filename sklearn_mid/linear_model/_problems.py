"""What MID minimises, in coordinates where the squared error is simple.

Per sample and in nats, with sigma the noise of the channel Yhat = f(X) + e,

    1/(2 sigma^2) * mse(beta)  +  lambda * I(beta)

The coordinates v are multiples of sigma in which the first term becomes
``residual / (2 sigma^2) + |root (v - v_ols)|^2 / 2``; see
:class:`~sklearn_mid.linear_model._least_squares.LeastSquares`.
"""

from abc import ABC, abstractmethod
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.optimize import minimize_scalar

from sklearn_mid.information._mixture import channel_information_and_gradient
from sklearn_mid.utils._features import one_hot_codes

__all__ = ["SensitiveInput", "WholeInput", "kept_combinations"]

_SKETCH_ROWS = 2**12
_STRONG_COLUMNS = 4  # at most; their subsets are tried
_MAX_CENTERS = 2**16  # more distinct values than this are binned


class _Problem(ABC):
    """Loss and information of a linear model as functions of coordinates `v`.

    Parameters
    ----------
    least_squares : LeastSquares
    sigma : float
        Noise of the channel, in units of ``least_squares.y_scale``.
    method, taylor_order
        Of the entropy; see :func:`sklearn_mid.information.mixture_entropy`.
    """

    refined = False
    v_ols: np.ndarray

    def __init__(self, least_squares, sigma, method, taylor_order):
        self.least_squares = least_squares
        self.sigma = sigma
        self.method = method
        self.taylor_order = taylor_order
        self.floor = least_squares.residual / sigma / sigma / 2  # no overflow
        self._seen = {}

    @abstractmethod
    def root(self, v):
        """Coordinates in which the loss is half a squared distance."""

    @abstractmethod
    def root_transposed(self, image):
        """The transpose of :meth:`root`."""

    @abstractmethod
    def information(self, v):
        """I in nats, and its gradient."""

    @property
    def noise_variance(self):
        """Of the channel, in squared units of y."""
        return float((self.sigma * self.least_squares.y_scale) ** 2)

    def loss(self, v):
        """Mean squared error over 2 sigma^2, and its gradient."""
        image = self.root(v - self.v_ols)
        return self.floor + image @ image / 2, self.root_transposed(image)

    def evaluate(self, v):
        """Loss, its gradient, information, its gradient; remembered.

        None depends on lambda: what one strength has tried is free for the next.
        """
        key = v.tobytes()
        if key not in self._seen:
            self._seen[key] = (*self.loss(v), *self.information(v))
        return self._seen[key]

    @property
    def undefended(self):
        """Least squares, as :func:`minimize_smooth` would report it."""
        return self.v_ols, 1, None

    @property
    def withheld(self):
        """The solution that tells nothing."""
        return np.zeros_like(self.v_ols), 1, None

    def _channel(self, centers, weights):
        return channel_information_and_gradient(
            centers, 1.0, weights, self.method, self.taylor_order
        )


class WholeInput(_Problem):
    """I(X; Yhat): v are the whitened coefficients over sigma, so root is identity.

    Evaluating the information is two products with X, O(n d); X is never copied.

    A column whose values are far apart, in units of sigma, costs no more information
    when they move farther, so each set of strong columns may have a minimum of its
    own: these set free and the rest shrunk. The search therefore looks along the
    lines from 0 to the least-squares solution with only some of the strong columns,
    or without them, and on from there to the one with all.
    """

    n_runs = 6

    def __init__(self, X, weights, least_squares, sigma, method, taylor_order):
        super().__init__(least_squares, sigma, method, taylor_order)
        self.X, self.weights = X, weights
        self.v_ols = least_squares.theta / sigma
        ls = least_squares
        # coefficients of the linear predictor X @ coef, in units of sigma
        self._unwhiten = ls.directions / ls.singular_values / ls.x_scale[:, None]

    @cached_property
    def sketch(self):
        """The problem on few rows, evenly spread over the predictions; else None.

        The squared error is that of all rows: only the information is estimated.
        """
        if len(self.X) <= _SKETCH_ROWS:
            return None
        order = np.argsort(self._centers(self.v_ols), kind="stable")
        rows = order[np.linspace(0, len(order) - 1, _SKETCH_ROWS).astype(np.intp)]
        weights = self.weights[rows] / self.weights[rows].sum()
        return WholeInput(
            self.X[rows],
            weights,
            self.least_squares,
            self.sigma,
            self.method,
            self.taylor_order,
        )

    def starts(self, of_loss, of_information):
        """The best point of each line, the most promising lines first."""
        points, losses, informations = self._lines
        values = of_loss * losses + of_information * informations
        best = values.argmin(axis=1)
        lines = np.argsort(values.min(axis=1), kind="stable")[: self.n_runs]
        return [points[line][best[line]] for line in lines]

    @cached_property
    def _lines(self):
        """Points on the lines, (n_lines, n_points, rank), loss and information."""
        toward = np.append(0.0, np.geomspace(1e-3, 1, 13))[:, None]
        onward = np.linspace(0, 1, 5)[1:-1, None]
        points = np.array(
            [
                np.vstack([toward * end, end + onward * (self.v_ols - end)])
                for end in self._simpler()
            ]
        )
        losses = [[self.loss(v)[0] for v in line] for line in points]
        informations = [
            [self._channel(centers, self.weights)[0] for centers in self._centers(line)]
            for line in points
        ]
        return points, np.array(losses), np.array(informations)

    def _simpler(self):
        """Least squares, and with some of the strong columns alone or left out."""
        columns, coefficients = self.root_columns, self._unwhiten
        length = np.sqrt(np.sum(columns**2, axis=0))
        alone = np.divide(
            self.v_ols @ columns, length, out=np.zeros_like(length), where=length > 0
        )
        strong = np.argsort(-np.abs(alone), kind="stable")[:_STRONG_COLUMNS]
        strong = strong[np.abs(alone[strong]) > 1]
        ends = [self.v_ols]
        for size in range(1, len(strong) + 1):
            for some in map(list, combinations(strong, size)):
                part = columns[:, some]
                ends.append(part @ np.linalg.lstsq(part, self.v_ols, rcond=None)[0])
                if len(strong) < columns.shape[1]:
                    part = coefficients[some] * self.least_squares.x_scale[some, None]
                    off = np.linalg.lstsq(part, part @ self.v_ols, rcond=None)[0]
                    ends.append(self.v_ols - off)
        return ends

    def root(self, v):
        return v

    def root_transposed(self, image):
        return image

    @property
    def root_columns(self):
        """What a unit of each column's coefficient adds to v."""
        return self.least_squares.root

    def _centers(self, v):
        """Of one v, or of each row of v."""
        coef = v @ self._unwhiten.T
        centers = coef @ self.X.T
        centers -= (coef @ self.least_squares.x_mean)[..., None]
        return centers

    def information(self, v):
        value, slope = self._channel(self._centers(v), self.weights)
        by_coef = slope @ self.X - slope.sum() * self.least_squares.x_mean
        return value, self._unwhiten.T @ by_coef

    def coef(self, v):
        ls = self.least_squares
        if np.array_equal(v, self.v_ols):
            return ls.coef
        return ls.smallest(self._unwhiten @ v * self.sigma * ls.y_scale)

    def coordinates(self, coef):
        ls = self.least_squares
        return ls.root @ ls.standardized(coef) / self.sigma


class SensitiveInput(_Problem):
    """Sum over attributes s of I(X_s; Yhat | X_-s): v are their coefficients.

    X_s is drawn from its marginal p, whatever the other columns are, which is how
    Fredrikson's attacker sees it too. Given the others, Yhat is then a mixture with
    centres u_a = a . coef_s, one for each value a of X_s, and weights p(a). The
    centres do not depend on the others, and I is concave in p: so this is at least
    the information under the true p(a | others), averaged over the others.

    The other coefficients follow the sensitive ones by least squares, so they are
    eliminated: with root = [R_o, R_s] the columns of the others and of X_s, the error
    left is |(R_s - R_o R_o^+ R_s)(v - v_ols)|^2.
    """

    n_runs = 8
    sketch = None  # an iteration does not depend on the number of rows

    def __init__(
        self, X, weights, attributes, least_squares, sigma, method, taylor_order
    ):
        super().__init__(least_squares, sigma, method, taylor_order)
        ls = least_squares
        self.columns = np.concatenate(attributes)
        others = np.setdiff1d(np.arange(X.shape[1]), self.columns)
        root_s, root_o = ls.root[:, self.columns], ls.root[:, others]
        self.others = others
        self._follow = -np.linalg.lstsq(root_o, root_s, rcond=None)[0]
        self._root = root_s + root_o @ self._follow
        self.v_ols = ls.standardized(ls.coef)[self.columns] / sigma
        self.groups, first = [], 0
        for attribute in attributes:
            part = slice(first, first + len(attribute))
            first = part.stop
            values, weight = _values(X[:, attribute], weights)
            self.groups.append((part, values / ls.x_scale[attribute], weight))

    def root(self, v):
        return self._root @ v

    def root_transposed(self, image):
        return self._root.T @ image

    def information(self, v):
        total, slope = 0.0, np.empty_like(v)
        for part, values, weights in self.groups:
            value, by_center = self._channel(values @ v[part], weights)
            total += value
            slope[part] = values.T @ by_center
        return total, slope

    def starts(self, of_loss, of_information):
        """Least squares, scaled by some c, nothing, one attribute or all others off."""
        starts = [self.v_ols, np.zeros_like(self.v_ols)]
        if len(self.groups) > 1:
            for part, _, _ in self.groups:
                off, alone = self.v_ols.copy(), np.zeros_like(self.v_ols)
                off[part] = 0
                alone[part] = self.v_ols[part]
                starts += [off, alone]

        def objective(v):
            loss, _, information, _ = self.evaluate(v)
            return of_loss * loss + of_information * information

        starts.sort(key=objective)
        return [*starts[: self.n_runs - 1], self._best_scaling(of_loss, of_information)]

    @cached_property
    def _ray(self):
        """Some c in [0, 1], and the information at c * v_ols."""
        c = np.append(0.0, np.geomspace(1e-6, 1, 31))
        return c, np.array([self.information(point * self.v_ols)[0] for point in c])

    def _best_scaling(self, of_loss, of_information):
        """The c * v_ols, c in [0, 1], that minimises the objective."""
        step = self.root(self.v_ols)
        curvature = step @ step

        def objective(c, information):
            return of_loss * curvature * (1 - c) ** 2 / 2 + of_information * information

        c, informations = self._ray
        values = objective(c, informations)
        best = int(np.argmin(values))
        low, high = c[max(best - 1, 0)], c[min(best + 1, len(c) - 1)]
        refined = minimize_scalar(
            lambda c: objective(c, self.information(c * self.v_ols)[0]),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-5 * high},
        )
        return (refined.x if refined.fun < values[best] else c[best]) * self.v_ols

    def coef(self, v):
        ls = self.least_squares
        change = np.zeros(len(ls.coef))
        moved = (v - self.v_ols) * self.sigma
        change[self.columns] = moved
        change[self.others] = self._follow @ moved
        coef = ls.coef + ls.from_standardized(change)
        codes = [
            (self.columns[part], values, v[part].any())
            for part, values, _ in self.groups
        ]
        coef = ls.smallest(coef, kept_combinations(codes, ls.x_scale))
        coef[self.columns[v == 0]] = 0.0
        return coef

    def coordinates(self, coef):
        return self.least_squares.standardized(coef)[self.columns] / self.sigma


def kept_combinations(attributes, x_scale):
    """Combinations of coefficients that the information depends on.

    Of a one-hot group the differences between its values; all of it where it is
    switched off, so that no other column turns it on again.

    Parameters
    ----------
    attributes : list of tuple
        Of each: its columns, its values in standardised units, centred, of shape
        (n_values, n_columns), and whether the model uses it.
    x_scale : ndarray of shape (n_features,)

    Returns
    -------
    ndarray of shape (n_combinations, n_features)
    """
    kept = []
    for columns, values, used in attributes:
        codes = np.eye(len(columns))
        if len(columns) > 1 and used:
            codes = values * x_scale[columns]
            codes = codes / np.abs(codes).max()
        kept.append(np.zeros((len(codes), len(x_scale))))
        kept[-1][:, columns] = codes
    return np.vstack(kept)


def _values(X_s, weights):
    """Distinct values of an attribute, centred, and their probabilities."""
    if X_s.shape[1] > 1:
        values, _, inverse = one_hot_codes(X_s, param="sensitive_features")
    else:
        values, inverse = np.unique(X_s[:, 0], return_inverse=True)
        values = values[:, None]
    probabilities = np.bincount(inverse, weights, len(values))
    if len(values) > _MAX_CENTERS:
        values, probabilities = _binned(values[:, 0], probabilities, _MAX_CENTERS)
        values = values[:, None]
    return values - probabilities @ values, probabilities


def _binned(centers, weights, n_nodes):
    """At most n_nodes centres instead, by linear binning, which keeps the mean.

    It adds at most (range / 2 n_nodes)^2 to the variance of a component.
    """
    if len(centers) <= n_nodes:
        return centers, weights
    low = centers.min()
    step = (centers.max() - low) / (n_nodes - 1) or 1.0
    position = (centers - low) / step
    node = np.minimum(position.astype(np.intp), n_nodes - 2)
    right = weights * (position - node)
    mass = np.bincount(node, weights - right, n_nodes)
    mass[1:] += np.bincount(node, right, n_nodes)[:-1]
    # a node that is empty up to round-off is no centre
    present = mass > 1e-15
    nodes = low + step * np.flatnonzero(present)
    return nodes, mass[present] / mass[present].sum()
