"""The checks that every estimator passes: scikit-learn's, and those of its family."""

import importlib
import pkgutil
from functools import partial

import pytest
from hostile.calls import PASSIVE
from instances import (
    ATTACKS,
    DEFENSES,
    ESTIMATORS,
    UNCHECKED,
    attack_failures,
    missing_extra,
    sklearn_failures,
)
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_mid
from sklearn_mid.utils.estimator_checks import (
    parametrize_with_attack_checks,
    parametrize_with_defense_checks,
)


def run(estimator, check):
    """The check, or a loud skip where the estimator's extra is not installed."""
    reason = missing_extra(type(estimator).__name__)
    if reason:
        pytest.skip(reason)
    check(estimator)


# The checks give a random_state to all that take one.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=sklearn_failures)
def test_scikit_learn(estimator, check):
    run(estimator, check)


@parametrize_with_defense_checks(DEFENSES)
def test_defenses(estimator, check):
    run(estimator, check)


ATTACK_CASES = [
    case
    for target, attacks in ATTACKS.items()
    for case in parametrize_with_attack_checks(
        attacks,
        target=target,
        expected_failed_checks=partial(attack_failures, target=target),
    ).args[1]
]


@pytest.mark.parametrize(("estimator", "check"), ATTACK_CASES)
def test_attacks(estimator, check):
    run(estimator, check)


def test_every_public_estimator_is_in_the_table():
    rooms = [
        importlib.import_module(f"sklearn_mid.{room.name}")
        for room in pkgutil.iter_modules(sklearn_mid.__path__)
        if room.ispkg and room.name != "utils"
    ]
    public = {
        name
        for room in rooms
        for name in room.__all__
        if isinstance(kind := getattr(room, name), type)
        and issubclass(kind, BaseEstimator)
        and name not in PASSIVE
    }
    assert public == {type(e).__name__ for e in ESTIMATORS} | set(UNCHECKED)
