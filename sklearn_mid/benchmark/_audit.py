"""One released model against every attack that fits it."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
    WhiteBoxTreeAttack,
)
from sklearn_mid.benchmark._protocol import HELD_OUT, MEMBERS
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.metrics import attack_report
from sklearn_mid.metrics._attack import check_members
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._validation import check_parameters

__all__ = ["audit"]

_FIGURES = ("accuracy", "mcc", "baseline_accuracy", "advantage")


_CONSTRAINTS = {
    "estimator": [HasMethods("predict")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
}


def audit(
    estimator: Any,
    X: ArrayLike | pd.DataFrame,
    y: ArrayLike,
    sensitive_feature: str | int | Sequence[str | int],
    *,
    members: tuple[ArrayLike | pd.DataFrame, ArrayLike] | None = None,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """What a model gives away of a secret attribute, by every attack that fits it.

    One half of the people, drawn at random, is what the attacker knows; the others are
    attacked.

    Parameters
    ----------
    estimator : fitted classifier or regressor
        The model to be released.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        People that the model was not trained on, the secret in its column.
    y : array-like of shape (n_samples,)
        Their true responses.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    members : tuple of (X, y), default=None
        People that the model was trained on, to be attacked too.
    confidence_level : float, default=0.95
        Of the intervals, which are bootstraps over people.
    random_state : int, RandomState instance or None, default=None
        Seeds the halves, the attacks and the intervals.

    Returns
    -------
    report : DataFrame
        A row per attack and group of people. ``attack``, ``access`` (what of the model
        the attacker has), ``knowledge`` (what else), ``people`` (``"held-out"`` or
        ``"members"``), ``n``; then ``accuracy``, ``mcc`` (Matthews correlation),
        ``baseline_accuracy`` (of one who knows as much and has no model) and
        ``advantage`` (accuracy beyond that), each with limits ``_low`` and ``_high``;
        ``skipped`` says why an attack does not apply, and is empty otherwise.

    See Also
    --------
    run_benchmark : Compares defences, over repetitions of the training.
    sklearn_mid.metrics.attack_report : More figures of one attack.

    Notes
    -----
    That no attack succeeds here does not prove that none does.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_mid.benchmark import audit
    >>> from sklearn_mid.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> X_train, X_new, y_train, y_new = train_test_split(X, y, random_state=0)
    >>> model = LinearRegression().fit(X_train, y_train)
    >>> report = audit(model, X_new, y_new, "sex", random_state=0)
    >>> report = report.set_index("attack")
    >>> bool(report.loc["MAP", "advantage"] > 0)
    True
    """
    check_parameters(
        "audit",
        _CONSTRAINTS,
        estimator=estimator,
        confidence_level=confidence_level,
        random_state=random_state,
    )
    if members is not None:
        check_members(members)
    rng = check_random_state(random_state)
    seed = rng.randint(np.iinfo(np.int32).max)
    X_known, X_new, y_known, y_new = train_test_split(
        X, y, test_size=0.5, random_state=seed
    )
    people = {HELD_OUT: (X_new, y_new)}
    if members is not None:
        people[MEMBERS] = members
    attacks = _attacks(estimator, sensitive_feature, seed)
    baselines: dict[str, Any] = {}
    rows = []
    for name, attack in attacks.items():
        reason, baseline = "", None
        try:
            attack.fit(X_known, y_known)
        except UnsupportedTargetError as error:
            reason = str(error)
        if attack.access != "none":
            # What knows as much, and has no model.
            unfitted = attack.baseline()
            if repr(unfitted) not in baselines:
                baselines[repr(unfitted)] = unfitted.fit(X_known, y_known)
            baseline = baselines[repr(unfitted)]
        for group, (X_group, y_group) in people.items():
            figures = {}
            if not reason:
                try:
                    figures = _figures(
                        attack,
                        baseline,
                        X_group,
                        y_group,
                        confidence_level=confidence_level,
                        random_state=seed,
                    )
                except (TypeError, ValueError) as error:
                    raise ValueError(
                        f"The {group} people cannot be attacked: {error}"
                    ) from error
            rows.append(
                {
                    "attack": name,
                    "access": attack.access,
                    "knowledge": attack.knowledge,
                    "people": group,
                    "n": len(y_group),
                    **figures,
                    "skipped": reason,
                }
            )
    return pd.DataFrame(rows)


def _attacks(estimator: Any, sensitive_feature: Any, seed: int) -> dict[str, Any]:
    """Unfitted attacks by name; some may find that the model does not suit them."""
    common: dict[str, Any] = {"random_state": seed}
    target = (estimator, sensitive_feature)
    attacks: dict[str, Any] = {
        "majority guess": PriorBaseline(sensitive_feature),
        "imputation": ImputationBaseline(sensitive_feature, **common),
        "MAP": MAPAttack(*target, **common),
        "MAP, no prior": MAPAttack(*target, use_prior=False, **common),
    }
    if hasattr(estimator, "predict") and not hasattr(estimator, "classes_"):
        attacks["MAP, re-scaling"] = MAPAttack(*target, calibrate=True, **common)
    attacks["learned"] = LearnedAttack(*target, **common)
    attacks["white-box counts"] = WhiteBoxTreeAttack(*target)
    return attacks


def _figures(
    attack: Any, baseline: Any, X: Any, y: Any, **options: Any
) -> dict[str, float]:
    report = attack_report(attack, X, y, baseline=baseline, **options)
    report = report.set_index("metric").reindex(list(_FIGURES))
    return {
        name + end: report.loc[name, column]
        for name in _FIGURES
        for end, column in (("", "value"), ("_low", "low"), ("_high", "high"))
    }
