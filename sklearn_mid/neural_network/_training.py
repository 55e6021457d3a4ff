"""The skorch net inside the estimators: what it is made of and how it is trained.

Imports torch and skorch, so import this module inside the methods that use it.
"""

import contextlib
import copy
import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from torch import nn

from sklearn_mid.neural_network._penalties import (
    coco,
    erase,
    gaussian_kernel,
    hsic,
    label_kernel,
    smoothed_losses,
)
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._torch import (
    as_tensor,
    global_seed,
    index_batches,
    memory_named,
    mixed_precision,
    new_generator,
    one_thread,
    spawn_seed,
)

__all__ = ["BottleneckNet", "DefendedNet", "Net", "Rows", "build_net"]


class Rows(NamedTuple):
    """Training rows as tensors; `weight` has mean one, or is None."""

    X: torch.Tensor
    y: torch.Tensor
    weight: torch.Tensor | None = None

    @classmethod
    @memory_named("the number of rows")
    def from_arrays(cls, X, y, weight, *, device):
        """Arrays as tensors on `device`, the weights scaled to a mean of one."""
        if weight is not None:
            weight = (weight / weight.mean()).astype(X.dtype)

        def tensor(array):
            return as_tensor(array, dtype=None, device=device)

        return cls(tensor(X), tensor(y), None if weight is None else tensor(weight))

    def take(self, batch):
        weight = None if self.weight is None else self.weight[batch]
        return Rows(self.X[batch], self.y[batch], weight)

    def subset(self, positions):
        """The rows at `positions`, an array, their weights scaled anew."""
        rows = self.take(as_tensor(positions, dtype=None, device=self.X.device))
        if rows.weight is None:
            return rows
        return rows._replace(weight=rows.weight / rows.weight.mean())

    def mean(self, values):
        """Mean of a value per row; weighted, but never by more than the rows."""
        return values.mean() if self.weight is None else (self.weight * values).mean()


class CrossEntropy(nn.CrossEntropyLoss):
    """-log p(y) per row in nats."""

    def __init__(self):
        super().__init__(reduction="none")

    def mean(self, outputs, y):
        """Mean over rows, in one step; its gradient has the same bits."""
        return nn.functional.cross_entropy(outputs, y)


class HalfSquaredError(nn.Module):
    """-log N(y; output, I) per row in nats, without its constant."""

    def forward(self, outputs, y):
        return 0.5 * (outputs - y).square().sum(dim=-1)

    def mean(self, outputs, y):
        """Mean over rows."""
        return self(outputs, y).mean()


_CRITERIA: dict[str, Callable[[], nn.Module]] = {
    "cross_entropy": CrossEntropy,
    "half_squared_error": HalfSquaredError,
}


# Bytes of X up to which an epoch shuffles a copy instead of indexing every batch.
_LARGEST_COPY = 2**26
# What skorch tells its callbacks about every batch.
_PER_BATCH = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class _Batches:
    """Iterable over mini-batches of `rows`, in a new order every time."""

    def __init__(self, rows, batch_size, generator):
        self.rows, self.batch_size, self.generator = rows, batch_size, generator

    def __iter__(self):
        rows, generator = self.rows, self.generator
        n_rows, device = len(rows.X), rows.X.device
        if generator is not None and rows.X.nbytes <= _LARGEST_COPY:
            # Shuffled once, batches are views.
            order = torch.randperm(n_rows, generator=generator)
            rows, generator = rows.take(order.to(device)), None
        for batch in index_batches(
            n_rows, self.batch_size, generator=generator, device=device
        ):
            yield rows.take(batch)


class _TrainingStopped(Exception):
    """A callback, or a loss that is not finite, ends the training."""


def _weighted_mean(values, weights):
    """Mean of scalar tensors, in float64 and with one copy from their device."""
    return float(np.average(torch.stack(values).cpu().double(), weights=weights))


def _map_leaves(tree, function):
    if isinstance(tree, dict):
        return {key: _map_leaves(value, function) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_map_leaves(value, function) for value in tree)
    return function(tree)


class _Progress(Callback):
    def __init__(self, bar):
        self.bar = bar

    def on_epoch_end(self, net, **kwargs):
        self.bar.set_postfix(loss=f"{net.history[-1]['train_loss']:.4g}")
        self.bar.update()


