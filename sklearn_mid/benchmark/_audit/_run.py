"""One released model, and what it gives away of each secret, by source."""

import datetime
import platform
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

import sklearn_mid
from sklearn_mid.benchmark._audit._people import (
    MEMBERS,
    OTHERS,
    checked_people,
    data_hash,
    in_order,
    kind_of,
    refuse_overlap,
    secrets_of,
)
from sklearn_mid.benchmark._audit._report import AuditReport
from sklearn_mid.benchmark._audit._secret import SecretAudit
from sklearn_mid.metrics import disclosure
from sklearn_mid.utils._learned_once import learned_once
from sklearn_mid.utils._parts import refuse_strangers
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._target import Target
from sklearn_mid.utils._validation import check_parameters

__all__ = ["audit", "audit_groups"]

# With fewer people than this, threads wait for each other longer than they compute;
# where the cores are busy, a hundred times longer.
_WORTH_THREADS = 20_000

_CONSTRAINTS = {
    "estimator": [HasMethods("predict")],
    "decimals": [None, Interval(Integral, 0, 15, closed="both")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def audit(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sensitive_features: Any,
    *,
    members: tuple | None = None,
    decimals: int | None = None,
    confidence_level: float = 0.95,
    random_state: Any = None,
    verbose: int = 0,
) -> AuditReport:
    """What a model gives away of secret attributes, and where the leak comes from.

    One half of the people, drawn at random, and 20,000 at most, is what the attackers
    know; the others are attacked. Each secret is looked at from four sides:

    - *population*: what the best guess without the model reads; no leak of the model;
    - *rule*: what the best attacker who knows the true response reads beyond that;
    - *answer*: what the model's answer about a person adds for whoever sees it, which
      is computed and needs no attack;
    - *memory*: what attackers read of members beyond what they read of others.

    Parameters
    ----------
    estimator : fitted classifier or regressor
        The model to be released.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        People that the model was not trained on, the secrets in their columns.
    y : array-like of shape (n_samples,)
        Their true responses.
    sensitive_features : str, int, or list
        The secrets: each a column, by name or index, or a list of the columns of a
        one-hot group. A bare name or index is one secret.
    members : tuple of (X, y), default=None
        People that the model was trained on. Without them memory is not looked at.
    decimals : int, default=None
        Decimals to which the model's answers are rounded when they are given out.
    confidence_level : float, default=0.95
        Of the intervals, over people. Where several figures speak of one source, each
        has an interval wide enough for the lower limits of all of them to hold
        together: without a leak, none of them finds one with this probability at least.
    random_state : int, RandomState instance or None, default=None
        Seeds the halves and the attacks.
    verbose : int, default=0
        If positive, progress on standard error.

    Returns
    -------
    report : AuditReport
        ``verdict``, ``summary``, ``sources`` and ``attacks`` (tables), ``plot()``,
        ``to_html()``, ``to_json()``.

    Raises
    ------
    ValueError
        If members and others overlap, or a secret is not to be attacked.

    See Also
    --------
    run_benchmark : Compares defences, over repetitions of the training.
    sklearn_mid.metrics.attack_report : All figures of one attack.
    sklearn_mid.metrics.vulnerability : The answer alone.

    Notes
    -----
    The best attack is chosen on one half of the attacked people and measured on the
    other, both ways round, so that trying many attacks finds no leak that is not there.
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
    >>> report.verdict
    'leak found'
    >>> list(report.sources["source"].unique())
    ['population', 'rule', 'answer']
    """
    check_parameters(
        "audit",
        _CONSTRAINTS,
        estimator=estimator,
        decimals=decimals,
        confidence_level=confidence_level,
        random_state=random_state,
        verbose=verbose,
    )
    X, y = checked_people(X, y, "X")
    if len(pd.unique(y)) < 2:
        raise ValueError(
            f"y holds one value only, {y[0]!r}; pass people of two responses at least."
        )
    groups = {OTHERS: (X, y)}
    if members is not None:
        if not isinstance(members, tuple | list) or len(members) != 2:
            raise ValueError(f"members must be a pair (X, y), got {members!r}.")
        X_members, y_members = checked_people(*members, "members")
        groups[MEMBERS] = in_order(X_members, y_members, X)
        refuse_overlap(*groups[MEMBERS], X, y)
    secrets = secrets_of(sensitive_features, X)
    if isinstance(X, pd.DataFrame):
        for secret in secrets:
            named = isinstance(secret, str) and secret in X.columns
            refuse_strangers(estimator, X, *((secret, X[secret]) if named else ()))
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    return audit_groups(
        estimator,
        groups,
        secrets,
        seed=seed,
        level=confidence_level,
        decimals=decimals,
        verbose=verbose,
    )


def audit_groups(
    estimator: Any,
    groups: dict[str, tuple],
    secrets: list,
    *,
    seed: int,
    level: float,
    decimals: int | None = None,
    verbose: int = 0,
    guessed: dict | None = None,
) -> AuditReport:
    """:func:`audit` of people who were checked before.

    `guessed` keeps what is guessed and learned without a model, for the audit of
    another model with the same people and seed.
    """
    guessed = {} if guessed is None else guessed
    parts = []
    n_people = sum(len(y) for _, y in groups.values())
    few = 1 if n_people < _WORTH_THREADS else None
    with threadpool_limits(few), learned_once(guessed):
        for secret in progress(secrets, verbose > 1, desc="secrets"):
            one = SecretAudit(estimator, secret, groups, seed, level, decimals, guessed)
            parts.append(one.look(verbose))
    sources, attacks, notes, exposed = zip(*parts, strict=True)
    return AuditReport(
        sources=pd.concat(sources, ignore_index=True),
        attacks=pd.concat(attacks, ignore_index=True),
        people=pd.concat(exposed, ignore_index=True),
        disclosures=disclosure(estimator, groups[MEMBERS][0])
        if MEMBERS in groups
        else disclosure(estimator),
        notes=tuple(note for of_secret in notes for note in of_secret),
        facts=_facts(estimator, groups, seed, level, decimals),
    )


def _facts(estimator, groups, seed, level, decimals):
    utility = {}
    for group, (X, y) in groups.items():
        try:
            records = Target(estimator, caller="audit").records(X)
            score = float(estimator.score(records, y))
        except (AttributeError, TypeError, ValueError):
            continue
        if np.isfinite(score):
            utility[group] = score
    return {
        "model": kind_of(estimator),
        "score": utility,
        "people": {group: len(y) for group, (_, y) in groups.items()},
        "data hash": {group: data_hash(X, y) for group, (X, y) in groups.items()},
        "decimals": decimals,
        "confidence level": level,
        "seed": int(seed),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "sklearn-mid": sklearn_mid.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
    }
