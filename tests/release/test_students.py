"""Students: twins, weighted rows, draws, and every kind of inner model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.release import MIDClassifier, MIDRegressor
from sklearn_mid.release._distillation import cross_fit
from sklearn_mid.release._secrets import Secrets
from sklearn_mid.release._students import _drawn, _twin, fit_student
from sklearn_mid.tree import MIDDecisionTreeClassifier

QUICK = {"imputer": DecisionTreeClassifier(max_depth=2), "cv": 3, "random_state": 0}


def rng():
    return np.random.RandomState(0)


# The three ways ----------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("params", [{"max_depth": 4}, {"ccp_alpha": 0.01}])
def test_twin_of_a_tree_is_the_tree_on_hard_labels(numbers, n_classes, params):
    X, dose, _ = numbers
    y = np.digitize(dose, np.quantile(dose, np.arange(1, n_classes) / n_classes))
    tree = DecisionTreeClassifier(min_impurity_decrease=0.005, random_state=0, **params)
    twin = _twin(tree, n_classes).fit(X, y)
    assert_allclose(twin.predict_proba(X), tree.fit(X, y).predict_proba(X), atol=1e-9)


def test_weighted_rows_are_the_expected_loss(numbers):
    X, _, _ = numbers
    proba = np.random.default_rng(0).dirichlet([2, 3], size=len(X))
    inner = LogisticRegression(C=1e6, tol=1e-10, max_iter=1000)
    student = fit_student(inner, X, proba, np.array(["a", "b"]), np.ones(len(X)), rng())
    error = student.predict_proba(X) - proba
    assert_allclose(X.T @ error, 0, atol=1e-2)
    assert_allclose(error.sum(axis=0), 0, atol=1e-2)


def test_class_weights_are_not_paid_twice(numbers):
    X, _, _ = numbers
    proba = np.tile([0.8, 0.2], (len(X), 1))
    inner = LogisticRegression(class_weight="balanced")
    student = fit_student(inner, X, proba, np.arange(2), np.ones(len(X)), rng())
    assert_allclose(student.predict_proba(X), proba, atol=1e-4)


def test_systematic_draws():
    mass = np.array([1.0, 3.0, 0.0, 4.0])
    assert_array_equal(np.bincount(_drawn(mass, 800, rng())), [100, 300, 0, 400])


def test_drawn_labels_for_models_without_weights(numbers):
    X, _, y = numbers
    proba = np.column_stack([1 - y, y]).astype(float)
    student = fit_student(
        LinearDiscriminantAnalysis(), X, proba, np.arange(2), np.ones(len(X)), rng()
    )
    plain = LinearDiscriminantAnalysis().fit(X, y)
    assert_allclose(student.predict_proba(X), plain.predict_proba(X), atol=0.02)


def test_supervised_steps_see_labels(numbers):
    X, _, y = numbers
    encode = make_column_transformer((OneHotEncoder(), [2]), remainder="passthrough")
    pipe = make_pipeline(encode, StandardScaler(), RandomForestClassifier(5))
    model = MIDClassifier(pipe, [2], **QUICK).fit(X, y)
    assert [name for name, _ in model.estimator_.steps] == [n for n, _ in pipe.steps]
    assert model.score(X, y) > 0.6


# Any model ---------------------------------------------------------------------------

CLASSIFIERS = {
    "forest": RandomForestClassifier(20),
    "extra trees": ExtraTreesClassifier(20),
    "boosting": GradientBoostingClassifier(n_estimators=10),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=10),
    "one-hot pipeline": make_pipeline(
        make_column_transformer((OneHotEncoder(), [2]), remainder="passthrough"),
        LogisticRegression(),
    ),
    "vote": VotingClassifier(
        [("a", LogisticRegression()), ("b", RandomForestClassifier(10))], voting="soft"
    ),
    "neighbours": KNeighborsClassifier(9),
    "naive Bayes": GaussianNB(),
    "perceptron": MLPClassifier((8,), solver="lbfgs", max_iter=2000, alpha=1),
    "our tree": MIDDecisionTreeClassifier(0.02),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_any_classifier(numbers, name):
    X, dose, _ = numbers
    y = np.where(dose > np.median(dose), "high", "low")
    inner = CLASSIFIERS[name]
    model = MIDClassifier(inner, [2], 0.05, **QUICK).fit(X, y)
    assert_array_equal(model.classes_, ["high", "low"])
    assert_array_equal(model.estimator_.classes_, model.classes_)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)
    assert model.score(X, y) > 0.7
    assert type(model.estimator.fit(X, y)) is type(inner)  # the estimator can be reused


def test_our_net(numbers):
    nets = pytest.importorskip("sklearn_mid.neural_network")
    pytest.importorskip("torch")
    X, _, y = numbers
    net = nets.MIDNeuralNetClassifier(hidden_layer_sizes=(4,), max_epochs=2)
    model = MIDClassifier(net, [2], 0.05, **{**QUICK, "cv": 2}).fit(X, y)
    assert model.predict_proba(X).shape == (len(X), 2)


@pytest.mark.parametrize(
    ("module", "name"), [("xgboost", "XGBClassifier"), ("lightgbm", "LGBMClassifier")]
)
def test_other_boosting(numbers, module, name):
    kind = getattr(pytest.importorskip(module), name)
    X, _, y = numbers
    model = MIDClassifier(kind(n_estimators=10), [2], 0.05, **QUICK).fit(X, y)
    assert model.score(X, y) > 0.7


@pytest.mark.parametrize(
    "inner",
    [
        RandomForestRegressor(10),
        HistGradientBoostingRegressor(max_iter=40),
        KNeighborsRegressor(5),
        VotingRegressor([("a", LinearRegression()), ("b", RandomForestRegressor(5))]),
        make_pipeline(StandardScaler(), LinearRegression()),
    ],
)
def test_any_regressor(numbers, inner):
    X, dose, _ = numbers
    model = MIDRegressor(inner, [2], 0.05, **QUICK).fit(X, dose)
    assert model.score(X, dose) > 0.5
    assert 0.1 < model.residual_variance_ < 1.5


def test_student_of_another_kind(numbers):
    X, _, y = numbers
    inner = RandomForestClassifier(10)
    for student in (LogisticRegression(), LinearRegression()):
        model = MIDClassifier(inner, [2], student=student, **QUICK).fit(X, y)
        assert model.score(X, y) > 0.7


def test_distillation_forgets_the_own_response(numbers):
    """Labels of pure noise: members of a full tree are known by heart, students not."""
    X, _, _ = numbers
    y = np.random.default_rng(3).integers(2, size=len(X))
    tree = DecisionTreeClassifier(random_state=0)
    assert tree.fit(X, y).score(X, y) == 1
    for n_repeats in (1, 3):
        model = MIDClassifier(tree, [2], 0, n_repeats=n_repeats, **QUICK)
        assert model.fit(X, y).score(X, y) < 0.62


def test_partitions_are_averaged(numbers):
    X, dose, _ = numbers
    secrets, held = Secrets.from_records(X, [2], None, 50)
    folds = np.random.default_rng(0).integers(3, size=(2, len(X)))
    both, *single = [
        cross_fit(
            LinearRegression(),
            DecisionTreeClassifier(max_depth=2, random_state=0),
            *(X, dose, held, rows, secrets, None, {}, None, False),
        )
        for rows in (folds, folds[:1], folds[1:])
    ]
    for name in ("outputs", "prior"):
        mean = np.mean([getattr(one, name) for one in single], axis=0)
        assert_allclose(getattr(both, name), mean)
    own = both.outputs[np.arange(len(X)), held, 0]
    assert_allclose(both.squared_error, (dose - own) ** 2)
    assert len(both.teachers) == 6
