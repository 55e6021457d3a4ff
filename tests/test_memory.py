"""Repetitions leave nothing behind in memory."""

import gc
import tracemalloc

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import LearnedAttack, MAPAttack
from sklearn_mid.benchmark import run_benchmark
from sklearn_mid.benchmark._runner import _load_problem
from sklearn_mid.benchmark._spec import parse_suite
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
    _load_problem.cache_clear()


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
