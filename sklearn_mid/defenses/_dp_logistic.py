"""Logistic regression with differential privacy."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.defenses._diffprivlib import DPClassifier, import_diffprivlib
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPLogisticRegression"]

_LARGEST = 1e150  # features beyond make sums that are no floats


class DPLogisticRegression(DPClassifier):
    r"""Logistic regression with differential privacy, by objective perturbation.

    Releasing the model is :math:`\varepsilon`-differentially private when one record
    is replaced by any other within the bounds. The number of records and the labels
    that occur are public.

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
    tol : float, default=1e-4
        Tolerance of the solver, on the gradient.
    max_iter : int, default=1000
        Largest number of iterations.
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows the seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, for more than two classes of each class against the rest.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Iterations of the solver.
    epsilon_spent_ : float
        What this fit spent. Another fit on the same data spends as much again.
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
    random linear term is then added to the objective by diffprivlib's ``Vector``
    mechanism. K > 2 classes are fitted each against the rest with epsilon / K. The
    guarantee holds for the exact minimum; the solver stops within `tol` of it.

    At ``epsilon=inf`` this is scikit-learn's ``LogisticRegression(C=C,
    fit_intercept=False)``, one against the rest, on scaled features and a column of
    ones.

    References
    ----------
    .. [1] Chaudhuri, K., Monteleoni, C., & Sarwate, A. D. (2011). Differentially
       private empirical risk minimization. JMLR, 12, 1069-1109. arXiv:0912.0071.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPLogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPLogisticRegression(epsilon=100, bounds=(0, 8), random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.6
    True
    """

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "C": [Interval(Real, 0, 1e12, closed="right")],
        "tol": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        epsilon=1.0,
        *,
        bounds=None,
        C=1.0,
        tol=1e-4,
        max_iter=1000,
        random_state=None,
    ):
        self.epsilon = epsilon
        self.bounds = bounds
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state

    def _fit_private(self, Z, codes):
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"y holds one class, {self.classes_[0]!r}; DPLogisticRegression needs "
                "at least 2 classes."
            )
        mechanisms = import_diffprivlib("mechanisms", self)
        n, n_columns = len(Z), Z.shape[1] + 1
        length = np.sqrt(n_columns)
        Z = np.hstack([Z, np.ones((n, 1))]) / length
        # Coefficients of shorter records are longer: the same penalty is a weaker one.
        alpha = 1 / (self.C * n_columns)
        positive = [1] if n_classes == 2 else range(n_classes)
        rng, coefs, n_iter = self._random_state(), [], []
        for code in positive:
            vector = mechanisms.Vector(
                epsilon=self.epsilon / len(positive),
                dimension=n_columns,
                alpha=alpha,
                function_sensitivity=0.25,  # second derivative of the logistic loss
                data_sensitivity=1.0,
                n=n,
                random_state=rng,
            )
            objective = _logistic_objective(Z, np.where(codes == code, 1, -1), alpha)
            result = minimize(
                vector.randomise(objective),
                np.zeros(n_columns),
                jac=True,
                method="L-BFGS-B",
                options={"gtol": self.tol, "ftol": 0, "maxiter": self.max_iter},
            )
            if result.status == 1:
                warnings.warn(
                    f"L-BFGS stopped after max_iter={self.max_iter} iterations; "
                    "raise max_iter or tol.",
                    ConvergenceWarning,
                    stacklevel=4,
                )
            coefs.append(result.x / length)
            n_iter.append(result.nit)
        scaled = np.array(coefs)
        self.coef_ = scaled[:, :-1] / self._half_width
        self.intercept_ = scaled[:, -1] - self.coef_ @ self._center
        self.n_iter_ = np.array(n_iter, dtype=np.int32)

    def decision_function(self, X):
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

    def _proba(self, X):
        X = np.clip(X, -_LARGEST, _LARGEST)
        proba = expit(X @ self.coef_.T + self.intercept_)
        if len(self.classes_) == 2:
            return np.hstack([1 - proba, proba])
        return _rows_to_one(proba)


def _logistic_objective(Z, sign, alpha):
    """Mean logistic loss plus penalty, and its gradient."""
    n = len(Z)

    def objective(coef):
        margin = sign * (Z @ coef)
        loss = np.logaddexp(0, -margin).mean() + alpha / (2 * n) * coef @ coef
        gradient = Z.T @ (-sign * expit(-margin)) / n + alpha / n * coef
        return loss, gradient

    return objective


def _rows_to_one(proba):
    """Divide rows by their sums; a row of zeros becomes uniform."""
    total = proba.sum(axis=1, keepdims=True)
    return np.where(
        total > 0, proba / np.where(total > 0, total, 1), 1 / proba.shape[1]
    )
