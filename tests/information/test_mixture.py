import numpy as np
import pandas as pd
import pytest
from information.plain_mixture import pairwise_sums
from numpy.testing import assert_allclose
from scipy.special import ndtri

from sklearn_mid.information import mixture_entropy, mixture_entropy_and_gradient

NOISE = 0.5 * np.log(2 * np.pi * np.e)
RNG = np.random.default_rng(0)
CENTERS = {
    "gaussian": RNG.normal(size=60),
    "uniform": RNG.uniform(-1, 1, size=60),
    "three-point": np.repeat([-1.0, 0.2, 1.0], [15, 9, 36]),
}
SIGMAS = [0.1, 0.5, 1, 2]
TAYLOR = [("taylor", 0), ("taylor", 2)]
ALL = [*TAYLOR, ("quadrature", 2)]


def integrated_entropy(centers, sigma, weights=None, n_points=200_001):
    """-integral of p log p, by brute force."""
    values, counts = np.unique(centers, return_counts=True)
    if weights is None:
        weights = counts / counts.sum()
    y = np.linspace(values[0] - 12 * sigma, values[-1] + 12 * sigma, n_points)
    p = np.zeros(n_points)
    for value, weight in zip(values, weights, strict=True):
        p += weight * np.exp(-(((y - value) / sigma) ** 2) / 2)
    p /= sigma * np.sqrt(2 * np.pi)
    return -np.trapezoid(p * np.log(np.maximum(p, 1e-300)), y)


@pytest.mark.parametrize("sigma", [1e-150, 1e-3, 0.1, 1, 7, 1e150])
@pytest.mark.parametrize(("method", "order"), ALL)
def test_one_component_has_the_closed_form(sigma, method, order):
    expected = NOISE + np.log(sigma) - (0.5 if order == 0 else 0)
    for centers in ([3.0], [-1e9], [0.25] * 5):
        entropy, gradient = mixture_entropy_and_gradient(
            centers, sigma, method=method, taylor_order=order
        )
        rtol, atol = (1e-12, 1e-12) if method == "quadrature" else (1e-8, 1e-6)
        assert_allclose(entropy, expected, rtol=rtol)
        assert_allclose(gradient * sigma, 0, atol=atol)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("name", CENTERS)
def test_quadrature_equals_the_integral(name, sigma):
    assert_allclose(
        mixture_entropy(CENTERS[name], sigma),
        integrated_entropy(CENTERS[name], sigma),
        atol=1e-8,
    )


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("name", CENTERS)
@pytest.mark.parametrize(("method", "order"), TAYLOR)
def test_binned_equals_pairwise(name, sigma, method, order):
    binned = mixture_entropy_and_gradient(
        CENTERS[name], sigma, method=method, taylor_order=order
    )
    pairwise = pairwise_sums(CENTERS[name], sigma, order)
    assert_allclose(binned[0], pairwise[0], atol=1e-8)
    scale = np.abs(pairwise[1]).max()
    assert_allclose(binned[1], pairwise[1], rtol=1e-5, atol=1e-5 * scale + 1e-9)


def finite_difference(function, centers, k, step):
    def moved(times):
        return function(centers + times * step * (np.arange(len(centers)) == k))

    return (moved(-2) - 8 * moved(-1) + 8 * moved(1) - moved(2)) / (12 * step)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize(("method", "order"), ALL)
def test_gradient_equals_finite_differences(sigma, method, order):
    centers = np.random.default_rng(1).normal(size=12)
    weights = np.arange(1.0, 13.0)
    options = {"sample_weight": weights, "method": method, "taylor_order": order}
    _, gradient = mixture_entropy_and_gradient(centers, sigma, **options)
    numeric = [
        finite_difference(
            lambda c: mixture_entropy(c, sigma, **options), centers, k, 1e-3 * sigma
        )
        for k in range(12)
    ]
    assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-8 / sigma)


