"""Predicting with 12 draws of the noise, against twelve plain forward passes.

100,000 rows of 64 features. The encoder runs once and the head twelve
times; in float64, so that a row's answer does not depend on the rows beside it.

One row, as a service asks, against scikit-learn's MLPClassifier of the same layers.
What was slow (cProfile): of 0.9 ms, 0.4 were a copy of the module for every call (it is
kept until the weights change) and 0.15 twelve passes of the head over one row (they are
one product). With several threads, torch shares the softmax of these twelve rows among
them, which takes a hundred times as long where another process keeps one of them busy:
one thread does it. A third of what remains is the check of the row, as in scikit-learn.
"""

import warnings
from functools import partial

import torch
from _harness import compare, growth, parse_arguments, report
from _nets import N_HIDDEN, N_LATENT, VERSIONS, make_data, ours, plain_net
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def twelve_passes(model, X, block=4096):
    X = torch.from_numpy(X)
    with torch.no_grad():
        for _ in range(12):
            for rows in X.split(block):
                model(rows).softmax(dim=1)


def row_by_row(model, X, n_rows=500):
    for k in range(n_rows):
        model.predict_proba(X[k : k + 1])


def perceptron(X, y):
    """scikit-learn's net of the same layers, hardly trained."""
    model = MLPClassifier((N_HIDDEN, N_LATENT), max_iter=1, random_state=0)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return model.fit(X, y)


def main():
    arguments = parse_arguments(__doc__)
    n_samples = 10_000 if arguments.quick else 100_000
    X, y = make_data(n_samples)
    written = {"csv_path": arguments.csv, "versions": VERSIONS}
    net = ours(0.01, max_epochs=1).fit(X[:2000], y[:2000])
    model = plain_net()
    report(
        "net predict",
        f"{n_samples:,} rows, 12 draws",
        compare(lambda: net.predict_proba(X), lambda: twelve_passes(model, X)),
        reach="<= 1.2",
        **written,
    )
    report(
        "net predict",
        f"{n_samples:,} over {n_samples // 10:,} rows",
        growth(lambda n: lambda: net.predict_proba(X[:n]), n_samples // 10, n_samples),
        quantity="growth",
        reach="<= 11",
        **written,
    )
    peer = perceptron(X[:2000], y[:2000])
    report(
        "net predict",
        f"{n_samples:,} rows, 12 draws, against one pass of MLPClassifier",
        compare(lambda: net.predict_proba(X), lambda: peer.predict_proba(X)),
        reach="<= 12",
        **written,
    )
    for reg_lambda in (0, 0.01):
        net = ours(reg_lambda, max_epochs=1).fit(X[:2000], y[:2000])
        report(
            "net predict",
            f"one row at a time, lambda {reg_lambda}, against MLPClassifier",
            compare(partial(row_by_row, net, X), partial(row_by_row, peer, X)),
            reach="<= 4",
            **written,
        )


if __name__ == "__main__":
    main()
