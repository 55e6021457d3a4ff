"""Thirty strengths of the linear model: mid_path vs thirty fits from scratch."""

import numpy as np
from _harness import compare, parse_arguments, report
from _linear_data import GROUP, make_table

from sklearn_mid.linear_model import MIDLinearRegression, mid_path

LAMBDAS = np.geomspace(0.01, 100, 30)


def main():
    arguments = parse_arguments(__doc__)
    n = 20_000 if arguments.quick else 200_000
    X, y = make_table(n, 50)
    for name, sensitive in {"sensitive group": [GROUP], "whole input": None}.items():

        def path(sensitive=sensitive):
            return mid_path(X, y, reg_lambdas=LAMBDAS, sensitive_features=sensitive)

        def cold(sensitive=sensitive):
            return [
                MIDLinearRegression(reg_lambda, sensitive_features=sensitive).fit(X, y)
                for reg_lambda in LAMBDAS
            ]

        report(
            "lambda path",
            f"30 strengths, {n:,} x 50, {name}, vs 30 cold fits",
            compare(path, cold),
            reach="<= 0.33",
            csv_path=arguments.csv,
        )
        gap = path().objectives - [model.objective_ for model in cold()]
        report(
            "lambda path",
            f"the same, {name}",
            float(np.max(gap / (1 + LAMBDAS))),
            reach="<= 1e-6",
            quantity="largest objective lost / (1 + lambda)",
            unit="nats",
            csv_path=arguments.csv,
        )


if __name__ == "__main__":
    main()
