"""What differentially private competitors reach, over the whole grid of their settings.

Medians over random splits (seeds 0, 1, ...) of the figure on held-out people; models
draw their noise from the operating system, so that the last digit moves from run to
run. Nothing is picked: each setting that was tried has a line. Linear and tree models
promise epsilon for a replaced record, DP-SGD for one more or one less.

- linear: mean squared error of the warfarin dose (IWPC, dose in [-1, 1]), half of the
  people to train on, delta 1e-6.
- tree: accuracy on Adult, weighted F1 on GSS, 60% to train on.
- net: accuracy on MNIST, 3,500 of its test images to train on, delta 1e-5.

    python benchmarks/dp_competitors.py [linear] [tree] [net]
"""

import sys

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.metrics import accuracy_score, f1_score, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sklearn_mid.datasets import fetch_adult, fetch_gss, fetch_iwpc, fetch_mnist
from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPLinearRegression,
    DPRandomForestClassifier,
)

# From the questionnaires, not from the data.
WARFARIN = {"age": (-4, 3), "height": (-5, 5), "weight": (-4, 8)}
ADULT = {
    "fnlwgt": (0, 1_500_000),
    "capitalgain": (0, 100_000),
    "capitalloss": (0, 5_000),
    "hoursperweek": (0, 99),
}
GSS = {"year": (1972, 2020), "childs": (0, 9), "age": (18, 99), "educ": (0, 99)}


def medians(make, epsilons, splits, score, n_fits=3):
    """Median score over splits and fits, for each epsilon."""
    return [
        np.median(
            [
                score(y_test, make(epsilon).fit(X, y).predict(X_test))
                for X, X_test, y, y_test in splits
                for _ in range(n_fits if np.isfinite(epsilon) else 1)
            ]
        )
        for epsilon in epsilons
    ]


def line(name, values):
    print(f"{name:42}" + "".join(f"{value:9.4f}" for value in values), flush=True)


def head(title, epsilons):
    print(f"\n{title}\n{'epsilon':42}" + "".join(f"{e:9g}" for e in epsilons))


def linear(n_splits=15):
    X, y = fetch_iwpc(one_hot=True, return_X_y=True)
    splits = [
        train_test_split(X, y, train_size=0.5, test_size=0.25, random_state=seed)
        for seed in range(n_splits)
    ]
    bounds = np.transpose([WARFARIN.get(column, (0, 1)) for column in X]).astype(float)
    epsilons = (1, 3, 10, 30, np.inf)
    head("IWPC, mean squared error (lower is better)", epsilons)
    for solver, delta in (("joint", 1e-6), ("joint", 0.0), ("adassp", 1e-6)):
        for max_norm in (2.1, 2.25, 3.0, None):

            def make(epsilon, solver=solver, delta=delta, max_norm=max_norm):
                return DPLinearRegression(
                    epsilon,
                    delta=delta,
                    bounds=tuple(bounds),
                    target_bounds=(-1, 1),
                    max_norm=max_norm,
                    solver=solver,
                )

            name = f"{solver}, delta={delta:g}, max_norm={max_norm}"
            line(name, medians(make, epsilons, splits, mean_squared_error))


def on_codes(model, X, known, **parameters):
    """A private model of category codes and numbers, whose bounds are public."""
    nominal = [column for column in X if column not in known]
    categories = [list(X[column].cat.categories) for column in nominal]
    encoder = make_column_transformer(
        (OrdinalEncoder(categories=categories), nominal),
        ("passthrough", list(known)),
    )
    bounds = [(0, max(len(c) - 1, 1)) for c in categories] + list(known.values())
    if "n_bins" in parameters:
        others = [parameters["n_bins"]] * len(known)
        parameters["n_bins"] = [*map(len, categories), *others]
    bounds = tuple(np.transpose(bounds).astype(float))
    return make_pipeline(encoder, model(bounds=bounds, **parameters))


def tree(n_splits=5):
    def weighted_f1(truth, predicted):
        return f1_score(truth, predicted, average="weighted", zero_division=0)

    epsilons = (0.1, 1, 10, np.inf)
    for name, fetch, known, score in (
        ("Adult, accuracy", fetch_adult, ADULT, accuracy_score),
        ("GSS, weighted F1", fetch_gss, GSS, weighted_f1),
    ):
        X, y = fetch(subset="all", return_X_y=True)
        splits = [
            train_test_split(X, y, train_size=0.6, test_size=0.2, random_state=seed)
            for seed in range(n_splits)
        ]
        head(name, epsilons)
        majority = y.mode()[0]
        guess = [
            score(s[3], np.full(len(s[3]), majority, dtype=object)) for s in splits
        ]
        line("majority guess", [np.median(guess)] * len(epsilons))
        for max_depth in (2, 3, 4):
            for n_bins in (10, 20):

                def make(epsilon, X=X, known=known, d=max_depth, n_bins=n_bins):
                    return on_codes(
                        DPDecisionTreeClassifier,
                        X,
                        known,
                        epsilon=epsilon,
                        max_depth=d,
                        n_bins=n_bins,
                    )

                label = f"greedy ID3, max_depth={max_depth}, n_bins={n_bins}"
                line(label, medians(make, epsilons, splits, score))

        def forest(epsilon, X=X, known=known):
            return on_codes(DPRandomForestClassifier, X, known, epsilon=epsilon)

        line("forest of random trees", medians(forest, epsilons, splits, score))


def net(n_splits=3):
    import torch

    from sklearn_mid.neural_network import DPNeuralNetClassifier

    X, y = fetch_mnist(return_X_y=True)
    splits = [
        train_test_split(X, y, train_size=3500, test_size=2000, random_state=seed)
        for seed in range(n_splits)
    ]
    epsilons = (2, 8, np.inf)
    head("MNIST, accuracy", epsilons)
    for optimizer, learning_rate, batch_size, max_epochs in (
        ("plain", 0.1, 128, 10),
        ("plain", 1.0, 128, 10),
        ("plain", 1.0, 512, 30),
        ("plain", 2.0, 512, 30),
        ("adam", 0.005, 128, 30),
        ("adam", 0.01, 512, 30),
    ):

        def make(
            epsilon, o=optimizer, rate=learning_rate, size=batch_size, n=max_epochs
        ):
            return DPNeuralNetClassifier(
                epsilon,
                optimizer=torch.optim.SGD if o == "plain" else o,
                learning_rate=rate,
                batch_size=size,
                max_epochs=n,
            )

        name = f"{optimizer}, rate {learning_rate:g}, batch {batch_size}, "
        line(
            f"{name}{max_epochs} epochs",
            medians(make, epsilons, splits, accuracy_score, n_fits=1),
        )


if __name__ == "__main__":
    parts = {"linear": linear, "tree": tree, "net": net}
    for part in sys.argv[1:] or parts:
        parts[part]()
