import datetime

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from sklearn_mid.tree import MIDDecisionTreeClassifier, PriorityDepthTreeClassifier


def colours(seed=0, n=200):
    rng = np.random.default_rng(seed)
    colour = rng.choice(["blue", "green", "red"], n)
    size = rng.integers(0, 5, n)
    y = (colour == "red") ^ (size > 2)
    return pd.DataFrame({"colour": colour, "size": size}), y.astype(int)


X, Y = colours()
FULL = MIDDecisionTreeClassifier(0).fit(X, Y).predict_proba(X)


@pytest.mark.parametrize(
    "column",
    [
        X["colour"].astype(object),
        X["colour"].astype("category"),
        X["colour"].astype(
            pd.CategoricalDtype(["unused", "red", "green", "blue", "x"])
        ),
        X["colour"].astype(pd.CategoricalDtype(["red", "green", "blue"], ordered=True)),
        X["colour"].astype("string"),
        X["colour"].map({"blue": b"blue", "green": b"green", "red": b"red"}),
        X["colour"].map({"blue": 1, "green": "two", "red": 2.5}),
        X["colour"].map({"blue": True, "green": "g", "red": (1, 2)}),
    ],
)
def test_every_type_of_category_gives_the_same_tree(column):
    frame = X.assign(colour=column)
    model = MIDDecisionTreeClassifier(0).fit(frame, Y)
    assert_array_equal(model.is_categorical_, [True, False])
    assert len(model.categories_[0]) == 3
    assert_allclose(model.predict_proba(frame), FULL)
    assert_allclose(model.predict_proba(frame[::-1]), FULL[::-1])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_arrays_of_objects_and_strings():
    objects = X.to_numpy(object)
    model = MIDDecisionTreeClassifier(0).fit(objects, Y)
    assert_array_equal(model.is_categorical_, [True, False])
    assert_allclose(model.predict_proba(objects), FULL)
    assert_allclose(MIDDecisionTreeClassifier(0).fit(X, Y).predict_proba(objects), FULL)
    strings = objects.astype(str)
    model = MIDDecisionTreeClassifier(0).fit(strings, Y)
    assert_array_equal(model.is_categorical_, [True, True])
    assert_array_equal(model.predict(strings), Y)
    model = MIDDecisionTreeClassifier(0).fit(objects.tolist(), Y)
    assert_array_equal(model.is_categorical_, [True, False])


def test_numbers_kept_as_objects_are_numbers():
    numbers = np.array([[1, None], [2.5, 3], [np.int64(4), pd.NA], [8, np.nan]], object)
    model = MIDDecisionTreeClassifier(0).fit(numbers, [0, 0, 1, 1])
    assert not model.is_categorical_.any()
    assert model.tree_.threshold[0] == 3.25


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint16, np.int64, np.uint64, float]
)
def test_integer_coded_nominal_columns(dtype):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2 if dtype is bool else 4, (200, 2))
    y = np.isin(codes[:, 0], [0, 3]).astype(int)
    model = MIDDecisionTreeClassifier(0, categorical_features=[True, True])
    model.fit(codes.astype(dtype), y)
    assert model.get_depth() == 1
    assert_array_equal(model.predict(codes), y)
    assert_array_equal(model.predict(codes.astype(float)), y)
    assert_array_equal(model.predict(codes.astype(object)), y)
    assert_array_equal(model.predict(np.asfortranarray(codes)), y)


@pytest.mark.parametrize("codes", [[-5, 7, 10**12], [-(2**63), 0, 2**63 - 1]])
def test_integer_codes_of_any_size(codes):
    column = np.repeat(codes, 4)[:, None]
    model = MIDDecisionTreeClassifier(0, categorical_features=[0])
    model.fit(column, np.repeat(["a", "b", "a"], 4))
    assert_array_equal(model.predict(column[::4]), ["a", "b", "a"])
    assert_array_equal(model.apply([[1], [-1]]), 0)
    two = np.c_[column, column]
    model = MIDDecisionTreeClassifier(0, categorical_features=[1])
    model.fit(two, np.repeat(["a", "b", "a"], 4))
    assert_array_equal(model.predict(two[::4]), ["a", "b", "a"])


