"""Choice of a grid search: the most useful candidate that leaks little enough."""

import warnings
from collections.abc import Callable, Mapping
from numbers import Real

import numpy as np
from scipy.stats import t

from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = ["best_utility_under_advantage"]

_CONSTRAINTS = {
    "limit": [Interval(Real, None, None, closed="neither")],
    "utility": [str],
    "neg_advantage": [str, None],
    "if_none": [StrOptions({"raise", "least"})],
    "confidence_level": [None, Interval(Real, 0.5, 1, closed="left")],
}


class _BestUtilityUnderAdvantage:
    """Callable ``(cv_results) -> int``; see :func:`best_utility_under_advantage`."""

    def __init__(self, limit, utility, neg_advantage, if_none, confidence_level):
        self.limit = limit
        self.utility = utility
        self.neg_advantage = neg_advantage
        self.if_none = if_none
        self.confidence_level = confidence_level

    def __repr__(self):
        return f"best_utility_under_advantage({self.limit!r})"

    def _column(self, cv_results, name, param):
        if name not in cv_results:
            means = sorted(key for key in cv_results if key.startswith("mean_"))
            raise ValueError(
                f"{param}={name!r} is not a column of cv_results_; the mean scores are "
                f"{means}."
            )
        return as_numbers(cv_results[name], f"cv_results_[{name!r}]")

    def _margin(self, cv_results, name):
        """What the advantage may be larger than its mean over the folds, by chance."""
        if self.confidence_level is None:
            return 0.0
        _, is_mean, score = name.partition("mean_")
        folds = [
            as_numbers(values, f"cv_results_[{column!r}]")
            for column, values in cv_results.items()
            if is_mean and column.startswith("split") and column.endswith("_" + score)
        ]
        if len(folds) < 2:
            raise ValueError(
                f"confidence_level={self.confidence_level!r} needs the scores of two "
                f"folds at least, and cv_results_ has {len(folds)} columns "
                f"'split..._{score or name}'; pass "
                "confidence_level=None to hold the mean against the limit."
            )
        # Folds that agree have no error, not even one of rounding.
        spread = np.where(np.ptp(folds, axis=0) == 0, 0, np.std(folds, axis=0, ddof=1))
        quantile = t.ppf(self.confidence_level, len(folds) - 1)
        return quantile * spread / np.sqrt(len(folds))

    def __call__(self, cv_results):
        if not isinstance(cv_results, Mapping):
            raise TypeError(f"cv_results_ must be a dict, got {cv_results!r}.")
        name = self.neg_advantage
        if name is None:
            train, test = "mean_train_neg_advantage", "mean_test_neg_advantage"
            name = train if train in cv_results else test
        utility = self._column(cv_results, self.utility, "utility")
        advantage = 0.0 - self._column(cv_results, name, "neg_advantage")
        advantage = advantage + self._margin(cv_results, name)
        scored = np.isfinite(utility) & np.isfinite(advantage)
        if not scored.any():
            raise ValueError(
                "No candidate has a finite utility and a finite advantage; every fit "
                "or every attack failed."
            )
        # Of equally useful candidates the one that leaks less.
        allowed = scored & (advantage <= self.limit)
        if allowed.any():
            order = np.lexsort((advantage, -utility))
            return int(order[allowed[order]][0])
        least = int(np.where(scored, advantage, np.inf).argmin())
        message = (
            f"No candidate has an advantage of at most limit={self.limit!r} (upper "
            f"limit at confidence_level={self.confidence_level!r}); the smallest is "
            f"{advantage[least]:.4f}, of candidate {least} "
            f"({cv_results.get('params', {least: '?'})[least]}). "
        )
        if self.if_none == "raise":
            raise ValueError(
                message + "Widen the grid towards stronger defences, raise the limit, "
                "or pass if_none='least'."
            )
        warnings.warn(message + "It is chosen.", UserWarning, stacklevel=2)
        return least


def best_utility_under_advantage(
    limit: float,
    *,
    utility: str = "mean_test_utility",
    neg_advantage: str | None = None,
    if_none: str = "raise",
    confidence_level: float = 0.95,
) -> Callable[[Mapping], int]:
    """Choose the most useful candidate whose attack advantage stays under a limit.

    For the parameter `refit` of :class:`~sklearn.model_selection.GridSearchCV` with two
    scorers, one of utility and one made by :func:`make_attack_scorer`.

    Parameters
    ----------
    limit : float
        Largest advantage that is allowed, as a positive share: 0.05 allows the attacker
        5 percentage points above the baseline.
    utility : str, default="mean_test_utility"
        Column of ``cv_results_`` to maximise.
    neg_advantage : str, default=None
        Column of ``cv_results_`` with the negated advantage. None takes
        ``"mean_train_neg_advantage"``, what is learned about the candidate's own
        people, of searches with ``return_train_score=True``, and
        ``"mean_test_neg_advantage"`` of others.
    if_none : {"raise", "least"}, default="raise"
        What to do if no candidate keeps the limit: raise, since the limit is a promise,
        or choose the candidate that leaks least, with a warning.
    confidence_level : float, default=0.95
        In [0.5, 1). The advantage is held against the limit by the upper end of its
        one-sided t interval over the folds: a mean over few people that happens to be
        small is no promise. None takes the mean.

    Returns
    -------
    callable
        From ``cv_results_`` to the index of the chosen candidate.

    Raises
    ------
    ValueError
        If `limit` is not finite, or `if_none` unknown. The callable raises it if a
        column is missing or, with ``if_none="raise"``, no candidate keeps the limit.

    See Also
    --------
    make_attack_scorer : Scorer of the advantage.

    Notes
    -----
    The folds share most of their training rows, so that the interval is somewhat too
    narrow, and the chosen candidate's advantage is the smallest of several noisy ones:
    measure it again on rows that the search has not seen.

    Examples
    --------
    >>> from sklearn_mid.model_selection import best_utility_under_advantage
    >>> choose = best_utility_under_advantage(0.05)
    >>> choose({
    ...     "mean_test_utility": [0.9, 0.8, 0.7],
    ...     "mean_test_neg_advantage": [-0.2, -0.02, -0.01],
    ...     "split0_test_neg_advantage": [-0.21, -0.022, -0.03],
    ...     "split1_test_neg_advantage": [-0.19, -0.018, 0.01],
    ...     "params": [{"reg_lambda": 0}, {"reg_lambda": 1}, {"reg_lambda": 2}],
    ... })
    1
    """
    check_parameters(
        "best_utility_under_advantage",
        _CONSTRAINTS,
        limit=limit,
        utility=utility,
        neg_advantage=neg_advantage,
        if_none=if_none,
        confidence_level=confidence_level,
    )
    return _BestUtilityUnderAdvantage(
        limit, utility, neg_advantage, if_none, confidence_level
    )
