"""Naming sensitive attributes, and one-hot groups."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_mid.utils._features import (
    one_hot_codes,
    resolve_attributes,
    resolve_columns,
)

NAMES = ["age", "gene_a", "gene_b", "sex"]


@pytest.mark.parametrize(
    ("attribute", "columns"),
    [
        ("sex", [3]),
        (3, [3]),
        (-1, [3]),
        (["gene_a", "gene_b"], [1, 2]),
        ((2, 0), [2, 0]),
    ],
)
def test_a_column_or_a_group_by_name_or_index(attribute, columns):
    got = resolve_columns(attribute, n_features=4, feature_names=NAMES, param="p")
    assert_array_equal(got, columns)


@pytest.mark.parametrize(
    ("attribute", "names", "error", "match"),
    [
        ("height", NAMES, ValueError, r"p='height' is not a column of X; .*'age'"),
        ("age", None, ValueError, "X has no column names"),
        (4, NAMES, ValueError, "p=4 is out of range: X has 4 columns"),
        ([], NAMES, ValueError, "names no column"),
        (["sex", 3], NAMES, ValueError, "names a column twice"),
        (1.5, NAMES, TypeError, "str or int, got 1.5 of type float"),
        (True, NAMES, TypeError, "str or int, got True of type bool"),
    ],
)
def test_bad_attributes_are_named(attribute, names, error, match):
    with pytest.raises(error, match=match):
        resolve_columns(attribute, n_features=4, feature_names=names, param="p")


def test_several_attributes_share_no_column():
    kwargs = {"n_features": 4, "feature_names": NAMES, "param": "p"}
    got = resolve_attributes(["sex", ["gene_a", "gene_b"]], **kwargs)
    assert [list(g) for g in got] == [[3], [1, 2]]
    assert [list(g) for g in resolve_attributes("sex", **kwargs)] == [[3]]
    with pytest.raises(ValueError, match="twice"):
        resolve_attributes(["gene_a", ["gene_a", "gene_b"]], **kwargs)


@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_codes_of_a_group_survive_scaling_by_column(scale):
    raw = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 0]])
    group = raw * [scale, 2, 1] - [scale / 3, 1, 0]
    codes, level, inverse = one_hot_codes(group, param="p")
    assert_array_equal(level, [0, 1, -1])
    assert_array_equal(codes[inverse], group)


@pytest.mark.parametrize(
    ("group", "match"),
    [
        ([[1, 1], [0, 1], [0, 0]], "row 0 has 2 of its 2 columns set"),
        ([[0], [1], [2]], "column 0"),
    ],
)
def test_a_group_that_is_not_one_hot_is_refused(group, match):
    with pytest.raises(ValueError, match=match):
        one_hot_codes(np.array(group), param="p")
