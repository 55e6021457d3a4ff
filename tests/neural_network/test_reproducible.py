"""Same seed, same answer: whatever the batch, the threads, the file it came from."""

import copy
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import skops.io
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils import check_random_state
from torch import nn

from sklearn_mid.neural_network import (
    DPNeuralNetClassifier,
    MIDNeuralNetClassifier,
    MIDNeuralNetRegressor,
)
from sklearn_mid.neural_network._inference import mean_outputs

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)

SMALL = {"hidden_layer_sizes": (16,), "max_epochs": 5, "random_state": 0}


class Noisy(nn.Module):
    """Initialises and drops out by torch's global generator."""

    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 16), nn.ReLU(), nn.Dropout(0.5)
        )

    def forward(self, X):
        return self.layers(X)


NETS = {
    "mlp": MIDNeuralNetClassifier(0.1, **SMALL),
    "undefended": MIDNeuralNetClassifier(0, **SMALL),
    "conv": MIDNeuralNetClassifier(
        0.1, encoder="conv", image_shape=(1, 8, 8), **(SMALL | {"max_epochs": 1})
    ),
    "user": MIDNeuralNetClassifier(0.1, encoder=Noisy, **SMALL),
    "early stopping": MIDNeuralNetClassifier(0.1, early_stopping=True, **SMALL),
    "regressor": MIDNeuralNetRegressor(0.1, **SMALL),
    "dp": DPNeuralNetClassifier(noise_multiplier=1.0, epsilon=None, **SMALL),
}


def each(*names):
    return pytest.mark.parametrize("net", [NETS[name] for name in names], ids=names)


each_net = each(*NETS)


@pytest.fixture(scope="module")
def data(digits):
    X, y, X_test, _ = digits
    return X[:300], y[:300], X_test[:100]


def global_generators():
    return (
        torch.get_rng_state().tolist(),
        check_random_state(None).get_state()[1].tolist(),
        random.getstate(),
    )


def answers(net, X):
    return net.predict_proba(X) if hasattr(net, "predict_proba") else net.predict(X)


@each_net
def test_same_seed_gives_the_same_bits_and_touches_no_global_generator(net, data):
    X, y, X_test = data
    before = global_generators()
    first = answers(clone(net).fit(X, y), X_test)
    second = answers(clone(net).fit(X, y), X_test)
    other = answers(clone(net).set_params(random_state=1).fit(X, y), X_test)
    assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3
    assert global_generators() == before


@each_net
def test_a_row_answers_alike_in_any_company(net, data):
    X, y, X_test = data
    net = clone(net).fit(X, y)
    whole = answers(net, X_test)
    order = np.random.RandomState(0).permutation(len(X_test))
    assert_allclose(answers(net, X_test[order]), whole[order], atol=1e-6)
    single = np.concatenate([answers(net, X_test[i : i + 1]) for i in range(20)])
    assert_allclose(single, whole[:20], atol=1e-6)
    large = np.tile(X_test, (60, 1))  # more rows than go through the net at once
    assert_allclose(answers(net, large), np.tile(whole.T, 60).T, atol=1e-6)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@each("mlp", "undefended", "dp", "regressor")
def test_number_of_threads_does_not_change_a_perceptron(net, data, two_threads):
    X, y, X_test = data
    with_two = clone(net).fit(X, y)
    torch.set_num_threads(1)
    with_one = clone(net).fit(X, y)
    assert_allclose(answers(with_one, X_test), answers(with_two, X_test), atol=1e-6)


@each("conv", "user")
def test_number_of_threads_does_not_change_an_answer(net, data, two_threads):
    X, y, X_test = data
    net = clone(net).fit(X, y)
    with_two = answers(net, X_test)
    torch.set_num_threads(1)
    assert_allclose(answers(net, X_test), with_two, atol=1e-6)


