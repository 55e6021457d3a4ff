"""Disjoint rows for the target, its test, the attacker and an update."""

import math
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state, indexable

from sklearn_mid.utils._validation import (
    as_column,
    as_rows,
    check_parameters,
    factorize,
)

__all__ = ["Part", "TargetAuxiliarySplit", "target_auxiliary_split"]


class Part(NamedTuple):
    """Rows of one role: `X`, `y` (None without y) and their `indices`."""

    X: Any
    y: Any
    indices: np.ndarray


class TargetAuxiliarySplit(NamedTuple):
    """Rows of every role.

    Parameters
    ----------
    target, test, auxiliary, update : Part
        Indices, records and responses of those who train the target, test it, are
        known to the attacker, and are what the target is updated with.
    """

    target: Part
    test: Part
    auxiliary: Part
    update: Part


_CONSTRAINTS = {"test_within_groups": ["boolean"], "random_state": ["random_state"]}


def _take(data: Any, indices: np.ndarray) -> Any:
    if data is None:
        return None
    return data.iloc[indices] if hasattr(data, "iloc") else data[indices]


def _n_units(param: str, size: Any, n_units: int) -> int:
    if isinstance(size, bool) or not isinstance(size, Real):
        raise TypeError(f"{param} must be a share or a number, got {size!r}.")
    whole = isinstance(size, Integral)
    given = float(size)
    if not 0 <= given <= (n_units if whole else 1):
        raise ValueError(
            f"{param}={size!r} is out of range; allowed are a float from 0.0 to 1.0 or "
            f"an int from 0 to {n_units}."
        )
    return int(given) if whole else math.floor(given * n_units + 1e-9)


def _counts(sizes: dict[str, Any], n_units: int, what: str) -> dict[str, int]:
    """Number of units of each role; that of one role with size None is the rest."""
    asked = {
        role: None if size is None else _n_units(f"{role}_size", size, n_units)
        for role, size in sizes.items()
    }
    taken = sum(count for count in asked.values() if count is not None)
    if taken > n_units:
        raise ValueError(
            f"The sizes ask for {taken} of {n_units} {what}: "
            + ", ".join(f"{role}_size={size!r}" for role, size in sizes.items())
            + ". Make them smaller."
        )
    for role, size in sizes.items():
        if size and not asked[role]:
            raise ValueError(
                f"{role}_size={size!r} of {n_units} {what} is none; pass a larger "
                f"share, a number of {what}, or 0 for an empty part."
            )
    counts = {r: n_units - taken if c is None else c for r, c in asked.items()}
    if not counts["target"]:
        raise ValueError(
            f"No {what} are left for the target's training: "
            + ", ".join(f"{role}_size={size!r}" for role, size in sizes.items())
            + f" of {n_units}."
        )
    return counts


