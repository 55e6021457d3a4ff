"""DefendedNeuralNetClassifier: its limits, and what each defence does."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator

from sklearn_mid.neural_network import (
    DefendedNeuralNetClassifier,
    MIDNeuralNetClassifier,
)
from sklearn_mid.neural_network._penalties import gaussian_kernel, hsic, label_kernel

SMALL = {"hidden_layer_sizes": (16,), "max_epochs": 20, "random_state": 0}


def defended(**params):
    return DefendedNeuralNetClassifier(**(SMALL | params))


@pytest.fixture(scope="module")
def images(digits):
    X, y, _, _ = digits
    return X[:300], y[:300]


@pytest.mark.parametrize("encoder", ["mlp", "conv"])
def test_without_a_defence_it_is_the_undefended_net(images, encoder):
    X, y = images
    params = {"encoder": encoder, "image_shape": (1, 8, 8), "max_epochs": 2}
    net = defended(**params).fit(X, y)
    undefended = MIDNeuralNetClassifier(0, **(SMALL | params)).fit(X, y)
    assert_array_equal(net.predict_proba(X), undefended.predict_proba(X))
    assert net.history_[-1]["loss"] == net.history_[-1]["distortion"]


def _dependences(net, X, y):
    """Of the hidden layer and the code, on the input and on the label."""
    rows = torch.from_numpy(X.astype(np.float32))
    with torch.no_grad():
        layers, code = net.net_.module_.hidden(rows)
    kernels = [gaussian_kernel(layer) for layer in (*layers, code)]
    labels = label_kernel(torch.from_numpy(y), torch.float32)
    on_input = sum(hsic(kernel, gaussian_kernel(rows)) for kernel in kernels)
    return len(layers), on_input, sum(hsic(kernel, labels) for kernel in kernels)


@pytest.mark.parametrize("dependence", ["hsic", "coco"])
def test_prices_of_dependence_move_it(images, dependence):
    X, y = images
    plain, priced, rewarded = (
        _dependences(
            defended(dependence=dependence, max_epochs=3, **params).fit(X, y), X, y
        )
        for params in ({}, {"input_dependence": 5.0}, {"label_dependence": 20.0})
    )
    assert plain[0] == 1
    assert priced[1] < plain[1] / 2
    assert rewarded[2] > 1.1 * plain[2]


def test_a_users_encoder_counts_as_one_layer(images):
    class Encoder(torch.nn.Module):
        def __init__(self, n_features):
            super().__init__()
            self.layer = torch.nn.Linear(n_features, 6)

        def forward(self, X):
            return self.layer(X).relu()

    net = defended(encoder=Encoder, input_dependence=1.0, max_epochs=2).fit(*images)
    assert _dependences(net, *images)[0] == 1


def test_layers_of_a_users_encoder_count_each(images):
    def encoder(image_shape):
        return torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Linear(64, 6),
            torch.nn.ReLU(),
            torch.nn.Linear(6, 6),
            torch.nn.Tanh(),
        )

    net = defended(encoder=encoder, image_shape=(1, 8, 8), max_epochs=1).fit(*images)
    assert _dependences(net, *images)[0] == 2


def test_negative_smoothing_makes_surer(images):
    X, y = images
    below, plain, above = (
        defended(label_smoothing=s).fit(X, y).predict_proba(X) for s in (-0.05, 0, 0.2)
    )
    sure = [proba.max(axis=1).mean() for proba in (above, plain, below)]
    assert (np.diff(sure) > 0.01).all()


def test_erasing_is_part_of_training_alone(images):
    X, y = images
    net = defended(erased_area=0.4, image_shape=(1, 8, 8)).fit(X, y)
    assert_array_equal(net.predict_proba(X[:5]), net.predict_proba(X[:5]))
    assert net.history_[-1]["loss"] > defended().fit(X, y).history_[-1]["loss"]
    assert net.score(X, y) > 0.8


@pytest.mark.parametrize("n_frozen", [0, 1, 2])
def test_frozen_layers_stay_and_the_others_do_not(images, n_frozen):
    X, y = images
    layers = {"hidden_layer_sizes": (16, 16), "max_epochs": 40}
    public = MIDNeuralNetClassifier(0.01, **(SMALL | layers)).fit(X[y > 4], y[y > 4])
    net = defended(
        pretrained=FrozenEstimator(public), n_frozen_layers=n_frozen, **layers
    )
    net = clone(net).fit(X[y < 5], y[y < 5])
    before = public.net_.module_.encoder.state_dict()
    after = net.net_.module_.encoder.state_dict()
    same = [bool((before[name] == after[name]).all()) for name in before]
    assert same == [k // 2 < n_frozen for k in range(4)]
    assert net.score(X[y < 5], y[y < 5]) > 0.5  # a guess: 0.2


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"erased_area": 0.2}, ValueError, r"erased_area=0.2 needs image_shape"),
        ({"label_smoothing": 1}, ValueError, "'label_smoothing'"),
        ({"input_dependence": -1}, ValueError, "'input_dependence'"),
        ({"pretrained": 3}, TypeError, "pretrained must be a fitted neural network"),
        ({"pretrained": defended()}, NotFittedError, "not fitted"),
    ],
)
def test_bad_parameters_are_named(images, params, error, match):
    with pytest.raises(error, match=match):
        defended(**params).fit(*images)


def test_other_layers_are_not_taken_over(images):
    X, y = images
    other = defended(hidden_layer_sizes=(7,), max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"pretrained must have the encoder.*size"):
        defended(pretrained=other).fit(X, y)
    alike = defended(max_epochs=1).fit(X, y)
    with pytest.raises(ValueError, match=r"n_frozen_layers=2 is more than .*, 1"):
        defended(pretrained=alike, n_frozen_layers=2).fit(X, y)
