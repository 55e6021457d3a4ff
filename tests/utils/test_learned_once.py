"""What was learned before is the same, and is not learned anew."""

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal

from sklearn_mid.attacks import ImputationBaseline
from sklearn_mid.utils._learned_once import learn, learned_once


def test_once_within_a_context():
    made, kept = [], {}

    def make():
        made.append(None)
        return len(made)

    assert [learn(lambda: "a", make), learn(lambda: "a", make)] == [1, 2]
    with learned_once(kept):
        assert [learn(lambda: "a", make), learn(lambda: "a", make)] == [3, 3]
        assert [learn(lambda: None, make), learn(lambda: "b", make)] == [4, 5]
    with learned_once(kept):
        assert learn(lambda: "a", make) == 3


def test_baselines_share_what_they_learn_of_the_same_people():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"s": rng.integers(2, size=60), "k": rng.normal(size=60)})
    y = rng.integers(2, size=60)

    def proba(**options):
        attack = ImputationBaseline("s", random_state=0, **options).fit(X, y)
        return attack.infer_proba(X, y)

    kept = {}
    with learned_once(kept):
        found = proba(), proba(), proba(use_response=False)
    # Two classifiers, and what each says of the people.
    assert len(kept) == 4
    assert_array_equal(found[0], found[1])
    assert_array_equal(found[0], proba())
    assert not np.array_equal(found[0], found[2])
