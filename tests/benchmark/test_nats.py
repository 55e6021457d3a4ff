"""What the secret is worth to a model, and what the model tells of it, in nats."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import entropy, norm
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sklearn_mid.benchmark._problems._nats import ANSWER, GAINED, RULE, SecretInNats
from sklearn_mid.defenses import LabelOnly
from sklearn_mid.utils._candidates import Candidates

X = pd.DataFrame({"s": [0, 1] * 500, "x": np.arange(1000) % 7})
PRIOR = np.tile([0.3, 0.7], (1000, 1))


class Known(ClassifierMixin, BaseEstimator):
    """Answers yes with a probability that is known for each value of the secret."""

    def __init__(self, table=(0.2, 0.6)):
        self.table = table

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.feature_names_in_ = np.asarray(X.columns)
        return self

    def predict_proba(self, X):
        yes = np.asarray(self.table)[X["s"]]
        return np.column_stack([1 - yes, yes])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Line(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.feature_names_in_ = np.asarray(X.columns)
        return self

    def predict(self, X):
        return 2.0 * X["s"].to_numpy()


@pytest.fixture
def nats():
    names = np.asarray(X.columns)
    return SecretInNats(Candidates.from_records(X, "s", None, feature_names=names))


def test_closed_form_of_two_answers(nats):
    y = np.repeat(["no", "yes"], 500)
    found = nats.of(Known().fit(X, y), X, y, PRIOR)
    P = np.array([[0.8, 0.2], [0.4, 0.6]])
    mean = PRIOR[0] @ P
    assert_allclose(found[RULE], PRIOR[0] @ [entropy(p, mean) for p in P])
    assert_allclose(found[ANSWER], entropy(PRIOR[0]))
    expected = [
        np.log(P[s, int(a == "yes")] / mean[int(a == "yes")])
        for s, a in zip(X["s"], y, strict=True)
    ]
    assert_allclose(found[GAINED], np.mean(expected))


def test_a_calibrated_model_gains_what_its_rule_gives_away(nats):
    # As many people of each kind as the model and the prior say there are.
    weight = np.array([[0.8, 0.2], [0.4, 0.6]]) * np.array([0.3, 0.7])[:, None]
    cells = [(s, a) for s in (0, 1) for a in (0, 1)
             for _ in range(round(1000 * weight[s, a]))]  # fmt: skip
    s, a = np.transpose(cells)
    people = X.assign(s=s)
    y = np.array(["no", "yes"])[a]
    found = nats.of(Known().fit(people, y), people, y, PRIOR)
    assert_allclose(found[GAINED], found[RULE])


def test_a_model_without_the_secret_gives_nothing_away(nats):
    y = np.repeat(["no", "yes"], 500)
    found = nats.of(Known((0.4, 0.4)).fit(X, y), X, y, PRIOR)
    assert_allclose([found[GAINED], found[RULE], found[ANSWER]], 0, atol=1e-12)


def test_numbers_against_a_fine_grid(nats):
    y = 2.0 * X["s"] + np.tile([-1.0, 1.0, 1.0, -1.0], 250)
    found = nats.of(Line().fit(X, y), X, y, PRIOR)
    grid = np.linspace(-8, 10, 20_001)
    density = np.array([norm.pdf(grid, 0), norm.pdf(grid, 2)])
    mean = PRIOR[0] @ density
    expected = [np.trapezoid(d * np.log(d / mean), grid) for d in density]
    assert_allclose(found[RULE], PRIOR[0] @ expected, rtol=1e-4)


def test_labels_alone_have_no_nats(nats):
    y = np.repeat(["no", "yes"], 500)
    assert nats.of(LabelOnly(Known()).fit(X, y), X, y, PRIOR) == {}
