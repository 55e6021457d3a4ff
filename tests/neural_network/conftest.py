"""Data shared by the tests of the nets."""

import pytest
from sklearn.datasets import load_digits, make_blobs


@pytest.fixture(scope="session")
def digits():
    """Pixels in [0, 1] and labels; the first 1300 rows to train on."""
    X, y = load_digits(return_X_y=True)
    return (X / 16)[:1300], y[:1300], (X / 16)[1300:], y[1300:]


@pytest.fixture(scope="session")
def blobs():
    """Three classes that overlap a little."""
    return make_blobs(200, centers=3, n_features=4, cluster_std=3, random_state=0)
