import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits

from sklearn_mid.neural_network import MIDNeuralNetClassifier
from sklearn_mid.utils._draws import geometric_mean

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

LETTERS = np.array(list("jihgfedcba"))


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, LETTERS[y]


def _fitted(digits, **params):
    X, y = digits
    defaults = {
        "max_epochs": 5,
        "learning_rate": 0.01,
        "hidden_layer_sizes": (16,),
        "random_state": 0,
    }
    return MIDNeuralNetClassifier(**(defaults | params)).fit(X[:200], y[:200])


def _updates(digits, n_rows, n_updates=6):
    X, y = (a[200 : 200 + n_rows * n_updates] for a in digits)
    return X.reshape(n_updates, n_rows, 64), y.reshape(n_updates, n_rows)


def _one_by_one(net, X_updates, y_updates):
    return [
        copy.deepcopy(net).partial_fit(X, y)
        for X, y in zip(X_updates, y_updates, strict=True)
    ]


@pytest.mark.parametrize(
    ("params", "n_rows"),
    [
        ({}, 1),
        ({"optimizer": "sgd", "weight_decay": 0.1}, 1),
        ({"optimizer": torch.optim.RMSprop, "learning_rate": 0.001}, 2),
        ({"batch_size": 2}, 5),
        ({"batch_size": "full", "dtype": "float64"}, 1),
        ({"class_weight": dict(zip(LETTERS, range(1, 11), strict=True))}, 3),
        ({"encoder": "conv", "image_shape": (1, 8, 8), "max_epochs": 1}, 1),
        # These are updated one by one.
        ({"encoder": lambda d: torch.nn.Linear(d, 8), "max_epochs": 1}, 1),
        ({"batch_size": "full"}, 2),
    ],
    # The names of an option and of nothing else: a function's text has an address.
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_many_updates_equal_partial_fit_one_by_one(digits, params, n_rows):
    net = _fitted(digits, reg_lambda=0, **params)
    X_updates, y_updates = _updates(digits, n_rows)
    X = digits[0][400:420]
    before = net.predict_proba(X)
    found = net._updated_proba(X_updates, y_updates, X)
    expected = [
        model.predict_proba(X) for model in _one_by_one(net, X_updates, y_updates)
    ]
    assert_allclose(found, expected, atol=2e-5)
    assert np.abs(found - before).max() > 1e-3
    assert_array_equal(net.predict_proba(X), before)


def test_weights_equal_those_of_partial_fit_also_with_noise(digits):
    from sklearn_mid.neural_network._base import TRAINING
    from sklearn_mid.neural_network._batched_updates import updated_weights
    from sklearn_mid.neural_network._training import Rows

    net = _fitted(digits, reg_lambda=0.1, dtype="float64", n_train_samples=2)
    X_updates, y_updates = _updates(digits, 3)
    codes = np.searchsorted(net.classes_, y_updates)
    stacked = updated_weights(
        copy.deepcopy(net).net_,
        Rows.from_arrays(X_updates, codes, None, device="cpu"),
        seed=net._derived_seed(TRAINING, net._n_trainings + 1),
    )
    for k, model in enumerate(_one_by_one(net, X_updates, y_updates)):
        for name, weight in model.net_.module_.named_parameters():
            assert_allclose(stacked[name][k], weight.detach(), atol=1e-12)


def test_releases_are_draws_of_the_updated_net(digits):
    net = _fitted(digits, reg_lambda=0.1)
    X_updates, y_updates = _updates(digits, 1, n_updates=2)
    X = digits[0][400:410]
    found = net._updated_proba(X_updates, y_updates, X, n_samples=2000, random_state=0)
    expected = [
        geometric_mean(model.sample_proba(X, n_samples=2000, random_state=1))
        for model in _one_by_one(net, X_updates, y_updates)
    ]
    assert_allclose(found, expected, atol=0.04)
    few = net._updated_proba(X_updates, y_updates, X, n_samples=2, random_state=0)
    again = net._updated_proba(X_updates, y_updates, X, n_samples=2, random_state=0)
    assert_array_equal(few, again)
    assert np.abs(few - found).max() > 0.05


def test_published_answers_are_those_of_the_updated_net(digits):
    net = _fitted(digits, reg_lambda=0.1)
    X_updates, y_updates = _updates(digits, 1, n_updates=3)
    X = digits[0][400:410]
    found = net._updated_proba(X_updates, y_updates, X, n_samples=None)
    models = _one_by_one(net, X_updates, y_updates)
    expected = [model.predict_proba(X) for model in models]
    assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("params", [{}, {"callbacks": []}], ids=["many", "one by one"])
def test_a_geometric_mean_averages_the_noise_of_logits(digits, params):
    net = _fitted(digits, reg_lambda=0.1, **params)
    X_updates, y_updates = _updates(digits, 1, n_updates=1)
    X = digits[0][400:402]
    found = net._updated_proba(X_updates, y_updates, X, n_samples=4000, random_state=0)
    (model,) = _one_by_one(net, X_updates, y_updates)
    # The logits at the code's mean.
    logits = model.net_.module_(torch.tensor(X, dtype=torch.float32))
    assert_allclose(found[0], logits.softmax(dim=1).detach(), atol=0.03)


def test_flat_updates_have_one_row_each(digits):
    net = _fitted(digits, reg_lambda=0)
    X_updates, y_updates = _updates(digits, 1)
    X = digits[0][400:405]
    assert_array_equal(
        net._updated_proba(X_updates[:, 0], y_updates[:, 0], X),
        net._updated_proba(X_updates, y_updates, X),
    )


def test_blocks_do_not_show(digits, monkeypatch):
    net = _fitted(digits, reg_lambda=0)
    X_updates, y_updates = _updates(digits, 1)
    X = digits[0][400:405]
    whole = net._updated_proba(X_updates, y_updates, X)
    monkeypatch.setattr("sklearn_mid.neural_network._updates._WEIGHTS_AT_ONCE", 1)
    assert_allclose(net._updated_proba(X_updates, y_updates, X), whole, atol=1e-6)


def test_fresh_noise_differs_from_that_of_the_next_update(digits):
    net = _fitted(digits, reg_lambda=0.1, max_epochs=10).set_params(learning_rate=0.1)
    X_updates, y_updates = _updates(digits, 1)
    X = digits[0][400:405]
    draws = [
        net._updated_proba(
            X_updates, y_updates, X, n_samples=500, fresh_noise=fresh, random_state=0
        )
        for fresh in (False, True)
    ]
    assert np.abs(draws[0] - draws[1]).max() > 0.05


def test_unfit_updates_are_named(digits):
    net = _fitted(digits)
    X = digits[0][:3]
    with pytest.raises(ValueError, match=r"agree in updates and rows"):
        net._updated_proba(X, ["a", "b"], X)
    with pytest.raises(ValueError, match=r"labels \['z'\]"):
        net._updated_proba(X, ["a", "b", "z"], X)
