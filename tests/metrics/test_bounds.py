from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sklearn_mid.metrics import (
    dp_epsilon_for_privacy_loss,
    dp_privacy_loss_bound,
    information_accuracy_bound,
    information_for_accuracy,
)

EPSILONS = [1e-6, 0.01, 0.3, 1.0, 2.5, 10.0]
DELTAS = [0.0, 1e-6, 0.01, 0.2, 0.9]


def exact_paper_bound(e, n, delta):
    """The paper's formula in rational arithmetic; e stands for exp(epsilon)."""
    loss = (e**n - 1 + 2 * delta * (e**n - 1) / (e - 1)) / (e**n + 1)
    return min(loss, Fraction(1))


def exact_tight_bound(e, n, delta):
    """Iterate the trade-off function n times from every corner of the result."""

    def step(p):
        return min(Fraction(1), e * p + delta, 1 - (1 - p - delta) / e)

    def back(q):  # mirror image: 1 - p obeys the same map backwards
        return max(Fraction(0), 1 - step(1 - q))

    # h^n - id is concave and piecewise linear: its maximum is at a corner, which
    # some number of steps leads to the corner of h (or at an end).
    corner = (1 - delta) / (1 + e)
    starts = [Fraction(0), Fraction(1)]
    for _ in range(n):
        starts.append(corner)
        corner = back(corner)
    losses = []
    for start in starts:
        p = start
        for _ in range(n):
            p = step(p)
        losses.append(p - start)
    return max(losses)


@pytest.mark.parametrize("delta", [Fraction(0), Fraction(1, 1000), Fraction(1, 7)])
@pytest.mark.parametrize("e", [Fraction(101, 100), Fraction(3, 2), Fraction(7)])
def test_bounds_equal_exact_rational_arithmetic(e, delta):
    n = np.arange(1, 21)
    epsilon = float(np.log1p(float(e - 1)))
    for method, exact in (("paper", exact_paper_bound), ("tight", exact_tight_bound)):
        expected = [float(exact(e, int(k), delta)) for k in n]
        actual = dp_privacy_loss_bound(epsilon, n, float(delta), method=method)
        assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["paper", "tight"])
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_randomised_response_attains_the_bound_at_one_record(epsilon, method):
    truth_told = np.exp(epsilon) / (1 + np.exp(epsilon))
    assert_allclose(
        dp_privacy_loss_bound(epsilon, method=method),
        truth_told - (1 - truth_told),
        rtol=1e-9,
    )


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("n", [2, 4, 10])
def test_laplace_count_attains_the_tight_bound_at_even_n(epsilon, n):
    noise = stats.laplace(scale=1 / epsilon)
    total_variation = noise.cdf(n / 2) - noise.cdf(-n / 2)
    assert_allclose(
        dp_privacy_loss_bound(epsilon, n, method="tight"), total_variation, rtol=1e-9
    )
    assert_allclose(total_variation, -np.expm1(-n * epsilon / 2), rtol=1e-9)


def total_variations(epsilon, n):
    """Exact total variations at distance n of mechanisms that are epsilon-DP."""
    count = np.arange(-4000, 4001)
    alpha = np.exp(-epsilon)
    geometric = (1 - alpha) / (1 + alpha) * alpha ** np.abs(count)
    yield 0.5 * np.abs(geometric[n:] - geometric[:-n]).sum() + geometric[:n].sum() / 2
    noise = stats.laplace(scale=1 / epsilon)
    yield noise.cdf(n / 2) - noise.cdf(-n / 2)
    # n people, each by randomised response: how many say yes.
    p = 1 / (1 + alpha)
    yes = [stats.binom.pmf(np.arange(n + 1), n, q) for q in (p, 1 - p)]
    yield 0.5 * np.abs(yes[0] - yes[1]).sum()
    # Exponential mechanism between two outcomes of utility +-count.
    yield np.tanh(n * epsilon / 4)


@pytest.mark.parametrize("epsilon", [0.05, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 8])
def test_no_mechanism_exceeds_the_tight_bound_nor_that_the_papers(epsilon, n):
    tight = dp_privacy_loss_bound(epsilon, n, method="tight")
    paper = dp_privacy_loss_bound(epsilon, n, method="paper")
    # n people's randomised responses together are epsilon-DP in each person, too.
    assert max(total_variations(epsilon, n)) <= tight * (1 + 1e-9)
    assert tight <= paper * (1 + 1e-12)


