"""MIDNeuralNetClassifier: the limits of lambda, and what its parameters promise."""

import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from torch import nn
from torch.nn import functional as F

from sklearn_mid.neural_network import MIDNeuralNetClassifier
from sklearn_mid.neural_network._modules import build_module


def small(reg_lambda=0.1, **params):
    defaults = {"hidden_layer_sizes": (16,), "max_epochs": 15, "random_state": 0}
    return MIDNeuralNetClassifier(reg_lambda, **(defaults | params))


# Lambda -------------------------------------------------------------------------


def test_without_lambda_it_is_a_plain_net(blobs):
    X, y = blobs
    params = {
        "batch_size": "full",
        "dtype": "float64",
        "max_epochs": 50,
        "learning_rate": 0.01,
    }
    trained = small(0, **params).fit(X, y)
    start = build_module(**trained._net_config["module"])
    plain = nn.Sequential(
        *(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 8), nn.Linear(8, 3))
    ).double()
    plain.load_state_dict(
        dict(zip(plain.state_dict(), start.state_dict().values(), strict=True))
    )
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01)
    for _ in range(50):
        optimizer.zero_grad()
        F.cross_entropy(plain(torch.tensor(X)), torch.tensor(y)).backward()
        optimizer.step()
    expected = plain(torch.tensor(X)).softmax(dim=1).detach()
    assert_allclose(trained.predict_proba(X), expected, atol=1e-9)
    assert trained.mutual_information_ == np.inf


def test_without_lambda_releases_carry_no_noise(blobs):
    net = small(0).fit(*blobs)
    releases = net.sample_proba(blobs[0], n_samples=2, random_state=0)
    assert_array_equal(releases[0], releases[1])
    assert_array_equal(releases[0], net.predict_proba(blobs[0]))


def test_tiny_lambda_ends_near_the_undefended_net(blobs):
    X, y = blobs
    undefended, tiny = (small(lam, max_epochs=50).fit(X, y) for lam in (0, 1e-9))
    assert abs(undefended.score(X, y) - tiny.score(X, y)) < 0.03


@pytest.mark.parametrize("encoder", ["mlp", "conv"])
def test_infinite_lambda_lets_nothing_through(encoder):
    X = np.random.default_rng(0).random((60, 16))
    y = np.repeat(["a", "b"], [45, 15])
    shape = (1, 4, 4) if encoder == "conv" else None
    net = small(
        np.inf, encoder=encoder, image_shape=shape, learning_rate=0.02, max_epochs=60
    )
    proba = net.fit(X, y).predict_proba(X)
    assert net.mutual_information_ == 0
    assert [entry["rate"] for entry in net.history_] == [0] * 60
    assert_array_equal(proba, np.broadcast_to(proba[0], proba.shape))
    assert_allclose(proba[0], [0.75, 0.25], atol=0.05)
    # One release, with the same noise for other inputs, is the same as well.
    releases = [net.sample_proba(Z, random_state=0) for Z in (X, 1 - X)]
    assert_array_equal(*releases)
    assert not torch.autograd.grad(
        net.differentiable_proba(Z := torch.rand(3, 16, requires_grad=True))[0, 0], Z
    )[0].any()


def test_infinite_lambda_is_no_warm_start(blobs):
    net = small(0.1, warm_start=True).fit(*blobs)
    with pytest.raises(ValueError, match="bottleneck from 'stochastic' to 'closed'"):
        net.set_params(reg_lambda=np.inf).fit(*blobs)


def test_large_lambda_gives_the_class_prior():
    rng = np.random.RandomState(0)
    y = np.repeat(["a", "b"], [60, 180])
    X = rng.randn(240, 3) + 3 * (y == "a")[:, None]
    net = small(1e3, max_epochs=200).fit(X, y)
    assert_allclose(net.predict_proba(X), np.full((240, 2), [0.25, 0.75]), atol=0.03)
    assert np.ptp(net.predict_proba(X), axis=0).max() < 0.02
    assert net.mutual_information_ < 0.01


def test_information_falls_along_lambda(digits):
    """To a tolerance of 2%: training is stochastic, and its minimum local."""
    X, y, _, _ = digits
    grid = [0, 1e-3, 0.1, 10, np.inf]
    rates = [
        small(lam, learning_rate=0.01, max_epochs=40).fit(X, y).mutual_information_
        for lam in grid
    ]
    assert rates[0] == np.inf
    assert (np.diff(rates) <= 0.02 * np.array(rates[1:])).all()
    assert rates[-2] < 0.05


