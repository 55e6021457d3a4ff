"""Tables of the suites, each as an attribute inference problem."""

import pandas as pd

from sklearn_mid.benchmark._problem import AttributeProblem

__all__ = ["DATASETS"]


def _numeric(data, secret):
    """One-hot columns instead of categories; also the secret's columns."""
    encoded = pd.get_dummies(data, dtype=float).astype(float)
    groups = {
        column: [c for c in encoded.columns if c.startswith(f"{column}_")] or column
        for column in data.columns
    }
    return encoded, groups[secret], groups


def _scaled(target):
    """The target mapped linearly to [-1, 1]."""
    low, high = target.min(), target.max()
    return 2 * (target - low) / (high - low) - 1


def diabetes(*, random_state):
    """Disease progression in [-1, 1], sex to hide: linear models."""
    from sklearn_mid.datasets import load_diabetes

    bunch = load_diabetes()
    X, secret_columns, _ = _numeric(bunch.data, "sex")
    numeric = [c for c in X.columns if c not in secret_columns]
    X[numeric] = (X[numeric] - X[numeric].mean()) / X[numeric].std()
    return AttributeProblem.split(
        X,
        _scaled(bunch.target),
        secret=bunch.data["sex"],
        random_state=random_state,
        sensitive_feature=secret_columns,
        family="linear",
        is_regression=True,
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

    return _tree_problem(load_fair(), random_state)


def gss(*, random_state):
    """How happy a marriage is, X-rated films to hide: trees."""
    from sklearn_mid.datasets import fetch_gss

    return _tree_problem(fetch_gss(subset="all"), random_state, **_LARGE)


def steak(*, random_state):
    """How a steak is liked, infidelity to hide: trees that memorise."""
    from sklearn_mid.datasets import fetch_steak

    return _tree_problem(fetch_steak(), random_state)


def adult(*, random_state):
    """Income above 50,000 dollars, marital status to hide: trees."""
    from sklearn_mid.datasets import fetch_adult

    return _tree_problem(fetch_adult(subset="all"), random_state, **_LARGE)


DATASETS = {
    "diabetes": diabetes,
    "iwpc": iwpc,
    "fair": fair,
    "gss": gss,
    "steak": steak,
    "adult": adult,
}
