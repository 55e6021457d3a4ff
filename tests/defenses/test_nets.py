"""The wrappers around a stochastic net, whose single answers can be sampled."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator

from sklearn_mid.defenses import (
    ConfidenceNoise,
    ConfidencePurifier,
    ConfidenceRounding,
    LabelOnly,
)

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)


@pytest.fixture(scope="module")
def net():
    pytest.importorskip("torch")
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    net = MIDNeuralNetClassifier(1e-3, max_epochs=10, random_state=0)
    return FrozenEstimator(net.fit(X[:500], y[:500]))


@pytest.mark.parametrize(
    ("wrap", "params"),
    [
        (ConfidenceRounding, {"step": 0.1}),
        (ConfidenceNoise, {"random_state": 0}),
        (ConfidencePurifier, {"n_hidden": 4, "random_state": 0}),
    ],
)
def test_confidences_and_single_answers_are_both_defended(net, wrap, params):
    defended = wrap(net, **params).fit(X[500:700], y[500:700])
    proba = defended.predict_proba(X[700:800])
    assert_allclose(proba.sum(axis=1), 1)
    assert np.abs(proba - net.predict_proba(X[700:800])).max() > 0.01
    assert np.mean(defended.predict(X[700:]) == y[700:]) > 0.8
    draws = defended.sample_proba(X[700:800], n_samples=3, random_state=0)
    assert draws.shape == (3, 100, 10)
    assert_allclose(draws.sum(axis=2), 1)
    again = defended.sample_proba(X[700:800], n_samples=3, random_state=0)
    assert_array_equal(draws, again)
    assert not np.allclose(draws[0], draws[1])


def test_rounded_answers_are_whole_steps(net):
    defended = ConfidenceRounding(net, step=0.25).fit(X[:10], y[:10])
    draws = defended.sample_proba(X[700:800], n_samples=2, random_state=0)
    assert_allclose(draws * 4, np.round(draws * 4), atol=1e-9)


def test_labels_of_a_net(net):
    defended = LabelOnly(net).fit(X[:10], y[:10])
    assert_array_equal(defended.predict(X[700:800]), net.predict(X[700:800]))
    assert not hasattr(defended, "sample_proba")
    assert not hasattr(defended, "differentiable_proba")