@pytest.mark.slow
def test_digits_are_read_as_well_as_without_defence(digits):
    from sklearn.model_selection import train_test_split

    X, y = (np.concatenate([digits[i], digits[i + 2]]) for i in (0, 1))
    accuracy = {0: [], 0.01: [], 0.1: []}
    for seed in range(5):
        split = train_test_split(X, y, stratify=y, random_state=seed)
        for lam, scores in accuracy.items():
            net = MIDNeuralNetClassifier(lam, random_state=seed)
            scores.append(net.fit(split[0], split[2]).score(split[1], split[3]))
    mean = {lam: np.mean(scores) for lam, scores in accuracy.items()}
    assert mean[0.01] > mean[0] - 0.005
    assert mean[0.1] > mean[0] - 0.005


# Input and output ---------------------------------------------------------------


@pytest.mark.parametrize("names", [[0, 1, 2], [3, 1, 2], ["c", "a", "b"]])
def test_labels_may_be_anything(blobs, names):
    X, y = blobs
    plain = small().fit(X, np.sort(names)[y])
    permuted = small().fit(X, np.array(names)[y])
    assert_array_equal(plain.classes_, np.sort(names))
    assert_array_equal(permuted.classes_, np.sort(names))
    assert permuted.score(X, np.array(names)[y]) > 0.8
    assert set(permuted.predict(X)) <= set(names)


def test_number_types_and_containers_do_not_matter(blobs):
    X, y = blobs
    X = X.astype(np.float32)
    frame = pd.DataFrame(X, columns=list("abcd"))
    expected = small().fit(X, y).predict_proba(X)
    for X_same, y_same in [
        (X.astype(np.float64), y.astype(np.int32)),
        (np.asfortranarray(X), y.tolist()),
        (frame, pd.Series(y, index=np.arange(len(y))[::-1])),
    ]:
        net = small().fit(X_same, y_same)
        assert_array_equal(net.predict_proba(X_same), expected)
    assert_array_equal(net.feature_names_in_, list("abcd"))
    with pytest.raises(ValueError, match="feature names should match"):
        net.predict(frame[["b", "a", "c", "d"]])


def test_nothing_of_the_caller_is_edited(blobs):
    class InPlace(nn.Module):
        def __init__(self, n_features):
            super().__init__()
            self.layer = nn.Linear(n_features, 4)

        def forward(self, X):
            return self.layer(X.mul_(2))

    X = blobs[0].astype(np.float32)
    kept, callbacks = X.copy(), [EarlyStopping(monitor="train_loss")]
    sizes, shape, weight = [16], [1, 2, 2], np.ones(len(X))
    before = dict(vars(callbacks[0]))
    net = small(
        encoder=InPlace,
        batch_size="full",
        hidden_layer_sizes=sizes,
        callbacks=callbacks,
    )
    net.fit(X, blobs[1], sample_weight=weight).predict_proba(X)
    pixels = (X - X.min()) / np.ptp(X)
    small(image_shape=shape).fit(pixels, blobs[1])
    assert_array_equal(X, kept)
    assert_array_equal(weight, 1)
    assert (sizes, shape) == ([16], [1, 2, 2])
    assert vars(callbacks[0]) == before


def test_class_weight_is_a_sample_weight(blobs):
    X, y = blobs
    weights = {0: 1.0, 1: 5.0, 2: 0.5}
    by_class = small(class_weight=weights).fit(X, y)
    by_sample = small().fit(X, y, sample_weight=[weights[label] for label in y])
    assert_array_equal(by_class.predict_proba(X), by_sample.predict_proba(X))
    only_zero = small(max_epochs=100).fit(X, y, sample_weight=y == 0)
    assert (only_zero.predict(X) == 0).all()


def test_weights_count_by_their_ratios(blobs):
    X, y = blobs
    weight = np.random.RandomState(0).rand(len(y))
    first = small().fit(X, y, sample_weight=weight).predict_proba(X)
    second = small().fit(X, y, sample_weight=1024 * weight).predict_proba(X)
    assert_allclose(first, second, atol=1e-6)


# Releases -----------------------------------------------------------------------


def test_releases_average_to_the_prediction_of_many_draws(blobs):
    X, y = blobs
    net = small(0.3, n_predict_samples=4000).fit(X, y)
    releases = net.sample_proba(X[:20], n_samples=4000, random_state=1)
    assert releases.shape == (4000, 20, 3)
    assert_allclose(releases.sum(axis=2), 1)
    assert releases.std(axis=0).max() > 0.05
    assert_allclose(releases.mean(axis=0), net.predict_proba(X[:20]), atol=0.03)
    twins = net.sample_proba(np.repeat(X[:1], 2, axis=0), random_state=0)[0]
    assert np.abs(twins[0] - twins[1]).max() > 1e-4