class Net(NeuralNet):
    """A skorch net over tensors, with losses per row and generators of its own.

    Parameters
    ----------
    module : PlainModule
        The initialised module.
    encoder_kind : {"mlp", "conv", "foreign"}
        A perceptron trains in one thread, so that the number of threads does not
        change it. A foreign encoder may draw from torch's global generator, which is
        then seeded, and restored afterwards.
    mixed_precision : bool, default=False
        Whether the layers compute in bfloat16 in training steps.
    **kwargs
        As for :class:`skorch.NeuralNet`.
    """

    def __init__(
        self,
        module,
        *args,
        encoder_kind="foreign",
        mixed_precision=False,
        **kwargs,
    ):
        self.encoder_kind = encoder_kind
        self.mixed_precision = mixed_precision
        super().__init__(module, *args, **kwargs)

    def train(self, rows, valid=None, *, epochs, seed, patience=None, progress=None):
        """Train for up to `epochs` more epochs.

        Unlike ``fit`` and ``partial_fit`` of skorch it lets KeyboardInterrupt through.

        Parameters
        ----------
        rows : Rows
        valid : Rows, default=None
            Validation rows: training stops when the loss on them has not improved
            for `patience` epochs, and the best weights are kept.
        epochs : int
        seed : int
            Of the order of the rows and the noise.
        patience : int, default=None
        progress : str, default=None
            Description of a progress bar. None shows none.

        Returns
        -------
        list of dict
            skorch's history of the new epochs.
        """
        self._orders = new_generator(spawn_seed(seed, 0))
        self._noise = new_generator(spawn_seed(seed, 1), rows.X.device)
        self._kept = {k: v.clone() for k, v in self.module_.state_dict().items()}
        n_before = len(self.history)
        with contextlib.ExitStack() as stack:
            if self.encoder_kind == "mlp":
                stack.enter_context(one_thread())
            elif self.encoder_kind == "foreign":
                stack.enter_context(global_seed(spawn_seed(seed, 2)))
            if progress is not None:
                tqdm = require("tqdm.auto", extra="nn", needed_by="verbose=True").tqdm
                bar = stack.enter_context(tqdm(total=epochs, desc=progress))
                stack.enter_context(self._extra_callback(_Progress(bar)))
            if valid is not None:
                stop = EarlyStopping(patience=patience, load_best=True)
                stack.enter_context(self._extra_callback(stop))
            self.notify("on_train_begin", X=rows.X, y=rows.y)
            try:
                with contextlib.suppress(_TrainingStopped), memory_named("batch_size"):
                    self.fit_loop(rows, valid, epochs=epochs)
            finally:
                self.notify("on_train_end", X=rows.X, y=rows.y)
                self._orders = self._noise = None
                self._kept = {}
        return self.history[n_before:]

    @contextlib.contextmanager
    def _extra_callback(self, callback):
        item = (type(callback).__name__, callback.initialize())
        self.callbacks_.append(item)
        try:
            yield
        finally:
            self.callbacks_.remove(item)

    def to_arrays(self):
        """Weights and optimizer's state in plain containers of arrays."""
        return {
            name: _map_leaves(
                getattr(self, name).state_dict(),
                lambda v: v.cpu().numpy() if isinstance(v, torch.Tensor) else v,
            )
            for name in ("module_", "optimizer_")
        }

    def from_arrays(self, state):
        """Take over what `to_arrays` returned."""
        for name, arrays in state.items():
            tensors = _map_leaves(
                arrays,
                lambda v: torch.tensor(v) if isinstance(v, np.ndarray) else v,
            )
            getattr(self, name).load_state_dict(tensors)
        return self

    # What skorch calls ---------------------------------------------------------

    def get_split_datasets(self, X, y=None, **kwargs):
        """The rows to train on and those to validate on, or None."""
        return X, y

    def get_iterator(self, dataset, training=False):
        batch_size = len(dataset.X) if self.batch_size == -1 else self.batch_size
        shuffle = training and batch_size < len(dataset.X)
        return _Batches(dataset, batch_size, self._orders if shuffle else None)

    def notify(self, method_name, **kwargs):
        try:
            super().notify(method_name, **kwargs)
        except KeyboardInterrupt as interrupt:
            # How skorch's EarlyStopping ends a training.
            if method_name == "on_epoch_end":
                raise _TrainingStopped from interrupt
            raise
        if method_name == "on_epoch_end":
            # Records of every batch would make a long training, or many calls of
            # partial_fit, grow without bound.
            self.history[-1]["batches"].clear()

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        if any(
            getattr(type(callback), name) is not getattr(Callback, name)
            for _, callback in self.callbacks_
            for name in _PER_BATCH
        ):
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            return
        # Nobody asks about single batches: no record, and no copy from the device, of
        # each; one record of their mean stands for all.
        step = self._descend if training else self.validation_step
        sizes, losses = [], []
        for batch in iterator:
            losses.append(step(batch)["loss"].detach())
            sizes.append(len(batch.X))
        self.history.new_batch()
        self.history.record_batch(f"{prefix}_loss", _weighted_mean(losses, sizes))
        self.history.record_batch(f"{prefix}_batch_size", sum(sizes))
        self.history.record(f"{prefix}_batch_count", len(sizes))

    def _descend(self, batch):
        """One step of the optimizer, which may ask for the loss more than once."""
        optimizer, steps = self.optimizer_, []

        def loss():
            optimizer.zero_grad()
            steps.append(self.train_step_single(batch))
            return steps[-1]["loss"]

        optimizer.step(loss)
        return steps[0]

    def batch_loss(self, rows):
        """The objective on a mini-batch, its distortion, and its rate or None."""
        distortion = self.mean_loss(self.module_(rows.X), rows)
        return distortion, distortion, None

    def mean_loss(self, outputs, rows):
        """Mean over rows of the distortion of one output each."""
        if rows.weight is None:
            return self.criterion_.mean(outputs, rows.y)
        return rows.mean(self.criterion_(outputs, rows.y))

    def train_step_single(self, batch, **kwargs):
        if not self.module_.training:
            self._set_training(True)
        try:
            with mixed_precision(self.device, self.mixed_precision):
                loss, distortion, rate = self.batch_loss(batch)
        except ValueError as error:
            if len(batch.X) > 1:
                raise
            # So says BatchNorm, though not of images.
            raise ValueError(
                f"the encoder cannot be trained on a batch of one row ({error}); give "
                "more rows, batch_size >= 2, or an encoder with LayerNorm or GroupNorm."
            ) from error
        loss.backward()
        self._terms.append(
            (len(batch.X), distortion.detach(), None if rate is None else rate.detach())
        )
        return {"loss": loss}

    def validation_step(self, batch, **kwargs):
        self._set_training(False)
        with torch.no_grad():
            return {"loss": self.batch_loss(batch)[0]}

    def on_epoch_begin(self, net, **kwargs):
        super().on_epoch_begin(net, **kwargs)
        self._terms = []

    def on_epoch_end(self, net, **kwargs):
        sizes, distortions, rates = zip(*self._terms, strict=True)
        for name, values in (("distortion", distortions), ("rate", rates)):
            if values[0] is not None:
                self.history.record(name, _weighted_mean(values, sizes))
        self._keep_weights()

    # The last finite weights ---------------------------------------------------

    def _keep_weights(self):
        """Remember the weights, or go back to the last ones if these are not finite."""
        epoch, state = self.history[-1], self.module_.state_dict()
        floats = [v.flatten() for v in state.values() if v.is_floating_point()]
        if math.isfinite(epoch["distortion"] + epoch.get("rate", 0.0)) and bool(
            torch.cat(floats).isfinite().all()
        ):
            self._kept = {name: value.clone() for name, value in state.items()}
            return
        self.module_.load_state_dict(self._kept)
        self.initialize_optimizer()  # its moments are not finite either
        self.history.record("train_loss", math.nan)
        warnings.warn(
            f"The loss is not finite in epoch {len(self.history)}; the weights of "
            "the epoch before are kept. Scale X, or lower learning_rate or reg_lambda.",
            ConvergenceWarning,
            stacklevel=2,
        )
        raise _TrainingStopped


