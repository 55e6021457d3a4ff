"""Models fitted on soft targets: a distribution over classes for each row.

Three ways, the first that a model can go:

- the regressor twin, where one follows the same rule. A tree's Gini impurity is the
  variance of the class indicators, so a regression tree on probabilities is the
  classification tree for soft labels; averages over neighbours are linear. A network
  goes by log-odds;
- rows weighted by the probability of each class, which is exactly the expected loss;
- labels drawn by systematic sampling, for models that take no weights.
"""

import inspect

import numpy as np
import pandas as pd
from scipy.special import expit, logit, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    clone,
    is_regressor,
)
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
    ExtraTreeRegressor,
)
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

__all__ = ["ProbabilityClassifier", "fit_regressor_student", "fit_student", "take_rows"]

_TWINS = {
    DecisionTreeClassifier: (DecisionTreeRegressor, "identity"),
    ExtraTreeClassifier: (ExtraTreeRegressor, "identity"),
    RandomForestClassifier: (RandomForestRegressor, "identity"),
    ExtraTreesClassifier: (ExtraTreesRegressor, "identity"),
    KNeighborsClassifier: (KNeighborsRegressor, "identity"),
    MLPClassifier: (MLPRegressor, "logit"),
}
_LEAST_WEIGHT = 1e-3  # rows below, of a person's total of 1, are left out
_LOWEST = 1e-3  # probability that log-odds are taken of
_DRAWS = 4  # per person


class ProbabilityClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classifier whose probabilities a regressor predicts.

    Parameters
    ----------
    regressor : estimator object
        Fitted on the probability of the second of two classes, or on those of all of
        more.
    link : {"identity", "logit"}, default="identity"
        Whether it predicts probabilities (clipped, and scaled to a sum of 1) or
        log-odds.

    Attributes
    ----------
    regressor_ : estimator object
        The fitted regressor.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    """

    def __init__(self, regressor, link="identity"):
        self.regressor = regressor
        self.link = link

    def fit(self, X, y, sample_weight=None):
        """Fit on the indicators of labels."""
        classes, codes = np.unique(y, return_inverse=True)
        return self.fit_proba(X, np.eye(len(classes))[codes], classes, sample_weight)

    def fit_proba(self, X, proba, classes, sample_weight=None):
        """Fit on the probabilities of `classes`, of shape (n_samples, n_classes)."""
        targets = proba
        if self.link == "logit":
            targets = np.log(np.clip(proba, _LOWEST, 1))
            targets -= targets.mean(axis=1, keepdims=True)
        if proba.shape[1] == 2:
            targets = targets[:, 1] if self.link == "identity" else _logit(proba)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.regressor_ = clone(self.regressor).fit(X, targets, **weights)
        self.classes_ = classes
        return self

    def predict_proba(self, X):
        """Class probabilities, columns in the order of `classes_`."""
        check_is_fitted(self)
        found = np.asarray(self.regressor_.predict(X), dtype=float)
        if found.ndim == 1:
            second = np.clip(found, 0, 1) if self.link == "identity" else expit(found)
            return np.column_stack([1 - second, second])
        if self.link == "logit":
            return softmax(found, axis=1)
        found = np.clip(found, 0, None)
        total = found.sum(axis=1, keepdims=True)
        even = np.full_like(found, 1 / found.shape[1])
        return np.divide(found, total, out=even, where=total > 0)

    def predict(self, X):
        """The most probable class."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def _logit(proba):
    return logit(np.clip(proba[:, 1], _LOWEST, 1 - _LOWEST))


def _twin(model, n_classes):
    """The regressor that follows the classifier's rule, and the link; or None."""
    regressor, link = _TWINS.get(type(model), (None, None))
    if regressor is None:
        return None
    known = regressor().get_params(deep=False)
    given = {
        name: value
        for name, value in model.get_params(deep=False).items()
        if name in known and name not in ("criterion", "oob_score", "early_stopping")
    }
    # Gini sums the variances of the classes, a regression tree averages them.
    for name in {"ccp_alpha", "min_impurity_decrease"} & set(given):
        given[name] = given[name] / n_classes
    return ProbabilityClassifier(regressor(**given), link)


