"""Training of the attacker's networks. Imports torch: import it inside methods."""

import copy
import warnings

import torch
from sklearn.exceptions import ConvergenceWarning

from sklearn_mid.attacks._torch_targets import target_device, target_module
from sklearn_mid.utils._inside import parts
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._torch import (
    adam,
    check_device,
    index_batches,
    memory_named,
    new_generator,
)

__all__ = ["attack_device", "evaluate", "train"]


def attack_device(device, estimator):
    """The device named `device`, or the target's for "auto"."""
    if device == "auto":
        for part in parts(estimator):
            if target_module(part.estimator) is not None:
                return target_device(part.estimator)[0]
        return target_device(estimator)[0]
    return check_device(device)


@memory_named("batch_size")
def train(
    module,
    inputs,
    outputs,
    loss,
    *,
    learning_rate,
    batch_size,
    max_epochs,
    validation_fraction,
    seed,
    verbose=0,
    desc="training",
):
    """Minimise ``loss(module(inputs), outputs)`` by Adam, and keep the best epoch.

    Parameters
    ----------
    module : torch.nn.Module
        Trained in place, on the device of `inputs`.
    inputs, outputs : Tensor of shape (n_samples, ...)
        Training data.
    loss : callable
        Maps predicted and true outputs to a scalar, the mean over rows.
    learning_rate, batch_size, max_epochs
        As usual.
    validation_fraction : float
        Share of the rows (at least one) held out. The weights of the epoch with the
        lowest loss on them are kept.
    seed : int
        Seeds the split and the order of the rows.
    verbose : int, default=0
        Whether to show a progress bar.
    desc : str, default="training"
        Written before the bar.

    Returns
    -------
    history : list of dict
        ``{"train_loss": float, "valid_loss": float}`` per epoch.
    """
    generator = new_generator(seed)
    device, n_samples = inputs.device, len(inputs)
    order = torch.randperm(n_samples, generator=generator).to(device)
    n_valid = max(1, round(validation_fraction * n_samples)) if n_samples > 1 else 0
    # With a single row there is nothing to hold out: it is judged by itself.
    valid = order[:n_valid] if n_valid else order
    valid_inputs, valid_outputs = inputs[valid], outputs[valid]
    rows = order[n_valid:]

    module.to(device)
    optimizer = adam(module.parameters(), learning_rate, device)
    history: list[dict] = []
    best = (float("inf"), copy.deepcopy(module.state_dict()))
    for _ in progress(range(max_epochs), verbose, desc=desc):
        module.train()
        total = torch.zeros((), device=device)
        for batch in index_batches(
            len(rows), batch_size, generator=generator, device=device
        ):
            taken = rows[batch]
            value = loss(module(inputs[taken]), outputs[taken])
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            optimizer.step()
            total += value.detach() * len(taken)
        train_loss = float(total) / len(rows)
        valid_loss = float(loss(evaluate(module, valid_inputs), valid_outputs))
        if not (abs(train_loss) < float("inf") and abs(valid_loss) < float("inf")):
            warnings.warn(
                f"{desc}: the loss became {train_loss} in epoch {len(history) + 1}; "
                "stopped there and kept the best weights seen before. Lower the "
                "learning rate.",
                ConvergenceWarning,
                stacklevel=4,  # the decorator is one
            )
            break
        history.append({"train_loss": train_loss, "valid_loss": valid_loss})
        if valid_loss < best[0]:
            best = valid_loss, copy.deepcopy(module.state_dict())
    module.load_state_dict(best[1])
    module.eval()
    return history


def evaluate(module, inputs, *, batch_size=4096):
    """``module(inputs)`` in evaluation mode, without gradients."""
    module.eval()
    with torch.no_grad():
        return torch.cat(
            [module(inputs[batch]) for batch in index_batches(len(inputs), batch_size)]
        )
