import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import is_classifier, is_regressor
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from sklearn_mid.defenses import OmitFeature
from sklearn_mid.utils._model_files import load_model

RNG = np.random.RandomState(0)
X = RNG.standard_normal((30, 4))
Y = X @ [1.0, 2.0, 3.0, 4.0]
FRAME = pd.DataFrame(X, columns=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("attributes", "kept"),
    [
        ("b", [0, 2, 3]),
        (["b"], [0, 2, 3]),
        (-1, [0, 1, 2]),
        ([0, ["b", "c"]], [3]),
        ([["a", "d"]], [1, 2]),
    ],
)
def test_equals_the_model_fitted_without_the_columns(attributes, kept):
    model = OmitFeature(Ridge(), attributes).fit(FRAME, Y)
    plain = Ridge().fit(FRAME.iloc[:, kept], Y)
    assert_array_equal(model.kept_features_, kept)
    assert_allclose(model.predict(FRAME), plain.predict(FRAME.iloc[:, kept]))
    assert model.score(FRAME, Y) == plain.score(FRAME.iloc[:, kept], Y)
    assert model.n_features_in_ == 4
    assert_array_equal(model.feature_names_in_, FRAME.columns)


def test_what_stands_in_the_column_is_ignored():
    model = OmitFeature(LinearRegression(), [3]).fit(X, Y)
    changed = X.copy()
    changed[:, 3] = np.nan
    assert_array_equal(model.predict(changed), model.predict(X))


def test_strings_stay_strings():
    records = pd.DataFrame({"sex": ["f", "m"] * 5, "town": list("aabbccddee")})
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression())
    model = OmitFeature(pipeline, "sex").fit(records, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0])
    assert_array_equal(model.predict(records), [0, 0, 1, 1, 0, 0, 1, 1, 0, 0])
    mixed = records.assign(sex=1.5)
    assert_array_equal(model.predict_proba(mixed), model.predict_proba(records))
    assert_array_equal(
        OmitFeature(pipeline, 0).fit(records.to_numpy(), list("xxyyxxyyxx")).classes_,
        ["x", "y"],
    )


def test_sparse_input():
    dense = OmitFeature(Ridge(solver="sparse_cg"), 1).fit(X, Y)
    assert_allclose(
        OmitFeature(Ridge(solver="sparse_cg"), 1)
        .fit(sparse.csr_array(X), Y)
        .predict(sparse.csr_array(X)),
        dense.predict(X),
        rtol=1e-3,
    )


def test_kind_and_methods_are_the_estimators():
    label = Y > 0
    classifier = OmitFeature(LogisticRegression(), 0)
    assert is_classifier(classifier)
    assert is_regressor(OmitFeature(LinearRegression(), 0))
    assert hasattr(classifier, "predict_proba")
    assert not hasattr(OmitFeature(LinearSVC(), 0), "predict_proba")
    assert not hasattr(OmitFeature(LinearRegression(), 0), "decision_function")
    classifier.fit(X, label)
    assert_array_equal(classifier.decision_function(X) > 0, classifier.predict(X))


def test_a_stochastic_model_that_is_no_scikit_learn_estimator():
    class Dice:
        def get_params(self, deep=True):
            return {}

        def fit(self, X, y):
            self.n_columns = X.shape[1]
            return self

        def predict(self, X):
            return np.zeros(len(X))

        def sample_proba(self, X, *, n_samples=1, random_state=None):
            return np.full((n_samples, len(X), X.shape[1]), 1 / X.shape[1])

    model = OmitFeature(Dice(), [0, 1]).fit(X, Y)
    assert model.estimator_.n_columns == 2
    assert not hasattr(model, "classes_")
    assert_allclose(model.sample_proba(X, n_samples=3), np.full((3, 30, 2), 0.5))
    assert not hasattr(OmitFeature(Ridge(), 0), "sample_proba")
    assert repr(model).startswith("OmitFeature(")
    assert not is_classifier(model)


def test_a_frozen_estimator_that_was_fitted_without_the_column():
    fitted = LinearRegression().fit(X[:, 1:], Y)
    model = OmitFeature(FrozenEstimator(fitted), 0).fit(X, Y)
    assert_allclose(model.predict(X), fitted.predict(X[:, 1:]), rtol=1e-12)


@pytest.mark.parametrize(
    ("data", "attributes", "message"),
    [
        (FRAME, "sex", r"sensitive_features='sex' is not a column.*'a', 'b'"),
        (X, "a", "X has no column names"),
        (X, 4, "out of range: X has 4 columns"),
        (X, [0, 0], "names a column twice"),
        (X, [], "sensitive_features is empty"),
        (X, [0, 1, 2, 3], "leaves no column of X, which has 4"),
    ],
)
def test_bad_attributes_are_named(data, attributes, message):
    with pytest.raises(ValueError, match=message):
        OmitFeature(Ridge(), attributes).fit(data, Y)


