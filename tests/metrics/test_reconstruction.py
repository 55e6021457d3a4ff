import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neighbors import KNeighborsClassifier

from sklearn_mid.metrics import (
    evaluator_accuracy,
    nearest_neighbor_distance,
    reconstruction_gain,
    reconstruction_mse,
    reconstruction_psnr,
    reconstruction_ssim,
)


@pytest.fixture
def images():
    return np.random.default_rng(0).random((5, 64))


def test_mse_of_the_marginal_mean_is_the_variance(images):
    mean = np.broadcast_to(images.mean(axis=0), images.shape)
    assert_allclose(reconstruction_mse(images, mean), images.var(axis=0).mean())


def test_gain_is_one_for_the_truth_zero_for_the_reference(images):
    reference = np.full_like(images, 0.5)
    assert reconstruction_gain(images, images, reference) == 1
    assert reconstruction_gain(images, reference, reference) == 0
    halfway = (images + reference) / 2
    assert_allclose(reconstruction_gain(images, halfway, reference), 0.75)
    beyond = images + 2 * (reference - images)
    assert_allclose(reconstruction_gain(images, beyond, reference), -3)


def test_gain_over_the_truth_is_refused(images):
    with pytest.raises(ValueError, match="X_reference equals X_true"):
        reconstruction_gain(images, images, images)


def test_psnr_equals_scikit_image(images):
    metrics = pytest.importorskip("skimage.metrics")
    other = images[::-1]
    expected = np.mean(
        [
            metrics.peak_signal_noise_ratio(a, b, data_range=1)
            for a, b in zip(images, other, strict=True)
            if (a != b).any()
        ]
    )
    keep = (images != other).any(axis=1)
    assert_allclose(reconstruction_psnr(images[keep], other[keep]), expected)
    assert reconstruction_psnr(images, images) == np.inf


def test_psnr_and_ssim_do_not_depend_on_the_unit_of_the_pixels(images):
    pytest.importorskip("skimage")
    a, b = images[:1], images[1:2]
    in_bytes = {"bounds": (0, 255)}
    assert_allclose(
        reconstruction_psnr(a, b), reconstruction_psnr(255 * a, 255 * b, **in_bytes)
    )
    assert_allclose(
        reconstruction_ssim(a, b), reconstruction_ssim(255 * a, 255 * b, **in_bytes)
    )


def test_ssim_takes_flat_and_shaped_images(images):
    pytest.importorskip("skimage")
    colour = np.random.default_rng(1).random((2, 3, 8, 6))
    flat = colour.reshape(2, -1)
    assert_allclose(reconstruction_ssim(colour, colour, image_shape=(3, 8, 6)), 1)
    assert_allclose(
        reconstruction_ssim(flat, 1 - flat, image_shape=(3, 8, 6)),
        reconstruction_ssim(colour, 1 - colour, image_shape=(3, 8, 6)),
    )
    assert reconstruction_ssim(images, 1 - images) < 0.2


@pytest.mark.parametrize(
    ("side", "window"), [(3, 3), (4, 3), (5, 5), (6, 5), (7, 7), (8, 7), (9, 7)]
)
def test_ssim_is_scikit_images_with_the_widest_window_that_fits(side, window):
    metrics = pytest.importorskip("skimage.metrics")
    a, b = np.random.default_rng(0).uniform(-1, 1, (2, side, side))
    expected = metrics.structural_similarity(a, b, win_size=window, data_range=2)
    assert_allclose(reconstruction_ssim([a], [b], bounds=(-1, 1)), expected)


def test_the_peak_is_the_width_of_the_bounds(images):
    a, b = images[:2], images[2:4]
    assert_allclose(
        reconstruction_psnr(2 * a - 1, 2 * b - 1, bounds=(-1, 1)),
        reconstruction_psnr(a, b),
    )


