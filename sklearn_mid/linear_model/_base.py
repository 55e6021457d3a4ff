"""What the linear models share: rows that count, solving, and how to draw."""

import numbers
import warnings

from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from sklearn_mid.information._weights import normalized
from sklearn_mid.linear_model._solver import solve
from sklearn_mid.utils._sklearn_compat import DocLinks

__all__ = ["BaseMIDLinear", "check_n_draws", "check_varies", "present_rows"]


class BaseMIDLinear(DocLinks, BaseEstimator):
    """Base of the linear models, which minimise loss + reg_lambda * information."""

    def _solve(self, problem, warm_start=None):
        """Where the objective is least; sets what it is, and what it took."""
        solution = solve(
            problem,
            self.reg_lambda,
            max_iter=self.max_iter,
            tol=self.tol,
            warm_start=warm_start,
        )
        if solution.failure:
            warnings.warn(
                f"L-BFGS did not converge (reg_lambda={self.reg_lambda}): "
                f"{solution.failure}. Increase max_iter, or tol if the change is "
                "small enough for you.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.mutual_information_ = max(float(solution.information), 0.0)
        self.objective_ = float(solution.objective(self.reg_lambda))
        self.n_iter_ = solution.n_iter
        return solution.v


def present_rows(X, y, sample_weight):
    """The rows of positive weight, and their weights with a sum of 1."""
    weights = normalized(sample_weight)
    present = weights > 0
    if present.all():
        return X, y, weights
    return X[present], y[present], weights[present]


def check_varies(X):
    """Raise if no feature says anything beside an intercept."""
    if (X[0] == X[-1]).all() and (X[0] == X).all():
        raise ValueError(
            "All features of X are constant; the model needs one that varies."
        )


def check_n_draws(n_samples):
    """Raise if `n_samples` is no number of draws."""
    if not isinstance(n_samples, numbers.Integral) or n_samples < 1:
        raise ValueError(f"n_samples must be an int of 1 or more, got {n_samples!r}.")