def test_other_columns_than_at_fit_are_refused():
    model = OmitFeature(Ridge(), "a").fit(FRAME, Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(FRAME[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="X has 3 features, but OmitFeature"):
        OmitFeature(Ridge(), 0).fit(X, Y).predict(X[:, :3])


PEOPLE = pd.DataFrame(
    {
        "age": RNG.randint(20, 60, 80),
        "sex": pd.Categorical(RNG.choice(["f", "m"], 80, p=[0.3, 0.7])),
        "town": RNG.choice(["x", "y", "z"], 80),
    },
    index=np.arange(80)[::-1],
)
SICK = (PEOPLE["age"] > 40).to_numpy() ^ (PEOPLE["town"] == "x").to_numpy()
BY_NAME = make_column_transformer(
    (StandardScaler(), ["age"]), (OneHotEncoder(drop="first"), ["sex", "town"])
)
BY_PLACE = make_column_transformer((StandardScaler(), [0]), (OneHotEncoder(), [1, 2]))
BY_KIND = make_column_transformer(
    (StandardScaler(), make_column_selector(dtype_include=np.number)),
    (OneHotEncoder(), make_column_selector(dtype_exclude=np.number)),
)


@pytest.mark.parametrize("encoder", [BY_NAME, BY_PLACE, BY_KIND])
@pytest.mark.parametrize("strategy", ["auto", "constant"])
def test_a_pipeline_that_names_the_secret_runs_without_it(encoder, strategy):
    pipeline = make_pipeline(encoder, LogisticRegression())
    model = OmitFeature(pipeline, "sex", strategy=strategy).fit(PEOPLE, SICK)
    assert model.strategy_ == "constant"
    without = make_column_transformer(
        (StandardScaler(), ["age"]), (OneHotEncoder(), ["town"])
    )
    plain = make_pipeline(without, LogisticRegression(C=1e6)).fit(PEOPLE, SICK)
    unpenalised = OmitFeature(
        make_pipeline(encoder, LogisticRegression(C=1e6)), "sex", strategy=strategy
    ).fit(PEOPLE, SICK)
    assert_allclose(
        unpenalised.predict_proba(PEOPLE), plain.predict_proba(PEOPLE), atol=1e-3
    )
    for other in ("f", "m", None):
        changed = PEOPLE.assign(sex=other)
        assert_array_equal(model.predict_proba(changed), model.predict_proba(PEOPLE))
    seen = model.omit(PEOPLE)
    pd.testing.assert_frame_equal(seen, PEOPLE.assign(sex=seen["sex"]))
    assert set(seen["sex"]) == {"m"}


def test_a_model_file_holds_the_constants(tmp_path):
    io = pytest.importorskip("skops.io")
    model = OmitFeature(make_pipeline(BY_NAME, LogisticRegression()), "sex")
    io.dump(model.fit(PEOPLE, SICK), tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_array_equal(loaded.predict(PEOPLE), model.predict(PEOPLE))
    pd.testing.assert_frame_equal(loaded.omit(PEOPLE), model.omit(PEOPLE))


def test_columns_by_place_are_not_shifted():
    """Dropping column 0 would scale the wrong ones."""
    encoder = make_column_transformer((StandardScaler(), [1, 2]))
    model = OmitFeature(make_pipeline(encoder, Ridge()), 0).fit(X, Y)
    plain = make_pipeline(encoder, Ridge()).fit(X, Y)
    assert_allclose(model.predict(X), plain.predict(X))


def test_constants_of_groups_numbers_and_missing_values():
    frame = pd.DataFrame(
        {
            "gene_a": [1, 0, 0, 1, 0, 0],
            "gene_b": [0, 1, 1, 0, 0, 1],
            "weight": [50.0, 61, 72, 83, 94, 105],
            "town": [None, None, None, "x", "x", "y"],
            "known": range(6),
        }
    )
    secrets = [["gene_b", "gene_a"], "weight", "town"]
    for records in (frame, frame.to_numpy()):
        named = secrets if records is frame else [[1, 0], 2, 3]
        model = OmitFeature(
            make_pipeline(make_column_transformer(("passthrough", [4])), Ridge()),
            named,
        ).fit(records, np.arange(6))
        seen = pd.DataFrame(model.omit(records)).to_numpy()
        assert seen[:, :4].tolist() == [[0, 1, 77.5, "x"]] * 6
        assert_array_equal(seen[:, 4], np.arange(6))


def test_a_constant_in_a_sparse_matrix():
    dense = np.eye(4)[[0, 1, 1, 2, 3, 0]]
    model = OmitFeature(Ridge(), [1], strategy="constant")
    model.fit(sparse.csr_matrix(dense), np.arange(6))
    expected = dense.copy()
    expected[:, 1] = 0
    assert_array_equal(model.omit(sparse.csr_matrix(dense)).toarray(), expected)


def test_frozen_pipelines_were_fitted_without_the_column():
    encoder = make_column_transformer((StandardScaler(), ["age"]))
    fitted = make_pipeline(encoder, LogisticRegression()).fit(
        PEOPLE[["age", "town"]], SICK
    )
    model = OmitFeature(FrozenEstimator(fitted), "sex").fit(PEOPLE, SICK)
    assert model.strategy_ == "drop"
    assert_array_equal(model.predict(PEOPLE), fitted.predict(PEOPLE[["age", "town"]]))
