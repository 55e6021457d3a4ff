"""How a secret is named, which values it may take, and how records are rewritten."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
)

NUMBERS = np.arange(100.0)[:, None]


def test_many_numbers_are_binned_by_quantiles():
    baseline = PriorBaseline(0).fit(NUMBERS)
    assert_array_equal(baseline.values_, 4 + 10 * np.arange(10))  # lower medians
    assert_allclose(baseline.prior_, 0.1)
    held = baseline.sensitive_values([[0.0], [9.0], [10.0], [99.0], [-50.0], [500.0]])
    assert_array_equal(held, [4, 4, 14, 94, 4, 94])


def test_few_numbers_are_values():
    baseline = PriorBaseline(0).fit(np.repeat([[0.5], [2.0], [-1.0]], 9, axis=0))
    assert_array_equal(baseline.values_, [-1, 0.5, 2])


def test_number_of_bins_and_bins_that_fall_together():
    assert len(PriorBaseline(0, candidates=4).fit(NUMBERS).values_) == 4
    crowded = np.append(np.zeros(70), np.arange(1, 31))[:, None]
    baseline = PriorBaseline(0, candidates=10).fit(crowded)
    assert_array_equal(baseline.values_, [0, 5, 15, 25])
    assert_allclose(baseline.prior_, [0.7, 0.1, 0.1, 0.1], atol=0.011)


def test_a_grid_takes_the_nearest_and_keeps_its_order():
    baseline = PriorBaseline(0, candidates=[80, 10, 50]).fit(NUMBERS)
    assert_array_equal(baseline.values_, [80, 10, 50])
    assert_allclose(baseline.prior_, [0.35, 0.3, 0.35])
    held = baseline.sensitive_values([[0.0], [29.0], [31.0], [70.0]])
    assert_array_equal(held, [10, 10, 50, 80])


def test_error_in_original_units():
    X = np.column_stack([np.linspace(20, 80, 200), np.zeros(200)])
    target = LinearRegression().fit(X, 3 * X[:, 0])
    attack = MAPAttack(target, 0, candidates=30).fit(X, 3 * X[:, 0])
    error = attack.absolute_error(X, 3 * X[:, 0])
    assert error.max() < 60 / 30  # a bin is 2 years wide
    guess = PriorBaseline(0, candidates=[50]).set_params(candidates=[50, 90]).fit(X)
    expected = np.abs(X[:, 0] - 50)
    assert_allclose(guess.absolute_error(X), expected)


def test_error_of_a_secret_that_is_no_number():
    X = np.array([["a", 1], ["b", 2]], dtype=object)
    with pytest.raises(TypeError, match="not one numeric column"):
        PriorBaseline(0).fit(X).absolute_error(X)


def test_a_float_secret_is_not_cut_to_integers():
    X = np.column_stack([np.arange(60) % 7, np.repeat([0.25, 0.5, 0.75], 20)])
    y = np.repeat([0, 1, 2], 20)
    target = DecisionTreeClassifier().fit(X, y)
    attack = MAPAttack(target, 1).fit(X, y)
    records = np.zeros((3, 2), dtype=int) + [[1, 0]] * 3
    assert_array_equal(attack.infer(records, [0, 1, 2]), [0.25, 0.5, 0.75])
    frame = pd.DataFrame({"k": X[:, 0].astype(int), "s": X[:, 1]})
    by_name = MAPAttack(DecisionTreeClassifier().fit(frame, y), "s").fit(frame, y)
    blank = frame.assign(s=0)
    assert_array_equal(by_name.infer(blank, y), frame["s"])


def test_candidates_between_integers_reach_the_target_whole():
    X = np.arange(40)[:, None] % 20
    seen = []

    class Listener(LinearRegression):
        def predict(self, X):
            seen.append(X[0, 0])
            return super().predict(X)

    target = Listener().fit(X, X[:, 0])
    attack = MAPAttack(target, 0, candidates=[0.5, 9.5]).fit(X, X[:, 0])
    seen.clear()
    attack.infer(X, X[:, 0])
    assert seen == [0.5, 9.5]


@pytest.mark.parametrize(
    ("candidates", "match"),
    [
        (1, "The 'candidates' parameter"),
        ([], "list of distinct values"),
        ([1, 1], "list of distinct values"),
        ([[1, 2]], r"candidates must have shape"),
        ([0.0, np.nan], "missing or infinite"),
        ([0.0, np.inf], "missing or infinite"),
        ([5.0], "one value only"),
        (["a", "b"], "lack the value 0.0"),
    ],
)
def test_impossible_candidates(candidates, match):
    with pytest.raises(ValueError, match=match):
        PriorBaseline(0, candidates=candidates).fit(NUMBERS)


def test_candidates_of_a_text_secret():
    X = np.array([["a"], ["b"], ["a"]], dtype=object)
    baseline = PriorBaseline(0, candidates=["c", "b", "a"]).fit(X)
    assert_array_equal(baseline.values_, ["c", "b", "a"])
    assert_allclose(baseline.prior_, [0, 1 / 3, 2 / 3])
    with pytest.raises(ValueError, match="lack the value 'b'"):
        PriorBaseline(0, candidates=["c", "a"]).fit(X)
    with pytest.raises(ValueError, match="asks for bins of a numeric secret"):
        PriorBaseline(0, candidates=3).fit(X)


def test_a_value_never_seen_in_auxiliary_data():
    X = np.array([["a", 1], ["b", 2]], dtype=object)
    baseline = PriorBaseline(0).fit(X)
    strange = np.array([["q", 1]], dtype=object)
    assert baseline.infer(strange)[0] in {"a", "b"}
    with pytest.raises(ValueError, match=r"holds the value 'q'.*\['a', 'b'\]"):
        baseline.score(strange)


def test_a_missing_secret_is_named():
    frame = pd.DataFrame({"s": ["a", None, "b"], "k": [1, 2, 3]})
    with pytest.raises(ValueError, match="sensitive_feature='s' is missing in 1 of 3"):
        PriorBaseline("s").fit(frame)


@pytest.mark.parametrize(
    "values",
    [
        pd.Categorical(["b", "a", "b"], categories=["z", "b", "a", "unused"]),
        pd.array(["b", "a", "b"], dtype="string"),
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
    ],
)
def test_text_of_any_type(values):
    frame = pd.DataFrame({"s": values, "k": [1, 2, 3]})
    baseline = PriorBaseline("s").fit(frame)
    assert_array_equal(baseline.values_, ["a", "b"])
    assert_array_equal(baseline.sensitive_values(frame), ["b", "a", "b"])
    for record in baseline._candidates.substitute(frame):
        assert record["s"].dtype == frame["s"].dtype
        assert record["k"].dtype == frame["k"].dtype
    assert_array_equal(frame["s"], ["b", "a", "b"])


@pytest.mark.parametrize("dtype", ["Int64", "int8", "float32", "bool", "boolean"])
def test_numbers_of_any_type(dtype):
    frame = pd.DataFrame({"s": pd.array([1, 0, 1], dtype=dtype), "k": [1, 2, 3]})
    baseline = PriorBaseline("s").fit(frame)
    assert_array_equal(baseline.values_, [0, 1])
    assert_array_equal(baseline.sensitive_values(frame), [1, 0, 1])
    for record in baseline._candidates.substitute(frame):
        assert record["s"].dtype == frame["s"].dtype


def test_values_of_mixed_types():
    X = np.array([[1, 0], ["a", 0], [None, 0], [2.5, 0]], dtype=object)
    baseline = PriorBaseline(0).fit(X[[0, 1, 3]])
    assert baseline.values_.tolist() == [2.5, 1, "a"]
    assert baseline.sensitive_values(X[[1, 0]]).tolist() == ["a", 1]


@pytest.mark.parametrize("secret", [0, 1])
def test_object_arrays_with_a_text_and_a_number_column(secret):
    rng = np.random.default_rng(0)
    X = np.empty((200, 2), dtype=object)
    X[:, 0] = np.array(["a", "b"], dtype=object)[rng.integers(2, size=200)]
    X[:, 1] = np.array([0.5, 1.5])[rng.integers(2, size=200)]
    y = (X[:, 0] == "a") ^ (X[:, 1] == 0.5)
    steps = ColumnTransformer(
        [("text", OrdinalEncoder(), [0])], remainder="passthrough"
    )
    target = make_pipeline(steps, DecisionTreeClassifier()).fit(X, y)
    for attack in (
        MAPAttack(target, secret),
        LearnedAttack(target, secret),
        ImputationBaseline(secret),
    ):
        attack.fit(X, y)
        assert attack.values_.tolist() == [["a", "b"], [0.5, 1.5]][secret]
        assert_array_equal(attack.infer(X, y), X[:, secret])


def test_an_unseen_category_gets_a_valid_value():
    frame = pd.DataFrame({"s": [0, 1] * 30, "k": ["x", "x", "y", "y"] * 15})
    y = frame["s"]
    steps = ColumnTransformer(
        [("text", OneHotEncoder(handle_unknown="ignore"), ["k"])],
        remainder="passthrough",
    )
    target = make_pipeline(steps, DecisionTreeClassifier()).fit(frame, y)
    strange = pd.DataFrame({"s": [0, 0], "k": ["never seen", None]})
    for attack in (
        MAPAttack(target, "s"),
        LearnedAttack(target, "s"),
        ImputationBaseline("s"),
    ):
        proba = attack.fit(frame, y).infer_proba(strange, [0, 1])
        assert_array_equal(proba.argmax(axis=1), [0, 1])
        assert_allclose(proba.sum(axis=1), 1)


def test_integer_codes_of_a_nominal_secret_are_values():
    X = np.column_stack([np.array([7, 3, 11] * 20), np.arange(60)])
    y = (X[:, 0] == 3).astype(int)
    target = DecisionTreeClassifier().fit(X, y)
    attack = MAPAttack(target, 0).fit(X, y)
    assert attack.values_.tolist() == [3, 7, 11]
    assert_array_equal(attack.infer(X, y) == 3, y == 1)


GROUP = np.eye(3)[[0, 1, 2, 2]]


def test_a_dropped_level_is_other():
    X = np.column_stack([np.zeros(4), GROUP[:, 1:]])
    baseline = PriorBaseline([1, 2]).fit(X)
    assert_array_equal(baseline.values_, [1, 2, -1])
    assert_array_equal(baseline.sensitive_values(X), [-1, 1, 2, 2])
    frame = pd.DataFrame(X, columns=["k", "s_b", "s_c"])
    named = PriorBaseline(["s_b", "s_c"]).fit(frame)
    assert_array_equal(named.values_, ["s_b", "s_c", "(other)"])
    assert_allclose(named.prior_, [0.25, 0.5, 0.25])


@pytest.mark.parametrize("dtype", [float, int, bool, object])
def test_rewritten_groups_are_valid_codes(dtype):
    frame = pd.DataFrame(GROUP.astype(dtype), columns=list("abc")).assign(k=1)
    baseline = PriorBaseline(["a", "b", "c"]).fit(frame)
    for code, record in zip(
        np.eye(3), baseline._candidates.substitute(frame), strict=True
    ):
        assert_array_equal(record[["a", "b", "c"]].to_numpy(float), [code] * 4)
        assert record["a"].dtype == frame["a"].dtype
    as_array = PriorBaseline([0, 1, 2]).fit(frame.to_numpy())
    for code, record in zip(
        np.eye(3), as_array._candidates.substitute(frame.to_numpy()), strict=True
    ):
        assert_array_equal(record[:, :3].astype(float), [code] * 4)


def test_a_group_of_text_and_a_group_with_candidates():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [0, 1]})
    with pytest.raises(ValueError, match="not one-hot: it holds other things"):
        PriorBaseline(["a", "b"]).fit(frame)
    with pytest.raises(ValueError, match="candidates of a one-hot group"):
        PriorBaseline([0, 1, 2], candidates=[0, 1]).fit(GROUP)
    holes = GROUP.copy()
    holes[0, 0] = np.nan
    with pytest.raises(ValueError, match="is missing in 1 of 4"):
        PriorBaseline([0, 1, 2]).fit(holes)


def test_infinity_is_refused_where_it_is_read():
    frame = pd.DataFrame({"s": [0.0, 1.0, 1.0], "k": [1.0, 2.0, 3.0], "t": list("abc")})
    baseline = PriorBaseline("s").fit(frame)
    in_secret = frame.assign(s=np.inf)
    assert_array_equal(baseline.infer(in_secret), [1, 1, 1])
    with pytest.raises(ValueError, match="infinity in column 's'"):
        PriorBaseline("s").fit(in_secret)
    with pytest.raises(ValueError, match="infinity in column 'k'"):
        baseline.infer(frame.assign(k=-np.inf))


def test_callers_data_are_not_edited():
    X = np.array([[0.0, 1.0], [1.0, 2.0]] * 5)
    frame = pd.DataFrame(X, columns=["s", "k"])
    before, frame_before = X.copy(), frame.copy(deep=True)
    names, prior = ["s"], [0.4, 0.6]
    target = LinearRegression().fit(X, X[:, 1])
    MAPAttack(target, 0, prior=prior).fit(X, X[:, 1]).score(X, X[:, 1])
    MAPAttack(target, "s", prior=prior).fit(frame, X[:, 1]).score(frame, X[:, 1])
    with pytest.raises(ValueError, match="one value only"):
        PriorBaseline(names).fit(frame.assign(s=1))
    assert_array_equal(X, before)
    pd.testing.assert_frame_equal(frame, frame_before)
    assert names == ["s"]
    assert prior == [0.4, 0.6]


def test_ten_thousand_values():
    rng = np.random.default_rng(0)
    X = np.array([[f"person {i}"] for i in rng.permutation(10_000)], dtype=object)
    baseline = PriorBaseline(0).fit(X)
    assert len(baseline.values_) == 10_000
    assert_array_equal(baseline.sensitive_values(X), X[:, 0])
    assert baseline.infer(X[:3]).shape == (3,)
