"""Laws of information, on whatever hypothesis comes up with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from sklearn_mid.information import (
    conditional_mutual_information,
    entropy,
    mixture_entropy,
    mixture_entropy_and_gradient,
    mutual_information,
)

SETTINGS = settings(max_examples=60, deadline=None)
METHODS = [("taylor", 0), ("taylor", 2), ("quadrature", 2)]


@st.composite
def weighted_labels(draw):
    n = draw(st.integers(1, 25))
    labels = [draw(arrays(int, n, elements=st.integers(0, 3))) for _ in range(3)]
    weights = draw(arrays(float, n, elements=st.floats(0, 5)))
    weights[draw(st.integers(0, n - 1))] = 1.0
    return *labels, weights


@st.composite
def mixtures(draw):
    n = draw(st.integers(1, 15))
    centers = draw(arrays(float, n, elements=st.floats(-20, 20)))
    weights = draw(arrays(float, n, elements=st.floats(0.01, 5)))
    return centers, weights, draw(st.floats(0.05, 20))


@SETTINGS
@given(weighted_labels())
def test_information_is_not_negative_and_not_above_entropy(drawn):
    x, y, z, w = drawn
    information = mutual_information(x, y, sample_weight=w)
    h_x, h_y = entropy(x, sample_weight=w), entropy(y, sample_weight=w)
    assert 0 <= information <= min(h_x, h_y) + 1e-12
    assert conditional_mutual_information(x, y, z, sample_weight=w) >= 0
    assert_allclose(mutual_information(y, x, sample_weight=w), information, atol=1e-12)
    assert_allclose(mutual_information(x, x, sample_weight=w), h_x, atol=1e-12)


@SETTINGS
@given(weighted_labels())
def test_chain_rule(drawn):
    x, y, z, w = drawn
    joint = mutual_information(x, np.column_stack([y, z]), sample_weight=w)
    parts = mutual_information(x, z, sample_weight=w) + conditional_mutual_information(
        x, y, z, sample_weight=w
    )
    assert_allclose(joint, parts, atol=1e-12)


@SETTINGS
@given(weighted_labels(), st.permutations(["a", 2, None, (1, 2)]), st.randoms())
def test_names_and_order_of_labels_do_not_matter(drawn, names, random):
    x, y, z, w = drawn
    order = list(range(len(x)))
    random.shuffle(order)
    renamed = np.empty(len(x), dtype=object)
    renamed[:] = [names[i] for i in x[order]]
    for estimator in ("plugin", "miller-madow"):
        assert_allclose(
            conditional_mutual_information(
                renamed, y[order], z[order], sample_weight=w[order], estimator=estimator
            ),
            conditional_mutual_information(
                x, y, z, sample_weight=w, estimator=estimator
            ),
            atol=1e-12,
        )


@SETTINGS
@given(weighted_labels())
def test_grouping_values_loses_information(drawn):
    x, y, _, w = drawn
    fine = mutual_information(x, y, sample_weight=w)
    assert mutual_information(x // 2, y, sample_weight=w) <= fine + 1e-12


@pytest.mark.parametrize(("method", "order"), METHODS)
@SETTINGS
@given(mixtures(), st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_mixture_entropy_under_shift_and_scale(method, order, drawn, shift, scale):
    centers, weights, sigma = drawn
    options = {"sample_weight": weights, "method": method, "taylor_order": order}
    value, gradient = mixture_entropy_and_gradient(centers, sigma, **options)
    # a sum of derivatives is the derivative under a common shift
    assert_allclose(gradient.sum() * sigma, 0, atol=1e-5)
    assert_allclose(
        mixture_entropy(centers + shift, sigma, **options), value, atol=1e-7
    )
    for factor in (scale, -scale):
        assert_allclose(
            mixture_entropy(factor * centers, scale * sigma, **options),
            value + np.log(scale),
            atol=1e-7,
        )
    order_of_rows = np.argsort(weights)
    options["sample_weight"] = weights[order_of_rows]
    assert_allclose(
        mixture_entropy(centers[order_of_rows], sigma, **options), value, atol=1e-10
    )


@SETTINGS
@given(mixtures(), st.floats(0, 1))
def test_mixture_entropy_lies_between_its_bounds(drawn, shrink):
    centers, weights, sigma = drawn
    noise = 0.5 * np.log(2 * np.pi * np.e) + np.log(sigma)
    value = mixture_entropy(centers, sigma, sample_weight=weights)
    p = weights / weights.sum()
    variance = p @ (centers - p @ centers) ** 2
    gaussian = noise + 0.5 * np.log1p(variance / sigma**2)
    # noise <= h <= noise + H(component), and no more than a Gaussian's
    assert noise - 1e-8 <= value <= noise - p @ np.log(p) + 1e-8
    assert value <= gaussian + 1e-8
    # shrinking towards a point loses information (data processing)
    shrunk = mixture_entropy(shrink * centers, sigma, sample_weight=weights)
    assert shrunk <= value + 1e-8
