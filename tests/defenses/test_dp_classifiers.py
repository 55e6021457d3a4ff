import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPGaussianNB,
    DPLogisticRegression,
    DPRandomForestClassifier,
)
from sklearn_mid.defenses._dp_forest import noisy_mode
from sklearn_mid.utils._secret_noise import noise_sources

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)

X, y = load_iris(return_X_y=True)
Z = np.column_stack([X / 4 - 1, np.ones(len(X))])


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_logistic_regression_without_noise_is_scikit_learns(C):
    plain = LogisticRegression(C=C, fit_intercept=False, tol=1e-10, max_iter=5000)
    for labels, reference in (
        (y > 0, plain),
        (y, OneVsRestClassifier(plain)),
    ):
        reference.fit(Z, labels)
        model = DPLogisticRegression(np.inf, bounds=(0, 8), C=C).fit(X, labels)
        assert_allclose(
            model.predict_proba(X), reference.predict_proba(Z), rtol=1e-4, atol=1e-6
        )
        assert_array_equal(model.predict(X), reference.predict(Z))


def test_logistic_regression_in_terms_of_its_coefficients():
    model = DPLogisticRegression(1e4, bounds=(0, 8), random_state=0).fit(X, y > 0)
    decision = X @ model.coef_[0] + model.intercept_[0]
    assert_allclose(model.decision_function(X), decision)
    assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-decision)))
    three = DPLogisticRegression(1e4, bounds=(0, 8), random_state=0).fit(X, y)
    assert three.decision_function(X).shape == (150, 3)


def test_logistic_regression_needs_two_classes():
    with pytest.raises(ValueError, match="needs at least 2 classes"):
        DPLogisticRegression(bounds=(0, 8)).fit(X, np.zeros(150))


def test_naive_bayes_without_noise_is_scikit_learns(diffprivlib):
    plain = GaussianNB(var_smoothing=1e-9).fit(X, y)
    model = DPGaussianNB(np.inf, bounds=(0, 8), var_smoothing=1e-12).fit(X, y)
    assert_allclose(model.theta_, plain.theta_, rtol=1e-9)
    assert_allclose(model.var_, plain.var_, rtol=1e-6)
    assert_allclose(model.class_prior_, plain.class_prior_)
    assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_naive_bayes_noise_follows_the_bounds(diffprivlib):
    """Twice the bounds, the same data: twice the noise on the means."""

    def spread(width):
        fits = [
            DPGaussianNB(200, bounds=(4 - width, 4 + width), random_state=seed).fit(
                X, y
            )
            for seed in range(150)
        ]
        return np.std([f.theta_ for f in fits], axis=0).mean()

    assert_allclose(spread(16) / spread(8), 2, rtol=0.15)


def leaves(forest, tree, data):
    """By recursion, from the attributes."""

    def leaf(row, node=0):
        if node >= forest.split_features_.shape[1]:
            return node - forest.split_features_.shape[1]
        feature = forest.split_features_[tree, node]
        is_right = row[feature] > forest.split_thresholds_[tree, node]
        return leaf(row, 2 * node + 1 + is_right)

    return np.array([leaf(row) for row in data])


def test_a_tree_without_noise_gives_leaves_their_most_frequent_label():
    model = DPRandomForestClassifier(
        np.inf, bounds=(0, 8), n_estimators=1, max_depth=4, random_state=0
    ).fit(X, y)
    leaf, labels = leaves(model, 0, X), model.leaf_labels_[0]
    assert len(np.unique(leaf)) > 4
    for node in np.unique(leaf):
        counts = np.bincount(y[leaf == node], minlength=3)
        assert counts[labels[node]] == counts.max()
    assert_array_equal(model.predict(X), labels[leaf])
    assert set(model.predict_proba(X).ravel()) == {0, 1}