def test_tight_is_below_the_papers_bound_on_a_grid():
    epsilon = np.array(EPSILONS)[:, None, None]
    delta = np.array(DELTAS)[:, None]
    n = np.arange(0, 30)
    tight = dp_privacy_loss_bound(epsilon, n, delta, method="tight")
    paper = dp_privacy_loss_bound(epsilon, n, delta, method="paper")
    assert tight.shape == (6, 5, 30)
    assert (tight <= paper + 1e-15).all()
    assert_allclose(tight[..., :2], paper[..., :2], rtol=1e-12)
    assert (np.diff(tight, axis=-1) >= -1e-15).all()
    assert (np.diff(tight, axis=0) >= -1e-15).all()


def test_values_at_two_records():
    assert_allclose(dp_privacy_loss_bound(1, 2), 0.762, atol=5e-4)
    assert_allclose(dp_privacy_loss_bound(1, 2, method="tight"), 0.632, atol=5e-4)


@pytest.mark.parametrize("method", ["paper", "tight"])
def test_extreme_parameters_stay_finite(method):
    huge = dp_privacy_loss_bound(1.0, 10**6, 0.5, method=method)
    assert huge == 1.0
    assert dp_privacy_loss_bound(1e6, 1, method=method) == 1.0
    assert dp_privacy_loss_bound(np.inf, 3, method=method) == 1.0
    assert dp_privacy_loss_bound(np.inf, 0, 0.5, method=method) == 0.0
    # Small ones keep their digits: the bound tends to n * (epsilon / 2 + delta).
    assert_allclose(
        dp_privacy_loss_bound(1e-12, [1, 2, 5], 1e-12, method=method),
        np.array([1, 2, 5]) * 1.5e-12,
        rtol=1e-6,
    )
    assert_allclose(dp_privacy_loss_bound(0.0, [0, 3], 0.1, method=method), [0, 0.3])


@pytest.mark.parametrize("method", ["paper", "tight"])
def test_inverse_returns_the_largest_epsilon(method):
    loss = np.array([0.05, 0.3, 0.9, 0.999999])[:, None]
    n = np.array([1, 2, 3, 10, 101])
    for delta in (0.0, 1e-5, 4e-4):
        epsilon = dp_epsilon_for_privacy_loss(loss, n, delta, method=method)
        bound = dp_privacy_loss_bound(epsilon, n, delta, method=method)
        above = dp_privacy_loss_bound(epsilon * (1 + 1e-9), n, delta, method=method)
        assert (bound <= loss).all()
        assert_allclose(bound, np.broadcast_to(loss, bound.shape), rtol=1e-9)
        assert (above >= loss).all()


