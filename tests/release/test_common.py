"""Scikit-learn's checks, and those of every defence."""

from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mid.release import MIDClassifier, MIDRegressor
from sklearn_mid.utils.estimator_checks import parametrize_with_defense_checks

QUICK = {"imputer": DecisionTreeClassifier(max_depth=2), "cv": 3}
MODELS = [
    MIDClassifier(LogisticRegression(), cv=3),
    MIDClassifier(LogisticRegression(), -1, 0.01, **QUICK),
    MIDClassifier(DecisionTreeClassifier(), -1, 0.01, distill=False, **QUICK),
    MIDRegressor(LinearRegression(), -1, 0.01, **QUICK),
    MIDRegressor(LinearRegression(), reg_lambda=0.01, distill=False, cv=3),
]


@parametrize_with_checks(MODELS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_defense_checks(MODELS)
def test_defense_checks(estimator, check):
    check(estimator)
