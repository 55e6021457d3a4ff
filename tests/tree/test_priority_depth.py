import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_mid.tree import MIDDecisionTreeClassifier, PriorityDepthTreeClassifier


def world(n=600):
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 2, (n, 4)), rng.normal(size=n)]
    y = (2 * X[:, 0] + X[:, 1:].sum(axis=1) + rng.normal(size=n) > 2).astype(int)
    return X, y


@pytest.mark.parametrize(
    ("sensitive", "depth"), [(0, 1), (0, 3), (4, 2), (4, 4), ([1, 2], 3), ([1, 2], 4)]
)
def test_sensitive_attribute_stands_at_its_level_only(sensitive, depth):
    X, y = world()
    tree = PriorityDepthTreeClassifier(sensitive, depth).fit(X, y).tree_
    at = np.isin(tree.feature, sensitive)
    assert set(tree.depth[at]) == {depth - 1}


def test_the_best_column_wins_at_the_level():
    X, y = world()
    # Column 0 explains most: allowed at the root, it stands there.
    assert PriorityDepthTreeClassifier(0, 1).fit(X, y).tree_.feature[0] == 0
    # Column 2 explains less: at the root it is allowed, not forced.
    assert PriorityDepthTreeClassifier(2, 1).fit(X, y).tree_.feature[0] != 2


def test_beyond_the_depth_it_is_never_used():
    X, y = world()
    model = PriorityDepthTreeClassifier(0, 50).fit(X, y)
    omitted = PriorityDepthTreeClassifier().fit(X[:, 1:], y)
    assert_allclose(model.predict_proba(X), omitted.predict_proba(X[:, 1:]))


def test_no_sensitive_attribute_is_plain_id3():
    X, y = world()
    assert_array_equal(
        PriorityDepthTreeClassifier().fit(X, y).tree_.feature,
        MIDDecisionTreeClassifier(0).fit(X, y).tree_.feature,
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sensitive_feature": 9}, "sensitive_feature=9 is out of range"),
        ({"sensitive_feature": "s"}, "sensitive_feature='s' is a column name, but X"),
        ({"sensitive_depth": 0}, "sensitive_depth.*range.*Got 0"),
    ],
)
def test_bad_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        PriorityDepthTreeClassifier(**params).fit(*world())
