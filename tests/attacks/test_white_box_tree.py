"""What leaf sizes tell, by hand."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_mid.attacks import MAPAttack, WhiteBoxTreeAttack
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.release import MIDClassifier
from sklearn_mid.release._students import ProbabilityClassifier
from sklearn_mid.tree import MIDDecisionTreeClassifier
from sklearn_mid.utils._leaves import Leaves

# p(secret, known) of two binary columns that go together, and p(y = 1 | both).
COUNTS = np.array([[40, 10], [20, 30]])
SHARE = np.array([[0.8, 0.2], [0.3, 0.6]])


def records():
    ones = np.rint(COUNTS * SHARE).astype(int)
    cells = np.stack([COUNTS - ones, ones], axis=-1)
    rows = np.repeat(np.argwhere(cells >= 0), cells.ravel(), axis=0)
    return rows[:, :2], rows[:, 2]


TREES = [
    DecisionTreeClassifier(),
    MIDDecisionTreeClassifier(),
    MIDDecisionTreeClassifier(categorical_features=[0, 1]),
    # Ensembles of one and the same tree are that tree.
    RandomForestClassifier(3, bootstrap=False, max_features=None),
    ExtraTreesClassifier(3, max_features=None),
    BaggingClassifier(DecisionTreeClassifier(), 2, bootstrap=False),
]


@pytest.mark.parametrize("tree", TREES)
def test_region_counts_give_the_exact_posterior_of_a_full_tree(tree):
    X, y = records()
    attack = WhiteBoxTreeAttack(tree.fit(X, y), 0).fit(X, y)
    proba = attack.infer_proba(X, y)
    # One more record per cell, with the prior's share: 50 known 0 in 100 + 1 ...
    known = COUNTS.sum(axis=0)
    size = (COUNTS + 0.5) / (known + 1)
    for s_k_y in np.argwhere(np.ones((2, 2, 2))):
        _, k, label = s_k_y
        weight = size[:, k] * np.where(label, SHARE[:, k], 1 - SHARE[:, k])
        row = np.flatnonzero((X[:, 1] == k) & (y == label))[0]
        assert_allclose(proba[row], weight / weight.sum())


@pytest.mark.parametrize("inner", [DecisionTreeRegressor(), RandomForestRegressor(2)])
def test_trees_fitted_on_probabilities_hold_what_their_rows_weigh(inner):
    X, y = records()
    # A row for each cell, with the weight of all in it and its share of y = 1.
    cells = np.argwhere(COUNTS > 0)
    if hasattr(inner, "bootstrap"):
        inner.set_params(bootstrap=False)
    model = ProbabilityClassifier(inner).fit_proba(
        cells,
        np.stack([1 - SHARE, SHARE], axis=-1).reshape(4, 2),
        np.arange(2),
        sample_weight=COUNTS.ravel(),
    )
    soft = WhiteBoxTreeAttack(model, 0).fit(X, y)
    hard = WhiteBoxTreeAttack(DecisionTreeClassifier().fit(X, y), 0).fit(X, y)
    assert_allclose(soft.infer_proba(X, y), hard.infer_proba(X, y))


def test_the_student_of_a_forest_holds_no_memory_of_secrets():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.integers(2, size=300)
    X[:, 0] = rng.integers(2, size=300)  # goes along with nothing
    forest = RandomForestClassifier(10, bootstrap=False, random_state=0)
    given = {"imputer": DummyClassifier(strategy="prior"), "cv": 3, "random_state": 0}
    student = MIDClassifier(forest, [0], 0, **given).fit(X, y)
    for model, low, high in ((forest.fit(X, y), 0.8, 1), (student, 0.4, 0.6)):
        read = WhiteBoxTreeAttack(model, 0, prior="uniform").fit(X, y).score(X, y)
        assert low < read < high


@pytest.mark.parametrize("tree", TREES)
def test_leaf_counts_as_fredrikson_weighs_them(tree):
    X, y = records()
    attack = WhiteBoxTreeAttack(tree.fit(X, y), 0, counts="leaf").fit(X, y)
    # Known 0: labels 1 and 0 by secret. Known 1: labels 0 and 1.
    for k, label, expected in ((0, 1, 0), (0, 0, 1), (1, 0, 0), (1, 1, 1)):
        proba = attack.infer_proba([[9, k]], [label])
        assert_array_equal(proba, [np.arange(2) == expected])


def test_leaf_counts_where_labels_agree():
    X, _ = records()
    y = X[:, 1] ^ (np.arange(100) % 10 == 0)  # labels do not tell of the secret
    # Deep enough to split on both columns.
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    attack = WhiteBoxTreeAttack(tree, 0, counts="leaf").fit(X, y)
    # prior(v) * n(v, k) / n(v) = n(v, k) / N, as both secrets have 50 records.
    assert_allclose(attack.infer_proba([[0, 0]], [0]), [[40 / 60, 20 / 60]])
    assert_allclose(attack.infer_proba([[0, 1]], [1]), [[10 / 40, 30 / 40]])


def test_a_branch_that_nobody_took_holds_nobody():
    # Known b has only secret x; y needs both columns.
    frame = pd.DataFrame(
        {"secret": list("xxyyzz" * 10 + "x" * 20), "known": ["a"] * 60 + ["b"] * 20}
    )
    y = (frame["secret"] == "x").to_numpy() ^ (np.arange(80) % 20 == 0)
    tree = MIDDecisionTreeClassifier().fit(frame, y)
    attack = WhiteBoxTreeAttack(tree, "secret").fit(frame, y)
    who = pd.DataFrame({"secret": ["z"], "known": ["b"]})
    for response in (True, False):
        assert attack.infer(who, [response])[0] in {"x", "y", "z"}
    assert_allclose(attack.infer_proba(who, [True]).sum(), 1)


def test_equals_map_where_the_secret_is_independent():
    X, y = records()
    both = np.vstack([X, [1, 0] - X * [1, -1]])  # each record, with either secret
    y = np.tile(y, 2)
    tree = DecisionTreeClassifier().fit(both, y)
    white = WhiteBoxTreeAttack(tree, 0).fit(both, y)
    black = MAPAttack(tree, 0).fit(both, y)
    assert_allclose(white.infer_proba(both, y), black.infer_proba(both, y))


def test_frozen_pipelines_and_one_hot_groups():
    X, y = records()
    plain = WhiteBoxTreeAttack(DecisionTreeClassifier().fit(X, y), 0).fit(X, y)
    expected = plain.infer_proba(X, y)
    frame = pd.DataFrame({"s": np.array(["a", "b"])[X[:, 0]], "k": X[:, 1]})
    steps = ColumnTransformer([("s", OneHotEncoder(), ["s"])], remainder="passthrough")
    model = FrozenEstimator(
        make_pipeline(steps, DecisionTreeClassifier()).fit(frame, y)
    )
    attack = WhiteBoxTreeAttack(model, "s").fit(frame, y)
    assert_allclose(attack.infer_proba(frame, y), expected)
    group = np.column_stack([np.eye(2)[X[:, 0]], X[:, 1]])
    tree = DecisionTreeClassifier().fit(group, y)
    assert_allclose(
        WhiteBoxTreeAttack(tree, [0, 1]).fit(group, y).infer_proba(group, y), expected
    )


@pytest.mark.parametrize("inner", [RandomForestClassifier(3), DecisionTreeClassifier()])
def test_columns_that_are_sparse_inside(inner):
    X, y = records()
    inner.set_params(random_state=0)
    dense, sparse = (
        make_pipeline(OneHotEncoder(sparse_output=s), clone(inner)).fit(X, y)
        for s in (False, True)
    )
    assert_array_equal(
        WhiteBoxTreeAttack(sparse, 0).fit(X, y).infer_proba(X, y),
        WhiteBoxTreeAttack(dense, 0).fit(X, y).infer_proba(X, y),
    )


def test_sees_more_than_the_outputs():
    X = np.repeat([[0, 0], [1, 0], [0, 1], [1, 1]], [90, 10, 10, 90], axis=0)
    y = np.arange(200) % 2
    tree = DecisionTreeClassifier().fit(X, y)
    assert MAPAttack(tree, 0).fit(X, y).score(X, y) == 0.5
    assert WhiteBoxTreeAttack(tree, 0).fit(X, y).score(X, y) == 0.9


@pytest.mark.parametrize(
    ("target", "match"),
    [
        (DecisionTreeRegressor(), "a classifier made of decision trees is needed"),
        (LogisticRegression(), "it has no leaf sizes: no fitted tree_ with apply"),
        (HistGradientBoostingClassifier(max_iter=1), "it has no leaf sizes"),
    ],
)
def test_other_targets_are_refused(target, match):
    X, y = records()
    with pytest.raises(UnsupportedTargetError, match=match):
        WhiteBoxTreeAttack(target.fit(X, y), 0).fit(X, y)


def crowd(n=2000):
    """People whose secret goes along with a known column; y depends on both."""
    rng = np.random.default_rng(0)
    known = rng.integers(2, size=n)
    secret = np.where(rng.random(n) < 0.9, known, 1 - known)
    y = (rng.random(n) < 0.3 + 0.2 * secret + 0.2 * known).astype(int)
    return np.column_stack([secret, known, rng.normal(size=n)]), y


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(20, random_state=0),
        ExtraTreesClassifier(20, random_state=0),
        BaggingClassifier(DecisionTreeClassifier(), 20, max_features=2, random_state=0),
        GradientBoostingClassifier(n_estimators=20, max_depth=5, random_state=0),
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=4), n_estimators=10),
    ],
)
def test_ensembles_hold_the_population_in_their_leaves(model):
    X, y = crowd()
    others, y_others = X[:1000], y[:1000]
    model.fit(X[1000:], y[1000:])
    white = WhiteBoxTreeAttack(model, 0).fit(others, y_others)
    black = MAPAttack(model, 0).fit(others, y_others)
    assert white.score(others, y_others) > black.score(others, y_others) + 0.05
    far = make_pipeline(FrozenEstimator(model))
    again = WhiteBoxTreeAttack(far, 0).fit(others, y_others)
    assert_array_equal(again.infer(others, y_others), white.infer(others, y_others))


def test_leaf_counts_need_leaves_with_labels():
    X, y = crowd()
    boosting = GradientBoostingClassifier(n_estimators=2).fit(X, y)
    with pytest.raises(UnsupportedTargetError, match="counts='region'"):
        WhiteBoxTreeAttack(boosting, 0, counts="leaf").fit(X, y)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_boosting_of_others_through_their_public_dumps(library):
    module = pytest.importorskip(library)
    X, y = crowd()
    if library == "lightgbm":
        model = module.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)
    else:
        model = module.XGBClassifier(n_estimators=5, n_jobs=1, base_score=0.5)
    leaves = Leaves(model.fit(X, y))
    first = np.bincount(leaves.apply(X)[:, 0], minlength=len(leaves.sizes[0]))
    share = leaves.sizes[0] / leaves.totals[0]
    assert_allclose(share, first / len(X), atol=1e-6)
    white = WhiteBoxTreeAttack(model, 0).fit(X, y).score(X, y)
    assert white > MAPAttack(model, 0).fit(X, y).score(X, y) + 0.05


def test_impossible_parameters():
    X, y = records()
    tree = DecisionTreeClassifier().fit(X, y)
    with pytest.raises(ValueError, match="counts"):
        WhiteBoxTreeAttack(tree, 0, counts="paths").fit(X, y)
    with pytest.raises(ValueError, match="prior"):
        WhiteBoxTreeAttack(tree, 0, prior=[1, 1]).fit(X, y)


def test_the_file_of_a_tree_that_answers_labels_holds_its_counts():
    rng = np.random.default_rng(0)
    X = rng.integers(3, size=(300, 3))
    y = rng.random(300) < 0.2 + 0.2 * X[:, 0]
    tree = MIDDecisionTreeClassifier(release="label").fit(X, y)
    by_labels = WhiteBoxTreeAttack(tree, 0).fit(X, y).infer_proba(X, y)
    tree.set_params(release="scores")
    by_scores = WhiteBoxTreeAttack(tree, 0).fit(X, y).infer_proba(X, y)
    assert_array_equal(by_labels, by_scores)
