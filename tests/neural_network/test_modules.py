"""The bottleneck and the encoders."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from sklearn_mid.neural_network import MIDNeuralNetClassifier
from sklearn_mid.neural_network._modules import build_module, kl_to_standard_normal
from sklearn_mid.neural_network._training import BottleneckNet, Rows, build_net
from sklearn_mid.utils._torch import new_generator


def _module(bottleneck="stochastic", **params):
    defaults = {
        "encoder": "mlp",
        "input_shape": (4,),
        "hidden_layer_sizes": (6,),
        "activation": "relu",
        "n_outputs": 3,
        "dtype": "float64",
        "seed": 0,
    }
    return build_module(bottleneck, **(defaults | params))


def _net(module, **params):
    defaults = {
        "encoder": "mlp",
        "criterion": "cross_entropy",
        "optimizer": "adam",
        "weight_decay": 0,
        "callbacks": None,
        "device": "cpu",
    }
    net = build_net(BottleneckNet, module, **(defaults | params))
    net._noise = new_generator(0)
    return net


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rate_is_the_kl_divergence_of_torch(dtype):
    mu = torch.linspace(-30, 30, 12, dtype=dtype).reshape(4, 3)
    sigma = torch.logspace(-5, 3, 12, dtype=dtype).reshape(4, 3)
    expected = kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0)).sum(dim=1)
    assert_allclose(kl_to_standard_normal(mu, sigma), expected, rtol=1e-5)


def test_rate_is_zero_at_the_prior():
    assert kl_to_standard_normal(torch.zeros(1, 5), torch.ones(1, 5)) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("s", "expected"),
    [(-1e4, 0), (-5.0, math.log1p(math.exp(-10))), (5.0, math.log(2)), (1e4, 9995)],
)
def test_rate_is_finite_for_any_s(s, expected, dtype):
    module = _module(dtype=dtype, latent_dim=2)
    with torch.no_grad():
        module.code.weight.zero_()
        module.code.bias[2:] = s
    mu, sigma = module.encode(torch.ones((1, 4), dtype=module.head.weight.dtype))
    assert_allclose(sigma.detach(), [[expected + 1e-6] * 2], rtol=1e-4)
    rate = kl_to_standard_normal(mu, sigma)
    rate.sum().backward()
    assert rate.isfinite().all()
    assert module.code.bias.grad.isfinite().all()


def test_code_is_mean_plus_noise_times_deviation():
    module = _module(latent_dim=2)
    mu, sigma = module.encode(torch.ones((1, 4), dtype=torch.float64))
    noise = torch.tensor([[3.0, -1.0]], dtype=torch.float64)
    assert torch.equal(module.decode(mu, sigma, noise), module.head(mu + sigma * noise))
    assert torch.equal(module(torch.ones((1, 4)).double()), module.head(mu))


def test_loss_per_row_does_not_depend_on_the_batch_size():
    net = _net(_module(), reg_lambda=0.3)
    generator = new_generator(1)
    X = torch.randn((8, 4), dtype=torch.float64, generator=generator)
    rows = Rows(X, torch.arange(8) % 3)
    twice = Rows(*(torch.cat([a, a]) for a in rows[:2]))
    rates = [net.batch_loss(r)[2].detach() for r in (rows, twice)]
    assert_allclose(*rates, rtol=1e-12)
    # sigma at its floor: no noise to tell the two losses apart
    with torch.no_grad():
        net.module_.code.weight[3:] = 0
        net.module_.code.bias[3:] = -100
    losses = [net.batch_loss(r)[0].detach() for r in (rows, twice)]
    assert_allclose(*losses, rtol=1e-5)


def test_loss_is_cross_entropy_plus_lambda_times_rate():
    net = _net(_module(), reg_lambda=0.5, n_train_samples=3)
    rows = Rows(torch.ones((2, 4)).double(), torch.tensor([0, 2]))
    mu, sigma = net.module_.encode(rows.X)
    noise = torch.empty((3, 2, 3)).double().normal_(generator=new_generator(0))
    distortions = [
        F.cross_entropy(net.module_.head(mu + sigma * e), rows.y) for e in noise
    ]
    loss, distortion, rate = net.batch_loss(rows)
    assert_allclose(distortion.detach(), torch.stack(distortions).mean().detach())
    assert_allclose(rate.detach(), kl_to_standard_normal(mu, sigma).mean().detach())
    assert_allclose(loss.detach(), (distortion + 0.5 * rate).detach())


def test_weights_multiply_the_loss_of_their_row():
    net = _net(_module("deterministic"))
    X = torch.eye(4, dtype=torch.float64)
    rows = Rows(X, torch.tensor([0, 1, 2, 0]), torch.tensor([2.0, 0, 1, 1]).double())
    repeated = rows.take(torch.tensor([0, 0, 2, 3]))._replace(weight=None)
    losses = [net.batch_loss(r)[0].detach() for r in (rows, repeated)]
    assert_allclose(*losses, rtol=1e-12)


def test_widths():
    assert _module().head.in_features == 3  # half of 6
    assert _module(hidden_layer_sizes=(5,)).head.in_features == 3
    assert _module(latent_dim=9).code.out_features == 18
    assert _module("deterministic").code.out_features == 3
    assert _module("none").head.in_features == 6
    assert _module(hidden_layer_sizes=()).head.in_features == 2


@pytest.mark.parametrize(
    "image_shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 64, 64), (2, 1, 5)]
)
def test_conv_suits_images_of_any_size(image_shape):
    module = _module(encoder="conv", input_shape=image_shape, dtype="float32")
    rows = torch.rand((3, math.prod(image_shape)), generator=new_generator(0))
    assert module(rows).shape == (3, 3)
    assert sum(p.numel() for p in module.parameters()) < 200_000
    # Rows are independent of their batch.
    assert_allclose(module(rows[:1]).detach(), module(rows)[:1].detach(), atol=1e-5)


def test_conv_sees_neighbours():
    """Shuffled pixels, seen by the same weights, give other features."""
    module = _module(encoder="conv", input_shape=(1, 8, 8)).encoder
    X = torch.rand((1, 64), dtype=torch.float64, generator=new_generator(0))
    shuffled = X[:, torch.randperm(64, generator=new_generator(1))]
    assert (module(X) - module(shuffled)).abs().max() > 1e-3


class WithImages(nn.Module):
    def __init__(self, image_shape):
        super().__init__()
        channels, height, width = image_shape
        self.layer = nn.LazyLinear(7)
        self.shape = (channels, height, width)

    def forward(self, images):
        assert images.shape[1:] == self.shape
        return self.layer(images.flatten(1))


def test_user_encoder_gets_the_image_shape_and_may_have_any_width():
    before = torch.get_rng_state()
    first, second = (
        _module(encoder=WithImages, input_shape=(1, 2, 2)) for _ in range(2)
    )
    assert first.head.in_features == 4  # half of 7, rounded up
    assert first(torch.zeros((5, 4)).double()).shape == (5, 3)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(before, torch.get_rng_state())


class _Returns(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, X):
        return self.function(X)


@pytest.mark.parametrize(
    ("forward", "error", "match"),
    [
        (lambda X: (X, X), TypeError, r"returns a tuple; .* return one tensor"),
        (lambda X: X[None], ValueError, r"shape \(1, 2, 4\); allowed is \(2, width\)"),
        (lambda X: X[:, 0], ValueError, r"shape \(2,\); allowed is \(2, width\)"),
        (lambda X: X[:1], ValueError, r"shape \(1, 4\); allowed is \(2, width\)"),
        (lambda X: X / 0, ValueError, "features that are not finite"),
        (lambda X: X[:, :0], ValueError, r"shape \(2, 0\); .*width >= 1"),
        (
            lambda X: X @ torch.ones((5, 2)).double(),
            ValueError,
            "fails on two rows of 4",
        ),
    ],
)
def test_user_encoder_of_the_wrong_output_is_refused(forward, error, match):
    def wrong(n_features):
        return _Returns(forward)

    with pytest.raises(error, match=f"encoder=wrong.*{match}"):
        _module(encoder=wrong)


def test_user_encoder_that_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"encoder must be .* object of type int"):
        _module(encoder=lambda n_features: n_features)


class _BatchNormed(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, 8), nn.BatchNorm1d(8))

    def forward(self, X):
        return self.layers(X)


@pytest.mark.parametrize("reg_lambda", [0, 0.1])
def test_batch_norm_bears_a_lone_last_row(reg_lambda):
    X = np.random.default_rng(0).normal(size=(65, 3))
    y = (X[:, 0] > 0).astype(int)
    net = MIDNeuralNetClassifier(
        reg_lambda, encoder=_BatchNormed, max_epochs=5, random_state=0
    ).fit(X, y)
    assert np.isfinite(net.predict_proba(X[:1])).all()
    with pytest.raises(ValueError, match="cannot be trained on a batch of one row"):
        net.partial_fit(X[:1], y[:1])
    with pytest.raises(ValueError, match=r"one row .*batch_size >= 2"):
        net.set_params(batch_size=1).fit(X, y)


class _Greedy(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layer = nn.Linear(n_features, 4)

    def forward(self, X):
        if len(X) > 35:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nTried to ...")
        return self.layer(X)


def test_too_little_memory_names_what_to_lower():
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = MIDNeuralNetClassifier(0.1, encoder=_Greedy, max_epochs=1, random_state=0)
    with pytest.raises(MemoryError, match=r"lower batch_size \(CUDA out of memory"):
        net.fit(X, X[:, 0] > 0)
    assert net.set_params(batch_size=20).fit(X, X[:, 0] > 0).n_iter_ == 1
