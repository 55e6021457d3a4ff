"""Logistic regression with mutual-information regularisation."""

import numbers
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.information._weights import check_weights
from sklearn_mid.linear_model._base import (
    BaseMIDLinear,
    check_n_draws,
    check_varies,
    present_rows,
)
from sklearn_mid.linear_model._logistic_problem import LogisticProblem, log_softmax
from sklearn_mid.utils._features import resolve_attributes
from sklearn_mid.utils._sklearn_compat import (
    Interval,
    StrOptions,
    _fit_context,
)

__all__ = ["MIDLogisticRegression"]


class MIDLogisticRegression(ClassifierMixin, BaseMIDLinear):
    """Logistic regression whose probabilities tell little about its inputs.

    Maximum likelihood with a price on information. The output is seen as a label
    drawn from the model's probabilities, ``Yhat ~ p(. | x)``, where p is the softmax
    of linear scores (the logistic function of one, for two classes), and the model
    minimises, per sample and in nats, ::

        -log p(y | x)  +  reg_lambda * I

    where I is the mutual information of Yhat and all of X, or, with
    `sensitive_features`, the sum over these attributes of the information that Yhat
    gives about the attribute to someone who knows all other columns.

    Parameters
    ----------
    reg_lambda : float, default=1.0
        Nats of log-likelihood given up per nat of information withheld, from 0
        (maximum likelihood) to ``np.inf`` (the frequencies of the classes; with
        `sensitive_features`, a model without these).
    sensitive_features : list or None, default=None
        The attributes to protect. Each item is a column (name or index; negative
        indices count from the end) or a list of columns, the one-hot group of one
        attribute. A single str or int is a list of one. None protects the whole
        input.
    prior : {"marginal", "conditional"}, default="marginal"
        With which probabilities the values of an attribute are enumerated for a
        record whose other columns are known:

        - "marginal": their frequencies, as an attacker has them who knows nothing of
          how the attribute goes along with the rest;
        - "conditional": a logistic regression of the attribute on the other columns,
          as an attacker with records has them.

        Not used without `sensitive_features`.
    fit_intercept : bool, default=True
        Whether to fit intercepts, which are not penalised.
    max_iter : int, default=1000
        Iterations of L-BFGS allowed in each run.
    tol : float, default=1e-6
        L-BFGS stops when no component of the gradient exceeds this; relative to
        ``1 + reg_lambda``, and for coefficients of columns of unit variance. A step
        of Newton's method follows.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, those of rows of positive weight.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients of the score of ``classes_[1]``, or of each class's score. What
        the data and the penalty leave open is chosen of least norm.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts; 0 if ``fit_intercept=False``.
    mutual_information_ : float
        The information I of the objective on the training data, in nats.
    objective_ : float
        Value of the objective, in nats.
    n_iter_ : int
        Iterations of the run that won.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had string column names.

    See Also
    --------
    MIDLinearRegression : The same for a number.
    sklearn_mid.tree.MIDDecisionTreeClassifier : The same idea for trees.
    sklearn.linear_model.LogisticRegression : With ``C=np.inf``, the model at
        ``reg_lambda=0``.

    Notes
    -----
    *What the information speaks of.* It is the information in one *drawn* label,
    which :meth:`sample_predict` releases. :meth:`predict_proba` returns the
    probabilities, and whoever sees these exactly and knows all else about x can
    solve for the secret as long as its coefficients are not 0. The penalty models
    the attacker of the literature, who knows not p(x) but the true class y, which is
    distributed as Yhat where the model is right. With labelled records of their own
    they can do without the model: what the population tells remains.

    *Exact, under its prior.* ``I(X_s; Yhat | x_-s)`` is computed for every record by
    enumerating the attribute's values, all at the record's other columns; there is
    no sampling and no bound. Its probabilities are those of `prior`. Unlike in the
    linear model, "marginal" gives no upper bound of what it is under the
    population's law: how much the secret matters depends on the other columns, and
    it may matter most where it is least certain. A number of more than 32 values is
    put into as many bins of equal weight, each represented by its mean.

    *Optimality.* Likelihood and information are convex in the probabilities, but not
    in the coefficients. The solver starts from the most likely model, from the most
    likely that tells nothing, from the best of some points between and, with several
    attributes, from the most likely model with each switched off.

    *At lambda 0* the solution is that of maximum likelihood without any penalty.
    Where the classes can be separated, there is none at finite coefficients, and the
    solver stops where the gradient falls below `tol`.

    References
    ----------
    T. Wang, Y. Zhang, R. Jia, "Improving Robustness to Model Inversion Attacks via
    Mutual Information Regularization", AAAI 2021, :arxiv:`2009.05241`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.linear_model import MIDLogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = np.c_[rng.integers(0, 2, 500), rng.normal(size=500)]
    >>> y = 2 * X[:, 0] + X[:, 1] + rng.logistic(size=500) > 1
    >>> for reg_lambda in (0, 1, 10):
    ...     model = MIDLogisticRegression(reg_lambda, sensitive_features=[0]).fit(X, y)
    ...     print(model.coef_.round(2), round(model.mutual_information_, 3))
    [[1.8  0.81]] 0.08
    [[0.86 0.71]] 0.02
    [[0.15 0.63]] 0.001
    """

    _parameter_constraints: dict = {
        "reg_lambda": [Interval(numbers.Real, 0, None, closed="both")],
        "sensitive_features": ["array-like", str, numbers.Integral, None],
        "prior": [StrOptions({"marginal", "conditional"})],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "tol": [Interval(numbers.Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        reg_lambda: float = 1.0,
        *,
        sensitive_features: Any = None,
        prior: str = "marginal",
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-6,
    ) -> None:
        self.reg_lambda = reg_lambda
        self.sensitive_features = sensitive_features
        self.prior = prior
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Training inputs, dense and finite.
        y : array-like of shape (n_samples,)
            Class labels, at least two different ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; a weight of 2 is a row that occurs twice, 0 one that is absent.

        Returns
        -------
        self : MIDLogisticRegression
            The fitted model.

        Raises
        ------
        ValueError
            If the data are unusable, y holds one class only, `sensitive_features`
            are unknown or out of range, or a group not one-hot.

        Warns
        -----
        ConvergenceWarning
            If the solver stopped early; the message says why.
        """
        problem = self._pose(X, y, sample_weight)
        self.coef_, self.intercept_ = problem.coef(
            self._solve(problem), free=self.reg_lambda == 0
        )
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def _pose(self, X, y, sample_weight):
        """Check parameters and data, and state what is to be minimised."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None."
            )
        X = validate_data(self, X, dtype=np.float64)
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        attributes = None
        if self.sensitive_features is not None:
            attributes = resolve_attributes(
                self.sensitive_features,
                n_features=X.shape[1],
                feature_names=getattr(self, "feature_names_in_", None),
                param="sensitive_features",
            )
        X, y, weights = present_rows(X, y, check_weights(sample_weight, len(y)))
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes in y, but got 1 class "
                f"with positive weight: {self.classes_[0]!r}."
            )
        if self.fit_intercept:
            check_varies(X)
        return LogisticProblem(
            X,
            codes,
            weights,
            attributes,
            prior=self.prior,
            fit_intercept=self.fit_intercept,
            max_iter=self.max_iter,
            tol=self.tol,
        )

    def decision_function(self, X: Any) -> np.ndarray:
        """Linear scores.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log-odds of ``classes_[1]``, or one score per class, up to a constant the
            logarithm of its probability.
        """
        scores = self._scores(X)
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def _scores(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    def predict(self, X: Any) -> np.ndarray:
        """The most likely class.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples,)
            Class labels.
        """
        log_proba = self.predict_log_proba(X)
        return self.classes_[log_proba.argmax(axis=1)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return log_softmax(self._scores(X))

    def sample_predict(
        self,
        X: Any,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Draws of the channel's output, labels drawn from the probabilities.

        The release that `mutual_information_` speaks of: one draw per record. The
        shares of many draws of the same record are its probabilities again.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.
        n_samples : int, default=1
            Draws per row of X, at least 1.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

        Returns
        -------
        ndarray of shape (n_samples, n_rows)
            Class labels, one row for each draw.

        Raises
        ------
        ValueError
            If n_samples is not a positive integer.
        """
        check_n_draws(n_samples)
        below = self.predict_proba(X).cumsum(axis=1)[:, :-1]
        drawn = check_random_state(random_state).random_sample((n_samples, len(below)))
        return self.classes_[(drawn[..., None] >= below).sum(axis=-1)]
