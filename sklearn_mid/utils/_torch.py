"""What every part of the package that runs torch needs: private random draws,
layers initialised from them, mini-batches by index, and a check of the device.

Imports torch, so import this module inside the methods that use it.

Every draw comes from a :class:`torch.Generator` of the caller's own. Seeding or
forking torch's global generator instead would be seen by other threads.
"""

import contextlib
import functools
import math
import threading
from itertools import pairwise

import numpy as np
import torch
from sklearn.utils import check_random_state
from threadpoolctl import ThreadpoolController
from torch import nn

__all__ = [
    "WEIGHTED_LAYERS",
    "adam",
    "as_seed",
    "as_tensor",
    "build_seeded",
    "check_device",
    "check_mixed_precision",
    "global_seed",
    "index_batches",
    "initialize_parameters",
    "memory_named",
    "mixed_precision",
    "new_generator",
    "one_thread",
    "spawn_seed",
    "without_helpers",
]

# Layers with weights of their own, other than norms.
WEIGHTED_LAYERS = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
)
_GLOBAL_GENERATOR = threading.RLock()


def as_seed(random_state):
    """An int seed for torch from what scikit-learn takes as `random_state`.

    An int always gives the same seed; a RandomState instance is advanced.
    """
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def spawn_seed(seed, *path):
    """A seed that depends on `seed` and on the ints of `path`, independent of others.

    For several generators, or several calls, that share one `random_state`.
    """
    return int(np.random.SeedSequence([seed, *path]).generate_state(1)[0])


def new_generator(seed, device="cpu"):
    """A torch.Generator on `device`, seeded with the int `seed`."""
    return torch.Generator(device=device).manual_seed(seed)


def check_device(device, *, param="device"):
    """The torch.device called `device`, if it can be used here.

    Parameters
    ----------
    device : str or torch.device
        For example "cpu", "cuda", "cuda:1" or "mps"; "auto" is the first CUDA device
        or, without one, the CPU.
    param : str, default="device"
        The parameter's name, for error messages.

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        If torch does not know the device or cannot allocate on it; the message
        lists the devices that can be used.
    """
    try:
        if not isinstance(device, str | torch.device):
            raise TypeError("it is no text")
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        resolved = torch.device(device)
        # The only test that holds for every backend, and without a pool of memory.
        torch.empty(1, device=resolved).cpu()
    except (RuntimeError, AssertionError, TypeError, ImportError) as error:
        usable = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        if torch.backends.mps.is_available():
            usable.append("mps")
        reason = (str(error) or type(error).__name__).splitlines()[0].split(". ")[0]
        raise ValueError(
            f"{param}={device!r} cannot be used here ({reason}); "
            f"usable devices are {usable}."
        ) from error
    return resolved


def adam(parameters, learning_rate, device, **options):
    """Adam with its fused step, which is the faster one, where torch has it."""
    fused = torch.device(device).type in ("cpu", "cuda")
    return torch.optim.Adam(parameters, lr=learning_rate, fused=fused, **options)


def as_tensor(array, *, dtype=torch.float32, device="cpu"):
    """`array` as a tensor, without a copy where none is needed."""
    # torch warns about read-only memory and refuses negative strides.
    array = np.require(array, requirements=["C", "W"])
    return torch.from_numpy(array).to(device=device, dtype=dtype)


def index_batches(n_samples, batch_size, *, generator=None, device="cpu"):
    """Yield what selects each mini-batch: index tensors if shuffled, else slices.

    One indexing call per batch costs half of torch's DataLoader, which collates
    row by row.

    Parameters
    ----------
    n_samples : int
        Number of rows. The last batch holds what remains.
    batch_size : int
        Rows per batch. A lone last row joins the batch before it: layers that
        normalise over a batch (BatchNorm) have no use for a single row.
    generator : torch.Generator on the CPU, default=None
        Shuffles the rows. None keeps their order.
    device : torch.device or str, default="cpu"
        Where the data lie that the indices are for.

    Yields
    ------
    slice or Tensor of shape (batch_size,), dtype int64
    """
    order = None
    if generator is not None:
        order = torch.randperm(n_samples, generator=generator).to(device)
    starts = list(range(0, n_samples, batch_size))
    if len(starts) > 1 and batch_size > 1 and starts[-1] == n_samples - 1:
        starts.pop()
    for start, stop in pairwise([*starts, n_samples]):
        batch = slice(start, stop)
        yield batch if order is None else order[batch]


