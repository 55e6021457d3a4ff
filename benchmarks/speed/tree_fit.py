"""Fitting a full tree on integer-coded categories, against scikit-learn.

What was slow, and what was done (cProfile, 1,000,000 x 20, one thread):

- numpy.bincount wants its keys as intp: eight bytes of traffic for each one-byte code.
  Rows are kept ordered by node, so a block of 65,536 rows touches few nodes; keys,
  counts and scores of a block stay in the cache. Codes are one byte per entry.
- Logarithms took more time than counting. With integer counts they are looked up in a
  table of x log x.
- Sorting rows by node as int32 took 16 ms per million rows. Within a block the
  children number fewer than 65,536, and NumPy sorts 16-bit integers by radix: 2 ms.
- Cutting columns out of a C-ordered matrix took 0.17 s. It is transposed in blocks
  into the smallest integer type: 0.03 s.

- A row's child, key and weight as int64 took 100 MB at the root, and the nodes' arrays
  as much again: nothing wider than needed is kept. What is left beside the codes is the
  tree: about 80 bytes a node, so that for one-byte codes and half a million nodes the
  tree is twice the size of the data it was grown on.

- Two threads that share the columns were no faster than one at 20,000 x 500: a call of
  NumPy on so few rows lasts some ten microseconds, a third of the time has the
  interpreter's lock (py-spy --gil), and handing it over takes as long as the call.
  Processes encode columns and score splits, a level at a time; 95% of the time is
  theirs. The codes stand in a file that all map. Scores come back as bytes: joblib
  looks at every array, 20 us for each of some thousand.

A node is left alone, and its rows dropped, as soon as it is pure. Deriving the largest
child's counts from its siblings' was not needed.
"""

import numpy as np
from _harness import compare, growth, parse_arguments, peak_memory, report
from _trees import VERSIONS, fit_ours, fit_peer, nominal_data
from joblib.externals.loky import get_reusable_executor

from sklearn_mid.tree import MIDDecisionTreeClassifier


def fit_pair(data):
    return fit_ours(*data)


def numeric_data(n_samples, n_features=500):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features))
    return X, X[:, :10].sum(axis=1) + 2 * rng.normal(size=n_samples) > 0


def fit_with(data, n_jobs):
    return MIDDecisionTreeClassifier(0, n_jobs=n_jobs).fit(*data)


def fit_with_new_processes(data, n_jobs):
    get_reusable_executor(reuse=True).shutdown()
    return fit_with(data, n_jobs)


def main():
    arguments = parse_arguments(__doc__)
    scale = 10 if arguments.quick else 1
    written = {"csv_path": arguments.csv, "versions": VERSIONS}
    for n_samples, reach in (
        (10_000, "<= 1.5"),
        (100_000, "<= 0.67"),
        (1_000_000, "<= 0.33"),
    ):
        n_samples //= scale
        X, y = nominal_data(n_samples)
        case = f"{n_samples:,} x {X.shape[1]}, full depth"
        result = compare(lambda: fit_ours(X, y), lambda: fit_peer(X, y))  # noqa: B023
        report("tree fit", case, result, reach=reach, **written)
        leaves = fit_ours(X, y).get_n_leaves() / fit_peer(X, y).get_n_leaves()
        report(
            "tree fit", case, leaves, quantity="leaves ratio", reach=">= 0.9", **written
        )

    def make_call(n_samples):
        X, y = nominal_data(n_samples)
        return lambda: fit_ours(X, y)

    small, large = 100_000 // scale, 1_000_000 // scale
    report(
        "tree fit",
        f"{large:,} over {small:,} rows",
        growth(make_call, small, large),
        quantity="growth",
        reach="<= 11",
        **written,
    )
    data = numeric_data(20_000 // scale)
    report(
        "tree fit",
        f"{20_000 // scale:,} x 500 numbers, two processes, against one",
        compare(lambda: fit_with(data, 2), lambda: fit_with(data, 1), n_repetitions=3),
        reach="<= 0.625",
        **written,
    )
    report(
        "tree fit",
        f"{20_000 // scale:,} x 500 numbers, two processes that start, against one",
        compare(
            lambda: fit_with_new_processes(data, 2),
            lambda: fit_with(data, 1),
            n_repetitions=3,
        ),
        reach="a second more than with those that run",
        **written,
    )
    data = None
    for dtype in ("int64", "uint8"):
        X, y = nominal_data(large, dtype=dtype)
        peak = peak_memory(fit_pair, nominal_data, (large, X.shape[1], dtype))
        report(
            "tree fit",
            f"{large:,} x {X.shape[1]}, codes as {dtype} ({X.nbytes / 1e6:.0f} MB)",
            peak / X.nbytes,
            quantity="peak memory beyond X, over X",
            reach="<= 2",
            **written,
        )


if __name__ == "__main__":
    main()
