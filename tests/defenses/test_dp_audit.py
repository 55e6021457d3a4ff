"""Whether many fits on two neighbouring data sets are told apart better than promised.

The auditor knows both data sets, sees all that the file of a model holds, learns from
half of the fits which way they lean, and is judged on the other half. (epsilon, delta)
allows true positive rates of e^epsilon times the false positive rate plus delta: the
smallest epsilon that is consistent with what the auditor reached, at 99.9% confidence,
must not exceed the promise.
"""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPGaussianNB,
    DPLinearRegression,
    DPLogisticRegression,
    DPRandomForestClassifier,
)
from sklearn_mid.defenses._dp_linear import noisy_sums, noisy_sums_and_penalty
from sklearn_mid.neural_network import DPNeuralNetClassifier
from sklearn_mid.utils._secret_noise import NoiseSource, noise_sources

# So few records that one decides what is learned; the last one is replaced.
X = np.array([[-1.0], [-1.0], [1.0]])
WITH, WITHOUT = np.array([0, 1, 1]), np.array([0, 1, 0])

CASES = {
    "linear, joint": DPLinearRegression(bounds=(-1, 1), target_bounds=(0, 1)),
    "linear, pure": DPLinearRegression(delta=0, bounds=(-1, 1), target_bounds=(0, 1)),
    "linear, adassp": DPLinearRegression(
        bounds=(-1, 1), target_bounds=(0, 1), solver="adassp"
    ),
    "logistic": DPLogisticRegression(bounds=(-1, 1)),
    "naive Bayes": DPGaussianNB(bounds=(-1, 1)),
    "tree": DPDecisionTreeClassifier(bounds=(-1, 1), n_bins=2, max_depth=1),
    "forest": DPRandomForestClassifier(bounds=(-1, 1), n_estimators=1, max_depth=1),
}


def numbers(model):
    """All numbers of a model's file that differ from fit to fit, as a vector."""
    state = pickle.loads(pickle.dumps(model)).__dict__
    found = [
        np.ravel(value)
        for name, value in sorted(state.items())
        if isinstance(value, np.ndarray | float | int)
        and np.asarray(value).dtype.kind in "fiub"
    ]
    values = np.concatenate(found).astype(float)
    # Heavy tails, tamed without forgetting an order.
    return np.sign(values) * np.log1p(np.abs(values))


def audited_epsilon(fits_with, fits_without, delta=0.0):
    """Largest epsilon that can be excluded from below, at 99.9% confidence."""
    half = len(fits_with) // 2
    auditor = make_pipeline(
        PolynomialFeatures(2), StandardScaler(), LogisticRegression(max_iter=2000)
    )
    auditor.fit(
        np.vstack([fits_with[:half], fits_without[:half]]), np.repeat([1, 0], half)
    )
    # Where to cut is learned from the first half, too: the best of both sides.
    train = [
        auditor.decision_function(fits[:half]) for fits in (fits_with, fits_without)
    ]
    test = [
        auditor.decision_function(fits[half:]) for fits in (fits_with, fits_without)
    ]
    best = 0.0
    for sign in (1, -1):
        pair = (train, test) if sign == 1 else (train[::-1], test[::-1])
        (true, false), (true_test, false_test) = (
            [sign * scores for scores in part] for part in pair
        )
        cuts = np.quantile(np.r_[true, false], np.linspace(0.02, 0.98, 49))
        rates = [
            (lower(np.sum(true > c), half, delta, np.sum(false > c)), c) for c in cuts
        ]
        cut = max(rates)[1]
        hits, alarms = np.sum(true_test > cut), np.sum(false_test > cut)
        best = max(best, lower(hits, len(true_test), delta, alarms))
    return best


