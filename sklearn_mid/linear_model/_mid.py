"""Linear regression with mutual-information regularisation."""

import numbers
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.information._weights import check_weights
from sklearn_mid.linear_model._base import BaseMIDLinear, check_n_draws
from sklearn_mid.linear_model._fitting import build_problem
from sklearn_mid.utils._sklearn_compat import (
    Interval,
    Options,
    StrOptions,
    _fit_context,
)
from sklearn_mid.utils._validation import as_response

__all__ = ["MIDLinearRegression"]


class MIDLinearRegression(RegressorMixin, BaseMIDLinear):
    """Linear regression whose predictions tell little about its inputs.

    Least squares with a price on information. The output is seen as the channel
    ``Yhat = f(X) + e``, ``f(x) = x @ coef_ + intercept_``,
    ``e ~ N(0, noise_variance_)``, and the model minimises, per sample and in nats, ::

        (y - f(x))^2 / (2 noise_variance_)  +  reg_lambda * I

    where I is the mutual information of Yhat and all of X, or, with
    `sensitive_features`, the sum over these attributes of the information that Yhat
    gives about the attribute to someone who knows all other columns.

    Parameters
    ----------
    reg_lambda : float, default=1.0
        Nats of predictive log-likelihood given up per nat of information withheld,
        from 0 (ordinary least squares) to ``np.inf`` (a constant predictor; with
        `sensitive_features`, a model without these).
    sensitive_features : list or None, default=None
        The attributes to protect. Each item is a column (name or index; negative
        indices count from the end) or a list of columns, the one-hot group of one
        attribute: ``["age", ["vkorc1=CC", "vkorc1=CT", "vkorc1=TT"]]`` are two
        attributes. A single str or int is a list of one. None protects the whole
        input; see Notes for why that is seldom what you want.
    noise_variance : "residual" or float, default="residual"
        Variance of e, in squared units of y. "residual" is the weighted mean squared
        residual of ordinary least squares on the training data, held fixed. Where
        that fit is (nearly) perfect, 1e-8 times the variance of y stands in: without
        noise, any dependence on X would be infinite information.
    entropy : {"quadrature", "taylor"}, default="quadrature"
        How the entropy of Yhat, a mixture of Gaussians, is computed; see
        :func:`sklearn_mid.information.mixture_entropy`. "taylor" is the
        approximation that the paper uses. It is no faster here, and for an attribute
        of few values it can be wrong by more than 0.1 nat.
    taylor_order : {0, 2}, default=2
        Order of the "taylor" expansion; order 0 can be negative by up to 1/2 nat.
    fit_intercept : bool, default=True
        Whether to fit an intercept, which is not penalised.
    max_iter : int, default=200
        Iterations of L-BFGS allowed in each run.
    tol : float, default=1e-6
        L-BFGS stops when no component of the gradient exceeds this; relative to
        ``1 + reg_lambda``, and for coefficients in units of the noise.
    warm_start : bool, default=False
        Try the previous solution as a further start. For a whole grid of
        `reg_lambda`, :func:`mid_path` is faster.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients. What the data and the penalty leave open is chosen of least
        norm; those of a one-hot group then sum to 0.
    intercept_ : float
        Intercept; 0.0 if ``fit_intercept=False``.
    noise_variance_ : float
        Variance of the channel's noise, in squared units of y.
    mutual_information_ : float
        The information I of the objective on the training data, in nats, clipped at
        0 (round-off, or the negative values of ``taylor_order=0``). With
        `sensitive_features` an upper bound of what the output tells beyond the other
        columns; see Notes.
    objective_ : float
        Value of the objective in nats, with I as computed, not clipped.
    n_iter_ : int
        Iterations of the run that won; 1 where the solution has a closed form.
    n_features_in_ : int
        Number of features seen during fit.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had string column names.

    See Also
    --------
    mid_path : Solutions along a grid of `reg_lambda`.
    sklearn_mid.information.mixture_entropy : The entropy in the penalty.
    sklearn.linear_model.LinearRegression : The model at ``reg_lambda=0``.
    sklearn_mid.tree.MIDDecisionTreeClassifier : The same idea for trees.

    Notes
    -----
    *What the information speaks of.* It is the information in the noisy Yhat.
    :meth:`predict` returns f(x) without noise, as the paper does: whoever sees f(x)
    exactly and knows all else about x can solve for the secret as long as its
    coefficient is not 0. The penalty models the attacker of the literature, who
    knows not f(x) but the true response y, which is f(x) plus just such noise, and
    has the model to compare: the less I, the less the model tells about whom a y
    belongs to. Little is not nothing: a small coefficient still has a sign, and who
    knows y can guess by it better than chance, as y itself depends on the secret.
    Only ``reg_lambda=np.inf`` takes that away. To release outputs about which the
    information bound itself holds, use :meth:`sample_predict`.

    *Whole input or sensitive attributes.* The whole-input penalty shrinks f towards
    a constant. An attacker who re-scales f on data of their own undoes that. The
    penalty on `sensitive_features` changes what f depends on, which no re-scaling
    brings back; the other coefficients then take up what they can explain. But an
    attacker who holds labelled records need not re-scale: they estimate one effect
    per value of the secret, use f for the rest only, and read what they would read
    from a model without the secret. That is the floor; no penalty goes below it.

    *What the conditional information counts.* It withholds what the output tells
    through these columns, given the rest: what the rest tells about the secret
    anyway (proxies) is not counted. Values of an attribute are weighted by their
    frequency in the training data and taken as independent of the rest, as the
    attacker of Fredrikson et al. does. Given the rest, a real secret is less
    uncertain than that, and information is concave in the law of the input: so
    `mutual_information_` is an *upper bound* of ``I(X_s; Yhat | X_-s)`` under the
    population's law, tight where the secret is independent of the rest, and several
    times too high where a column nearly gives it away; see the second example.

    *Optimality.* The information is not convex, and keeps several local minima. For
    sensitive attributes the solver starts from least squares, from zero, from the
    best scaling of the least-squares solution, and with several attributes from each
    left out and each alone. For the whole input it looks along the lines from zero
    to the least-squares solutions with any of the (at most four) strongest columns
    alone or left out, and on to that with all, and starts from the best points. With
    many rows it does so on a few thousand of them, and goes on with all from there.
    The best minimum is kept. One pass over X of O(n d^2) sums up the squared error;
    after that an iteration costs O(n d) for the whole input, and for sensitive
    attributes it does not depend on n.

    *At lambda 0* the solution is that of ``LinearRegression``, of least norm where
    the columns depend on each other. Columns are brought to one scale first, so that
    their units do not decide whether they do.

    References
    ----------
    T. Wang, Y. Zhang, R. Jia, "Improving Robustness to Model Inversion Attacks via
    Mutual Information Regularization", AAAI 2021, :arxiv:`2009.05241`.

    M. Fredrikson, E. Lantz, S. Jha, S. Lin, D. Page, T. Ristenpart, "Privacy in
    Pharmacogenetics: An End-to-End Case Study of Personalized Warfarin Dosing",
    USENIX Security 2014.

    M. F. Huber, T. Bailey, H. Durrant-Whyte, U. D. Hanebeck, "On entropy
    approximation for Gaussian mixture random vectors", MFI 2008,
    :doi:`10.1109/MFI.2008.4648062`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.linear_model import MIDLinearRegression
    >>> rng = np.random.default_rng(0)
    >>> X = np.c_[rng.integers(0, 2, 200), rng.normal(size=200)]
    >>> y = X[:, 0] + 2 * X[:, 1] + 0.5 * rng.normal(size=200)
    >>> for reg_lambda in (0, 1, 10):
    ...     model = MIDLinearRegression(reg_lambda, sensitive_features=[0]).fit(X, y)
    ...     print(model.coef_.round(2), round(model.mutual_information_, 3))
    [0.98 1.98] 0.322
    [0.56 1.99] 0.132
    [0.09 1.99] 0.004

    The information is an upper bound. Here another column equals the secret in 95%
    of the rows, so there is little left to tell to who knows it:

    >>> from sklearn_mid.information import mixture_entropy
    >>> secret = rng.integers(0, 2, 1000)
    >>> proxy = np.where(rng.random(1000) < 0.95, secret, 1 - secret)
    >>> X = np.c_[secret, proxy]
    >>> y = X @ [1.0, 1.0] + rng.normal(size=1000)
    >>> model = MIDLinearRegression(0, sensitive_features=[0]).fit(X, y)
    >>> sigma = np.sqrt(model.noise_variance_)
    >>> given_proxy = sum(
    ...     np.mean(proxy == v)
    ...     * mixture_entropy(model.predict(X[proxy == v]), sigma) for v in (0, 1)
    ... ) - mixture_entropy([0.0], sigma)
    >>> print(round(model.mutual_information_, 3), round(given_proxy, 3))
    0.094 0.02
    """

    coef_: np.ndarray

    _parameter_constraints: dict = {
        "reg_lambda": [Interval(numbers.Real, 0, None, closed="both")],
        "sensitive_features": ["array-like", str, numbers.Integral, None],
        "noise_variance": [
            StrOptions({"residual"}),
            Interval(numbers.Real, 0, None, closed="neither"),
        ],
        "entropy": [StrOptions({"quadrature", "taylor"})],
        "taylor_order": [Options(numbers.Integral, {0, 2})],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "tol": [Interval(numbers.Real, 0, None, closed="neither")],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        reg_lambda: float = 1.0,
        *,
        sensitive_features: Any = None,
        noise_variance: str | float = "residual",
        entropy: str = "quadrature",
        taylor_order: int = 2,
        fit_intercept: bool = True,
        max_iter: int = 200,
        tol: float = 1e-6,
        warm_start: bool = False,
    ) -> None:
        self.reg_lambda = reg_lambda
        self.sensitive_features = sensitive_features
        self.noise_variance = noise_variance
        self.entropy = entropy
        self.taylor_order = taylor_order
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Training inputs, dense and finite, at least two rows.
        y : array-like of shape (n_samples,)
            Responses, finite.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; a weight of 2 is a row that occurs twice, 0 one that is absent.

        Returns
        -------
        self : MIDLinearRegression
            The fitted model.

        Raises
        ------
        ValueError
            If the data are unusable, all features constant, `sensitive_features`
            unknown or out of range, or a group not one-hot.

        Warns
        -----
        ConvergenceWarning
            If the solver stopped early; the message says why.
        """
        warm_coef = None
        if self.warm_start and hasattr(self, "coef_"):
            warm_coef = self.coef_
        problem = self._pose(X, y, sample_weight)
        least_squares = problem.least_squares
        warm_start = None
        if warm_coef is not None and len(warm_coef) == len(least_squares.coef):
            warm_start = problem.coordinates(warm_coef)
        self.coef_ = problem.coef(self._solve(problem, warm_start))
        self.intercept_ = least_squares.intercept(self.coef_)
        self.noise_variance_ = problem.noise_variance
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def _pose(self, X, y, sample_weight):
        """Check parameters and data, and state what is to be minimised."""
        X, y = validate_data(
            self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2
        )
        return build_problem(
            X,
            as_response(y),
            check_weights(sample_weight, len(y)),
            feature_names=getattr(self, "feature_names_in_", None),
            sensitive_features=self.sensitive_features,
            noise_variance=self.noise_variance,
            entropy=self.entropy,
            taylor_order=self.taylor_order,
            fit_intercept=self.fit_intercept,
        )

    def predict(self, X: Any) -> np.ndarray:
        """The linear predictor f(x), without noise.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.

        Returns
        -------
        ndarray of shape (n_samples,)
            Predictions.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return X @ self.coef_ + self.intercept_

    def sample_predict(
        self,
        X: Any,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Draws of the channel's output, Yhat = f(x) + e.

        The release that `mutual_information_` speaks of: one draw per record. The
        mean of many draws of the same record is f(x) again.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            Inputs, with the columns seen in fit.
        n_samples : int, default=1
            Draws per row of X, at least 1.
        random_state : int, RandomState instance or None, default=None
            Seeds the noise.

        Returns
        -------
        ndarray of shape (n_samples, n_rows)
            One row for each draw.

        Raises
        ------
        ValueError
            If n_samples is not a positive integer.
        """
        check_n_draws(n_samples)
        f = self.predict(X)
        noise = check_random_state(random_state).standard_normal((n_samples, len(f)))
        return f + np.sqrt(self.noise_variance_) * noise
