"""What a fitted model that promises differential privacy may hold, and what not.

Whoever is given the model is given its file: all that its attributes reach.
"""

import pickle
import random
import types

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris

from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPGaussianNB,
    DPLinearRegression,
    DPLogisticRegression,
    DPRandomForestClassifier,
)
from sklearn_mid.exceptions import SecretSeedWarning
from sklearn_mid.neural_network import DPNeuralNetClassifier
from sklearn_mid.utils import _secret_noise

X, y = load_iris(return_X_y=True)
BOUNDS = {"bounds": (0, 8)}
MODELS = [
    DPLinearRegression(0.5, **BOUNDS, target_bounds=(0, 2)),
    DPLogisticRegression(0.5, **BOUNDS),
    DPGaussianNB(0.5, **BOUNDS),
    DPDecisionTreeClassifier(0.5, **BOUNDS),
    DPRandomForestClassifier(0.5, **BOUNDS),
    DPNeuralNetClassifier(0.5, hidden_layer_sizes=(4,), max_epochs=2, batch_size=50),
]
NEEDS = {DPGaussianNB: "diffprivlib", DPNeuralNetClassifier: "opacus"}


@pytest.fixture(params=MODELS, ids=lambda m: type(m).__name__)
def model(request):
    if (package := NEEDS.get(type(request.param))) == "diffprivlib":
        request.getfixturevalue(package)
    elif package:
        pytest.importorskip(package)
    return clone(request.param)


def walk(value, path="model", seen=None):
    """Everything that can be reached from `value`, with the way there."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return
    seen[id(value)] = value  # held, so that no other object gets its id
    yield path, value
    if isinstance(value, str | bytes | np.ndarray | type | types.ModuleType):
        children = ()
        if isinstance(value, np.ndarray) and value.dtype == object:
            children = enumerate(value.ravel())
    elif isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list | tuple | set | frozenset):
        children = enumerate(value)
    else:
        children = [*getattr(value, "__dict__", {}).items()]
    for name, child in children:
        yield from walk(child, f"{path}.{name}", seen)


def is_generator(value):
    kinds = [
        np.random.RandomState,
        np.random.Generator,
        np.random.BitGenerator,
        np.random.SeedSequence,
        random.Random,
        _secret_noise.NoiseSource,
    ]
    return isinstance(value, tuple(kinds)) or "Generator" in type(value).__name__


def test_no_generator_and_no_seed_is_kept(model):
    model.fit(X, y)
    for held in (model, pickle.loads(pickle.dumps(model)), model.__getstate__()):
        for path, value in walk(held):
            assert not is_generator(value), path
            if "seed" in path.rsplit(".", 1)[-1]:
                assert value == 0, path


# What each model knows of the records, and something in its place that does not depend
# on them.
def a_minimum(Z, sign, penalty, epsilon, noise):
    return np.ones(Z.shape[1])


def some_labels(counts, epsilon, noise):
    return np.zeros(counts.shape[:-1], dtype=int)


def a_gradient(optimizer):
    for parameter in optimizer.params:
        parameter.grad = parameter.detach() * 0 + 1


def naive_bayes_of_nothing(self, X, y):
    self.class_prior_ = np.ones(3) / 3
    self.theta_ = self.var_ = np.ones((3, X.shape[1]))
    self.class_count_ = np.bincount(y)  # as a careless model would
    return self


def sums_of_nothing(Z, target, *args):
    k = Z.shape[1]
    return np.eye(k), np.ones(k), 0.0, 1.0


def first_features(impurity, epsilon, noise):
    return np.isfinite(impurity).argmax(axis=1)


def counts_of_nothing(counts, epsilon, noise):
    return np.zeros(counts.shape)


MECHANISMS = {
    "DPLinearRegression": {"defenses._dp_linear.noisy_sums": sums_of_nothing},
    "DPLogisticRegression": {"defenses._dp_logistic.private_minimum": a_minimum},
    "DPDecisionTreeClassifier": {
        "defenses._dp_tree.noisy_best": first_features,
        "defenses._dp_tree.noisy_counts": counts_of_nothing,
    },
    "DPRandomForestClassifier": {"defenses._dp_forest.noisy_mode": some_labels},
    "DPNeuralNetClassifier": {
        "neural_network._dp_training.PrivateOptimizer.add_noise": a_gradient
    },
}


def numbers(value):
    """All numbers of a model, by the way to them."""
    for path, part in walk(value):
        if hasattr(part, "detach"):
            assert part.grad is None, path
            part = part.detach().numpy()
        if isinstance(part, np.ndarray | int | float | np.generic):
            yield path, np.asarray(part)


def test_without_what_the_mechanisms_release_neighbours_leave_the_same_file(
    model, monkeypatch
):
    """All that is learned goes through a mechanism that epsilon pays for."""
    other_X, other_y = X.copy(), y.copy()
    other_X[0], other_y[0] = 8, 2
    if isinstance(model, DPGaussianNB):
        from diffprivlib.models import GaussianNB

        monkeypatch.setattr(GaussianNB, "fit", naive_bayes_of_nothing)
    else:
        for where, what in MECHANISMS[type(model).__name__].items():
            monkeypatch.setattr(f"sklearn_mid.{where}", what)
    # The same noise twice, where no mechanism was replaced: structure, batches.
    monkeypatch.setattr(
        _secret_noise, "_SystemUniforms", lambda: np.random.default_rng(0)
    )
    one, two = (
        clone(model).fit(data, labels) for data, labels in ((X, y), (other_X, other_y))
    )
    for of_one, of_two in zip(numbers(one), numbers(two), strict=True):
        assert of_one[0] == of_two[0]
        assert_array_equal(of_one[1], of_two[1], err_msg=of_one[0])
    assert pickle.dumps(one) == pickle.dumps(two)


def test_the_net_does_not_know_its_first_weights(monkeypatch):
    """What is built anew from the file has other weights."""
    pytest.importorskip("opacus")
    from sklearn_mid.neural_network._modules import build_module

    net = DPNeuralNetClassifier(
        np.inf, optimizer="sgd", learning_rate=1e-9, max_epochs=1
    )
    net.fit(X, y)  # nothing learned: the weights are the first ones
    rebuilt = build_module(**net._net_config["module"])
    for first, other in zip(
        net.net_.module_.parameters(), rebuilt.parameters(), strict=True
    ):
        assert not np.allclose(first.detach(), other.detach(), atol=1e-3)


def test_a_given_seed_is_warned_about(model):
    for random_state in (0, np.random.RandomState(0)):
        model.set_params(random_state=random_state)
        with pytest.warns(SecretSeedWarning, match=r"random_state=.* secret"):
            model.fit(X, y)


def test_noise_does_not_come_from_generators_that_anybody_seeds(model):
    """With numpy, torch and random seeded alike, two fits differ."""
    fits, model = [], model.set_params(epsilon=1e4)
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002
        random.seed(0)
        if isinstance(model, DPNeuralNetClassifier):
            import torch

            torch.manual_seed(0)
        fits.append([value for _, value in numbers(clone(model).fit(X, y))])
    assert any(not np.array_equal(a, b) for a, b in zip(*fits, strict=True))


def test_skops_writes_no_generator_either(model):
    io = pytest.importorskip("skops.io")
    data = io.dumps(model.fit(X, y))
    unknown = io.get_untrusted_types(data=data)
    assert not [name for name in unknown if not name.startswith("sklearn_mid.")]
    for path, value in walk(io.loads(data, trusted=unknown)):
        assert not is_generator(value), path
