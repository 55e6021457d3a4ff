"""Targets that torch can differentiate. Imports torch: import it inside methods."""

import contextlib

import numpy as np
import torch
from torch.nn import functional as F

from sklearn_mid.utils._torch import new_generator

__all__ = [
    "TorchTarget",
    "confidence_in",
    "log_proba_of",
    "target_device",
    "target_module",
]


def target_module(estimator):
    """The torch module inside a target, or None."""
    if isinstance(estimator, torch.nn.Module):
        return estimator
    for holder in (estimator, getattr(estimator, "net_", None)):
        module = getattr(holder, "module_", None)
        if isinstance(module, torch.nn.Module):
            return module
    return None


def target_device(estimator):
    """Device and floating dtype of a target's weights; CPU, float32 without any."""
    module = target_module(estimator)
    weights = [] if module is None else [*module.parameters(), *module.buffers()]
    for weight in weights:
        if weight.is_floating_point():
            return weight.device, weight.dtype
    return torch.device("cpu"), torch.float32


@contextlib.contextmanager
def _evaluating(module):
    """Switch a module to evaluation mode and put every layer's mode back."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield module
    finally:
        for layer, mode in modes:
            layer.training = mode


class TorchTarget:
    """Probabilities and gradients of a target made of torch modules.

    Parameters
    ----------
    estimator : object
        A classifier with ``differentiable_proba``, a fitted skorch net, or a
        torch.nn.Module. Of a module that returns a tuple, the first item counts.
    unsupported : callable
        Makes the UnsupportedTargetError of the attack from a reason.
    n_noise_samples : int, default=1
        Draws over which the probabilities of a stochastic target are averaged; 0
        drops the noise, where the target has ``differentiable_logits``. A bare module
        is called once: nothing says whether it is stochastic.
    output : {"auto", "logits", "proba", "log_proba"}, default="auto"
        What a bare module or skorch net returns. "auto" asks it about a few random
        inputs: rows that are non-negative and sum to 1 are probabilities, rows
        whose exponentials do are their logarithms, anything else are logits.
        Ignored with ``differentiable_proba``.
    image_shape : tuple of int, default=None
        Shape in which a bare module or skorch net expects one input; None leaves
        the rows flat.
    seed : int, default=0
        Seeds the noise draws.
    """

    def __init__(
        self,
        estimator,
        *,
        unsupported,
        n_noise_samples=1,
        output="auto",
        image_shape=None,
        seed=0,
    ):
        self._estimator = estimator
        self._unsupported = unsupported
        self._n_noise_samples = n_noise_samples
        self._output = output
        self._image_shape = image_shape
        self._offered = hasattr(estimator, "differentiable_proba")
        self._offers_logits = hasattr(estimator, "differentiable_logits")
        self.has_mean_path = False
        self.device, self.dtype = target_device(estimator)
        self._generator = new_generator(seed, self.device)
        self.n_features = getattr(estimator, "n_features_in_", None)
        # A bare module does not know its classes before it is called.
        classes = getattr(estimator, "classes_", None)
        self.classes_ = None if classes is None else np.asarray(classes)

    def prepare(self, n_features, bounds):
        """Learn from a few random inputs what a bare module returns."""
        low, high = bounds
        rng = np.random.default_rng(0)
        X = self.tensor(low + (high - low) * rng.random((4, n_features)))
        if self._offers_logits:
            look = self._estimator.differentiable_logits
            with torch.no_grad():
                drawn = look(X, generator=new_generator(0, self.device))
                self.has_mean_path = not torch.equal(drawn, look(X, n_samples=0))
        if self._offered:
            return self
        with torch.no_grad():
            raw = self._raw(X)
        width = max(raw.shape[1], 2)
        if self.classes_ is None:
            self.classes_ = np.arange(width)
        elif width != len(self.classes_):
            raise self._unsupported(
                f"its module returns {raw.shape[1]} values per row, but it has "
                f"{len(self.classes_)} classes"
            )
        if self._output == "auto":
            self._output = _recognise(raw)
        return self

    def tensor(self, X):
        """`X` as a tensor of the target's device and dtype."""
        return torch.as_tensor(np.asarray(X), device=self.device, dtype=self.dtype)

    def _raw(self, X):
        if self._image_shape is not None:
            X = X.reshape(len(X), *self._image_shape)
        with _evaluating(target_module(self._estimator)) as module:
            raw = module(X)
        if isinstance(raw, tuple | list):
            raw = raw[0]
        if raw.ndim == 1:
            raw = raw[:, None]
        if raw.ndim != 2 or len(raw) != len(X):
            raise self._unsupported(
                "its module must return one row of class scores per input, but "
                f"returned shape {tuple(raw.shape)} for {len(X)} inputs"
            )
        return raw

    def proba(self, X):
        """Class probabilities of the tensor `X`, differentiable in it."""
        if self._offered:
            return self._ask("proba", X)
        raw = self._raw(X)
        if self._output == "log_proba":
            return raw.exp()
        if raw.shape[1] == 1:
            # One output for two classes is about the second.
            second = raw if self._output == "proba" else torch.sigmoid(raw)
            return torch.cat([1 - second, second], dim=1)
        return raw if self._output == "proba" else torch.softmax(raw, dim=1)

    def _ask(self, kind, X):
        return getattr(self._estimator, f"differentiable_{kind}")(
            X, n_samples=self._n_noise_samples, generator=self._generator
        )

    def logits(self, X):
        """Logarithms of the class probabilities of the tensor `X`, up to a constant."""
        if self._offers_logits:
            return self._ask("logits", X)
        if not self._offered and self._output in ("logits", "log_proba"):
            raw = self._raw(X)
            # One output for two classes is about the second.
            return raw if raw.shape[1] > 1 else F.pad(raw, (1, 0))
        return self.proba(X).clamp_min(torch.finfo(X.dtype).tiny).log()

    def confidence(self, X, column, logit=False):
        """Confidence of each row of the tensor `X` in its class, differentiable.

        With ``logit=True`` it is ln p / (1 - p), from the logits.
        """
        if not logit:
            return self.proba(X).gather(1, column[:, None])[:, 0]
        logits = self.logits(X)
        own = logits.gather(1, column[:, None])
        others = logits.scatter(1, column[:, None], -torch.inf)
        return own[:, 0] - others.logsumexp(dim=1)

    def confidence_and_gradient(self, X, column, logit=False):
        inputs = self.tensor(X).requires_grad_()
        column = torch.as_tensor(column, device=self.device)
        with torch.enable_grad():
            confidence = self.confidence(inputs, column, logit)
            (gradient,) = torch.autograd.grad(confidence.sum(), inputs)
        return (
            confidence.detach().cpu().numpy().astype(np.float64),
            gradient.cpu().numpy().astype(np.float64),
        )


