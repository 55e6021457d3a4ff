"""What a trained module says about rows of X, whatever rows stand beside them.

Imports torch, so import this module inside the methods that use it.

In float32 the last bits of a row's output depend on how many rows share its batch:
the BLAS picks other kernels. Perceptrons therefore predict in float64. That would
make convolutions six times slower, and a user's module may not bear it; these run
as they were trained, on blocks of always the same number of rows.
"""

import copy
import functools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_mid.utils._torch import (
    as_seed,
    as_tensor,
    new_generator,
    without_helpers,
)

__all__ = [
    "differentiable_outputs",
    "frozen",
    "mean_codes",
    "mean_outputs",
    "mean_rate",
    "prediction_noise",
    "sampled_outputs",
    "version",
]

_ROWS_PER_PASS = 4096
_ROWS_PER_BLOCK = 32


class _FixedBlocks(nn.Module):
    """Applies a module to blocks of the same number of rows, the last one padded."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, X):
        padded = F.pad(X, (0, 0, 0, -len(X) % _ROWS_PER_BLOCK))
        blocks = [self.module(block) for block in padded.split(_ROWS_PER_BLOCK)]
        return torch.cat(blocks)[: len(X)]


def frozen(module, *, perceptron):
    """A copy of `module` for inference; `perceptron`: its encoder is our "mlp"."""
    module = copy.deepcopy(module).eval().requires_grad_(False)
    # Apple's GPUs have no float64.
    on_mps = module.head.weight.device.type == "mps"
    double = torch.float32 if on_mps else torch.float64
    if perceptron:
        return module.to(double)
    module.encoder = _FixedBlocks(module.encoder)
    module.code.to(double)
    module.head.to(double)
    return module


def version(module):
    """What changes whenever a weight of the module does."""
    tensors = (*module.parameters(), *module.buffers())
    return [(id(tensor), tensor._version) for tensor in tensors]


def _codes(module, X):
    """Yield mean and standard deviation of the codes, of some rows at a time."""
    head = module.head.weight
    dtype = next((p.dtype for p in module.encoder.parameters()), head.dtype)
    for start in range(0, len(X), _ROWS_PER_PASS):
        X_rows = X[start : start + _ROWS_PER_PASS]
        yield module.encode(as_tensor(X_rows, dtype=dtype, device=head.device))


def _normal(shape, generator, like):
    """Standard normal draws: from the CPU, so that they are equal on every device."""
    return torch.randn(shape, dtype=torch.float64, generator=generator).to(like)


@functools.lru_cache(maxsize=32)
def _drawn(seed, shape):
    return torch.randn(shape, dtype=torch.float64, generator=new_generator(seed))


def prediction_noise(seed, n_draws, mu):
    """The draws that every row meets in a prediction, (n_draws, latent_dim)."""
    return _drawn(seed, (n_draws, mu.shape[-1])).to(mu)


def mean_codes(module, X):
    """Means of the codes of all rows, of shape (n_samples, n_code)."""
    return np.concatenate([mu.cpu().numpy() for mu, _ in _codes(module, X)])


def mean_outputs(module, X, *, link, n_draws, seed):
    """``link(outputs)`` averaged over draws of the code's noise.

    Every row meets the same draws, so that they do not depend on its position.

    Parameters
    ----------
    module : PlainModule
        As :func:`frozen` returns it.
    X : ndarray of shape (n_samples, n_features)
    link : callable
        From outputs, a tensor, to what is averaged.
    n_draws : int
    seed : int

    Returns
    -------
    ndarray of shape (n_samples, n_outputs)
    """
    options = {"link": link, "n_draws": n_draws, "seed": seed}
    if len(X) > 1 or isinstance(module.encoder, _FixedBlocks):
        return _mean_outputs(module, X, **options)
    with without_helpers():  # a row is soon done: to wait for them would take longer
        return _mean_outputs(module, X, **options)


def _mean_outputs(module, X, *, link, n_draws, seed):
    means = []
    for mu, sigma in _codes(module, X):
        if sigma is None:
            total, n = link(module.decode(mu)), 1
        else:
            noise = prediction_noise(seed, n_draws, mu)
            if len(mu) == 1:  # all draws in one go: a service answers row by row
                draws = link(module.decode(mu, sigma, noise.unsqueeze(1)))
                total, n = draws.sum(dim=0), n_draws
            else:
                draws = (link(module.decode(mu, sigma, e)) for e in noise)
                total, n = sum(draws), n_draws
        means.append((total / n).cpu().numpy())
    return np.concatenate(means)


def sampled_outputs(module, X, *, link, n_draws, seed):
    """``link(outputs)`` of `n_draws` draws, independent for every row.

    Returns
    -------
    ndarray of shape (n_draws, n_samples, n_outputs)
    """
    generator = new_generator(seed)
    passes = []
    for mu, sigma in _codes(module, X):
        draws = [
            link(module.decode(mu, sigma, _normal(mu.shape, generator, mu)))
            for _ in range(n_draws)
        ]
        passes.append(torch.stack(draws).cpu().numpy())
    return np.concatenate(passes, axis=1)


def differentiable_outputs(module, X, *, link, n_draws, generator):
    """``link(outputs)`` averaged over draws, as a torch function of the tensor `X`."""
    # A copy: the weights get no gradients, and the mode of the module stays.
    module = copy.deepcopy(module).eval().requires_grad_(False)
    mu, sigma = module.encode(X.to(module.head.weight))
    if sigma is None or n_draws == 0:
        return link(module.decode(mu))
    if generator is None:
        generator = new_generator(as_seed(None), mu.device)
    noise = torch.randn(
        (n_draws, *mu.shape),
        dtype=mu.dtype,
        device=generator.device,
        generator=generator,
    )
    return link(module.decode(mu, sigma, noise.to(mu.device))).mean(dim=0)


def mean_rate(module, X, y, weight=None):
    """Mean over rows of what the module's code costs, in nats; infinite without noise.

    KL(N(mu(x), sigma(x)^2) || N(0, I)) bounds I(X; Z) from above (Alemi et al. 2017,
    eq. 14); for a ConditionalModule see there.
    """
    rates, start = [], 0
    for mu, sigma in _codes(module, X):
        if sigma is None:
            return np.inf
        labels = as_tensor(y[start : start + len(mu)], dtype=None, device=mu.device)
        rates.append(module.rate(mu, sigma, labels).cpu().numpy())
        start += len(mu)
    return float(np.average(np.concatenate(rates), weights=weight))
