import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from sklearn_mid.defenses import DPDecisionTreeClassifier
from sklearn_mid.defenses._dp_tree import noisy_best, noisy_counts, split_impurity
from sklearn_mid.utils._secret_noise import noise_sources

X, y = load_iris(return_X_y=True)
BOUNDS = {"bounds": (0, 8)}


def gini(labels):
    """Number of records times Gini's impurity."""
    shares = np.unique(labels, return_counts=True)[1] / max(len(labels), 1)
    return len(labels) * (1 - (shares**2).sum())


def id3(bins, codes, n_bins, depth, asked=()):
    """The greedy tree by recursion: features on the way, and class shares of leaves."""
    if depth == 0:
        return np.bincount(codes, minlength=3)
    free = [j for j in range(bins.shape[1]) if j not in asked]
    left = [sum(gini(codes[bins[:, j] == b]) for b in range(n_bins[j])) for j in free]
    best = free[int(np.argmin(left))]
    children = [
        id3(bins[is_in], codes[is_in], n_bins, depth - 1, (*asked, best))
        for is_in in (bins[:, best] == b for b in range(n_bins[best]))
    ]
    return best, children


def as_nested(model, counts_of, node=0):
    feature = model.node_features_[node]
    if feature < 0:
        return counts_of(node)
    first = model.node_children_[node]
    return feature, [
        as_nested(model, counts_of, first + b) for b in range(model.n_bins_[feature])
    ]


def assert_same_tree(ours, plain):
    if isinstance(plain, tuple):
        assert ours[0] == plain[0]
        for one, other in zip(ours[1], plain[1], strict=True):
            assert_same_tree(one, other)
    elif plain.sum():
        assert_allclose(ours, plain / plain.sum())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_without_noise_it_is_the_greedy_tree(depth):
    n_bins = [4, 3, 8, 5]
    model = DPDecisionTreeClassifier(
        np.inf, **BOUNDS, n_bins=n_bins, max_depth=depth
    ).fit(X, y)
    bins = np.minimum((X / 8 * n_bins).astype(int), np.array(n_bins) - 1)
    ours = as_nested(model, lambda node: model.node_proba_[node])
    assert_same_tree(ours, id3(bins, y, n_bins, depth))


def test_each_value_of_a_nominal_attribute_has_its_bin():
    for k in (2, 3, 7, 15, 100):
        values = np.arange(k, dtype=float)[:, None]
        model = DPDecisionTreeClassifier(
            np.inf, bounds=(0, k - 1), n_bins=k, max_depth=1
        ).fit(values, np.arange(k) % 2)
        assert_array_equal(model.predict(values), np.arange(k) % 2)


def test_an_empty_leaf_answers_as_its_parent():
    values = np.array([[0.0], [0.0], [0.0], [2.0]])
    model = DPDecisionTreeClassifier(np.inf, bounds=(0, 2), n_bins=3, max_depth=1)
    model.fit(values, [1, 1, 0, 0])
    assert_allclose(model.predict_proba([[1.0]]), [[0.5, 0.5]])
    assert_allclose(model.predict_proba([[0.0]]), [[1 / 3, 2 / 3]])


# What is paid for ---------------------------------------------------------------


def test_one_record_more_raises_every_impurity_by_less_than_two():
    """All tables of five records of three classes in two bins."""
    steps = []
    tables = [t for t in itertools.product(range(6), repeat=6) if sum(t) == 5]
    asked = np.zeros((1, 1), dtype=bool)

    def impurity(table):
        cells = np.repeat(np.arange(6), table)
        return split_impurity(
            cells[:, None] // 3,
            cells % 3,
            np.zeros(len(cells), dtype=int),
            np.array([2]),
            asked,
            3,
        )[0, 0]

    for table in tables:
        before = impurity(table)
        for cell in range(6):
            more = list(table)
            more[cell] += 1
            steps.append(impurity(more) - before)
    assert_allclose([min(steps), max(steps)], [0, 2 - 2 / 6], atol=1e-12)


def test_features_are_drawn_by_the_exponential_mechanism_at_a_quarter():
    (noise,) = noise_sources(None, 1, None)
    impurity = np.array([3.0, 1.0, np.inf, 2.0])
    drawn = noisy_best(np.tile(impurity, (40_000, 1)), 2.0, noise)
    expected = np.exp(-2.0 / 4 * impurity)
    assert_allclose(
        np.bincount(drawn, minlength=4) / len(drawn),
        expected / expected.sum(),
        atol=0.015,
    )


def test_counts_get_laplace_noise_for_two_of_them():
    (noise,) = noise_sources(None, 1, None)
    drawn = noisy_counts(np.full(100_000, 5), 0.8, noise) - 5
    assert_allclose(np.abs(drawn).mean(), 2 / 0.8, rtol=0.02)
    assert_allclose(np.mean(np.abs(drawn) > 5), np.exp(-5 * 0.8 / 2), rtol=0.05)
    assert_array_equal(drawn * 2**20, np.rint(drawn * 2**20))


def test_shares_of_epsilon_add_up(monkeypatch):
    """Levels follow one another, nodes of a level and leaves hold different records."""
    spent = []

    def recorded(mechanism):
        def record(values, epsilon, noise):
            spent.append(epsilon)
            return mechanism(values, epsilon, noise)

        return record

    where = "sklearn_mid.defenses._dp_tree"
    monkeypatch.setattr(f"{where}.noisy_best", recorded(noisy_best))
    monkeypatch.setattr(f"{where}.noisy_counts", recorded(noisy_counts))
    model = DPDecisionTreeClassifier(1.2, **BOUNDS, max_depth=3, leaf_share=0.25)
    model.fit(X, y)
    assert_allclose(spent, [0.3, 0.3, 0.3, 0.3])
    # No more levels than features.
    spent.clear()
    model.set_params(max_depth=9, n_bins=4).fit(X[:, :2], y)
    assert_allclose(spent, [0.45, 0.45, 0.3])


def test_a_tree_that_would_be_too_large_is_refused():
    model = DPDecisionTreeClassifier(**BOUNDS, n_bins=100, max_depth=4)
    with pytest.raises(ValueError, match=r"max_depth=4 and n_bins=100 .* 1e\+08 leav"):
        model.fit(X, y)


@pytest.mark.parametrize("n_bins", [[3, 3], [2, 2, 2, 0], [2.5] * 4, "many", 0])
def test_bad_bins_are_named(n_bins):
    with pytest.raises(ValueError, match="n_bins"):
        DPDecisionTreeClassifier(**BOUNDS, n_bins=n_bins).fit(X, y)


def test_accuracy_grows_with_epsilon():
    rng = np.random.default_rng(0)
    records = rng.integers(4, size=(4000, 6)).astype(float)
    labels = (records[:, 0] > 1) ^ (records[:, 1] > 2)

    def score(epsilon):
        model = DPDecisionTreeClassifier(epsilon, bounds=(0, 3), n_bins=4, max_depth=2)
        # One fit in four is below the bound at 0.1: the median of few often is, too.
        return np.median(
            [model.fit(records, labels).score(records, labels) for _ in range(41)]
        )

    scores = [score(epsilon) for epsilon in (0.001, 0.1, np.inf)]
    assert scores[0] < 0.75 < scores[1] <= scores[2] == 1
