"""What suites need that is no part of the package: competitors, and an attacker's mind.

Competitors are what MID is tuned against; :class:`RememberedClassifier` is what an
attacker learned once and takes to every model of a split.
"""

from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sklearn_mid.benchmark._protocol import Skip
from sklearn_mid.defenses import DPDecisionTreeClassifier, OmitFeature

__all__ = ["RememberedClassifier", "limited", "private_tree_of_codes"]

# What was learned last, by what it was learned from.
_MEMORY: dict[str, Pipeline] = {}
_N_REMEMBERED = 4
# Records that decide between the attacker's two models.
_N_TRIAL = 3000
_MOST_CATEGORIES = 20


class RememberedClassifier(ClassifierMixin, BaseEstimator):
    """Boosting or logistic regression, whichever cross-validates better; fitted once.

    An attacker's prior does not depend on the model that is attacked. Attacks on all
    models of a split, which learn from the same records, share one fit.
    """

    def fit(self, X: Any, y: Any) -> "RememberedClassifier":
        """Learn, or remember."""
        X = np.asarray(X, dtype=float)
        key = joblib.hash((X, y))
        if key not in _MEMORY:
            while len(_MEMORY) >= _N_REMEMBERED:
                del _MEMORY[next(iter(_MEMORY))]
            _MEMORY[key] = _better_of_two(X, y)
        self.model_ = _MEMORY[key]
        self.classes_ = self.model_.classes_
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the values."""
        return self.model_.predict_proba(np.asarray(X, dtype=float))

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest value."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _better_of_two(X: np.ndarray, y: Any) -> Pipeline:
    is_code = [
        len(np.unique(column)) <= _MOST_CATEGORIES and (column == np.rint(column)).all()
        for column in X.T
    ]
    codes, numbers = np.flatnonzero(is_code), np.flatnonzero(~np.array(is_code))
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), codes), (StandardScaler(), numbers)
    )
    boosting = HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.08,
        max_leaf_nodes=12,
        early_stopping=False,
        random_state=0,
    )
    options = (
        make_pipeline(boosting),
        make_pipeline(columns, LogisticRegression(max_iter=1000)),
    )
    few = np.random.RandomState(0).permutation(len(y))[:_N_TRIAL]

    def worth(model: Pipeline) -> float:
        scores = cross_val_score(
            model, X[few], np.asarray(y)[few], scoring="neg_log_loss", cv=3
        )
        return float(np.nan_to_num(scores, nan=-np.inf).mean())

    return max(options, key=worth).fit(X, y)


def limited(
    estimator: BaseEstimator,
    sensitive_feature: Any,
    *,
    omit: bool = False,
    max_depth: int | None = None,
    min_samples_leaf: int | None = None,
) -> BaseEstimator:
    """The problem's own model with smaller trees, shown the secret or not."""
    limits = {"max_depth": max_depth, "min_samples_leaf": min_samples_leaf}
    for limit, value in limits.items():
        if value is None:
            continue
        names = [p for p in estimator.get_params() if p.split("__")[-1] == limit]
        if not names:
            raise Skip(f"{type(estimator).__name__} has no {limit}")
        estimator.set_params(**dict.fromkeys(names, value))
    return OmitFeature(estimator, [sensitive_feature]) if omit else estimator


def private_tree_of_codes(
    problem: Any,
    *,
    epsilon: float,
    max_depth: int = 3,
    n_bins: int = 10,
    random_state: int | None = None,
) -> BaseEstimator:
    """A private tree of category codes: a child per category spends less than one-hot.

    Categories and bounds are those of the questionnaire.
    """
    X = problem.X_train
    nominal = list(X.select_dtypes(exclude="number").columns)
    numeric = [column for column in X if column not in nominal]
    if not set(numeric) <= set(problem.bounds):
        raise Skip("there are columns of numbers without public bounds")
    categories = [list(X[column].cat.categories) for column in nominal]
    encoder = OrdinalEncoder(categories=categories)
    bounds = [(0, max(len(c) - 1, 1)) for c in categories]
    bounds += [problem.bounds[column] for column in numeric]
    low, high = np.transpose(bounds).astype(float)
    tree = DPDecisionTreeClassifier(
        epsilon,
        bounds=(low, high),
        n_bins=[*map(len, categories), *[n_bins] * len(numeric)],
        max_depth=max_depth,
        random_state=random_state,
    )
    columns = make_column_transformer((encoder, nominal), ("passthrough", numeric))
    return make_pipeline(columns, tree)