def _recognise(raw):
    if raw.shape[1] == 1:
        return "proba" if bool(((raw >= 0) & (raw <= 1)).all()) else "logits"
    for name, proba in (("proba", raw), ("log_proba", raw.exp())):
        if bool((proba >= 0).all() and ((proba.sum(dim=1) - 1).abs() < 1e-4).all()):
            return name
    return "logits"


def confidence_in(target, X, column, logit=False):
    """A target's confidence in one class per row, as a torch function of the rows.

    Parameters
    ----------
    target : adapter of :func:`sklearn_mid.attacks._target_gradients.target_gradient`
        Need not be made of torch modules.
    X : Tensor of shape (n_samples, n_features)
        Inputs, on any device and of any floating type.
    column : Tensor of shape (n_samples,), dtype int64
        Position of the class of each row.
    logit : bool, default=False
        Whether to give ln p / (1 - p) of the confidence p.

    Returns
    -------
    confidence : Tensor of shape (n_samples,)
        Like `X` in device and type.
    """
    if isinstance(target, TorchTarget):
        confidence = target.confidence(
            X.to(target.device, target.dtype), column.to(target.device), logit
        )
        return confidence.to(X.device, X.dtype)
    return _ClosedForm.apply(X, column, target, logit)


def log_proba_of(target, X):
    """Logarithms of a target's probabilities of all classes, without gradients.

    Parameters
    ----------
    target : adapter of :func:`sklearn_mid.attacks._target_gradients.target_gradient`
    X : Tensor of shape (n_samples, n_features)

    Returns
    -------
    log_proba : Tensor of shape (n_samples, n_classes)
        Like `X` in device and type.
    """
    with torch.no_grad():
        if isinstance(target, TorchTarget):  # all classes at once
            logits = target.logits(X.to(target.device, target.dtype))
            return logits.log_softmax(dim=1).to(X.device, X.dtype)
        columns = [X.new_full((len(X),), k).long() for k in range(len(target.classes_))]
        confidence = [
            confidence_in(target, X, column, logit=True) for column in columns
        ]
        # ln p of p = 1 / (1 + exp(-logit))
        return F.logsigmoid(torch.stack(confidence, dim=1))


class _ClosedForm(torch.autograd.Function):
    """Carries a gradient that was computed in numpy back into torch."""

    @staticmethod
    def forward(ctx, X, column, target, logit):
        confidence, gradient = target.confidence_and_gradient(
            X.detach().cpu().numpy(), column.cpu().numpy(), logit
        )
        ctx.save_for_backward(torch.as_tensor(gradient).to(X.device, X.dtype))
        return torch.as_tensor(confidence).to(X.device, X.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        (gradient,) = ctx.saved_tensors
        return grad_output[:, None] * gradient, None, None, None
