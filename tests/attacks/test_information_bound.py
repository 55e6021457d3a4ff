"""What data processing allows an attacker, in worlds that are summed up exactly.

Who sees an output that the model released guesses a secret, independent of what else
is known and of largest probability p_max, with an accuracy a of
kl(a || p_max) <= I(secret; output | known). Who knows the true response does not
live by that bound: it tells of the secret by itself.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import rel_entr
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import LearnedAttack, MAPAttack


def world(channel, p_secret, p_known):
    """Each (secret, known, output), its probability, and a tree that is the channel."""
    joint = p_secret[:, None, None] * p_known[:, None] * channel
    rows = np.argwhere(joint >= 0)
    X, output = rows[:, :2], rows[:, 2]
    tree = DecisionTreeClassifier().fit(X, output, sample_weight=joint.ravel())
    return X, output, joint, tree


def released_accuracy(attack, X, output, joint):
    """Probability that the attacker, given the released output, is right."""
    right = attack.infer(X, output) == X[:, 0]
    return joint.ravel() @ right


def conditional_information(joint):
    """I(secret; output | known) in nats; axes secret, known, output."""
    known = joint.sum(axis=(0, 2), keepdims=True)
    s_known = joint.sum(axis=2, keepdims=True)
    known_out = joint.sum(axis=0, keepdims=True)
    return rel_entr(joint, s_known * known_out / known).sum()


def binary_kl(a, p):
    return rel_entr(a, p) + rel_entr(1 - a, 1 - p)


@pytest.mark.parametrize("seed", range(100))
def test_released_outputs_never_break_the_bound(seed):
    rng = np.random.default_rng(seed)
    n_secret, n_known, n_out = rng.integers(2, 5, size=3)
    channel = rng.dirichlet(np.full(n_out, 0.4), size=(n_secret, n_known))
    p_secret = rng.dirichlet(np.full(n_secret, 2.0))
    X, output, joint, tree = world(
        channel, p_secret, rng.dirichlet(np.full(n_known, 2.0))
    )
    attack = MAPAttack(tree, 0, prior=p_secret).fit(X, output)
    accuracy = released_accuracy(attack, X, output, joint)
    # The enumerated Bayes rule: nobody does better.
    assert_allclose(accuracy, joint.max(axis=0).sum(), rtol=1e-9)
    information = conditional_information(joint)
    p_max = p_secret.max()
    assert accuracy >= p_max - 1e-12
    assert binary_kl(accuracy, p_max) <= information + 1e-12
    naive = MAPAttack(tree, 0, use_prior=False, random_state=0).fit(X, output)
    worse = released_accuracy(naive, X, output, joint)
    if worse > p_max:
        assert binary_kl(worse, p_max) <= information + 1e-12


def test_the_bound_is_met_with_equality_by_a_perfect_channel():
    channel = np.eye(2)[:, None, :]
    X, output, joint, tree = world(channel, np.array([0.5, 0.5]), np.ones(1))
    attack = MAPAttack(tree, 0).fit(X, output)
    accuracy = released_accuracy(attack, X, output, joint)
    assert_allclose(binary_kl(accuracy, 0.5), conditional_information(joint))
    assert_allclose(conditional_information(joint), np.log(2))


def test_the_true_response_may_break_the_bound():
    # The model says 0.51 where the response is always the secret: hardly anything
    # leaves, and yet it tells the attacker which way the true response points.
    channel = np.array([[[0.51, 0.49]], [[0.49, 0.51]]])
    X, output, joint, tree = world(channel, np.array([0.5, 0.5]), np.ones(1))
    attack = MAPAttack(tree, 0, prior="uniform").fit(X, output)
    information = conditional_information(joint)
    assert_allclose(information, 2e-4, rtol=1e-3)
    assert_allclose(released_accuracy(attack, X, output, joint), 0.51)
    truth = X[:, 0]
    accuracy = np.mean(attack.infer(X, truth) == truth)
    assert accuracy == 1
    assert binary_kl(accuracy, 0.5) > 3000 * information


def test_a_channel_that_ignores_the_secret_gives_the_prior():
    channel = np.array([[[0.9, 0.1], [0.2, 0.8]]] * 3)
    p_secret = np.array([0.2, 0.5, 0.3])
    X, output, joint, tree = world(channel, p_secret, np.array([0.4, 0.6]))
    assert_allclose(conditional_information(joint), 0, atol=1e-12)
    attack = MAPAttack(tree, 0, prior=p_secret).fit(X, output)
    assert_allclose(attack.infer_proba(X, output), [p_secret] * len(X))
    assert_allclose(released_accuracy(attack, X, output, joint), 0.5)


def test_the_learned_attack_stays_under_the_bound_too():
    rng = np.random.default_rng(0)
    channel = rng.dirichlet([0.5, 0.5], size=(3, 2))
    p_secret = np.array([0.5, 0.3, 0.2])
    X, output, joint, tree = world(channel, p_secret, np.array([0.5, 0.5]))
    rows = rng.choice(len(X), p=joint.ravel(), size=2000)
    attack = LearnedAttack(tree, 0, random_state=0).fit(X[rows], output[rows])
    accuracy = released_accuracy(attack, X, output, joint)
    assert 0.5 < accuracy <= joint.max(axis=0).sum() + 1e-12
    assert binary_kl(accuracy, 0.5) <= conditional_information(joint)
