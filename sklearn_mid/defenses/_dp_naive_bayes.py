"""Gaussian naive Bayes with differential privacy."""

from numbers import Real

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sklearn_mid.defenses._diffprivlib import import_diffprivlib, own_accountant
from sklearn_mid.defenses._dp_base import DPClassifier
from sklearn_mid.utils._secret_noise import warn_of_seed
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["DPGaussianNB"]


class DPGaussianNB(DPClassifier):
    r"""Gaussian naive Bayes with differential privacy.

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
    var_smoothing : float, default=1e-9
        Added to each variance, of features scaled to [-1, 1].
    random_state : int, RandomState instance or None, default=None
        Draws the noise. The default draws from the operating system's secure source;
        who knows the seed can take the noise off.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    class_prior_ : ndarray of shape (n_classes,)
        Noisy share of each class.
    theta_ : ndarray of shape (n_classes, n_features)
        Noisy mean of each feature in each class.
    var_ : ndarray of shape (n_classes, n_features)
        Noisy variance of each feature in each class.
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
    DPLogisticRegression : Often more accurate.

    Notes
    -----
    diffprivlib's GaussianNB [1]_ on features scaled to [-1, 1] gives a third of its
    epsilon each to the class counts, the means and the variances. A replaced record
    that changes class alters the counts and the variances of two classes by a whole
    record each, and their means by half of the noise's sensitivity each: 5/3 of that
    epsilon. It is therefore run with 3/5 of this one.

    At ``epsilon=inf`` this is scikit-learn's GaussianNB but for `var_smoothing`,
    which there is a share of the largest variance, a number that would leak.

    References
    ----------
    .. [1] Vaidya, J., Shafiq, B., Basu, A., & Hong, Y. (2013). Differentially private
       naive Bayes classification. WI-IAT. doi:10.1109/WI-IAT.2013.80.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.defenses import DPGaussianNB
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DPGaussianNB(epsilon=1000, bounds=(0, 8)).fit(X, y)
    >>> model.score(X, y) > 0.6
    True
    """

    _parameter_constraints: dict = {
        **DPClassifier._parameter_constraints,
        "var_smoothing": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        epsilon: float = 1.0,
        *,
        bounds: tuple | None = None,
        var_smoothing: float = 1e-9,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.bounds = bounds
        self.var_smoothing = var_smoothing
        self.random_state = random_state

    def _fit_private(self, Z: NDArray, codes: NDArray) -> None:
        warn_of_seed(self.random_state, self)
        models = import_diffprivlib("models", self)
        bayes = models.GaussianNB(
            epsilon=self.epsilon * 3 / 5,
            bounds=(-np.ones(Z.shape[1]), np.ones(Z.shape[1])),
            var_smoothing=self.var_smoothing,
            random_state=self.random_state,
            accountant=own_accountant(self),
        ).fit(Z, codes)
        self.class_prior_ = bayes.class_prior_
        self.theta_ = self._center + self._half_width * bayes.theta_
        self.var_ = self._half_width**2 * bayes.var_

    def _proba(self, X: NDArray) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            distance = (X[:, None, :] - self.theta_) / np.sqrt(self.var_)
        squares = np.clip(distance, -1e150, 1e150) ** 2  # sums of them are floats
        log_likelihood = -0.5 * (squares + np.log(2 * np.pi * self.var_)).sum(axis=2)
        return softmax(np.log(self.class_prior_) + log_likelihood, axis=1)
