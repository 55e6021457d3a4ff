"""Data shared by the tests of the nets."""

from importlib.util import find_spec

import pytest
from sklearn.datasets import load_digits, make_blobs

from sklearn_mid.neural_network import DPNeuralNetClassifier


def pytest_collection_modifyitems(items):
    """Where the extra dp is missing, say so instead of failing."""
    if find_spec("opacus") is not None:
        return
    for item in items:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if DPNeuralNetClassifier in {*map(type, params.values())} | {
            value for value in params.values() if isinstance(value, type)
        }:
            item.add_marker(pytest.mark.skip(reason="OPACUS MISSING: extra dp"))


@pytest.fixture(scope="session")
def digits():
    """Pixels in [0, 1] and labels; the first 1300 rows to train on."""
    X, y = load_digits(return_X_y=True)
    return (X / 16)[:1300], y[:1300], (X / 16)[1300:], y[1300:]


@pytest.fixture(scope="session")
def blobs():
    """Three classes that overlap a little."""
    return make_blobs(200, centers=3, n_features=4, cluster_std=3, random_state=0)