def test_a_missing_value_is_a_branch_of_its_own():
    frame = pd.DataFrame(
        {
            "word": ["a", "b", None, "a", "b", None] * 5,
            "number": [1.0, np.nan, 2.0, 3.0, np.nan, 4.0] * 5,
            "nullable": pd.array([1, 2, 3, 4, 5, pd.NA] * 5, dtype="Int64"),
        }
    )
    for column, y in [
        ("word", [0, 0, 1, 0, 0, 1]),
        ("number", [0, 1, 0, 0, 1, 0]),
        ("nullable", [0, 0, 0, 0, 0, 1]),
    ]:
        y = y * 5
        model = MIDDecisionTreeClassifier(0).fit(frame[[column]], y)
        assert model.get_depth() == 1
        assert_array_equal(model.predict(frame[[column]]), y)
    number = frame[["number"]]
    model = MIDDecisionTreeClassifier(0).fit(number, [0, 1, 0, 0, 1, 0] * 5)
    assert model.tree_.threshold[0] == np.inf  # known against missing reveals least
    assert model.predict(pd.DataFrame({"number": [1e300]})) == 0


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT])
def test_missing_at_predict_only_ends_at_the_node(nothing):
    model = MIDDecisionTreeClassifier(0).fit(X, Y)
    row = pd.DataFrame({"colour": [nothing], "size": [1]}, dtype=object)
    assert_allclose(model.predict_proba(row).sum(), 1)
    row = pd.DataFrame({"colour": ["red"], "size": [None]}, dtype=object)
    assert_allclose(model.predict_proba(row).sum(), 1)


def test_an_unseen_category_gets_the_shares_of_its_node():
    frame = pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["p", "q", "q", "q"]})
    model = MIDDecisionTreeClassifier(0).fit(frame, [0, 1, 1, 1])
    new = pd.DataFrame({"a": ["z", "x", "y"], "b": ["p", "r", "p"]})
    # "b" splits the root: "p" is class 0, "q" class 1.
    assert_allclose(model.predict_proba(new), [[1, 0], [0.25, 0.75], [1, 0]])
    assert_array_equal(model.apply(new)[1], 0)
    deep = MIDDecisionTreeClassifier(0).fit(
        pd.DataFrame({"a": ["x", "x", "y", "y"], "b": ["p", "q", "p", "q"]}),
        [0, 1, 1, 0],
    )
    assert deep.get_n_leaves() == 1  # no first split gains


def test_unhashable_entries_are_compared_by_what_they_show():
    rows = np.array([[{"k": 1}], [[1, 2]], [{"k": 1}], [[1, 2]]], dtype=object)
    rows = np.empty((4, 1), dtype=object)
    rows[:, 0] = [{"k": 1}, [1, 2], {"k": 1}, [1, 2]]
    model = MIDDecisionTreeClassifier(0).fit(rows, [0, 1, 0, 1])
    assert_array_equal(model.predict(rows), [0, 1, 0, 1])


def test_ten_thousand_categories():
    rng = np.random.default_rng(0)
    n = 20_000
    key = rng.integers(0, 10_000, n)
    useful = rng.integers(0, 3, n)
    number = rng.integers(0, 10_000, n)
    frame = pd.DataFrame(
        {"key": key.astype(str), "useful": useful, "number": number}
    ).astype({"useful": "category"})
    y = (useful + (rng.random(n) < 0.2) > 1).astype(int)
    model = MIDDecisionTreeClassifier(0).fit(frame, y)
    assert len(model.categories_[0]) == len(np.unique(key))
    penalised = MIDDecisionTreeClassifier(0.1).fit(frame, y)
    assert penalised.tree_.feature[0] == 1
    assert_array_equal(
        penalised.predict(frame),
        MIDDecisionTreeClassifier(0.1)
        .fit(frame[["useful", "number", "key"]], y)
        .predict(frame[["useful", "number", "key"]]),
    )
    new = frame.head(3).assign(key="new")
    for each in (model, penalised):
        assert_allclose(each.predict_proba(new).sum(axis=1), 1)


def test_child_lookup_by_search_equals_the_table():
    # A column of many values, allowed below the first level only: the table of
    # children would be far larger than the tree.
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(200), 2)
    frame = pd.DataFrame({"id": rng.permutation(400).astype(str), "group": group})
    frame["group"] = frame["group"].astype(str)
    y = np.tile([0, 1], 200)
    y[:20] = 0
    model = PriorityDepthTreeClassifier("id", 2).fit(frame, y)
    assert model.tree_._table is None
    assert_array_equal(model.predict(frame), y)
    new = frame.assign(id="new")
    assert_array_equal(model.tree_.depth[model.apply(new)], 1)


