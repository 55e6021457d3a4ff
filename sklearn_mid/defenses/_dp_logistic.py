"""Logistic regression with differential privacy."""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.defenses._dp_base import DPClassifier
from sklearn_mid.utils._secret_noise import NoiseSource, noise_sources
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPLogisticRegression"]

_LARGEST = 1e150  # features beyond make sums that are no floats
_CURVATURE = 0.25  # largest second derivative of the logistic loss
_GAP_SHARE = 0.01  # of epsilon: what hides how far the solver is from the minimum
_LEAST_PENALTY = 1e-6  # below, separable classes have no minimum that floats reach
_NEWTON_STEPS = 100


class DPLogisticRegression(DPClassifier):
    r"""Logistic regression with differential privacy, by objective perturbation.

    Releasing the model is :math:`\varepsilon`-differentially private: when one record
    is *replaced* by any other within the bounds, no outcome becomes more than
    :math:`e^\varepsilon` times as likely. The number of records and the labels that
    occur are public. This holds against anyone who does not know `random_state`.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity adds no noise.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    C : float, default=1.0
        Inverse strength of the penalty on the coefficients, the intercept included,
        of features scaled to [-1, 1]. Stronger penalties need less noise.
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows a seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, for more than two classes of each class against the rest.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    epsilon_ : float
        What this fit spent. Another fit on the same data spends as much again.
    delta_ : float
        0.0: the promise has no exceptions.
    neighbors : str
        "replace-one".
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if they are all strings.

    See Also
    --------
    DPGaussianNB : Cheaper to fit.

    Notes
    -----
    Features are scaled to [-1, 1] by their bounds, and get a column of ones; divided
    by :math:`\sqrt{d + 1}`, no record is longer than 1, as the proof of [1]_ asks. A
    random linear term is then added to the objective. K > 2 classes are fitted each
    against the rest with epsilon / K.

    That proof is about the exact minimum. Here the solver goes on until the gradient
    proves that the minimum is closer than a distance that does not depend on the data,
    and noise of that scale, which 1% of epsilon pays for, hides what is left [2]_.
    There is no tolerance to choose, and how many steps it took is not kept: it tells of
    the data. Both proofs are about real numbers; what the last bits of floats might
    tell is not counted.

    At ``epsilon=inf`` this is scikit-learn's ``LogisticRegression(C=C,
    fit_intercept=False)``, one against the rest, on scaled features and a column of
    ones.

    References
    ----------
    .. [1] Chaudhuri, K., Monteleoni, C., & Sarwate, A. D. (2011). Differentially
       private empirical risk minimization. JMLR, 12, 1069-1109. arXiv:0912.0071.
    .. [2] Iyengar, R., Near, J. P., Song, D., Thakkar, O., Thakurta, A., & Wang, L.
       (2019). Towards practical differentially private convex optimization. IEEE S&P.
       doi:10.1109/SP.2019.00001.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPLogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPLogisticRegression(epsilon=1000, bounds=(0, 8)).fit(X, y)
    >>> model.score(X, y) > 0.6
    True
    """

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "C": [Interval(Real, 0, 1e12, closed="right")],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        bounds: tuple | None = None,
        C: float = 1.0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.bounds = bounds
        self.C = C
        self.random_state = random_state

    def _fit_private(self, Z: NDArray, codes: NDArray) -> None:
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"y holds one class, {self.classes_[0]!r}; DPLogisticRegression needs "
                "at least 2 classes."
            )
        (noise,) = noise_sources(self.random_state, 1, self)
        n, n_columns = len(Z), Z.shape[1] + 1
        length = np.sqrt(n_columns)
        Z = np.hstack([Z, np.ones((n, 1))]) / length
        # Coefficients of shorter records are longer: the same penalty is a weaker one.
        penalty = 1 / (self.C * n_columns)
        positive = [1] if n_classes == 2 else range(n_classes)
        share = self.epsilon / len(positive)
        coef = [
            private_minimum(
                Z, np.where(codes == code, 1.0, -1.0), penalty, share, noise
            )
            for code in positive
        ]
        scaled = np.array(coef) / length
        self.coef_ = scaled[:, :-1] / self._half_width
        self.intercept_ = scaled[:, -1] - self.coef_ @ self._center

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Log-odds of each class against the rest.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of the second class, if there are two.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        decision = X @ self.coef_.T + self.intercept_
        return decision.ravel() if len(self.classes_) == 2 else decision

    def _proba(self, X: NDArray) -> NDArray[np.float64]:
        X = np.clip(X, -_LARGEST, _LARGEST)
        proba = expit(X @ self.coef_.T + self.intercept_)
        if len(self.classes_) == 2:
            return np.hstack([1 - proba, proba])
        return _rows_to_one(proba)


