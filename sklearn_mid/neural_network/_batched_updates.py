"""Many small trainings of one net at once, each from the same weights.

Imports torch, so import this module inside the methods that use it.
"""

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

from sklearn_mid.neural_network._training import Rows
from sklearn_mid.utils._torch import index_batches, new_generator, spawn_seed

__all__ = ["is_elementwise", "sampled_updated_outputs", "updated_weights"]

# These change every weight by a rule that looks at that weight alone, so that a step
# on stacked weights is a step on each.
_ELEMENTWISE = (
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.RMSprop,
    torch.optim.Adagrad,
    torch.optim.NAdam,
    torch.optim.RAdam,
)


def is_elementwise(optimizer):
    """Whether a step of `optimizer` on stacked weights is a step on each of them."""
    return type(optimizer) in _ELEMENTWISE


class _Call(nn.Module):
    """`function` as a module, so that functional_call can replace its weights."""

    def __init__(self, module, function):
        super().__init__()
        self.module = module
        self.function = function

    def forward(self, *args):
        return self.function(*args)


def _prefixed(weights):
    return {f"module.{name}": value for name, value in weights.items()}


def updated_weights(net, rows, *, seed):
    """Weights of as many copies of `net` as `rows` holds updates.

    Each copy is what ``net.train(update, epochs=1, seed=seed)`` makes of the net: the
    same order of rows, the same noise, a step of the same optimizer.

    Parameters
    ----------
    net : Net
        A trained net; it stays as it is.
    rows : Rows
        ``X`` of shape (n_updates, n_rows, n_features), and ``y`` and ``weight`` to
        match.
    seed : int

    Returns
    -------
    dict of str to Tensor of shape (n_updates, ...)
        Per name of a weight of the module.
    """
    n_updates, n_rows = rows.X.shape[:2]
    names = {id(p): name for name, p in net.module_.named_parameters()}
    groups, state, weights = [], {}, {}
    for group in net.optimizer_.param_groups:
        stacked = []
        for parameter in group["params"]:
            copies = _copies(parameter.detach(), n_updates)
            stacked.append(copies)
            weights[names[id(parameter)]] = copies
            state[copies] = {
                name: _copies(value, n_updates)
                if value.shape == parameter.shape
                else value.clone()
                for name, value in net.optimizer_.state.get(parameter, {}).items()
                if isinstance(value, torch.Tensor)
            }
        groups.append({**group, "params": stacked})
    optimizer = type(net.optimizer_)(groups, lr=groups[0]["lr"])
    optimizer.state.update(state)

    call = _Call(net.module_, lambda *batch: net.batch_loss(Rows(*batch))[0])

    def loss(weights, *batch):
        return functional_call(call, _prefixed(weights), batch)

    # Before the first step all copies are equal, which makes for larger products.
    common: dict | None = {
        name: p.detach() for name, p in net.module_.named_parameters()
    }
    columns = (0, 0, None if rows.weight is None else 0)
    batch_size = n_rows if net.batch_size == -1 else net.batch_size
    orders = new_generator(spawn_seed(seed, 0)) if batch_size < n_rows else None
    net._noise = new_generator(spawn_seed(seed, 1), rows.X.device)
    try:
        for batch in index_batches(
            n_rows, batch_size, generator=orders, device=rows.X.device
        ):
            current, dim = (weights, 0) if common is None else (common, None)
            gradients = vmap(grad(loss), in_dims=(dim, *columns), randomness="same")(
                current, *(None if a is None else a[:, batch] for a in rows)
            )
            for name, gradient in gradients.items():
                weights[name].grad = gradient
            optimizer.step()
            common = None
    finally:
        net._noise = None
    return weights


def _copies(tensor, n_copies):
    # Writes each copy once; repeat takes half as long again.
    copies = tensor.expand(n_copies, *tensor.shape)
    return copies.clone(memory_format=torch.contiguous_format)


def sampled_updated_outputs(
    module, weights, X, *, link, noise, n_draws, average="arithmetic"
):
    """``link(outputs)`` of each updated module, averaged over draws of the noise.

    Parameters
    ----------
    module : PlainModule
    weights : dict of str to Tensor of shape (n_updates, ...)
        As :func:`updated_weights` returns them.
    X : Tensor of shape (n_samples, n_features)
    link : callable
    noise : callable
        ``noise(k, mu)`` is the k-th draw, of the shape of the codes' means `mu`,
        (n_updates, n_samples, latent_dim).
    n_draws : int
    average : {"arithmetic", "geometric"}, default="arithmetic"
        Whether to average what `link` gives, or the outputs before it.

    Returns
    -------
    Tensor of shape (n_updates, n_samples, n_outputs)
    """
    prefixed = _prefixed(weights)

    def apply(function, *args, dims):
        call = _Call(module, function)
        copies = vmap(lambda w, *a: functional_call(call, w, a), in_dims=(0, *dims))
        return copies(prefixed, *args)

    def encode(X):
        return tuple(code for code in module.encode(X) if code is not None)

    with torch.no_grad():
        code = apply(encode, X, dims=[None])  # (mu,) without noise, else (mu, sigma)
        if len(code) == 1:
            return link(apply(module.decode, *code, dims=[0]))
        total = 0
        for k in range(n_draws):
            outputs = apply(module.decode, *code, noise(k, code[0]), dims=[0, 0, 0])
            total = total + (link(outputs) if average == "arithmetic" else outputs)
        return total / n_draws if average == "arithmetic" else link(total / n_draws)
