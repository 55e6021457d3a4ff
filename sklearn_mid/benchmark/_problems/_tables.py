"""Tables of the suites, each as an attribute inference problem.

Bounds of numeric columns are those of the questionnaires and of medicine, rounded
outwards: defences that need bounds must not take them from the records.
"""

import pandas as pd

from sklearn_mid.benchmark._problems._attribute import AttributeProblem

__all__ = ["DATASETS"]


_DIABETES = {
    "age": (15, 85),
    "bmi": (15, 45),
    "bp": (60, 140),
    "total_cholesterol": (90, 310),
    "ldl": (40, 250),
    "hdl": (20, 100),
    "cholesterol_ratio": (1.5, 10),
    "log_triglycerides": (3, 6.5),
    "glucose": (50, 130),
}
_PROGRESSION = (25, 346)


def _to_unit(column, bounds):
    """A column mapped linearly, its bounds to -1 and 1."""
    low, high = bounds
    return 2 * (column - low) / (high - low) - 1


def diabetes(*, random_state):
    """Disease progression in [-1, 1], sex to hide: linear models."""
    from sklearn_mid.datasets import load_diabetes

    bunch = load_diabetes()
    X = pd.get_dummies(bunch.data, columns=["sex"], dtype=float)
    for column, bounds in _DIABETES.items():
        X[column] = _to_unit(X[column], bounds)
    secret_columns = [column for column in X if column.startswith("sex_")]
    return AttributeProblem.split(
        X,
        _to_unit(bunch.target, _PROGRESSION),
        secret=bunch.data["sex"],
        random_state=random_state,
        sensitive_feature=secret_columns,
        family="linear",
        is_regression=True,
        bounds=dict.fromkeys(_DIABETES, (-1, 1)),
    )


def iwpc(*, random_state, sensitive="vkorc1"):
    """Warfarin dose in [-1, 1], a genotype to hide: linear models."""
    from sklearn_mid.datasets import fetch_iwpc, iwpc_weekly_dose

    bunch = fetch_iwpc(one_hot=True)
    labels = fetch_iwpc().data[sensitive]
    groups = bunch.groups
    others = [groups[name] for name in bunch.sensitive_features if name != sensitive]
    return AttributeProblem.split(
        bunch.data,
        bunch.target,
        secret=labels,
        random_state=random_state,
        sensitive_feature=groups[sensitive],
        other_sensitive=others,
        family="linear",
        is_regression=True,
        units={"error in mg/week": iwpc_weekly_dose},
        bounds={"age": (-4, 3), "height": (-5, 5), "weight": (-4, 8)},
    )


# Of the large tables the model gets the larger share.
_LARGE = {"test_size": 0.2, "auxiliary_size": 0.2}


def _tree_problem(bunch, random_state, **others):
    secret = bunch.sensitive_features[0]
    return AttributeProblem.split(
        bunch.data,
        bunch.target,
        secret=bunch.data[secret],
        random_state=random_state,
        sensitive_feature=secret,
        family="tree",
        is_regression=False,
        **others,
    )


def fair(*, random_state):
    """How a marriage is rated, affairs to hide: trees."""
    from sklearn_mid.datasets import load_fair

    bounds = {
        "age": (17, 60),
        "yrs_married": (0, 40),
        "children": (0, 6),
        "religious": (1, 4),
        "educ": (9, 20),
    }
    return _tree_problem(load_fair(), random_state, bounds=bounds)


def gss(*, random_state):
    """How happy a marriage is, X-rated films to hide: trees."""
    from sklearn_mid.datasets import fetch_gss

    bounds = {"year": (1972, 2020), "childs": (0, 9), "age": (18, 99), "educ": (0, 99)}
    return _tree_problem(fetch_gss(subset="all"), random_state, bounds=bounds, **_LARGE)


def steak(*, random_state):
    """How a steak is liked, infidelity to hide: trees that memorise."""
    from sklearn_mid.datasets import fetch_steak

    return _tree_problem(fetch_steak(), random_state)


def adult(*, random_state):
    """Income above 50,000 dollars, marital status to hide: trees."""
    from sklearn_mid.datasets import fetch_adult

    bounds = {
        "fnlwgt": (0, 1_500_000),
        "capitalgain": (0, 100_000),
        "capitalloss": (0, 5_000),
        "hoursperweek": (0, 99),
    }
    return _tree_problem(
        fetch_adult(subset="all"), random_state, bounds=bounds, **_LARGE
    )


DATASETS = {
    "diabetes": diabetes,
    "iwpc": iwpc,
    "fair": fair,
    "gss": gss,
    "steak": steak,
    "adult": adult,
}
