"""The image attacks on the package's own nets: stochastic, and in double precision."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    UpdateLabelAttack,
)
from sklearn_mid.attacks._target_gradients import target_gradient
from sklearn_mid.neural_network import MIDNeuralNetClassifier

torch = pytest.importorskip("torch")
pytest.importorskip("skorch")

LETTERS = np.array(list("dcba"))


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return X / 16, LETTERS[y]


def _net(digits, reg_lambda, **params):
    X, y = digits
    net = MIDNeuralNetClassifier(reg_lambda, max_epochs=15, random_state=0, **params)
    return net.fit(X[:300], y[:300])


@pytest.fixture(scope="module", params=["float32", "float64"])
def mid_net(digits, request):
    return _net(digits, 0.02, dtype=request.param)


def _gradient(net, X, column, n_noise_samples=1, seed=0):
    adapter = target_gradient(
        net,
        caller="look",
        method="exact",
        n_noise_samples=n_noise_samples,
        seed=seed,
    )
    return adapter.prepare(X.shape[1], (0, 1)).confidence_and_gradient(X, column)


def test_gradients_equal_finite_differences(digits):
    net = _net(digits, 0, dtype="float64")
    X = digits[0][:3] + 0.01
    confidence, gradient = _gradient(net, X, np.array([0, 2, 3]))
    for x, c, value, g in zip(X, [0, 2, 3], confidence, gradient, strict=True):

        def proba(x, c=c):
            return net.predict_proba(x[None])[0, c]

        assert_allclose(value, proba(x), atol=1e-10)
        assert_allclose(g, approx_fprime(x, proba, 1e-7), atol=1e-5)


def test_gradients_of_a_stochastic_net_are_averaged(digits, mid_net):
    X, column = digits[0][:20], np.zeros(20, dtype=int)
    truth = _gradient(mid_net, X, column, n_noise_samples=2000)[1]
    errors = [
        np.abs(_gradient(mid_net, X, column, n_noise_samples=n, seed=1)[1] - truth)
        for n in (1, 100)
    ]
    assert errors[1].mean() < 0.3 * errors[0].mean()


def test_gradient_inversion_is_recognised(digits, mid_net):
    X, y = digits
    attack = GradientInversionAttack(
        mid_net, learning_rate=1.0, max_iter=60, loss="log", random_state=0
    ).fit(X[300:])
    assert_array_equal(mid_net.predict(attack.reconstruct(LETTERS)), LETTERS)
    assert attack.score(X[:300], y[:300]) >= 0.75


def test_generative_inversion_is_recognised(digits, mid_net):
    attack = GenerativeInversionAttack(
        mid_net, max_iter=30, search_iter=60, n_starts=2, random_state=0
    ).fit(digits[0][300:])
    found = attack.reconstruct(LETTERS)
    assert found.dtype == np.float64
    assert np.mean(mid_net.predict(found) == LETTERS) >= 0.75


@pytest.mark.slow
def test_alignment_loses_to_the_bottleneck_at_no_cost_in_accuracy():
    # Also if the attacker averages many draws, or the noise is the same for all.
    X, y = load_digits(return_X_y=True)
    X /= 16
    accuracies, gains = [], []
    for reg_lambda in (0, 0.2):
        net = MIDNeuralNetClassifier(
            reg_lambda, n_train_samples=8, batch_size=32, random_state=0
        )
        net.fit(X[:700], y[:700])
        accuracies.append(net.score(X[1400:], y[1400:]))
        for n_queries in (12, 1):
            attack = KnowledgeAlignmentAttack(
                net, n_queries=n_queries, max_epochs=40, random_state=0
            ).fit(X[700:1400], y[700:1400])
            gains.append(attack.score(X[:700], y[:700]))
    assert accuracies[1] > accuracies[0] - 0.005
    assert gains[0] > 0.35
    assert gains[2] < 0.25 * gains[0]
    assert gains[3] < 0.5 * gains[0]


def test_updates_leak_from_a_stochastic_net(digits, mid_net):
    X, y = digits
    attack = UpdateLabelAttack(
        mid_net, n_updates=100, n_shadows=2, n_probes=20, max_epochs=20, random_state=0
    ).fit(X[300:650], y[300:650])
    assert attack.infer_proba(mid_net, mid_net).shape == (1, 4)
    assert 0 <= attack.score(X[650:], y[650:]) <= 1


def test_the_code_is_seen_through_a_pipeline(mid_net, digits):
    X = digits[0]
    scaler = StandardScaler().fit(X)
    behind = make_pipeline(scaler, FrozenEstimator(mid_net))
    attack = KnowledgeAlignmentAttack(behind, release="code", max_epochs=1).fit(X)
    expected = mid_net.mean_code(scaler.transform(X[:3]))
    assert_allclose(attack.query(X[:3]), expected)
    head = mid_net.net_.module_.head
    with torch.no_grad():
        logits = head(torch.from_numpy(mid_net.mean_code(X[:3])).to(head.weight))
    path = mid_net.differentiable_logits(torch.from_numpy(X[:3]), n_samples=0)
    assert_allclose(logits, path, rtol=1e-4)


def test_the_mean_path_is_the_net_without_its_noise(mid_net, digits):
    X = torch.from_numpy(digits[0][:6])
    module = mid_net.net_.module_
    with torch.no_grad():
        outputs = module(X.to(module.head.weight))
    logits = mid_net.differentiable_logits(X, n_samples=0)
    assert_allclose(logits, outputs, rtol=1e-6)
    proba = mid_net.differentiable_proba(X, n_samples=0)
    assert_allclose(proba, outputs.softmax(dim=1), rtol=1e-5)
    many = mid_net.differentiable_logits(
        X, n_samples=4000, generator=torch.Generator().manual_seed(0)
    )
    # The head is linear: draws of the logits average to the mean path.
    assert_allclose(many, logits, atol=0.2)


@pytest.mark.parametrize("kind", [GradientInversionAttack, GenerativeInversionAttack])
def test_the_better_of_both_paths_is_kept(digits, kind):
    net = _net(digits, 0.1)
    X = digits[0][300:]
    params = {"random_state": 0, "loss": "logit"}
    if kind is GenerativeInversionAttack:
        params |= {"max_iter": 5, "search_iter": 20, "n_starts": 2}
    else:
        params |= {"max_iter": 30, "threshold": 1.0}
    found = {
        path: kind(net, path=path, **params).fit(X).reconstruct(LETTERS)
        for path in ("draws", "mean", "best")
    }
    columns = np.searchsorted(net.classes_, LETTERS)
    for k in range(4):
        assert any(
            np.array_equal(found["best"][k], found[path][k])
            for path in ("draws", "mean")
        )
    assert not np.array_equal(found["draws"], found["mean"])

    def confidence(X):
        return net.predict_proba(X)[np.arange(4), columns].mean()

    assert confidence(found["best"]) > confidence(X[:4])


def test_without_noise_there_is_one_path(digits):
    attack = GradientInversionAttack(_net(digits, 0), random_state=0).fit(digits[0])
    assert len(attack._lines()) == 1