def test_releases_repeat_with_their_seed(blobs):
    net = small().fit(*blobs)
    first, second, other = (
        net.sample_proba(blobs[0], random_state=seed) for seed in (0, 0, 1)
    )
    assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-4


def test_differentiable_proba_has_the_gradients_of_the_prediction(blobs):
    net = small(0, dtype="float64", activation="tanh").fit(*blobs)
    X = torch.tensor(blobs[0][:5], requires_grad=True)
    proba = net.differentiable_proba(X)
    assert_allclose(proba.detach(), net.predict_proba(blobs[0][:5]), atol=1e-12)
    proba[:, 1].sum().backward()
    for j in range(4):
        step = 1e-6 * np.eye(4)[j]
        up, down = (net.predict_proba(blobs[0][:5] + s)[:, 1] for s in (step, -step))
        assert_allclose(X.grad[:, j], (up - down) / 2e-6, atol=1e-7)


def test_differentiable_proba_leaves_the_net_alone_and_averages_draws(blobs):
    net = small(0.3, n_predict_samples=4000).fit(*blobs)
    net.net_.module_.zero_grad()
    X = torch.tensor(blobs[0][:10], requires_grad=True)  # float64, the net is float32
    generator = torch.Generator().manual_seed(0)
    proba = net.differentiable_proba(X, n_samples=4000, generator=generator)
    assert_allclose(proba.detach(), net.predict_proba(blobs[0][:10]), atol=0.03)
    proba[:, 0].sum().backward()
    assert X.grad.abs().max() > 0
    assert all(p.grad is None for p in net.net_.module_.parameters())
    # Without a generator every call draws anew.
    assert not torch.equal(*(net.differentiable_proba(X) for _ in range(2)))


# Training -----------------------------------------------------------------------


def test_history_adds_up(blobs):
    net = small(0.3).fit(*blobs)
    history = pd.DataFrame(net.history_)
    assert_array_equal(history["epoch"], np.arange(1, 16))
    assert_allclose(history["loss"], history["distortion"] + 0.3 * history["rate"])
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert net.n_iter_ == 15
    assert abs(net.mutual_information_ - history["rate"].iloc[-1]) < 0.3


def test_more_training_draws_leave_the_loss_unbiased(blobs):
    """The first epochs' average loss at a negligible step is that of one draw."""
    losses = [
        pd.DataFrame(
            small(1, learning_rate=1e-12, n_train_samples=n).fit(*blobs).history_
        )["loss"]
        for n in (1, 8)
    ]
    losses = np.mean(losses, axis=1)
    assert_allclose(losses[0], losses[1], rtol=1e-3)


def test_early_stopping_keeps_the_best_weights():
    rng = np.random.RandomState(0)
    X, y = rng.randn(200, 10), rng.randint(2, size=200)  # nothing to learn
    net = small(
        0, learning_rate=0.02, max_epochs=200, early_stopping=True, n_iter_no_change=5
    )
    net.fit(X, y)
    losses = [e["valid_loss"] for e in net.history_]
    assert net.n_iter_ < 200
    assert np.argmin(losses) == len(losses) - 6
    shorter = clone(net).set_params(max_epochs=len(losses) - 5).fit(X, y)
    assert_array_equal(shorter.predict_proba(X), net.predict_proba(X))


def test_callbacks_of_skorch_act_on_the_net(blobs):
    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            self.n_epochs_ = getattr(self, "n_epochs_", 0) + 1

        def on_batch_end(self, net, batch, training, **kwargs):
            self.n_rows_ = getattr(self, "n_rows_", 0) + len(batch.X)
            assert training

    constant = small().fit(*blobs)
    callbacks = [("count", Count()), LRScheduler("ExponentialLR", gamma=0.5)]
    decayed = small(callbacks=callbacks).fit(*blobs)
    count = dict(decayed.net_.callbacks_)["count"]
    assert (count.n_epochs_, count.n_rows_) == (15, 15 * len(blobs[0]))
    assert_allclose(decayed.net_.optimizer_.param_groups[0]["lr"], 5e-3 * 0.5**15)
    assert constant.net_.optimizer_.param_groups[0]["lr"] == 5e-3
    stopping = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0)
    assert small(callbacks=[stopping]).fit(*blobs).n_iter_ == 3


