"""Scores for a grid search: what an attack learns from each candidate."""

import inspect
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state, indexable

from sklearn_mid.utils._features import resolve_columns
from sklearn_mid.utils._frames import as_pandas
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._validation import (
    as_column,
    as_rows,
    check_parameters,
    factorize,
)

__all__ = ["make_attack_scorer"]

# Of the positions of values, which any labels have.
_METRICS = {
    "accuracy": metrics.accuracy_score,
    # Recall over the values that occur; balanced_accuracy_score warns of the others.
    "balanced_accuracy": lambda truth, inferred: metrics.recall_score(
        truth, inferred, labels=np.unique(truth), average="macro", zero_division=0
    ),
    "f1": lambda truth, inferred: metrics.f1_score(
        truth, inferred, average="macro", zero_division=0
    ),
    "mcc": metrics.matthews_corrcoef,
}

_CONSTRAINTS = {
    "baseline": [HasMethods(["fit", "infer", "get_params"]), None],
    "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
}


def _is_auxiliary(X, sensitive_feature, random_state):
    """Mask of about half of the rows, with every value of the secret among them."""
    feature_names = X.columns if isinstance(X, pd.DataFrame) else None
    if feature_names is None:
        X = check_array(X, dtype=None, ensure_all_finite=False, input_name="X")
    X = pd.DataFrame(X)
    columns = resolve_columns(
        sensitive_feature,
        n_features=X.shape[1],
        feature_names=feature_names,
        param="sensitive_feature",
    )
    shuffled = check_random_state(random_state).permutation(len(X))
    codes = [
        factorize(as_column(X.iloc[:, j], "sensitive_feature"))[0] for j in columns
    ]
    secret = pd.DataFrame(dict(enumerate(codes))).iloc[shuffled]
    by_value = secret.groupby(list(secret), sort=False)
    # The first of each value goes to the attacker, the second is scored, and so on.
    # Values of a continuous secret hardly recur, so plain turns are taken there.
    turn = by_value.cumcount().to_numpy()
    if by_value.ngroups > len(X) / 2:
        turn = np.arange(len(X))
    mask = np.empty(len(X), dtype=bool)
    mask[shuffled] = turn % 2 == 0
    return mask


def _true_values(attack, X):
    """Values of the secret, None where the attack does not know the value.

    Who holds a rare value counts as guessed wrong, and fails no search.
    """
    if "unknown" in inspect.signature(attack.sensitive_values).parameters:
        return attack.sensitive_values(X, unknown="none")
    return attack.sensitive_values(X)


def _rows(data, mask):
    return data.loc[mask] if hasattr(data, "loc") else np.asarray(data)[mask]


class _AttackScorer:
    """Callable ``(estimator, X, y) -> float``; see :func:`make_attack_scorer`."""

    def __init__(
        self, attack, metric, baseline, X_auxiliary, y_auxiliary, random_state
    ):
        self.attack = attack
        self.metric = metric
        self.baseline = baseline
        self.X_auxiliary = X_auxiliary
        self.y_auxiliary = y_auxiliary
        self.random_state = random_state

    def __repr__(self):
        return f"make_attack_scorer({self.attack!r}, metric={self.metric!r})"

    def __call__(self, estimator, X, y):
        X, y = indexable(as_rows(as_pandas(X), "X"), as_rows(y, "y"))
        attack = clone(self.attack).set_params(estimator=estimator)
        if self.X_auxiliary is None:
            half = _is_auxiliary(X, attack.sensitive_feature, self.random_state)
            X_auxiliary, y_auxiliary = _rows(X, half), _rows(y, half)
            X, y = _rows(X, ~half), _rows(y, ~half)
        else:
            X_auxiliary, y_auxiliary = self.X_auxiliary, self.y_auxiliary
        attack.fit(X_auxiliary, y_auxiliary)
        values = pd.Index(attack.values_)
        truth = values.get_indexer(_true_values(attack, X))
        inferred = values.get_indexer(attack.infer(X, attack.observe(X, y)))
        if self.metric != "advantage":
            return -float(_METRICS[self.metric](truth, inferred))
        if self.baseline is not None:
            baseline = clone(self.baseline).fit(X_auxiliary, y_auxiliary)
            guess = values.get_indexer(baseline.infer(X, y))
        else:
            known = values.get_indexer(attack.sensitive_values(X_auxiliary))
            guess = np.bincount(known).argmax()
        return -float(np.mean(inferred == truth) - np.mean(guess == truth))