def test_ssim_says_what_to_install(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(
        ImportError, match=r"^reconstruction_ssim needs 'skimage'.*\[nn\]'"
    ):
        reconstruction_ssim(images, images)


@pytest.mark.parametrize(
    ("image_shape", "match"),
    [
        ((1, 8, 9), r"image_shape=\(1, 8, 9\) holds 72 values.*64"),
        ((64,), r"\(channels, height, width\)"),
        ((1, 2, 32), "at least 3 pixels"),
    ],
)
def test_ssim_names_a_wrong_image_shape(images, image_shape, match):
    pytest.importorskip("skimage")
    with pytest.raises(ValueError, match=match):
        reconstruction_ssim(images, images, image_shape=image_shape)


def test_images_that_fill_no_square_need_a_shape():
    X = np.zeros((2, 12))
    with pytest.raises(ValueError, match="do not fill a square"):
        reconstruction_ssim(X, X)


def test_nearest_neighbor_distance_equals_brute_force(images):
    private, guess = images[:3], images[3:]
    pairwise = np.linalg.norm(guess[:, None] - private[None], axis=2)
    assert_allclose(
        nearest_neighbor_distance(private, guess),
        pairwise.min(axis=1).mean(),
        rtol=1e-12,
    )
    own_class = [pairwise[0, [0, 2]].min(), pairwise[1, 1]]
    assert_allclose(
        nearest_neighbor_distance(
            private, guess, y_private=["a", "b", "a"], labels=["a", "b"]
        ),
        np.mean(own_class),
    )


def test_nearest_neighbor_distance_names_what_is_missing(images):
    with pytest.raises(ValueError, match=r"labels \['b'\] have no record"):
        nearest_neighbor_distance(
            images[:1], images[1:2], y_private=["a"], labels=["b"]
        )
    with pytest.raises(ValueError, match="together, or neither"):
        nearest_neighbor_distance(images, images, labels=[0] * 5)
    with pytest.raises(ValueError, match=r"64 features.*63"):
        nearest_neighbor_distance(images, images[:, 1:])
    for options in (
        {"y_private": [0] * 4, "labels": [0] * 5},
        {"y_private": [0] * 5, "labels": [0] * 4},
    ):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            nearest_neighbor_distance(images, images, **options)


def test_narrow_types_do_not_overflow_or_round():
    black, white = np.zeros((1, 4), np.uint8), np.full((1, 4), 255, np.uint8)
    assert reconstruction_mse(black, white) == 255**2
    assert reconstruction_psnr(black, white, bounds=(0, 255)) == 0
    assert reconstruction_gain(black, white // 2, white) == 1 - (127 / 255) ** 2
    narrow = np.random.default_rng(0).random((2, 5, 3)).astype(np.float32)
    assert_allclose(
        nearest_neighbor_distance(*narrow),
        nearest_neighbor_distance(*narrow.astype(np.float64)),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (reconstruction_mse, ["X_true", "X_reconstructed"]),
        (reconstruction_gain, ["X_true", "X_reconstructed", "X_reference"]),
        (nearest_neighbor_distance, ["X_private", "X_reconstructed"]),
    ],
)
def test_the_array_with_a_nan_is_named(function, names):
    for name in names:
        arrays = {other: [[0.5]] for other in names} | {name: [[np.nan]]}
        with pytest.raises(ValueError, match=f"Input {name} contains NaN"):
            function(**arrays)


def test_evaluator_accuracy_counts_agreement(images):
    evaluator = KNeighborsClassifier(1).fit(images, list("abcde"))
    assert evaluator_accuracy(evaluator, images, list("abcde")) == 1
    assert evaluator_accuracy(evaluator, images, list("abxxx")) == 0.4
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        evaluator_accuracy(evaluator, images, ["a"])


def test_pairs_of_other_shape_are_refused(images):
    with pytest.raises(ValueError, match=r"\(5, 64\) and \(4, 64\)"):
        reconstruction_mse(images, images[:4])
    with pytest.raises(ValueError, match="X_true and X_reference must have the same"):
        reconstruction_gain(images, images, images[:4])
