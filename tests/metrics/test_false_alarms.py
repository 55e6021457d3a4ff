"""Models without a leak are not accused more often than the level allows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
)
from sklearn_mid.metrics import attack_report
from sklearn_mid.metrics._bootstrap import proportions, quantile_interval

N_WORLDS = 200
# Of 200, that many at least with probability .025, if each has one of .05.
TOO_MANY = 17


@pytest.mark.parametrize("n", [15, 50, 300])
@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_guesses_that_differ_by_chance(n, share):
    """From the baseline, for a share of the people, and for the better in one half."""
    rng = np.random.RandomState(n)
    alarms = 0
    for kinds in rng.multinomial(n, [share / 2, 1 - share, share / 2], size=500):
        drawn = proportions(kinds, 300, rng)
        value = (kinds[0] - kinds[2]) / n
        low, _ = quantile_interval(drawn[:, 0] - drawn[:, 2], value, 0.95)
        alarms += low > 0
    assert alarms <= 0.05 * 500


def world(rng, n=400):
    """Records whose secret tells nothing, and nothing tells of it."""
    X = np.column_stack([rng.rand(n) < 0.4, rng.standard_normal((n, 2))])
    return X, X[:, 1] + rng.standard_normal(n) > 0


def alarms(model, attack, baseline):
    rng = np.random.RandomState(0)
    found = []
    for _ in range(N_WORLDS):
        X, y = world(rng)
        target = model.fit(*world(rng))
        known = world(rng)
        report = attack_report(
            attack.set_params(estimator=target).fit(*known),
            X,
            y,
            baseline=baseline.fit(*known),
            n_resamples=300,
            random_state=rng,
        ).set_index("metric")
        found.append(report.loc["advantage", "low"] > 0)
        assert report.loc["advantage", "low"] <= report.loc["advantage", "value"]
    return sum(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "model", [LogisticRegression(), DecisionTreeClassifier(max_depth=6, random_state=0)]
)
def test_models_without_a_leak(model):
    attack = MAPAttack(None, 0, use_prior=True)
    assert alarms(model, attack, PriorBaseline(0)) < TOO_MANY
    guesser = GaussianNB()
    attack = LearnedAttack(None, 0, classifier=guesser)
    assert alarms(model, attack, ImputationBaseline(0, classifier=guesser)) < TOO_MANY