@each("mlp", "user", "dp")
def test_threads_of_joblib_do_not_disturb_each_other(net, data):
    X, y, X_test = data

    def fit(seed):
        return answers(clone(net).set_params(random_state=seed).fit(X, y), X_test)

    seeds = [0, 1, 2, 3]
    together = Parallel(n_jobs=4, prefer="threads")(delayed(fit)(s) for s in seeds)
    for seed, result in zip(seeds, together, strict=True):
        assert_allclose(result, fit(seed), atol=1e-6)


# Copies -------------------------------------------------------------------------


def through_pickle(net, folder):
    return pickle.loads(pickle.dumps(net))


def through_joblib(net, folder):
    joblib.dump(net, folder / "net.joblib")
    return joblib.load(folder / "net.joblib")


def through_skops(net, folder):
    skops.io.dump(net, folder / "net.skops")
    unknown = skops.io.get_untrusted_types(file=folder / "net.skops")
    # The estimator's own class, and that of the user's encoder.
    assert set(unknown) <= {
        f"{type(net).__module__}.{type(net).__qualname__}",
        f"{Noisy.__module__}.{Noisy.__qualname__}",
    }
    return skops.io.load(folder / "net.skops", trusted=unknown)


def through_deepcopy(net, folder):
    return copy.deepcopy(net)


@pytest.mark.parametrize(
    "through", [through_pickle, through_joblib, through_skops, through_deepcopy]
)
@each_net
def test_copies_answer_and_go_on_alike(net, through, data, tmp_path):
    X, y, X_test = data
    net = clone(net).fit(X, y)
    twin = through(net, tmp_path)
    assert_array_equal(answers(twin, X_test), answers(net, X_test))
    assert getattr(twin, "history_", None) == getattr(net, "history_", None)
    for model in (net, twin):
        model.partial_fit(X[:50], y[:50])
    assert_array_equal(answers(twin, X_test), answers(net, X_test))


def test_copies_are_independent(data):
    X, y, X_test = data
    net = clone(NETS["mlp"]).fit(X, y)
    before = net.predict_proba(X_test)
    copy.deepcopy(net).partial_fit(X, y)
    assert_array_equal(net.predict_proba(X_test), before)


def test_parameters_set_after_fit_do_not_confuse_a_copy(data):
    X, y, X_test = data
    net = clone(NETS["mlp"]).fit(X, y)
    before = net.predict_proba(X_test)
    net.set_params(hidden_layer_sizes=(3, 3), reg_lambda=0, device="cuda")
    assert_array_equal(net.predict_proba(X_test), before)
    assert_array_equal(through_pickle(net, None).predict_proba(X_test), before)


def test_a_net_from_a_missing_device_loads_on_the_cpu(data):
    X, y, X_test = data
    net = clone(NETS["mlp"]).fit(X, y)
    state = net.__getstate__()
    parameters = {**state["_net_config"]["net"], "device": "privateuseone"}
    state["_net_config"] = {**state["_net_config"], "net": parameters}
    twin = MIDNeuralNetClassifier()
    with pytest.warns(UserWarning, match="device='privateuseone'.*loaded on the CPU"):
        twin.__setstate__(state)
    assert_array_equal(twin.predict_proba(X_test), net.predict_proba(X_test))


def test_threads_that_start_while_a_row_is_answered_keep_their_number():
    X = np.random.default_rng(0).normal(size=(30, 3))
    net = clone(NETS["mlp"]).fit(X, X[:, 0] > 0)
    module, seed = net._ready_to_predict()
    before, seen = torch.get_num_threads(), []

    def link(outputs):
        with ThreadPoolExecutor(1) as pool:
            seen.append(pool.submit(torch.get_num_threads).result())
        return outputs

    torch.set_num_threads(2)
    try:
        mean_outputs(module, X[:1], link=link, n_draws=3, seed=seed)
        seen.append(torch.get_num_threads())
    finally:
        torch.set_num_threads(before)
    assert seen == [2, 2]
