"""Trees on Adult: what lambda costs, and what it stops.

Secret: marital; target: income; trained on one file, attacked on held-out people.
Prints accuracy of the tree, accuracy and Matthews correlation of MAP, and leaves.

    python benchmarks/adult_trees.py
"""

import numpy as np
from sklearn.metrics import matthews_corrcoef

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.datasets import fetch_adult
from sklearn_mid.tree import MIDDecisionTreeClassifier

SECRET = "marital"


def compare(train, test, max_depth, grid):
    """Print a line per tree; `grid` holds (protected attributes, lambdas)."""
    (X, y), (X_test, y_test) = train, test
    print("penalty on   lambda  accuracy    MAP    MCC  leaves")
    for protected, reg_lambdas in grid:
        for reg_lambda in reg_lambdas:
            tree = MIDDecisionTreeClassifier(
                reg_lambda, sensitive_features=protected, max_depth=max_depth
            )
            attack = MAPAttack(tree.fit(X, y), SECRET).fit(X, y)
            truth, guess = attack.sensitive_values(X_test), attack.infer(X_test, y_test)
            print(
                f"{'the secret' if protected else 'all columns':11} {reg_lambda:7}"
                f"  {tree.score(X_test, y_test):8.3f}  {np.mean(truth == guess):.3f}"
                f"  {matthews_corrcoef(truth, guess):.3f}  {tree.get_n_leaves():6}"
            )


def main():
    train, test = (
        fetch_adult(subset=subset, return_X_y=True) for subset in ("train", "test")
    )
    grid = [
        (None, (0, 0.02, 0.05, 0.1, 0.2)),
        ([SECRET], (0.1, 0.15, 0.2, 0.3, 0.5, np.inf)),
    ]
    print("Categorical columns, any depth")
    categorical = train[0].select_dtypes("category").columns
    compare(*((X[categorical], y) for X, y in (train, test)), None, grid)
    print("\nAll columns, max_depth=6")
    compare(train, test, 6, grid)


if __name__ == "__main__":
    main()
