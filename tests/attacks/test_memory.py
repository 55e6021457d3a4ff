"""Attackers who see what a model remembers of its members."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    InformedAttack,
    LearnedAttack,
    MAPAttack,
)
from sklearn_mid.defenses import LabelOnly
from sklearn_mid.exceptions import UnsupportedTargetError

TREE = DecisionTreeClassifier(random_state=0)

# p(known, secret), and p(y = 1 | known, secret): all counts out of 400 are whole.
JOINT = np.array([[0.3, 0.1, 0.1], [0.05, 0.25, 0.2]])
RESPONSE = np.array([[0.1, 0.5, 0.9], [0.2, 0.6, 0.8]])


def world():
    """Records whose shares are the joint distribution."""
    share = JOINT[..., None] * np.stack([1 - RESPONSE, RESPONSE], axis=-1)
    counts = np.rint(400 * share).astype(int)
    known, secret, y = np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T
    return np.column_stack([known, secret]), y


def test_the_joint_attack_is_bayes_rule():
    X, y = world()
    attack = MAPAttack(clone_fitted(X, y), 1, prior=DecisionTreeClassifier()).fit(X, y)
    likelihood = np.where(y[:, None] == 1, RESPONSE[X[:, 0]], 1 - RESPONSE[X[:, 0]])
    posterior = JOINT[X[:, 0]] * likelihood
    posterior /= posterior.sum(axis=1, keepdims=True)
    assert_allclose(attack.infer_proba(X, y), posterior, atol=1e-9)
    assert attack.knowledge == "labelled records"
    baseline = attack.baseline()
    assert type(baseline) is ImputationBaseline
    assert type(baseline.classifier) is DecisionTreeClassifier


def clone_fitted(X, y):
    return DecisionTreeClassifier().fit(X, y)


def test_a_label_fits_or_it_does_not():
    # Labels at the values 0, 1, 2 of the secret, by the known column.
    says = np.array([[0, 1, 1], [1, 1, 1], [0, 0, 1]])
    X = np.array([(k, v) for k in range(3) for v in range(3)] * 2)
    target = clone_fitted(X, says[X[:, 0], X[:, 1]])
    prior = [0.5, 0.2, 0.3]
    labels = says[tuple(X.T)]
    attack = MAPAttack(target, 1, error_model="match", prior=prior).fit(X, labels)
    people, y = np.array([(k, 0) for k in range(3) for _ in range(2)]), [0, 1] * 3
    fits = says[people[:, 0]] == np.array(y)[:, None]
    fits[~fits.any(axis=1)] = True
    expected = fits * np.array(prior)
    expected /= expected.sum(axis=1, keepdims=True)
    assert_allclose(attack.infer_proba(people, y), expected, atol=1e-8)
    assert_array_equal(attack.covered(people, y), [1, 0, 0, 0, 0, 1])
    soft = MAPAttack(target, 1, error_model="labels").fit(X, labels)
    with pytest.raises(ValueError, match="covered needs error_model='match'"):
        soft.covered(people, y)


def crowd(n=200, seed=0):
    """As strangers, but of few kinds, so that a tree asks for the secret."""
    rng = np.random.default_rng(seed)
    return rng.integers([9, 9, 2], size=(n, 3)), rng.integers(2, size=n)


def strangers(n=400, seed=0):
    """Nobody's response or secret has to do with anything; everybody is unlike."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(size=n), rng.integers(2, size=n)])
    return X, rng.integers(2, size=n)


def test_memory_is_seen_by_those_who_look_for_it():
    (X, y), (X_aux, y_aux) = crowd(seed=0), crowd(seed=1)
    tree = clone(TREE).fit(X, y)
    piped = make_pipeline(StandardScaler(), clone(TREE)).fit(X, y)
    depth_3 = DecisionTreeClassifier(max_depth=3)
    for target in (tree, piped):
        shadow = LearnedAttack(
            target, 2, train_on="shadow", classifier=depth_3, random_state=0
        ).fit(X_aux, y_aux)
        assert len(shadow.shadows_) == 4
        auxiliary = LearnedAttack(target, 2, classifier=depth_3).fit(X_aux, y_aux)
        members = LearnedAttack(target, 2, train_on="members", classifier=depth_3)
        members.fit(X[:100], y[:100])
        rest = X[100:], y[100:]
        assert auxiliary.score(*rest) < 0.55
        for attack in (shadow, members):
            assert attack.score(*rest) > auxiliary.score(*rest) + 0.1
            assert attack.baseline().fit(X_aux, y_aux).score(*rest) < 0.6


def test_shadows_are_like_the_target_but_for_its_seed():
    X, y = strangers(60)
    target = LabelOnly(RandomForestClassifier(3, random_state=5)).fit(X, y)
    attack = LearnedAttack(
        target, 1, train_on="shadow", n_shadows=2, classifier=TREE, random_state=0
    ).fit(X, y)
    seeds = [shadow.estimator.random_state for shadow in attack.shadows_]
    assert len({5, *seeds}) == 3
    chosen = attack.set_params(shadow_estimator=LogisticRegression()).fit(X, y)
    assert all(type(shadow) is LogisticRegression for shadow in chosen.shadows_)