class BottleneckNet(Net):
    """Net whose module is a BottleneckModule: cross-entropy + lambda * rate.

    Parameters
    ----------
    module : BottleneckModule
    reg_lambda : float
        With infinity goes a ClosedModule, whose rate is 0.
    n_train_samples : int
        Draws of the bottleneck per row and step.
    """

    def __init__(self, module, *args, reg_lambda=0.0, n_train_samples=1, **kwargs):
        self.reg_lambda = reg_lambda
        self.n_train_samples = n_train_samples
        super().__init__(module, *args, **kwargs)

    def batch_loss(self, rows):
        module, n_draws = self.module_, self.n_train_samples
        mu, sigma = module.encode(rows.X)
        if sigma is None:
            distortion = self.mean_loss(module.decode(mu, None, None), rows)
            return distortion, distortion, None
        # One draw needs no axis of its own, along which autograd would sum.
        shape = mu.shape if n_draws == 1 else (n_draws, *mu.shape)
        noise = torch.empty(shape, dtype=mu.dtype, device=mu.device)
        outputs = module.decode(mu, sigma, noise.normal_(generator=self._noise))
        if n_draws == 1:
            distortion = self.mean_loss(outputs, rows)
        else:
            y = rows.y.expand(n_draws, *rows.y.shape).flatten(0, 1)
            of_draws = self.criterion_(outputs.flatten(0, 1), y)
            distortion = rows.mean(of_draws.view(n_draws, -1).mean(dim=0))
        rate = rows.mean(module.rate(mu, sigma, rows.y))
        price = self.reg_lambda if math.isfinite(self.reg_lambda) else 1  # of nothing
        return distortion + price * rate, distortion, rate


