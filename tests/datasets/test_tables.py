import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression

from sklearn_mid.datasets import _adult as adult_module
from sklearn_mid.datasets import _gss as gss_module
from sklearn_mid.datasets import _iwpc as iwpc_module
from sklearn_mid.datasets import _nhanes as nhanes_module
from sklearn_mid.datasets import _steak as steak_module
from sklearn_mid.datasets import (
    fetch_adult,
    fetch_gss,
    fetch_iwpc,
    fetch_nhanes,
    fetch_steak,
    iwpc_weekly_dose,
    load_diabetes,
    load_fair,
)

FETCHERS = [fetch_adult, fetch_gss, fetch_iwpc, fetch_nhanes, fetch_steak]


def counts(column):
    return column.value_counts().to_dict()


@pytest.fixture(params=[load_diabetes, load_fair, *FETCHERS])
def load(request):
    if request.param not in FETCHERS:
        if request.param is load_fair:
            pytest.importorskip("statsmodels")
        return request.param
    data_home = request.getfixturevalue("data_home")

    def with_home(**options):
        return request.param(data_home=data_home, **options)

    return with_home


def test_bunch_holds_what_its_parts_say(load):
    bunch = load()
    assert list(bunch.data.columns) == bunch.feature_names
    assert set(bunch.sensitive_features) <= set(bunch.feature_names)
    assert len(bunch.data) == len(bunch.target) == len(bunch.frame)
    assert bunch.frame.shape[1] == bunch.data.shape[1] + 1
    assert_array_equal(bunch.frame[bunch.target.name], bunch.target)
    assert not bunch.data.isna().any(axis=None)
    assert "Source:" in bunch.DESCR
    assert str(len(bunch.data)) in bunch.DESCR


def test_arrays_hold_the_same_values(load):
    bunch, arrays = load(), load(as_frame=False)
    assert arrays.frame is None
    assert isinstance(arrays.data, np.ndarray)
    assert_array_equal(arrays.data, bunch.data.to_numpy())
    assert_array_equal(arrays.target, bunch.target.to_numpy())
    X, y = load(return_X_y=True)
    pd.testing.assert_frame_equal(X, bunch.data)
    pd.testing.assert_series_equal(y, bunch.target)


def test_target_names_are_the_classes_in_sorted_order(load):
    bunch = load(as_frame=False)
    if "target_names" in bunch:
        assert bunch.target_names == sorted(set(bunch.target.tolist()))
    else:
        assert bunch.target.dtype == float


def test_diabetes_is_in_readable_units():
    diabetes = load_diabetes()
    assert counts(diabetes.data["sex"]) == {1: 235, 2: 207}
    assert diabetes.data["age"].between(19, 79).all()
    # A linear model takes the frame as it is.
    fit = LinearRegression().fit(diabetes.data, diabetes.target)
    assert_allclose(fit.score(diabetes.data, diabetes.target), 0.5177, atol=1e-4)


def test_fair_secret_is_whether_there_was_an_affair():
    pytest.importorskip("statsmodels")
    fair = load_fair()
    assert counts(fair.data["affairs"]) == {"no": 4313, "yes": 2053}
    assert counts(fair.target) == {
        "very good": 2684,
        "good": 2242,
        "fair": 993,
        "poor": 348,
        "very poor": 99,
    }


def test_fair_names_the_extra_that_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.datasets.fair", None)
    with pytest.raises(ImportError, match=r"load_fair needs.*\[benchmark\]'"):
        load_fair()


def test_iwpc_counts(data_home):
    iwpc = fetch_iwpc(data_home=data_home)
    assert iwpc.data.shape == (4819, 8)
    assert counts(iwpc.data["race"]) == {"white": 2900, "asian": 1462, "black": 457}
    assert counts(iwpc.data["vkorc1"]) == {"CT": 1756, "TT": 1628, "CC": 1435}
    assert counts(iwpc.data["cyp2c9"]) == {
        "11": 3630,
        "12": 643,
        "13": 430,
        "22": 41,
        "23": 60,
        "33": 15,
    }
    assert iwpc.groups["vkorc1"] == ["vkorc1"]


def test_iwpc_one_hot_keeps_every_value(data_home):
    iwpc = fetch_iwpc(data_home=data_home)
    coded = fetch_iwpc(one_hot=True, data_home=data_home)
    assert coded.data.shape == (4819, 17)
    assert set(coded.data.dtypes) == {np.dtype(float)}
    for name in ("race", "cyp2c9", "vkorc1"):
        group = coded.data[coded.groups[name]]
        assert_array_equal(group.sum(axis=1), 1)
        assert_array_equal(
            group.idxmax(axis=1), name + "_" + iwpc.data[name].astype(str)
        )


def test_iwpc_least_squares_error(data_home):
    X, y = fetch_iwpc(one_hot=True, return_X_y=True, data_home=data_home)
    assert (y.min(), y.max()) == (-1, 1)
    residual = y - LinearRegression().fit(X, y).predict(X)
    assert_allclose(np.mean(residual**2), 0.0155, atol=5e-5)


@pytest.mark.parametrize("scale", ["scaled", "zscore", "mg_week"])
def test_iwpc_scales_agree_in_mg_per_week(data_home, scale):
    z = fetch_iwpc(target="zscore", data_home=data_home).target
    dose = fetch_iwpc(target=scale, data_home=data_home).target
    assert_allclose(
        iwpc_weekly_dose(dose, scale=scale), (5.3735 + 1.4203 * z) ** 2, rtol=1e-12
    )


