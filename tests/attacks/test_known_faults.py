"""Faults that other attack libraries have had."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    MAPAttack,
)
from sklearn_mid.exceptions import UnsupportedTargetError

X = np.random.RandomState(0).randint(2, size=(60, 3)).astype(float)


@pytest.mark.parametrize("column", [0, 1, 2, -1])
def test_any_column_may_be_the_secret_the_last_too(column):
    y = X[:, column]
    attack = MAPAttack(DecisionTreeClassifier().fit(X, y), column).fit(X, y)
    hidden = X.copy()
    hidden[:, column] = 0
    assert_array_equal(attack.infer(hidden, y), y)


def test_a_clone_keeps_its_frozen_target():
    y = X[:, 0]
    target = FrozenEstimator(DecisionTreeClassifier().fit(X, y))
    again = clone(MAPAttack(target, 0))
    assert again.estimator.estimator is target.estimator
    assert_array_equal(again.fit(X, y).infer(X, y), y)


@pytest.mark.parametrize("attack", [GradientInversionAttack, KnowledgeAlignmentAttack])
def test_a_regressor_is_no_classifier(attack):
    pytest.importorskip("torch")
    target = LinearRegression().fit(X, X[:, 0])
    with pytest.raises(UnsupportedTargetError, match="LinearRegression"):
        attack(target).fit(X)