def lower(hits, n, delta, alarms):
    """ln((TPR - delta) / FPR), both at their limits of Clopper and Pearson."""
    tpr = stats.beta.ppf(0.0005, hits, n - hits + 1) if hits else 0.0
    fpr = stats.beta.ppf(0.9995, alarms + 1, n - alarms) if alarms < n else 1.0
    return float(np.log(max(tpr - delta, 1e-300) / fpr))


def audit(model, n_fits=1500, labels=(WITH, WITHOUT)):
    fits = [np.array([numbers(model.fit(X, y)) for _ in range(n_fits)]) for y in labels]
    return audited_epsilon(*fits, delta=model.delta_)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_no_more_than_promised_is_seen_in_three_thousand_fits(name, request):
    if name == "naive Bayes":
        request.getfixturevalue("diffprivlib")
    assert audit(CASES[name].set_params(epsilon=1.0)) <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_audit_sees_what_is_there(name, request):
    """Else the test above could not fail."""
    if name == "naive Bayes":
        request.getfixturevalue("diffprivlib")
    model = CASES[name].set_params(epsilon=200.0 if "linear" in name else 60.0)
    assert audit(model, n_fits=400) > 1.0


def test_an_audit_of_nothing_finds_nothing():
    rng = np.random.default_rng(0)
    same, shifted = rng.normal(size=(2, 1000, 2))
    assert audited_epsilon(same, shifted) <= 0
    # Two normal distributions at distance mu: its (epsilon, delta) is attained.
    assert 0.5 < audited_epsilon(same + np.array([2, 0]), shifted, delta=0.01) < 3.3


# Linear regression: the mechanism is intercepted, before trimming hides what it told --


@pytest.mark.slow
@pytest.mark.parametrize(
    ("release", "delta"),
    [(noisy_sums, 0.05), (noisy_sums, 0.0), (noisy_sums_and_penalty, 0.05)],
)
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_the_likelihood_ratio_of_the_worst_records_is_as_promised(
    release, delta, epsilon
):
    """Of the pair of records that attains the sensitivity, along its direction."""
    (noise,) = noise_sources(None, 1, None)
    pair = np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)]])
    targets = np.array([1.0, -1.0])
    drawn = []
    for record, target in zip(pair, targets, strict=True):
        Z, y = record[None], np.array([target])
        fits = [release(Z, y, 1.0, epsilon, delta, noise) for _ in range(5000)]
        drawn.append(np.array([np.r_[g[np.triu_indices(2)], m] for g, m, *_ in fits]))
    seen = audited_epsilon(*drawn, delta=delta)
    assert seen <= epsilon
    # Not for nothing: a good part of what is allowed is there.
    assert seen > (0.25 if release is noisy_sums and delta else 0.0) * epsilon


# DP-SGD: each step is intercepted ------------------------------------------------


class Steps:
    """What the optimizer was given, and what it made of it."""

    def __init__(self, monkeypatch):
        from sklearn_mid.neural_network._dp_training import PrivateOptimizer

        self.sums, self.noise = [], []
        add_noise, steps = PrivateOptimizer.add_noise, self

        def recorded(optimizer):
            before = flat(p.summed_grad for p in optimizer.params)
            add_noise(optimizer)
            steps.sums.append(before)
            steps.noise.append(flat(p.grad for p in optimizer.params) - before)

        monkeypatch.setattr(PrivateOptimizer, "add_noise", recorded)


def flat(tensors):
    return np.concatenate([t.detach().numpy().ravel() for t in tensors]).astype(float)


@pytest.fixture
def first_weights_known(monkeypatch):
    """As the promise takes them: they are no secret."""
    pytest.importorskip("opacus")
    monkeypatch.setattr(NoiseSource, "seed", lambda self: 0)


