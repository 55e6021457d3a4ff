"""A net trained by DP-SGD (Abadi et al. 2016), with Opacus.

Imports torch, skorch and opacus, so import this module inside the methods that use it.
"""

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from opacus.accountants.analysis.rdp import compute_rdp, get_privacy_spent
from opacus.accountants.utils import get_noise_multiplier
from opacus.grad_sample import GradSampleModule
from opacus.optimizers import DPOptimizer
from opacus.optimizers.optimizer import _mark_as_processed
from opacus.validators import ModuleValidator

from sklearn_mid.neural_network._training import Net, Rows
from sklearn_mid.utils._secret_noise import NoiseSource, add_on_grid

__all__ = [
    "DPNet",
    "PoissonBatches",
    "PrivateOptimizer",
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

# Gradients and noise are rounded to this share of the noise's standard deviation.
_GRID = 2.0**-30


def n_batches(n_samples: int, batch_size: int) -> int:
    """Number of Poisson batches that amount to one pass over the rows."""
    return 1 if batch_size == -1 else -(-n_samples // batch_size)


def spent_epsilon(history: list[tuple[float, float, int]], delta: float) -> float:
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
def noise_for_epsilon(
    epsilon: float, delta: float, sample_rate: float, steps: int
) -> float:
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


def refuse_batch_dependent(module: torch.nn.Module, name: str) -> None:
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
    """Iterable over `n_batches` batches that each row joins independently.

    Parameters
    ----------
    rows : Rows
    n_batches : int
    source : NoiseSource
        Who is in a batch is part of what the accounting takes for secret.
    """

    def __init__(self, rows: Rows, n_batches: int, source: NoiseSource) -> None:
        self.rows, self.n_batches, self.source = rows, n_batches, source

    def __iter__(self) -> Iterator[Rows]:
        X = self.rows.X
        for _ in range(self.n_batches):
            joins = self.source.uniform(len(X)) * self.n_batches < 1
            batch = torch.from_numpy(joins.nonzero()[0]).to(X.device)
            if len(batch):
                yield self.rows.take(batch)
            else:
                # Noise is due all the same: a row that does not count.
                zero = torch.zeros(1, dtype=X.dtype, device=X.device)
                yield self.rows.take(slice(0, 1))._replace(weight=zero)


class PrivateOptimizer(DPOptimizer):
    """Opacus' optimizer with noise of our own, that bears rows that are not finite.

    Parameters
    ----------
    source : NoiseSource
        Where the noise comes from. torch's generators have 32 bits of seed on the CPU.
    """

    def __init__(self, *args, source: NoiseSource, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.source = source

    def clip_and_accumulate(self) -> None:
        samples = [self._get_flat_grad_sample(p).flatten(1) for p in self.params]
        length = torch.stack([g.norm(dim=1) for g in samples]).norm(dim=0)
        # One gradient that is not finite would make the sum so, and clipping cannot
        # help: such a row counts as one without a gradient.
        finite = length.isfinite()
        if not finite.all():
            for gradients in samples:
                gradients[~finite] = 0
            length = length.where(finite, 0)
        factor = (self.max_grad_norm / (length + 1e-6)).clamp(max=1.0)
        for p, gradients in zip(self.params, samples, strict=True):
            p.summed_grad = (factor @ gradients).view_as(p)
            _mark_as_processed(p.grad_sample)

    def add_noise(self) -> None:
        if self.noise_multiplier == 0:
            return super().add_noise()
        step = self.max_grad_norm * self.noise_multiplier * _GRID
        n_entries = sum(p.numel() for p in self.params)
        # Rounding moves the sum of gradients by half a step in each entry, at most.
        sensitivity = self.max_grad_norm + step * n_entries**0.5
        for p in self.params:
            total = p.summed_grad.detach().cpu().double().numpy()
            noise = self.source.normal(total.shape)
            noise *= self.noise_multiplier * sensitivity
            p.grad = torch.from_numpy(add_on_grid(total, noise, step)).to(p)
            _mark_as_processed(p.summed_grad)


class DPNet(Net):
    """Net that clips the gradient of every row and adds Gaussian noise to their sum.

    After training it holds weights and the optimizer's moments, both functions of the
    noisy gradients, and nothing else that was computed from the rows: no losses.

    Parameters
    ----------
    module : PlainModule
    max_grad_norm : float
    noise_multiplier : float
        Standard deviation of the noise over `max_grad_norm`.
    """

    module_: Any  # the net, or what Opacus wraps around it
    optimizer_: Any

    def __init__(
        self, module, *args, max_grad_norm=1.0, noise_multiplier=1.0, **kwargs
    ):
        self.max_grad_norm = max_grad_norm
        self.noise_multiplier = noise_multiplier
        super().__init__(module, *args, **kwargs)

    def train_privately(
        self,
        rows: Rows,
        *,
        epochs: int,
        seed: int,
        noise: NoiseSource,
        batches: NoiseSource,
        progress: str | None,
    ) -> int:
        """Train for up to `epochs` more epochs; returns how many it were.

        It ends early where weights are no longer finite: the noisy gradients tell.

        Parameters
        ----------
        rows : Rows
        epochs : int
        seed : int
            Of what a user's module draws (dropout), no part of the promise.
        noise, batches : NoiseSource
            Of the noise, and of who joins a batch.
        progress : str or None
            Description of a progress bar. None shows none.
        """
        # Opacus' wrappers hang hooks and gradients on the module, which cannot be
        # pickled: they are there during training only.
        self.module_ = GradSampleModule(self.module_, loss_reduction="sum")
        self.optimizer_ = PrivateOptimizer(
            self.optimizer_,
            noise_multiplier=self.noise_multiplier,
            max_grad_norm=self.max_grad_norm,
            expected_batch_size=len(rows.X) / self._n_batches(rows),
            source=noise,
        )
        self._batch_source: Any = batches  # None between trainings
        try:
            return len(self.train(rows, epochs=epochs, seed=seed, progress=progress))
        finally:
            self._forget()

    def _forget(self) -> None:
        """Leave the weights, and the optimizer's state, alone."""
        self.module_ = self.module_.to_standard_module()
        if isinstance(self.optimizer_, DPOptimizer):
            self.optimizer_ = self.optimizer_.original_optimizer
        for parameter in self.module_.parameters():
            parameter.grad = None
            if hasattr(parameter, "summed_grad"):  # without noise
                del parameter.summed_grad
        self._batch_source = None
        self._terms = []
        self.history.clear()

    def _n_batches(self, rows: Rows) -> int:
        return n_batches(len(rows.X), self.batch_size)

    def get_iterator(self, dataset, training=False):
        return PoissonBatches(dataset, self._n_batches(dataset), self._batch_source)

    def train_step_single(self, batch, **kwargs):
        if not self.module_.training:
            self._set_training(True)
        # Backward hooks, by which Opacus works, warn about inputs without gradients.
        losses = self.criterion_(self.module_(batch.X.requires_grad_()), batch.y)
        if batch.weight is not None:
            losses = losses * batch.weight
        losses.sum().backward()
        # Nothing that a training goes on may depend on the rows but by their noisy
        # gradients: the loss that is reported is none.
        nothing = torch.zeros((), dtype=torch.float64)
        self._terms.append((len(losses), nothing, None))
        return {"loss": nothing}
