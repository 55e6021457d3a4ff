"""Data and models that the three tree scripts share."""

import numpy as np
import sklearn
from sklearn.tree import DecisionTreeClassifier

import sklearn_mid
from sklearn_mid.tree import MIDDecisionTreeClassifier

N_FEATURES = 20
VERSIONS = {
    "sklearn_mid": sklearn_mid.__version__,
    "scikit-learn": sklearn.__version__,
    "numpy": np.__version__,
}


def nominal_data(n_samples, n_features=N_FEATURES, dtype=np.int64):
    """Integer codes of 3 to 6 categories; the logit of y adds up over 8 columns."""
    rng = np.random.default_rng(0)
    n_values = 3 + np.arange(n_features) % 4
    X = rng.integers(0, n_values, size=(n_samples, n_features)).astype(dtype)
    logit = sum(rng.normal(size=n_values[j])[X[:, j]] for j in range(8))
    y = (rng.random(n_samples) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return X, y


def fit_ours(X, y):
    """Our undefended tree, all columns taken as nominal."""
    model = MIDDecisionTreeClassifier(
        reg_lambda=0, categorical_features=np.ones(X.shape[1], dtype=bool)
    )
    return model.fit(X, y)


def fit_peer(X, y):
    """scikit-learn's entropy tree on the same codes."""
    return DecisionTreeClassifier(criterion="entropy", random_state=0).fit(X, y)