# Objective perturbation (Chaudhuri et al. 2011, algorithm 2). With records |z| <= 1,
# a loss of slope <= 1 and curvature <= c = 1/4, and a penalty a, the sum
#
#     J(w) = sum_i loss(w; i) + a/2 |w|^2 + b.w,     density of b ~ exp(-e' |b| / 2),
#
# has one minimum w for each b, and one b for each w. Replacing a record moves that b by
# 2 at most (factor exp e'), and the Jacobian db/dw by a matrix of rank 2 with one
# eigenvalue in [0, c] and one in [-c, 0]: factor (1 + c/a)^2 at most. So
# e' = epsilon - 2 ln(1 + c/a); where nothing is left of it, the penalty is raised until
# the Jacobian takes half of epsilon.
#
# The solver finds a point v whose gradient is no longer than g. As J is strongly convex
# with modulus a, |v - w| <= g / a =: r, in every data set. Given w, the two possible
# gaps v - w differ by 2 r at most, and noise of density ~ exp(-e'' |x| / 2r) added to v
# hides which it is: e'' of the budget (Iyengar et al. 2019). g is fixed beforehand by n
# and the budget: it is what rounding errors of the sums allow.
def private_minimum(
    Z: NDArray, sign: NDArray, penalty: float, epsilon: float, noise: NoiseSource
) -> NDArray[np.float64]:
    """Coefficients of a logistic regression, `epsilon`-differentially private."""
    n, dimension = Z.shape
    if np.isinf(epsilon):
        gap = _gradient_limit(n, 0.0)
        return _minimize(Z, sign, penalty, np.zeros(dimension), gap)
    for_gap = _GAP_SHARE * epsilon
    penalty, for_slope = _split_budget(penalty, epsilon - for_gap)
    scale = 2 / for_slope
    slope = _long_tailed(dimension, scale, noise)
    limit = _gradient_limit(n, scale * dimension)
    coef = _minimize(Z, sign, penalty, slope, limit)
    return coef + _long_tailed(dimension, 2 * limit / penalty / for_gap, noise)


def _split_budget(penalty: float, epsilon: float) -> tuple[float, float]:
    """The penalty to use, and what is left of epsilon for the linear term."""
    penalty = max(penalty, _LEAST_PENALTY)
    left = epsilon - 2 * np.log1p(_CURVATURE / penalty)
    if left > 0:
        return penalty, left
    return _CURVATURE / np.expm1(epsilon / 4), epsilon / 2


def _long_tailed(
    dimension: int, scale: float, noise: NoiseSource
) -> NDArray[np.float64]:
    """A vector with density proportional to exp(-length / scale)."""
    return scale * noise.exponential(dimension).sum() * noise.direction(dimension)


def _gradient_limit(n: int, typical_slope: float) -> float:
    """How short a gradient of sums over `n` records can be made, with much to spare."""
    return 1e-12 * (n + 100 * typical_slope)


def _minimize(
    Z: NDArray, sign: NDArray, penalty: float, slope: NDArray, limit: float
) -> NDArray[np.float64]:
    """Minimum of the penalised sum of losses, to a gradient of length `limit`."""
    n, dimension = Z.shape

    def loss_and_gradient(coef):
        margin = sign * (Z @ coef)
        loss = np.logaddexp(0, -margin).sum() + penalty / 2 * coef @ coef + slope @ coef
        return loss, Z.T @ (-sign * expit(-margin)) + penalty * coef + slope

    # Quasi-Newton steps come near, cheaply; Newton's reach the last digit.
    coef = minimize(
        lambda w: tuple(part / n for part in loss_and_gradient(w)),
        np.zeros(dimension),
        jac=True,
        method="L-BFGS-B",
        options={"gtol": 1e-7, "ftol": 0, "maxiter": 500},
    ).x
    loss, gradient = loss_and_gradient(coef)
    for _ in range(_NEWTON_STEPS):
        if np.linalg.norm(gradient) <= limit:
            return coef
        odds = expit(Z @ coef)
        hessian = Z.T @ (Z * (odds * (1 - odds))[:, None])
        hessian[np.diag_indices(dimension)] += penalty
        step = cho_solve(cho_factor(hessian), gradient)
        factor = 1.0
        while True:
            new = coef - factor * step
            new_loss, new_gradient = loss_and_gradient(new)
            shorter = np.linalg.norm(new_gradient) < np.linalg.norm(gradient)
            if shorter or new_loss < loss or factor < 1e-8:
                break
            factor /= 2
        coef, loss, gradient = new, new_loss, new_gradient
    raise FloatingPointError(
        "the minimum of the objective was not reached, and what the solver has is not "
        "private. Lower C."
    )


def _rows_to_one(proba: NDArray) -> NDArray[np.float64]:
    """Divide rows by their sums; a row of zeros becomes uniform."""
    total = proba.sum(axis=1, keepdims=True)
    return np.where(
        total > 0, proba / np.where(total > 0, total, 1), 1 / proba.shape[1]
    )
