"""Predicting with 12 draws of the noise, against twelve plain forward passes.

100,000 rows of 64 features. The encoder runs once and the head twelve
times; in float64, so that a row's answer does not depend on the rows beside it.
"""

import torch
from _harness import compare, growth, parse_arguments, report
from _nets import VERSIONS, make_data, ours, plain_net


def twelve_passes(model, X, block=4096):
    X = torch.from_numpy(X)
    with torch.no_grad():
        for _ in range(12):
            for rows in X.split(block):
                model(rows).softmax(dim=1)


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


if __name__ == "__main__":
    main()
