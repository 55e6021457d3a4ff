"""The learned attack and the imputation that it is compared with, at many values.

Both are fitted on 10,000 labelled records. The learned attack sees the target's answers
at every value beside what the imputation sees, so its table is as much wider as the
secret has values. Of two confidences that sum to 1 it learns from one.
"""

from functools import partial

import numpy as np
import sklearn
from _harness import compare, parse_arguments, report
from sklearn.linear_model import LogisticRegression

from sklearn_mid.attacks import ImputationBaseline, LearnedAttack

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


def people(n_samples, n_values):
    """Ten columns, the first of them the secret, and a response of two classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 10))
    X[:, 0] = rng.integers(n_values, size=n_samples)
    effect = rng.normal(size=n_values)
    score = effect[X[:, 0].astype(int)] + X[:, 1:4].sum(axis=1)
    return X, (score + rng.logistic(size=n_samples) > 0).astype(int)


def main():
    arguments = parse_arguments(__doc__)
    n_samples = 1_000 if arguments.quick else 10_000
    for n_values in (20, 50) if arguments.quick else (20, 50, 200):
        X, y = people(n_samples, n_values)
        model = LogisticRegression().fit(X, y)
        attack = LearnedAttack(model, 0, random_state=0)
        baseline = ImputationBaseline(0, random_state=0)
        report(
            "learned attack",
            f"fit on {n_samples:,} records, {n_values} values, against imputation",
            compare(
                partial(attack.fit, X, y),
                partial(baseline.fit, X, y),
                n_repetitions=1,
                warm_up=n_values == 20,
            ),
            reach="<= 2",
            csv_path=arguments.csv,
            versions=VERSIONS,
        )


if __name__ == "__main__":
    main()
