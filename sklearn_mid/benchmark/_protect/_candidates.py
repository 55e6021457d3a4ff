"""What is tried to protect a model: functions that wrap it, and at which strengths.

Each function takes a model that is not fitted and returns another. A suite names them
by their import path, so that every worker builds the same.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from sklearn.base import clone, is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_mid.benchmark._engine._spec import DefenceSpec, nearest
from sklearn_mid.defenses import ConfidenceRounding, LabelOnly, OmitFeature
from sklearn_mid.linear_model import MIDLinearRegression, MIDLogisticRegression
from sklearn_mid.release import MIDClassifier, MIDRegressor
from sklearn_mid.tree import MIDDecisionTreeClassifier

__all__ = ["AS_IT_IS", "FAMILIES", "OMIT", "candidates", "leaves_out"]

AS_IT_IS, OMIT = "as it is", "omit"
ROUNDING, LABEL, CHANNEL = "rounding", "label only", "release channel"
DISTILLATION, BOTH = "distillation", "distillation and channel"
LEAVES, DEPTH, MID = "larger leaves", "less depth", "MID model"
FAMILIES = (ROUNDING, LABEL, CHANNEL, DISTILLATION, BOTH, LEAVES, DEPTH, MID)

_DECIMALS = (4, 3, 2, 1)
# Nats of utility for a nat of the secret.
_LAMBDAS = (0.03, 0.1, 0.3, 1.0)
# Parameters that keep trees from remembering single people.
_LEAVES = (5, 20, 80)
_DEPTHS = (8, 5, 3)
_TREE_LEAF = 20


def as_it_is(estimator: Any) -> Any:
    """The model, undefended."""
    return estimator


def omit(estimator: Any, sensitive_features: list) -> Any:
    """The model without some columns."""
    return OmitFeature(estimator, sensitive_features=sensitive_features)


def rounding(estimator: Any, decimals: int) -> Any:
    """Probabilities of few decimals."""
    return ConfidenceRounding(estimator, step=10.0**-decimals)


def label_only(estimator: Any) -> Any:
    """No probabilities."""
    return LabelOnly(estimator)


def release(
    estimator: Any,
    sensitive_features: list,
    memory: Any,
    random_state: int,
    distill: bool,
    reg_lambda: float,
) -> Any:
    """Distillation, the release channel, or both."""
    kind = MIDRegressor if is_regressor(estimator) else MIDClassifier
    return kind(
        estimator,
        sensitive_features=sensitive_features,
        reg_lambda=reg_lambda,
        distill=distill,
        memory=memory if distill else None,
        random_state=random_state,
    )


def limited(
    estimator: Any,
    parameter: str,
    min_samples_leaf: int | None = None,
    max_depth: int | None = None,
) -> Any:
    """The model with another value for one of its parameters."""
    value = max_depth if min_samples_leaf is None else min_samples_leaf
    return clone(estimator).set_params(**{parameter: value})


def mid_tree(sensitive_features: list, reg_lambda: float) -> Any:
    """A tree whose splits on the secrets pay."""
    return MIDDecisionTreeClassifier(
        reg_lambda=reg_lambda,
        sensitive_features=sensitive_features,
        min_samples_leaf=_TREE_LEAF,
    )


def mid_linear(X: Any, sensitive_features: list, reg_lambda: float) -> Any:
    """A linear model that pays for its use of the secrets; categories one-hot."""
    columns, secrets = _one_hot(X, sensitive_features)
    return make_pipeline(
        columns, MIDLinearRegression(reg_lambda, sensitive_features=secrets)
    )


def mid_logistic(X: Any, sensitive_features: list, reg_lambda: float) -> Any:
    """A logistic regression that pays for its use of the secrets."""
    columns, secrets = _one_hot(X, sensitive_features)
    return make_pipeline(
        columns, MIDLogisticRegression(reg_lambda, sensitive_features=secrets)
    )


def _one_hot(X: Any, sensitive_features: list) -> tuple[ColumnTransformer, list]:
    """Columns as numbers, the secrets first; and where they then are."""
    groups = [s if isinstance(s, list) else [s] for s in sensitive_features]
    columns = list(X.columns) if isinstance(X, pd.DataFrame) else range(X.shape[1])
    nominal = set(_nominal(X))
    steps, places, n_before = [], [], 0
    for number, group in enumerate(groups):
        step: Any = "passthrough"
        width = len(group)
        if len(group) == 1 and group[0] in nominal:
            values = sorted(X[group[0]].dropna().unique().tolist())
            step = OneHotEncoder(
                categories=[values], handle_unknown="ignore", sparse_output=False
            )
            width = len(values)
        steps.append((f"secret{number}", step, group))
        places.append(list(range(n_before, n_before + width)))
        n_before += width
    taken = {column for group in groups for column in group}
    rest = [c for c in columns if c not in taken]
    numbers = [c for c in rest if c not in nominal]
    texts = [c for c in rest if c in nominal]
    if numbers:
        steps.append(
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers)
        )
    if texts:
        encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        steps.append(("texts", encoder, texts))
    single = [p if len(p) > 1 else p[0] for p in places]
    return ColumnTransformer(steps), single


def _nominal(X: Any) -> list:
    if not isinstance(X, pd.DataFrame):
        return []
    return list(X.select_dtypes(exclude="number").columns)


def candidates(
    estimator: Any, X: Any, secrets: list, only: Sequence[str] | None = None
) -> tuple[DefenceSpec, ...]:
    """What is tried on a model.

    Parameters
    ----------
    estimator : estimator
    X : {DataFrame, ndarray}
        The people.
    secrets : list
        Each a column, or a list of columns.
    only : list of str, default=None
        Some of `FAMILIES`; by default all that fit.

    Returns
    -------
    tuple of DefenceSpec
        "as it is" first, then "omit".
    """
    for name in () if only is None else only:
        if name not in FAMILIES:
            raise ValueError(f"only names {name!r}{nearest(name, FAMILIES)}")
    chosen = FAMILIES if only is None else only
    given = {"sensitive_features": "@secrets"}
    found = [_spec(AS_IT_IS, as_it_is), _spec(OMIT, omit, given)]
    if len(secrets) > 1:
        found += [
            _spec(_alone(secret), omit, {"sensitive_features": [secret]})
            for secret in secrets
        ]
    regression = is_regressor(estimator)
    has_proba = hasattr(estimator, "predict_proba")
    strengths = "reg_lambda", _LAMBDAS
    ways = {LEAVES: _limits(estimator, LEAVES), DEPTH: _limits(estimator, DEPTH)}
    if has_proba:
        ways[ROUNDING] = [_spec(ROUNDING, rounding, {}, "decimals", _DECIMALS)]
    if not regression:
        ways[LABEL] = [_spec(LABEL, label_only)]
    if regression or has_proba:
        distilled = {**given, "distill": True}
        ways[CHANNEL] = [
            _spec(CHANNEL, release, {**given, "distill": False}, *strengths)
        ]
        ways[DISTILLATION] = [
            _spec(DISTILLATION, release, {**distilled, "reg_lambda": 0.0})
        ]
        ways[BOTH] = [_spec(BOTH, release, distilled, *strengths)]
    if regression:
        ways[MID] = [_spec("MID linear regression", mid_linear, given, *strengths)]
    else:
        ways[MID] = [
            _spec("MID tree", mid_tree, given, *strengths),
            _spec("MID logistic regression", mid_logistic, given, *strengths),
        ]
    return (*found, *(spec for name in chosen for spec in ways.get(name, ())))


def leaves_out(candidate: str, secret: str) -> bool:
    """Whether a candidate of this name is trained without a secret."""
    return candidate in (OMIT, _alone(secret))


def _alone(secret: Any) -> str:
    return f"{OMIT} {secret} alone"


def _spec(
    name: str,
    make: Callable,
    params: dict | None = None,
    parameter: str = "",
    strengths: tuple = (),
) -> DefenceSpec:
    use = f"{__name__}:{make.__name__}"
    return DefenceSpec(name, use, params or {}, parameter, strengths)


def _limits(estimator: Any, family: str) -> list[DefenceSpec]:
    """Larger leaves, or less depth, where the model, or a step of it, has them."""
    wanted = {LEAVES: "min_samples_leaf", DEPTH: "max_depth"}[family]
    found = []
    for parameter, value in sorted(estimator.get_params().items()):
        *where, name = parameter.split("__")
        if name != wanted or not (value is None or isinstance(value, int)):
            continue
        strengths = (
            tuple(v for v in _LEAVES if value is None or v > value)
            if family == LEAVES
            else tuple(v for v in _DEPTHS if value is None or v < value)
        )
        if strengths:
            title = f"{family} ({'__'.join(where)})" if where else family
            given = {"parameter": parameter}
            found.append(_spec(title, limited, given, name, strengths))
    return found