def test_a_forest_averages_its_trees():
    model = DPRandomForestClassifier(bounds=(0, 8), n_estimators=4).fit(X, y)
    votes = [model.leaf_labels_[t][leaves(model, t, X)] for t in range(4)]
    shares = np.stack([(np.array(votes) == c).mean(axis=0) for c in range(3)], axis=1)
    assert_allclose(model.predict_proba(X), shares)


def test_structure_does_not_depend_on_data_or_epsilon():
    structures = [
        DPRandomForestClassifier(epsilon, bounds=(0, 8), random_state=3).fit(
            data, labels
        )
        for epsilon, data, labels in (
            (np.inf, X, y),
            (0.1, X[::-1], y),
            (2.0, np.zeros((2, 4)), [0, 1]),
        )
    ]
    for other in structures[1:]:
        assert_array_equal(other.split_features_, structures[0].split_features_)
        assert_array_equal(other.split_thresholds_, structures[0].split_thresholds_)


def test_thresholds_are_uniform_within_what_the_splits_above_leave():
    """One feature: along a path of lefts, each threshold is uniform below the last."""
    model = DPRandomForestClassifier(
        bounds=(0, 1), n_estimators=2000, max_depth=3, random_state=0
    ).fit([[0.0], [1.0]], [0, 1])
    thresholds = model.split_thresholds_
    assert_allclose(thresholds[:, 0].mean(), 1 / 2, atol=0.02)
    for left, right, parent in ((1, 2, 0), (3, 4, 1)):
        assert (thresholds[:, left] < thresholds[:, parent]).all()
        assert (thresholds[:, right] > thresholds[:, parent]).all()
        share = thresholds[:, left] / thresholds[:, parent]
        assert_allclose(share.mean(), 1 / 2, atol=0.02)


def test_each_record_is_in_one_tree_of_a_forest():
    model = DPRandomForestClassifier(
        np.inf, bounds=(0, 8), n_estimators=150, max_depth=1, random_state=0
    ).fit(X, y)
    # One record a tree: one leaf holds it and its label, the other is random.
    counts = np.bincount(model.leaf_labels_.ravel(), minlength=3)
    assert_allclose(counts / counts.sum(), 1 / 3, atol=0.1)


def permute_and_flip(counts, epsilon):
    """Its probabilities, by going through all orders of the candidates."""
    weights = np.exp(epsilon * (np.array(counts) - max(counts)))
    proba = np.zeros(len(counts))
    orders = list(itertools.permutations(range(len(counts))))
    for order in orders:
        alive = 1.0
        for c in order:
            proba[c] += alive * weights[c] / len(orders)
            alive *= 1 - weights[c]
    return proba


@pytest.mark.parametrize("epsilon", [0.4, 2.0])
def test_leaves_get_labels_by_permute_and_flip_at_half_of_epsilon(epsilon):
    (noise,) = noise_sources(None, 1, None)
    counts = np.array([3, 1, 2])
    labels = noisy_mode(np.tile(counts, (40_000, 1)), epsilon, noise)
    shares = np.bincount(labels, minlength=3) / len(labels)
    assert_allclose(shares, permute_and_flip(counts, epsilon / 2), atol=0.015)


@pytest.mark.parametrize(
    "kind",
    [
        DPDecisionTreeClassifier,
        DPRandomForestClassifier,
        DPLogisticRegression,
        DPGaussianNB,
    ],
)
def test_one_seed_means_the_same_noise_however_deep_the_call(kind, request):
    if kind is DPGaussianNB:
        request.getfixturevalue("diffprivlib")
    model = kind(5.0, bounds=(0, 8), random_state=0)
    alone = model.fit(X, y).predict_proba(X)
    piped = make_pipeline("passthrough", model).fit(X, y)
    searched = GridSearchCV(model, {"epsilon": [5.0]}, cv=2).fit(X, y)
    assert_array_equal(piped.predict_proba(X), alone)
    assert_array_equal(searched.predict_proba(X), alone)
