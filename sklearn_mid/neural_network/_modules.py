"""Encoders and the two modules that classify from them: with a stochastic
bottleneck, and without.

Imports torch, so import this module inside the methods that use it.
"""

import math
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from sklearn_mid.utils._torch import (
    WEIGHTED_LAYERS,
    build_seeded,
    global_seed,
    new_generator,
    spawn_seed,
)

__all__ = [
    "BottleneckModule",
    "PlainModule",
    "build_module",
    "freeze_first_layers",
    "kl_to_standard_normal",
]

_ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
    "identity": nn.Identity,
}
# The convolutions halve an image until its shorter side is at most this long.
_SMALLEST_MAP = 4
_CHANNELS = (32, 64, 64, 64)

# sigma = softplus(s - 5) starts training almost without noise (Alemi et al. 2016);
# the floor keeps log sigma finite where softplus underflows.
_SIGMA_SHIFT = 5.0
_SIGMA_FLOOR = 1e-6


def kl_to_standard_normal(mu, sigma):
    """KL(N(mu, diag(sigma^2)) || N(0, I)) in nats, summed over the last dimension.

    1/2 sum_j (mu_j^2 + sigma_j^2 - 2 log sigma_j - 1)
    (Kingma & Welling 2014, appendix B).
    """
    terms = mu.square() + sigma.square() - 2 * sigma.log()
    return 0.5 * (terms.sum(dim=-1) - mu.shape[-1])


def _mlp_layers(width, hidden_layer_sizes, activation):
    for hidden in hidden_layer_sizes:
        yield nn.Linear(width, hidden)
        yield _ACTIVATIONS[activation]()
        width = hidden


