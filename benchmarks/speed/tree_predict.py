"""Predicting with a full tree, against scikit-learn, on the same rows.

What was slow, and what was done: the records walk down level by level in blocks of
16,384, whose codes stay in the cache. The child of a node by branch is one look-up in
a flat table; records leave the block's list as soon as they reach a leaf.
"""

from _harness import compare, growth, parse_arguments, report
from _trees import VERSIONS, fit_ours, fit_peer, nominal_data


def main():
    arguments = parse_arguments(__doc__)
    n_samples = 100_000 if arguments.quick else 1_000_000
    written = {"csv_path": arguments.csv, "versions": VERSIONS}
    X, y = nominal_data(n_samples)
    for n_train in (n_samples // 10, n_samples):
        ours, peer = (
            fit_ours(X[:n_train], y[:n_train]),
            fit_peer(X[:n_train], y[:n_train]),
        )
        for method in ("predict", "predict_proba"):
            report(
                "tree predict",
                f"{method}, {n_samples:,} rows; {ours.get_n_leaves():,} leaves against "
                f"{peer.get_n_leaves():,}",
                compare(
                    lambda: getattr(ours, method)(X),  # noqa: B023
                    lambda: getattr(peer, method)(X),  # noqa: B023
                ),
                reach="<= 1.5",
                **written,
            )
    report(
        "tree predict",
        f"{n_samples:,} over {n_samples // 10:,} rows",
        growth(lambda n: lambda: ours.predict(X[:n]), n_samples // 10, n_samples),
        quantity="growth",
        reach="<= 11",
        **written,
    )


if __name__ == "__main__":
    main()
