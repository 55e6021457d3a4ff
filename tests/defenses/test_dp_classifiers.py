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

pytestmark = pytest.mark.usefixtures("diffprivlib")

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
        model = DPLogisticRegression(np.inf, bounds=(0, 8), C=C, tol=1e-9).fit(
            X, labels
        )
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
    assert three.n_iter_.shape == (3,)


def test_logistic_regression_hands_over_unit_records_and_its_share(diffprivlib):
    """CMS11: records of norm 1, curvature 1/4, strong convexity alpha / n."""
    seen = []

    class Recorder(diffprivlib.Vector):
        def __init__(self, **parameters):
            seen.append(parameters)
            super().__init__(**parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffprivlib, "Vector", Recorder)
        DPLogisticRegression(6.0, bounds=(0, 8), C=0.5, random_state=0).fit(X, y)
    assert [s["epsilon"] for s in seen] == [2, 2, 2]
    assert {s["data_sensitivity"] for s in seen} == {1}
    assert {s["function_sensitivity"] for s in seen} == {0.25}
    assert_allclose([s["alpha"] for s in seen], 1 / (0.5 * 5))
    assert np.linalg.norm(Z, axis=1).max() / np.sqrt(5) <= 1


def test_logistic_regression_says_when_it_stops_early():
    with pytest.warns(UserWarning, match="max_iter=1 iterations"):
        DPLogisticRegression(np.inf, bounds=(0, 8), max_iter=1).fit(X, y > 0)
    with pytest.raises(ValueError, match="needs at least 2 classes"):
        DPLogisticRegression(bounds=(0, 8)).fit(X, np.zeros(150))


def test_naive_bayes_without_noise_is_scikit_learns():
    plain = GaussianNB(var_smoothing=1e-9).fit(X, y)
    model = DPGaussianNB(np.inf, bounds=(0, 8), var_smoothing=1e-12).fit(X, y)
    assert_allclose(model.theta_, plain.theta_, rtol=1e-9)
    assert_allclose(model.var_, plain.var_, rtol=1e-6)
    assert_allclose(model.class_prior_, plain.class_prior_)
    assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_naive_bayes_noise_follows_the_bounds():
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


def leaves_and_labels(model, data):
    return model.model_.apply(model._scale(data)), model.predict(data)


def test_a_tree_without_noise_gives_leaves_their_most_frequent_label():
    model = DPDecisionTreeClassifier(np.inf, bounds=(0, 8), random_state=0).fit(X, y)
    leaf, label = leaves_and_labels(model, X)
    for node in np.unique(leaf):
        counts = np.bincount(y[leaf == node], minlength=3)
        assert counts[label[leaf == node][0]] == counts.max()
    assert set(model.predict_proba(X).ravel()) == {0, 1}


def test_the_structure_of_a_tree_does_not_depend_on_data_or_epsilon():
    structures = [
        DPDecisionTreeClassifier(epsilon, bounds=(0, 8), random_state=3)
        .fit(data, labels)
        .model_.tree_
        for epsilon, data, labels in (
            (np.inf, X, y),
            (0.1, X[::-1], y),
            (2.0, np.zeros((2, 4)), [0, 1]),
        )
    ]
    for other in structures[1:]:
        assert_array_equal(other.feature, structures[0].feature)
        assert_array_equal(other.threshold, structures[0].threshold)


@pytest.mark.parametrize(
    "model",
    [DPDecisionTreeClassifier(0.8), DPRandomForestClassifier(0.8, n_estimators=3)],
    ids=["tree", "forest"],
)
def test_trees_get_half_the_epsilon_for_each_of_two_steps(model):
    model.set_params(bounds=(0, 8)).fit(X, y)
    assert model.model_.epsilon == 0.4


def test_each_record_is_in_one_tree_of_a_forest():
    model = DPRandomForestClassifier(
        np.inf, bounds=(0, 8), n_estimators=150, max_depth=1, random_state=0
    ).fit(X, y)
    # One record a tree: one leaf holds it and its label, the other is random.
    assert len(model.model_.estimators_) == 150
    own_labels = [
        tree.tree_.value[1:, 0].argmax(axis=1) for tree in model.model_.estimators_
    ]
    counts = np.bincount(np.ravel(own_labels), minlength=3)
    assert_allclose(counts / counts.sum(), 1 / 3, atol=0.1)


@pytest.mark.parametrize(
    "kind",
    [
        DPDecisionTreeClassifier,
        DPRandomForestClassifier,
        DPLogisticRegression,
        DPGaussianNB,
    ],
)
def test_one_seed_means_the_same_noise_however_deep_the_call(kind):
    model = kind(5.0, bounds=(0, 8), random_state=0)
    alone = model.fit(X, y).predict_proba(X)
    piped = make_pipeline("passthrough", model).fit(X, y)
    searched = GridSearchCV(model, {"epsilon": [5.0]}, cv=2).fit(X, y)
    assert_array_equal(piped.predict_proba(X), alone)
    assert_array_equal(searched.predict_proba(X), alone)
