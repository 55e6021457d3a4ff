"""Checks for your own attacks and defences, to run beside scikit-learn's."""

from typing import Any

from sklearn_mid.utils._attack_checks import attack_checks
from sklearn_mid.utils._check_running import parametrize, run_checks
from sklearn_mid.utils._defense_checks import defense_checks
from sklearn_mid.utils._reconstruction_checks import reconstruction_checks

__all__ = [
    "check_attack",
    "check_defense",
    "check_reconstruction_attack",
    "parametrize_with_attack_checks",
    "parametrize_with_defense_checks",
    "parametrize_with_reconstruction_attack_checks",
]


def check_attack(
    attack: Any, *, target: Any = None, expected_failed_checks: Any = None
) -> None:
    """Check that an attribute inference attack does what it should.

    Small worlds are made whose joint distribution is known, a target is fitted in
    each, and a clone of the attack aimed at it. Checked are: parameters live through
    ``clone`` and are not changed; what stands in the sensitive column is ignored,
    wherever the column is; nothing but ``values_`` is inferred; a record gets the same
    answer in any company, and equal seeds give equal answers; class labels, text
    columns, one-hot groups and DataFrames make no difference; the target is left
    unchanged and lives through ``clone`` when frozen; unsuitable targets raise
    :class:`~sklearn_mid.exceptions.UnsupportedTargetError`; the answers are those of
    the enumerated Bayes rule, and the prior's mode where nothing tells of the secret;
    bad input raises errors that say what is wrong.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        The attack to check, or a no-model baseline. Its `estimator` and
        `sensitive_feature` are replaced by those of the worlds; parameters that belong
        to one data set, such as `candidates`, should be left at their default.
    target : estimator, default=None
        Unfitted prototype of the models to attack, classifier or regressor. None for
        a :class:`~sklearn.tree.DecisionTreeClassifier`.
    expected_failed_checks : dict of str to str, default=None
        Checks that the attack need not pass, with the reason.

    Raises
    ------
    AssertionError
        If a check fails; errors of the attack come through as they are.

    See Also
    --------
    parametrize_with_attack_checks : The same for pytest, one test for each check.
    sklearn.utils.estimator_checks.check_estimator : What holds for all estimators.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.utils.estimator_checks import check_attack
    >>> attack = MAPAttack(LinearRegression(), sensitive_feature=0)
    >>> check_attack(attack, target=LinearRegression())
    """
    run_checks(attack, attack_checks(attack, target), expected_failed_checks)


def parametrize_with_attack_checks(
    attacks: list, *, target: Any = None, expected_failed_checks: Any = None
) -> Any:
    """Pytest decorator with one test for each attack and check.

    Parameters
    ----------
    attacks : list of AttributeInferenceAttack
        As in :func:`check_attack`.
    target : estimator, default=None
        As in :func:`check_attack`.
    expected_failed_checks : callable, default=None
        Function of an attack that returns the checks it need not pass, as a dict of
        name to reason. They must fail: one that passes is an error.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `estimator` and `check`.

    See Also
    --------
    check_attack : What is checked.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.utils.estimator_checks import parametrize_with_attack_checks
    >>> @parametrize_with_attack_checks([MAPAttack(LogisticRegression(), 0)])
    ... def test_attacks(estimator, check):
    ...     check(estimator)
    """
    return parametrize(
        attacks, lambda attack: attack_checks(attack, target), expected_failed_checks
    )


def check_reconstruction_attack(
    attack: Any, *, target: Any = None, expected_failed_checks: Any = None
) -> None:
    """Check that an attack on inputs or on updates does what it should.

    Checked are: parameters live through ``clone`` and are not changed; what the attack
    has, sees and knows is declared, with the baseline that knows as much; answers have
    the right shape, are finite and within `bounds`, and the score is a finite float;
    equal seeds give equal answers; class names make no difference; the target is left
    unchanged, lives through ``clone`` when frozen, and may stand in a pipeline;
    unsuitable targets raise
    :class:`~sklearn_mid.exceptions.UnsupportedTargetError`; bad input raises errors
    that say what is wrong.

    Parameters
    ----------
    attack : ReconstructionAttack, or another with ``observe``
        The attack to check. Its `estimator` is replaced; the fewer steps it trains, the
        faster the checks.
    target : estimator, default=None
        Unfitted prototype of the models to attack, a classifier of four features. None
        for :class:`~sklearn.linear_model.SGDClassifier` with log loss.
    expected_failed_checks : dict of str to str, default=None
        Checks that the attack need not pass, with the reason.

    Raises
    ------
    AssertionError
        If a check fails; errors of the attack come through as they are.
    TypeError
        If the attack infers a sensitive attribute.

    See Also
    --------
    check_attack : For attacks that infer a sensitive attribute.
    parametrize_with_reconstruction_attack_checks : The same for pytest.

    Examples
    --------
    >>> from sklearn_mid.attacks import GradientInversionAttack
    >>> from sklearn_mid.utils.estimator_checks import check_reconstruction_attack
    >>> check_reconstruction_attack(GradientInversionAttack(None, max_iter=2))
    """
    checks = reconstruction_checks(attack, target)
    run_checks(attack, checks, expected_failed_checks)


