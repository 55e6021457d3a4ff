"""Tables of the suites, each as an attribute inference problem."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression

from sklearn_mid.benchmark._problems._attribute import AttributeProblem
from sklearn_mid.datasets import (
    fetch_adult,
    fetch_gss,
    fetch_iwpc,
    fetch_nhanes,
    fetch_steak,
    iwpc_weekly_dose,
    load_diabetes,
    load_fair,
)
from sklearn_mid.tree import MIDDecisionTreeClassifier

__all__ = ["adult", "diabetes", "fair", "gss", "iwpc", "nhanes", "steak"]

# Of the large tables the model gets the larger share.
_LARGE: dict[str, Any] = {"test_size": 0.2, "auxiliary_size": 0.2}
# Strengths are chosen on one half of the people, and judged on the other.
_CHOICE: dict[str, Any] = {"validation_size": 0.5, "n_attacked": 1500}


def _to_unit(column: pd.Series, bounds: tuple[float, float]) -> pd.Series:
    """A column mapped linearly, its bounds to -1 and 1."""
    low, high = bounds
    return 2 * (column - low) / (high - low) - 1


def diabetes(
    *, random_state: int, estimator: BaseEstimator | None = None
) -> AttributeProblem:
    """Disease progression in [-1, 1], sex to hide: linear models."""
    raw = load_diabetes()
    bunch = load_diabetes(one_hot=True)
    X, y = bunch.data, _to_unit(bunch.target, bunch.bounds.pop("target"))
    for column, bounds in bunch.bounds.items():
        X[column] = _to_unit(X[column], bounds)
    return AttributeProblem.split(
        X,
        y,
        secret=raw.data["sex"],
        random_state=random_state,
        sensitive_feature=bunch.groups["sex"],
        estimator=LinearRegression() if estimator is None else estimator,
        bounds=dict.fromkeys(bunch.bounds, (-1, 1)),
        **_CHOICE,
    )


def iwpc(
    *,
    random_state: int,
    sensitive: str = "vkorc1",
    estimator: BaseEstimator | None = None,
) -> AttributeProblem:
    """Warfarin dose in [-1, 1], a genotype to hide: linear models."""
    bunch = fetch_iwpc(one_hot=True)
    raw = fetch_iwpc()
    others = [name for name in bunch.sensitive_features if name != sensitive]
    return AttributeProblem.split(
        bunch.data,
        bunch.target,
        secret=raw.data[sensitive],
        random_state=random_state,
        sensitive_feature=bunch.groups[sensitive],
        other_sensitive=[bunch.groups[name] for name in others],
        estimator=LinearRegression() if estimator is None else estimator,
        units={"error in mg/week": iwpc_weekly_dose},
        bounds=bunch.bounds,
        **_CHOICE,
    )


def _survey(
    bunch: Any,
    random_state: int,
    estimator: BaseEstimator | None,
    sensitive: str | None = None,
    n_people: int | None = None,
    **shares: Any,
) -> AttributeProblem:
    """Raw categories, and by default the first sensitive column to hide: trees.

    Of a large table each split may take other `n_people`.
    """
    secret = sensitive or bunch.sensitive_features[0]
    order = np.random.RandomState(random_state).permutation(len(bunch.data))
    rows = np.sort(order[:n_people])
    data, target = bunch.data.iloc[rows], bunch.target.iloc[rows]
    return AttributeProblem.split(
        data,
        target,
        secret=data[secret],
        random_state=random_state,
        sensitive_feature=secret,
        estimator=MIDDecisionTreeClassifier(0.0) if estimator is None else estimator,
        bounds=bunch.get("bounds"),
        **_CHOICE,
        **shares,
    )


def fair(
    *, random_state: int, estimator: BaseEstimator | None = None
) -> AttributeProblem:
    """How a marriage is rated, affairs to hide: trees."""
    return _survey(load_fair(), random_state, estimator)


def gss(
    *,
    random_state: int,
    estimator: BaseEstimator | None = None,
    n_people: int | None = None,
) -> AttributeProblem:
    """How happy a marriage is, X-rated films to hide: trees."""
    return _survey(
        fetch_gss(subset="all"), random_state, estimator, n_people=n_people, **_LARGE
    )


def steak(
    *, random_state: int, estimator: BaseEstimator | None = None
) -> AttributeProblem:
    """How a steak is liked, infidelity to hide: trees that memorise."""
    return _survey(fetch_steak(), random_state, estimator)


def adult(
    *,
    random_state: int,
    estimator: BaseEstimator | None = None,
    n_people: int | None = None,
) -> AttributeProblem:
    """Income above 50,000 dollars, marital status to hide: trees."""
    return _survey(
        fetch_adult(subset="all"), random_state, estimator, n_people=n_people, **_LARGE
    )


def nhanes(
    *,
    random_state: int,
    sensitive: str = "Depressed",
    estimator: BaseEstimator | None = None,
) -> AttributeProblem:
    """Trouble sleeping, one of two secrets to hide: trees."""
    return _survey(fetch_nhanes(), random_state, estimator, sensitive)
