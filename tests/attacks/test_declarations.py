"""What attacks declare, and share."""

import numpy as np
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    ImputationBaseline,
    KnowledgeAlignmentAttack,
    LearnedAttack,
    MAPAttack,
    MeanInputBaseline,
    PriorBaseline,
    WhiteBoxTreeAttack,
)

TREE = DecisionTreeClassifier()


def test_access_and_knowledge_are_declared():
    levels = [
        (PriorBaseline(0), "none", "marginals"),
        (ImputationBaseline(0), "none", "labelled records"),
        (MAPAttack(TREE, 0), "black-box", "marginals"),
        (MAPAttack(TREE, 0, prior=TREE), "black-box", "labelled records"),
        (WhiteBoxTreeAttack(TREE, 0), "white-box", "marginals"),
        (LearnedAttack(TREE, 0), "black-box", "labelled records"),
        (LearnedAttack(TREE, 0, train_on="shadow"), "black-box", "labelled records"),
        (LearnedAttack(TREE, 0, train_on="members"), "black-box", "members"),
    ]
    for attack, access, knowledge in levels:
        assert (attack.access, attack.knowledge) == (access, knowledge)
        assert attack.baseline().knowledge in (knowledge, "labelled records")


def test_a_baseline_knows_as_much_about_the_same_secret():
    attack = MAPAttack(TREE, "sex", candidates=["f", "m"], prior="uniform")
    assert repr(attack.baseline()) == repr(PriorBaseline("sex", candidates=["f", "m"]))
    attack = LearnedAttack(TREE, 1, classifier=TREE, random_state=3)
    baseline = attack.baseline()
    assert repr(baseline) == repr(
        ImputationBaseline(1, classifier=TREE, random_state=3)
    )
    assert baseline.knowledge == attack.knowledge
    assert repr(baseline.baseline()) == repr(baseline)
    judge = SGDClassifier().fit([[0], [1]], [0, 1])
    for attack in (GradientInversionAttack, GenerativeInversionAttack):
        attack = attack(None, evaluator=judge)
        baseline = attack.baseline()
        assert type(baseline) is MeanInputBaseline
        assert baseline.evaluator is judge
        assert (baseline.access, baseline.knowledge) == ("none", attack.knowledge)
    assert type(KnowledgeAlignmentAttack(None).baseline()) is MeanInputBaseline


def test_the_mean_input_of_a_class_or_of_all():
    X, y = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.6]]), ["a", "a", "b"]
    baseline = MeanInputBaseline().fit(X, y)
    found = baseline.reconstruct(["b", "never seen", "a"])
    assert_allclose(found, [[1, 0.6], [0.5, 0.2], [0.25, 0]])
    unlabelled = MeanInputBaseline().fit(X)
    assert_allclose(unlabelled.reconstruct(["b"]), [[0.5, 0.2]])
    assert baseline.score(X, y) == 1


def test_knowing_attack_and_its_baseline_use_the_same_classifier():
    X = np.tile([[0, 0], [1, 1]], (20, 1))
    y = X[:, 1]
    for classifier in (None, LogisticRegression()):
        baseline = ImputationBaseline(0, classifier=classifier).fit(X, y)
        target = DecisionTreeClassifier().fit(X * [1, 0], y)  # asks for the secret
        attack = LearnedAttack(target, 0, classifier=classifier).fit(X, y)
        one, other = baseline._imputation._classifier, attack._classifier
        assert type(one._pipeline[-1]) is type(other._pipeline[-1])
