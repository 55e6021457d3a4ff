"""Worlds of few values whose whole joint distribution is known."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import entr
from sklearn.utils import Bunch, check_random_state

from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import as_numbers, check_parameters

__all__ = ["make_discrete_world"]

_CONSTRAINTS = {
    "n_samples": [Interval(Integral, 1, None, closed="left")],
    "n_values": [tuple, list],
    "n_classes": [Interval(Integral, 1, None, closed="left")],
    "independent_secret": ["boolean"],
    "concentration": [Interval(Real, 0, 1e9, closed="right")],
    "random_state": ["random_state"],
}

_DESCR = """\
A discrete world

Records drawn independently from the table `joint`, p(secret, known..., response). What
an attacker can learn is known exactly; see make_discrete_world.
"""


def _check_joint(joint):
    joint = as_numbers(joint, "joint")
    if joint.ndim < 2 or not joint.size:
        raise ValueError(
            "joint needs an axis for the secret, one per known feature and one for "
            f"the response, none of them empty; got shape {joint.shape}."
        )
    if not np.isfinite(joint).all() or joint.min() < 0 or joint.sum() <= 0:
        raise ValueError(
            "joint must hold finite weights of at least 0, not all of them 0; got "
            f"values from {joint.min()} to {joint.max()}."
        )
    return joint / joint.sum()


def _random_joint(n_values, n_classes, independent_secret, concentration, rng):
    """p(x) p(y | x), both drawn from Dirichlet distributions."""

    def dirichlet(n, size=None):
        return rng.dirichlet(np.full(n, concentration), size=size)

    n_secret, *n_known = n_values
    n_contexts = int(np.prod(n_known, dtype=int))
    if independent_secret:
        features = np.outer(dirichlet(n_secret), dirichlet(n_contexts))
    else:
        features = dirichlet(n_secret * n_contexts)
    response = dirichlet(n_classes, size=features.size)
    return (features.reshape(-1, 1) * response).reshape(*n_values, n_classes)


def _entropy(probabilities):
    return entr(probabilities).sum()


def make_discrete_world(
    n_samples: int = 1000,
    *,
    joint: Any = None,
    n_values: Sequence[int] = (2, 3, 2),
    n_classes: int = 3,
    independent_secret: bool = False,
    concentration: float = 0.5,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Draw records from a discrete joint distribution that is known.

    What the best attacker can do, and how much the response tells about the secret, are
    sums over the table and returned with the records.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of records.
    joint : array-like of shape (n_secret, n_known_1, ..., n_classes), default=None
        Weights p(secret, known..., response), scaled to sum to 1. None draws a table at
        random, as the next four parameters say.
    n_values : tuple of int, default=(2, 3, 2)
        Number of values of the secret and of each known feature.
    n_classes : int, default=3
        Number of values of the response.
    independent_secret : bool, default=False
        Whether the secret is independent of the known features, as attackers assume
        who know marginals only.
    concentration : float, default=0.5
        Of the Dirichlet distributions that p(x) and p(response | x) are drawn from:
        small for skewed tables, large for even ones.
    random_state : int, RandomState instance or None, default=None
        Draws the table and the records.

    Returns
    -------
    Bunch
        With the following items, informations in nats:

        - `data` : DataFrame of shape (n_samples, 1 + n_known) of ints, columns
          ``secret``, ``known_0``, ...; `target` : Series, the response; `frame` : both;
        - `feature_names`, `target_names`, `sensitive_features` (``["secret"]``),
          `DESCR`;
        - `joint` : ndarray, the table, summing to 1;
        - `bayes_accuracy` : accuracy of the best attacker who knows the table, the
          known features and the response;
        - `baseline_accuracy` : the same without the response;
        - `prior_accuracy` : probability of the secret's most frequent value;
        - `mutual_information` : I(secret; response | known features);
        - `total_information` : I(all features; response).

    See Also
    --------
    make_linear_gaussian : A regression whose truth is known.

    Examples
    --------
    >>> from sklearn_mid.datasets import make_discrete_world
    >>> noiseless_copy = [[0.5, 0.0], [0.0, 0.5]]
    >>> world = make_discrete_world(4, joint=noiseless_copy, random_state=0)
    >>> world.bayes_accuracy, world.prior_accuracy
    (1.0, 0.5)
    >>> round(world.mutual_information, 4)  # ln 2
    0.6931
    """
    check_parameters(
        "make_discrete_world",
        _CONSTRAINTS,
        n_samples=n_samples,
        n_values=n_values,
        n_classes=n_classes,
        independent_secret=independent_secret,
        concentration=concentration,
        random_state=random_state,
    )
    rng = check_random_state(random_state)
    if joint is not None:
        joint = _check_joint(joint)
    else:
        if not n_values or not all(
            isinstance(count, Integral) and count >= 1 for count in n_values
        ):
            raise ValueError(
                "n_values must hold an int of 1 or more for the secret and for each "
                f"known feature, got {n_values!r}."
            )
        joint = _random_joint(
            n_values, n_classes, independent_secret, concentration, rng
        )
    cells = rng.choice(joint.size, size=n_samples, p=joint.ravel())
    columns = np.unravel_index(cells, joint.shape)
    names = ["secret", *(f"known_{i}" for i in range(joint.ndim - 2))]
    data = pd.DataFrame(dict(zip(names, columns[:-1], strict=True)))
    target = pd.Series(columns[-1], name="response")

    # Axes: secret, context (all known features), response.
    table = joint.reshape(joint.shape[0], -1, joint.shape[-1])
    features = table.sum(axis=2)
    context_response = table.sum(axis=0)
    return Bunch(
        data=data,
        target=target,
        frame=data.assign(response=target),
        feature_names=names,
        target_names=[str(k) for k in range(joint.shape[-1])],
        sensitive_features=["secret"],
        DESCR=_DESCR,
        joint=joint,
        bayes_accuracy=float(table.max(axis=0).sum()),
        baseline_accuracy=float(features.max(axis=0).sum()),
        prior_accuracy=float(features.sum(axis=1).max()),
        # I(S; Y | C) = H(S, C) + H(C, Y) - H(C) - H(S, C, Y)
        mutual_information=float(
            _entropy(features)
            + _entropy(context_response)
            - _entropy(features.sum(axis=0))
            - _entropy(table)
        ),
        total_information=float(
            _entropy(features) + _entropy(table.sum(axis=(0, 1))) - _entropy(table)
        ),
    )
