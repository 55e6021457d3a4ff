import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from sklearn_mid.defenses import OmitFeature

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
