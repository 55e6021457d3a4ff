import weakref

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import entr
from sklearn.base import clone
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.tree import MIDDecisionTreeClassifier
from sklearn_mid.tree._columns import ColumnPool

LAMBDAS = [0, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8, np.inf]


def mixed_data(seed, n=300, n_values=4):
    """Two nominal and two numeric columns with gaps; y depends on three of them."""
    rng = np.random.default_rng(seed)
    nominal = rng.integers(0, n_values, (n, 2)).astype(float)
    numeric = rng.integers(0, 9, (n, 2)) / 2
    X = np.c_[nominal, numeric]
    X[rng.random(X.shape) < 0.08] = np.nan
    score = np.nansum([X[:, 0] == 1, X[:, 2] > 2, X[:, 1] / 3], axis=0)
    y = (score + rng.normal(size=n) > 1.3).astype(int) + (rng.random(n) < 0.1)
    return X, y


def nominal_model(*args, **kwargs):
    return MIDDecisionTreeClassifier(*args, categorical_features=[0, 1], **kwargs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("reg_lambda", "sensitive", "limits"),
    [
        (0, None, {}),
        (0.02, None, {}),
        (0.1, None, {}),
        (0.1, [0], {}),
        (0.3, [[1, 2]], {}),
        (0, None, {"max_depth": 2}),
        (0.01, None, {"min_samples_leaf": 5}),
    ],
)
def test_equals_plain_id3(plain_id3, seed, reg_lambda, sensitive, limits):
    X, y = mixed_data(seed)
    model = nominal_model(reg_lambda, sensitive_features=sensitive, **limits).fit(X, y)
    paying = range(4) if sensitive is None else np.ravel(sensitive)
    tree = plain_id3.grow(
        [(*row, label) for row, label in zip(X.tolist(), y.tolist(), strict=True)],
        numeric=[False, False, True, True],
        price=[reg_lambda if j in paying else 0.0 for j in range(4)],
        max_depth=limits.get("max_depth", np.inf),
        min_leaf=limits.get("min_samples_leaf", 1),
    )
    unseen = np.array([[9, 0, 1, 1], [0, 9, 7, -3], [np.nan] * 4, [9, 9, np.nan, 2]])
    rows = np.r_[X, unseen]
    assert model.get_n_leaves() == len(plain_id3.leaves(tree))
    assert_allclose(
        model.predict_proba(rows), plain_id3.predict_proba(tree, rows, model.classes_)
    )
    if sensitive is None:
        assert_allclose(
            model.mutual_information_, plain_id3.information(tree, len(X)), atol=1e-12
        )


@pytest.mark.parametrize("seed", range(5))
def test_binary_features_grow_scikit_learns_entropy_tree(seed):
    # Random weights leave no two splits equally good.
    rng = np.random.default_rng(seed)
    X, y = rng.integers(0, 2, (400, 6)), rng.integers(0, 3, 400)
    weight = rng.uniform(0.5, 1.5, 400)
    ours = MIDDecisionTreeClassifier(0).fit(X, y, sample_weight=weight)
    theirs = DecisionTreeClassifier(criterion="entropy").fit(X, y, sample_weight=weight)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    assert_allclose(
        MIDDecisionTreeClassifier(0, categorical_features=range(6))
        .fit(X, y, sample_weight=weight)
        .predict_proba(X),
        theirs.predict_proba(X),
    )


def test_numeric_thresholds_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    y = (X[:, 0] + 0.3 * rng.normal(size=200) > 0).astype(int)
    ours = MIDDecisionTreeClassifier(0, max_depth=1).fit(X, y)
    theirs = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(X, y)
    assert ours.tree_.feature[0] == theirs.tree_.feature[0]
    assert_allclose(ours.tree_.threshold[0], theirs.tree_.threshold[0])


@pytest.mark.parametrize("release", ["scores", "label"])
@pytest.mark.parametrize("reg_lambda", [50, 1e308, np.inf])
def test_infinite_lambda_predicts_a_constant(reg_lambda, release):
    X, y = mixed_data(0)
    model = nominal_model(reg_lambda, release=release).fit(X, y)
    assert model.mutual_information_ == 0
    assert model.get_n_leaves() == 1
    prior = np.bincount(y) / len(y)
    assert_allclose(model.predict_proba(X), np.tile(prior, (len(X), 1)))
    assert_array_equal(model.feature_importances_, 0)


