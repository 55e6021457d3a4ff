"""Scikit-learn's checks of the tabular attacks, and our own in known worlds."""

import numpy as np
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    ImputationBaseline,
    KnowledgeAlignmentAttack,
    LearnedAttack,
    MAPAttack,
    MeanInputBaseline,
    OwnModelBaseline,
    PriorBaseline,
    ReleasedAnswerAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.utils.estimator_checks import parametrize_with_attack_checks


class FirstColumn(BaseEstimator):
    """A regressor for records of any width, as those of scikit-learn's checks."""

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return np.asarray(X)[:, 0].astype(float)

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "regressor"
        return tags


def sklearn_failures(attack):
    return {
        "check_estimators_pickle": "writes missing values into the secret itself of "
        "the auxiliary records, which is refused by name"
    }


# WhiteBoxTreeAttack is not here: scikit-learn's checks fit on records of many widths,
# and no tree takes them all. It shares fit and validation with the others.
@parametrize_with_checks(
    [
        MAPAttack(FirstColumn(), 0),
        LearnedAttack(FirstColumn(), 0, classifier=DecisionTreeClassifier()),
        ReleasedAnswerAttack(FirstColumn(), 0),
        PriorBaseline(0),
        ImputationBaseline(0, classifier=DecisionTreeClassifier()),
        OwnModelBaseline(0),
    ],
    expected_failed_checks=sklearn_failures,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def attack_failures(attack):
    is_map = isinstance(attack, MAPAttack)
    if is_map and not attack.use_prior:
        return {
            "check_bayes_probabilities": "takes all values for equally probable",
            "check_prior_when_nothing_tells": "breaks ties at random, by design",
        }
    if is_map and attack.calibrate:
        reason = "estimates p(y | confidences) by a penalised logistic regression"
        return {"check_bayes_probabilities": reason}
    if is_map and attack.error_model == "labels":
        return {"check_bayes_probabilities": "sees the label, not its probability"}
    if isinstance(attack, OwnModelBaseline):
        return {"check_bayes_rule": "its own regression knows no interactions"}
    if getattr(attack, "counts", None) == "leaf":
        reason = "weighs leaves by their label and size, which is not Bayes' rule"
        return {"check_bayes_probabilities": reason}
    return {}


TREE = DecisionTreeClassifier()


@parametrize_with_attack_checks(
    [
        MAPAttack(TREE, 0),
        MAPAttack(TREE, 0, calibrate=True),
        MAPAttack(TREE, 0, error_model="labels"),
        MAPAttack(TREE, 0, use_prior=False, random_state=0),
        WhiteBoxTreeAttack(TREE, 0),
        WhiteBoxTreeAttack(TREE, 0, counts="leaf"),
        LearnedAttack(TREE, 0),
        ReleasedAnswerAttack(TREE, 0),
        ReleasedAnswerAttack(TREE, 0, release="labels"),
        ImputationBaseline(0),
        ImputationBaseline(0, use_response=False),
        OwnModelBaseline(0),
        PriorBaseline(0),
    ],
    expected_failed_checks=attack_failures,
)
def test_attacks_on_trees(estimator, check):
    check(estimator)


REGRESSION = LinearRegression()


@parametrize_with_attack_checks(
    [
        MAPAttack(REGRESSION, 0),
        MAPAttack(REGRESSION, 0, calibrate=True),
        ReleasedAnswerAttack(REGRESSION, 0),
        OwnModelBaseline(0),
        LearnedAttack(REGRESSION, 0, classifier=DecisionTreeClassifier(max_depth=8)),
    ],
    target=REGRESSION,
)
def test_attacks_on_regressors(estimator, check):
    check(estimator)


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
        target = DecisionTreeClassifier().fit(X[:, ::-1], y)
        attack = LearnedAttack(target, 0, classifier=classifier).fit(X, y)
        one, other = baseline._classifier, attack._classifier
        assert type(one._pipeline[-1]) is type(other._pipeline[-1])
