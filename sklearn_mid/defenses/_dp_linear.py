"""Linear regression with differential privacy."""

from numbers import Real
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.defenses._dp_base import DPEstimator, center_and_half_width, clip
from sklearn_mid.defenses._dp_gaussian import gaussian_mu
from sklearn_mid.utils._secret_noise import NoiseSource, add_on_grid, noise_sources
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_mid.utils._validation import as_response

__all__ = ["DPLinearRegression"]

Floats = NDArray[np.float64]

# Sums and noise are rounded to this share of the sensitivity.
_GRID = 2.0**-30
# AdaSSP: how often its bounds on the noise may fail, and the normal quantile of that.
_FAILURE, _QUANTILE = 0.05, 1.6448536269514722


class DPLinearRegression(RegressorMixin, DPEstimator):
    r"""Linear regression with differential privacy, by noise on sums of products.

    Releasing the model is :math:`(\varepsilon, \delta)`-differentially private: when
    one record is *replaced* by any other, no outcome becomes more than
    :math:`e^\varepsilon` times as likely, but for a part of probability
    :math:`\delta`. The number of records is public. This holds against anyone who does
    not know `random_state`.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity adds no noise.
    delta : float, default=1e-6
        Privacy parameter, in [0, 1), far below 1 / n_samples. With 0 the noise has
        longer tails, and the promise no exceptions.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    target_bounds : tuple of (lower, upper), default=None
        Bounds of the target. Must be given.
    max_norm : float, default=None
        Largest Euclidean norm of a record, in units where all columns lie in [-1, 1]
        and one of them is the column of ones; from public knowledge. A longer record
        gets a weight that shortens it to this norm. The noise grows with the square.
        None is what the bounds allow, :math:`\sqrt{d + 1}`; a record with g one-hot
        groups and little else has about :math:`\sqrt{g + 1}`.
    solver : {"joint", "adassp"}, default="joint"
        "joint" releases all sums at once and solves in the directions that stand out
        of the noise. "adassp" [2]_ pays a third of the budget for the smallest
        eigenvalue, by which it chooses a ridge penalty; it needs ``delta > 0``.
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows a seed can take the noise off.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients.
    intercept_ : float
        Intercept.
    noise_std_ : float
        Standard deviation of the noise on the sum of products of two different columns,
        in units where all columns lie in [-1, 1].
    epsilon_ : float
        What this fit spent. Another fit on the same data spends as much again.
    delta_ : float
        The delta that goes with it; 0 without noise.
    neighbors : str
        "replace-one".
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    sklearn_mid.linear_model.MIDLinearRegression : Withholds information instead.
    OmitFeature : Fits without the secret.

    Notes
    -----
    Features are scaled by their bounds to [-1, 1], or [0, 1] where the lower bound is
    0, so that most of a one-hot group stays 0; the target to [-1, 1]; a column of ones
    stands for the intercept. The sums :math:`\sum_i z_i z_i^T` and
    :math:`\sum_i z_i y_i` get Gaussian noise, or for ``delta=0`` a vector of noise
    with density :math:`\propto \exp(-\varepsilon |v| / \Delta)`. One record changes
    *all* of them by :math:`\Delta = 3 R^2 / \sqrt 2` at most, R the largest norm; the
    functional mechanism [1]_ splits epsilon over them, which costs about ten times the
    epsilon.

    Noise leaves the normal equations indefinite as soon as a direction varies less
    than the noise, as the redundant column of a one-hot group always does. Following
    [1]_, "joint" trims such directions: those with an eigenvalue below
    :math:`2 s \sqrt{d}`, the spectral norm of noise with standard deviation s. This
    only processes what is released, and costs no privacy. The error remains
    heavy-tailed at small n times epsilon: report medians.

    At ``epsilon=inf`` predictions are those of
    :class:`~sklearn.linear_model.LinearRegression` on the clipped data.

    References
    ----------
    .. [1] Zhang, J., Zhang, Z., Xiao, X., Yang, Y., & Winslett, M. (2012). Functional
       mechanism: Regression analysis under differential privacy. PVLDB, 5(11).
       arXiv:1208.0219.
    .. [2] Wang, Y.-X. (2018). Revisiting differentially private linear regression:
       optimal and adaptive prediction & estimation in unbounded domain. UAI.
       arXiv:1803.02596.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.defenses import DPLinearRegression
    >>> X = np.linspace(0, 100, 10_000)[:, None]
    >>> model = DPLinearRegression(bounds=(0, 100), target_bounds=(0, 300))
    >>> model.fit(X, 3 * X.ravel()).predict([[50.0]]).round(-1)
    array([150.])
    """

    _parameter_constraints: dict = {
        **DPEstimator._parameter_constraints,
        "delta": [Interval(Real, 0, 1, closed="left")],
        "target_bounds": ["array-like", None],
        "max_norm": [Interval(Real, 0, None, closed="neither"), None],
        "solver": [StrOptions({"joint", "adassp"})],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        delta: float = 1e-6,
        bounds: tuple | None = None,
        target_bounds: tuple | None = None,
        max_norm: float | None = None,
        solver: Literal["joint", "adassp"] = "joint",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.bounds = bounds
        self.target_bounds = target_bounds
        self.max_norm = max_norm
        self.solver = solver
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the model, and spend `epsilon`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training records.
        y : array-like of shape (n_samples,)
            Target.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If bounds are missing or do not fit, or `delta` is 0 for "adassp".

        Warns
        -----
        SecretSeedWarning
            If `random_state` is not None: the noise can then be drawn again.
        """
        records, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        response = as_response(y)
        if self.solver == "adassp" and self.delta == 0 and np.isfinite(self.epsilon):
            raise ValueError(
                "solver='adassp' adds Gaussian noise and needs delta > 0; got delta=0."
            )
        (noise,) = noise_sources(self.random_state, 1, self)
        Z = np.hstack([self._scale(records, reset=True), np.ones((len(records), 1))])
        center, half_width = center_and_half_width(self, "target_bounds", 1)
        target = clip((response - center) / half_width, "target_bounds", warn=True)
        allowed = np.sqrt(Z.shape[1])
        norm = allowed if self.max_norm is None else min(self.max_norm, allowed)
        Z, target = _shortened(Z, target, norm)

        release = noisy_sums if self.solver == "joint" else noisy_sums_and_penalty
        gram, moment, penalty, self.noise_std_ = release(
            Z, target, norm, self.epsilon, self.delta, noise
        )
        trim = self.noise_std_ if self.solver == "joint" else 0.0
        scaled_coef = _solve_trimmed(gram, moment, penalty, trim)

        self.coef_ = scaled_coef[:-1] * half_width[0] / self._half_width
        self.intercept_ = float(
            center[0] + half_width[0] * scaled_coef[-1] - self._center @ self.coef_
        )
        self.epsilon_ = float(self.epsilon)
        self.delta_ = float(self.delta) if np.isfinite(self.epsilon) else 0.0
        return self

    def _scale(self, X: Floats, reset: bool = False) -> Floats:
        if reset:
            center, half_width = center_and_half_width(
                self, "bounds", self.n_features_in_
            )
            from_zero = np.isclose(center, half_width, rtol=1e-12, atol=0)
            self._center = np.where(from_zero, 0.0, center)
            self._half_width = np.where(from_zero, 2 * half_width, half_width)
            self._lowest = np.where(from_zero, 0.0, -1.0)
        with np.errstate(over="ignore"):  # of what is clipped anyhow
            scaled = (X - self._center) / self._half_width
        return clip(scaled, "bounds", warn=reset, low=self._lowest)

    def predict(self, X: ArrayLike) -> Floats:
        """Predict the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predictions, not clipped.
        """
        check_is_fitted(self)
        records = validate_data(self, X, dtype=np.float64, reset=False)
        return records @ self.coef_ + self.intercept_


def _shortened(Z: Floats, target: Floats, norm: float) -> tuple[Floats, Floats]:
    """Records and targets times the root of a weight that makes no record longer."""
    factor = np.minimum(1.0, norm / np.linalg.norm(Z, axis=1))
    return Z * factor[:, None], target * factor


# The sensitivity of all sums together. A record of norm |z| <= R and target |y| <= 1
# adds (z z', w z y), as a vector whose Euclidean norm is |z z'|_F on the first part:
# off-diagonal entries, which occur twice, count with the factor sqrt 2. Let r, s be a
# record and its replacement, c = r.s. Then
#
#     |r r' - s s'|_F^2        = |r|^4 + |s|^4 - 2 c^2             <= 2 R^4 - 2 c^2
#     |r y_r - s y_s|^2        <= |r|^2 + |s|^2 + 2 |c|            <= 2 R^2 + 2 |c|
#
# and the sum of the first and w^2 times the second is largest at |c| = w^2 / 2, where
# it is 2 (R^2 + w^2 / 2)^2 (for w^2 <= 2 R^2, so that there are such records: r, s of
# norm R, y_r = -y_s = 1). The weight w of the moments is free; with w = R both parts
# get noise in proportion to what they are multiplied by, and the sensitivity is
# 3 R^2 / sqrt 2, attained.
def sensitivity(norm: float) -> float:
    """Largest change of `sums` when a record is replaced."""
    return 3 / np.sqrt(2) * norm**2


def sums(Z: Floats, target: Floats, norm: float) -> Floats:
    """All sums that the regression needs, as one vector."""
    gram = Z.T @ Z
    above = np.triu_indices(len(gram), 1)
    return np.concatenate(
        [np.diag(gram), np.sqrt(2) * gram[above], norm * (Z.T @ target)]
    )


def _from_vector(vector: Floats, n_columns: int, norm: float) -> tuple[Floats, Floats]:
    """The matrix and the moments that `sums` made a vector of."""
    diagonal, off_diagonal, moment = np.split(vector, [n_columns, -n_columns])
    gram = np.zeros((n_columns, n_columns))
    gram[np.triu_indices(n_columns, 1)] = off_diagonal / np.sqrt(2)
    return gram + gram.T + np.diag(diagonal), moment / norm


def _gaussian(
    values: NDArray, sensitivity: float, mu: float, noise: NoiseSource
) -> tuple[Floats, float]:
    """`values` with noise, so that `sensitivity` is told apart at `mu`; and its std."""
    step = _GRID * sensitivity
    std = (sensitivity + step * np.sqrt(values.size)) / mu
    return add_on_grid(values, std * noise.normal(values.shape), step), std


def noisy_sums(
    Z: Floats,
    target: Floats,
    norm: float,
    epsilon: float,
    delta: float,
    noise: NoiseSource,
) -> tuple[Floats, Floats, float, float]:
    """Matrix and moments with noise, a penalty of 0, and the noise's std."""
    vector, n_columns = sums(Z, target, norm), Z.shape[1]
    if np.isinf(epsilon):
        return *_from_vector(vector, n_columns, norm), 0.0, 0.0
    if delta > 0:
        vector, std = _gaussian(
            vector, sensitivity(norm), gaussian_mu(epsilon, delta), noise
        )
    else:
        # Density exp(-epsilon |v| / sensitivity): a Gamma-distributed length.
        n = len(vector)
        step = _GRID * sensitivity(norm)
        scale = (sensitivity(norm) + step * np.sqrt(n)) / epsilon
        drawn = scale * noise.exponential(n).sum() * noise.direction(n)
        vector, std = add_on_grid(vector, drawn, step), scale * np.sqrt(n + 1)
    return *_from_vector(vector, n_columns, norm), 0.0, std / np.sqrt(2)


# AdaSSP (Wang 2018, algorithm 2), for replaced records, and with one account for its
# three releases: at m each, sqrt(3) m together. By Weyl's inequality an eigenvalue of
# the matrix moves by R^2 at most; the matrix by sqrt(2) R^2 in the Frobenius norm; the
# moments by 2 R.
def noisy_sums_and_penalty(
    Z: Floats,
    target: Floats,
    norm: float,
    epsilon: float,
    delta: float,
    noise: NoiseSource,
) -> tuple[Floats, Floats, float, float]:
    """Matrix and moments with noise, the penalty of AdaSSP, and the noise's std."""
    gram, moment, n_columns = Z.T @ Z, Z.T @ target, Z.shape[1]
    if np.isinf(epsilon):
        return gram, moment, 0.0, 0.0
    mu = gaussian_mu(epsilon, delta) / np.sqrt(3)
    smallest = np.linalg.eigvalsh(gram)[:1]
    smallest, std = _gaussian(smallest, norm**2, mu, noise)
    surely = max(smallest[0] - _QUANTILE * std, 0.0)
    vector = sums(Z, np.zeros(len(Z)), norm)[:-n_columns]
    vector, std = _gaussian(vector, np.sqrt(2) * norm**2, mu, noise)
    gram, _ = _from_vector(np.append(vector, np.zeros(n_columns)), n_columns, norm)
    moment, _ = _gaussian(moment, 2 * norm, mu, noise)
    std /= np.sqrt(2)
    spectral = std * np.sqrt(n_columns * np.log(2 * n_columns**2 / _FAILURE))
    return gram, moment, max(spectral - surely, 0.0), std


def _solve_trimmed(
    gram: Floats, moment: Floats, penalty: float, noise_std: float
) -> Floats:
    """Ridge regression over the directions that stand out of the noise."""
    eigenvalues, directions = np.linalg.eigh(gram)
    eigenvalues += penalty
    noise_norm = 2 * noise_std * np.sqrt(len(gram))  # Wigner's semicircle
    rounding = len(gram) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
    kept = eigenvalues > max(noise_norm, rounding)
    basis = directions[:, kept]
    return basis @ (basis.T @ moment / eigenvalues[kept])
