"""A table like the ones linear models are fitted to: numbers and one-hot groups."""

import numpy as np

GROUP = [0, 1, 2, 3]  # the secret: four values


def make_table(n_rows, n_features, seed=0):
    """Records and responses; a quarter of the columns are one-hot, four by four."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    for first in range(0, n_features // 4, 4):
        X[:, first : first + 4] = np.eye(4)[rng.integers(4, size=n_rows)]
    y = X @ rng.normal(size=n_features) + 3 * rng.normal(size=n_rows)
    return X, y
