"""A net trained by DP-SGD (Abadi et al. 2016), with Opacus.

Imports torch, skorch and opacus, so import this module inside the methods that use it.
"""

import functools
import warnings

import numpy as np
import torch
from opacus.accountants.analysis.rdp import compute_rdp, get_privacy_spent
from opacus.accountants.utils import get_noise_multiplier
from opacus.grad_sample import GradSampleModule
from opacus.optimizers import DPOptimizer
from opacus.validators import ModuleValidator

from sklearn_mid.neural_network._training import Net
from sklearn_mid.utils._torch import new_generator, spawn_seed

__all__ = [
    "DPNet",
    "PoissonBatches",
    "n_batches",
    "noise_for_epsilon",
    "refuse_batch_dependent",
    "spent_epsilon",
]

# Orders of the Renyi divergence to try. Fractional ones take most of the time, and are
# of use only where epsilon is large: the best is about 1 + 2 ln(1 / delta) / epsilon.
_INTEGER_ORDERS = [*range(2, 64), 72, 96, 128, 192, 256, 384, 512, 768, 1024]
_ALL_ORDERS = sorted(
    {1.01, 1.05, *np.arange(1.1, 3, 0.1), *np.arange(3, 8, 0.25), *_INTEGER_ORDERS}
)
_LARGE_EPSILON = 1.0


def n_batches(n_samples, batch_size):
    """Number of Poisson batches that amount to one pass over the rows."""
    return 1 if batch_size == -1 else -(-n_samples // batch_size)


def spent_epsilon(history, delta):
    """Epsilon at `delta` of (noise multiplier, sampling rate, steps) one after another.

    By Renyi differential privacy (Mironov 2017): an upper bound.
    """
    if any(noise_multiplier == 0 for noise_multiplier, _, _ in history):
        return float("inf")
    epsilon = _epsilon(history, delta, _INTEGER_ORDERS)
    if epsilon >= _LARGE_EPSILON:
        epsilon = _epsilon(history, delta, _ALL_ORDERS)
    return epsilon


def _epsilon(history, delta, orders):
    divergence = sum(
        steps * _divergence_per_step(noise_multiplier, sample_rate, tuple(orders))
        for noise_multiplier, sample_rate, steps in history
    )
    with warnings.catch_warnings():
        # At the end of the range of orders the bound is loose, not wrong.
        warnings.filterwarnings("ignore", message="Optimal order")
        epsilon, _ = get_privacy_spent(orders=orders, rdp=divergence, delta=delta)
    return float(epsilon)


@functools.lru_cache(maxsize=128)
def _divergence_per_step(noise_multiplier, sample_rate, orders):
    """Renyi divergence of one step at each order; steps add up."""
    return np.asarray(
        compute_rdp(
            q=sample_rate, noise_multiplier=noise_multiplier, steps=1, orders=orders
        )
    )


@functools.lru_cache(maxsize=128)
def noise_for_epsilon(epsilon, delta, sample_rate, steps):
    """The noise multiplier with which `steps` steps spend `epsilon` (or 1% less)."""
    if epsilon == float("inf"):
        return 0.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Optimal order")
        try:
            return get_noise_multiplier(
                target_epsilon=epsilon,
                target_delta=delta,
                sample_rate=sample_rate,
                steps=steps,
                accountant="rdp",
                epsilon_tolerance=0.01 * min(epsilon, 1.0),
                alphas=_ALL_ORDERS if epsilon >= _LARGE_EPSILON else _INTEGER_ORDERS,
            )
        except ValueError as error:
            raise ValueError(
                f"epsilon={epsilon} at delta={delta} is too small for {steps} steps "
                f"with a sampling rate of {sample_rate:.3g}: no amount of noise "
                "reaches it. Raise epsilon or delta, or lower max_epochs."
            ) from error


def refuse_batch_dependent(module, name):
    """Raise if a row's gradient would depend on the rows beside it (BatchNorm)."""
    errors = ModuleValidator.validate(module, strict=False)
    errors += GradSampleModule.validate(module=module, strict=False)
    if errors:
        raise ValueError(
            f"encoder={name!r} cannot be trained with differential privacy: "
            f"{'; '.join(str(e).splitlines()[0] for e in errors)}. Layers that mix the "
            "rows of a batch, such as BatchNorm, are refused; use GroupNorm or "
            "LayerNorm."
        )


class PoissonBatches:
    """Iterable over `n_batches` batches that each row joins independently."""

    def __init__(self, rows, n_batches, generator):
        self.rows, self.n_batches, self.generator = rows, n_batches, generator

    def __iter__(self):
        X = self.rows.X
        for _ in range(self.n_batches):
            draws = torch.rand(len(X), dtype=torch.float64, generator=self.generator)
            batch = (draws * self.n_batches < 1).nonzero().squeeze(1).to(X.device)
            if len(batch):
                yield self.rows.take(batch)
            else:
                # Noise is due all the same: a row that does not count.
                zero = torch.zeros(1, dtype=X.dtype, device=X.device)
                yield self.rows.take(slice(0, 1))._replace(weight=zero)


class DPNet(Net):
    """Net that clips the gradient of every row and adds Gaussian noise to their sum.

    Parameters
    ----------
    module : PlainModule
    max_grad_norm : float
    noise_multiplier : float
        Standard deviation of the noise over `max_grad_norm`.
    """

    def __init__(
        self, module, *args, max_grad_norm=1.0, noise_multiplier=1.0, **kwargs
    ):
        self.max_grad_norm = max_grad_norm
        self.noise_multiplier = noise_multiplier
        super().__init__(module, *args, **kwargs)

    def train(self, rows, valid=None, *, seed, **kwargs):
        # Opacus' wrappers hang hooks and gradients on the module, which cannot be
        # pickled: they are there during training only.
        self.module_ = GradSampleModule(self.module_, loss_reduction="sum")
        self.optimizer_ = DPOptimizer(
            self.optimizer_,
            noise_multiplier=self.noise_multiplier,
            max_grad_norm=self.max_grad_norm,
            expected_batch_size=len(rows.X) / self._n_batches(rows),
            generator=new_generator(spawn_seed(seed, 3), rows.X.device),
        )
        try:
            return super().train(rows, valid, seed=seed, **kwargs)
        finally:
            self.module_ = self.module_.to_standard_module()
            if isinstance(self.optimizer_, DPOptimizer):
                self.optimizer_ = self.optimizer_.original_optimizer

    def _n_batches(self, rows):
        return n_batches(len(rows.X), self.batch_size)

    def get_iterator(self, dataset, training=False):
        return PoissonBatches(dataset, self._n_batches(dataset), self._orders)

    def train_step_single(self, batch, **kwargs):
        if not self.module_.training:
            self._set_training(True)
        # Backward hooks, by which Opacus works, warn about inputs without gradients.
        losses, _ = self.row_losses(batch._replace(X=batch.X.requires_grad_()))
        if batch.weight is not None:
            losses = losses * batch.weight
        losses.sum().backward()
        mean = losses.detach().mean()
        self._terms.append((len(losses), mean, None))
        return {"loss": mean}
