"""Entropy of a Gaussian mixture: value and gradient, binned vs pairwise.

The pairwise sums are timed on 5,000 centres (one block of the matrix at a time would
not change their cost) and extrapolated by n^2; ours on 1,000,000.
"""

from functools import partial

import numpy as np
from _harness import compare, growth, parse_arguments, peak_memory, report

from sklearn_mid.information import mixture_entropy_and_gradient

N_PAIRWISE = 5_000
METHODS = {"quadrature": ("quadrature", 2), "taylor 2": ("taylor", 2)}


def make_centers(n_centers):
    return np.random.default_rng(0).normal(size=n_centers)


def binned(centers, method="quadrature", taylor_order=2, sigma=0.5):
    return mixture_entropy_and_gradient(
        centers, sigma, method=method, taylor_order=taylor_order
    )


def pairwise(centers, sigma=0.5):
    """The Taylor expansion of order 0 by sums over all pairs, and its gradient."""
    z = (centers[:, None] - centers) / sigma
    phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    density = phi.mean(axis=1)
    slopes = -z * phi / (len(centers) * sigma)
    through_density = (1 / density) @ slopes
    return np.mean(-np.log(density)), (
        through_density - slopes.sum(axis=1) / density
    ) / len(centers)


def main():
    arguments = parse_arguments(__doc__)
    n = 100_000 if arguments.quick else 1_000_000
    centers, few = make_centers(n), make_centers(N_PAIRWISE)
    for name, (method, order) in METHODS.items():
        ours = partial(binned, method=method, taylor_order=order)
        result = compare(partial(ours, centers), partial(pairwise, few))
        result.peer = [seconds * (n / N_PAIRWISE) ** 2 for seconds in result.peer]
        report(
            "entropy",
            f"{n:,} centres, {name}, vs pairwise extrapolated from {N_PAIRWISE:,}",
            result,
            reach="<= 0.001, and under 0.25 s",
            csv_path=arguments.csv,
        )
        report(
            "entropy",
            f"{n // 10:,} -> {n:,} centres, {name}",
            growth(lambda n, f=ours: partial(f, make_centers(n)), n // 10, n),
            reach="<= 11 (linear)",
            quantity="growth",
            csv_path=arguments.csv,
        )
    for ratio in (1e4, 1e9):
        wide = compare(
            partial(binned, centers, sigma=10 / ratio), partial(binned, centers)
        )
        report(
            "entropy",
            f"{n:,} centres over {ratio:.0e} sigma, vs over 20 sigma",
            wide,
            reach="no reach stated",
            csv_path=arguments.csv,
        )
    report(
        "entropy",
        f"{n:,} centres",
        peak_memory(binned, make_centers, (n,)) / (8 * n),
        reach="no reach stated",
        quantity="peak memory",
        unit="times the centres",
        csv_path=arguments.csv,
    )


if __name__ == "__main__":
    main()
