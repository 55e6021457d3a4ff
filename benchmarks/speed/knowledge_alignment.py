"""Knowledge alignment: seconds per epoch, ours vs a plain torch loop.

Both train a 256-256 decoder from 10 confidences to 784 pixels on 10,000 rows, in
batches of 64, judge each epoch on a tenth of the rows, and keep the best weights. Then
the same with a decoder of convolutions on 1,000 rows, whose layers both share. The loop
has Adam's fused step, and its channels last.
"""

import copy
from functools import partial

import numpy as np
import torch
from _harness import compare, growth, parse_arguments, peak_memory, report
from torch import nn

from sklearn_mid.attacks import KnowledgeAlignmentAttack

N_CLASSES, N_PIXELS, BATCH_SIZE, N_EPOCHS = 10, 784, 64, 3


class Target:
    """Confidences by a fixed linear map, at hardly any cost."""

    classes_ = np.arange(N_CLASSES)

    def __init__(self):
        rng = np.random.default_rng(0)
        self.weights = 0.1 * rng.standard_normal((N_PIXELS, N_CLASSES))

    def predict_proba(self, X):
        scores = np.exp(X @ self.weights)
        return scores / scores.sum(axis=1, keepdims=True)


def ours(X, target, decoder="mlp"):
    shape = None if decoder == "mlp" else (1, 28, 28)
    attack = KnowledgeAlignmentAttack(
        target,
        decoder=decoder,
        image_shape=shape,
        n_queries=1,
        max_epochs=N_EPOCHS,
        random_state=0,
    )
    return attack.fit(X)


def perceptron():
    return nn.Sequential(
        nn.Linear(N_CLASSES, 256),
        nn.ReLU(),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Linear(256, N_PIXELS),
        nn.Sigmoid(),
    )


def peer(X, target, make_decoder=perceptron):
    features = np.log(target.predict_proba(X))
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    inputs = torch.as_tensor(features, dtype=torch.float32)
    outputs = torch.as_tensor(X, dtype=torch.float32)
    decoder = make_decoder().to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-3, fused=True)
    n_valid = len(X) // 10
    best_loss, best = float("inf"), None
    for _ in range(N_EPOCHS):
        order = n_valid + torch.randperm(len(X) - n_valid)
        for batch in order.split(BATCH_SIZE):
            loss = nn.functional.mse_loss(decoder(inputs[batch]), outputs[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            found = decoder(inputs[:n_valid])
            valid_loss = float(nn.functional.mse_loss(found, outputs[:n_valid]))
        if valid_loss < best_loss:
            best_loss, best = valid_loss, copy.deepcopy(decoder.state_dict())
    return best


def make_pixels(n_rows):
    return np.random.default_rng(0).random((n_rows, N_PIXELS))


def train_on(X):
    return ours(X, Target())


if __name__ == "__main__":
    arguments = parse_arguments(__doc__)
    n_rows = 1000 if arguments.quick else 10_000
    X, target = make_pixels(n_rows), Target()
    show = partial(
        report,
        "knowledge alignment",
        csv_path=arguments.csv,
        versions={"torch": torch.__version__},
    )
    show(
        f"{N_EPOCHS} epochs of {n_rows} x {N_PIXELS}, vs a plain torch loop",
        compare(partial(ours, X, target), partial(peer, X, target)),
        reach="<= 1.05",
    )
    few = X[: n_rows // 10]
    convolutions = ours(few, target, "deconv").decoder_
    show(
        f"{N_EPOCHS} epochs of {len(few)} x {N_PIXELS}, convolutions, vs a torch loop",
        compare(
            partial(ours, few, target, "deconv"),
            partial(peer, few, target, partial(copy.deepcopy, convolutions)),
        ),
        reach="<= 1.05",
    )
    show(
        f"{N_EPOCHS} epochs, {n_rows // 10} -> {n_rows} rows",
        growth(lambda n: partial(ours, X[:n], target), n_rows // 10, n_rows),
        reach="<= 11",
        quantity="growth",
    )
    show(
        f"beyond X of {X.nbytes / 2**20:.0f} MiB",
        peak_memory(train_on, make_pixels, (n_rows,)) / 2**20,
        reach="a float32 copy, and torch itself",
        quantity="peak memory",
        unit="MiB",
    )
