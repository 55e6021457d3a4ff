"""The same attack on the same model, wherever the model stands."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    LearnedAttack,
    MAPAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.defenses import ConfidenceNoise, ConfidenceRounding, OmitFeature
from sklearn_mid.exceptions import UnsupportedTargetError

rng = np.random.default_rng(0)
X = rng.integers(3, size=(300, 3)).astype(float)
Y = np.where(rng.random(300) < 0.1 + 0.2 * X[:, 0] + 0.2 * X[:, 1], "yes", "no")
TREE = DecisionTreeClassifier(random_state=0)

CONTAINERS = {
    "plain": lambda model: model,
    "frozen": lambda model: FrozenEstimator(clone(model).fit(X, Y)),
    "pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "wrapper": lambda model: ConfidenceNoise(model, scale=0.0),
    "search": lambda model: GridSearchCV(model, {}, cv=2),
}
# A frozen model takes records as they are, and scikit-learn searches over none.
IMPOSSIBLE = {("pipeline", "frozen"), ("search", "frozen")}
NESTINGS = [(a, b) for a in CONTAINERS for b in CONTAINERS if (a, b) not in IMPOSSIBLE]
ATTACKS = [
    MAPAttack(None, 1),
    WhiteBoxTreeAttack(None, 1),
    LearnedAttack(None, 1, classifier=DecisionTreeClassifier(max_depth=4)),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: type(attack).__name__)
def test_a_tree_is_read_alike_wherever_it_stands(attack):
    def read(model):
        attack.set_params(estimator=model.fit(X, Y))
        return attack.fit(X, Y).infer_proba(X, Y)

    expected = read(clone(TREE))
    for outer, inner in NESTINGS:
        model = CONTAINERS[outer](CONTAINERS[inner](clone(TREE)))
        assert_allclose(read(model), expected, atol=1e-9, err_msg=f"{outer}({inner})")


@pytest.mark.parametrize("inner", [OmitFeature(TREE, [1]), None])
def test_a_secret_that_is_dropped_on_the_way_is_said_to_be(inner):
    target = inner or make_pipeline(SelectKBest(k=2), TREE)
    secret = 1 if inner else 2  # the column that tells least
    attack = WhiteBoxTreeAttack(target.fit(X, Y), secret)
    with pytest.raises(UnsupportedTargetError, match="is dropped before it comes to"):
        attack.fit(X, Y)
    # Another attribute that does arrive is read.
    found = WhiteBoxTreeAttack(target, 0).fit(X, Y).infer_proba(X, Y)
    assert found.std() > 0.05


@pytest.mark.parametrize(
    "model", [LogisticRegression(), MLPClassifier((5,), max_iter=20, random_state=0)]
)
@pytest.mark.parametrize(
    "steps", [[StandardScaler()], [StandardScaler(), PCA(2)], [SelectKBest(k=2)]]
)
@pytest.mark.filterwarnings("ignore:.*iterations:UserWarning")
def test_gradients_pass_the_steps_of_a_pipeline(model, steps):
    target = make_pipeline(*steps, ConfidenceRounding(model, step=0.5)).fit(X / 2, Y)
    attack = GradientInversionAttack(target, gradient="exact").fit()
    adapter = attack._differentiable().prepare(3, (0, 1))
    inside = make_pipeline(*target[:-1], target[-1].estimator_)
    by_queries = GradientInversionAttack(inside, gradient="finite-difference").fit()
    column = np.arange(10) % 2
    for exact, difference in zip(
        adapter.confidence_and_gradient(X[:10] / 2, column),
        by_queries._differentiable().confidence_and_gradient(X[:10] / 2, column),
        strict=True,
    ):
        assert_allclose(exact, difference, atol=1e-5)


def test_gradients_do_not_pass_steps_that_are_not_affine():
    target = make_pipeline(QuantileTransformer(n_quantiles=9), LogisticRegression())
    target.fit(X / 2, Y)
    with pytest.raises(UnsupportedTargetError, match="are not affine"):
        GradientInversionAttack(target, gradient="exact").fit()
    found = GradientInversionAttack(target, max_iter=2).fit().reconstruct(["yes"])
    assert found.shape == (1, 3)


def test_a_generator_is_searched_for_what_a_pipeline_is_sure_of():
    pytest.importorskip("torch")
    images = rng.random((40, 16))
    labels = (images[:, 0] > 0.5).astype(int)
    target = make_pipeline(StandardScaler(), LogisticRegression()).fit(images, labels)
    attack = GenerativeInversionAttack(
        target, max_iter=2, search_iter=20, n_starts=2, random_state=0
    )
    found = attack.fit(images).reconstruct([0, 1])
    assert_array_equal(target.predict(found), [0, 1])


HOLD_TREES = {
    "AdaBoostClassifier",
    "BaggingClassifier",
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "FixedThresholdClassifier",
    "GradientBoostingClassifier",
    "OneVsRestClassifier",
    "RandomForestClassifier",
    "SelfTrainingClassifier",
    "StackingClassifier",
    "TunedThresholdClassifierCV",
}


def small_table_models():
    for kind in ("classifier", "regressor"):
        for name, make in all_estimators(type_filter=kind):
            yield pytest.param(kind, make, id=name)


def _made(kind, make):
    """An instance that trains in no time."""
    inner = {"classifier": TREE, "regressor": DecisionTreeRegressor()}[kind]
    taken = set(inspect.signature(make).parameters)
    given = {"estimator": clone(inner)} if "estimator" in taken else {}
    if "estimators" in taken:
        given["estimators"] = [("one", clone(inner)), ("other", clone(inner))]
    model = make(**given)
    cheap = {"n_estimators": 3, "max_iter": 30, "cv": 2}
    return model.set_params(**{k: v for k, v in cheap.items() if k in taken})


def _reason(attack, X, y):
    """Why the attack does not apply to its target; empty if it does."""
    try:
        if isinstance(attack, GradientInversionAttack):
            found = attack.fit(X).reconstruct(attack.classes_[:1])
            assert np.isfinite(found).all()
        else:
            assert set(attack.fit(X, y).infer(X, y)) <= {1, 2, 3}
    except UnsupportedTargetError as error:
        return str(error)
    return ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("kind", "make"), small_table_models())
def test_every_model_of_scikit_learn_is_attacked_or_refused(kind, make):
    few, y = X[:60] + 1, Y[:60].astype(object)
    if kind == "regressor":
        y = few[:, 1] + (y == "yes")
    try:
        model = _made(kind, make).fit(few, y)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        pytest.skip(f"does not train on a small table: {error}")
    for attack in ATTACKS:
        reason = _reason(clone(attack).set_params(estimator=model), few, y)
        if isinstance(attack, WhiteBoxTreeAttack):
            assert (not reason) == (make.__name__ in HOLD_TREES), reason
        else:
            assert not reason
    if kind == "classifier":
        attack = GradientInversionAttack(model, max_iter=2, bounds=(0, 4))
        reason = _reason(attack, few, y)
        assert (not reason) == hasattr(model, "predict_proba")