@pytest.mark.parametrize("method", ["paper", "tight"])
def test_inverse_at_its_ends(method):
    def inverse(*args):
        return dp_epsilon_for_privacy_loss(*args, method=method)

    assert inverse(1.0) == np.inf
    assert inverse(0.2, 0) == np.inf
    assert inverse(0.0, 4) == 0.0
    assert inverse(1.0, 10, 0.5) == np.inf
    assert isinstance(inverse(0.5), float)
    assert_allclose(inverse(0.5), np.log(3), rtol=1e-12)
    # o(1/n): epsilon falls faster than the number of records grows.
    n = 10 ** np.arange(1, 7)
    assert (np.diff(n * inverse(0.5, n)) <= 1e-9).all()


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"epsilon": -1.0}, r"epsilon must lie in \[0, inf\], got -1"),
        ({"epsilon": np.nan}, r"epsilon must lie in \[0, inf\], got nan"),
        ({"epsilon": 1.0, "delta": 1.0}, r"delta must lie in \[0, 1\), got 1"),
        ({"epsilon": 1.0, "n": -1}, "n must be a whole number of records.*got -1"),
        ({"epsilon": 1.0, "n": 1.5}, "n must be a whole number"),
        ({"epsilon": 1.0, "n": "all"}, "n must hold numbers, got 'all'"),
        ({"epsilon": 1.0, "method": "loose"}, "'method' .* Got 'loose'"),
    ],
)
def test_bad_parameters_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        dp_privacy_loss_bound(**kwargs)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"loss": 1.5}, r"loss must lie in \[0, 1\], got 1.5"),
        ({"loss": 0.5, "delta": -0.1}, r"delta must lie in \[0, 1\), got -0.1"),
        ({"loss": 1.0, "delta": 1.0}, r"delta must lie in \[0, 1\), got 1"),
    ],
)
def test_inverse_names_bad_parameters(kwargs, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        dp_epsilon_for_privacy_loss(**kwargs)


def test_inverse_says_when_delta_alone_allows_more():
    with pytest.raises(ValueError, match=r"at least n \* delta = 0.3.*loss=0.2"):
        dp_epsilon_for_privacy_loss(0.2, 3, 0.1)


def test_information_bound_solves_the_coin_divergence():
    p = np.array([0.1, 0.36, 0.5, 0.9])[:, None]
    information = np.array([1e-12, 1e-4, 0.02, 0.1])
    a = information_accuracy_bound(information, p)
    kl = a * np.log(a / p) + (1 - a) * np.log((1 - a) / (1 - p))
    assert_allclose(kl[:, 1:], np.broadcast_to(information[1:], kl[:, 1:].shape))
    # Small information: kl is about gain^2 / (2 p (1 - p)).
    gain = np.sqrt(2 * information[0] * (p * (1 - p)).ravel())
    assert_allclose(a[:, 0] - p.ravel(), gain, rtol=1e-4)
    assert_allclose(information_for_accuracy(a, p)[:, 1:], kl[:, 1:])


def test_information_bound_is_sharper_than_fano():
    p, k, information = 1 / 5, 5, np.linspace(0.01, 1.0, 20)
    a = information_accuracy_bound(information, p)
    # Fano for a uniform secret: H(error) + error * ln(k - 1) >= ln k - I.
    error = 1 - a
    fano = -a * np.log(a) - error * np.log(error) + error * np.log(k - 1)
    assert_allclose(fano, np.log(k) - information, rtol=1e-9)
    # With a skewed prior Fano, which sees ln k only, allows more.
    assert information_accuracy_bound(0.0, 0.7) == 0.7


def test_information_bound_at_its_ends():
    assert information_accuracy_bound(0.0, 0.3) == 0.3
    assert information_accuracy_bound(np.log(2), 0.5) == 1.0
    assert information_accuracy_bound(np.inf, 0.01) == 1.0
    assert information_accuracy_bound(0.4, 1.0) == 1.0
    assert information_for_accuracy(0.2, 0.5) == 0.0
    assert information_for_accuracy(1.0, 1.0) == 0.0
    assert_allclose(information_for_accuracy(1.0, 0.25), np.log(4))


def test_no_guess_from_a_channel_breaks_the_information_bound():
    rng = np.random.RandomState(0)
    for _ in range(300):
        joint = rng.dirichlet(np.full(12, 0.3)).reshape(3, 4)
        prior, output = joint.sum(axis=1), joint.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = joint * np.log(joint / np.outer(prior, output))
        information = np.nansum(terms)
        best_guess = joint.max(axis=0).sum()
        assert best_guess <= information_accuracy_bound(information, prior.max()) + 1e-9


@pytest.mark.parametrize(
    ("information", "p_max", "message"),
    [
        (-0.1, 0.5, "mutual_information must lie"),
        (0.1, 0.0, r"p_max must lie in \(0, 1\]"),
        (0.1, 1.1, "p_max must lie"),
    ],
)
def test_information_bound_names_bad_parameters(information, p_max, message):
    with pytest.raises(ValueError, match=message):
        information_accuracy_bound(information, p_max)


@pytest.mark.parametrize(
    ("accuracy", "p_max", "message"),
    [
        (1.5, 0.5, r"accuracy must lie in \[0, 1\], got 1.5"),
        (0.5, 0.0, r"p_max must lie in \(0, 1\], got 0"),
        (0.5, 1.5, r"p_max must lie in \(0, 1\], got 1.5"),
    ],
)
def test_information_for_accuracy_names_bad_parameters(accuracy, p_max, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        information_for_accuracy(accuracy, p_max)


def test_scalars_give_floats_and_arrays_give_arrays():
    assert type(dp_privacy_loss_bound(1)) is float
    assert_array_equal(dp_privacy_loss_bound([0.0, np.inf]), [0, 1])