def test_numeric_columns_of_many_values_are_binned():
    x = np.sort(np.random.default_rng(0).normal(size=5000))[:, None]
    y = (x[:, 0] > x[1234, 0]).astype(int)
    fine = MIDDecisionTreeClassifier(0, max_bins=65_535).fit(x, y)
    assert_allclose(fine.tree_.threshold[0], (x[1234, 0] + x[1235, 0]) / 2)
    coarse = MIDDecisionTreeClassifier(0, max_bins=10, max_depth=1).fit(x, y)
    # The nearest bin ends at the 0.2 or 0.3 quantile.
    assert coarse.score(x, y) == pytest.approx(0.9468, abs=1e-3)


def test_thresholds_between_neighbouring_floats():
    low, high = 1.0, np.nextafter(1.0, 2.0)
    huge = [[-1e308], [1e308]]
    for x in ([[low], [high]], [[high], [np.nextafter(high, 2.0)]], huge):
        model = MIDDecisionTreeClassifier(0).fit(x, [0, 1])
        assert_array_equal(model.predict(x), [0, 1])


def test_names_and_indices_of_columns():
    by_name = MIDDecisionTreeClassifier(0, categorical_features=["size", "colour"])
    assert by_name.fit(X, Y).is_categorical_.all()
    frame = X.assign(size2=X["size"])
    model = MIDDecisionTreeClassifier(
        np.inf, categorical_features=[0, -1], sensitive_features=[["size2"], "size"]
    )
    model.fit(frame, Y)
    assert_array_equal(model.is_categorical_, [True, False, True])
    assert set(model.tree_.feature) <= {-1, 0}
    numbers = MIDDecisionTreeClassifier(categorical_features=None).fit(X[["size"]], Y)
    assert not numbers.is_categorical_.any()
    none = MIDDecisionTreeClassifier(categorical_features=[]).fit(X[["size"]], Y)
    assert not none.is_categorical_.any()


def test_in_a_pipeline():
    keep = ColumnTransformer([("keep", "passthrough", ["size", "colour"])])
    model = make_pipeline(keep, MIDDecisionTreeClassifier(0)).fit(X, Y)
    assert_array_equal(model.predict(X), Y)


def test_caller_keeps_the_data():
    codes = np.random.default_rng(0).integers(0, 4, (100, 3)).astype(np.uint8)
    before, y = codes.copy(), (codes[:, 0] > 1).astype(int)
    weight = np.linspace(1, 2, 100)
    columns = [0, 1, 2]
    for order in "CF":
        given = np.array(codes, order=order)
        given.setflags(write=False)
        model = MIDDecisionTreeClassifier(0, categorical_features=columns)
        model.fit(given, y, sample_weight=weight)
        assert_array_equal(given, before)
    assert columns == [0, 1, 2]
    assert_array_equal(weight, np.linspace(1, 2, 100))


@pytest.mark.parametrize(
    ("params", "data", "error", "message"),
    [
        ({"reg_lambda": -1}, (X, Y), ValueError, "reg_lambda.*range.*-1"),
        ({"reg_lambda": np.nan}, (X, Y), ValueError, "reg_lambda.*nan"),
        ({"reg_lambda": "much"}, (X, Y), ValueError, "reg_lambda"),
        ({"release": "all"}, (X, Y), ValueError, "release.*'label'"),
        ({"max_bins": 1}, (X, Y), ValueError, "max_bins"),
        ({"min_samples_split": 1}, (X, Y), ValueError, "min_samples_split"),
        (
            {"sensitive_features": ["shape"]},
            (X, Y),
            ValueError,
            "sensitive_features='shape' is not a column.*colour",
        ),
        ({"sensitive_features": 2}, (X, Y), ValueError, "2 is out of range.*-2 to 1"),
        ({"sensitive_features": []}, (X, Y), ValueError, "sensitive_features is empty"),
        ({"sensitive_features": [0, "colour"]}, (X, Y), ValueError, "column twice"),
        (
            {"categorical_features": ["size"]},
            (X, Y),
            TypeError,
            "'colour' of X holds categories, but categorical_features leaves it out",
        ),
        ({"categorical_features": None}, (X, Y), TypeError, "'colour' of X holds"),
        ({"categorical_features": [True]}, (X, Y), ValueError, "a mask of shape"),
        ({"categorical_features": [5]}, (X, Y), ValueError, "5 is out of range"),
        ({"class_weight": {0: -1, 1: 1}}, (X, Y), ValueError, "not negative"),
        ({}, (X, np.zeros(200)), ValueError, "at least 2 classes in y, but got 1"),
        ({}, (X, Y[:-1]), ValueError, "inconsistent numbers of samples"),
        ({}, (X, Y + 0.5), ValueError, "Unknown label type"),
        ({}, (X.iloc[:0], Y[:0]), ValueError, "0 sample"),
        ({}, (X.iloc[:, :0], Y), ValueError, "0 feature"),
        ({}, (X.assign(size=np.inf), Y), ValueError, "'size' of X contains infinity"),
        (
            {"categorical_features": ["colour", "size"]},
            (X.assign(size=np.where(Y, np.inf, 0)), Y),
            ValueError,
            "'size' of X contains infinity",
        ),
        ({}, (X.assign(size=1j), Y), TypeError, "dtype complex128; allowed are"),
        (
            {},
            (X.assign(size=pd.Timestamp("2020-01-01")), Y),
            TypeError,
            "dtype datetime64.*Convert it",
        ),
        ({}, (np.array([[1, 1j]]), [0]), ValueError, "Complex data not supported"),
        ({}, ([[1, 2], [3]], [0, 1]), ValueError, "inhomogeneous"),
    ],
)
def test_bad_input_says_what_is_wrong(params, data, error, message):
    with pytest.raises(error, match=message):
        MIDDecisionTreeClassifier(**params).fit(*data)


