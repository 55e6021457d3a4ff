"""The attacker with labelled records, and the baseline that knows as much."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import ImputationBaseline, LearnedAttack
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.exceptions import UnsupportedTargetError


def memorised(n=400):
    """A secret that only a model trained on these very people knows."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(2, size=n), rng.normal(size=n)])
    return X, rng.integers(2, size=n)


def test_learns_what_the_target_memorised_and_imputation_cannot():
    X, y = memorised(2000)
    target = DecisionTreeClassifier(random_state=0).fit(X, y)
    known, attacked = np.arange(2000).reshape(2, 1000)  # labelled records of others
    attack = LearnedAttack(target, 0, random_state=0).fit(X[known], y[known])
    baseline = ImputationBaseline(0, random_state=0).fit(X[known], y[known])
    # A fair coin is right for 55% of 1,000 people once in 1,000 times.
    assert baseline.score(X[attacked], y[attacked]) < 0.55
    assert attack.score(X[attacked], y[attacked]) > 0.6


@pytest.mark.parametrize("target", [LinearSVC(), LogisticRegression()])
def test_takes_labels_and_confidences(target):
    rng = np.random.default_rng(0)
    X = rng.integers(2, size=(300, 2)).astype(float)
    y = np.where(X[:, 0] > 0, "yes", "no")
    attack = LearnedAttack(target.fit(X, y), 0, random_state=0).fit(X, y)
    assert attack.score(X, y) == 1


def test_takes_predictions():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(3, size=500), rng.uniform(0, 50, size=500)])
    y = X @ [1.0, 1.0]
    attack = LearnedAttack(LinearRegression().fit(X, y), 0, random_state=0).fit(X, y)
    records = np.column_stack([rng.integers(3, size=500), rng.uniform(0, 50, size=500)])
    # Without the model, the secret is a difference that no tree sees.
    assert attack.score(records, records @ [1.0, 1.0]) == 1


@pytest.mark.parametrize("attack", [LearnedAttack, ImputationBaseline])
def test_takes_another_classifier_and_leaves_it_alone(attack):
    X = np.tile([[0.0, 0.0], [1.0, 1.0]], (30, 1))
    y = X[:, 1]
    classifier = LogisticRegression()
    target = [DecisionTreeClassifier().fit(X, y)] if attack is LearnedAttack else []
    fitted = attack(*target, 0, classifier=classifier).fit(X, y)
    assert_array_equal(fitted.infer(X, y), X[:, 0])
    assert not hasattr(classifier, "classes_")
    with pytest.raises(ValueError, match="'classifier' parameter"):
        attack(*target, 0, classifier=LinearRegression()).fit(X, y)


def test_secret_in_bins_is_inferred_in_its_own_units():
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, size=2000)
    frame = pd.DataFrame({"age": age, "noise": rng.normal(size=2000)})
    baseline = ImputationBaseline("age", candidates=6, random_state=0)
    baseline.fit(frame, age / 10)
    assert baseline.score(frame, age / 10) > 0.95
    assert baseline.absolute_error(frame, age / 10).max() < 2 * 62 / 6


def test_a_candidate_that_no_record_holds_is_never_inferred():
    X = np.tile([["a", 0], ["b", 1]], (30, 1)).astype(object)
    y = np.tile([0, 1], 30)
    baseline = ImputationBaseline(0, candidates=["a", "b", "c"]).fit(X, y)
    assert_array_equal(baseline.infer_proba(X, y)[:, 2], 0)
    assert_array_equal(baseline.infer(X, y), X[:, 0])


def test_missing_known_values():
    X = np.column_stack([np.tile([0.0, 1.0], 60), np.tile([np.nan, 2.0, 3.0], 40)])
    y = X[:, 0]
    baseline = ImputationBaseline(0).fit(X, y)
    assert baseline.score(X, y) == 1
    frame = pd.DataFrame({"s": X[:, 0], "k": np.tile(["u", None, "v"], 40)})
    assert ImputationBaseline("s").fit(frame, y).score(frame, y) == 1


def test_unsuitable_target():
    X, y = memorised(50)
    with pytest.raises(UnsupportedTargetError, match="StandardScaler: it is neither"):
        LearnedAttack(StandardScaler().fit(X), 0).fit(X, y)


@pytest.mark.parametrize("train_on", ["auxiliary", "shadow"])
def test_on_a_model_without_the_secret_it_is_its_baseline(train_on):
    X, y = memorised(100)
    target = OmitFeature(DecisionTreeClassifier(max_depth=3), 0).fit(X, y)
    attack = LearnedAttack(
        target, 0, classifier=LogisticRegression(), train_on=train_on, random_state=0
    ).fit(X, y)
    baseline = attack.baseline().fit(X, y)
    assert_array_equal(attack.infer_proba(X, y), baseline.infer_proba(X, y))


def test_the_unit_of_the_response_does_not_matter():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(2, size=200), rng.normal(size=200)])
    y = X @ [2.0, 1.0] + rng.normal(size=200)
    found = []
    for unit in (1.0, 2.0**-40):
        attack = LearnedAttack(
            LinearRegression().fit(X, unit * y),
            0,
            classifier=make_pipeline(StandardScaler(), LogisticRegression()),
        )
        found.append(attack.fit(X, unit * y).infer_proba(X, unit * y)[1])
    assert_allclose(*found, atol=1e-6)
