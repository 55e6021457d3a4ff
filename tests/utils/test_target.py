"""What a model answers, and what is inside it."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import RFE
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.defenses import ConfidenceRounding, LabelOnly, OmitFeature
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._draws import geometric_mean
from sklearn_mid.utils._target import AskedOnce, Target

rng = np.random.default_rng(0)
X = rng.integers(3, size=(200, 3)).astype(float)
Y = np.where(rng.random(200) < 0.2 + 0.3 * X[:, 1], "yes", "no")
TREE = DecisionTreeClassifier(random_state=0)

CONTAINERS = {
    "Frozen": FrozenEstimator,
    "Pipeline": lambda model: make_pipeline(StandardScaler(), model),
    "rounding": ConfidenceRounding,
    "label only": LabelOnly,
    "search": lambda model: GridSearchCV(model, {}, cv=2),
    "omission": lambda model: OmitFeature(model, [0]),
    "selection": lambda model: RFE(model, n_features_to_select=2),
}


def look(model, **options):
    return Target(model, caller="look", **options)


# scikit-learn searches over no frozen models, and selects by importances, which only
# the tree itself has; labels cannot be rounded.
IMPOSSIBLE = {("search", "Frozen"), ("rounding", "label only")}
NESTINGS = [
    (outer, inner)
    for outer in CONTAINERS
    for inner in CONTAINERS
    if outer != "selection" and (outer, inner) not in IMPOSSIBLE
]


@pytest.mark.parametrize(("outer", "inner"), NESTINGS)
def test_the_tree_inside_takes_what_it_would_be_given(outer, inner):
    n_columns = 2 if (outer, inner) == ("omission", "Frozen") else X.shape[1]
    model = CONTAINERS[inner](clone(TREE).fit(X[:, -n_columns:], Y))
    if outer == "Frozen":
        model.fit(X, Y)
    model = CONTAINERS[outer](model).fit(X, Y)
    inside = look(model).inside("trees")
    assert isinstance(inside.estimator, DecisionTreeClassifier)
    assert len(inside.path) == 3
    released = model.predict(X)
    assert_array_equal(inside.estimator.predict(inside.carry(X)), released)


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(n_estimators=3),
        ExtraTreesClassifier(n_estimators=3),
        AdaBoostClassifier(n_estimators=3),
        BaggingClassifier(n_estimators=3),
    ],
)
def test_a_template_that_ensembles_clone_is_not_inside(model):
    for made in (model, make_pipeline(StandardScaler(), LabelOnly(model))):
        assert type(look(made.fit(X, Y)).inside("trees").estimator) is type(model)


def test_gradients_are_found_below_pipelines():
    model = make_pipeline(StandardScaler(), ConfidenceRounding(LogisticRegression()))
    inside = look(model.fit(X, Y)).inside("gradients")
    assert type(inside.estimator) is LogisticRegression
    assert_allclose(inside.carry(X).mean(axis=0), 0, atol=1e-12)


class Stochastic(ClassifierMixin, BaseEstimator):
    """Draws logits around the first column."""

    classes_ = np.array([0, 1])

    def __init__(self, noise=3.0):
        self.noise = noise

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return (X[:, 0] > 0).astype(int)

    def predict_proba(self, X):
        return self.sample_proba(X)[0]

    def sample_proba(self, X, *, n_samples=1, random_state=None):
        rng = np.random.default_rng(random_state)
        noise = self.noise * rng.normal(size=(n_samples, len(X)))
        first = 1 / (1 + np.exp(X[:, 0] + noise))
        return np.stack([first, 1 - first], axis=-1)


def test_draws_are_averaged_in_logits_wherever_they_are():
    for model in (Stochastic(), make_pipeline("passthrough", Stochastic())):
        target = look(model, n_queries=400, random_state=0)
        proba = target.outputs(X)
        logits = np.log(proba[:, 1] / proba[:, 0])
        assert_allclose((logits - X[:, 0]).std(), 3 / 20, rtol=0.15)
        assert_array_equal(target.outputs(X), proba)
        assert (target.outputs(X, stream=1) != proba).any()


def test_draws_without_logits_are_counted():
    labels = np.eye(2)[[[0, 1], [0, 0], [0, 0], [1, 0]]]
    assert_allclose(geometric_mean(labels), [[0.75, 0.25], [0.75, 0.25]])
    assert_allclose(geometric_mean(labels[:1] * 0.8 + 0.1), [[0.9, 0.1], [0.1, 0.9]])


def test_a_model_that_repeats_itself_is_asked_once():
    asked = []

    class Counted(LinearRegression):
        def predict(self, X):
            asked.append(len(X))
            return super().predict(X)

    target = look(Counted().fit(X, X[:, 0]))
    for _ in range(2):
        target.outputs(X)
    assert asked == [32, 32, 200, 200]  # few are asked twice, to see


def test_predictions_that_vary_are_averaged():
    class Varies(LinearRegression):
        def predict(self, X):
            return super().predict(X) + rng.normal(size=len(X))

    model = Varies().fit(X, X[:, 0])
    error = look(model, n_queries=100).outputs(X) - X[:, 0]
    assert_allclose(error.std(), 0.1, rtol=0.2)


def test_outputs_at_every_candidate():
    frame = pd.DataFrame(X, columns=list("abc"))
    candidates = Candidates.from_records(
        frame, "b", None, feature_names=np.array(list("abc"))
    )
    for model, release in ((TREE, None), (LabelOnly(TREE), None), (TREE, "labels")):
        model = model.fit(frame, Y)
        target = look(model, release=release)
        for value, found in zip(
            candidates.values, target.outputs_at(candidates, frame), strict=True
        ):
            records = frame.assign(b=value)
            if target.release == "confidences":
                assert_array_equal(found, model.predict_proba(records))
            else:
                assert_array_equal(target.classes[found], model.predict(records))


def test_what_cannot_be_looked_at_is_named():
    for model, match in (
        (StandardScaler().fit(X), "StandardScaler: it is neither"),
        (DecisionTreeClassifier().fit(X, np.c_[X, X]), "several responses at once"),
    ):
        with pytest.raises(UnsupportedTargetError, match=match):
            look(model)
    with pytest.raises(UnsupportedTargetError, match="a regressor, which releases no"):
        look(LinearRegression().fit(X, X[:, 0]), release="labels")
    with pytest.raises(UnsupportedTargetError, match="it has no gradients"):
        look(TREE.fit(X, Y)).inside("gradients")


class Counted(LinearRegression):
    def predict(self, X):
        asked.append(len(X))
        return super().predict(X)


asked: list = []


def test_what_was_answered_is_not_asked_again():
    candidates = Candidates.from_records(X, 1, None, feature_names=None)
    others = Candidates.from_records(X, 0, None, feature_names=None)
    model = Counted().fit(X, X[:, 0])
    expected = list(look(model).outputs_at(candidates, X))
    shared = AskedOnce(model)
    for _ in range(2):
        with shared:
            asked.clear()
            found = list(look(model).outputs_at(candidates, X))
            assert_array_equal(found, expected)
            answers = list(look(model).answers_at(candidates, X))
            assert_array_equal(answers, np.array(expected)[:, None])
    assert asked == [32] * 4  # to see whether it repeats itself
    asked.clear()
    with shared:
        list(look(model).outputs_at(others, X))
        list(look(model).outputs_at(candidates, X.copy()))
    assert asked.count(200) == 6
    asked.clear()
    list(look(model).outputs_at(candidates, X))
    assert asked.count(200) == 3  # outside of the context
    with AskedOnce(model, max_bytes=1000) as little:
        list(look(model).outputs_at(candidates, X))
        assert not little._known


def test_labels_of_many_people_are_read_from_their_confidences():
    asked = []

    class Unsure(DecisionTreeClassifier):
        """Says the last class as soon as it is thinkable."""

        def predict(self, X):
            asked.append(len(X))
            return self.classes_[(self.predict_proba(X)[:, 1] > self.least).astype(int)]

    X = np.tile(np.indices((3, 3)).reshape(2, -1).T, (1200, 1)).astype(float)
    y = np.random.default_rng(0).random(len(X)) < 0.2 + 0.2 * X.sum(axis=1)
    candidates = Candidates.from_records(X, 1, None, feature_names=None)
    model = Unsure().fit(X, y)
    for least, n_asked in ((0.5, 0), (0.3, 3)):
        model.least = least
        expected = list(look(model, release="labels").outputs_at(candidates, X))
        with AskedOnce(model):
            list(look(model).outputs_at(candidates, X))
            asked.clear()
            found = list(look(model, release="labels").outputs_at(candidates, X))
        assert_array_equal(found, expected)
        # Of all values, if the labels are no largest confidences.
        assert asked.count(len(X)) == n_asked


def test_labels_of_which_a_threshold_is_that_of_a_group_are_asked_for():
    class OfGroups(DecisionTreeClassifier):
        def predict(self, X):
            least = np.where(X[:, 1] == 1, 0.3, 0.5)
            return self.classes_[(self.predict_proba(X)[:, 1] > least).astype(int)]

    X = np.tile(np.indices((3, 3)).reshape(2, -1).T, (1200, 1)).astype(float)
    y = np.random.default_rng(0).random(len(X)) < 0.2 + 0.2 * X.sum(axis=1)
    candidates = Candidates.from_records(X, 1, None, feature_names=None)
    model = OfGroups().fit(X, y)
    expected = list(look(model, release="labels").outputs_at(candidates, X))
    with AskedOnce(model):
        list(look(model).outputs_at(candidates, X))
        found = list(look(model, release="labels").outputs_at(candidates, X))
    assert_array_equal(found, expected)


def test_draws_are_not_shared():
    candidates = Candidates.from_records(X, 1, None, feature_names=None)
    model = Stochastic()
    with AskedOnce(model):
        one, other = (
            list(look(model, random_state=seed).outputs_at(candidates, X))
            for seed in (0, 1)
        )
        assert (one[0] != other[0]).any()
    rng = np.random.default_rng(0)

    class Varies(LinearRegression):
        def predict(self, X):
            return rng.normal(size=len(X))

    model = Varies().fit(X, X[:, 0])
    with AskedOnce(model):
        one, other = (list(look(model).outputs_at(candidates, X)) for _ in "ab")
        assert (one[0] != other[0]).any()
