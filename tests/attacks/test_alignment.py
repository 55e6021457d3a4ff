import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from sklearn_mid.attacks import KnowledgeAlignmentAttack
from sklearn_mid.exceptions import UnsupportedTargetError

torch = pytest.importorskip("torch")


class Softmax:
    """Releases its two inputs, as probabilities that sum to 1 with a third."""

    classes_ = np.array(["a", "b", "c"])

    def __init__(self, noise=0.0):
        self.noise = noise

    def predict_proba(self, X):
        X = np.asarray(X, dtype=float)
        return np.column_stack([X / 2, 1 - X.sum(axis=1) / 2])

    def sample_proba(self, X, *, n_samples=1, random_state=None):
        rng = np.random.default_rng(random_state)
        logits = np.log(np.maximum(self.predict_proba(X), 1e-9))
        noise = rng.normal(scale=self.noise, size=(n_samples, *logits.shape))
        return softmax(logits + noise, axis=-1)


@pytest.fixture(scope="module")
def uniform():
    return np.random.default_rng(0).uniform(0.05, 0.95, size=(600, 2))


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def test_an_invertible_target_is_inverted(uniform):
    attack = KnowledgeAlignmentAttack(
        Softmax(), n_queries=1, max_epochs=60, learning_rate=5e-3, random_state=0
    )
    attack.fit(uniform[:500])
    held_out = uniform[500:]
    found = attack.reconstruct(Softmax().predict_proba(held_out))
    assert_allclose(found, held_out, atol=0.1)
    assert attack.score(held_out) > 0.98


def test_a_constant_target_gives_the_mean(uniform):
    class Constant(Softmax):
        def predict_proba(self, X):
            return np.full((len(X), 3), 1 / 3)

    attack = KnowledgeAlignmentAttack(
        Constant(), n_queries=1, max_epochs=10, random_state=0
    )
    attack.fit(uniform[:500])
    assert abs(attack.score(uniform[500:])) < 0.03
    found = attack.reconstruct([[0.2, 0.3, 0.5], [1 / 3, 1 / 3, 1 / 3]])
    assert_allclose(found[1], uniform[:500].mean(axis=0), atol=0.03)


class Net(Softmax):
    """Releases next to nothing of a code that holds all."""

    def mean_code(self, X):
        return np.asarray(X, dtype=float) @ [[1.0, 1.0], [1.0, -1.0]] - 3

    def predict_proba(self, X):
        return super().predict_proba(X).round(0) / 2 + 1 / 6


def test_the_code_holds_what_confidences_do_not(uniform):
    options = {"max_epochs": 60, "learning_rate": 5e-3, "random_state": 0}
    attack = KnowledgeAlignmentAttack(Net(), release="code", **options)
    attack.fit(uniform[:500])
    assert attack.score(uniform[500:]) > 0.98
    codes = attack.query(uniform[500:])
    assert_allclose(codes, Net().mean_code(uniform[500:]))
    assert (attack.access, attack.needs) == ("white-box", ("mean_code",))
    with pytest.raises(ValueError, match="has 3 columns, but the code has 2"):
        attack.reconstruct(np.eye(3))
    attack.set_params(release="confidences").fit(uniform[:500])
    assert (attack.access, attack.needs) == ("black-box", ("predict_proba",))
    assert attack.score(uniform[500:]) < 0.6


def test_a_target_without_a_code_is_refused(uniform):
    attack = KnowledgeAlignmentAttack(Softmax(), release="code")
    assert "it has no mean_code" in attack.unsuitable()
    with pytest.raises(UnsupportedTargetError, match="release='code' needs"):
        attack.fit(uniform)


class Fair:
    """Answers 0 or 1 by the toss of its own coin."""

    classes_ = np.array([0, 1])

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def predict_proba(self, X):
        return np.eye(2)[self.rng.integers(2, size=len(X))]


def test_a_target_of_which_no_draws_can_be_asked_is_asked_again(uniform):
    attack = KnowledgeAlignmentAttack(Fair(), n_queries=400, max_epochs=1)
    seen = attack.fit(uniform[:50]).query(uniform[:50])
    assert_allclose(seen, 0.5, atol=5 * 0.5 / np.sqrt(400))