def test_steak_keeps_who_answered(data_home):
    answered = fetch_steak(complete_cases=False, data_home=data_home)
    assert counts(answered.data["cheated"]) == {"No": 358, "Yes": 72}
    assert answered.data.isna().any(axis=None)
    complete = fetch_steak(data_home=data_home)
    assert counts(complete.data["cheated"]) == {"No": 274, "Yes": 57}
    assert len(complete.target_names) == 5
    assert complete.data["age"].cat.ordered
    assert list(complete.data.index) == list(range(331))


def test_nhanes_counts(data_home):
    nhanes = fetch_nhanes(data_home=data_home)
    assert nhanes.data.shape == (2656, 20)
    assert counts(nhanes.target) == {"No": 1991, "Yes": 665}
    # An answer that readers of CSV files take for a missing value.
    assert counts(nhanes.data["Depressed"]) == {
        "None": 2039,
        "Several": 440,
        "Most": 177,
    }
    assert counts(nhanes.data["HardDrugs"]) == {"No": 2141, "Yes": 515}


def test_nhanes_has_each_person_once(data_home):
    answered = fetch_nhanes(complete_cases=False, data_home=data_home)
    assert len(answered.data) == 2914
    assert answered.data["Poverty"].isna().sum() == 188
    assert answered.data["Age"].between(20, 59).all()
    assert not answered.frame.duplicated().any()


def test_nhanes_bounds_hold_every_record(data_home):
    nhanes = fetch_nhanes(data_home=data_home)
    assert set(nhanes.bounds) == set(nhanes.data.select_dtypes("number"))
    for name, (low, high) in nhanes.bounds.items():
        assert nhanes.data[name].between(low, high).all()


def test_gss_counts(data_home):
    gss = fetch_gss(subset="all", data_home=data_home)
    assert gss.data.shape == (20314, 11)
    assert counts(gss.target) == {
        "veryhappy": 13034,
        "prettyhappy": 6698,
        "nottoohappy": 582,
    }
    assert counts(gss.data["xmovie"]) == {"x_no": 16312, "x_yes": 4002}
    assert gss.frame.duplicated().sum() == 161


def test_gss_no_answer_becomes_missing(data_home):
    kept = fetch_gss(data_home=data_home).data
    missing = fetch_gss(no_answer="missing", data_home=data_home).data
    assert_array_equal(missing["childs"].isna(), kept["childs"] == 9)
    assert_array_equal(missing["age"].isna(), kept["age"] == 99)
    assert_array_equal(missing["educ"].isna(), kept["educ"] >= 98)
    for name in ("divorce", "relig", "pornlaw"):
        assert_array_equal(
            missing[name].isna(), kept[name].isin(["dontknow", "noanswer"])
        )
    known = missing["relig"].notna()
    assert_array_equal(missing["relig"][known], kept["relig"][known])
    assert not kept.isna().any(axis=None)


def test_adult_counts(data_home):
    adult = fetch_adult(subset="all", data_home=data_home)
    assert adult.data.shape == (45222, 10)
    assert counts(adult.target) == {"<=50K": 34014, ">50K": 11208}
    assert counts(adult.data["marital"]) == {"Single": 23583, "Married": 21639}


@pytest.mark.parametrize("fetch", [fetch_adult, fetch_gss])
def test_subsets_are_the_two_parts_of_all(data_home, fetch):
    train, test, both = (
        fetch(subset=s, data_home=data_home).frame for s in ("train", "test", "all")
    )
    assert_array_equal(train.dtypes, test.dtypes)
    stacked = pd.concat([train, test], ignore_index=True)
    pd.testing.assert_frame_equal(stacked, both)


@pytest.mark.parametrize(
    ("module", "columns"),
    [
        (adult_module, adult_module._CATEGORIES),
        (gss_module, gss_module._CATEGORIES),
        (iwpc_module, iwpc_module._CATEGORIES),
        (
            nhanes_module,
            nhanes_module._CATEGORIES | nhanes_module._ORDERED_CATEGORIES,
        ),
        (steak_module, steak_module._CATEGORIES | steak_module._ORDERED_CATEGORIES),
    ],
)
def test_every_listed_category_occurs(data_home, module, columns):
    options = {"subset": "all"} if hasattr(module, "FILES") else {}
    fetch = getattr(module, module.__all__[0])
    data = fetch(data_home=data_home, **options).data
    for name, categories in columns.items():
        assert set(data[name].unique()) == set(categories)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fetch_adult(subset="valid"), "subset='valid'.*'train', 'test', 'all'"),
        (lambda: fetch_gss(subset=0), "subset=0.*'train', 'test', 'all'"),
        (lambda: fetch_gss(no_answer=None), "no_answer=None.*'keep', 'missing'"),
        (lambda: fetch_iwpc(target="mg"), "target='mg'.*'mg_week'"),
        (lambda: iwpc_weekly_dose(0, scale="kg"), "scale='kg'.*'scaled'"),
    ],
)
def test_wrong_option_names_the_allowed_ones(call, message):
    with pytest.raises(ValueError, match=message):
        call()