@pytest.mark.parametrize(("method", "order"), ALL)
@pytest.mark.parametrize("range_", [4e3, 2e5, 1e9])
def test_far_spread_centers_give_what_their_clusters_give(method, order, range_):
    # three clusters that do not overlap: H(cluster) + mean entropy of the clusters
    cluster = np.random.default_rng(2).normal(size=50)
    centers = np.concatenate([cluster, cluster + range_ / 2, 0.3 * cluster + range_])
    options = {"method": method, "taylor_order": order}
    wide, gradient = mixture_entropy_and_gradient(centers, 1, **options)
    one, slope = mixture_entropy_and_gradient(cluster, 1, **options)
    other, other_slope = mixture_entropy_and_gradient(0.3 * cluster, 1, **options)
    assert_allclose(wide, np.log(3) + (2 * one + other) / 3, rtol=1e-7)
    assert_allclose(
        gradient * 3, np.concatenate([slope, slope, other_slope]), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(("method", "order"), ALL)
def test_lone_centers_and_blocks_equal_the_pairwise_sums(method, order):
    rng = np.random.default_rng(3)
    # a dense stretch longer than one block, a tight cluster, and lone centres
    centers = np.concatenate(
        [np.arange(0, 9000, 7.5), 2e4 + rng.normal(size=30), [-1e6, 5e4, 1e12]]
    )
    rng.shuffle(centers)
    weights = rng.uniform(0.5, 1.5, size=len(centers))
    value, gradient = mixture_entropy_and_gradient(
        centers, 1, sample_weight=weights, method=method, taylor_order=order
    )
    assert np.isfinite(gradient).all()
    if method == "quadrature":  # no pairwise form: the same stretch on one grid
        dense = np.arange(0, 3000, 7.5)
        far = np.concatenate([dense, dense + 1e5, dense + 2e5])
        one, joined = mixture_entropy(dense, 1), mixture_entropy(far, 1)
        assert_allclose(joined, one + np.log(3), rtol=1e-9)
        return
    expected, slope = pairwise_sums(centers, 1, order, weights)
    assert_allclose(value, expected, rtol=1e-8)
    assert_allclose(gradient, slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("method", "order"), TAYLOR)
def test_centers_that_end_at_a_blocks_edge_are_not_lost(method, order):
    # A block is 4096 sigma and starts 8 before the first centre. The last lies in the
    # second block, the one before in the first, with nothing to cut out between.
    centers = 15.04 * np.arange(273)
    value, gradient = mixture_entropy_and_gradient(
        centers, 1, method=method, taylor_order=order
    )
    expected, slope = pairwise_sums(centers, 1, order)
    assert_allclose(value, expected, rtol=1e-8)
    assert_allclose(gradient, slope, atol=1e-8)


@pytest.mark.parametrize(("method", "order"), ALL)
def test_a_hundred_thousand_centers_are_the_few_that_they_repeat(method, order):
    centers, options = np.array([0.0, 1.0, 2.7]), {"method": method}
    options["taylor_order"] = order
    value, gradient = mixture_entropy_and_gradient(
        np.tile(centers, 33_333), 1, **options
    )
    expected, slope = mixture_entropy_and_gradient(centers, 1, **options)
    assert_allclose(value, expected, rtol=1e-9)
    assert_allclose(gradient, np.tile(slope, 33_333) / 33_333, rtol=1e-8, atol=1e-14)


def test_two_centers_have_the_closed_form():
    # -log of the density at either: (phi(0) + phi(0.3)) / 2
    density = (1 + np.exp(-(0.3**2) / 2)) / 2 / np.sqrt(2 * np.pi)
    assert_allclose(pairwise_sums([0.0, 0.3], 1, 0)[0], -np.log(density), rtol=1e-14)
    assert_allclose(
        mixture_entropy([0.0, 0.3], 1, method="taylor", taylor_order=0),
        -np.log(density),
        rtol=1e-8,
    )


def test_centers_of_any_kind_are_numbers():
    for centers in (["0", "1"], pd.array([0, 1], dtype="Int64")):
        assert mixture_entropy(centers, 1) == mixture_entropy([0.0, 1.0], 1)


@pytest.mark.parametrize(("method", "order"), ALL)
def test_zero_weight_is_absence_and_weight_two_is_repetition(method, order):
    options = {"method": method, "taylor_order": order}
    value, gradient = mixture_entropy_and_gradient(
        [0.0, 1.0, 50.0], 0.7, sample_weight=[1, 2, 0], **options
    )
    expected, slope = mixture_entropy_and_gradient([0.0, 1.0, 1.0], 0.7, **options)
    assert_allclose(value, expected, rtol=1e-12)
    assert_allclose(gradient, [slope[0], slope[1] + slope[2], 0], rtol=1e-9)
    for extreme in ([1e308, 1e308, 0], [1, 1, 5e-324]):
        assert_allclose(
            mixture_entropy([0.0, 1.0, 1e9], 0.7, sample_weight=extreme, **options),
            mixture_entropy([0.0, 1.0], 0.7, **options),
            rtol=1e-12,
        )


def test_taylor_order_2_is_exact_for_gaussian_centers():
    # quantiles of N(0, 1); the mixture is nearly N(0, 1 + sigma^2)
    centers = ndtri((np.arange(20_000) + 0.5) / 20_000)
    for sigma in (0.5, 1, 2):
        exact = NOISE + 0.5 * np.log(1 + sigma**2)
        assert_allclose(
            mixture_entropy(centers, sigma, method="taylor"), exact, atol=1e-3
        )
        assert_allclose(mixture_entropy(centers, sigma), exact, atol=1e-3)
        order_0 = mixture_entropy(centers, sigma, method="taylor", taylor_order=0)
        assert order_0 < exact - 0.08


def test_input_is_left_alone():
    centers, weights = np.array([0.0, 1.0, 1e9]), np.array([1.0, 2.0, 0.0])
    mixture_entropy_and_gradient(centers, 1.0, sample_weight=weights)
    assert_allclose(centers, [0.0, 1.0, 1e9])
    assert_allclose(weights, [1.0, 2.0, 0.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 1.0), "at least one centre"),
        (([[1.0]], 1.0), r"got shape \(1, 1\)"),
        (([1.0, np.nan], 1.0), "centers must be finite"),
        (([1.0, np.inf], 1.0), "centers must be finite"),
        (([1.0], 0), r"'sigma' parameter .* range \(0.0, inf\)\. Got 0"),
        (([1.0], -1), "Got -1"),
        (([1.0], np.nan), "Got nan"),
        (([1.0], np.inf), "Got inf"),
        (([1.0], "wide"), "Got 'wide'"),
        (([1.0], True), "Got True"),
    ],
)
def test_bad_centers_and_sigma_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        mixture_entropy(*arguments)


def test_bad_options_are_named():
    with pytest.raises(ValueError, match=r"'method' parameter .* Got 'exact'"):
        mixture_entropy([1.0], 1.0, method="exact")
    with pytest.raises(
        ValueError, match=r"'taylor_order' parameter .*\{0, 2\}.* Got 1"
    ):
        mixture_entropy([1.0], 1.0, taylor_order=1)
    with pytest.raises(ValueError, match="sample_weight is zero everywhere"):
        mixture_entropy([1.0], 1.0, sample_weight=[0])