@pytest.mark.parametrize("n_queries", [2, 200])
def test_draws_of_logits_average_like_means_of_normals(uniform, n_queries):
    target = Softmax(noise=3.0)
    attack = KnowledgeAlignmentAttack(
        target, n_queries=n_queries, max_epochs=1, random_state=0
    ).fit(0.4 + uniform / 5)
    seen, truth = (
        np.log(proba[:, 0] / proba[:, 1])
        for proba in (attack.query(uniform), target.predict_proba(uniform))
    )
    assert_allclose((seen - truth).std(), 3 * np.sqrt(2 / n_queries), rtol=0.1)


def test_draws_of_zero_are_fine(uniform):
    target = Softmax(noise=5000.0)
    attack = KnowledgeAlignmentAttack(target, n_queries=2, max_epochs=1).fit(uniform)
    assert_allclose(attack.query(uniform).sum(axis=1), 1)


def test_only_the_top_confidences_are_used(uniform):
    attack = KnowledgeAlignmentAttack(Softmax(), top=1, max_epochs=2, random_state=0)
    attack.fit(uniform)
    same_top = [[0.6, 0.3, 0.1], [0.6, 0.1, 0.3]]
    found = attack.reconstruct(same_top)
    assert_array_equal(found[0], found[1])
    assert np.abs(attack.reconstruct([[0.1, 0.6, 0.3]]) - found[0]).max() > 1e-4


def test_confidences_of_zero_are_fine(uniform):
    attack = KnowledgeAlignmentAttack(Softmax(), max_epochs=1).fit(uniform)
    assert np.isfinite(attack.reconstruct(np.eye(3))).all()


@pytest.mark.parametrize("decoder", ["mlp", "deconv"])
def test_digits_gain_over_the_class_mean(digits, decoder):
    X, y = digits
    target = LogisticRegression(max_iter=300).fit(X[:700], y[:700])
    attack = KnowledgeAlignmentAttack(
        target,
        decoder=decoder,
        max_epochs=15,
        learning_rate=3e-3,
        width=8,
        n_queries=1,
        random_state=0,
    ).fit(X[700:1400], y[700:1400])
    found = attack.reconstruct(attack.query(X[1400:]))
    assert found.shape == (397, 64)
    assert found.min() >= 0
    assert found.max() <= 1
    assert attack.score(X[1400:], y[1400:]) > 0.05
    assert attack.score(X[1400:]) > attack.score(X[1400:], y[1400:])
    losses = [epoch["valid_loss"] for epoch in attack.history_]
    assert min(losses) < 0.7 * losses[0]


def test_class_means_are_those_of_the_auxiliary_data(digits):
    X, y = digits
    target = Softmax()
    attack = KnowledgeAlignmentAttack(target, max_epochs=1).fit(X[:, 20:22], y)
    expected = X[:, 20:22][y == 3].mean(axis=0)
    assert_allclose(attack.reference([3, 3]), [expected, expected])
    assert_allclose(attack.reference(n_samples=1)[0], X[:, 20:22].mean(axis=0))


def test_decoder_of_the_user(uniform):
    class Linear(torch.nn.Module):
        def __init__(self, n_classes, n_features):
            super().__init__()
            self.layer = torch.nn.Linear(n_classes, n_features)

        def forward(self, x):
            return self.layer(x)

    attack = KnowledgeAlignmentAttack(Softmax(), decoder=Linear, random_state=0)
    state = torch.get_rng_state()
    first = attack.fit(uniform).reconstruct([[0.2, 0.3, 0.5]])
    assert torch.equal(state, torch.get_rng_state())
    assert_array_equal(first, attack.fit(uniform).reconstruct([[0.2, 0.3, 0.5]]))
    with pytest.raises(TypeError, match=r"must return a torch.nn.Module, got int"):
        clone(attack).set_params(estimator=Softmax(), decoder=lambda m, d: 3).fit(
            uniform
        )


def test_same_seed_same_attack_and_no_global_draws(uniform):
    target = FrozenEstimator(
        LogisticRegression().fit(uniform, uniform[:, 0] > uniform[:, 1])
    )
    attack = KnowledgeAlignmentAttack(target, max_epochs=2, random_state=7)
    state = torch.get_rng_state()
    first = attack.fit(uniform).reconstruct([[0.2, 0.8]])
    again = clone(attack).fit(uniform).reconstruct([[0.2, 0.8]])
    assert_array_equal(first, again)
    assert torch.equal(state, torch.get_rng_state())