def entropy_of(*labels):
    """Joint entropy of the rows' labels."""
    size = np.unique(np.column_stack(labels), axis=0, return_counts=True)[1]
    return entr(size / size.sum()).sum()


@pytest.mark.parametrize("reg_lambda", [0, 0.02, 0.1])
def test_information_equals_the_enumerated_value(reg_lambda):
    X, y = mixed_data(1)
    model = nominal_model(reg_lambda).fit(X, y)
    leaf = model.apply(X)
    record = np.nan_to_num(X, nan=-1)
    information = entropy_of(record) + entropy_of(leaf) - entropy_of(record, leaf)
    assert_allclose(model.mutual_information_, information)
    label = nominal_model(reg_lambda, release="label").fit(X, y)
    assert_allclose(label.mutual_information_, entropy_of(label.predict(X)))


def enumerated_conditional_information(model, X, sensitive):
    """H(T | X_-s) over the rows; T is a function of X, so this is I(X_s; T | X_-s)."""
    rest = np.delete(X, sensitive, axis=1)
    return entropy_of(rest, model.apply(X)) - entropy_of(rest)


@pytest.mark.parametrize("reg_lambda", [0, 0.05, 0.2])
def test_sensitive_information_bounds_the_enumerated_one(reg_lambda):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (3000, 3))
    y = (X.sum(axis=1) + rng.integers(0, 3, 3000) > 4).astype(int)
    model = MIDDecisionTreeClassifier(
        reg_lambda, sensitive_features=1, categorical_features=range(3)
    ).fit(X, y)
    exact = enumerated_conditional_information(model, X, 1)
    assert exact <= model.mutual_information_ + 1e-12
    assert model.mutual_information_ > 0


def test_sensitive_information_is_exact_for_an_independent_secret():
    grid = np.stack(np.meshgrid(range(3), range(2), range(4)), axis=-1).reshape(-1, 3)
    X = np.repeat(grid, 10, axis=0)
    rng = np.random.default_rng(0)
    y = (X.sum(axis=1) + rng.integers(0, 4, len(X)) > 4).astype(int)
    model = MIDDecisionTreeClassifier(
        0, sensitive_features=0, categorical_features=range(3)
    ).fit(X, y)
    assert_allclose(
        model.mutual_information_, enumerated_conditional_information(model, X, 0)
    )


def test_infinite_lambda_never_uses_the_sensitive_attribute():
    X, y = mixed_data(2)
    model = nominal_model(np.inf, sensitive_features=[0, [2, 3]]).fit(X, y)
    assert model.mutual_information_ == 0
    assert set(model.tree_.feature) <= {-1, 1}
    omitted = MIDDecisionTreeClassifier(0, categorical_features=[0]).fit(X[:, [1]], y)
    assert_allclose(model.predict_proba(X), omitted.predict_proba(X[:, [1]]))


def test_swapping_the_secret_among_rows_with_equal_rest_changes_no_penalty():
    rng = np.random.default_rng(3)
    X = rng.integers(0, 3, (500, 3))
    y = (X.sum(axis=1) + rng.integers(0, 3, 500) > 4).astype(int)
    model = MIDDecisionTreeClassifier(
        0.01, sensitive_features=0, categorical_features=range(3)
    ).fit(X, y)
    swapped = X.copy()
    for rest in np.unique(X[:, 1:], axis=0):
        rows = np.flatnonzero((X[:, 1:] == rest).all(axis=1))
        swapped[rows, 0] = X[rng.permutation(rows), 0]
    assert_array_equal(
        np.bincount(model.apply(swapped), minlength=model.tree_.node_count),
        np.bincount(model.apply(X), minlength=model.tree_.node_count),
    )


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [({}, 0.02), ({"sensitive_features": [0, 2]}, 0.02), ({"release": "label"}, 0.06)],
)
@pytest.mark.parametrize("seed", range(4))
def test_information_falls_along_lambda(seed, options, tolerance):
    X, y = mixed_data(seed, n=2000)
    path = [nominal_model(lam, **options).fit(X, y) for lam in LAMBDAS]
    information = np.array([model.mutual_information_ for model in path])
    lowest = np.minimum.accumulate(information)
    assert (information - lowest).max() <= tolerance
    assert information[-1] == 0 < information[0]


