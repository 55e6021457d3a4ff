"""Update leaks: answers after 1,000 updates of one record each.

Ours computes all updates at once (torch.func.vmap). One peer makes a deep copy of
the estimator per update and calls ``partial_fit`` and ``predict_proba``; the other is
a plain torch loop with a deep copy of the bare module and its optimizer per update,
with Adam's fused step.
All three update an 784-128-64-10 net by a step of Adam and ask it about 100 probes.
Peers are timed on a tenth of the updates, and the time multiplied by ten.
"""

import copy
import dataclasses
from functools import partial

import numpy as np
import torch
from _harness import compare, growth, parse_arguments, peak_memory, report
from torch import nn

from sklearn_mid.neural_network import MIDNeuralNetClassifier


def ours(net, X, y, probes):
    return net._updated_proba(X, y, probes)


def deep_copies(net, X, y, probes):
    return [
        copy.deepcopy(net).partial_fit(rows[None], [label]).predict_proba(probes)
        for rows, label in zip(X, y, strict=True)
    ]


def plain_torch(module, optimizer, X, y, probes):
    answers = []
    for rows, label in zip(X, y, strict=True):
        updated = copy.deepcopy(module)
        step = torch.optim.Adam(updated.parameters(), lr=1e-2, fused=True)
        step.load_state_dict(optimizer.state_dict())
        step.zero_grad()
        nn.functional.cross_entropy(updated(rows[None]), label[None]).backward()
        step.step()
        with torch.no_grad():
            answers.append(updated(probes).softmax(dim=1))
    return answers


def trained_module(X, y):
    module = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.Linear(64, 10)
    )
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2, fused=True)
    nn.functional.cross_entropy(module(X), y).backward()
    optimizer.step()
    return module, optimizer


def make_net(n_updates):
    rng = np.random.default_rng(0)
    X = rng.random((2000, 784), dtype=np.float32)
    y = rng.integers(10, size=2000)
    probes = rng.random((100, 784), dtype=np.float32)
    net = MIDNeuralNetClassifier(
        0, hidden_layer_sizes=(128,), max_epochs=1, random_state=0
    )
    return net.fit(X, y), X[:n_updates], y[:n_updates], probes


def update_all(data):
    return ours(*data)


if __name__ == "__main__":
    arguments = parse_arguments(__doc__)
    n_updates = 100 if arguments.quick else 1000
    net, X, y, probes = make_net(n_updates)
    few = n_updates // 10
    tensors = torch.as_tensor(X), torch.as_tensor(y)
    module, optimizer = trained_module(*tensors)
    show = partial(
        report,
        "update leaks",
        csv_path=arguments.csv,
        versions={"torch": torch.__version__},
    )
    peers = {
        "one deep copy of the estimator each": (
            partial(deep_copies, net, X[:few], y[:few], probes),
            "<= 0.1",
        ),
        "a plain torch loop, one deep copy of the module each": (
            partial(
                plain_torch,
                module,
                optimizer,
                *(t[:few] for t in tensors),
                torch.as_tensor(probes),
            ),
            "<= 1.05",
        ),
    }
    for name, (peer, reach) in peers.items():
        timing = compare(partial(ours, net, X, y, probes), peer)
        show(
            f"{n_updates} updates by one record, vs {name}",
            dataclasses.replace(timing, peer=[10 * seconds for seconds in timing.peer]),
            reach=reach,
        )
    show(
        f"{few} -> {n_updates} updates",
        growth(lambda n: partial(ours, net, X[:n], y[:n], probes), few, n_updates),
        reach="<= 11",
        quantity="growth",
    )
    show(
        f"{n_updates} updates of {sum(p.numel() for p in module.parameters())} weights",
        peak_memory(update_all, make_net, (n_updates,)) / 2**20,
        reach="bounded, whatever the number of updates",
        quantity="peak memory",
        unit="MiB",
    )
