"""The attacker who sees what the model answered about a person."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    PriorBaseline,
    ReleasedAnswerAttack,
)
from sklearn_mid.defenses import LabelOnly
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.linear_model import MIDLinearRegression

rng = np.random.default_rng(0)
N = 600
S = rng.choice(3, p=[0.2, 0.5, 0.3], size=N)
KNOWN = rng.integers(4, size=N)
X = np.column_stack([S, KNOWN]).astype(float)
Y = (rng.random(N) < 0.2 + 0.2 * S * (KNOWN > 1)).astype(int)
DOSE = S + KNOWN + rng.normal(size=N)


def posterior(outputs, prior):
    """Bayes' rule by enumeration: who shares my answer, by candidate value."""
    proba = []
    for row in outputs:
        same = row[:, None] == row[None]  # [true value, candidate]
        proba.append(same * prior / (same * prior).sum(axis=1, keepdims=True))
    return np.array(proba)


@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(max_depth=3), LogisticRegression()]
)
@pytest.mark.parametrize("release", ["confidences", "labels"])
@pytest.mark.parametrize("decimals", [None, 1])
def test_equals_enumeration(model, release, decimals):
    model.fit(X, Y)
    attack = ReleasedAnswerAttack(model, 0, release=release, decimals=decimals)
    attack.fit(X, Y)
    at_values = [np.column_stack([np.full(N, v), KNOWN]) for v in range(3)]
    if release == "labels":
        outputs = np.array([model.predict(X_v) for X_v in at_values]).T
    else:
        outputs = np.array([model.predict_proba(X_v)[:, 1] for X_v in at_values]).T
        outputs = np.round(outputs, 15 if decimals is None else decimals)
    expected = posterior(outputs, np.bincount(S) / N)[np.arange(N), S]
    proba = attack.infer_proba(X, attack.observe(X))
    assert_allclose(proba, expected, atol=1e-12)
    assert_allclose(attack.infer_proba(X), proba)
    assert attack.score(X) == np.mean(proba.argmax(axis=1) == S)


def test_answers_may_be_given_and_the_nearest_counts():
    model = LinearRegression().fit(X, DOSE)
    attack = ReleasedAnswerAttack(model, 0).fit(X)
    assert attack.score(X) == 1
    blank = np.column_stack([np.full(N, np.nan), KNOWN])
    assert_array_equal(attack.infer(blank, model.predict(X) + 0.01), S)
    with pytest.raises(ValueError, match="pass what observe"):
        attack.infer(X, np.ones((N, 2, 2)))


def test_gaussian_channel_of_the_linear_model_has_its_bayes_rule():
    model = MIDLinearRegression(reg_lambda=0.1).fit(X, DOSE)
    attack = ReleasedAnswerAttack(
        model, 0, release="draws", n_queries=4000, prior="uniform", random_state=0
    ).fit(X[:40], DOSE[:40])
    seen = attack.observe(X[:40])
    assert not np.array_equal(seen, model.predict(X[:40]))
    centres = [
        model.predict(np.column_stack([np.full(40, v), KNOWN[:40]])) for v in range(3)
    ]
    scale = np.sqrt(model.noise_variance_)
    density = norm.pdf(seen, np.array(centres), scale).T
    expected = density / density.sum(axis=1, keepdims=True)
    assert_allclose(attack.infer_proba(X[:40], seen), expected, atol=0.03)


def test_repeated_answers_multiply():
    class Coin(ClassifierMixin, BaseEstimator):
        """Answers with noise that is new each time."""

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            self.rng_ = np.random.default_rng(0)
            return self

        def predict_proba(self, X):
            logit = X[:, 0] - 1 + self.rng_.normal(size=len(X))
            p = 1 / (1 + np.exp(-logit))
            return np.column_stack([1 - p, p])

        def predict(self, X):
            return (self.predict_proba(X)[:, 1] > 0.5).astype(int)

    coin = Coin().fit(X, Y)
    score = {}
    for n_answers in (1, 16):
        attack = ReleasedAnswerAttack(
            coin, 0, prior="uniform", n_answers=n_answers, n_queries=200
        )
        score[n_answers] = attack.fit(X).score(X)
    # The mean of n answers has noise of deviation 1 / sqrt(n) between centres 1 apart.
    error = {n: 1 - norm.cdf(np.sqrt(n) / 2) for n in score}
    for n, found in score.items():
        bayes = 1 - error[n] * np.array([1, 2, 1])[S].mean()
        assert_allclose(found, bayes, atol=0.05)
    labels = ReleasedAnswerAttack(coin, 0, release="labels", n_answers=16).fit(X)
    assert labels.score(X) > 0.7


def test_preprocessing_is_part_of_the_target():
    plain = LogisticRegression().fit(X, Y)
    piped = make_pipeline(FunctionTransformer(), LogisticRegression()).fit(X, Y)
    assert_array_equal(
        ReleasedAnswerAttack(piped, 0).fit(X).infer(X),
        ReleasedAnswerAttack(plain, 0).fit(X).infer(X),
    )


def test_a_classifier_as_prior_reads_what_the_population_tells():
    secret = (KNOWN > 1).astype(float)
    records = np.column_stack([secret, KNOWN])
    model = LabelOnly(LogisticRegression()).fit(records, np.arange(N) % 2)
    boosting = HistGradientBoostingClassifier()
    attack = ReleasedAnswerAttack(model, 0, prior=boosting).fit(records)
    assert attack.score(records) == 1
    assert attack.knowledge == "labelled records"
    baseline = attack.baseline().fit(records)
    assert isinstance(baseline, ImputationBaseline)
    assert baseline.score(records) == 1
    marginal = ReleasedAnswerAttack(model, 0)
    assert marginal.knowledge == "marginals"
    assert isinstance(marginal.baseline(), PriorBaseline)


def test_what_is_not_released_is_said():
    label_only = LabelOnly(DecisionTreeClassifier()).fit(X, Y)
    assert ReleasedAnswerAttack(label_only, 0).fit(X).release_ == "labels"
    for release, match in (
        ("confidences", "predict_proba"),
        ("draws", "sample_proba"),
        ("predictions", "releases no predictions"),
    ):
        with pytest.raises(UnsupportedTargetError, match=match):
            ReleasedAnswerAttack(label_only, 0, release=release).fit(X)
    with pytest.raises(UnsupportedTargetError, match="neither a classifier nor"):
        ReleasedAnswerAttack(StandardScaler().fit(X), 0).fit(X)
    with pytest.raises(NotFittedError):
        ReleasedAnswerAttack(label_only, 0).observe(X)
    attack = ReleasedAnswerAttack(DecisionTreeClassifier().fit(X, Y), 0).fit(X)
    with pytest.raises(ValueError, match="3 confidences each"):
        attack.infer(X, np.ones((N, 3)) / 3)
