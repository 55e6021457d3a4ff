"""Solutions of the linear model along a grid of lambda."""

import operator
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch

from sklearn_mid.linear_model._mid import MIDLinearRegression
from sklearn_mid.linear_model._solver import solve
from sklearn_mid.utils._validation import as_numbers

__all__ = ["mid_path"]


def mid_path(
    X: Any,
    y: ArrayLike,
    *,
    reg_lambdas: ArrayLike,
    sensitive_features: Any = None,
    sample_weight: ArrayLike | None = None,
    noise_variance: str | float = "residual",
    entropy: str = "quadrature",
    taylor_order: int = 2,
    fit_intercept: bool = True,
    max_iter: int = 200,
    tol: float = 1e-6,
) -> Bunch:
    """Fit :class:`MIDLinearRegression` along a grid of `reg_lambda`.

    The data are summed up once, and each solution is a start for the next. Every
    point of the grid then takes the best of *all* solutions found, so that along
    the path the mutual information never rises and the error never falls.

    Parameters
    ----------
    X : {array-like, DataFrame} of shape (n_samples, n_features)
        Training inputs, dense and finite.
    y : array-like of shape (n_samples,)
        Responses.
    reg_lambdas : array-like of shape (n_lambdas,)
        Strengths from 0 to ``np.inf``, in any order.
    sensitive_features : list or None, default=None
        As in :class:`MIDLinearRegression`, like all that follow.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.
    noise_variance : "residual" or float, default="residual"
        Variance of the channel's noise.
    entropy : {"quadrature", "taylor"}, default="quadrature"
        How the entropy is computed.
    taylor_order : {0, 2}, default=2
        Order of the "taylor" expansion.
    fit_intercept : bool, default=True
        Whether to fit an intercept.
    max_iter : int, default=200
        Iterations of L-BFGS allowed in each run.
    tol : float, default=1e-6
        Tolerance on the gradient.

    Returns
    -------
    path : :class:`~sklearn.utils.Bunch`
        With one entry per strength, in increasing order of strength:

        reg_lambdas : ndarray of shape (n_lambdas,)
            The strengths, sorted.
        coefs : ndarray of shape (n_lambdas, n_features)
            Coefficients.
        intercepts : ndarray of shape (n_lambdas,)
            Intercepts.
        mutual_informations : ndarray of shape (n_lambdas,)
            Information on the training data in nats, clipped at 0.
        mean_squared_errors : ndarray of shape (n_lambdas,)
            Weighted mean squared error on the training data.
        objectives : ndarray of shape (n_lambdas,)
            Values of the objective, in nats.
        n_iters : ndarray of shape (n_lambdas,)
            Iterations of the run that won.
        noise_variance : float
            Variance of the channel's noise, the same for the whole path.

    Raises
    ------
    ValueError
        If `reg_lambdas` is empty or holds a negative value or NaN, or for the
        reasons of :meth:`MIDLinearRegression.fit`.

    See Also
    --------
    MIDLinearRegression : The estimator, for one strength.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_mid.linear_model import mid_path
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> path = mid_path(X, y, reg_lambdas=[0, 1, 10], sensitive_features=["sex"])
    >>> path.coefs.shape
    (3, 10)
    >>> path.mutual_informations.round(4)
    array([0.0222, 0.0044, 0.0001])
    """
    strengths = as_numbers(reg_lambdas, "reg_lambdas")
    if strengths.ndim != 1 or not len(strengths) or not (strengths >= 0).all():
        raise ValueError(
            "reg_lambdas must be a list of at least one number from 0 to inf, got "
            f"{reg_lambdas!r}."
        )
    strengths.sort()
    model = MIDLinearRegression(
        sensitive_features=sensitive_features,
        noise_variance=noise_variance,
        entropy=entropy,
        taylor_order=taylor_order,
        fit_intercept=fit_intercept,
        max_iter=max_iter,
        tol=tol,
    )
    problem = model._pose(X, y, sample_weight)

    found, warm_start = [], None
    for strength in strengths:
        found.append(
            solve(problem, strength, max_iter=max_iter, tol=tol, warm_start=warm_start)
        )
        warm_start = found[-1].v
    failures = [
        f"{strength:g} ({solution.failure})"
        for strength, solution in zip(strengths, found, strict=True)
        if solution.failure
    ]
    if failures:
        warnings.warn(
            f"L-BFGS did not converge at reg_lambdas {', '.join(failures)}. Increase "
            "max_iter, or tol if the change is small enough for you.",
            ConvergenceWarning,
            stacklevel=2,
        )
    # The least of lines in lambda, one per solution, has slopes (informations) that
    # fall with lambda, however good the local minima are.
    best = [
        min(found, key=operator.methodcaller("rank", strength))
        for strength in strengths
    ]
    coefs = np.array([problem.coef(solution.v) for solution in best])
    noise_variance = problem.noise_variance
    return Bunch(
        reg_lambdas=strengths,
        coefs=coefs,
        intercepts=np.array([problem.least_squares.intercept(c) for c in coefs]),
        mutual_informations=np.array([max(s.information, 0.0) for s in best]),
        mean_squared_errors=np.array([2 * noise_variance * s.loss for s in best]),
        objectives=np.array(
            [s.objective(lam) for s, lam in zip(best, strengths, strict=True)]
        ),
        n_iters=np.array([s.n_iter for s in best]),
        noise_variance=noise_variance,
    )