@pytest.mark.slow
def test_each_step_gets_fresh_noise_of_the_accounted_size(monkeypatch):
    pytest.importorskip("opacus")
    steps = Steps(monkeypatch)
    rng = np.random.default_rng(0)
    records, labels = rng.normal(size=(300, 20)), rng.integers(2, size=300)
    net = DPNeuralNetClassifier(
        2.0, hidden_layer_sizes=(40,), batch_size=100, max_epochs=20, max_grad_norm=0.3
    ).fit(records, labels)
    ((multiplier, rate, n_steps),) = net._accounted
    assert (rate, n_steps, len(steps.noise)) == (1 / 3, 60, 60)
    noise = np.array(steps.noise) / (multiplier * 0.3)
    n = noise.size
    assert abs(noise.mean()) < 4 / np.sqrt(n)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / n)
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-4
    # No step repeats another, nor goes with what it hides.
    between = np.corrcoef(noise) - np.eye(len(noise))
    assert np.abs(between).max() < 6 / np.sqrt(noise.shape[1])
    hidden = [
        abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(noise, steps.sums, strict=True)
    ]
    assert max(hidden) < 6 / np.sqrt(noise.shape[1])


@pytest.mark.slow
def test_one_row_moves_no_sum_further_than_the_clipping_norm(monkeypatch):
    """Of 200 rows at various weights, each alone in its batch."""
    pytest.importorskip("opacus")
    steps = Steps(monkeypatch)
    rng = np.random.default_rng(0)
    for scale in (0.01, 1.0, 1e4):
        for _ in range(20):
            row = scale * rng.normal(size=(1, 5))
            net = DPNeuralNetClassifier(
                None, noise_multiplier=1.0, hidden_layer_sizes=(8,), batch_size="full"
            ).set_params(max_epochs=3, max_grad_norm=0.5)
            net.partial_fit(row, [1], classes=[0, 1])
    lengths = np.linalg.norm(steps.sums, axis=1)
    assert lengths.max() <= 0.5 * (1 + 1e-6)
    assert lengths.max() > 0.49


@pytest.mark.slow
def test_dp_sgd_shows_no_more_than_promised(first_weights_known):
    """One row more or less, weights known before the only step: two thousand nets."""
    records, labels = np.array([[1.0], [-1.0], [1.0]]), np.array([0, 1, 1])

    def weights(rows, multiplier):
        net = DPNeuralNetClassifier(
            None, noise_multiplier=multiplier, delta=0.01, hidden_layer_sizes=()
        ).set_params(batch_size="full", max_epochs=1, optimizer="sgd")
        net.set_params(max_grad_norm=0.1).fit(records[:rows], labels[:rows])
        return flat(net.net_.module_.parameters()), net.epsilon_

    for multiplier, low in ((1.0, 0.0), (0.3, 1.0)):
        fits = [[weights(rows, multiplier) for _ in range(1000)] for rows in (3, 2)]
        promised = fits[0][0][1]
        seen = audited_epsilon(
            *(np.array([f for f, _ in of_rows]) for of_rows in fits), delta=0.01
        )
        assert low <= seen <= promised


def test_no_number_of_the_file_draws_the_noise_again():
    """Replay: every number that the model holds, tried as a seed."""
    pytest.importorskip("opacus")
    net = DPNeuralNetClassifier(
        1.0, hidden_layer_sizes=(), max_epochs=1, batch_size="full"
    ).fit(X, WITH)
    released = flat(net.net_.module_.parameters())

    def ints(value):
        if isinstance(value, dict):
            value = [*value.values()]
        if isinstance(value, list | tuple):
            for part in value:
                yield from ints(part)
        elif isinstance(value, np.ndarray | int | float):
            yield from (int(v) for v in np.ravel(value) if 0 <= v < 2**32)

    for seed in {*ints(net.__getstate__()), 0, 1}:
        with pytest.warns(UserWarning, match="random_state"):
            again = (
                DPNeuralNetClassifier(
                    1.0, hidden_layer_sizes=(), max_epochs=1, batch_size="full"
                )
                .set_params(random_state=seed)
                .fit(X, WITH)
            )
        assert np.abs(flat(again.net_.module_.parameters()) - released).max() > 1e-9
