"""Training a net, against a hand-written torch loop and skorch's default loader.

Same layers, same batches, same optimizer, one thread, 10,000 rows of 64 features, ten
epochs. Our time is all of ``fit``: checks, epochs, history, and the rate on the
training data at the end. The hand-written loop indexes batches; it is timed with Adam
as torch has it by default, and with its fused step, which ours uses. Then the same on
20 features, and whole fits of five epochs on 2,000 rows.

What was slow (cProfile), and what was done: skorch's loader collates row by row, which
doubles the time; batches are indexed instead. Adam's default step loops over weights in
Python; the fused one is used, about a quarter off. skorch's bookkeeping per batch
(history, a copy of the loss from the device, notes to callbacks) took another eighth:
there is one record per epoch unless a callback watches batches. The rows are shuffled
once per epoch, so that batches are views. The weights that are kept in case an epoch
ends in numbers that are not finite are cloned and tested in one piece. The mean of the
losses is taken by the criterion; from losses per row it took 20 us of 350. The building
of the net remains, some milliseconds.
"""

from functools import partial

import torch
from _harness import compare, parse_arguments, report
from _nets import VERSIONS, BottleneckNet, make_data, ours, plain_net
from skorch import NeuralNetClassifier
from torch.nn import functional as F

N_EPOCHS, LR = 10, 5e-3


def plain_loss(model, X, y):
    return F.cross_entropy(model(X), y)


def bottleneck_loss(model, X, y):
    outputs, mu, sigma = model(X)
    rate = (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).sum(dim=1).mean()
    return F.cross_entropy(outputs, y) + 0.01 * rate


MODELS = ((0, plain_net, plain_loss), (0.01, BottleneckNet, bottleneck_loss))


def by_hand(make_model, loss_of, X, y, batch_size, *, fused=None, epochs=N_EPOCHS):
    model = make_model(X.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=LR, fused=fused)
    X, y = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for start in range(0, len(X), batch_size):
            batch = order[start : start + batch_size]
            optimizer.zero_grad()
            loss_of(model, X[batch], y[batch]).backward()
            optimizer.step()
    return model


def by_skorch(X, y, batch_size):
    net = NeuralNetClassifier(
        plain_net,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LR,
        max_epochs=N_EPOCHS,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return net.fit(X, y)


def main():
    arguments = parse_arguments(__doc__)
    torch.set_num_threads(1)
    X, y = make_data(2_000 if arguments.quick else 10_000)

    def row(case, peer, reg_lambda, batch_size, reach):
        net = ours(
            reg_lambda, batch_size=batch_size, max_epochs=N_EPOCHS, learning_rate=LR
        )
        report(
            "net training",
            f"{case}, lambda {reg_lambda}, batches of {batch_size}",
            compare(lambda: net.fit(X, y), peer),
            reach=reach,
            csv_path=arguments.csv,
            versions=VERSIONS,
        )

    for batch_size in (64, 128):
        for reg_lambda, model, loss_of in MODELS:
            loop = partial(by_hand, model, loss_of, X, y, batch_size)
            row("a loop with Adam", loop, reg_lambda, batch_size, "<= 1.15")
            fused = partial(loop, fused=True)
            row("a loop with fused Adam", fused, reg_lambda, batch_size, "<= 1.15")
        loader = partial(by_skorch, X, y, batch_size)
        row("skorch's default loader", loader, 0, batch_size, "<= 0.5")

    for n_samples, epochs, reach in (
        (len(X), N_EPOCHS, "<= 1.15"),
        (2000, 5, "<= 1.25"),
    ):
        X_few, y_few = make_data(n_samples, n_features=20)
        for reg_lambda, model, loss_of in MODELS:
            net = ours(reg_lambda, batch_size=64, max_epochs=epochs, learning_rate=LR)
            loop = partial(
                by_hand, model, loss_of, X_few, y_few, 64, fused=True, epochs=epochs
            )
            report(
                "net training",
                f"a loop with fused Adam, 20 features, {n_samples:,} rows, {epochs} "
                f"epochs, lambda {reg_lambda}",
                compare(partial(net.fit, X_few, y_few), loop),
                reach=reach,
                csv_path=arguments.csv,
                versions=VERSIONS,
            )


if __name__ == "__main__":
    main()
