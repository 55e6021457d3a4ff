"""DPNeuralNetClassifier: what is clipped, what is noise, what is accounted for."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from torch import nn
from torch.nn import functional as F

from sklearn_mid.neural_network import DPNeuralNetClassifier
from sklearn_mid.neural_network._modules import build_module
from sklearn_mid.neural_network._training import Rows
from sklearn_mid.utils._secret_noise import noise_sources

pytest.importorskip("opacus", reason="OPACUS MISSING: extra dp")
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)


def small(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_epochs": 3, "random_state": 0}
    return DPNeuralNetClassifier(**(defaults | params))


# Accounting ---------------------------------------------------------------------


def spent(history, delta=1e-5):
    from sklearn_mid.neural_network._dp_training import spent_epsilon

    return spent_epsilon(history, delta)


@pytest.mark.parametrize("epsilon", [0.1, 50])
def test_fit_spends_its_budget_and_no_more(blobs, epsilon):
    net = small(epsilon=epsilon, batch_size=50).fit(*blobs)
    assert 0.98 * epsilon < net.epsilon_ <= epsilon
    assert net.noise_multiplier_ > 0


def test_less_budget_means_more_noise():
    from sklearn_mid.neural_network._dp_training import noise_for_epsilon

    noise = [noise_for_epsilon(e, 1e-5, 0.1, 100) for e in (0.5, 1.0, 2.0, 4.0)]
    assert (np.diff(noise) < 0).all()


def test_spent_epsilon_is_that_of_opacus():
    """Up to the orders of the divergence that are tried: each gives an upper bound."""
    from opacus.accountants import RDPAccountant

    accountant = RDPAccountant()
    for _ in range(200):
        accountant.step(noise_multiplier=1.1, sample_rate=0.05)
    expected = accountant.get_epsilon(delta=1e-5)
    assert_allclose(spent([(1.1, 0.05, 200)]), expected, rtol=0.005)


def test_full_batches_spend_what_the_gaussian_mechanism_does():
    """T steps at sampling rate 1: RDP alpha T / (2 sigma^2), optimised over alpha.

    eps = T / (2 sigma^2) + sqrt(2 T ln(1/delta)) / sigma (Mironov 2017); Opacus has
    a conversion that is a little tighter.
    """
    bound = 100 / (2 * 20**2) + np.sqrt(2 * 100 * np.log(1e5)) / 20
    assert 0.8 * bound < spent([(20.0, 1.0, 100)]) < bound


def test_each_further_pass_is_paid_for(blobs):
    net = small(epsilon=2, batch_size=50, max_epochs=10)
    epsilons = [net.partial_fit(*blobs, classes=[0, 1, 2]).epsilon_ for _ in range(11)]
    assert (np.diff(epsilons) > 0).all()
    assert epsilons[9] <= 2 < epsilons[10]
    assert_allclose(epsilons[9], clone(net).fit(*blobs).epsilon_)


def test_noise_multiplier_may_be_given(blobs):
    net = small(epsilon=None, noise_multiplier=0.7, batch_size=50).fit(*blobs)
    assert net.noise_multiplier_ == 0.7
    assert_allclose(net.epsilon_, spent([(0.7, 0.25, 12)]))


# The mechanism ------------------------------------------------------------------


def first_module(net):
    """The net before its training, drawn again from the int that it was drawn from."""
    first = noise_sources(net.random_state, 4, net)[0]
    config = {**net._net_config["module"], "seed": first_seed(first.seed())}
    return build_module(**config)


def first_seed(seed):
    from sklearn_mid.neural_network._base import INITIALISATION
    from sklearn_mid.utils._torch import spawn_seed

    return spawn_seed(seed, INITIALISATION)


def test_without_noise_and_clipping_it_is_a_plain_net(blobs):
    X, y = blobs
    params = {"batch_size": "full", "dtype": "float64", "max_epochs": 20}
    net = small(epsilon=np.inf, max_grad_norm=1e9, **params).fit(X, y)
    assert net.epsilon_ == np.inf
    start = first_module(net)
    optimizer = torch.optim.Adam(start.parameters(), lr=5e-3)
    for _ in range(20):
        optimizer.zero_grad()
        F.cross_entropy(start(torch.tensor(X)), torch.tensor(y)).backward()
        optimizer.step()
    expected = start(torch.tensor(X)).softmax(dim=1).detach()
    assert_allclose(net.predict_proba(X), expected, atol=1e-6)


def _first_step(X, y, noise_multiplier=0.0, **params):
    """Change of the weights by one step of plain gradient descent at rate one."""
    net = small(
        epsilon=None,
        noise_multiplier=noise_multiplier,
        optimizer=torch.optim.SGD,
        learning_rate=1.0,
        batch_size="full",
        max_epochs=1,
        dtype="float64",
        hidden_layer_sizes=(),
        **params,
    ).fit(X, y)
    start = first_module(net)
    weights = zip(net.net_.module_.parameters(), start.parameters(), strict=True)
    return torch.cat([(a - b).detach().flatten() for a, b in weights])


@pytest.mark.parametrize("max_grad_norm", [0.01, 1.0])
def test_no_row_moves_the_weights_further_than_the_clipping_norm(max_grad_norm):
    """Sensitivity: one row more or less moves the sum of gradients by at most C."""
    rng = np.random.RandomState(0)
    X, y = 100 * rng.randn(6, 3), np.arange(6) % 2
    sums = [
        len(rows) * _first_step(rows, labels, max_grad_norm=max_grad_norm)
        for rows, labels in ((X, y), (X[1:], y[1:]))
    ]
    moved = (sums[0] - sums[1]).norm()
    # These gradients are all longer than C, so that the bound is attained.
    assert_allclose(moved, max_grad_norm, rtol=1e-4)


def test_noise_has_the_promised_standard_deviation():
    X, y = np.zeros((10, 4000)), np.arange(10) % 2
    silent = _first_step(X, y, max_grad_norm=0.5)
    noisy = _first_step(X, y, noise_multiplier=3.0, max_grad_norm=0.5)
    # The mean over 10 rows.
    assert_allclose((noisy - silent).std(), 3.0 * 0.5 / 10, rtol=0.03)
    assert abs((noisy - silent).mean()) < 0.01


def poisson_batches(rows, n_batches):
    from sklearn_mid.neural_network._dp_training import PoissonBatches

    return list(PoissonBatches(rows, n_batches, noise_sources(0, 1, None)[0]))


def test_rows_join_batches_independently():
    rows = Rows(torch.arange(1000.0)[:, None], torch.zeros(1000))
    batches = poisson_batches(rows, 20)
    sizes = torch.tensor([float(len(b.X)) for b in batches])
    assert len(batches) == 20
    assert 45 < sizes.mean() < 55
    assert 3 < sizes.std() < 12  # sqrt(50 * 0.95) = 6.9
    counts = torch.cat([b.X for b in batches]).long().flatten().bincount(minlength=1000)
    assert (counts == 0).any()
    assert (counts > 2).any()


def test_an_empty_batch_is_noise_alone():
    rows = Rows(torch.ones((1, 3)), torch.zeros(1))
    weights = [batch.weight for batch in poisson_batches(rows, 50)]
    assert 30 < sum(w is not None and w.item() == 0 for w in weights) <= 50
    # Two rows, two batches: some are empty.
    X, y = np.eye(2), np.arange(2)
    for seed in range(3):
        net = small(epsilon=1, batch_size=1, random_state=seed).fit(X, y)
        assert np.isfinite(net.predict_proba(X)).all()


@pytest.mark.slow
def test_accuracy_grows_with_the_budget(digits):
    X, y, X_test, y_test = digits
    scores = [
        DPNeuralNetClassifier(epsilon, max_epochs=15, random_state=0)
        .fit(X, y)
        .score(X_test, y_test)
        for epsilon in (0.05, 1, 8, np.inf)
    ]
    assert (np.diff(scores) > 0).all()
    assert scores[0] < 0.5
    assert scores[2] > 0.8


# Encoders -----------------------------------------------------------------------


class Normalised(nn.Module):
    def __init__(self, n_features, norm):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, 8), norm(8), nn.ReLU())

    def forward(self, X):
        return self.layers(X)


def batch_norm(n_features):
    return Normalised(n_features, nn.BatchNorm1d)


def layer_norm(n_features):
    return Normalised(n_features, nn.LayerNorm)


def test_batch_norm_is_refused(blobs):
    with pytest.raises(ValueError, match=r"encoder='batch_norm' .* use GroupNorm"):
        small(encoder=batch_norm).fit(*blobs)
    assert small(encoder=layer_norm).fit(*blobs).n_iter_ == 3


def test_conv_is_trained_privately(digits):
    X, y, _, _ = digits
    net = small(encoder="conv", image_shape=(1, 8, 8), batch_size=25, max_epochs=1)
    net.fit(X[:50], y[:50])
    assert net.epsilon_ <= 8
    for parameter in net.net_.module_.parameters():
        assert not hasattr(parameter, "grad_sample")
    assert type(net.net_.module_).__name__ == "PlainModule"


def test_gradients_for_a_white_box_attacker(blobs):
    net = small().fit(*blobs)
    X = torch.tensor(blobs[0][:5], requires_grad=True)
    proba = net.differentiable_proba(X, n_samples=3)
    assert_allclose(proba.detach(), net.predict_proba(blobs[0][:5]), atol=1e-6)
    proba[:, 0].sum().backward()
    assert X.grad.abs().max() > 0


# Bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"epsilon": 0}, r"'epsilon' parameter .* \(0.0, 1000000000.0\], .* \{inf\}"),
        ({"delta": 1.0}, r"'delta' parameter .* \(0.0, 1.0\)"),
        ({"max_grad_norm": 0}, r"'max_grad_norm' parameter"),
        (
            {"epsilon": None},
            r"exactly one of .* got epsilon=None, noise",
        ),
        (
            {"noise_multiplier": 1.0},
            r"exactly one of .* noise_multiplier=1.0",
        ),
        ({"epsilon": 1e-9}, r"epsilon=1e-09 at delta=1e-05 is too small for 6 steps"),
    ],
)
def test_parameters(blobs, params, match):
    with pytest.raises(ValueError, match=match):
        small(**params).fit(*blobs)


def test_first_pass_needs_the_classes(blobs):
    with pytest.raises(ValueError, match="classes=None in the first call"):
        small().partial_fit(*blobs)


def test_interrupted_training_leaves_no_hooks(blobs, monkeypatch):
    from sklearn_mid.neural_network._dp_training import DPNet

    def interrupt(*args, **kwargs):
        raise RuntimeError("stop")

    net = small()
    monkeypatch.setattr(DPNet, "_keep_weights", interrupt)
    with pytest.raises(RuntimeError, match="stop"):
        net.fit(*blobs)
    assert type(net.net_.module_).__name__ == "PlainModule"
    assert type(net.net_.optimizer_) is torch.optim.Adam
    assert_array_equal(net.predict_proba(blobs[0]).shape, (200, 3))
    assert net.epsilon_ > 7  # charged all the same


def test_a_row_without_a_finite_gradient_counts_as_none(blobs):
    """Else the sum would not be finite, and one row would end the training."""
    X, y = blobs
    far = X.copy()
    far[0] = 1e30
    net = small(epsilon=1, batch_size="full").fit(far, y)
    assert net.n_iter_ == 3
    assert all(p.isfinite().all() for p in net.net_.module_.parameters())


def test_callbacks_are_no_parameter():
    """They see what is not private."""
    with pytest.raises(TypeError, match="callbacks"):
        small(callbacks=[])
