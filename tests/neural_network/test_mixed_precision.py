"""Training in bfloat16: near what float32 learns, and nothing but the training."""

import contextlib
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_mid.attacks import GenerativeInversionAttack
from sklearn_mid.neural_network import (
    DefendedNeuralNetClassifier,
    MIDNeuralNetClassifier,
    MIDNeuralNetRegressor,
)
from sklearn_mid.utils._torch import check_mixed_precision

SMALL = {"hidden_layer_sizes": (32,), "max_epochs": 8, "random_state": 0}
NETS = {
    "mid": MIDNeuralNetClassifier(0.01, **SMALL),
    "given the label": MIDNeuralNetClassifier(
        0.01, given_label=True, n_train_samples=2, **SMALL
    ),
    "conv": MIDNeuralNetClassifier(
        0.01, encoder="conv", image_shape=(1, 8, 8), **(SMALL | {"max_epochs": 2})
    ),
    "regressor": MIDNeuralNetRegressor(0.01, **SMALL),
    "hsic": DefendedNeuralNetClassifier(
        input_dependence=0.1, label_dependence=1.0, **SMALL
    ),
    "coco": DefendedNeuralNetClassifier(
        input_dependence=0.1, dependence="coco", label_smoothing=-0.02, **SMALL
    ),
}
each_net = pytest.mark.parametrize("net", NETS.values(), ids=list(NETS))


def answers(net, X):
    return net.predict_proba(X) if hasattr(net, "predict_proba") else net.predict(X)


@pytest.fixture(scope="module")
def data(digits):
    X, y, X_test, y_test = digits
    return X[:500], y[:500], X_test, y_test


@each_net
def test_it_learns_what_float32_learns(net, data):
    X, y, X_test, y_test = data
    full = clone(net).fit(X, y)
    mixed = clone(net).set_params(mixed_precision=True).fit(X, y)
    difference = np.abs(answers(full, X_test) - answers(mixed, X_test)).max()
    assert difference > 0
    assert abs(full.score(X_test, y_test) - mixed.score(X_test, y_test)) < 0.05
    assert full.history_[-1]["loss"] == pytest.approx(
        mixed.history_[-1]["loss"], abs=0.1, rel=0.1
    )
    module, optimizer = mixed.net_.module_, mixed.net_.optimizer_
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert {
        value.dtype for state in optimizer.state.values() for value in state.values()
    } == {torch.float32}
    again = clone(mixed).fit(X, y)
    restored = pickle.loads(pickle.dumps(mixed))
    for other in (again, restored):
        assert_array_equal(answers(other, X_test), answers(mixed, X_test))


def test_the_same_weights_predict_the_same(data):
    X, y, X_test, _ = data
    mixed = MIDNeuralNetClassifier(0.01, mixed_precision=True, **SMALL).fit(X, y)
    with torch.no_grad():
        outputs = mixed.net_.module_(torch.from_numpy(X_test.astype(np.float32)))
    assert outputs.dtype == torch.float32
    full = MIDNeuralNetClassifier(0.01, **(SMALL | {"max_epochs": 1})).fit(X, y)
    full.net_.module_.load_state_dict(mixed.net_.module_.state_dict())
    for method in ("predict_proba", "mean_code"):
        assert_array_equal(
            getattr(full, method)(X_test), getattr(mixed, method)(X_test)
        )


def test_the_rate_is_computed_in_float32(data):
    X, y, _, _ = data
    net = MIDNeuralNetClassifier(0.01, **SMALL).fit(X, y)
    module, rows = net.net_.module_, torch.from_numpy(X[:100].astype(np.float32))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        mu, sigma = module.encode(rows)
        assert mu.dtype == sigma.dtype == module.decode(mu).dtype == torch.float32
        rate = module.rate(mu, sigma)
    exact = module.rate(mu.double(), sigma.double())
    assert_allclose(rate.numpy(), exact.numpy(), rtol=1e-5)


def test_training_goes_on_in_another_precision(data):
    X, y, _, _ = data
    params = SMALL | {"warm_start": True, "max_epochs": 1}
    net, other = (
        MIDNeuralNetClassifier(0.01, **params).fit(X, y).set_params(mixed_precision=m)
        for m in (False, True)
    )
    assert net.fit(X, y).history_[1] != other.fit(X, y).history_[1]


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"dtype": "float64"}, "mixed_precision=True needs dtype='float32'"),
        ({"mixed_precision": "yes"}, "'mixed_precision' parameter"),
    ],
)
@pytest.mark.parametrize(
    "kind", [MIDNeuralNetClassifier, MIDNeuralNetRegressor, DefendedNeuralNetClassifier]
)
def test_where_it_does_not_apply_it_is_refused(kind, params, match, data):
    X, y, _, _ = data
    with pytest.raises(ValueError, match=match):
        kind(**({"mixed_precision": True} | params)).fit(X, y)


def test_a_device_without_bfloat16_is_refused():
    with pytest.raises(ValueError, match=r"or the CPU; got device='mps'"):
        check_mixed_precision("mps")


@pytest.mark.parametrize(
    ("capability", "is_refused"), [((7, 5), True), ((8, 0), False)]
)
def test_a_card_that_emulates_bfloat16_is_refused(capability, is_refused, monkeypatch):
    monkeypatch.setattr(torch.version, "hip", None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    refused = pytest.raises(ValueError, match="CUDA device that has bfloat16")
    with refused if is_refused else contextlib.nullcontext():
        check_mixed_precision("cuda:0")


def weights(attack):
    nets = attack.generator_, attack.critic_
    return [
        torch.cat([p.detach().flatten() for p in net.parameters()]).numpy()
        for net in nets
    ]


@pytest.mark.parametrize("gan", ["public", "soft-label", "pseudo-label"])
def test_a_gan_learns_in_it_and_is_searched_in_float32(gan, data):
    X, y, _, _ = data
    target = MIDNeuralNetClassifier(0, **(SMALL | {"max_epochs": 2}))
    target.fit(X[y < 5], y[y < 5])
    params = {"gan": gan, "n_starts": 1, "search_iter": 3, "batch_size": 16}
    started, full, mixed = (
        GenerativeInversionAttack(
            target,
            mixed_precision=m,
            max_iter=n,
            image_shape=(1, 8, 8),
            random_state=0,
            **params,
        ).fit(X[y >= 5])
        for n, m in ((1, False), (10, False), (10, True))
    )
    assert full.history_ != mixed.history_
    for start, a, b in zip(*map(weights, (started, full, mixed)), strict=True):
        assert a.dtype == b.dtype == np.float32
        assert np.corrcoef(a - start, b - start)[0, 1] > 0.9
    found = mixed.reconstruct([0, 1])
    assert_array_equal(pickle.loads(pickle.dumps(mixed)).reconstruct([0, 1]), found)
    # bfloat16 would leave the lower half of the bits zero.
    assert (found.astype(np.float32).view(np.uint32) & 0xFFFF).any()