def test_price_of_a_label_is_the_change_of_their_entropy():
    # One binary column: the split gains IG and moves H(Yhat) from 0 to H(0.4).
    X = pd.DataFrame({"x": ["a"] * 40 + ["b"] * 60})
    y = [0] * 30 + [1] * 10 + [0] * 15 + [1] * 45
    gain = entr([0.45, 0.55]).sum()
    gain -= 0.4 * entr([0.75, 0.25]).sum() + 0.6 * entr([0.25, 0.75]).sum()
    limit = gain / entr([0.4, 0.6]).sum()
    below = MIDDecisionTreeClassifier(0.999 * limit, release="label").fit(X, y)
    above = MIDDecisionTreeClassifier(1.001 * limit, release="label").fit(X, y)
    assert (below.get_n_leaves(), above.get_n_leaves()) == (2, 1)
    assert_allclose(below.mutual_information_, entr([0.4, 0.6]).sum())


def test_released_label_probabilities_are_a_function_of_the_label():
    X, y = mixed_data(0, n=1000)
    model = nominal_model(0.01, release="label").fit(X, y)
    proba, label = model.predict_proba(X), model.predict(X)
    for c in model.classes_:
        assert_array_equal(np.ptp(proba[label == c], axis=0), 0)
        assert_allclose(
            proba[label == c][0],
            np.bincount(y[label == c], minlength=3) / sum(label == c),
        )
    assert_array_equal(model.classes_[proba.argmax(axis=1)], label)
    same = nominal_model(0, release="label").fit(X, y)
    assert_array_equal(same.predict(X), nominal_model(0).fit(X, y).predict(X))


def test_no_split_below_which_all_labels_agree_is_kept_for_labels():
    X, y = mixed_data(0, n=1000)
    tree = nominal_model(0.1, release="label").fit(X, y).tree_
    label = tree.value.argmax(axis=1)
    for node in np.flatnonzero(~tree.is_leaf):
        below = [node]
        labels = set()
        while below:
            at = below.pop()
            below.extend(tree.children(at))
            if tree.is_leaf[at]:
                labels.add(label[at])
        assert len(labels) > 1


def test_order_of_rows_and_names_of_labels_do_not_matter():
    X, y = mixed_data(0)
    order = np.random.default_rng(0).permutation(len(y))
    model = nominal_model(0.02).fit(X, y)
    assert_array_equal(
        nominal_model(0.02).fit(X[order], y[order]).predict_proba(X),
        model.predict_proba(X),
    )
    names = np.array(["no", "some", "yes"])
    named = nominal_model(0.02).fit(X, names[y])
    assert_array_equal(named.predict(X), names[model.predict(X)])
    assert_array_equal(named.predict_proba(X), model.predict_proba(X))


def test_many_rows_take_the_same_way_as_few():
    # More rows than a block holds, at fit and at predict.
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 5, (3000, 3)), rng.integers(0, 40, 3000)]
    y = (X.sum(axis=1) + rng.integers(0, 20, 3000) > 30).astype(int)
    model = MIDDecisionTreeClassifier(0.01, categorical_features=[0, 1, 2])
    few = model.fit(X, y).predict_proba(X)
    many = model.fit(np.tile(X, (50, 1)), np.tile(y, 50))
    assert_allclose(many.predict_proba(np.tile(X, (50, 1)))[-3000:], few)
    assert many.tree_.n_node_samples[0] == 150_000


