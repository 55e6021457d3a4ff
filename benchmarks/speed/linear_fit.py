"""Fit of the linear model on 1,000,000 x 50, vs Ridge(solver="cholesky").

A quarter of the columns are one-hot groups and the rest numbers, as in a table.
"""

from functools import partial

import sklearn
from _harness import compare, growth, parse_arguments, peak_memory, report
from _linear_data import GROUP, make_table
from sklearn.linear_model import Ridge

from sklearn_mid.linear_model import MIDLinearRegression

N_FEATURES = 50


def fit(data, reg_lambda=1.0, sensitive_features=None):
    model = MIDLinearRegression(reg_lambda, sensitive_features=sensitive_features)
    return model.fit(*data)


def fit_sensitive(data):
    return fit(data, sensitive_features=[GROUP])


def fit_ridge(data):
    return Ridge(solver="cholesky").fit(*data)


CASES = {
    "sensitive group": (fit_sensitive, "<= 2"),
    "whole input": (fit, "<= 20"),
}


def main():
    arguments = parse_arguments(__doc__)
    n = 100_000 if arguments.quick else 1_000_000
    versions = {"scikit-learn": sklearn.__version__}
    data = make_table(n, N_FEATURES)
    for name, (ours, reach) in CASES.items():
        report(
            "linear fit",
            f"{n:,} x {N_FEATURES}, {name}, vs Ridge(solver='cholesky')",
            compare(partial(ours, data), partial(fit_ridge, data)),
            reach=reach,
            csv_path=arguments.csv,
            versions=versions,
        )
    data = None  # room for the next

    for name, (ours, _) in CASES.items():

        def by_rows(n_rows, f=ours):
            return partial(f, make_table(n_rows, N_FEATURES))

        def by_columns(n_columns, f=ours):
            return partial(f, make_table(n // 4, n_columns))

        report(
            "linear fit",
            f"{n // 10:,} -> {n:,} rows, {name}",
            growth(by_rows, n // 10, n),
            reach="<= 11 (linear in rows)",
            quantity="growth",
            csv_path=arguments.csv,
        )
        report(
            "linear fit",
            f"{n // 4:,} rows, 25 -> 50 columns, {name}",
            growth(by_columns, 25, 50),
            reach="2 for linear, 4 for the normal equations",
            quantity="growth",
            csv_path=arguments.csv,
        )
        report(
            "linear fit",
            f"{n:,} x {N_FEATURES}, {name}",
            peak_memory(ours, make_table, (n, N_FEATURES)) / (8 * n * N_FEATURES),
            reach="<= 0.5 (1.5 with X itself)",
            quantity="peak memory beyond X",
            unit="times X",
            csv_path=arguments.csv,
        )
    report(
        "linear fit",
        f"{n:,} x {N_FEATURES}, Ridge, for comparison",
        peak_memory(fit_ridge, make_table, (n, N_FEATURES)) / (8 * n * N_FEATURES),
        reach="",
        quantity="peak memory beyond X",
        unit="times X",
        csv_path=arguments.csv,
    )


if __name__ == "__main__":
    main()