def _takes_weights(model):
    if has_fit_parameter(model, "sample_weight"):
        return True
    inner = getattr(model, "estimator", None)
    passes_on = any(
        p.kind is inspect.Parameter.VAR_KEYWORD
        for p in inspect.signature(model.fit).parameters.values()
    )
    return inner is not None and passes_on and _takes_weights(inner)


def fit_student(model, X, proba, classes, weights, rng):
    """A clone of `model`, or of its twin, fitted on class probabilities.

    Parameters
    ----------
    model : estimator object
        Classifier, or a regressor to be fitted on probabilities.
    X : DataFrame or ndarray of shape (n_rows, n_features)
        Rows.
    proba : ndarray of shape (n_rows, n_classes)
        Their targets.
    classes : ndarray of shape (n_classes,)
        Labels.
    weights : ndarray of shape (n_rows,)
        Weights of the rows.
    rng : RandomState
        Draws labels, where they must be drawn.

    Returns
    -------
    estimator object
        A fitted classifier.
    """
    model = clone(model)
    if isinstance(model, Pipeline) and len(model) > 1:
        labels = classes[proba.argmax(axis=1)]
        return _fit_last(
            model,
            X,
            labels,
            lambda last, Z: fit_student(last, Z, proba, classes, weights, rng),
        )
    if isinstance(model, VotingClassifier) and model.voting == "soft":
        return _fit_members(
            model,
            lambda member: fit_student(member, X, proba, classes, weights, rng),
            take_rows(X, np.zeros(len(classes), dtype=np.intp)),
            classes,
        )
    if is_regressor(model):
        model = ProbabilityClassifier(model)
    twin = _twin(model, len(classes)) or model
    if isinstance(twin, ProbabilityClassifier):
        kept = weights if has_fit_parameter(twin.regressor, "sample_weight") else None
        return twin.fit_proba(X, proba, classes, kept)
    if "class_weight" in model.get_params(deep=False):
        model.set_params(class_weight=None)  # the teachers had it: it is in `proba`
    cells = weights[:, None] * proba
    if _takes_weights(model):
        row, label = np.nonzero(cells > _LEAST_WEIGHT * weights.mean())
        if len(np.unique(label)) < 2:
            model = DummyClassifier(strategy="prior")
        return model.fit(
            take_rows(X, row), classes[label], sample_weight=cells[row, label]
        )
    drawn = _drawn(cells.ravel(), _DRAWS * int(np.ceil(weights.sum())), rng)
    row, label = np.divmod(drawn, len(classes))
    return model.fit(take_rows(X, row), classes[label])


def fit_regressor_student(model, X, targets, weights, rng):
    """A clone of the regressor `model`, fitted on targets of weighted rows."""
    model = clone(model)
    if isinstance(model, Pipeline) and len(model) > 1:
        return _fit_last(
            model,
            X,
            targets,
            lambda last, Z: fit_regressor_student(last, Z, targets, weights, rng),
        )
    if isinstance(model, VotingRegressor):
        return _fit_members(
            model,
            lambda member: fit_regressor_student(member, X, targets, weights, rng),
            take_rows(X, np.zeros(2, dtype=np.intp)),
            np.zeros(2),
        )
    if _takes_weights(model):
        return model.fit(X, targets, sample_weight=weights)
    row = _drawn(weights, _DRAWS * int(np.ceil(weights.sum())), rng)
    return model.fit(take_rows(X, row), targets[row])


def _fit_last(pipeline, X, y, fit):
    """Fit the transformers, and then the last step by `fit`."""
    before = pipeline[:-1]
    Z = before.fit_transform(X, y)
    name, last = pipeline.steps[-1]
    pipeline.steps = [*before.steps, (name, fit(last, Z))]
    return pipeline


def _fit_members(ensemble, fit, X, y):
    """Fit each member by `fit`; the ensemble itself is shown a row for each of `y`."""
    members = [
        (name, member if member == "drop" else FrozenEstimator(fit(member)))
        for name, member in ensemble.estimators
    ]
    return ensemble.set_params(estimators=members).fit(X, y)


def _drawn(mass, n_draws, rng):
    """Indices by systematic sampling: each is drawn as often as its share, +-1."""
    reach = np.cumsum(mass)
    points = (np.arange(n_draws) + rng.uniform()) * (reach[-1] / n_draws)
    return np.searchsorted(reach, points, side="right").clip(max=len(mass) - 1)


def take_rows(X, rows):
    """Rows of a DataFrame or an array: positions, a slice or a mask."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
