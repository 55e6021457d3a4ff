"""Networks that the attacker trains. Imports torch: import it inside methods."""

import math

import torch
from torch import nn

from sklearn_mid.utils._torch import build_seeded, global_seed
from sklearn_mid.utils._validation import check_layer_sizes

__all__ = ["critic", "deconv", "mlp", "user_module"]


def mlp(n_inputs, n_outputs, hidden_layer_sizes, *, generator, bounds=None):
    """A multilayer perceptron; with `bounds`, its outputs lie between them."""

    def build():
        layers, width = [], n_inputs
        for size in check_layer_sizes(hidden_layer_sizes):
            layers += [nn.Linear(width, size), nn.ReLU()]
            width = size
        layers.append(nn.Linear(width, n_outputs))
        if bounds is not None:
            layers.append(_Bounded(*bounds))
        return nn.Sequential(*layers)

    return build_seeded(build, generator)


def deconv(n_inputs, image_shape, width, *, generator, bounds):
    """Convolutions from a vector to flat images within `bounds`.

    Starts on a coarse grid of 4 to 8 pixels a side, and doubles the sides (and
    halves the channels, from ``width * 2**n_doublings`` on) until the image is
    covered. The sides are doubled by interpolation: strided transposed convolutions
    leave a checkerboard (Odena et al. 2016, doi:10.23915/distill.00003), which the
    GAN of this size never got rid of on faces.
    """
    channels, height, image_width = image_shape
    n_doublings = _n_doublings(image_shape)

    def build():
        scale = 2**n_doublings
        sides = math.ceil(height / scale), math.ceil(image_width / scale)
        n_channels = width * scale
        layers = [
            nn.Linear(n_inputs, n_channels * sides[0] * sides[1]),
            nn.Unflatten(1, (n_channels, *sides)),
        ]
        for _ in range(n_doublings):
            layers += [
                nn.GroupNorm(math.gcd(8, n_channels), n_channels),
                nn.ReLU(),
                nn.Conv2d(n_channels, n_channels // 2, 3, padding=1),
                nn.Upsample(scale_factor=2, mode="bilinear"),
            ]
            n_channels //= 2
        layers += [
            nn.GroupNorm(math.gcd(8, n_channels), n_channels),
            nn.ReLU(),
            nn.Conv2d(n_channels, channels, 3, padding=1),
            _Crop(height, image_width),
            nn.Flatten(),
            _Bounded(*bounds),
        ]
        return nn.Sequential(*layers)

    return _channels_last(build_seeded(build, generator))


def critic(image_shape, width, *, generator, n_outputs=1):
    """Strided convolutions from flat images to `n_outputs` scores each.

    Without normalisation over a batch, as the gradient penalty is one per image
    (Gulrajani et al. 2017).
    """
    channels, height, image_width = image_shape

    def build():
        layers: list[nn.Module] = [nn.Unflatten(1, image_shape)]
        n_inputs, n_channels = channels, width
        sides = height, image_width
        for _ in range(_n_doublings(image_shape)):
            layers += [
                nn.Conv2d(n_inputs, n_channels, 4, 2, 1),
                nn.LeakyReLU(0.2),
            ]
            n_inputs, n_channels = n_channels, 2 * n_channels
            sides = sides[0] // 2, sides[1] // 2
        layers += [nn.Flatten(), nn.Linear(n_inputs * sides[0] * sides[1], n_outputs)]
        if n_outputs == 1:
            layers.append(nn.Flatten(0))
        return nn.Sequential(*layers)

    return _channels_last(build_seeded(build, generator))


def _channels_last(module):
    """The same weights in the order in which convolutions of large images are faster.

    Not for modules of users, whose views of what comes out may be of the other order.
    """
    return module.to(memory_format=torch.channels_last)


def user_module(factory, *args, seed):
    """The module that the user's `factory` makes, with reproducible weights."""
    with global_seed(seed):
        try:
            module = factory(*args)
        except TypeError as error:
            raise TypeError(f"decoder={factory!r} failed: {error}") from error
    if not isinstance(module, nn.Module):
        raise TypeError(
            f"decoder={factory!r} must return a torch.nn.Module, got "
            f"{type(module).__name__}."
        )
    return module


def _n_doublings(image_shape):
    """How often a side of at least 4 pixels is doubled to fill the image."""
    return max(1, int(math.log2(max(min(image_shape[1:]) / 4, 1))))


class _Bounded(nn.Module):
    """Squash to ``(low, high)``."""

    def __init__(self, low, high):
        super().__init__()
        self.low, self.high = low, high

    def forward(self, x):
        share = x.sigmoid()
        if (self.low, self.high) == (0, 1):
            return share
        return self.low + (self.high - self.low) * share


class _Crop(nn.Module):
    """Cut images to a size."""

    def __init__(self, height, width):
        super().__init__()
        self.height, self.width = height, width

    def forward(self, x):
        return x[:, :, : self.height, : self.width]