DAY = datetime.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.period_range("2020", periods=4, freq="D"), r"dtype period\[D\]"),
        (pd.date_range("2020", periods=4, tz="UTC"), r"dtype datetime64\[.*UTC"),
        (pd.to_timedelta([0, 1, 2, 3]), "dtype timedelta64"),
        (pd.interval_range(0, 4), r"dtype interval\[int64"),
        ([DAY, None, DAY, DAY], "entries of type date"),
        ([datetime.time(1)] * 4, "entries of type time"),
        ([datetime.timedelta(1)] * 4, "entries of type timedelta"),
        ([pd.Period("2020")] * 4, "entries of type period"),
        ([pd.Interval(0, 1)] * 4, "entries of type interval"),
        ([pd.Timestamp("2020")] * 4, "entries of type datetime"),
        ([1j] * 4, "entries of type complex"),
    ],
)
def test_times_and_stretches_are_neither_numbers_nor_categories(column, kind):
    if isinstance(column, list):
        column = pd.Series(column, dtype=object)
    frame = pd.DataFrame({"when": column, "size": [1, 2, 3, 4]})
    for chosen in ("from_dtype", ["when"], None):
        model = MIDDecisionTreeClassifier(categorical_features=chosen)
        with pytest.raises(TypeError, match=f"Column 'when' of X .*{kind}"):
            model.fit(frame, [0, 1, 0, 1])


def test_arrow_columns_of_lists_and_times_are_refused():
    pa = pytest.importorskip("pyarrow")
    for values, kind in (
        ([[0], [1]] * 2, pa.list_(pa.int64())),
        ([{"a": 0}] * 4, pa.struct([("a", pa.int64())])),
        ([DAY] * 4, pa.date32()),
        ([datetime.timedelta(1)] * 4, pa.duration("s")),
        ([pd.Timestamp("2020")] * 4, pa.timestamp("s")),
    ):
        frame = pd.DataFrame({"when": pd.Series(values, dtype=pd.ArrowDtype(kind))})
        with pytest.raises(TypeError, match="Column 'when' of X has dtype"):
            MIDDecisionTreeClassifier().fit(frame, [0, 1, 0, 1])


def test_binned_numbers_are_categories():
    X = pd.DataFrame({"age": pd.cut(range(8), 2)})
    model = MIDDecisionTreeClassifier(0).fit(X, [0] * 4 + [1] * 4)
    assert_array_equal(model.predict(X), [0] * 4 + [1] * 4)


def test_bad_weights_and_late_input():
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        MIDDecisionTreeClassifier().fit(X, Y, sample_weight=np.full(200, -1.0))
    with pytest.raises(ValueError, match="at least 2 classes"):
        MIDDecisionTreeClassifier().fit(X, Y, sample_weight=1 - Y)
    with pytest.raises(ValueError, match="requires y"):
        MIDDecisionTreeClassifier().fit(X, None)
    model = MIDDecisionTreeClassifier(0).fit(X, Y)
    with pytest.raises(
        ValueError, match="numeric, but holds an entry that is no number"
    ):
        model.predict(X.assign(size="large"))
    with pytest.raises(ValueError, match="same order as they were in fit"):
        model.predict(X[["size", "colour"]])
    with pytest.raises(ValueError, match=r"should match those|feature names"):
        model.predict(X[["size"]])