def make_attack_scorer(
    attack: Any,
    *,
    metric: str = "advantage",
    baseline: Any = "auto",
    X_auxiliary: Any = None,
    y_auxiliary: Any = None,
    random_state: int = 0,
) -> Callable[[Any, Any, Any], float]:
    """Make a scorer of how little an attribute inference attack learns from a model.

    The scorer has the signature ``(estimator, X, y)`` that
    :class:`~sklearn.model_selection.GridSearchCV` and
    :func:`~sklearn.model_selection.cross_validate` call with every candidate, a whole
    pipeline too. It clones the attack, aims it at the candidate, lets it learn from
    auxiliary records and scores it on the rows that it is called with.

    **Scores are negated**: higher is better in model selection, and an attack that does
    well is bad. An advantage of 0.1 is the score -0.1.

    A search scores its validation folds. Call it with ``return_train_score=True`` to
    have the attack on the training folds, the candidate's own people, as well.

    Parameters
    ----------
    attack : attribute inference attack
        Any object with the parameters `estimator` and `sensitive_feature` and the
        methods ``fit``, ``infer`` and ``sensitive_values``, such as
        :class:`sklearn_mid.attacks.MAPAttack`. It is cloned; its `estimator` may be
        None.
    metric : {"advantage", "accuracy", "balanced_accuracy", "f1", "mcc"}, \
            default="advantage"
        What is measured (and negated). "advantage" is the accuracy minus that of the
        baseline; "f1" is averaged over values.
    baseline : {"auto"}, attack without a model or None, default="auto"
        What the advantage is measured from. ``"auto"`` is what the attack's
        ``baseline()`` returns: one who knows as much. None is the most frequent value
        of the auxiliary records, and is allowed for attacks that know no more than
        ``"marginals"``.
    X_auxiliary, y_auxiliary : array-like, default=None
        Records and responses that the attacker knows, which the search must not
        contain. None halves the rows that the scorer is called with: one half for the
        attacker to know, one to be scored, both with every value of the secret that
        occurs twice.
    random_state : int, default=0
        How the rows are halved; an int, so that all candidates are judged alike.

    Returns
    -------
    callable
        Scorer ``(estimator, X, y) -> float``, which can be pickled.

    Raises
    ------
    TypeError
        If the attack lacks a method or parameter.
    ValueError
        If the metric is unknown, a baseline is needed, or only one of `X_auxiliary` and
        `y_auxiliary` is given.

    See Also
    --------
    best_utility_under_advantage : Choose the best candidate that leaks little enough.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.datasets import make_linear_gaussian
    >>> from sklearn_mid.model_selection import make_attack_scorer
    >>> world = make_linear_gaussian(4000, secret_coef=2.0, random_state=0)
    >>> scorer = make_attack_scorer(MAPAttack(None, "secret"))
    >>> scores = cross_validate(
    ...     Ridge(), world.data, world.target, scoring={"neg_advantage": scorer}
    ... )
    >>> bool(scores["test_neg_advantage"].mean() < -0.3)
    True
    """
    lacks = [
        name
        for name in ("fit", "infer", "sensitive_values", "get_params", "set_params")
        if not hasattr(attack, name)
    ]
    if lacks:
        raise TypeError(
            f"attack={attack!r} has no {', no '.join(lacks)}; pass an attribute "
            "inference attack, such as sklearn_mid.attacks.MAPAttack."
        )
    missing = {"estimator", "sensitive_feature"} - set(attack.get_params(deep=False))
    if missing:
        raise TypeError(
            f"attack={attack!r} has no parameter {', '.join(sorted(missing))}; only an "
            "attack on a model can judge models."
        )
    allowed = ["advantage", *_METRICS]
    if not isinstance(metric, str) or metric not in allowed:
        raise ValueError(f"metric={metric!r} is unknown; choose one of {allowed}.")
    if isinstance(baseline, str) and baseline == "auto":
        baseline = attack.baseline() if hasattr(attack, "baseline") else None
    knowledge = getattr(attack, "knowledge", None)
    if metric == "advantage" and baseline is None and knowledge != "marginals":
        raise ValueError(
            f"baseline=None, but {type(attack).__name__} knows {knowledge!r}, which is "
            "more than the most frequent value of the secret. Pass the baseline that "
            "knows as much, such as sklearn_mid.attacks.ImputationBaseline."
        )
    check_parameters(
        "make_attack_scorer",
        _CONSTRAINTS,
        baseline=baseline,
        random_state=random_state,
    )
    if (X_auxiliary is None) != (y_auxiliary is None):
        raise ValueError("Pass both X_auxiliary and y_auxiliary, or neither.")
    return _AttackScorer(
        attack, metric, baseline, X_auxiliary, y_auxiliary, random_state
    )