def parametrize_with_reconstruction_attack_checks(
    attacks: list, *, target: Any = None, expected_failed_checks: Any = None
) -> Any:
    """Pytest decorator with one test for each attack and check.

    Parameters
    ----------
    attacks : list of ReconstructionAttack
        As in :func:`check_reconstruction_attack`.
    target : estimator, default=None
        As in :func:`check_reconstruction_attack`.
    expected_failed_checks : callable, default=None
        Function of an attack that returns the checks it need not pass, as a dict of
        name to reason. They must fail: one that passes is an error.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `estimator` and `check`.

    See Also
    --------
    check_reconstruction_attack : What is checked.

    Examples
    --------
    >>> from sklearn_mid.attacks import GradientInversionAttack
    >>> from sklearn_mid.utils.estimator_checks import (
    ...     parametrize_with_reconstruction_attack_checks,
    ... )
    >>> attack = GradientInversionAttack(None, max_iter=2)
    >>> @parametrize_with_reconstruction_attack_checks([attack])
    ... def test_attacks(estimator, check):
    ...     check(estimator)
    """
    return parametrize(
        attacks,
        lambda attack: reconstruction_checks(attack, target),
        expected_failed_checks,
    )


def check_defense(
    defense: Any, *, X: Any = None, y: Any = None, expected_failed_checks: Any = None
) -> None:
    """Check that a defence keeps what its users count on.

    Checked are: parameters live through ``clone``, and neither they nor records and
    responses are changed by ``fit``; equal seeds release the same; column names are
    kept and minded; it can end a pipeline; class labels are kept, and make no
    difference; released confidences are probabilities, and the label is a class of the
    largest one.

    Parameters
    ----------
    defense : estimator
        Classifier or regressor, unfitted.
    X : ndarray of shape (n_samples, n_features), default=None
        Records it can be fitted on. None for 150 records in [-1, 1]^4.
    y : ndarray of shape (n_samples,), default=None
        Their response. None for three classes, or for numbers in [-1, 1] if the
        defence is a regressor.
    expected_failed_checks : dict of str to str, default=None
        Checks that the defence need not pass, with the reason.

    Raises
    ------
    AssertionError
        If a check fails; errors of the defence come through as they are.

    See Also
    --------
    parametrize_with_defense_checks : The same for pytest, one test for each check.
    sklearn.utils.estimator_checks.check_estimator : What holds for all estimators.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_mid.utils.estimator_checks import check_defense
    >>> check_defense(GaussianNB())
    """
    run_checks(defense, defense_checks(defense, X, y), expected_failed_checks)


def parametrize_with_defense_checks(
    defenses: list, *, X: Any = None, y: Any = None, expected_failed_checks: Any = None
) -> Any:
    """Pytest decorator with one test for each defence and check.

    Parameters
    ----------
    defenses : list of estimators
        As in :func:`check_defense`.
    X, y : ndarray, default=None
        As in :func:`check_defense`.
    expected_failed_checks : callable, default=None
        Function of a defence that returns the checks it need not pass, as a dict of
        name to reason. They must fail: one that passes is an error.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the arguments `estimator` and `check`.

    See Also
    --------
    check_defense : What is checked.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn_mid.utils.estimator_checks import parametrize_with_defense_checks
    >>> @parametrize_with_defense_checks([GaussianNB()])
    ... def test_defenses(estimator, check):
    ...     check(estimator)
    """
    return parametrize(
        defenses, lambda defense: defense_checks(defense, X, y), expected_failed_checks
    )
