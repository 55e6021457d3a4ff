"""What nets and judges of faces start from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

torch = pytest.importorskip("torch")

face_nets = pytest.importorskip("sklearn_mid.benchmark._problems._face_nets")
oriented_gradients = face_nets.oriented_gradients

SHAPE = (1, 16, 16)
N_FEATURES = 16 * (7 * 7 + 8 * 8)  # directions in cells of 4 and of 2 pixels
RAMP = np.tile(np.linspace(0, 1, 16), 16)[None]


def random_images(n=30, seed=0):
    return np.random.default_rng(seed).random((n, 256))


def test_a_level_is_nothing_and_contrast_next_to_nothing():
    X = random_images()
    features = oriented_gradients(X, SHAPE)
    assert features.shape == (30, N_FEATURES)
    assert_allclose(oriented_gradients(X + 0.3, SHAPE), features, atol=1e-4)
    assert_allclose(oriented_gradients(2 * X, SHAPE), features, atol=1e-3)
    flat = oriented_gradients(np.full((1, 256), 0.5), SHAPE)
    assert_allclose(flat, 1e-2, atol=2e-3)  # the root of 1e-4


def test_a_ramp_rises_in_one_direction():
    cells = oriented_gradients(RAMP, SHAPE)[0, : 16 * 49].reshape(16, 7, 7)
    # What lies in the direction is the cosine, where it is positive.
    cosine = np.maximum(np.cos(2 * np.pi * np.arange(16) / 16), 0)
    share = cosine / np.linalg.norm(cosine)
    assert_allclose(cells[:, 3, 3] ** 2, share + 1e-4, atol=1e-4)


def test_turning_an_image_turns_the_directions():
    X = random_images(1).reshape(16, 16)
    plain = oriented_gradients(X.reshape(1, -1), SHAPE)[0, -1024:].reshape(16, 8, 8)
    turned = oriented_gradients(X[::-1, ::-1].reshape(1, -1), SHAPE)
    turned = turned[0, -1024:].reshape(16, 8, 8)
    assert_allclose(turned[:, ::-1, ::-1], np.roll(plain, 8, axis=0), atol=1e-5)


@pytest.mark.slow
def test_the_projection_tells_groups_apart_and_has_its_spread():
    rng = np.random.default_rng(0)
    people = rng.random((120, 256))
    y = np.repeat(np.arange(120), 4)
    X = np.clip(people[y] + 0.2 * rng.normal(size=(480, 256)), 0, 1)
    encoder = face_nets.face_encoder(X, y, SHAPE)
    module = encoder(SHAPE).eval()
    with torch.no_grad():
        code = module(torch.from_numpy(X.astype(np.float32)).view(-1, *SHAPE)).numpy()
    assert_allclose(code.mean(axis=0), 0, atol=1e-3)
    assert_allclose(code.std(), 3.0, rtol=1e-3)
    means = code.reshape(120, 4, -1).mean(axis=1)
    assert code.var() > 4 * (code - means[y]).var()


def test_images_are_moved_in_training_alone():
    encoder = face_nets.FaceEncoder(np.eye(5, N_FEATURES), np.zeros(5))
    jitter = encoder(SHAPE)[0]
    X = torch.from_numpy(random_images(64).astype(np.float32)).view(-1, *SHAPE)
    assert jitter.eval()(X) is X
    moved = jitter.train()(X)
    assert moved.shape == X.shape
    inner, mirrored = X[:, 0, 2:-2, 2:-2], X.flip(-1)[:, 0, 2:-2, 2:-2]
    windows = moved[:, 0].unfold(1, 12, 1).unfold(2, 12, 1)
    found = [
        (windows == image[:, None, None]).all(dim=(3, 4))[:, 1:4, 1:4].sum(dim=(1, 2))
        for image in (inner, mirrored)
    ]
    # Each is found once, shifted by up to one pixel either way, as it is or mirrored.
    assert_array_equal(sum(found), 1)
    assert 16 < found[1].sum() < 48
