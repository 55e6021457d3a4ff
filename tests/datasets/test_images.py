import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn import datasets
from sklearn.utils import Bunch

from sklearn_mid.datasets import (
    fetch_auxiliary_faces,
    fetch_cifar10,
    fetch_lfw_faces,
    fetch_mnist,
    fetch_orl_faces,
    load_digits,
)


def check_images(bunch, n_samples, image_shape):
    n_channels, height, width = image_shape
    assert bunch.image_shape == image_shape
    assert bunch.data.shape == (n_samples, n_channels * height * width)
    assert bunch.data.dtype == np.float32
    assert bunch.data.min() >= 0
    assert bunch.data.max() <= 1
    assert bunch.target.shape == (n_samples,)
    assert len(bunch.target_names) == bunch.target.max() + 1
    assert len(bunch.feature_names) == bunch.data.shape[1]
    shaped = bunch.data.reshape(n_samples, *image_shape)
    if n_channels == 1:
        assert_array_equal(bunch.images, shaped[:, 0])
    else:
        assert_array_equal(bunch.images, np.moveaxis(shaped, 1, -1))
    assert "Source:" in bunch.DESCR


def test_digits():
    digits = load_digits()
    check_images(digits, 1797, (1, 8, 8))
    raw = datasets.load_digits()
    assert_array_equal(digits.data * 16, raw.data)
    assert_array_equal(digits.target, raw.target)
    X, y = load_digits(return_X_y=True)
    assert_array_equal(X, digits.data)
    assert_array_equal(y, digits.target)


def test_mnist(data_home):
    mnist = fetch_mnist(data_home=data_home)
    check_images(mnist, 10000, (1, 28, 28))
    assert_array_equal(mnist.target[:5], [7, 2, 1, 0, 4])
    assert mnist.data.max() == 1
    # Digits are bright strokes in the middle of a dark field.
    assert mnist.images[:, 9:19, 9:19].mean() > 4 * mnist.images[:, :, :9].mean()


def test_orl_faces(data_home):
    faces = fetch_orl_faces(data_home=data_home)
    check_images(faces, 400, (1, 64, 64))
    assert_array_equal(np.bincount(faces.target), np.full(40, 10))


def test_orl_pictures_of_one_person_are_alike(data_home):
    faces = fetch_orl_faces(data_home=data_home)
    means = faces.data.reshape(40, 10, -1).mean(axis=1)
    within = ((faces.data - means[faces.target]) ** 2).mean()
    assert within < 0.5 * faces.data.var(axis=0).mean()


def test_orl_faces_are_upright(data_home):
    # A face is about symmetric from left to right, not from top to bottom.
    mean = fetch_orl_faces(data_home=data_home).images.mean(axis=0)
    assert np.abs(mean - mean[:, ::-1]).mean() < np.abs(mean - mean[::-1]).mean() / 2


def test_auxiliary_faces(data_home):
    faces = fetch_auxiliary_faces(data_home=data_home)
    check_images(faces, 243, (1, 64, 64))
    assert len(np.unique(faces.target)) == len(faces.target_names) == 142
    assert_array_equal(np.bincount(faces.origin), [203, 40])
    assert faces.smiling.sum() == 101


def test_auxiliary_faces_of_lfw_are_cut_to_the_same_shape(monkeypatch):
    seen = {}

    def fetch(**options):
        seen.update(options)
        height, width = (
            int(options["resize"] * (s.stop - s.start)) for s in options["slice_"]
        )
        images = np.full((3, height, width), 0.5, dtype=np.float32)
        return Bunch(
            images=images, target=np.array([0, 1, 1]), target_names=np.array(["a", "b"])
        )

    monkeypatch.setattr(datasets, "fetch_lfw_people", fetch)
    faces = fetch_auxiliary_faces(source="lfw", download_if_missing=False)
    check_images(faces, 3, (1, 64, 64))
    assert seen["download_if_missing"] is False
    assert faces.target_names == ["a", "b"]


def test_lfw_faces(data_home):
    faces = fetch_lfw_faces(max_images=40, data_home=data_home)
    check_images(faces, 1916, (1, 64, 64))
    counts = np.bincount(faces.target)
    assert len(counts) == 62
    assert counts.min() == 20
    assert counts.max() == 40
    assert fetch_lfw_faces(max_images=None, data_home=data_home).data.shape[0] == 3023


