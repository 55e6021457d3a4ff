"""Minimising loss + lambda * information over the coordinates of a problem.

The information is not convex: once the outputs are far apart, moving them a little
changes nothing. So the search starts from several points, which the problem proposes,
and keeps the best end.
"""

from dataclasses import dataclass
from functools import partial
from operator import methodcaller

import numpy as np
from scipy.optimize import minimize
from scipy.sparse.linalg import LinearOperator, cg

__all__ = ["Solution", "minimize_smooth", "newton_step", "solve"]

_LONGEST_STEP = 1e-2
_SCOUTING = 40  # iterations after which only the best two descents go on
_ALIKE = 1e-7  # nats over 1 + lambda: ends nearer to each other are the same minimum


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
    problem : WholeInput, SensitiveInput or LogisticProblem
    reg_lambda : float
        From 0 to inf.
    max_iter : int
    tol : float
        Bound on the gradient, in nats per unit of v, relative to 1 + lambda.
    warm_start : ndarray, default=None
        Coordinates to try besides the problem's own starts.

    Returns
    -------
    Solution
    """
    if reg_lambda == 0 or not problem.undefended[0].any():
        return _at(problem, *problem.undefended)
    if np.isinf(reg_lambda):
        v, n_iter, failure = problem.withheld
        return Solution(v, problem.loss(v)[0], 0.0, n_iter, failure)

    run = partial(_descend, reg_lambda=reg_lambda, tol=tol)
    scout = partial(run, max_iter=min(max_iter, _SCOUTING))
    rank = methodcaller("rank", reg_lambda)
    sketch = problem.sketch
    if sketch is None:
        starts = problem.starts(*shares(reg_lambda))
    else:  # many rows: from where a few lead to
        ends = [scout(sketch, v) for v in sketch.starts(*shares(reg_lambda))]
        ends = _apart(sorted(ends, key=rank), rank)
        if warm_start is not None:  # stands for the ends that it leads to
            led_to = rank(scout(sketch, warm_start))
            ends = [end for end in ends if abs(rank(end) - led_to) > _ALIKE]
        starts = [end.v for end in ends]
    if warm_start is not None:
        starts.append(warm_start)
    ends = _apart(sorted((scout(problem, v) for v in starts), key=rank), rank)
    ends = [
        run(problem, end.v, max_iter=max_iter - end.n_iter, n_done=end.n_iter)
        if end.failure and end.n_iter < max_iter
        else end
        for end in ends
    ]
    best = min(ends, key=rank)
    if problem.refined and not best.failure:
        v = newton_step(partial(_slope, problem, reg_lambda), best.v)
        best = _at(problem, v, best.n_iter)
    return best


def _apart(ends, rank):
    """The best two of the sorted ends; of those as good, the one that tells least."""
    ranks = np.array([rank(end) for end in ends])
    first = np.flatnonzero(np.diff(ranks, prepend=-np.inf) > _ALIKE)
    alike = np.split(np.arange(len(ends)), first[1:])[:2]
    return [min((ends[i] for i in some), key=_informed) for some in alike]


def _informed(end):
    return end.information


def _at(problem, v, n_iter=1, failure=None):
    loss, _, information, _ = problem.evaluate(v)
    return Solution(v, loss, information, n_iter, failure)


def _slope(problem, reg_lambda, v):
    of_loss, of_information = shares(reg_lambda)
    _, loss_slope, _, information_slope = problem.evaluate(v)
    return of_loss * loss_slope + of_information * information_slope


def _descend(problem, start, *, reg_lambda, max_iter, tol, n_done=0):
    of_loss, of_information = shares(reg_lambda)

    def objective(v):
        loss, _, information, _ = problem.evaluate(v)
        value = of_loss * loss + of_information * information
        return value, _slope(problem, reg_lambda, v)

    v, n_iter, failure = minimize_smooth(objective, start, max_iter, tol)
    return _at(problem, v, n_done + n_iter, failure)


def minimize_smooth(objective, start, max_iter, tol):
    """L-BFGS: where it ended, after how many iterations, and why if too early."""
    if not len(start):
        return start, 1, None
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
    return found.x, max(int(found.nit), 1), failure


def newton_step(gradient, v):
    """One step towards where the gradient is 0, if it gets nearer.

    L-BFGS compares objectives, whose round-off hides the last digits of `v`; those of
    the gradient are there. The equations are solved by conjugate gradients.
    """
    if not len(v):
        return v
    slope = gradient(v)

    def curvature(direction):
        length = float(np.linalg.norm(direction)) or 1.0
        step = 1e-5 / length * direction
        return (gradient(v + step) - gradient(v - step)) * (length / 2e-5)

    product = LinearOperator((len(v), len(v)), matvec=curvature, dtype=float)
    step = cg(product, -slope, rtol=1e-3, maxiter=30)[0]
    if not np.linalg.norm(step) < _LONGEST_STEP:  # the objective is flat here
        return v
    nearer = np.linalg.norm(gradient(v + step)) < np.linalg.norm(slope)
    return v + step if nearer else v
