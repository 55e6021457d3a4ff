"""Minimising loss + lambda * information over the coordinates of a problem.

The information of a mixture is not convex in its centres: once they are far apart,
moving them a little changes nothing. So the search starts from several points, which
the problem proposes, and keeps the best end.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize

__all__ = ["Solution", "solve"]


@dataclass(frozen=True)
class Solution:
    """Coordinates, loss and information there, and how the solver got there."""

    v: np.ndarray
    loss: float
    information: float
    n_iter: int
    failure: str | None

    def objective(self, reg_lambda):
        """loss + lambda * information, in nats."""
        # lambda may be inf, but only where the information is 0
        penalty = reg_lambda * self.information if self.information else 0.0
        return self.loss + penalty

    def rank(self, reg_lambda):
        """The objective over 1 + lambda: finite for any lambda."""
        of_loss, of_information = shares(reg_lambda)
        return of_loss * self.loss + of_information * self.information


def shares(reg_lambda):
    """1 / (1 + lambda) and lambda / (1 + lambda); dividing keeps gradients moderate."""
    share = 1 / (1 + reg_lambda)
    return share, 1.0 if np.isinf(reg_lambda) else reg_lambda * share


def solve(problem, reg_lambda, *, max_iter, tol, warm_start=None):
    """Best local minimum found.

    Parameters
    ----------
    problem : WholeInput or SensitiveInput
    reg_lambda : float
        From 0 to inf.
    max_iter : int
    tol : float
        Bound on the gradient, in nats per unit of v (coefficients in units of the
        noise), relative to 1 + lambda.
    warm_start : ndarray, default=None
        Coordinates to try besides the problem's own starts.

    Returns
    -------
    Solution
    """
    if reg_lambda == 0 or not problem.v_ols.any():
        return _at(problem, problem.v_ols)
    if np.isinf(reg_lambda):
        zero = np.zeros_like(problem.v_ols)
        return Solution(zero, problem.loss(zero)[0], 0.0, 1, None)

    run = partial(_descend, reg_lambda=reg_lambda, max_iter=max_iter, tol=tol)
    starts = _starts(problem, reg_lambda, run)
    if warm_start is not None:
        starts.append(warm_start)
    return min(
        (run(problem, v) for v in starts), key=lambda found: found.rank(reg_lambda)
    )


def _starts(problem, reg_lambda, run):
    """Where to start from; of a problem of many rows, what its sketch ends in."""
    sketch = problem.sketch
    if sketch is None:
        return problem.starts(*shares(reg_lambda))
    ends = sorted(
        (run(sketch, v) for v in sketch.starts(*shares(reg_lambda))),
        key=lambda end: end.rank(reg_lambda),
    )
    ranks = np.array([end.rank(reg_lambda) for end in ends])
    new = np.diff(ranks, prepend=-np.inf) > 1e-6  # else most likely the same minimum
    return [ends[i].v for i in np.flatnonzero(new)[:2]]


def _at(problem, v, n_iter=1, failure=None):
    loss, _, information, _ = problem.evaluate(v)
    return Solution(v, loss, information, n_iter, failure)


def _descend(problem, start, *, reg_lambda, max_iter, tol):
    of_loss, of_information = shares(reg_lambda)

    def objective(v):
        loss, loss_slope, information, information_slope = problem.evaluate(v)
        return (
            of_loss * loss + of_information * information,
            of_loss * loss_slope + of_information * information_slope,
        )

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": tol, "ftol": 0.0},
    )
    # Near the optimum the objective's round-off can stop the line search first.
    stuck = found.status == 2 and np.abs(found.jac).max() > 1e3 * tol
    failure = str(found.message) if found.status == 1 or stuck else None
    return _at(problem, found.x, max(int(found.nit), 1), failure)