def test_lfw_public_people_are_the_others(data_home):
    faces = fetch_lfw_faces(subset="public", data_home=data_home)
    check_images(faces, 10210, (1, 64, 64))
    counts = np.bincount(faces.target)
    assert len(counts) == 5687
    assert counts.max() == 19
    assert counts.min() == 1


def test_lfw_of_sklearn_is_split_and_numbered_alike(monkeypatch):
    # Person 1 of three has the most images, then 0, then 2.
    target = np.repeat([0, 1, 2], [21, 30, 19])
    images = np.zeros((len(target), 64, 64), dtype=np.float32)
    images[:, 0, 0] = target / 2

    def fetch(**options):
        return Bunch(images=images, target=target)

    monkeypatch.setattr(datasets, "fetch_lfw_people", fetch)
    private = fetch_lfw_faces(source="sklearn", max_images=25)
    check_images(private, 46, (1, 64, 64))
    assert_array_equal(np.bincount(private.target), [25, 21])
    assert_array_equal(np.unique(private.data[private.target == 0, 0]), [0.5])
    public = fetch_lfw_faces(source="sklearn", subset="public")
    assert_array_equal(public.target, np.zeros(19))
    assert_array_equal(public.data[:, 0], np.ones(19))


@pytest.mark.slow
def test_cifar10_is_both_parts(data_home):
    pytest.importorskip("PIL")
    cifar = fetch_cifar10(data_home=data_home)
    check_images(cifar, 12000, (3, 32, 32))
    assert_array_equal(np.bincount(cifar.target[cifar.is_train]), np.full(10, 1000))
    test = fetch_cifar10(subset="test", data_home=data_home)
    assert_array_equal(test.data, cifar.data[~cifar.is_train])


def test_cifar10(data_home):
    pytest.importorskip("PIL")
    test = fetch_cifar10(subset="test", data_home=data_home)
    check_images(test, 2000, (3, 32, 32))
    # Aeroplanes (class 0) and ships (8) are bluer than frogs (6).
    red, _, blue = (test.images[..., c].mean(axis=(1, 2)) for c in range(3))
    bluer = [(blue - red)[test.target == k].mean() for k in (0, 8, 6)]
    assert min(bluer[:2]) > bluer[2]


def test_cifar10_names_the_extra_that_it_needs(data_home, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(ImportError, match=r"fetch_cifar10 needs.*\[nn\]'"):
        fetch_cifar10(data_home=data_home)


def test_cifar10_of_openml_takes_as_many_of_each_class(monkeypatch):
    rng = np.random.default_rng(0)
    target = rng.permutation(np.repeat(np.arange(10), 1300))
    values = np.zeros((len(target), 3072), dtype=np.uint8)
    values[:, 0] = np.arange(len(target)) % 256

    def fetch(name, **options):
        assert name == "CIFAR_10"
        return values, target.astype(str).astype(object)

    monkeypatch.setattr(datasets, "fetch_openml", fetch)
    train = fetch_cifar10(subset="train", source="openml")
    test = fetch_cifar10(subset="test", source="openml")
    check_images(train, 10000, (3, 32, 32))
    assert_array_equal(np.bincount(train.target), np.full(10, 1000))
    assert_array_equal(np.bincount(test.target), np.full(10, 200))
    # In the order of the source: the first 1000 of a class, then its next 200.
    of_class_3 = np.flatnonzero(target == 3)
    first = np.round(train.data[train.target == 3, 0] * 255)
    assert_array_equal(first, of_class_3[:1000] % 256)
    second = np.round(test.data[test.target == 3, 0] * 255)
    assert_array_equal(second, of_class_3[1000:1200] % 256)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fetch_cifar10(subset="valid"), "subset='valid'"),
        (lambda: fetch_cifar10(source="web"), "source='web'.*'jpeg', 'openml'"),
        (
            lambda: fetch_lfw_faces(subset="train"),
            "subset='train'.*'private', 'public'",
        ),
        (lambda: fetch_lfw_faces(source="web"), "source='web'.*'crops', 'sklearn'"),
        (lambda: fetch_lfw_faces(max_images=0), "'max_images'.*Got 0"),
        (lambda: fetch_auxiliary_faces(source="orl"), "source='orl'.*'london', 'lfw'"),
    ],
)
def test_wrong_option_names_the_allowed_ones(call, message):
    with pytest.raises(ValueError, match=message):
        call()
