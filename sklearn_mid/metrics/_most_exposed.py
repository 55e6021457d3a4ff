"""Who is exposed most: a list of people, not an average."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_mid.metrics._attack import (
    certainty,
    check_attack,
    check_comparable,
    check_proba,
    guesses,
)
from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import check_parameters

__all__ = ["most_exposed"]

_CONSTRAINTS = {"n_people": [Interval(Integral, 1, None, closed="left")]}


def most_exposed(
    attack: Any,
    X: Any,
    y: ArrayLike,
    *,
    baseline: Any = None,
    n_people: int = 10,
) -> pd.DataFrame:
    """The people of whose secret an attack is most certain.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        Fitted attack.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        Records of the people under attack, with the true secret in its column.
    y : array-like of shape (n_samples,)
        The response that the attacker knows of each.
    baseline : AttributeInferenceAttack, default=None
        Fitted attack without a model. Adds how certain it is of the same guess: what
        the model adds for this person is the rest.
    n_people : int, default=10
        How many people to list, if there are as many.

    Returns
    -------
    people : DataFrame with a row per person, the most exposed first
        The index is that of `X`, or the position in it. Columns: ``guess``;
        ``certainty``, the attack's probability of its guess; ``truth``; ``is_right``;
        with a baseline ``baseline_certainty``, its probability of that guess.

    Raises
    ------
    TypeError
        If `attack` or `baseline` is no attribute-inference attack.
    ValueError
        If the baseline infers other values.

    See Also
    --------
    attack_report : How often the most certain guesses are right, with intervals.
    vulnerability : How exposed a person is to any attacker.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.metrics import most_exposed
    >>> X, y = load_iris(return_X_y=True)
    >>> X[:, 3] = X[:, 3] > 1.3
    >>> tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
    >>> attack = MAPAttack(tree, sensitive_feature=3).fit(X, y)
    >>> list(most_exposed(attack, X, y, n_people=2))
    ['guess', 'certainty', 'truth', 'is_right']
    """
    check_parameters("most_exposed", _CONSTRAINTS, n_people=n_people)
    check_attack(attack, "attack")
    true, pred, proba, values = guesses(attack, X, y)
    people = pd.DataFrame(
        {
            "guess": values[pred],
            "certainty": certainty(proba, pred),
            "truth": values[true],
            "is_right": true == pred,
        },
        index=X.index if isinstance(X, pd.DataFrame) else None,
    )
    if baseline is not None:
        check_comparable(attack, baseline, allow_unequal=True)
        proba = check_proba(
            baseline.infer_proba(X, baseline.observe(X, y)), true, values
        )
        people["baseline_certainty"] = certainty(proba, pred)
    order = np.argsort(-people["certainty"].to_numpy(), kind="stable")
    return people.iloc[order[:n_people]]
