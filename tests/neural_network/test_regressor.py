"""MIDNeuralNetRegressor."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_regression
from sklearn.exceptions import DataConversionWarning

from sklearn_mid.neural_network import MIDNeuralNetRegressor


@pytest.fixture(scope="module")
def data():
    X, y = make_regression(200, 3, n_targets=2, noise=1, random_state=0)
    return X, y


def small(reg_lambda=0.01, **params):
    defaults = {"hidden_layer_sizes": (16,), "max_epochs": 50, "random_state": 0}
    return MIDNeuralNetRegressor(reg_lambda, **(defaults | params))


def test_fits(data):
    X, y = data
    assert small(0).fit(X, y[:, 0]).score(X, y[:, 0]) > 0.98
    assert small(0).fit(X, y).score(X, y) > 0.98
    assert small(0.01).fit(X, y[:, 0]).score(X, y[:, 0]) > 0.9


def test_large_lambda_gives_the_mean(data):
    X, y = data
    y = y[:, 0] + 1000
    net = small(1e3, max_epochs=200).fit(X, y)
    assert_allclose(net.predict(X), y.mean(), atol=0.05 * y.std())
    assert net.mutual_information_ < 0.01


def test_shifting_and_scaling_y_shifts_and_scales_predictions(data):
    X, y = data
    first = small().fit(X, y[:, 0]).predict(X)
    second = small().fit(X, 1024 * y[:, 0]).predict(X)
    assert_allclose(second, 1024 * first, rtol=1e-6)


def test_shapes(data):
    X, y = data
    one, two = small(max_epochs=1).fit(X, y[:, 0]), small(max_epochs=1).fit(X, y)
    assert one.predict(X).shape == (200,)
    assert two.predict(X).shape == (200, 2)
    assert one.sample_predict(X, n_samples=3, random_state=0).shape == (3, 200)
    assert two.sample_predict(X, n_samples=3, random_state=0).shape == (3, 200, 2)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        column = small(max_epochs=1).fit(X, y[:, :1])
    assert_array_equal(column.predict(X), one.predict(X))


def test_releases_average_to_the_prediction_of_many_draws(data):
    X, y = data
    net = small(0.1, n_predict_samples=4000).fit(X, y[:, 0])
    releases = net.sample_predict(X[:10], n_samples=4000, random_state=0)
    assert releases.std(axis=0).min() > 1
    error = releases.mean(axis=0) - net.predict(X[:10])
    assert np.abs(error).max() < 0.1 * releases.std(axis=0).max()


def test_constant_y():
    X = np.random.RandomState(0).randn(30, 2)
    assert_allclose(small(1).fit(X, np.full(30, 7.0)).predict(X), 7, atol=0.1)


def test_partial_fit_goes_on_in_the_first_scale(data):
    X, y = data
    net = small().partial_fit(X, y[:, 0])
    for _ in range(60):
        net.partial_fit(X, y[:, 0])
    assert net.score(X, y[:, 0]) > 0.9
    with pytest.raises(ValueError, match=r"y has the shape \(200, 2\); .*'n_samples',"):
        net.partial_fit(X, y)


def test_infinite_lambda_tells_nothing():
    X = np.random.default_rng(0).random((60, 3))
    y = 7 + X[:, 0]
    net = MIDNeuralNetRegressor(
        np.inf, learning_rate=0.02, max_epochs=60, random_state=0
    )
    predicted = net.fit(X, y).predict(X)
    assert net.mutual_information_ == 0
    np.testing.assert_array_equal(predicted, predicted[0])
    np.testing.assert_allclose(predicted[0], y.mean(), atol=0.2 * y.std())
