"""The same attack on the same model, called by itself, by an audit, in a suite."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import MAPAttack, WhiteBoxTreeAttack
from sklearn_mid.benchmark import AttributeProblem
from sklearn_mid.benchmark._audit._attackers import attackers
from sklearn_mid.defenses import ConfidenceNoise

rng = np.random.default_rng(0)
X = pd.DataFrame(rng.integers(3, size=(400, 3)).astype(float), columns=list("abc"))
Y = pd.Series(
    np.where(rng.random(400) < 0.1 + 0.2 * X["a"] + 0.2 * X["b"], "yes", "no")
)
TREE = DecisionTreeClassifier(random_state=0)

CONTAINERS = {
    "plain": lambda model: model,
    "pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "wrapper": lambda model: ConfidenceNoise(model, scale=0.0),
    "search": lambda model: GridSearchCV(model, {}, cv=2),
}
NESTINGS = [(outer, inner) for outer in CONTAINERS for inner in CONTAINERS]


@pytest.fixture(scope="module")
def problem():
    return AttributeProblem.split(
        X, Y, secret=X["b"], sensitive_feature="b", estimator=TREE, random_state=0
    )


@pytest.fixture(scope="module")
def expected(problem):
    """Of each attack on the plain tree, called by itself."""
    target = clone(TREE).fit(problem.X_train, problem.y_train)
    return {
        name: kind(target, "b")
        .fit(problem.X_aux, problem.y_aux)
        .score(problem.X_test, problem.y_test)
        for name, kind in ATTACKS.items()
    }


ATTACKS = {"MAP": MAPAttack, "white-box counts": WhiteBoxTreeAttack}


@pytest.mark.parametrize(("outer", "inner"), [*NESTINGS, ("frozen", "plain")])
def test_one_answer_whoever_calls(problem, expected, outer, inner):
    model = CONTAINERS[inner](clone(TREE))
    model = CONTAINERS[outer](model) if outer in CONTAINERS else model
    target = model.fit(problem.X_train, problem.y_train)
    target = FrozenEstimator(target) if outer == "frozen" else target
    in_audit, _ = attackers(target, "b", decimals=None, seed=0)
    for name, kind in ATTACKS.items():
        judged = problem.judge(kind(target, "b"), target).values
        in_suite = {(p, m): v for p, m, v in judged}["held-out", "accuracy"]
        by_audit = in_audit[name].fit(problem.X_aux, problem.y_aux)
        assert in_suite == expected[name]
        assert by_audit.score(problem.X_test, problem.y_test) == expected[name]
