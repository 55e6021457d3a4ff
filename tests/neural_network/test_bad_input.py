"""Errors that name the parameter, what was given and what is allowed."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from skorch.callbacks import Callback
from torch import nn

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
)
from sklearn_mid.neural_network import (
    DPNeuralNetClassifier,
    MIDNeuralNetClassifier,
    MIDNeuralNetRegressor,
)

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 3, "random_state": 0}
PIXELS = np.random.RandomState(0).rand(30, 16)
LABELS = np.arange(30) % 2


def fit(X=PIXELS, y=LABELS, **params):
    return MIDNeuralNetClassifier(**(SMALL | params)).fit(X, y)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"reg_lambda": -0.1}, r"'reg_lambda' parameter .* range \[0.0, inf\]"),
        ({"hidden_layer_sizes": [8, 0]}, r"hidden_layer_sizes must hold ints >= 1"),
        ({"hidden_layer_sizes": [8.0]}, r"hidden_layer_sizes .* got \[8.0\]"),
        ({"image_shape": (1.0, 4, 4)}, r"image_shape .* three ints >= 1"),
        ({"hidden_layer_sizes": [8.5]}, r"hidden_layer_sizes .* got \[8.5\]"),
        ({"optimizer": lambda params, lr: lr}, r"optimizer must be 'adam', 'sgd' or"),
        ({"device": "gpu"}, r"device='gpu' cannot be used .* usable devices .*'cpu'"),
        ({"device": None}, r"device=None cannot be used .* usable devices .*'cpu'"),
        ({"encoder": "conv"}, r"encoder='conv' needs image_shape=\(channels"),
        ({"image_shape": (4, 4)}, r"image_shape must be \(channels.* got \(4, 4\)"),
        ({"image_shape": (1, 4, 0)}, r"image_shape must be .* three ints >= 1"),
        (
            {"image_shape": (1, 4, 5)},
            r"image_shape=\(1, 4, 5\) has 20 pixels.* 16 feat",
        ),
        (
            {"early_stopping": True, "validation_fraction": 0.99},
            r"validation_fraction=0.99 leaves no row of 30",
        ),
    ],
)
def test_parameters(params, match):
    with pytest.raises((ValueError, TypeError), match=match):
        fit(**params)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, DPNeuralNetClassifier])
def test_gpu_where_there_is_none(kind):
    with pytest.raises(ValueError, match=r"device='cuda' .* usable .* \['cpu'\]"):
        kind(device="cuda").fit(PIXELS, LABELS)


@pytest.mark.parametrize("encoder", ["mlp", "conv"])
def test_images_on_another_scale(encoder):
    params = {"encoder": encoder, "image_shape": (1, 4, 4)}
    for wrong in (255 * PIXELS, PIXELS - 0.5):
        with pytest.raises(ValueError, match=r"scale \[0, 1\], but its values go from"):
            fit(wrong, **params)
    net = fit(**params)
    with pytest.raises(ValueError, match=r"scale \[0, 1\].* from \S+ to 25\d\."):
        net.predict(255 * PIXELS)
    net.predict_proba(PIXELS - 0.05)  # as an attacker's steps do
    assert fit(255 * PIXELS).n_iter_ == 3  # no images, no scale


def test_images_of_another_size():
    net = fit(encoder="conv", image_shape=(1, 4, 4))
    with pytest.raises(ValueError, match=r"X has 9 features, but .* 16 feat"):
        net.predict(PIXELS[:, :9])


def test_data():
    with pytest.raises(ValueError, match="NaN"):
        fit(np.where(PIXELS > 0.9, np.nan, PIXELS))
    with pytest.raises(ValueError, match="infinity or a value too large"):
        fit(1e39 * PIXELS)
    with pytest.raises(ValueError, match="sample_weight is zero for every row"):
        MIDNeuralNetClassifier().fit(PIXELS, LABELS, np.zeros(30))
    with pytest.raises(ValueError, match="Negative values"):
        MIDNeuralNetClassifier().fit(PIXELS, LABELS, np.full(30, -1))
    with pytest.raises(ValueError, match="Unknown label type"):
        fit(y=PIXELS[:, 0])


@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, DPNeuralNetClassifier])
def test_not_fitted(kind):
    net = kind()
    for ask in (net.predict, net.predict_proba, net.differentiable_proba):
        with pytest.raises(NotFittedError):
            ask(PIXELS)


def test_number_of_releases():
    net = fit()
    with pytest.raises(ValueError, match="n_samples == 0, must be >= 1"):
        net.sample_proba(PIXELS, n_samples=0)


def test_tensor_of_another_width():
    with pytest.raises(ValueError, match=r"shape \(n_samples, 16\).* \(2, 3\)"):
        fit().differentiable_proba(torch.zeros((2, 3)))


class Tuple(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layer = nn.Linear(n_features, 4)

    def forward(self, X):
        return self.layer(X), X


@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, DPNeuralNetClassifier])
def test_module_that_returns_a_tuple(kind):
    with pytest.raises(TypeError, match="encoder=Tuple returns a tuple"):
        kind(encoder=Tuple).fit(PIXELS, LABELS)


def test_module_on_another_dtype_than_the_data():
    """As on another device: what comes in is moved to where the net is."""

    class Half(nn.Module):
        def __init__(self, n_features):
            super().__init__()
            self.layer = nn.Linear(n_features, 4)

        def forward(self, X):
            assert X.dtype == self.layer.weight.dtype
            return self.layer(X).float()

    net = fit(encoder=Half, dtype="float64")
    tensor = torch.rand((2, 16), dtype=torch.float32)
    assert net.differentiable_proba(tensor).shape == (2, 2)
    assert_array_equal(net.predict_proba(PIXELS.astype(np.float32)).shape, (30, 2))


# A loss that is not finite ------------------------------------------------------


@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, MIDNeuralNetRegressor])
@pytest.mark.parametrize("reg_lambda", [0, 0.1])
def test_diverging_training_keeps_the_last_finite_weights(kind, reg_lambda):
    net = kind(
        reg_lambda,
        **(SMALL | {"learning_rate": 1e18, "max_epochs": 50, "optimizer": "sgd"}),
    )
    with pytest.warns(ConvergenceWarning, match=r"not finite in epoch \d+; .*Scale X"):
        net.fit(PIXELS, LABELS)
    assert 1 <= net.n_iter_ < 50
    assert np.isnan(net.history_[-1]["loss"])
    assert np.isfinite(net.predict(PIXELS)).all()
    for parameter in net.net_.module_.parameters():
        assert parameter.isfinite().all()


class PoisonThirdEpoch(Callback):
    def on_grad_computed(self, net, named_parameters, **kwargs):
        if len(net.history) == 3:
            next(iter(named_parameters))[1].grad.fill_(np.nan)


def test_weights_of_the_epoch_before_are_those_kept():
    good = fit(max_epochs=2)
    with pytest.warns(ConvergenceWarning, match="in epoch 3"):
        net = fit(max_epochs=9, callbacks=[PoisonThirdEpoch()])
    assert_array_equal(net.predict_proba(PIXELS), good.predict_proba(PIXELS))
    assert net.n_iter_ == 3
    # The optimizer's moments are mended too.
    net.set_params(callbacks=None).partial_fit(PIXELS, LABELS)
    assert np.isfinite(net.history_[-1]["loss"])


# Gradients that the caller switched off ------------------------------------------


@pytest.mark.parametrize("switched_off", [torch.inference_mode, torch.no_grad])
@pytest.mark.parametrize("kind", [MIDNeuralNetClassifier, MIDNeuralNetRegressor])
def test_training_where_gradients_are_switched_off(kind, switched_off):
    expected = kind(0.01, **SMALL).fit(PIXELS, LABELS).partial_fit(PIXELS, LABELS)
    with switched_off():
        net = kind(0.01, **SMALL).fit(PIXELS, LABELS)
        net.predict(PIXELS)
    net = pickle.loads(pickle.dumps(net.partial_fit(PIXELS, LABELS)))
    assert_array_equal(net.predict(PIXELS), expected.predict(PIXELS))


@pytest.mark.parametrize(
    "attack",
    [
        GradientInversionAttack(None, max_iter=2, random_state=0),
        GenerativeInversionAttack(None, max_iter=1, search_iter=1, random_state=0),
        KnowledgeAlignmentAttack(None, max_epochs=1, random_state=0),
    ],
    ids=lambda attack: type(attack).__name__,
)
def test_attacks_where_gradients_are_switched_off(attack):
    attack.set_params(estimator=fit())
    expected = attack.fit(PIXELS, LABELS).score(PIXELS, LABELS)
    with torch.inference_mode():
        assert attack.fit(PIXELS, LABELS).score(PIXELS, LABELS) == expected
