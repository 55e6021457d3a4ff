import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier

from sklearn_mid.attacks import (
    FrequentLabelBaseline,
    UpdateLabelAttack,
    UpdateReconstructionAttack,
)
from sklearn_mid.attacks._shadow import unfitted_like
from sklearn_mid.attacks._update_summaries import SummaryClassifier, log_odds_scores
from sklearn_mid.exceptions import UnsupportedTargetError

torch = pytest.importorskip("torch")

LETTERS = np.array(list("dbca"))


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return X / 16, LETTERS[y]


@pytest.fixture(scope="module")
def target(digits):
    X, y = digits
    model = SGDClassifier(loss="log_loss", alpha=0.05, random_state=0)
    return FrozenEstimator(model.fit(X[:200], y[:200]))


def _attack(target, kind=UpdateLabelAttack, **params):
    defaults = {
        "n_updates": 200,
        "n_shadows": 2,
        "n_probes": 10,
        "max_epochs": 30,
        "random_state": 0,
    }
    return kind(target, **(defaults | params))


@pytest.mark.parametrize(
    ("model", "reach"),
    [
        (SGDClassifier(loss="log_loss", alpha=0.05, random_state=0), 0.9),
        (GaussianNB(var_smoothing=0.1), 0.4),
        (MLPClassifier((16,), max_iter=30, random_state=0), 0.4),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_labels_of_single_updates(digits, model, reach):
    X, y = digits
    target = model.fit(X[:200], y[:200])
    attack = _attack(target).fit(X[200:600], y[200:600])
    assert attack.score(X[600:660], y[600:660]) >= reach  # guessing gives 0.25


@pytest.mark.parametrize(("rule", "reach"), [("summaries", 0.95), ("log-odds", 0.9)])
def test_rules_that_need_no_network(digits, target, rule, reach):
    X, y = digits
    attack = _attack(target, rule=rule).fit(X[200:600], y[200:600])
    assert attack.score(X[600:660], y[600:660]) >= reach
    assert not hasattr(attack, "network_")
    assert len(attack.shadows_) == (2 if rule == "summaries" else 0)


def test_the_class_that_gained_most():
    before = np.full((1, 2, 3), 1 / 3)
    after = np.array([[[0.2, 0.5, 0.3], [0.3, 0.3, 0.4]], [[1 / 3] * 3] * 2])
    # Log-odds are log(p / (1 - p)): -log 4, 0, -log 7/3; then -log 7/3 twice, -log 3/2.
    gains = np.log([[1 / 4, 1, 3 / 7], [3 / 7, 3 / 7, 2 / 3]]) + np.log(2)
    expected = gains.mean(axis=0) / np.abs(gains.mean(axis=0)).max()
    scores = log_odds_scores(before, after)
    assert_allclose(scores[0], expected)
    assert_allclose(scores[1], 0, atol=1e-12)  # nothing happened


def test_summaries_of_a_change_that_is_all_of_one_class():
    # Two classes, two probes of the first and none of the second.
    before = np.full((1, 2, 2), 0.5)
    after = before + np.array([[[0.1, -0.1], [0.1, -0.1]], [[-0.1, 0.1], [-0.1, 0.1]]])
    shares = np.array([[1.0, 0.0], [0.0, 1.0]])
    reader = SummaryClassifier(np.array([0, 0]), 2).fit([(before, after)], shares)
    summary = reader._summaries(before, after)[0, :10]
    gained, lost, spread, own, size = summary.reshape(5, 2)
    assert_allclose(gained, [1, 0])
    assert_allclose(lost, [0, -1])
    assert_allclose(spread, 0, atol=1e-12)
    assert_allclose(own, [1, 0])
    assert_allclose(size, [1, 0])
    assert_array_equal(reader.proba(before, after).argmax(axis=1), [0, 1])


class Counting:
    """Answers with the labels it was last updated with: nothing is hidden."""

    n_features_in_ = 3
    classes_ = np.array([0, 1, 2])

    def __init__(self):
        self.answer = np.full(3, 1 / 3)

    def get_params(self, deep=True):
        return {}

    def set_params(self):
        return self

    def fit(self, X, y):
        return self

    def partial_fit(self, X, y):
        self.answer = 0.9 * self.answer + 0.1 * np.bincount(y, minlength=3) / len(y)
        self.record = X[0]
        return self

    def predict_proba(self, X):
        return np.tile(self.answer, (len(X), 1))


@pytest.fixture
def open_data():
    rng = np.random.default_rng(0)
    return rng.random((400, 3)), rng.integers(3, size=400)


@pytest.mark.parametrize(
    ("rule", "error", "left"), [("network", 0.06, 0.2), ("summaries", 0.08, 0.4)]
)
def test_shares_of_labels_in_a_larger_update(open_data, rule, error, left):
    X, y = open_data
    attack = _attack(Counting(), update_size=5, rule=rule, n_updates=400, max_epochs=60)
    attack.fit(X[:300], y[:300])
    updates = y[300:].reshape(20, 5)
    after = attack.simulate(X[300:].reshape(20, 5, 3), updates)
    truth = (updates[:, :, None] == np.arange(3)).mean(axis=1)
    found = attack.infer_proba(Counting(), after)
    assert_allclose(found.sum(axis=1), 1)
    # The length of a difference is given up, so that the shares are not exact.
    assert np.abs(found - truth).mean() < error
    divergence = -attack.score(X[300:], y[300:])
    prior = np.bincount(y[:300]) / 300
    with np.errstate(divide="ignore", invalid="ignore"):
        of_prior = np.nansum(truth * np.log(truth / prior), axis=1).mean()
    baseline = attack.baseline().fit(X[:300], y[:300])
    assert_allclose(-baseline.score(X[300:], y[300:]), of_prior)
    assert 0 <= divergence < left * of_prior
    with pytest.raises(ValueError, match="update_size=5 records has no single label"):
        attack.infer(Counting(), after)


def test_records_are_reconstructed():
    class Revealing(Counting):
        def predict_proba(self, X):
            shown = getattr(self, "record", np.full(3, 0.5))
            return np.tile((1 + shown) / (3 + shown.sum()), (len(X), 1))

    rng = np.random.default_rng(0)
    X, y = rng.random((600, 3)), rng.integers(3, size=600)
    attack = _attack(Revealing(), UpdateReconstructionAttack, n_updates=600, n_probes=1)
    attack.set_params(max_epochs=60).fit(X[:500], y[:500])
    found = attack.reconstruct(
        Revealing(), attack.simulate(X[500:, None], y[500:, None])
    )
    assert found.shape == (100, 3)
    assert found.min() >= 0
    assert found.max() <= 1
    assert attack.score(X[500:], y[500:]) > 0.3


def test_the_frequent_label_is_the_guess_without_a_model(open_data):
    X, y = open_data
    baseline = FrequentLabelBaseline().fit(X[:300], y[:300])
    frequent = np.bincount(y[:300]).argmax()
    assert baseline.score(X[300:], y[300:]) == np.mean(y[300:] == frequent)
    assert repr(_attack(Counting()).baseline()) == repr(baseline.baseline())


def test_a_model_that_answers_labels_alike_tells_nothing(open_data):
    class Silent(Counting):
        def predict_proba(self, X):
            return np.full((len(X), 3), 1 / 3)

    X, y = open_data
    attack = _attack(Silent()).fit(X[:300], y[:300])
    found = attack.infer_proba(Silent(), Silent())
    assert_allclose(found, [np.bincount(y[:300]) / 300], atol=0.1)


def test_snapshots_may_be_models_or_answers(digits, target):
    X, y = digits
    attack = _attack(target).fit(X[200:600], y[200:600])
    models = [
        copy.deepcopy(target.estimator).partial_fit(X[k : k + 1], y[k : k + 1])
        for k in (600, 601, 602)
    ]
    after = np.stack([model.predict_proba(attack.probes_) for model in models])
    before = target.predict_proba(attack.probes_)
    expected = attack.infer_proba(target, models)
    assert_allclose(attack.infer_proba(before, after), expected, rtol=1e-4)
    assert_allclose(attack.infer_proba([before] * 3, after), expected, rtol=1e-4)
    assert_allclose(attack.infer_proba(target, models[1]), expected[1:2], rtol=1e-4)
    assert_array_equal(
        attack.infer(target, models), attack.classes_[expected.argmax(axis=1)]
    )
    simulated = attack.simulate(X[600:603, None], y[600:603, None])
    assert_allclose(simulated, after)


def test_the_target_is_not_changed(digits, target):
    X, y = digits
    before = target.predict_proba(X)
    _attack(target).fit(X[200:600], y[200:600]).score(X[600:620], y[600:620])
    assert_array_equal(target.predict_proba(X), before)


def test_same_seed_same_attack_and_no_global_draws(digits, target):
    X, y = digits
    state = torch.get_rng_state()
    attack = _attack(target, random_state=3)
    first = attack.fit(X[200:600], y[200:600]).infer_proba(target, target)
    again = clone(attack).fit(X[200:600], y[200:600]).infer_proba(target, target)
    assert_array_equal(first, again)
    assert torch.equal(state, torch.get_rng_state())


def test_shadows_share_neither_weights_nor_seed_with_the_target(digits):
    from sklearn_mid.defenses import ConfidenceNoise

    X, y = digits
    inner = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
    wrapped = ConfidenceNoise(FrozenEstimator(inner), random_state=0).fit(X, y)
    shadow = unfitted_like(FrozenEstimator(wrapped), 7)
    assert not hasattr(shadow.estimator, "coef_")
    assert shadow.random_state == shadow.estimator.random_state == 7
    assert inner.random_state == 0


def test_wrapped_targets_are_updated_inside(digits):
    from sklearn_mid.defenses import ConfidenceRounding

    X, y = digits
    model = SGDClassifier(loss="log_loss", alpha=0.05, random_state=0)
    target = ConfidenceRounding(model).fit(X[:200], y[:200])
    attack = _attack(target, n_updates=60).fit(X[200:600], y[200:600])
    expected = copy.deepcopy(target)
    expected.estimator_.partial_fit(X[600:601], y[600:601])
    assert_allclose(
        attack.simulate(X[600:601, None], y[600:601, None])[0],
        expected.predict_proba(attack.probes_),
    )
    assert hasattr(attack.shadows_[0], "estimator_")


def test_nets_are_updated_many_at_a_time(digits):
    pytest.importorskip("skorch")
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    X, y = digits
    target = MIDNeuralNetClassifier(
        0, optimizer=torch.optim.SGD, learning_rate=0.1, max_epochs=5, random_state=0
    ).fit(X[:200], y[:200])
    attack = _attack(target).fit(X[200:600], y[200:600])
    assert attack.score(X[600:], y[600:]) > 0.9
    one_by_one = [
        copy.deepcopy(target)
        .partial_fit(X[k : k + 1], y[k : k + 1])
        .predict_proba(attack.probes_)
        for k in (600, 601)
    ]
    batched = attack.simulate(X[600:602, None], y[600:602, None])
    assert_allclose(batched, one_by_one, atol=1e-5)


# -- unfit input ----------------------------------------------------------------------


def test_a_target_that_cannot_be_updated_is_refused(digits):
    X, y = digits
    target = LogisticRegression().fit(X, y)
    with pytest.raises(UnsupportedTargetError, match=r"LogisticRegr.*no partial_fit"):
        _attack(target).fit(X, y)
    with pytest.raises(UnsupportedTargetError, match="no predict_proba"):
        _attack(SGDClassifier().fit(X, y)).fit(X, y)


@pytest.mark.parametrize(
    ("params", "change", "match"),
    [
        ({}, lambda X, y: (X[:, 1:], y), "63 features.*takes 64"),
        ({}, lambda X, y: (X[:5], y[:5]), "has 5 records"),
        ({}, lambda X, y: (X, np.where(y == "a", "z", y)), "no class 'z'"),
        ({}, lambda X, y: (X[y != "a"], y[y != "a"]), "lack the class 'a'"),
        (
            {"kind": UpdateReconstructionAttack},
            lambda X, y: (16 * X, y),
            r"scale \[0, 1\].*from 0 to 16",
        ),
        ({"device": "cuda:7"}, lambda X, y: (X, y), "device='cuda:7' cannot be used"),
    ],
)
def test_unfit_auxiliary_records_are_named(digits, target, params, change, match):
    with pytest.raises(ValueError, match=match):
        _attack(target, **params).fit(*change(*digits))


def test_unfit_snapshots_are_named(digits, target):
    X, y = digits
    attack = _attack(target).fit(X, y)
    with pytest.raises(ValueError, match=r"\(n_probes, n_classes\)=\(10, 4\)"):
        attack.infer(target, target.predict_proba(X))
    answers = target.predict_proba(attack.probes_)
    with pytest.raises(ValueError, match="before holds 2 snapshots, after 3"):
        attack.infer([answers] * 2, [answers] * 3)
    with pytest.raises(ValueError, match="fewer than update_size"):
        attack.set_params(update_size=3).score(X[:2], y[:2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_linear_target_that_knows_its_columns_by_name(dtype):
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 3)), np.repeat([0, 1], 30)
    frame = pd.DataFrame(X, columns=list("abc"))
    target = SGDClassifier(loss="log_loss", random_state=0).fit(frame, y)
    attack = UpdateLabelAttack(
        target, n_updates=8, n_shadows=1, n_probes=5, max_epochs=1, random_state=0
    ).fit(frame.astype(dtype), y)
    assert 0 <= attack.score(frame.astype(dtype), y) <= 1
