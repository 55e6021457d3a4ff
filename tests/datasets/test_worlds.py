from itertools import pairwise, product
from math import log

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.stats import norm

from sklearn_mid.datasets import make_discrete_world, make_linear_gaussian


def enumerate_world(joint):
    """Accuracies and informations of a joint table, cell by cell."""
    cells = {c: joint[c] for c in product(*map(range, joint.shape))}

    def marginal(key):
        out = {}
        for cell, p in cells.items():
            out[key(cell)] = out.get(key(cell), 0) + p
        return out

    def accuracy(known):
        best = {}
        for cell, p in marginal(lambda c: (c[0], known(c))).items():
            best[cell[1]] = max(best.get(cell[1], 0), p)
        return sum(best.values())

    context = marginal(lambda c: c[1:-1])
    with_secret = marginal(lambda c: c[:-1])
    with_response = marginal(lambda c: c[1:])
    response = marginal(lambda c: c[-1])
    conditional = sum(
        p * log(p * context[c[1:-1]] / (with_secret[c[:-1]] * with_response[c[1:]]))
        for c, p in cells.items()
        if p
    )
    total = sum(
        p * log(p / (with_secret[c[:-1]] * response[c[-1]]))
        for c, p in cells.items()
        if p
    )
    return (
        accuracy(lambda c: c[1:]),
        accuracy(lambda c: c[1:-1]),
        accuracy(lambda c: ()),
        conditional,
        total,
    )


@pytest.mark.parametrize("n_values", [(2,), (3, 2), (2, 3, 2)])
@pytest.mark.parametrize("independent", [True, False])
def test_discrete_truth_equals_enumeration(n_values, independent):
    world = make_discrete_world(
        10, n_values=n_values, independent_secret=independent, random_state=3
    )
    assert_allclose(world.joint.sum(), 1, rtol=1e-12)
    truth = (
        world.bayes_accuracy,
        world.baseline_accuracy,
        world.prior_accuracy,
        world.mutual_information,
        world.total_information,
    )
    assert_allclose(truth, enumerate_world(world.joint), rtol=1e-9, atol=1e-12)


def test_discrete_records_follow_the_table():
    world = make_discrete_world(200_000, random_state=0)
    cells = np.ravel_multi_index(world.frame.to_numpy().T, world.joint.shape)
    share = np.bincount(cells, minlength=world.joint.size) / len(cells)
    sampling_error = np.sqrt(world.joint.ravel() / len(cells))
    assert np.all(np.abs(share - world.joint.ravel()) <= 5 * sampling_error)
    table = world.joint
    guess = table.argmax(axis=0)[tuple(world.frame.to_numpy().T[1:])]
    hits = np.mean(guess == world.data["secret"])
    assert_allclose(hits, world.bayes_accuracy, atol=5 * 0.5 / np.sqrt(200_000))


def test_independent_secret_tells_nothing_without_the_response():
    world = make_discrete_world(independent_secret=True, random_state=1)
    assert_allclose(world.baseline_accuracy, world.prior_accuracy, rtol=1e-12)
    features = world.joint.sum(axis=-1)
    secret = features.sum(axis=(1, 2), keepdims=True)
    assert_allclose(features, secret * features.sum(axis=0), rtol=1e-12)


def test_response_that_ignores_the_secret_tells_nothing():
    joint = np.einsum("s,cy->scy", [0.3, 0.7], [[0.1, 0.4], [0.3, 0.2]])
    world = make_discrete_world(joint=joint)
    assert_allclose(world.mutual_information, 0, atol=1e-12)
    assert_allclose(world.bayes_accuracy, 0.7, rtol=1e-12)


def test_joint_may_be_counts():
    world = make_discrete_world(5, joint=[[2, 0], [0, 6]], random_state=0)
    assert_allclose(world.joint, [[0.25, 0], [0, 0.75]])
    assert_array_equal(world.data["secret"], world.target)
    assert world.feature_names == ["secret"]