def initialize_parameters(module, generator):
    """Draw all weights of `module` anew from `generator`, by torch's default rule.

    Linear and convolutional layers: uniform on ``+-1 / sqrt(fan_in)``, weights and
    biases alike. Normalisation layers: their constants.

    Raises
    ------
    TypeError
        If a layer with parameters of its own is none of these.
    """
    for layer in module.modules():
        own = list(layer.parameters(recurse=False))
        if isinstance(layer, WEIGHTED_LAYERS):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            with torch.no_grad():
                for parameter in own:
                    parameter.uniform_(-bound, bound, generator=generator)
        elif isinstance(layer, nn.GroupNorm | nn.LayerNorm | nn.BatchNorm2d):
            layer.reset_parameters()
        elif own:
            raise TypeError(f"no rule to initialise a {type(layer).__name__}")
    return module


def build_seeded(factory, generator, *, dtype=torch.float32):
    """The module that `factory()` makes, on the CPU, its weights from `generator`.

    The layers' constructors draw from torch's global generator; on the "meta"
    device, where they are made here, there is nothing to draw. (The context is
    local to the thread.) `factory` must therefore make layers only.
    """
    with torch.device("meta"):
        module = factory()
    return initialize_parameters(module.to_empty(device="cpu").to(dtype), generator)


@contextlib.contextmanager
def memory_named(*parameters):
    """Where the device's memory is too small, say which parameters to lower."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise MemoryError(
            f"the device's memory is too small; lower {' or '.join(parameters)} "
            f"({str(error).splitlines()[0]})"
        ) from error


def check_mixed_precision(device):
    """Raise unless `device` computes in bfloat16 under :class:`torch.autocast`."""
    device = torch.device(device)
    usable = device.type == "cpu"
    if device.type == "cuda":
        # torch says that older cards support it, as they emulate it.
        usable = torch.version.hip or torch.cuda.get_device_capability(device)[0] >= 8
    if not usable:
        raise ValueError(
            "mixed_precision=True needs a CUDA device that has bfloat16, or the CPU; "
            f"got device={str(device)!r}. Set mixed_precision=False."
        )


def mixed_precision(device, enabled):
    """Where `enabled`, layers compute in bfloat16 in this block, from float32 weights.

    What they return has between two and three digits: cast it back before it is
    summed, exponentiated or subtracted. bfloat16 has the range of float32, so that
    small gradients do not vanish and no loss must be scaled (as of float16). Backward
    passes belong outside of the block.
    """
    if not enabled:
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


@contextlib.contextmanager
def global_seed(seed):
    """Seed torch's global generators for a block, then restore them.

    For code of others, which cannot be given a generator. One thread at a time
    enters; what other threads draw outside of such blocks is not protected.
    """
    devices = range(torch.cuda.device_count())
    with _GLOBAL_GENERATOR, torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def one_thread():
    """Let torch's CPU kernels use one thread in this block.

    How a matrix product is split among threads changes its last bits, and training
    amplifies these until the weights differ. Small products gain nothing from threads.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


@functools.lru_cache(maxsize=1)
def _openmp():
    return ThreadpoolController().select(user_api="openmp")


def without_helpers():
    """A block whose kernels no other threads share, for threads that answer at a time.

    :func:`one_thread` sets the number of the process, too: a thread that starts
    meanwhile keeps it for good, and hands it on.
    """
    if torch.get_num_threads() == 1:
        return contextlib.nullcontext()
    return _openmp().limit(limits=1)
