"""The attacks on this package's models and defences."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression

from sklearn_mid.attacks import (
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
    WhiteBoxTreeAttack,
)
from sklearn_mid.defenses import (
    ConfidenceNoise,
    ConfidenceRounding,
    LabelOnly,
    OmitFeature,
)
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.tree import MIDDecisionTreeClassifier


def people(n=1000):
    """A secret with three values that raises the response, and two known columns."""
    rng = np.random.default_rng(0)
    secret = rng.choice(3, p=[0.5, 0.3, 0.2], size=n)
    known = rng.integers(2, size=(n, 2))
    X = pd.DataFrame(known, columns=["a", "b"]).assign(
        secret=np.array(["x", "y", "z"])[secret]
    )
    return X, 2.0 * secret + known[:, 0] + rng.normal(scale=0.5, size=n)


def one_hot(X):
    return pd.get_dummies(X, columns=["secret"], dtype=float)


GROUP = ["secret_x", "secret_y", "secret_z"]


def test_a_linear_model_that_withholds_the_secret_leaves_the_prior():
    X, y = people()
    X = one_hot(X)
    open_model = MIDLinearRegression(reg_lambda=0).fit(X, y)
    model = MIDLinearRegression(reg_lambda=np.inf, sensitive_features=[GROUP]).fit(X, y)
    prior = PriorBaseline(GROUP).fit(X).score(X)
    for calibrate in (False, True):
        attack = MAPAttack(open_model, GROUP, calibrate=calibrate).fit(X, y)
        assert attack.score(X, y) > 0.9
        attack = MAPAttack(model, GROUP, calibrate=calibrate).fit(X, y)
        assert attack.score(X, y) == prior
        assert_allclose(attack.infer_proba(X, y), [attack.prior_] * len(X), rtol=1e-6)


def test_shrinking_every_coefficient_does_not_stop_who_rescales():
    X, y = people()
    X = one_hot(X)
    model = MIDLinearRegression(reg_lambda=0.7).fit(X, y)
    shrunk = np.ptp(model.predict(X)) / np.ptp(y)
    plain = MAPAttack(model, GROUP).fit(X, y).score(X, y)
    adaptive = MAPAttack(model, GROUP, calibrate=True).fit(X, y).score(X, y)
    assert shrunk < 0.75
    assert adaptive > 0.9
    assert adaptive >= plain


def test_a_tree_takes_text_and_withholds_the_secret():
    X, y = people()
    label = np.digitize(y, [1, 3])
    leaky = MIDDecisionTreeClassifier(reg_lambda=0).fit(X, label)
    tight = MIDDecisionTreeClassifier(reg_lambda=np.inf, sensitive_features=["secret"])
    tight.fit(X, label)
    prior = PriorBaseline("secret").fit(X).score(X)
    for attack in (MAPAttack, WhiteBoxTreeAttack):
        assert attack(leaky, "secret").fit(X, label).score(X, label) > 0.8
        assert attack(tight, "secret").fit(X, label).score(X, label) == prior
    omitted = OmitFeature(MIDDecisionTreeClassifier(), sensitive_features=["secret"])
    attack = MAPAttack(omitted.fit(X, label), "secret").fit(X, label)
    assert attack.score(X, label) == prior


@pytest.mark.parametrize(
    ("defense", "error_model"),
    [
        (LabelOnly(LogisticRegression()), "labels"),
        (ConfidenceRounding(LogisticRegression(), step=0.25), "confidences"),
        (ConfidenceNoise(LogisticRegression(), random_state=0), "confidences"),
    ],
)
@pytest.mark.parametrize("attack", [MAPAttack, LearnedAttack])
def test_attacks_on_what_a_defence_releases(defense, error_model, attack):
    X, y = people()
    X = one_hot(X)
    label = np.array(["low", "middle", "high"])[np.digitize(y, [1, 3])]
    attack = attack(defense.fit(X, label), GROUP, random_state=0).fit(X, label)
    prior = PriorBaseline(GROUP).fit(X).score(X)
    assert attack.score(X, label) > prior + 0.2
    if isinstance(attack, MAPAttack):
        assert attack.error_model_ == error_model


def test_repeated_queries_see_through_fresh_noise():
    X, y = people(400)
    X = one_hot(X)
    label = np.digitize(y, [1, 3])
    noisy = ConfidenceNoise(
        LogisticRegression(), scale=1.0, repeat="fresh", random_state=0
    ).fit(X, label)
    once, often = (
        MAPAttack(noisy, GROUP, n_queries=n, random_state=0).fit(X, label)
        for n in (1, 200)
    )
    assert often.score(X, label) > once.score(X, label) + 0.05
    assert_array_equal(often.infer(X, label), often.infer(X, label))


def test_queries_of_a_stochastic_net():
    pytest.importorskip("skorch")
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    X, y = people(200)
    X, label = one_hot(X), np.digitize(y, [1, 3])
    net = MIDNeuralNetClassifier(reg_lambda=1e-3, random_state=0).fit(X, label)
    attack = MAPAttack(net, GROUP, prior="uniform", n_queries=400, random_state=0)
    averaged = attack.fit(X, label).infer_proba(X, label)
    assert_array_equal(averaged, attack.infer_proba(X, label))
    # predict_proba averages 12 draws: the same up to their noise.
    released = MAPAttack(net, GROUP, prior="uniform").fit(X, label)
    difference = averaged - released.infer_proba(X, label)
    assert 0 < np.abs(difference).mean() < 0.05
