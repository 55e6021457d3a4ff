"""MID for any regressor."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sklearn_mid.release._base import BaseRelease
from sklearn_mid.release._channel import SquaredLoss
from sklearn_mid.utils._sklearn_compat import HasMethods
from sklearn_mid.utils._validation import as_response

__all__ = ["MIDRegressor"]


class MIDRegressor(RegressorMixin, BaseRelease):
    """Mutual information regularisation around any regressor.

    The same two parts as :class:`MIDClassifier`: cross-fitted distillation against
    memory, and a release channel against the answer. A nat of utility is that of a
    Gaussian likelihood: squared error over twice the residual variance.

    Parameters
    ----------
    estimator : estimator object
        Regressor, a pipeline too. It is cloned; one that is fitted already stays as
        it is inside :class:`sklearn.frozen.FrozenEstimator`, with ``distill=False``.
    sensitive_features : str, int, list or None, default=None
        The secrets, as in :class:`MIDClassifier`. None: the whole input is the
        secret, and the predictions are coded.
    reg_lambda : float, default=0.1
        Nats of log-likelihood that one nat of information about the secret is worth.
        0 releases the model's own answers; at ``inf`` an answer never depends on the
        secret.
    distill : bool, default=True
        Whether the released model is a student of cross-fitted teachers. False fits
        the estimator itself.
    imputer : estimator object, default=None
        Classifier of the secret's value number from the other columns, which weighs
        the values. None for a small gradient boosting on columns of any type.
    student : estimator object, default=None
        Regressor that learns from the teachers. None for the estimator, on weighted
        rows, or on drawn rows if it takes no weights.
    cv : int, splitter or iterable, default=10
        Folds of the teachers, as in :class:`MIDClassifier`. The teachers also measure
        the residual variance, and are fitted for that without `distill`, too, unless
        the estimator is frozen.
    n_repeats : int, default=1
        Partitions into folds, each dealt anew, over whose teachers a person's targets
        are averaged. It costs as many times the teachers, and lowers the error of
        models that vary with their training people. More than one needs an int as `cv`;
        without `distill` there is one.
    max_values : int, default=50
        Joint values of the secrets up to which the model is asked for each.
    keep_teachers : bool, default=False
        Whether to keep `teachers_`. They remember their people: do not release them.
    memory : str, object with the interface of joblib.Memory or None, default=None
        Where to cache whatever does not depend on `reg_lambda`, as in
        :class:`MIDClassifier`.
    n_jobs : int, default=None
        Folds that are fitted at a time, as in joblib.
    verbose : bool or int, default=False
        Whether to show the folds' progress.
    random_state : int, RandomState instance or None, default=None
        Deals the folds, and seeds whatever in `estimator`, `imputer` and `student`
        has no seed.

    Attributes
    ----------
    estimator_ : estimator object
        The student, or the fitted estimator.
    imputer_ : estimator object
        Classifier of the secret's value. Not there without `sensitive_features`.
    values_ : ndarray of shape (n_values,) or (n_values, n_secrets)
        Joint values of the secrets. Not there without `sensitive_features`.
    teachers_ : list of estimators
        One per fold of each partition, if `keep_teachers`.
    residual_variance_ : float
        Mean squared residual of people whom a teacher has not seen, in squared units
        of y; of the training records, if the estimator is frozen; 1 where
        `reg_lambda` is 0 or ``inf`` and nothing asks for it.
    conditional_information_ : float
        What the released predictions tell of the secret beyond the known columns, in
        nats: the mean entropy of the code on the training records. Without
        `sensitive_features`, I(X; Yhat).
    vulnerability_ : float
        Mean chance that the best attacker who knows the imputer's probabilities, the
        model and what it answered about a person names their secret. Not there
        without `sensitive_features`.
    baseline_vulnerability_ : float
        The same without the answer: the mean largest probability.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if they are all strings.

    See Also
    --------
    MIDClassifier : The same for classes, with notes on what is protected.
    sklearn_mid.linear_model.MIDLinearRegression : One linear model, trained by MID.

    Notes
    -----
    What is protected when the student itself is handed out, and what is not, is the
    same as for :class:`MIDClassifier`.

    References
    ----------
    T. Wang, Y. Zhang, R. Jia, "Improving Robustness to Model Inversion Attacks via
    Mutual Information Regularization", AAAI 2021, :arxiv:`2009.05241`.

    D. J. Strouse, D. J. Schwab, "The deterministic information bottleneck", Neural
    Computation 29, 2017, :arxiv:`1604.00268`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_mid.release import MIDRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = MIDRegressor(LinearRegression(), ["sex"], 0.05, random_state=0)
    >>> model.fit(X, y).vulnerability_ < 1
    True
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        **BaseRelease._parameter_constraints,
    }

    def _check_response(self, y):
        return as_response(column_or_1d(y, warn=True))

    def _fit_loss(self, variance):
        self.residual_variance_ = variance
        return SquaredLoss(variance)

    def _effective_lambda(self):
        return float(self.reg_lambda)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predictions as they are released.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            In the units of the response.
        """
        check_is_fitted(self)
        return self._answer(X)

    def release(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Codes and what they answer.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        codes : ndarray of shape (n_samples,)
            Number of the record's code among those of its known columns, -1 where the
            secret is missing; without `sensitive_features`, among all.
        y : ndarray of shape (n_samples,)
            As from :meth:`predict`.
        """
        check_is_fitted(self)
        return self._release(X)
