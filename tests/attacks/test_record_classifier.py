"""The classifier that attackers and those without a model share."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss, roc_auc_score

from sklearn_mid.attacks._record_classifier import RecordClassifier
from sklearn_mid.utils._learned_once import learned_once


def people(rng, n, effect):
    """Records of which one column tells a rare secret, as much as `effect`."""
    columns = pd.DataFrame(rng.normal(size=(n, 8))).add_prefix("x")
    logit = effect * columns["x0"] - 1.5
    return columns, (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)


def test_what_the_shares_outdo_still_ranks():
    rng = np.random.default_rng(2)
    columns, codes = people(rng, 150, 0.5)
    asked, secret = people(rng, 20_000, 0.5)
    proba = np.exp(RecordClassifier(None, 2, 0).fit(columns, codes).log_proba(asked))
    assert_allclose(proba.sum(axis=1), 1)
    shares = np.broadcast_to(np.bincount(codes) / len(codes), proba.shape)
    assert log_loss(secret, proba) < log_loss(secret, shares) + 0.005
    assert roc_auc_score(secret, proba[:, 1]) > 0.55


def test_noise_gives_way_to_the_shares():
    rng = np.random.default_rng(1)
    columns, codes = people(rng, 300, 0.0)
    proba = np.exp(RecordClassifier(None, 2, 0).fit(columns, codes).log_proba(columns))
    assert_array_equal(proba.argmax(axis=1), 0)


def test_the_same_people_are_asked_about_once(monkeypatch):
    rng = np.random.default_rng(0)
    columns = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    codes = rng.integers(2, size=60)
    other = columns + 1
    alone = RecordClassifier(None, 2, 0).fit(columns, codes)
    expected = alone.log_proba(columns), alone.log_proba(other)
    asked = []
    ask = RecordClassifier._proba

    def proba(self, pipeline, prepared):
        asked.append(len(prepared))
        return ask(self, pipeline, prepared)

    with learned_once({}):
        first, second = (RecordClassifier(None, 2, 0) for _ in range(2))
        first.fit(columns, codes), second.fit(columns, codes)
        monkeypatch.setattr(RecordClassifier, "_proba", proba)
        for classifier in (first, second):
            assert_array_equal(classifier.log_proba(columns), expected[0])
            assert_array_equal(classifier.log_proba(other), expected[1])
    assert asked == [60, 60]


def test_nobody_stands_on_both_sides_of_a_fold():
    rng = np.random.default_rng(0)
    columns, codes = pd.DataFrame({"x0": rng.normal(size=90)}), rng.integers(2, size=90)
    people = np.tile(np.arange(90), 4)
    repeated = pd.concat([columns] * 4, ignore_index=True)
    fitted = RecordClassifier(None, 2, 0).fit(repeated, np.tile(codes, 4), people)
    proba = np.exp(fitted.log_proba(columns))
    assert np.ptp(proba[:, 1]) < 0.5  # noise that everybody could be known by
