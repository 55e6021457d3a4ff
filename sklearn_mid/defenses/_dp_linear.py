"""Linear regression with differential privacy."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.defenses._dp_base import DPEstimator, center_and_half_width, clip
from sklearn_mid.utils._secret_noise import noise_sources
from sklearn_mid.utils._sklearn_compat import _fit_context
from sklearn_mid.utils._validation import as_response

__all__ = ["DPLinearRegression"]


class DPLinearRegression(RegressorMixin, DPEstimator):
    r"""Linear regression with differential privacy, by the functional mechanism.

    Releasing the model is :math:`\varepsilon`-differentially private: when one record
    is replaced by any other within the bounds, no outcome becomes more than
    :math:`e^\varepsilon` times as likely. The number of records is public.

    Parameters
    ----------
    epsilon : float, default=1.0
        Privacy parameter, above 0; infinity adds no noise.
    bounds : tuple of (lower, upper), default=None
        Bounds of the features, each a number or an array of shape (n_features,),
        from public knowledge. Must be given; values outside are clipped, with a
        warning.
    target_bounds : tuple of (lower, upper), default=None
        Bounds of the target. Must be given.
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows the seed can take the noise off.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients.
    intercept_ : float
        Intercept.
    noise_scale_ : float
        Scale of the Laplace noise on each product of two columns, in units where all
        columns lie in [-1, 1].
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
    sklearn_mid.linear_model.MIDLinearRegression : Withholds information instead.
    OmitFeature : Fits without the secret.

    Notes
    -----
    Features and target are scaled to [-1, 1] by their bounds, a column of ones
    stands for the intercept, and each of the sums :math:`\sum_i x_{ij} x_{ik}` and
    :math:`\sum_i x_{ij} y_i` gets Laplace noise for its share of epsilon [1]_.
    A record changes a sum of products by 2 at most, one of squares by 1.

    Noise leaves the normal equations indefinite as soon as a direction varies less
    than the noise, as the redundant column of a one-hot group always does. Following
    [1]_, such directions are trimmed: those with an eigenvalue below
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

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.defenses import DPLinearRegression
    >>> X = np.linspace(0, 100, 10_000)[:, None]
    >>> model = DPLinearRegression(
    ...     bounds=(0, 100), target_bounds=(0, 300), random_state=0
    ... )
    >>> model.fit(X, 3 * X.ravel()).predict([[50.0]]).round()
    array([150.])
    """

    _parameter_constraints: dict = {
        **DPEstimator._parameter_constraints,
        "target_bounds": ["array-like", None],
    }

    def __init__(
        self, epsilon=1.0, *, bounds=None, target_bounds=None, random_state=None
    ):
        self.epsilon = epsilon
        self.bounds = bounds
        self.target_bounds = target_bounds
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
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
        ImportError
            If diffprivlib cannot be imported.
        ValueError
            If bounds are missing or do not fit.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, y_numeric=True)
        y = as_response(y)
        (noise,) = noise_sources(self.random_state, 1, self)
        ones = np.ones((len(X), 1))
        Z = np.hstack([self._scale(X, reset=True), ones])
        center, half_width = center_and_half_width(self, "target_bounds", 1)
        target = clip((y - center) / half_width, "target_bounds", warn=True)

        gram, moment, noise_std = _noisy_products(Z, target, self.epsilon, noise)
        self.noise_scale_ = noise_std / np.sqrt(2)
        scaled_coef = _solve_trimmed(gram, moment, noise_std)

        self.coef_ = scaled_coef[:-1] * half_width[0] / self._half_width
        self.intercept_ = float(
            center[0] + half_width[0] * scaled_coef[-1] - self._center @ self.coef_
        )
        self.epsilon_, self.delta_ = float(self.epsilon), 0.0
        return self

    def predict(self, X):
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
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_ + self.intercept_


def _noisy_products(Z, target, epsilon, noise):
    # One share for each product of two columns, but for ones * ones = n, and one
    # for each product of a column with the target.
    n_columns = Z.shape[1]
    share = epsilon / (n_columns * (n_columns + 1) // 2 - 1 + n_columns)

    def noisy(total, sensitivity):
        return total + sensitivity / share * noise.laplace(1)[0]

    gram, moment = Z.T @ Z, Z.T @ target
    for j in range(n_columns):
        moment[j] = noisy(moment[j], 2)
        for k in range(j, n_columns):
            if k < n_columns - 1 or j < k:
                gram[j, k] = noisy(gram[j, k], 1 if j == k else 2)
                gram[k, j] = gram[j, k]
    return gram, moment, np.sqrt(2) * 2 / share


def _solve_trimmed(gram, moment, noise_std):
    """Least squares over the directions that stand out of the noise."""
    eigenvalues, directions = np.linalg.eigh(gram)
    noise_norm = 2 * noise_std * np.sqrt(len(gram))  # Wigner's semicircle
    rounding = len(gram) * np.finfo(np.float64).eps * np.abs(eigenvalues).max()
    kept = eigenvalues > max(noise_norm, rounding)
    basis = directions[:, kept]
    return basis @ (basis.T @ moment / eigenvalues[kept])