def test_arrays_of_the_tree_fit_together():
    X, y = mixed_data(0, n=800)
    model = nominal_model(0.005).fit(X, y)
    tree = model.tree_
    leaf = model.apply(X)
    assert tree.is_leaf[leaf].all()
    assert_array_equal(
        np.bincount(leaf, minlength=tree.node_count)[tree.is_leaf],
        tree.n_node_samples[tree.is_leaf],
    )
    assert_array_equal(tree.value.sum(axis=1), tree.n_node_samples)
    assert_allclose(tree.impurity[0], entr(np.bincount(y) / len(y)).sum())
    path = model.decision_path(X)
    assert path.shape == (len(X), tree.node_count)
    assert_array_equal(np.asarray(path.sum(axis=1)).ravel(), tree.depth[leaf] + 1)
    assert_array_equal(np.asarray(path.sum(axis=0)).ravel(), tree.n_node_samples)
    assert model.get_depth() == tree.depth.max()
    # The chain rule: gains add up to I(T; y), split informations to H(T).
    assert_allclose(
        tree.importances(normalize=False).sum(),
        entropy_of(leaf) + entropy_of(y) - entropy_of(leaf, y),
    )
    assert_allclose(model.feature_importances_.sum(), 1)
    share = tree.n_node_samples / len(X)
    assert_allclose((share * tree.split_information).sum(), model.mutual_information_)


def test_smallest_leaves():
    X, y = mixed_data(0, n=500)
    rows = nominal_model(0, min_samples_leaf=12).fit(X, y)
    assert rows.tree_.n_node_samples.min() >= 12
    share = nominal_model(0, min_weight_fraction_leaf=0.05).fit(
        X, y, sample_weight=np.linspace(1, 3, 500)
    )
    assert share.tree_.weighted_n_node_samples.min() >= 0.05 * 1000
    both = nominal_model(0, min_samples_leaf=12).fit(X, y, np.linspace(1, 3, 500))
    assert both.tree_.n_node_samples.min() >= 12
    split = nominal_model(0, min_samples_split=60).fit(X, y)
    assert split.tree_.n_node_samples[~split.tree_.is_leaf].min() >= 60
    assert nominal_model(0, min_samples_split=501).fit(X, y).get_n_leaves() == 1


@pytest.mark.parametrize("release", ["scores", "label"])
@pytest.mark.parametrize(
    ("n_jobs", "backend"),
    [(2, "loky"), (2, "threading"), (3, "threading"), (50, "threading")],
)
def test_the_tree_does_not_depend_on_who_works_on_the_columns(
    n_jobs, backend, release, monkeypatch
):
    X, y = mixed_data(0, n=500)
    X = np.c_[X, X]  # every split is tied, and the order of columns decides
    w = np.random.default_rng(0).uniform(0.5, 2, size=500)
    alone = MIDDecisionTreeClassifier(
        0.01, release=release, categorical_features=[0, 1, 4, 5]
    ).fit(X, y, w)
    assert alone.tree_.feature.max() == 3
    for name in ("_START", "_MESSAGE"):
        monkeypatch.setattr(f"sklearn_mid.tree._columns.{name}", 0)
    # few columns at a time, so that ties are broken across several rounds
    monkeypatch.setattr("sklearn_mid.tree._growth._SPLITS", 8)
    monkeypatch.setattr("sklearn_mid.tree._encoding._TOGETHER", 1)
    shared = clone(alone).set_params(n_jobs=n_jobs)
    with parallel_config(backend):
        shared.fit(X, y, w)
    assert alone.get_n_leaves() > 20
    for name, array in vars(alone.tree_).items():
        assert_array_equal(array, getattr(shared.tree_, name), strict=True)
    for ours, theirs in zip(alone.categories_, shared.categories_, strict=True):
        assert_array_equal(ours, theirs)


def test_few_columns_are_shared_with_nobody(monkeypatch):
    monkeypatch.setattr("sklearn_mid.tree._columns.Parallel", None)
    X, y = mixed_data(0)
    assert nominal_model(n_jobs=2).fit(X, y).get_n_leaves() > 1


def test_nothing_maps_the_codes_when_their_file_goes(monkeypatch):
    maps, are_held = [], []

    class Watched(ColumnPool):
        def share(self, codes):
            shared = super().share(codes)
            maps.append(weakref.ref(shared.base))
            return shared

        def __exit__(self, *exception):
            are_held.extend(held() is not None for held in maps)
            super().__exit__(*exception)

    monkeypatch.setattr("sklearn_mid.tree._columns._START", 0)
    monkeypatch.setattr("sklearn_mid.tree._base.ColumnPool", Watched)
    with parallel_config("threading"):
        nominal_model(n_jobs=2).fit(*mixed_data(0))
    assert are_held == [False]