def test_ctrl_c_is_not_swallowed(blobs):
    class Interrupt(Callback):
        def on_batch_end(self, net, **kwargs):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(callbacks=[Interrupt()]).fit(*blobs)


@pytest.mark.parametrize(
    ("optimizer", "params"),
    [
        ("sgd", {}),
        (torch.optim.RMSprop, {}),
        (partial(torch.optim.Adam, betas=(0.8, 0.9)), {"weight_decay": 1e-4}),
        # Asks for the loss several times a step.
        (
            torch.optim.LBFGS,
            {"reg_lambda": 0, "learning_rate": 1.0, "batch_size": "full"},
        ),
    ],
)
def test_optimizers(blobs, optimizer, params):
    net = small(optimizer=optimizer, learning_rate=0.01, max_epochs=40).set_params(
        **params
    )
    assert net.fit(*blobs).score(*blobs) > 0.8


def test_weight_decay_shrinks_the_weights(blobs):
    nets = [small(0, weight_decay=decay).fit(*blobs) for decay in (0, 0.1)]
    norms = [
        sum(p.square().sum().item() for p in net.net_.module_.parameters())
        for net in nets
    ]
    assert norms[1] < norms[0]


def test_warm_start_goes_on(blobs):
    X, y = blobs
    twice = small(warm_start=True, max_epochs=5).fit(X, y)
    before = twice.score(X, y)
    twice.set_params(reg_lambda=1e3, max_epochs=100).fit(X, y)
    assert twice.n_iter_ == 105
    assert [e["epoch"] for e in twice.history_] == list(range(1, 106))
    assert twice.mutual_information_ < 0.5
    assert twice.score(X, y) < before
    with pytest.raises(ValueError, match=r"warm_start.*bottleneck from 'stochastic'"):
        twice.set_params(reg_lambda=0).fit(X, y)
    with pytest.raises(ValueError, match=r"labels \[7\].*classes \[0, 1, 2\]"):
        twice.set_params(reg_lambda=1).fit(X[:2], [7, 0])


def test_partial_fit_learns_by_passes(blobs):
    X, y = blobs
    net = small(0.01).partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert net.predict_proba(X).shape == (200, 3)
    for _ in range(30):
        net.partial_fit(X, y)
    assert net.n_iter_ == 31
    assert net.score(X, y) > 0.8
    one_by_one = small(0.01).partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    assert np.isfinite(one_by_one.predict_proba(X)).all()


def test_partial_fit_after_fit_moves_little(blobs):
    X, y = blobs
    net = small(0.01, max_epochs=50).fit(X, y)
    before = net.predict_proba(X)
    net.partial_fit(X[:1], y[:1])
    change = np.abs(net.predict_proba(X) - before).max()
    assert 0 < change < 0.2


def test_partial_fit_refuses(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="classes=None in the first call"):
        small().partial_fit(X, y)
    with pytest.raises(ValueError, match="class_weight='balanced' needs"):
        small(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"labels \[5\]"):
        small().partial_fit(X, np.full(200, 5), classes=[0, 1, 2])


def test_progress_is_shown_only_when_asked(blobs, capsys):
    small().fit(*blobs)
    assert capsys.readouterr() == ("", "")
    small(verbose=1).fit(*blobs)
    err = capsys.readouterr().err
    assert "MIDNeuralNetClassifier" in err
    assert "15/15" in err


def test_grid_search_over_lambda_in_a_pipeline(blobs):
    pipeline = make_pipeline(StandardScaler(), small(max_epochs=30))
    grid = {"midneuralnetclassifier__reg_lambda": [0.01, 1e3]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*blobs)
    assert search.best_params_ == {"midneuralnetclassifier__reg_lambda": 0.01}
    assert search.best_score_ > 0.8


def test_metadata_routing_may_be_on(blobs):
    X, y = blobs
    with config_context(enable_metadata_routing=True):
        net = small().fit(X, y, sample_weight=np.ones(len(y)))
    assert_array_equal(net.predict_proba(X), small().fit(X, y).predict_proba(X))


def test_batches_leave_no_records(blobs):
    net = small(batch_size=10).fit(*blobs)
    assert [len(epoch["batches"]) for epoch in net.net_.history] == [0] * 15


def test_clone_does_not_copy_what_was_learned(blobs):
    copy = clone(small(0.5, callbacks=[]).fit(*blobs))
    assert copy.reg_lambda == 0.5
    assert not hasattr(copy, "net_")


