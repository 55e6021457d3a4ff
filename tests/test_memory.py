"""Repetitions leave nothing behind in memory."""

import gc
import os
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import LearnedAttack, MAPAttack
from sklearn_mid.benchmark import run_benchmark
from sklearn_mid.benchmark._engine._job import _problem
from sklearn_mid.benchmark._engine._spec import parse_suite
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.tree import MIDDecisionTreeClassifier

X, y = load_iris(return_X_y=True)
S = np.column_stack([X[:, 0] > 5.8, X[:, 1:]]).astype(float)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0).fit(S, y)


def linear(folder):
    MIDLinearRegression().fit(*load_diabetes(return_X_y=True))


def tree(folder):
    MIDDecisionTreeClassifier(0.01).fit(X, y).predict(X)


def attack(folder):
    MAPAttack(TREE, 0).fit(S, y).infer(S, y)


def learned_attack(folder):
    few = DecisionTreeClassifier(random_state=0)
    LearnedAttack(TREE, 0, classifier=few).fit(S, y).infer(S, y)


def net(folder):
    pytest.importorskip("torch")
    from sklearn_mid.attacks import KnowledgeAlignmentAttack
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    clf = MIDNeuralNetClassifier(0.01, max_epochs=1, random_state=0).fit(X / 8, y)
    KnowledgeAlignmentAttack(clf, max_epochs=1, random_state=0).fit(X / 8, y)


def engine(folder):
    suite = {
        "name": "small",
        "repetitions": 1,
        "dataset": [{"name": "diabetes"}],
        "defence": [{"name": "undefended"}],
        "attack": [{"name": "map"}],
        "baseline": [],
    }
    folder = folder / str(len(list(folder.iterdir())))
    run_benchmark(parse_suite(suite), folder, backend="threading", progress=False)
    # pandas keeps a list, pruned now and then, of who shares the data of a frame.
    _problem.cache_clear()


@pytest.mark.slow
@pytest.mark.parametrize(
    "repeat",
    [linear, tree, attack, learned_attack, net, engine],
    ids=lambda f: f.__name__,
)
def test_fifty_repetitions_need_no_more_memory(repeat, tmp_path):
    def used(n_repetitions):
        for _ in range(n_repetitions):
            repeat(tmp_path)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        used(10)  # caches fill up
        growth = -used(1) + used(50)
    finally:
        tracemalloc.stop()
    # One copy of the data kept by each repetition would be 240 kB and more.
    assert growth < 100_000


def fit_net(X, y):
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    net = MIDNeuralNetClassifier(0.01, hidden_layer_sizes=(8,), batch_size=2000)
    net.set_params(max_epochs=1, random_state=0).fit(X, y).sample_proba(X)


def fit_private_net(X, y):
    pytest.importorskip("opacus")
    from sklearn_mid.neural_network import DPNeuralNetClassifier

    net = DPNeuralNetClassifier(None, noise_multiplier=1.0, hidden_layer_sizes=(8,))
    net.set_params(batch_size=5000, max_epochs=1).fit(X, y)


def attack_net(X, y):
    from sklearn.linear_model import LogisticRegression

    from sklearn_mid.attacks import KnowledgeAlignmentAttack

    target = LogisticRegression().fit(X[:200], y[:200])
    attack = KnowledgeAlignmentAttack(target, hidden_layer_sizes=(8,), batch_size=2000)
    attack.set_params(max_epochs=1, random_state=0).fit(X, y).score(X, y)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "repeat", [fit_net, fit_private_net, attack_net], ids=lambda f: f.__name__
)
def test_torch_keeps_nothing(repeat):
    """Resident memory, because torch's tensors are not Python's."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X = rng.random((20_000, 25), dtype=np.float32)
    y = rng.integers(2, size=len(X))

    def resident(n_repetitions):
        for _ in range(n_repetitions):
            repeat(X, y)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    # One copy of X kept by each repetition would be 100 MB.
    assert -resident(10) + resident(50) < X.nbytes * 10
