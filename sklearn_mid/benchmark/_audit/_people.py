"""The people of an audit: who they are, who is known, who is attacked."""

from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length

from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._features import resolve_attributes
from sklearn_mid.utils._frames import as_pandas
from sklearn_mid.utils._validation import as_column, as_rows

__all__ = [
    "MEMBERS",
    "MOST_KNOWN",
    "OTHERS",
    "checked_people",
    "data_hash",
    "in_order",
    "kind_of",
    "known_and_attacked",
    "names_of",
    "refuse_overlap",
    "rows_of",
    "secrets_of",
]

OTHERS, MEMBERS = "others", "members"
# What attackers learn of more people hardly differs, and takes the longer.
MOST_KNOWN = 20_000
# Overlap of members and others beyond chance that a slip of a row may cause.
_OVERLAP = 0.01


def kind_of(estimator: Any) -> str:
    """What a model is called: a pipeline, by its last step."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return type(estimator).__name__


def secrets_of(sensitive_features: Any, X: Any) -> list:
    """The secrets, each a name, an index, or a list of columns."""
    resolve_attributes(  # or it says what is wrong
        sensitive_features,
        n_features=X.shape[1],
        feature_names=names_of(X),
        param="sensitive_features",
    )
    if isinstance(sensitive_features, str | Integral):
        return [sensitive_features]
    return list(sensitive_features)


def checked_people(X: Any, y: Any, name: str) -> tuple[Any, np.ndarray]:
    X = as_rows(as_pandas(X), name)
    if not isinstance(X, pd.DataFrame):
        X = np.asarray(X)
        if X.ndim != 2:
            raise ValueError(
                f"{name} must have shape (n_samples, n_features), got shape {X.shape}."
            )
    if not len(X):
        raise ValueError(f"{name} has 0 rows; it needs people.")
    y = as_column(y, "y" if name == "X" else name)
    check_consistent_length(X, y)
    if n_missing := int(np.count_nonzero(pd.isna(y))):
        raise ValueError(
            f"{'y' if name == 'X' else 'y of members'} is missing for {n_missing} of "
            f"{len(y)} people; leave them out."
        )
    return X, y


def in_order(X_members, y_members, X):
    """Members with the columns that X has, in that order."""
    names = [[] if names_of(Z) is None else list(Z.columns) for Z in (X_members, X)]
    if not all(names) or names[0] == names[1]:
        return X_members, y_members
    if set(names[0]) != set(names[1]):
        raise ValueError(
            f"members have the columns {names[0]}, but X has {names[1]}; pass the same."
        )
    return X_members[names[1]], y_members


def names_of(X):
    return np.asarray(X.columns) if isinstance(X, pd.DataFrame) else None


def rows_of(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def known_and_attacked(X, secret, seed):
    """Two parts with each value of the secret in the first, if it occurs at all.

    They are halves, unless there are so many people that fewer are known than attacked.
    """
    candidates = Candidates.from_records(X, secret, None, feature_names=names_of(X))
    codes = candidates.encode(X, unknown=-1)
    counts = np.bincount(codes + 1)
    # A value that one person has goes to the known: it cannot be in both.
    alone = np.flatnonzero(counts[codes + 1] == 1)
    rest = np.flatnonzero(counts[codes + 1] > 1)
    if len(rest) < 4:
        raise ValueError(
            f"sensitive_features={secret!r}: {len(X)} people are too few to know one "
            "half and attack the other."
        )
    known, new = train_test_split(
        rest,
        train_size=min(len(rest) // 2, MOST_KNOWN),
        stratify=codes[rest],
        random_state=seed,
    )
    # Of a value so rare that the few known have drawn none of it, one.
    values, first = np.unique(codes[new], return_index=True)
    drawn = first[~np.isin(values, codes[known])]
    known, new = np.append(known, new[drawn]), np.delete(new, drawn)
    return np.sort(np.concatenate([known, alone])), np.sort(new)


def refuse_overlap(X_members, y_members, X, y):
    """Raise if others are members, which would hide what the model remembers."""
    keys = _hashes(X_members, y_members), _hashes(X, y)
    shared = float(np.isin(keys[1], keys[0]).mean())
    # Of people who look alike by chance there are as many within the others.
    _, counts = np.unique(keys[1], return_counts=True)
    alike = float(counts[counts > 1].sum() / len(keys[1]))
    by_chance = min(1.0, alike * max(1.0, len(keys[0]) / len(keys[1])))
    if shared > by_chance + _OVERLAP:
        raise ValueError(
            f"members and X overlap: {shared:.1%} of the people in X stand among the "
            f"members too, where {by_chance:.1%} look alike by chance. Pass people in "
            "X that the model was not trained on."
        )


def data_hash(X, y) -> str:
    """Of people, in whatever order."""
    total = np.sum(_hashes(X, y), dtype=np.uint64)
    return f"{int(total):016x}"


def _hashes(X, y) -> np.ndarray:
    """Of each person; numbers are the same in any type."""
    frame = pd.DataFrame(X).assign(**{"response": y})
    plain = {
        j: column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # no -0.0
        if pd.api.types.is_numeric_dtype(column.dtype)
        else column.astype(str)
        for j, (_, column) in enumerate(frame.items())
    }
    return pd.util.hash_pandas_object(
        pd.DataFrame(plain, index=frame.index), index=False
    ).to_numpy()