LINEAR = [
    {"secret_values": [0, 1], "secret_coef": 2.0},
    {"secret_values": [3, -1, 0.5], "secret_probabilities": [1, 5, 2]},
    {"secret_values": [0, 1, 2, 3], "noise_variance": 0.01},
    {"secret_values": [0, 1, 2], "secret_probabilities": [0.49, 0.02, 0.49]},
    {"secret_values": [0, 1, 2], "secret_coef": 0.0},
    {"secret_values": [5.0]},
]


@pytest.mark.parametrize("options", LINEAR)
def test_linear_truth_equals_quadrature(options):
    world = make_linear_gaussian(3, random_state=0, **options)
    centres = world.secret_values * world.coef[0]
    std = np.sqrt(world.noise_variance)

    def joint(r):
        return world.secret_probabilities * norm.pdf(r, centres, std)

    def information(r):
        p = joint(r)
        positive = p > 0
        ratio = p[positive] / world.secret_probabilities[positive] / p.sum()
        return p[positive] @ np.log(ratio)

    edges = np.unique(np.append(centres - 9 * std, centres + 9 * std))
    for value, integrand in [
        (world.bayes_accuracy, lambda r: joint(r).max()),
        (world.mutual_information, information),
    ]:
        pieces = [quad(integrand, a, b, limit=400)[0] for a, b in pairwise(edges)]
        assert_allclose(value, sum(pieces), rtol=1e-6, atol=1e-9)


def test_linear_attack_on_many_records():
    world = make_linear_gaussian(
        100_000, secret_values=[0, 1, 3], secret_probabilities=[3, 1, 2], random_state=0
    )
    assert_allclose(world.noise_variance, 1.0)
    known = world.data.to_numpy()[:, 1:]
    residual = world.target.to_numpy() - known @ world.coef[1:]
    score = world.secret_probabilities * norm.pdf(
        residual[:, None], world.secret_values * world.coef[0]
    )
    hits = np.mean(world.secret_values[score.argmax(axis=1)] == world.data["secret"])
    assert_allclose(hits, world.bayes_accuracy, atol=5 * 0.5 / np.sqrt(100_000))


def test_linear_known_coefficients_are_used():
    world = make_linear_gaussian(
        50, n_known=2, coef=[2, -1], noise_variance=1e-20, random_state=0
    )
    assert_allclose(world.target, world.data.to_numpy() @ [1, 2, -1], atol=1e-8)


@pytest.mark.parametrize("make", [make_discrete_world, make_linear_gaussian])
def test_same_seed_same_world(make):
    a, b = make(random_state=7), make(random_state=7)
    assert a.frame.equals(b.frame)
    assert not a.frame.equals(make(random_state=8).frame)


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (make_discrete_world, {"joint": [1, 2]}, "joint needs an axis"),
        (make_discrete_world, {"joint": [[1, -1]]}, "weights of at least 0"),
        (make_discrete_world, {"joint": [[0, 0]]}, "not all of them 0"),
        (make_discrete_world, {"joint": [[1, np.nan]]}, "finite weights"),
        (
            make_discrete_world,
            {"n_samples": 0},
            r"'n_samples' .* range \[1, inf\)\. Got 0",
        ),
        (make_discrete_world, {"n_values": ()}, "n_values must hold"),
        (
            make_discrete_world,
            {"n_values": (2, 0)},
            "n_values must hold an int of 1 or more",
        ),
        (make_discrete_world, {"n_classes": 0}, "'n_classes' .* Got 0"),
        (make_discrete_world, {"concentration": 0}, "'concentration' .* Got 0"),
        (
            make_linear_gaussian,
            {"n_samples": 0},
            r"'n_samples' .* range \[1, inf\)\. Got 0",
        ),
        (make_linear_gaussian, {"n_known": -1}, "'n_known' .* Got -1"),
        (make_linear_gaussian, {"secret_values": [1, 1]}, "secret_values must be"),
        (
            make_linear_gaussian,
            {"secret_probabilities": [1, 0]},
            "secret_probabilities=.*positive",
        ),
        (make_linear_gaussian, {"noise_variance": 0}, "'noise_variance' .* Got 0"),
        (make_linear_gaussian, {"coef": [1]}, "coef must hold 3 finite numbers"),
    ],
)
def test_wrong_option_is_named(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)
