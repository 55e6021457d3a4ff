"""The joint values of one or several secrets, as training saw them."""

import numpy as np
import pandas as pd

from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._features import resolve_attributes

__all__ = ["Secrets"]


class Secrets:
    """Candidates of several attributes, and which of them occur together.

    Attributes
    ----------
    attributes : list of Candidates
        One for each attribute.
    codes : ndarray of shape (n_values, n_attributes)
        Position of each joint value in the attributes' own values.
    """

    def __init__(self, attributes, codes):
        self.attributes = attributes
        self.codes = codes

    @classmethod
    def from_records(cls, X, sensitive_features, feature_names, max_values):
        """Find the joint values in training records.

        Returns
        -------
        secrets : Secrets
        held : ndarray of shape (n_samples,)
            Position of each record's joint value, -1 where one is missing.
        """
        columns = resolve_attributes(
            sensitive_features,
            n_features=X.shape[1],
            feature_names=feature_names,
            param="sensitive_features",
            X=X,
        )
        names = sensitive_features
        if not isinstance(names, list | tuple | np.ndarray):
            names = [names]
        attributes = []
        for name, where in zip(names, columns, strict=True):
            cells = pd.DataFrame(X).iloc[:, where]
            is_known = cells.notna().all(axis=1).to_numpy()
            n_known = int(is_known.sum())
            if len(cells[is_known].drop_duplicates()) < 2:
                raise ValueError(
                    f"sensitive_features={sensitive_features!r}: {name!r} takes one "
                    f"value only in the {n_known} of {len(X)} records that have one "
                    f"(n_samples={len(X)}); there is nothing to protect."
                )
            attributes.append(
                Candidates.from_records(
                    X[is_known], name, None, feature_names=feature_names
                )
            )
        held = np.column_stack([a.encode(X, unknown=-1) for a in attributes])
        is_known = (held >= 0).all(axis=1)
        codes, found = np.unique(held[is_known], axis=0, return_inverse=True)
        position = np.full(len(held), -1)
        position[is_known] = found.ravel()
        if len(codes) > max_values:
            raise ValueError(
                f"sensitive_features={sensitive_features!r} takes {len(codes)} joint "
                f"values in training, more than max_values={max_values}. Name fewer "
                "attributes, make them coarser, or allow more: each query asks the "
                "model once per value."
            )
        return cls(attributes, codes), position

    @property
    def n_values(self):
        """Number of joint values."""
        return len(self.codes)

    @property
    def columns(self):
        """Where the secrets stand in X."""
        return np.concatenate([a.columns for a in self.attributes])

    @property
    def values(self):
        """The joint values: an array, for several attributes one row for each."""
        if len(self.attributes) == 1:
            return self.attributes[0].values[self.codes[:, 0]]
        values = np.empty(self.codes.shape, dtype=object)
        for j, attribute in enumerate(self.attributes):
            values[:, j] = attribute.values[self.codes[:, j]]
        return values

    def encode(self, X):
        """Position of each record's joint value; -1 if missing or never seen."""
        held = np.column_stack([a.encode(X, unknown=-1) for a in self.attributes])
        sizes = [len(a.values) + 1 for a in self.attributes]
        among, asked = (
            np.ravel_multi_index((codes + 1).T, sizes) for codes in (self.codes, held)
        )
        # codes are sorted, so are their positions in the grid
        position = np.searchsorted(among, asked).clip(max=len(among) - 1)
        return np.where(among[position] == asked, position, -1)

    def drop(self, X):
        """The known columns."""
        known = np.setdiff1d(np.arange(X.shape[1]), self.columns)
        return X.iloc[:, known] if isinstance(X, pd.DataFrame) else X[:, known]

    def substitute(self, X):
        """The records with each joint value in turn, in one working copy."""
        work = X
        for attribute in self.attributes:
            work = attribute.working_copy(work)
        for row in self.codes:
            for attribute, code in zip(self.attributes, row, strict=True):
                attribute.put(work, code)
            yield work
