"""Least squares in one pass over X: all that the squared error depends on.

With X and y centred, columns scaled to unit variance and weights summing to 1, the
mean squared error of coefficients beta is a quadratic,

    mse(beta) = residual + |root (beta - beta_ols)|^2,     root' root = X' W X

so after one O(n d^2) pass it costs O(d^2), whatever the number of rows.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr

__all__ = ["LeastSquares", "fit_least_squares"]

_EPS = np.finfo(float).eps
_LEAST_SCALE = 1e-200  # what varies less is constant: no float would undo it
_LARGEST = 1e153
_KEPT_EPS = 1e-9
_CHUNK_BYTES = 2**21  # rows are centred in pieces that fit a cache, never all of X


@dataclass(frozen=True)
class LeastSquares:
    """The quadratic, in standardised units, and its minimum-norm minimiser.

    Attributes
    ----------
    x_mean, x_scale : ndarray of shape (n_features,)
        Of the columns of X. The scale of a constant column is 1.
    y_mean, y_scale : float
    directions : ndarray of shape (n_features, rank)
        Orthonormal basis of the standardised rows.
    singular_values : ndarray of shape (rank,)
        ``root`` is ``diag(singular_values) @ directions.T``.
    theta : ndarray of shape (rank,)
        The solution in whitened coordinates, ``root @ beta_ols``.
    row_basis, null_basis : ndarray of shape (n_features, k) or None
        Orthonormal basis, in units of X, of the coefficients that act on X or of
        those that do not, whichever is smaller; both None at full rank.
    coef : ndarray of shape (n_features,)
        Minimum-norm solution, in units of X and y.
    residual : float
        Mean squared error of the solution, in units of y_scale squared.
    """

    x_mean: np.ndarray
    x_scale: np.ndarray
    y_mean: float
    y_scale: float
    directions: np.ndarray
    singular_values: np.ndarray
    theta: np.ndarray
    row_basis: np.ndarray | None
    null_basis: np.ndarray | None
    coef: np.ndarray
    residual: float

    @property
    def root(self):
        return self.singular_values[:, None] * self.directions.T

    def standardized(self, coef):
        """Coefficients in standardised units."""
        return coef * self.x_scale / self.y_scale

    def from_standardized(self, beta):
        """Coefficients in units of X and y."""
        return beta / self.x_scale * self.y_scale

    def smallest(self, coef, kept=None):
        """The coefficients of least norm that predict as `coef` does.

        Parameters
        ----------
        coef : ndarray of shape (n_features,)
        kept : ndarray of shape (n_combinations, n_features), default=None
            Combinations of the coefficients that are left as they are, too, with
            entries of about 1.
        """
        smallest = _smallest(coef, self.row_basis, self.null_basis, kept)
        if smallest is coef:
            return coef
        # Units too far apart for floats would let the predictions drift.
        before, after = (self.root @ (c.T * self.x_scale).T for c in (coef, smallest))
        drift = np.linalg.norm(after - before)
        return smallest if drift <= 1e-6 * np.linalg.norm(before) else coef

    def intercept(self, coef):
        return float(self.y_mean - self.x_mean @ coef)


def fit_least_squares(X, y, weights, *, fit_intercept):
    """Summarise the squared error of a linear model, and minimise it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    weights : ndarray of shape (n_samples,)
        Positive, with sum 1.
    fit_intercept : bool

    Returns
    -------
    LeastSquares
    """
    n_samples, n_features = X.shape
    x_mean, y_mean = np.zeros(n_features), 0.0
    if fit_intercept:
        x_mean, y_mean = weights @ X, float(weights @ y)
    y_scale = float(np.abs(y - y_mean).max())
    if y_scale < _LEAST_SCALE or (fit_intercept and np.ptp(y) == 0):
        y_scale = 1.0
    if not np.isfinite(x_mean).all() or not np.isfinite(y_scale):
        raise ValueError("X or y holds values too large to average; rescale them.")
    pieces = _Pieces(X, (y - y_mean) / y_scale, np.sqrt(weights), x_mean)

    with np.errstate(over="ignore", invalid="ignore"):
        gram = pieces.gram() if n_features <= n_samples else None
        variance = pieces.variance() if gram is None else np.diag(gram)[:-1]
    x_scale = np.sqrt(variance)
    extreme = ~np.isfinite(variance) | (variance < 1e-280)
    if extreme.any():  # squares over- or underflow: measure by the largest value
        x_scale = np.where(extreme, pieces.largest(), x_scale)
    constant = x_scale <= n_samples * _EPS * np.abs(x_mean)  # at most round-off
    constant[constant] = np.ptp(X[:, constant], axis=0) == 0
    constant |= x_scale < _LEAST_SCALE
    x_scale = np.where(constant, 1.0, x_scale)

    factors = None
    if n_features <= n_samples and not (extreme & ~constant).any():
        factors = _from_gram(gram, x_scale, constant, pieces)
    if factors is None:
        pieces.scale, pieces.constant = x_scale, constant
        factors = _from_qr(pieces)
    directions, singular_values, theta = factors
    row_basis, null_basis = _bases(directions, x_scale)
    with np.errstate(over="ignore"):
        coef = directions @ (theta / singular_values) / x_scale * y_scale
    if not np.isfinite(coef).all():
        raise ValueError(
            "The coefficients are too large for floats; bring X and y to like scales."
        )
    if y_scale > _LARGEST:
        raise ValueError(
            f"y varies by {y_scale:g}, whose square is no float; bring it to another "
            "scale."
        )
    least_squares = LeastSquares(
        x_mean=x_mean,
        x_scale=x_scale,
        y_mean=y_mean,
        y_scale=y_scale,
        directions=directions,
        singular_values=singular_values,
        theta=theta,
        row_basis=row_basis,
        null_basis=null_basis,
        coef=coef,
        residual=np.nan,
    )
    coef = least_squares.smallest(coef)
    residuals = (y - y_mean) - (X @ coef - x_mean @ coef)
    residual = float(weights @ (residuals / y_scale) ** 2)
    return replace(least_squares, coef=coef, residual=residual)


class _Pieces:
    """Weighted, centred and scaled rows of [X, y], a piece at a time."""

    def __init__(self, X, y, root_weights, x_mean):
        self.X, self.y, self.root_weights, self.x_mean = X, y, root_weights, x_mean
        self.scale, self.constant = None, None

    def __iter__(self):
        n_samples, n_features = self.X.shape
        n_rows = max(_CHUNK_BYTES // (8 * (n_features + 1)), 16)
        buffer = np.empty((min(n_rows, n_samples), n_features + 1))
        for first in range(0, n_samples, n_rows):
            rows = slice(first, first + n_rows)
            piece = buffer[: len(self.y[rows])]
            np.subtract(self.X[rows], self.x_mean, out=piece[:, :-1])
            piece[:, -1] = self.y[rows]
            if self.scale is not None:
                piece[:, :-1] /= self.scale
                piece[:, :-1][:, self.constant] = 0.0
            piece *= self.root_weights[rows, None]
            yield piece

    def gram(self):
        return sum(piece.T @ piece for piece in self)

    def variance(self):
        return sum(np.sum(piece[:, :-1] ** 2, axis=0) for piece in self)

    def largest(self):
        return np.max([np.abs(piece[:, :-1]).max(axis=0) for piece in self], axis=0)


def _from_gram(gram, x_scale, constant, pieces):
    """Factors by the eigenvectors of X'WX, or None where squaring lost too much."""
    scale = np.append(np.where(constant, np.inf, x_scale), 1.0)
    gram = gram / scale / scale[:, None]
    values, vectors = np.linalg.eigh(gram[:-1, :-1])
    largest = values[-1]
    kept = values > 1e-7 * largest  # 1e-9 of accuracy is left above this
    null = vectors[:, ~kept] / scale[:-1, None]
    if null.any():
        # Is this direction empty, or did the squares hide what is in it?
        inside = sum(np.sum((piece[:, :-1] @ null) ** 2, axis=0) for piece in pieces)
        if (inside > (max(pieces.X.shape) * _EPS) ** 2 * largest).any():
            return None
    singular_values = np.sqrt(values[kept])
    theta = vectors[:, kept].T @ gram[:-1, -1] / singular_values
    return vectors[:, kept], singular_values, theta