def _conv_layers(image_shape, hidden_layer_sizes, activation):
    """Strided 3x3 convolutions, then a perceptron.

    GroupNorm, unlike BatchNorm, keeps rows independent of their batch, which both
    DP-SGD and reproducible predictions need.
    """
    channels, height, width = image_shape
    yield nn.Unflatten(1, image_shape)
    stage = 0
    while stage == 0 or min(height, width) > _SMALLEST_MAP:
        out = _CHANNELS[min(stage, len(_CHANNELS) - 1)]
        # Small images keep their resolution in the first stage.
        stride = 1 if stage == 0 and min(height, width) <= 16 else 2
        yield nn.Conv2d(channels, out, 3, stride=stride, padding=1)
        yield nn.GroupNorm(8, out)
        yield _ACTIVATIONS[activation]()
        height, width = -(-height // stride), -(-width // stride)
        channels, stage = out, stage + 1
    yield nn.Flatten()
    yield from _mlp_layers(channels * height * width, hidden_layer_sizes, activation)


def _user_encoder(encoder, input_shape):
    """What the user's class makes, taking rows of X."""
    module = encoder(input_shape[0] if len(input_shape) == 1 else input_shape)
    if not isinstance(module, nn.Module):
        raise TypeError(
            "encoder must be 'mlp', 'conv', or make a torch.nn.Module when called "
            "with the shape of an input; it made an object of type "
            f"{type(module).__name__}."
        )
    if len(input_shape) == 1:
        return module
    layers = module if isinstance(module, nn.Sequential) else (module,)
    return nn.Sequential(nn.Unflatten(1, input_shape), *layers)


def _feature_width(module, n_features, name):
    """Width of the features, by a dry run on two rows."""
    dtype = next((p.dtype for p in module.parameters()), torch.float32)
    module.eval()
    try:
        with torch.no_grad():
            features = module(torch.zeros((2, n_features), dtype=dtype))
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        raise ValueError(
            f"encoder={name} fails on two rows of {n_features} features: {error}"
        ) from error
    module.train()
    if not isinstance(features, torch.Tensor):
        raise TypeError(
            f"encoder={name} returns a {type(features).__name__}; its forward must "
            "return one tensor of shape (n_samples, width), the features."
        )
    if features.ndim != 2 or len(features) != 2 or features.shape[1] == 0:
        raise ValueError(
            f"encoder={name} turns two rows into features of shape "
            f"{tuple(features.shape)}; allowed is (2, width) with width >= 1. "
            "Flatten the features at the end of its forward."
        )
    if not features.isfinite().all():
        raise ValueError(
            f"encoder={name} returns features that are not finite for rows of zeros; "
            "mend its initial weights."
        )
    return features.shape[1]


def _build_encoder(
    encoder, *, input_shape, hidden_layer_sizes, activation, seed, dtype
):
    """A module from rows of X to features, and their width."""
    n_features = math.prod(input_shape)
    if encoder == "mlp":
        layers = partial(_mlp_layers, n_features, hidden_layer_sizes, activation)
    elif encoder == "conv":
        layers = partial(_conv_layers, input_shape, hidden_layer_sizes, activation)
    else:
        # Its initialisation, and what lazy layers do in the dry run, can only draw
        # from the global generator.
        with global_seed(seed):
            module = _user_encoder(encoder, input_shape).to(dtype)
            name = getattr(encoder, "__name__", repr(encoder))
            return module, _feature_width(module, n_features, name)
    module = build_seeded(
        lambda: nn.Sequential(*layers()), new_generator(seed), dtype=dtype
    )
    return module, _feature_width(module, n_features, encoder)


class PlainModule(nn.Module):
    """An encoder and a linear layer: the outputs are a function of the input.

    Parameters
    ----------
    encoder : torch.nn.Module
    code : torch.nn.Module
        What follows the encoder.
    head : torch.nn.Linear
        From the code to the outputs.
    """

    def __init__(self, encoder, code, head):
        super().__init__()
        self.encoder = encoder
        self.code = code
        self.head = head

    def _code(self, features):
        # The head may be of a higher precision than the encoder; and where layers
        # compute in a lower one, what comes of the code and the outputs does not.
        dtype = self.head.weight.dtype
        return self.code(features.to(dtype)).to(dtype)

    def encode(self, X):
        """Mean and standard deviation of the code; the latter None without noise."""
        return self._code(self.encoder(X)), None

    def decode(self, mu, sigma=None, noise=None):
        """Outputs for the code mu + sigma * noise; `noise` is broadcast against mu."""
        z = mu if sigma is None else torch.addcmul(mu, sigma, noise)
        return self.head(z).to(self.head.weight.dtype)

    def forward(self, X):
        """Outputs at the mean of the code."""
        return self.decode(self.encode(X)[0])

    def hidden(self, X):
        """What follows each activation of the encoder, flattened, and the code."""
        layers = []
        if isinstance(self.encoder, nn.Sequential):
            for layer in self.encoder:
                X = layer(X)
                if isinstance(layer, tuple(_ACTIVATIONS.values())):
                    layers.append(X.flatten(1))
        else:
            X = self.encoder(X)
            layers.append(X)
        return layers, self._code(X)


class BottleneckModule(PlainModule):
    """Between encoder and head a Gaussian code z ~ N(mu(x), diag(sigma(x)^2))."""

    def encode(self, X):
        mu, s = super().encode(X)[0].chunk(2, dim=-1)
        return mu, F.softplus(s - _SIGMA_SHIFT) + _SIGMA_FLOOR

    def rate(self, mu, sigma, y=None):
        """What the code of each row costs, in nats: a bound on I(X; Z)."""
        return kl_to_standard_normal(mu, sigma)


class ConditionalModule(BottleneckModule):
    """A bottleneck that pays for what the code tells beyond the label.

    The code is compared with N(m_y, I), where the mean m_y of each class is learned:
    E KL(N(mu(x), diag(sigma(x)^2)) || N(m_y, I)) >= I(X; Z | Y) (Fischer 2020).
    """

    def __init__(self, encoder, code, head, *, generator):
        super().__init__(encoder, code, head)
        # Apart from the start: at a high price, means that start at one point stay.
        means = torch.empty_like(head.weight).normal_(generator=generator)
        self.label_means = nn.Parameter(means)

    def rate(self, mu, sigma, y=None):
        return kl_to_standard_normal(mu - self.label_means[y], sigma)


class ClosedModule(BottleneckModule):
    """A bottleneck at infinite price: the code is noise, whatever the input."""

    def encode(self, X):
        mu = super().encode(X)[0]
        # Zeros through which the input has a gradient, of zeros.
        return 0 * mu.nan_to_num(), torch.ones_like(mu)


def freeze_first_layers(encoder, n_layers):
    """Let the first `n_layers` layers with weights, and norms after them, stay.

    Returns how many layers with weights were found, up to `n_layers`.
    """
    found = 0
    for layer in encoder.modules():
        own = list(layer.parameters(recurse=False))
        if isinstance(layer, WEIGHTED_LAYERS):
            if found == n_layers:
                break
            found += 1
        if found:
            for parameter in own:
                parameter.requires_grad_(False)
    return found


def build_module(
    bottleneck, *, latent_dim=None, n_outputs, seed, dtype, **encoder_parameters
):
    """An untrained module on the CPU, all of its weights drawn from `seed`.

    Parameters
    ----------
    bottleneck : {"stochastic", "conditional", "closed", "deterministic", "none"}
        Gaussian code; one that is priced given the label; noise alone; only the mean,
        so that the module is a plain net of the same shape; or no layer between the
        features and the head.
    latent_dim : int, default=None
        Width of the code. None is half the width of the features, rounded up.
    n_outputs : int
    seed : int
    dtype : {"float32", "float64"}
    encoder : {"mlp", "conv"} or callable
        A callable is given `input_shape`, or its only element, and makes a module.
    input_shape : tuple of int
        (n_features,) or (channels, height, width).
    hidden_layer_sizes : tuple of int
    activation : {"relu", "tanh", "logistic", "identity"}

    Returns
    -------
    PlainModule or BottleneckModule
    """
    dtype = getattr(torch, dtype)
    encoder, width = _build_encoder(
        seed=spawn_seed(seed, 0), dtype=dtype, **encoder_parameters
    )
    generator = new_generator(spawn_seed(seed, 1))

    def linear(n_in, n_out):
        return build_seeded(lambda: nn.Linear(n_in, n_out), generator, dtype=dtype)

    if bottleneck == "none":
        return PlainModule(encoder, nn.Identity(), linear(width, n_outputs))
    if latent_dim is None:
        latent_dim = -(-width // 2)
    if bottleneck == "deterministic":
        code = linear(width, latent_dim)
        return PlainModule(encoder, code, linear(latent_dim, n_outputs))
    code = linear(width, 2 * latent_dim)
    head = linear(latent_dim, n_outputs)
    if bottleneck == "conditional":
        return ConditionalModule(encoder, code, head, generator=generator)
    kind = ClosedModule if bottleneck == "closed" else BottleneckModule
    return kind(encoder, code, head)
