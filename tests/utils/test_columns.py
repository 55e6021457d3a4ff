"""Columns of an attribute, however they are named and in whatever table."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sklearn_mid.attacks import LearnedAttack, MAPAttack, PriorBaseline
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.metrics import attack_report
from sklearn_mid.model_selection import make_attack_scorer
from sklearn_mid.utils import one_hot_group
from sklearn_mid.utils._features import resolve_attributes

rng = np.random.default_rng(0)
RAW = pd.DataFrame(
    {
        "age": rng.integers(20, 60, size=200),
        "marital": rng.choice(["never", "once", "twice"], size=200),
        "marital_years": rng.integers(3, size=200),
    }
)
Y = (rng.random(200) < 0.2 + 0.5 * (RAW["marital"] == "once")).astype(int)
ENCODE = ColumnTransformer(
    [("cat", OneHotEncoder(sparse_output=False), ["marital"])],
    remainder="passthrough",
).set_output(transform="pandas")
GROUP = ["cat__marital_never", "cat__marital_once", "cat__marital_twice"]


def test_the_columns_of_an_encoded_attribute():
    encoded = ENCODE.fit_transform(RAW)
    assert one_hot_group(ENCODE, "marital") == GROUP
    behind = make_pipeline(ENCODE, StandardScaler()).fit(RAW)
    assert one_hot_group(behind, "marital") == GROUP
    plain = OneHotEncoder().fit(RAW[["marital", "marital_years"]])
    assert one_hot_group(plain, "marital") == [g.partition("__")[2] for g in GROUP]
    assert len(one_hot_group(plain, "marital_years")) == 3
    without = encoded.drop(columns="remainder__marital_years")
    assert one_hot_group(without, "marital") == GROUP
    unnamed = OneHotEncoder().fit(RAW[["marital"]].to_numpy())
    assert one_hot_group(unnamed, 0) == ["x0_never", "x0_once", "x0_twice"]


@pytest.mark.parametrize(
    ("given", "name", "error", "match"),
    [
        (RAW, "marital", ValueError, "was not encoded"),
        (RAW.to_numpy(), "marital", TypeError, "must be a fitted transformer"),
        (RAW[["age"]], "sex", ValueError, r"no encoded columns; there are \['age'\]"),
        (RAW[["age"]].assign(b_1=2, b_2=RAW["age"]), "b", ValueError, "not one-hot"),
    ],
)
def test_what_was_not_encoded_is_named(given, name, error, match):
    with pytest.raises(error, match=match):
        one_hot_group(given, name)


def test_attacks_and_models_take_the_raw_name():
    encoded = ENCODE.fit_transform(RAW).drop(columns="remainder__marital_years")
    target = LogisticRegression().fit(encoded, Y)
    by_name, by_group = (
        MAPAttack(target, secret).fit(encoded, Y) for secret in ("marital", GROUP)
    )
    assert_array_equal(by_name.values_, GROUP)
    assert_array_equal(by_name.infer(encoded, Y), by_group.infer(encoded, Y))
    # One raw column behind the encoder of a pipeline.
    whole = make_pipeline(ENCODE, LogisticRegression()).fit(RAW, Y)
    assert_array_equal(
        MAPAttack(whole, "marital").fit(RAW, Y).values_, ["never", "once", "twice"]
    )
    omitted = OmitFeature(LogisticRegression(), "marital").fit(encoded, Y)
    assert_array_equal(omitted.kept_features_, [3])
    age = PriorBaseline("age").fit(encoded, Y)
    assert age.values_.max() < 60


@pytest.mark.parametrize(
    "columns",
    [pd.Index(GROUP), pd.Series(GROUP), np.array(GROUP), tuple(GROUP), range(3)],
    ids=lambda columns: type(columns).__name__,
)
def test_any_list_of_columns(columns):
    encoded = ENCODE.fit_transform(RAW)
    target = LogisticRegression(max_iter=1000).fit(encoded, Y)
    found = MAPAttack(target, columns).fit(encoded, Y).values_
    assert_array_equal(found, GROUP)
    omit = OmitFeature(LogisticRegression(max_iter=1000), [columns])
    kept = omit.fit(encoded, Y).kept_features_
    assert_array_equal(kept, [3, 4])


def test_columns_that_cannot_be_told_apart_are_named():
    twice = RAW.set_axis(["age", "age", "b"], axis=1)
    levels = RAW.set_axis(
        pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")]), axis=1
    )
    # The newest scikit-learn says so itself.
    twofold = "'age' is the name of 2 columns of X|unique column names"
    for make in (PriorBaseline, lambda s: OmitFeature(LinearRegression(), s)):
        with pytest.raises(ValueError, match=twofold):
            make("age").fit(twice, Y)
        with pytest.raises(ValueError, match="a MultiIndex of 2 levels"):
            make("b").fit(levels, Y)


def test_single_columns_that_are_one_attribute_are_warned_of():
    encoded = ENCODE.fit_transform(RAW)
    with pytest.warns(UserWarning, match="look like the one-hot columns of a single"):
        OmitFeature(LogisticRegression(max_iter=1000), GROUP).fit(encoded, Y)
    with pytest.warns(UserWarning, match=r"pass sensitive_features=\[\['cat__"):
        MIDLinearRegression(0.1, sensitive_features=GROUP[:2]).fit(encoded, Y)
    independent = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = ["a", "b", "c"]
        resolve_attributes(
            names[:2], n_features=3, feature_names=names, param="p", X=independent
        )


def test_a_group_that_is_none_is_named():
    X = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    with pytest.raises(ValueError, match="name several one by one"):
        PriorBaseline([0, 1]).fit(X, [0, 1, 0, 1])


# scikit-learn reads polars by a protocol that polars is about to drop.
INTERCHANGE = pytest.mark.filterwarnings(
    "ignore:Support for the dataframe interchange:DeprecationWarning"
)


def polars_of(frame):
    return pytest.importorskip("polars").DataFrame(frame.to_dict(orient="list"))


@INTERCHANGE
def test_polars_tables_are_read_like_those_of_pandas():
    table = polars_of(RAW)
    steps = ColumnTransformer([("cat", OrdinalEncoder(), ["marital"])])
    models = [
        make_pipeline(steps, LogisticRegression()).fit(t, Y) for t in (RAW, table)
    ]
    for make in (
        lambda model: MAPAttack(model, "marital"),
        lambda model: LearnedAttack(
            model, "marital", classifier=LogisticRegression(max_iter=1000)
        ),
    ):
        expected, found = (
            make(model).fit(t, Y).infer_proba(t, Y)
            for model, t in zip(models, (RAW, table), strict=True)
        )
        assert_allclose(found, expected)
    attack = MAPAttack(models[1], "marital").fit(table, Y)
    report = attack_report(attack, table, Y, auxiliary=(table, Y), n_resamples=50)
    assert "advantage" in set(report["metric"])


@INTERCHANGE
def test_polars_tables_in_models_and_searches():
    table = polars_of(RAW.drop(columns="marital"))
    omit = OmitFeature(LinearRegression(), "age").fit(table, Y)
    assert_array_equal(omit.feature_names_in_, ["age", "marital_years"])
    frame = RAW.drop(columns="marital")
    assert_array_equal(omit.predict(table), omit.predict(frame))
    y = RAW["age"] + rng.normal(size=200)
    scores = [
        GridSearchCV(
            MIDLinearRegression(sensitive_features=["age"]),
            {"reg_lambda": [0.0, 1e3]},
            scoring=make_attack_scorer(MAPAttack(None, "age", candidates=2)),
            cv=2,
            error_score="raise",
        )
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for X in (table, frame)
    ]
    assert_allclose(scores[0], scores[1])
    assert scores[0][1] > scores[0][0]