def test_a_loss_that_explodes_leaves_finite_weights(uniform):
    attack = KnowledgeAlignmentAttack(
        Softmax(), learning_rate=1e30, max_epochs=5, random_state=0
    )
    attack.set_params(decoder=lambda m, d: torch.nn.Linear(m, d))
    with pytest.warns(ConvergenceWarning, match="loss became .* Lower the"):
        attack.fit(uniform)
    assert np.isfinite(attack.reconstruct([[0.2, 0.3, 0.5]])).all()


@pytest.mark.parametrize(
    ("params", "X", "match"),
    [
        ({}, np.full((4, 2), 255.0), r"scale \[0, 1\].*from 255 to 255"),
        ({"decoder": "deconv"}, np.zeros((4, 2)), "do not fill a square"),
        (
            {"decoder": "deconv", "image_shape": (3, 2, 2)},
            np.zeros((4, 2)),
            "holds 12 values.*2",
        ),
        ({"device": "cuda:7"}, np.zeros((4, 2)), "device='cuda:7' cannot be used"),
    ],
)
def test_unfit_auxiliary_inputs_are_named(params, X, match):
    with pytest.raises(ValueError, match=match):
        KnowledgeAlignmentAttack(Softmax(), **params).fit(X)


def test_too_little_memory_names_what_to_lower(uniform):
    class Greedy(torch.nn.Linear):
        def forward(self, X):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    attack = KnowledgeAlignmentAttack(Softmax(), decoder=Greedy)
    with pytest.raises(MemoryError, match="lower batch_size"):
        attack.fit(uniform)


def test_unfit_queries_are_named(uniform):
    attack = KnowledgeAlignmentAttack(Softmax(), max_epochs=1).fit(uniform)
    with pytest.raises(ValueError, match=r"has 2 columns.*3 classes"):
        attack.reconstruct(uniform)
    with pytest.raises(ValueError, match="probabilities, but hold -1"):
        attack.reconstruct([[-1, 1, 1]])
    with pytest.raises(ValueError, match="fit was given no labels"):
        attack.score(uniform, np.zeros(len(uniform)))
    labelled = attack.fit(uniform, np.zeros(len(uniform), dtype=int))
    with pytest.raises(ValueError, match=r"labels \[5\] do not occur"):
        labelled.score(uniform, np.full(len(uniform), 5))
    with pytest.raises(ValueError, match="3 features"):
        attack.score(np.zeros((2, 3)))


def test_a_target_without_confidences_is_refused(digits):
    X, y = digits
    target = LinearSVC().fit(X[:100], y[:100])
    with pytest.raises(UnsupportedTargetError, match=r"LinearSVC.*predict_proba"):
        KnowledgeAlignmentAttack(target).fit(X)


def test_targets_fitted_on_a_frame_are_asked_with_their_names(uniform):
    import pandas as pd

    frame = pd.DataFrame(uniform, columns=["p", "q"])
    target = LogisticRegression().fit(frame, uniform[:, 0] > 0.5)
    attack = KnowledgeAlignmentAttack(target, max_epochs=1).fit(frame)
    assert_allclose(attack.query(frame), target.predict_proba(frame))


def test_decimals_are_those_of_the_release(uniform):
    attack = KnowledgeAlignmentAttack(
        Softmax(), decimals=1, max_epochs=2, random_state=0
    ).fit(uniform)
    seen = attack.query(uniform)
    exact = attack.set_params(decimals=None).query(uniform)
    assert_allclose(seen, exact.round(1))
    assert np.abs(seen - exact).max() > 0.01


@pytest.mark.parametrize("augment", ["shift", "shift-mirror"])
def test_augmentation_asks_about_changed_copies(augment):
    X, y = load_digits(return_X_y=True)
    X = X / 16
    target = LogisticRegression(max_iter=200).fit(X[:200], y[:200])
    asked = []

    class Asked:
        classes_ = target.classes_

        def predict_proba(self, X):
            asked.append(len(X))
            return target.predict_proba(X)

    attack = KnowledgeAlignmentAttack(
        Asked(), augment=augment, n_copies=3, max_epochs=1, n_queries=1, random_state=0
    ).fit(X[200:210])
    assert sum(asked) == 40
    assert_allclose(attack.mean_, X[200:210].mean(axis=0))
