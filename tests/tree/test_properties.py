"""Whatever comes in: a right answer, or an error that names the cause."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_mid.tree import MIDDecisionTreeClassifier, PriorityDepthTreeClassifier

NUMBERS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 1e-320, 1e308, -1e308, np.nan]),
)
ENTRIES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    NUMBERS,
    st.text(max_size=2),
    st.just(pd.NA),
    st.tuples(st.integers(0, 1)),
    st.binary(max_size=1),
)
COLUMNS = {
    "floats": NUMBERS,
    "objects": ENTRIES,
    "words": st.sampled_from(["a", "b", "", None]),
    "flags": st.booleans(),
    "codes": st.integers(-(2**31), 2**31 - 1) | st.integers(0, 2),
    "levels": st.sampled_from(["low", "high", None]),
}


@st.composite
def frames(draw, n_rows):
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3))
    columns = []
    for kind in kinds:
        entries = draw(st.lists(COLUMNS[kind], min_size=n_rows, max_size=n_rows))
        dtype = {"objects": object, "levels": "category"}.get(kind)
        values = np.empty(n_rows, dtype=object)
        values[:] = entries
        column = pd.Series(values, dtype=object)
        columns.append(column.astype(dtype) if dtype else column.infer_objects())
    return pd.concat(columns, axis=1, keys=[f"c{j}" for j in range(len(columns))])


def complaint(call):
    """The message of the ValueError or TypeError that `call` raises, or None."""
    try:
        call()
    except (ValueError, TypeError) as error:
        return str(error)
    return None


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n_rows=st.integers(1, 12))
def test_a_valid_answer_or_a_named_cause(data, n_rows):
    frame = data.draw(frames(n_rows))
    y = data.draw(st.lists(st.integers(0, 2), min_size=n_rows, max_size=n_rows))
    model = data.draw(
        st.sampled_from(
            [
                MIDDecisionTreeClassifier(0),
                MIDDecisionTreeClassifier(0.1, max_bins=2),
                MIDDecisionTreeClassifier(0.1, release="label", min_samples_leaf=2),
                MIDDecisionTreeClassifier(np.inf, sensitive_features="c0"),
                PriorityDepthTreeClassifier("c0", 2, class_weight="balanced"),
            ]
        )
    )
    weight = data.draw(
        st.none() | st.lists(st.floats(0, 1e6), min_size=n_rows, max_size=n_rows)
    )
    found = complaint(lambda: model.fit(frame, y, sample_weight=weight))
    if found is not None:
        assert re.search("infinity|least 2 classes|Column .* of X|[Ww]eights", found)
        return
    new = data.draw(frames(n_rows).filter(lambda f: f.shape[1] == frame.shape[1]))
    for rows in (frame, new):
        # Rows of weight zero are new to the model as well.
        found = complaint(lambda rows=rows: model.predict(rows))
        if found and (rows is new or weight is not None):
            assert re.search("Column .* of X", found)
            continue
        np.testing.assert_allclose(model.predict_proba(rows).sum(axis=1), 1)
        assert np.isin(model.predict(rows), y).all()


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(
        st.tuples(*[st.integers(0, 2)] * 3, st.integers(0, 1), st.integers(1, 9)),
        min_size=2,
        max_size=20,
    ),
    reg_lambda=st.floats(0, 1),
)
def test_objective_is_the_sum_of_positive_scores(counts, reg_lambda):
    rows = np.repeat([c[:4] for c in counts], [c[4] for c in counts], axis=0)
    X, y = rows[:, :3], rows[:, 3]
    if len(np.unique(y)) < 2:
        return
    model = MIDDecisionTreeClassifier(reg_lambda, categorical_features=range(3))
    tree = model.fit(X, y).tree_
    # I(T; y) - lambda * I(X; T) is at least that of the root alone, which is 0.
    gain = tree.importances(normalize=False).sum()
    assert gain - reg_lambda * model.mutual_information_ >= -1e-12
    bound = min(np.log(tree.n_leaves), np.log(len(np.unique(X, axis=0))))
    assert -1e-12 <= model.mutual_information_ <= bound + 1e-12


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_scale_of_numbers_does_not_matter(scale):
    rng = np.random.default_rng(0)
    X = rng.integers(-5, 6, (100, 3)).astype(float)
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    plain = MIDDecisionTreeClassifier().fit(X, y)
    scaled = MIDDecisionTreeClassifier().fit(X * scale, y)
    np.testing.assert_array_equal(plain.apply(X), scaled.apply(X * scale))


def test_equal_columns_and_constant_ones():
    X = np.c_[np.ones(20), np.arange(20), np.arange(20)]
    y = np.arange(20) > 7
    model = MIDDecisionTreeClassifier(0).fit(X, y)
    np.testing.assert_array_equal(model.tree_.feature, [1, -1, -1])
    constant = MIDDecisionTreeClassifier(0).fit(X[:, :1], y)
    np.testing.assert_allclose(constant.predict_proba([[3.0]]), [[0.4, 0.6]])
