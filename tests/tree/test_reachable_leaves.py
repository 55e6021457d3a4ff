import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sklearn_mid.tree import MIDDecisionTreeClassifier


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(0, 3, (400, 3)), rng.integers(0, 6, (400, 2))].astype(float)
    X[rng.random(X.shape) < 0.05] = np.nan
    y = (np.nansum(X, axis=1) + rng.integers(0, 4, 400) > 8).astype(int)
    return X, y


@pytest.mark.parametrize("free", [[0], [4], [1, 3], [0, 1, 2, 3, 4]])
def test_reachable_are_the_nodes_that_some_value_leads_to(world, free):
    X, y = world
    model = MIDDecisionTreeClassifier(0.01, categorical_features=[0, 1, 2]).fit(X, y)
    values = [np.append(np.unique(X[:, j][~np.isnan(X[:, j])]), np.nan) for j in free]
    people = X[:40]
    expected = np.zeros((40, model.tree_.node_count), dtype=bool)
    for combination in np.stack(np.meshgrid(*values), axis=-1).reshape(-1, len(free)):
        changed = people.copy()
        changed[:, free] = combination
        expected[np.arange(40), model.apply(changed)] = True
    found = model.reachable_leaves(people, free).toarray()
    leaves = model.tree_.is_leaf
    assert_array_equal(found[:, leaves], expected[:, leaves])
    # Where a known value was not seen, the record ends early, whatever is free.
    assert (found.any(axis=1)).all()
    assert not (found & ~expected).any()


def test_content_of_free_columns_is_not_read():
    X = pd.DataFrame({"s": ["a", "b", "a", "b"], "x": [0, 0, 1, 1]})
    model = MIDDecisionTreeClassifier(0).fit(X, [0, 1, 1, 1])
    given = model.reachable_leaves(X, "s").toarray()
    assert_array_equal(given, model.reachable_leaves(X.assign(s=0.5), "s").toarray())
    # s = "b" is a leaf; s = "a" leads on to x.
    assert_array_equal(given.sum(axis=1), [2, 2, 2, 2])
    assert_array_equal(model.reachable_leaves(X, "x").toarray().sum(axis=1), [2, 1] * 2)
    assert_array_equal(
        model.reachable_leaves(X, ["s", "x"]).toarray(),
        np.tile(model.tree_.is_leaf, (4, 1)),
    )
    with pytest.raises(ValueError, match="free_columns='z' is not a column"):
        model.reachable_leaves(X, "z")


def test_a_root_is_always_reached():
    model = MIDDecisionTreeClassifier(np.inf).fit([[0], [1]], [0, 1])
    assert_array_equal(model.reachable_leaves([[5], [6]], [0]).toarray(), [[1], [1]])
