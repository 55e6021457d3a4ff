"""What a model file holds, against what is known to be put there."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.metrics import disclosure

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
y = (X[:, 0] + rng.normal(size=60) > 0).astype(int)


def counts(estimator, X=None):
    report = disclosure(estimator, X)
    return dict(zip(report["where"], report["count"], strict=True))


def test_a_kernel_machine_keeps_its_support_vectors():
    machine = make_pipeline(StandardScaler(), SVC()).fit(X, y)
    n = len(machine[-1].support_)
    for found in (counts(machine), counts(machine, X)):
        assert found["steps['svc'].support_vectors_"] == n
        assert found["steps['svc'].support_"] == n


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (KNeighborsClassifier(), "n_samples_fit_"),
        (GaussianProcessClassifier(), "base_estimator_.X_train_"),
        (KernelRidge(), "X_fit_"),
    ],
)
def test_models_that_are_their_training_rows(model, where):
    assert counts(model.fit(X, y))[where] == len(X)


def test_rows_are_found_in_private_arrays_and_after_scaling():
    imputed = make_pipeline(StandardScaler(), KNNImputer(), LogisticRegression())
    found = counts(imputed.fit(X, y), X)
    assert found == {"steps['knnimputer']._fit_X": len(X)}
    other = rng.normal(size=X.shape)
    assert counts(imputed, other) == {}


@pytest.mark.parametrize(
    "wrap",
    [
        FrozenEstimator,
        lambda svc: GridSearchCV(svc, {"C": [1.0]}, cv=2),
        lambda svc: CalibratedClassifierCV(svc, cv=2),
        lambda svc: BaggingClassifier(svc, 3, random_state=0),
    ],
)
def test_wrappers_are_looked_into(wrap):
    svc = SVC().fit(X, y)
    found = counts(wrap(svc).fit(X, y))
    assert any(where.endswith("support_vectors_") for where in found)


def test_the_pipeline_that_a_search_started_from_is_not_asked():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SVC()), {"svc__C": [1.0]}, cv=2
    ).fit(X, y)
    found = disclosure(search, X)["where"]
    assert any(where.endswith("support_vectors_") for where in found)


def test_a_template_that_is_not_fitted_holds_nothing():
    bag = BaggingClassifier(DecisionTreeClassifier(min_samples_leaf=9), 2).fit(X, y)
    assert set(counts(bag)) == {"estimators_samples_"}


def test_leaves_of_one_person_are_counted_over_a_forest():
    forest = RandomForestClassifier(5, bootstrap=False, random_state=0).fit(X, y)
    alone = sum(
        np.count_nonzero((t.tree_.feature < 0) & (t.tree_.n_node_samples == 1))
        for t in forest.estimators_
    )
    assert counts(forest)["estimators_[*].tree_"] == alone > 0
    large = RandomForestClassifier(5, min_samples_leaf=5).fit(X, y)
    assert "estimators_[*].tree_" not in counts(large)


def test_words_of_one_text_and_categories_seen_once():
    words = TfidfVectorizer().fit(["a fever", "a fever cough", "a fever leprosy"])
    assert counts(words) == {"vocabulary_": 2}
    towns = pd.DataFrame({"town": ["x", "x", "y", "z"]})
    assert counts(OneHotEncoder().fit(towns), towns) == {"categories_": 2}
    assert counts(OneHotEncoder().fit(towns)) == {}


def test_quantiles_are_values_if_there_are_as_many_as_rows():
    exact = QuantileTransformer(n_quantiles=60).fit(X)
    assert counts(exact, X) == {"quantiles_": 60}
    assert counts(exact) == {}  # nobody knows how many rows there were
    with pytest.warns(UserWarning, match="n_quantiles"):
        assert counts(QuantileTransformer().fit(X)) == {"quantiles_": 60}
    assert counts(QuantileTransformer(n_quantiles=7).fit(X), X) == {}


def test_a_linear_model_holds_nobody_and_every_finding_has_advice():
    assert disclosure(LinearSVC().fit(X, y), X).empty
    assert disclosure(SVC().fit(X, y))["advice"].str.len().min() > 10


@pytest.mark.parametrize("estimator", [SVC, None, "model.skops"])
def test_no_estimator(estimator):
    with pytest.raises(TypeError, match="estimator must be a fitted estimator"):
        disclosure(estimator)


def test_no_rows():
    with pytest.raises(ValueError, match="X must have shape"):
        disclosure(SVC().fit(X, y), X[0])
