"""The channel against brute force, closed forms and limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import entr, rel_entr

from sklearn_mid.release._channel import (
    LogLoss,
    SquaredLoss,
    code_masses,
    release_codes,
)


def partitions(n):
    """All partitions of n values, as codes numbered by first appearance."""

    def grow(codes):
        if len(codes) == n:
            yield codes
            return
        for c in range(max(codes, default=-1) + 2):
            yield from grow([*codes, c])

    return np.array(list(grow([])))


def costs(partitions, outputs, prior, reg_lambda, variance=None):
    """Loss given up plus lambda H of one record, for each of some partitions."""
    if outputs.ndim == 1 and variance is None:
        outputs = np.column_stack([1 - outputs, outputs])
    outputs = outputs.reshape(len(prior), -1)
    is_member = partitions[:, :, None] == np.arange(len(prior))
    mass = np.einsum("pvc,v->pc", is_member, prior)
    total = np.einsum("pvc,v,vk->pck", is_member, prior, outputs)
    rows = np.arange(len(partitions))[:, None]
    mean = (total / np.where(mass > 0, mass, 1)[:, :, None])[rows, partitions]
    if variance is None:
        loss = rel_entr(outputs, mean).sum(axis=2)
    else:
        loss = (outputs - mean)[:, :, 0] ** 2 / (2 * variance)
    return loss @ prior + reg_lambda * entr(mass).sum(axis=1)


def found_and_best(codes, outputs, prior, *price):
    """Costs of the records' codes, and of the best of all partitions."""
    every = partitions(prior.shape[1])
    records = list(zip(codes, outputs, prior, strict=True))
    found = [costs(c[None], f, pi, *price)[0] for c, f, pi in records]
    best = [costs(every, f, pi, *price).min() for _, f, pi in records]
    return np.array(found), np.array(best)


def random_records(n, n_values, n_classes, seed=0):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.full(n_values, 0.7), size=n) + 1e-6
    prior /= prior.sum(axis=1, keepdims=True)
    outputs = rng.dirichlet(np.full(n_classes, 0.7), size=(n, n_values))
    return outputs[:, :, 1] if n_classes == 2 else outputs, prior


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_values", [2, 4, 6])
@pytest.mark.parametrize("reg_lambda", [0.02, 0.2])
def test_exact_for_few_values(n_values, n_classes, reg_lambda):
    outputs, prior = random_records(10, n_values, n_classes)
    codes, _ = release_codes(outputs, prior, reg_lambda, LogLoss())
    found, best = found_and_best(codes, outputs, prior, reg_lambda)
    assert_allclose(found, best, rtol=1e-9)


@pytest.mark.parametrize("reg_lambda", [0.03, 0.3, 3])
def test_exact_for_numbers(reg_lambda):
    rng = np.random.default_rng(0)
    prior = rng.dirichlet(np.ones(6), size=20)
    outputs = 1e3 + rng.normal(size=(20, 6))
    codes, _ = release_codes(outputs, prior, reg_lambda, SquaredLoss(0.4))
    found, best = found_and_best(codes, outputs, prior, reg_lambda, 0.4)
    assert_allclose(found, best, rtol=1e-7)


@pytest.mark.parametrize("reg_lambda", [0.02, 0.1, 0.4])
def test_agglomeration_is_close_to_brute_force(reg_lambda):
    outputs, prior = random_records(15, 7, 3)
    codes, _ = release_codes(outputs, prior, reg_lambda, LogLoss())
    found, best = found_and_best(codes, outputs, prior, reg_lambda)
    assert found.sum() <= 1.01 * best.sum()
    assert_array_equal(found >= best - 1e-12, True)


def test_two_values_merge_where_the_gain_is_below_the_price():
    outputs, prior = random_records(500, 2, 2)
    reg_lambda = 0.15
    codes, _ = release_codes(outputs, prior, reg_lambda, LogLoss())
    mean = (prior * outputs).sum(axis=1, keepdims=True)
    gain = rel_entr(outputs, mean) + rel_entr(1 - outputs, 1 - mean)
    entropy = -(prior * np.log(prior)).sum(axis=1)
    merges = (prior * gain).sum(axis=1) < reg_lambda * entropy
    assert_array_equal(codes[:, 0] == codes[:, 1], merges)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_values", [2, 5, 9])
def test_codes_answer_by_their_mean(n_values, n_classes):
    outputs, prior = random_records(50, n_values, n_classes)
    codes, released = release_codes(outputs, prior, 0.1, LogLoss())
    for c, f, pi, r in zip(codes, outputs, prior, released, strict=True):
        for code in np.unique(c):
            member = c == code
            mean = np.average(f[member], axis=0, weights=pi[member])
            assert_allclose(r[member], np.broadcast_to(mean, r[member].shape))


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("n_values", [3, 6, 8])
def test_price_of_one_nat_merges_all_probabilities(n_values, n_classes):
    outputs, prior = random_records(200, n_values, n_classes)
    codes, _ = release_codes(outputs, prior, 1.0, LogLoss())
    assert (codes == codes[:, :1]).all()


def test_free_information_merges_equal_answers_only():
    outputs = np.array([[0.3, 0.1, 0.3, 0.3 + 1e-15]])
    codes, released = release_codes(outputs, np.full((1, 4), 0.25), 0.0, LogLoss())
    assert_array_equal(codes, [[0, 1, 0, 2]])
    assert_array_equal(released, outputs)


def test_infinite_price_answers_the_mean():
    outputs, prior = random_records(5, 4, 2)
    _, released = release_codes(outputs, prior, np.inf, LogLoss())
    assert_allclose(released, np.repeat((prior * outputs).sum(1)[:, None], 4, axis=1))


def test_information_falls_with_lambda():
    outputs, prior = random_records(300, 5, 2)
    entropies = []
    for reg_lambda in (0, 0.01, 0.05, 0.2, 0.5, 1):
        codes, _ = release_codes(outputs, prior, reg_lambda, LogLoss())
        q = code_masses(codes, prior)
        entropies.append(-(q * np.log(np.where(q > 0, q, 1))).sum(axis=1))
    # Record by record: the optimum of loss + lambda H has less H at a larger lambda.
    assert (np.diff(entropies, axis=0) <= 1e-9).all()
    assert_allclose(entropies[-1], 0, atol=1e-12)


def test_order_of_values_does_not_matter():
    outputs, prior = random_records(50, 5, 2)
    order = [3, 0, 4, 1, 2]
    released = release_codes(outputs, prior, 0.1, LogLoss())[1]
    permuted = release_codes(outputs[:, order], prior[:, order], 0.1, LogLoss())[1]
    assert_allclose(permuted, released[:, order])


def test_batches_make_no_difference():
    outputs, prior = random_records(20_000, 3, 2)
    whole = release_codes(outputs, prior, 0.1, LogLoss())[1]
    part = release_codes(outputs[5000:5100], prior[5000:5100], 0.1, LogLoss())[1]
    assert_array_equal(whole[5000:5100], part)


def test_certain_answers():
    outputs, prior = np.array([[0.0, 1.0, 1.0]]), np.array([[0.2, 0.3, 0.5]])
    codes, released = release_codes(outputs, prior, 0.1, LogLoss())
    assert_array_equal(codes, [[0, 1, 1]])
    assert_array_equal(released, outputs)