def _deal(
    counts: list[int], strata: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    """Role of each unit: exact counts, in proportion within every stratum.

    Units are put in random order, stratum after stratum, and each role takes units at
    even distances along this order.
    """
    n_units = len(strata)
    n_unused = n_units - sum(counts)
    places = [(np.arange(c) + 0.5) / c for c in [*counts, n_unused] if c]
    roles = [np.full(c, i) for i, c in enumerate([*counts, n_unused]) if c]
    in_turn = np.concatenate(roles)[np.argsort(np.concatenate(places), kind="stable")]
    order = rng.permutation(n_units)
    order = order[np.argsort(strata[order], kind="stable")]
    dealt = np.empty(n_units, dtype=np.intp)
    dealt[order] = in_turn
    return dealt


def _deal_within(
    group: np.ndarray, test_size: Any, rng: np.random.RandomState
) -> np.ndarray:
    """Whether each row is for the test, such that every group keeps one that is not."""
    counts = _counts({"target": None, "test": test_size}, len(group), "rows")
    is_test = _deal(list(counts.values()), group, rng) == 1
    groups, group = np.unique(group, return_inverse=True)
    n_free = len(group) - len(groups)
    if counts["test"] > n_free:
        raise ValueError(
            f"test_size={test_size!r} asks for {counts['test']} of the "
            f"{len(group)} rows of the target's {len(groups)} groups, but one row of "
            f"each group is the target's: allowed are {n_free} or fewer. Pass a "
            "smaller test_size."
        )
    # Where a group was dealt away whole, one of its rows comes back for one of a group
    # that has another.
    n_kept = np.bincount(group, weights=~is_test)
    _, first = np.unique(group, return_index=True)
    back = first[n_kept == 0]
    is_test[back] = False
    kept = np.flatnonzero(~is_test)
    _, one_of_each = np.unique(group[kept], return_index=True)
    is_test[rng.permutation(np.delete(kept, one_of_each))[: len(back)]] = True
    return is_test


def _codes(param: str, values: Any, n_samples: int) -> np.ndarray:
    values = as_column(values, param)
    if len(values) != n_samples:
        raise ValueError(
            f"{param} has {len(values)} values, expected {n_samples}, one per row of X."
        )
    return factorize(values)[0]


def _strata_of_groups(
    strata: np.ndarray, groups: np.ndarray, n_groups: int
) -> np.ndarray:
    of_group = np.empty(n_groups, dtype=np.intp)
    of_group[groups] = strata
    if not np.array_equal(of_group[groups], strata):
        bad = groups[np.flatnonzero(of_group[groups] != strata)[0]]
        raise ValueError(
            "stratify takes several values within one group of groups (the group of "
            f"row {int(np.flatnonzero(groups == bad)[0])}); groups stay together, so "
            "pass one value per group, or None."
        )
    return of_group


def target_auxiliary_split(
    X: Any,
    y: Any = None,
    *,
    target_size: float | int | None = None,
    test_size: float | int | None = 0.2,
    auxiliary_size: float | int | None = 0.3,
    update_size: float | int | None = 0,
    groups: Any = None,
    test_within_groups: bool = False,
    stratify: Any = None,
    random_state: int | np.random.RandomState | None = None,
) -> TargetAuxiliarySplit:
    """Split rows by the role that they play in an attack.

    A fair judgement of an attack needs disjoint rows: those that the target is trained
    on, those that its utility is measured on, those that the attacker knows beforehand,
    and, for attacks on updates, those that the target is updated with.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
        Rows.
    y : array-like of shape (n_samples,), default=None
        Targets.
    target_size, test_size, auxiliary_size, update_size : float, int or None
        Share (float from 0.0 to 1.0) or number (int) of rows for the target's training,
        its test, the attacker's auxiliary data and the update; with `groups`, of
        groups. At most one may be None and gets what the others leave; if none is,
        rows that are left over are not used. Defaults are None, 0.2, 0.3 and 0.
    groups : array-like of shape (n_samples,), default=None
        Group of each row, a person for instance. All rows of a group get the same
        role, so that the attacker knows none of the target's people.
    test_within_groups : bool, default=False
        Whether test rows are other rows of the target's groups, as for a face
        recogniser, which is tested on new pictures of people that it knows.
        `test_size` is then a share or number of these groups' rows, spread evenly over
        the groups; one row of each group stays the target's. Needs `groups`.
    stratify : array-like of shape (n_samples,), default=None
        Values, such as `y`, that every role gets in about equal proportions.
    random_state : int, RandomState instance or None, default=None
        Which rows get which role.

    Returns
    -------
    TargetAuxiliarySplit
        Named tuple of `target`, `test`, `auxiliary` and `update`, each a named tuple of
        `X`, `y` and `indices` (the rows' positions, increasing).

    Raises
    ------
    ValueError
        If the sizes ask for more than there is, leave nothing for the target, or a
        share comes to nothing; if a length is wrong, or if `stratify` varies within a
        group.
    TypeError
        If a size is not a number.

    See Also
    --------
    sklearn.model_selection.train_test_split : Two roles.
    make_attack_scorer : Judge candidates of a grid search by an attack.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.model_selection import target_auxiliary_split
    >>> X, y = np.arange(20).reshape(10, 2), np.arange(10) % 2
    >>> split = target_auxiliary_split(X, y, update_size=1, random_state=0)
    >>> [len(part.y) for part in split]
    [4, 2, 3, 1]
    >>> split.target.X.shape
    (4, 2)
    """
    check_parameters(
        "target_auxiliary_split",
        _CONSTRAINTS,
        test_within_groups=test_within_groups,
        random_state=random_state,
    )
    X, y = indexable(as_rows(X, "X"), None if y is None else as_rows(y, "y"))
    n_samples = X.shape[0]
    rng = check_random_state(random_state)
    sizes = {
        "target": target_size,
        "test": test_size,
        "auxiliary": auxiliary_size,
        "update": update_size,
    }
    if sum(size is None for size in sizes.values()) > 1:
        raise ValueError(
            "At most one size may be None, got "
            + ", ".join(f"{role}_size={size!r}" for role, size in sizes.items())
            + "."
        )
    if test_within_groups and (groups is None or test_size is None):
        raise ValueError(
            "test_within_groups=True needs groups and a test_size, got "
            f"groups={groups!r}, test_size={test_size!r}."
        )
    roles = list(sizes)
    row_strata = np.zeros(n_samples, dtype=np.intp)
    if stratify is not None:
        row_strata = _codes("stratify", stratify, n_samples)
    if groups is None:
        counts = _counts(sizes, n_samples, "rows")
        role = _deal(list(counts.values()), row_strata, rng)
    else:
        group = _codes("groups", groups, n_samples)
        n_groups = group.max() + 1
        strata = _strata_of_groups(row_strata, group, n_groups)
        if test_within_groups:
            sizes["test"] = 0
        counts = _counts(sizes, n_groups, "groups")
        role = _deal(list(counts.values()), strata, rng)[group]
        if test_within_groups:
            own = np.flatnonzero(role == roles.index("target"))
            is_test = _deal_within(group[own], test_size, rng)
            role[own[is_test]] = roles.index("test")
    parts = []
    for i in range(len(roles)):
        indices = np.flatnonzero(role == i)
        parts.append(Part(_take(X, indices), _take(y, indices), indices))
    return TargetAuxiliarySplit(*parts)