def test_a_target_that_cannot_be_copied_has_no_shadow():
    class Fixed:
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    X, y = strangers(20)
    attack = LearnedAttack(Fixed(), 1, train_on="shadow", classifier=TREE)
    with pytest.raises(UnsupportedTargetError, match="shadow_estimator"):
        attack.fit(X, y)
    attack.set_params(shadow_estimator=TREE).fit(X, y)


@pytest.mark.parametrize("as_frame", [False, True])
def test_who_knows_all_but_one_secret_finds_it(as_frame):
    X, y = strangers(40)
    if as_frame:
        X = pd.DataFrame(X, columns=["known", "secret"]).astype({"secret": int})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    attack = InformedAttack(model, -1, random_state=0).fit(X, y)
    assert attack.score(X[:12], y[:12]) == 1
    # Of others, nothing is known but the prior.
    new, _ = strangers(3, seed=1)
    new = pd.DataFrame(new, columns=X.columns) if as_frame else new
    assert_allclose(attack.infer_proba(new, y[:3]), [attack.prior_] * 3)


def test_all_that_can_be_known_is_in_what_the_model_uses():
    X, y = strangers(40)
    blind = make_pipeline(FirstColumn(), LogisticRegression()).fit(X, y)
    attack = InformedAttack(blind, 1).fit(X, y)
    assert_allclose(attack.infer_proba(X[:5], y[:5]), [attack.prior_] * 5)


def test_the_informed_know_what_others_tell_and_nothing_of_oneself():
    rng = np.random.default_rng(0)
    known = rng.integers(2, size=200)
    X = np.column_stack([known, known ^ (rng.random(200) < 0.1)])
    y = rng.integers(2, size=200)

    def inferred(X):
        blind = make_pipeline(FirstColumn(), LogisticRegression()).fit(X, y)
        attack = InformedAttack(blind, 1, prior=GaussianNB(), random_state=0)
        return attack.fit(X, y).infer_proba(X[:5], y[:5])

    otherwise = X.copy()
    otherwise[0, 1] ^= 1
    assert_allclose(inferred(X)[0], inferred(otherwise)[0], atol=1e-12)
    assert_allclose(inferred(X)[:, 1], np.where(known[:5], 0.9, 0.1), atol=0.1)


class FirstColumn(StandardScaler):
    def transform(self, X):
        return super().transform(X)[:, :1]


def test_random_training_is_seen_through_by_repetition():
    X, y = strangers(40)
    forest = RandomForestClassifier(5, random_state=np.random.RandomState(3))
    attack = InformedAttack(forest.fit(X, y), 1, n_retrainings=5, random_state=0)
    proba = attack.fit(X, y).infer_proba(X[:8], y[:8])
    assert np.mean(attack.values_[proba.argmax(axis=1)] == X[:8, 1]) > 0.7


@pytest.mark.slow
def test_no_false_alarms_where_nothing_leaks():
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        X = rng.integers(3, size=(600, 3))
        secret = (rng.random(600) < 0.2 + 0.2 * X[:, 0]).astype(int)
        y = (rng.random(600) < 0.3 + 0.3 * secret + 0.1 * X[:, 1]).astype(int)
        X = np.column_stack([X, secret])
        # A model that is never shown the secret, and attackers with a classifier that
        # estimates every cell.
        model = make_pipeline(AllButLast(), DecisionTreeClassifier(max_depth=2))
        model.fit(X[:200], y[:200])
        cells = DecisionTreeClassifier()
        attack = MAPAttack(model, 3, prior=cells).fit(X[200:400], y[200:400])
        baseline = attack.baseline().fit(X[200:400], y[200:400])
        truth = X[400:, 3]
        right, guess = (a.infer(X[400:], y[400:]) == truth for a in (attack, baseline))
        alone, other = np.sum(right & ~guess), np.sum(guess & ~right)
        if alone + other:
            test = binomtest(int(alone), int(alone + other), alternative="greater")
            alarms += test.pvalue < 0.05
    assert alarms <= 10


class AllButLast(StandardScaler):
    def transform(self, X):
        return super().transform(X)[:, :-1]


def test_two_hundred_values_with_a_long_tail():
    rng = np.random.default_rng(0)
    share = 1 / np.arange(1, 201)
    secret = rng.choice(200, size=1200, p=share / share.sum())
    X = np.column_stack([secret, rng.integers(5, size=1200)]).astype(float)
    y = (rng.random(1200) < 0.2 + 0.6 * (secret % 3 == 0)).astype(int)
    X_aux, y_aux = X[:600], y[:600]
    values = np.unique(X_aux[:, 0])
    target = DecisionTreeClassifier(min_samples_leaf=5).fit(X[600:], y[600:])
    known = np.isin(X[:, 0], values) & (np.arange(1200) >= 600)
    most_frequent = np.mean(X[known, 0] == 0)
    for attack in (
        MAPAttack(target, 0, candidates=list(values)),
        MAPAttack(target, 0, prior="learned", candidates=list(values), random_state=0),
        LearnedAttack(target, 0, candidates=list(values), random_state=0),
    ):
        attack.fit(X_aux, y_aux)
        assert len(attack.values_) > 100
        assert attack.score(X[known], y[known]) >= most_frequent - 0.02