def _from_qr(pieces):
    """Factors by QR and SVD: as accurate as least squares gets, a few times slower."""
    triangle = np.empty((0, pieces.X.shape[1] + 1))
    for piece in pieces:
        triangle = qr(np.vstack([triangle, piece]), mode="r")[0]
        triangle = triangle[: triangle.shape[1]]
    left, singular_values, right = np.linalg.svd(triangle[:, :-1], full_matrices=False)
    kept = singular_values > (
        max(pieces.X.shape) * _EPS * singular_values.max(initial=0.0)
    )
    rank = int(kept.sum())
    theta = left[:, :rank].T @ triangle[:, -1]
    return right[:rank].T, singular_values[:rank], theta


def _bases(directions, x_scale):
    """Row and null basis of a :class:`LeastSquares`."""
    n_features, rank = directions.shape
    if rank == n_features:
        return None, None
    if rank <= n_features // 2:
        rows = (x_scale / x_scale.max())[:, None] * directions
        return qr(rows, mode="economic")[0], None
    null = qr(directions)[0][:, rank:]
    null[np.abs(null) < n_features * _EPS] = 0.0  # else a tiny scale makes it all
    null /= x_scale[:, None]
    return None, qr(null / np.abs(null).max(axis=0), mode="economic")[0]


def _smallest(coef, row_basis, null_basis, kept=None):
    if row_basis is not None:
        smallest = row_basis @ (row_basis.T @ coef)
        if kept is not None:
            beyond = _basis(kept.T - row_basis @ (row_basis.T @ kept.T))
            smallest += beyond @ (beyond.T @ coef)
        return smallest
    if null_basis is not None:
        idle = null_basis.T @ coef
        if kept is not None:
            fixed = _basis((kept @ null_basis).T)
            idle -= fixed @ (fixed.T @ idle)
        return coef - null_basis @ idle
    return coef


def _basis(vectors):
    """Orthonormal basis of the columns; what is as small as round-off is 0."""
    left, lengths, _ = np.linalg.svd(vectors, full_matrices=False)
    return left[:, lengths > _KEPT_EPS]