class DefendedNet(Net):
    """Net that is trained with the penalties of DefendedNeuralNetClassifier.

    Parameters
    ----------
    module : PlainModule
    input_dependence, label_dependence, label_smoothing, erased_area : float
    dependence : {"hsic", "coco"}
    image_shape : tuple of int
        Shape of a row.
    """

    def __init__(
        self,
        module,
        *args,
        input_dependence=0.0,
        label_dependence=0.0,
        label_smoothing=0.0,
        erased_area=0.0,
        dependence="hsic",
        image_shape=None,
        **kwargs,
    ):
        self.input_dependence = input_dependence
        self.label_dependence = label_dependence
        self.label_smoothing = label_smoothing
        self.erased_area = erased_area
        self.dependence = dependence
        self.image_shape = image_shape
        super().__init__(module, *args, **kwargs)

    def batch_loss(self, rows):
        X, y, module = rows.X, rows.y, self.module_
        if self.erased_area > 0:
            X = erase(X, self.image_shape, self.erased_area, self._noise)
        layers, code = module.hidden(X)
        outputs = module.decode(code)
        loss = rows.mean(smoothed_losses(outputs, y, self.label_smoothing))
        if self.input_dependence > 0 or self.label_dependence > 0:
            # Distances are differences of large terms, which need all digits.
            with contextlib.ExitStack() as stack:
                if self.mixed_precision:
                    stack.enter_context(torch.autocast(X.device.type, enabled=False))
                loss = loss + self._dependence(X, y, [*layers, code])
        with torch.no_grad():
            distortion = rows.mean(self.criterion_(outputs, y))
        return loss, distortion, None

    def _dependence(self, X, y, layers):
        """What the hidden layers' dependence on the input costs, less the label's."""
        layers = [layer.to(X.dtype) for layer in layers]
        of_input, of_label = gaussian_kernel(X), label_kernel(y, X.dtype)
        costs = ((self.input_dependence, of_input), (-self.label_dependence, of_label))
        if self.dependence == "hsic":  # linear in a kernel
            price = sum(cost * kernel for cost, kernel in costs)
            return sum(hsic(gaussian_kernel(layer), price) for layer in layers)
        return sum(
            cost * coco(gaussian_kernel(layer), kernel)
            for layer in layers
            for cost, kernel in costs
            if cost
        )


def _optimizer_arguments(optimizer, weight_decay, device):
    if optimizer == "adam":
        # The fused step is the faster one; torch has it for these two.
        fused = torch.device(device).type in ("cpu", "cuda")
        arguments = {"optimizer": torch.optim.Adam, "optimizer__fused": fused}
    elif optimizer == "sgd":
        arguments = {"optimizer": torch.optim.SGD, "optimizer__momentum": 0.9}
    else:
        arguments = {"optimizer": optimizer}
    if weight_decay:  # not every class of optimizer has it
        arguments["optimizer__weight_decay"] = weight_decay
    return arguments


def build_net(
    net_class,
    module,
    *,
    encoder,
    criterion,
    optimizer,
    weight_decay,
    callbacks,
    device,
    **kwargs,
):
    """An initialised net of `net_class`, ready to train."""
    wrong_class = isinstance(optimizer, type) and not issubclass(
        optimizer, torch.optim.Optimizer
    )
    for callback in callbacks or ():
        if not isinstance(callback, tuple) and not hasattr(callback, "on_epoch_end"):
            raise TypeError(f"callbacks must hold skorch callbacks, got {callback!r}.")
    net = net_class(
        module,
        criterion=_CRITERIA[criterion](),
        encoder_kind="foreign" if callable(encoder) else encoder,
        callbacks=copy.deepcopy(callbacks),  # a net changes them
        callbacks__print_log=None,
        callbacks__epoch_timer=None,
        train_split=None,
        verbose=0,
        device=device,
        **_optimizer_arguments(optimizer, weight_decay, device),
        **kwargs,
    )
    made = None if wrong_class else net.initialize().optimizer_
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(
            "optimizer must be 'adam', 'sgd' or a subclass of torch.optim.Optimizer; "
            f"got {optimizer!r}."
        )
    return net
