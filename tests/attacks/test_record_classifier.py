"""The classifier that attackers and those without a model share."""

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

from sklearn_mid.attacks._record_classifier import RecordClassifier
from sklearn_mid.utils._learned_once import learned_once


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