def test_one_class_and_one_row_are_enough():
    net = small().fit([[1.0, 2.0]], ["only"])
    assert_array_equal(net.predict([[0.0, 0.0]]), ["only"])
    assert_array_equal(net.predict_proba([[0.0, 0.0]]), [[1.0]])


def test_no_warnings_in_an_ordinary_fit(blobs):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small(early_stopping=True).fit(*blobs).predict(blobs[0])


class _WatchesBatches(Callback):
    def on_batch_end(self, net, **kwargs):
        self.seen = getattr(self, "seen", 0) + 1


def test_who_watches_batches_changes_nothing(blobs):
    X, y = blobs
    watched = small(0.1, callbacks=[_WatchesBatches()], early_stopping=True).fit(X, y)
    unwatched = small(0.1, early_stopping=True).fit(X, y)
    assert watched.net_.callbacks_[-1][1].seen > 0
    assert_array_equal(watched.predict_proba(X), unwatched.predict_proba(X))
    for name in ("loss", "distortion", "rate", "valid_loss"):
        assert_allclose(
            [epoch[name] for epoch in watched.history_],
            [epoch[name] for epoch in unwatched.history_],
            rtol=1e-12,
        )


def test_weights_changed_by_hand_are_predicted_with(blobs):
    X, y = blobs
    net = small(0.1).fit(X, y)
    before = net.predict_proba(X)
    with torch.no_grad():
        net.net_.module_.head.bias[0] += 5
    after = net.predict_proba(X)
    assert (after[:, 0] > before[:, 0]).all()


def test_few_rows_are_answered_as_among_many(blobs):
    X, y = blobs
    net = small(0.1).fit(X, y)
    many = net.predict_proba(np.tile(X, (5, 1)))[: len(X)]
    one_by_one = np.vstack([net.predict_proba(x[None]) for x in X[:10]])
    assert_allclose(one_by_one, many[:10], rtol=1e-12)


# Given the label ---------------------------------------------------------------


def test_conditional_rate_is_exact_where_the_marginals_are_gaussian():
    # X | Y = k ~ N(m_k, t^2) and Z = a X + s E with a^2 t^2 + s^2 = 1, so that Z given
    # the label is N(a m_k, 1), and I(X; Z | Y) = 1/2 ln(1 + a^2 t^2 / s^2) = -ln s.
    rng = np.random.default_rng(0)
    a, t, s = 0.4, 2.0, 0.6
    means = np.array([-3.0, 0.0, 5.0])
    y = rng.integers(3, size=400_000)
    X = torch.from_numpy(means[y] + t * rng.normal(size=len(y)))[:, None]
    module = build_module(
        "conditional",
        latent_dim=1,
        n_outputs=3,
        seed=0,
        dtype="float64",
        encoder="mlp",
        input_shape=(1,),
        hidden_layer_sizes=(),
        activation="identity",
    )
    labels = torch.from_numpy(y)
    sigma = torch.full_like(X, s)

    def rate(means):
        with torch.no_grad():
            module.label_means.copy_(torch.from_numpy(means)[:, None])
            return float(module.rate(a * X, sigma, labels).mean())

    assert_allclose(rate(a * means), -np.log(s), rtol=5e-3)
    # Any other means are no better, and the plain bottleneck pays for the label too.
    assert rate(a * means + 0.1) > rate(a * means)
    assert rate(0 * means) > rate(a * means) + 0.5


@pytest.mark.slow
def test_price_given_the_label_leaves_the_label(digits):
    X, y, X_test, y_test = digits
    params = {"hidden_layer_sizes": (128,), "max_epochs": 30}
    plain = small(5.0, **params).fit(X, y)
    given = small(5.0, given_label=True, **params).fit(X, y)
    assert plain.score(X_test, y_test) < 0.3
    assert given.score(X_test, y_test) > 0.85
    # I(X; Z) <= I(X; Z | Y) + H(Y)
    assert_allclose(
        given.mutual_information_ - given.information_given_label_,
        np.log(10),
        atol=1e-3,
    )
    assert given.information_given_label_ < 2
    loose = small(0.01, given_label=True, **params).fit(X, y)
    assert loose.information_given_label_ > 2 * given.information_given_label_


def test_given_label_without_a_price_is_the_undefended_net(blobs):
    X, y = blobs
    nets = [small(0, given_label=given).fit(X, y) for given in (False, True)]
    assert_array_equal(*(net.predict_proba(X) for net in nets))
    assert nets[1].information_given_label_ == np.inf
    with pytest.raises(ValueError, match="reg_lambda must be finite with given_label"):
        small(np.inf, given_label=True).fit(X, y)
