"""A tree on string columns, encoding included, against a one-hot pipeline.

Ours takes the DataFrame as it is: one hash per entry gives the codes. The peer is
OneHotEncoder and scikit-learn's entropy tree, with the encoder's sparse output (its
default) and with a dense one.
"""

import numpy as np
import pandas as pd
from _harness import compare, parse_arguments, report
from _trees import VERSIONS, nominal_data
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.tree import MIDDecisionTreeClassifier


def string_data(n_samples, n_features=10):
    codes, y = nominal_data(n_samples, n_features)
    words = np.array(["amber", "blue", "crimson", "denim", "ecru", "fawn"])
    names = [f"column {j}" for j in range(n_features)]
    return pd.DataFrame(words[codes], columns=names), y


def main():
    arguments = parse_arguments(__doc__)
    n_samples = 10_000 if arguments.quick else 100_000
    written = {
        "csv_path": arguments.csv,
        "versions": VERSIONS | {"pandas": pd.__version__},
    }
    X, y = string_data(n_samples)
    ours = MIDDecisionTreeClassifier(reg_lambda=0)
    for sparse_output in (True, False):
        peer = make_pipeline(
            OneHotEncoder(sparse_output=sparse_output),
            DecisionTreeClassifier(criterion="entropy", random_state=0),
        )
        kind = "sparse" if sparse_output else "dense"
        report(
            "tree on strings",
            f"fit, {n_samples:,} x {X.shape[1]} strings, against {kind} one-hot",
            compare(lambda: ours.fit(X, y), lambda: peer.fit(X, y)),  # noqa: B023
            reach="<= 0.5",
            **written,
        )
        report(
            "tree on strings",
            f"predict, {n_samples:,} x {X.shape[1]} strings, against {kind} one-hot",
            compare(lambda: ours.predict(X), lambda: peer.predict(X)),  # noqa: B023
            reach="<= 1.5",
            **written,
        )


if __name__ == "__main__":
    main()
