"""Minimising loss + lambda * information over the coordinates of a problem.

The information of a mixture is not convex in its centres: once they are far apart,
moving them a little changes nothing. So the search starts from several points,
among them the best on the ray from the least-squares solution to zero, and keeps the
best end.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

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
        # lambda may be inf, where the information is 0
        penalty = reg_lambda * self.information if self.information else 0.0
        return self.loss + penalty


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
    if reg_lambda == 0:
        return _at(problem, problem.v_ols)
    if np.isinf(reg_lambda):
        zero = np.zeros_like(problem.v_ols)
        return Solution(zero, problem.loss(zero)[0], 0.0, 1, None)

    starts = [*problem.starts, _best_on_ray(problem, reg_lambda) * problem.v_ols]
    if warm_start is not None:
        starts.append(warm_start)
    if problem.n_runs is not None and len(starts) > problem.n_runs:
        starts.sort(key=lambda v: problem.objective(v, reg_lambda)[0])
        del starts[problem.n_runs :]
    runs = [_descend(problem, reg_lambda, v, max_iter, tol) for v in starts]
    return min(runs, key=lambda run: run.objective(reg_lambda))


def _at(problem, v, n_iter=1, failure=None):
    return Solution(v, problem.loss(v)[0], problem.information(v)[0], n_iter, failure)


def _best_on_ray(problem, reg_lambda):
    """The c in [0, 1] that minimises the objective at c * v_ols."""
    step = problem.root(problem.v_ols)
    curvature = step @ step

    def objective(c):
        information = problem.information_on_ray(c)
        return curvature * (1 - c) ** 2 / 2 + reg_lambda * information

    grid = np.append(0, np.geomspace(min(1e-2, 0.1 / (1 + reg_lambda)), 1, 25))
    values = [objective(c) for c in grid]
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    refined = minimize_scalar(objective, bounds=(low, high), method="bounded")
    return refined.x if refined.fun < values[best] else grid[best]


def _descend(problem, reg_lambda, start, max_iter, tol):
    scale = 1 + reg_lambda  # keeps gradients of order one for any lambda

    def scaled(v):
        value, slope = problem.objective(v, reg_lambda)
        return value / scale, slope / scale

    found = minimize(
        scaled,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iter, "gtol": tol, "ftol": 0.0},
    )
    # Near the optimum the objective's round-off can stop the line search first.
    stuck = found.status == 2 and np.abs(found.jac).max() > 1e3 * tol
    failure = str(found.message) if found.status == 1 or stuck else None
    return _at(problem, found.x, max(int(found.nit), 1), failure)
