"""Dependence, smoothing and erasing, against what they are by definition."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.nn import functional as F

from sklearn_mid.neural_network._penalties import (
    coco,
    erase,
    gaussian_kernel,
    hsic,
    label_kernel,
    smoothed_losses,
)
from sklearn_mid.utils._torch import new_generator

rng = np.random.default_rng(0)
A, B = (torch.from_numpy(rng.normal(size=(7, d))) for d in (3, 2))


def naive_kernel(values):
    values = values.numpy()
    d2 = np.array([[((a - b) ** 2).sum() for b in values] for a in values])
    others = np.sort([d2[i, j] for i in range(7) for j in range(7) if i != j])
    return np.exp(-d2 / (2 * others[(len(others) - 1) // 2]))


def naive_hsic(K, L):
    m = len(K)
    H = np.eye(m) - 1 / m
    return np.trace(K @ H @ L @ H) / m**2


def test_hsic_is_its_definition():
    K, L = naive_kernel(A), naive_kernel(B)
    assert_allclose(gaussian_kernel(A), K, rtol=1e-12)
    found = hsic(gaussian_kernel(A), gaussian_kernel(B))
    assert_allclose(found, naive_hsic(K, L), rtol=1e-12)
    assert_allclose(found, hsic(gaussian_kernel(B), gaussian_kernel(A)), rtol=1e-12)


def test_kernel_does_not_know_scale_and_place():
    assert_allclose(gaussian_kernel(A), gaussian_kernel(100 * A + 3), rtol=1e-9)
    assert_allclose(gaussian_kernel(torch.zeros(4, 2)), 1)


def test_hsic_of_labels_has_a_closed_form():
    # For two halves, of itself: H K H has the single eigenvalue m / 2.
    y = torch.arange(8) % 2
    kernel = label_kernel(y, torch.float64)
    assert_allclose(hsic(kernel, kernel), 1 / 4)
    assert_allclose(hsic(kernel, torch.ones(8, 8)), 0, atol=1e-15)


def test_hsic_falls_to_nothing_for_independent_samples():
    generator = torch.Generator().manual_seed(0)
    x, e = torch.randn((2, 1500, 1), generator=generator)
    independent = hsic(gaussian_kernel(x), gaussian_kernel(e))
    dependent = hsic(gaussian_kernel(x), gaussian_kernel(x**2 + 0.1 * e))
    assert independent < 1e-3
    assert dependent > 10 * independent


def test_coco_is_its_definition():
    K, L = naive_kernel(A), naive_kernel(B)
    H = np.eye(7) - 1 / 7
    largest = np.linalg.eigvals(H @ K @ H @ L).real.max()
    K, L = gaussian_kernel(A), gaussian_kernel(B)
    assert_allclose(coco(K, L), largest**0.5 / 7, rtol=1e-9)
    assert_allclose(coco(K, L), coco(L, K), rtol=1e-9)
    order = torch.arange(7).flip(0)
    assert_allclose(coco(K[order][:, order], L[order][:, order]), coco(K, L))
    # One of the directions whose squares make up HSIC.
    assert coco(K, L) ** 2 < hsic(K, L)
    assert coco(K * torch.nan, L).isnan()


def test_coco_of_labels_has_a_closed_form():
    # H K H of two halves has the single eigenvalue m / 2: all of HSIC in one direction.
    y = torch.arange(8) % 2
    kernel = label_kernel(y, torch.float64)
    assert_allclose(coco(kernel, kernel), 1 / 2)
    assert_allclose(coco(kernel, torch.ones(8, 8, dtype=torch.float64)), 0, atol=1e-8)


def test_gradient_of_coco_is_that_of_finite_differences():
    values = A.clone().requires_grad_()
    other = gaussian_kernel(B)

    def price(rows):  # a kernel of one width, which is no part of a gradient
        return coco((-torch.cdist(rows, rows).square()).exp(), other)

    assert torch.autograd.gradcheck(price, values, eps=1e-6, atol=1e-6)


def test_coco_falls_to_nothing_for_independent_samples():
    generator = torch.Generator().manual_seed(0)
    x, e = torch.randn((2, 400, 1), generator=generator)
    independent = coco(gaussian_kernel(x), gaussian_kernel(e))
    dependent = coco(gaussian_kernel(x), gaussian_kernel(x**2 + 0.1 * e))
    assert independent < 0.6 / 400**0.5
    assert dependent > 4 * independent


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
def test_smoothing_is_that_of_torch(smoothing):
    y = torch.arange(7) % 3
    expected = F.cross_entropy(A, y, label_smoothing=smoothing, reduction="none")
    assert_allclose(smoothed_losses(A, y, smoothing), expected)


def test_negative_smoothing_is_linear_in_the_smoothing():
    y = torch.arange(7) % 3
    plain, half = (smoothed_losses(A, y, s) for s in (0, 0.5))
    assert_allclose(smoothed_losses(A, y, -0.5), 2 * plain - half)


def test_erased_share_is_uniform_and_the_rest_stays():
    shape, n = (2, 20, 30), 4000
    X = torch.full((n, 1200), -1.0)
    erased = erase(X, shape, 0.6, new_generator(0)).view(n, *shape) != -1
    # The same rectangle in every channel.
    assert torch.equal(erased[:, 0], erased[:, 1])
    share = erased[:, 0].float().mean(dim=(1, 2))
    assert_allclose(share.mean(), 0.3, atol=0.01)
    assert_allclose(share.std(), 0.6 / 12**0.5, atol=0.01)
    assert share.max() < 0.68
    # Full rectangles: as many pixels as rows times columns that hold any.
    rows = erased[:, 0].any(dim=2).sum(dim=1)
    columns = erased[:, 0].any(dim=1).sum(dim=1)
    assert torch.equal(rows * columns, erased[:, 0].sum(dim=(1, 2)))
    again = erase(X, shape, 0.6, new_generator(0)).view(n, *shape) != -1
    assert torch.equal(erased, again)
