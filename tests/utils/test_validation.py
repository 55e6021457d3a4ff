"""Conversions of what a caller gave."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import LearnedAttack, MAPAttack, WhiteBoxTreeAttack
from sklearn_mid.utils._validation import positions

BITS = [1, 0, 1]


@pytest.mark.parametrize("one", [bool, int, float, object, np.float16])
@pytest.mark.parametrize("other", [bool, int, float, object, np.uint8])
def test_true_is_one_whatever_the_type(one, other):
    values, among = np.array(BITS).astype(one), np.array([0, 1]).astype(other)
    assert_array_equal(positions(values, among), BITS)


def test_text_is_no_number():
    assert_array_equal(positions(np.array(["1", 1], dtype=object), [0, 1]), [-1, 1])


@pytest.mark.parametrize("dtype", ["boolean", "Int8", "Float64", bool])
@pytest.mark.parametrize("attack", [MAPAttack, LearnedAttack, WhiteBoxTreeAttack])
def test_pandas_own_types_of_responses(attack, dtype):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"secret": rng.integers(2, size=60), "k": rng.random(60)})
    y = X["secret"] + X["k"] > 0.8
    target = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    expected, got = (
        attack(target, "secret").fit(X, labels).infer_proba(X, labels)
        for labels in (y, y.astype(dtype))
    )
    assert_array_equal(got, expected)
