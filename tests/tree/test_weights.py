"""Weights of rows and classes."""

import numpy as np
import pytest
from sklearn.base import clone

from sklearn_mid.tree import MIDDecisionTreeClassifier, PriorityDepthTreeClassifier


@pytest.mark.parametrize("weight_scale", [1.0, 1e-200, 1e200])
@pytest.mark.parametrize("max_bins", [4, 255])
@pytest.mark.parametrize(
    "model",
    [
        MIDDecisionTreeClassifier(0.05),
        MIDDecisionTreeClassifier(0.05, release="label"),
        MIDDecisionTreeClassifier(0.2, sensitive_features=0),
        MIDDecisionTreeClassifier(0.05, class_weight="balanced"),
        MIDDecisionTreeClassifier(0.05, class_weight={0: 1, 1: 3}),
        PriorityDepthTreeClassifier(0, 2),
    ],
)
def test_a_row_of_weight_k_is_k_rows(model, max_bins, weight_scale):
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 4, (120, 2)), rng.normal(size=(120, 2))]
    X[rng.random(X.shape) < 0.1] = np.nan
    y = rng.integers(0, 2, 120)
    weight = rng.integers(0, 4, 120)
    model = clone(model).set_params(categorical_features=[0, 1], max_bins=max_bins)
    weighted = clone(model).fit(X, y, sample_weight=weight * weight_scale)
    repeated = model.fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_array_equal(weighted.tree_.feature, repeated.tree_.feature)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-12
    )


def test_class_weights_multiply_row_weights():
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    weight = rng.uniform(0.5, 2, 200)
    given = {0: 0.5, 1: 1.0, 2: 4.0}
    by_class = MIDDecisionTreeClassifier(0.05, class_weight=given, max_bins=20)
    by_row = MIDDecisionTreeClassifier(0.05, max_bins=20)
    by_class.fit(X, y, sample_weight=weight)
    by_row.fit(X, y, sample_weight=weight * np.take([0.5, 1.0, 4.0], y))
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X))


def test_a_class_of_weight_zero_leaves_no_trace():
    X = [["a"], ["a"], ["b"], ["b"], ["c"]]
    y = [0, 0, 1, 1, 2]
    model = MIDDecisionTreeClassifier(0, class_weight={0: 1, 1: 1, 2: 0}).fit(X, y)
    assert list(model.categories_[0]) == ["a", "b"]
    np.testing.assert_allclose(model.predict_proba([["c"]]), [[0.5, 0.5, 0]])
