"""The values a secret may take, and a record's looks with each of them."""

import numbers

import numpy as np
import pandas as pd

from sklearn_mid.utils._features import is_group, one_hot_codes, resolve_columns
from sklearn_mid.utils._validation import as_column, as_numbers, positions

__all__ = ["Candidates", "check_no_infinity", "check_not_complex", "given_prior"]

MAX_DISTINCT = 20  # a numeric secret with more distinct values is binned
DEFAULT_BINS = 10


def check_not_complex(X):
    """Raise if a column holds complex numbers, which no model takes."""
    dtypes = X.dtypes if isinstance(X, pd.DataFrame) else [X.dtype]
    if any(dtype.kind == "c" for dtype in dtypes):
        raise ValueError("X contains complex numbers; allowed are real ones and text.")


def check_no_infinity(X, *, ignore=()):
    """Raise if a numeric column, but for those to `ignore`, holds an infinity."""
    if isinstance(X, pd.DataFrame):
        columns = [
            j
            for j, dtype in enumerate(X.dtypes)
            if pd.api.types.is_float_dtype(dtype) and j not in ignore
        ]
        names = X.columns
        bad = [
            j
            for j in columns
            if np.isinf(X.iloc[:, j].to_numpy(dtype=float, na_value=np.nan)).any()
        ]
    elif X.dtype.kind == "f":
        names = range(X.shape[1])
        infinite = np.isinf(X).any(axis=0)
        bad = [int(j) for j in np.flatnonzero(infinite) if j not in ignore]
    else:
        return
    if bad:
        raise ValueError(
            f"X contains infinity in column {names[bad[0]]!r}; allowed are finite "
            "numbers (and missing values, where the target takes them)."
        )


def given_prior(prior, values, shares):
    """Prior probabilities of `values`: those given, or the auxiliary `shares`."""
    if prior is None:
        return shares
    if isinstance(prior, str) and prior == "uniform":
        return np.full(len(values), 1 / len(values))
    if isinstance(prior, dict):
        if set(prior) != set(values.tolist()):
            raise ValueError(
                f"prior={prior!r} must give a probability to each candidate value and "
                f"to no other; these are {values.tolist()}."
            )
        prior = [prior[v] for v in values.tolist()]
    given = as_numbers(prior, "prior")
    if (
        given.shape != values.shape
        or not (given >= 0).all()
        or not np.isclose(given.sum(), 1)
    ):
        raise ValueError(
            f"prior={prior!r} must hold {len(values)} probabilities that sum to 1, one "
            f"for each of the values {values.tolist()}."
        )
    return given / given.sum()


class Candidates:
    """Candidate values of one sensitive attribute.

    Attributes
    ----------
    columns : ndarray of shape (n_columns,)
        Where the attribute stands in X.
    values : ndarray of shape (n_values,)
        The values, as an attack names them.
    """

    def __init__(self, columns, values, cells, *, name, codes=None, edges=None):
        self.columns = columns
        self.values = values
        self._cells = cells  # per column: what to write there, for each value
        self._name = name
        self._codes = codes  # one-hot group: its valid rows
        self._edges = edges  # binned secret: borders between the sorted values

    @classmethod
    def from_records(cls, X, sensitive_feature, candidates, *, feature_names):
        """Find the values in auxiliary records, or take those given or found before."""
        if isinstance(candidates, cls):
            return candidates
        columns = resolve_columns(
            sensitive_feature,
            n_features=X.shape[1],
            feature_names=feature_names,
            param="sensitive_feature",
        )
        if len(columns) > 1 or is_group(sensitive_feature):
            if candidates is not None:
                raise ValueError(
                    f"candidates={candidates!r} is for a secret in one column; the "
                    "candidates of a one-hot group are its valid rows: pass None."
                )
            found = cls._from_group(X, columns, sensitive_feature, feature_names)
        else:
            found = cls._from_column(X, columns, sensitive_feature, candidates)
        if len(found.values) < 2:
            raise ValueError(
                f"sensitive_feature={sensitive_feature!r} takes one value only, "
                f"{found.values[0]!r}, in {len(X)} auxiliary records (n_samples="
                f"{len(X)}); there is nothing to infer. Pass other records, or the "
                "possible values as candidates."
            )
        return found

    @classmethod
    def _from_group(cls, X, columns, name, feature_names):
        group = _take_columns(X, columns, name)
        _refuse_missing(group, name)
        codes, level, _ = one_hot_codes(group, param="sensitive_feature")
        labels = columns if feature_names is None else feature_names[columns]
        other = -1 if feature_names is None else "(other)"
        values = np.array([other if i < 0 else labels[i] for i in level])
        cells = [
            pd.Series(codes[:, j], dtype=_column(X, c).dtype).array
            for j, c in enumerate(columns)
        ]
        return cls(columns, values, cells, name=name, codes=codes)

    @classmethod
    def _from_column(cls, X, columns, name, candidates):
        column = _column(X, columns[0])
        raw = _plain(column)
        _refuse_missing(raw, name)
        codes, distinct = pd.factorize(raw)
        first = np.unique(codes, return_index=True)[1]
        first = first[_sorted_order(distinct)]
        is_numeric = raw.dtype.kind in "iuf" and not isinstance(
            column.dtype, pd.CategoricalDtype
        )
        if candidates is None and not (is_numeric and len(distinct) > MAX_DISTINCT):
            cells = column.array.take(first)
            return cls(columns, raw[first], [cells], name=name)
        if candidates is None:
            candidates = DEFAULT_BINS
        if isinstance(candidates, numbers.Integral):
            if not is_numeric:
                raise ValueError(
                    f"candidates={candidates!r} asks for bins of a numeric secret, but "
                    f"sensitive_feature={name!r} is not numeric; pass None or a list."
                )
            values, edges = _quantile_bins(raw, int(candidates))
        else:
            values, edges = _given_values(candidates, raw, distinct, is_numeric, name)
        return cls(columns, values, [_as_cells(values, column)], name=name, edges=edges)

    def encode(self, X, *, unknown=None, refuse_missing=False):
        """Position in `values` of what each record holds.

        Missing and other values become `unknown`, or raise if that is None; with
        `refuse_missing`, missing ones raise anyway.
        """
        if unknown is not None:
            return self._encode_known(X, unknown, refuse_missing)
        if self._codes is not None:
            group = _take_columns(X, self.columns, self._name)
            codes = np.full(len(group), -1)
            for i, code in enumerate(self._codes):
                codes[np.isclose(group, code).all(axis=1)] = i
            held = group
        else:
            held = _plain(_column(X, self.columns[0]))
            _refuse_missing(held, self._name)
            if self._edges is not None:
                numbers_held = self.numbers(X)
                order = np.argsort(self.values)
                return order[np.searchsorted(self._edges, numbers_held, side="right")]
            codes = positions(held, self.values)
        if (codes < 0).any():
            value = held[codes < 0].tolist()[0]
            raise ValueError(
                f"sensitive_feature={self._name!r} holds the value {value!r} in X, "
                "which is none of the candidates known from auxiliary data: "
                f"{self.values.tolist()}."
            )
        return codes

    def _encode_known(self, X, unknown, refuse_missing):
        held = X.iloc[:, self.columns] if isinstance(X, pd.DataFrame) else None
        held = pd.DataFrame(X[:, self.columns]) if held is None else held
        codes = np.full(len(X), unknown)
        known = held.notna().all(axis=1).to_numpy()
        if refuse_missing and not known.all():
            return self.encode(X)  # raises
        if self._codes is None and self._edges is None:
            known = known & (positions(_plain(held.iloc[:, 0]), self.values) >= 0)
        elif self._codes is not None:
            group = held.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
            same = [np.isclose(group, code).all(axis=1) for code in self._codes]
            known = known & np.any(same, axis=0)
        if known.any():
            codes[known] = self.encode(X[known])
        return codes

    def numbers(self, X):
        """The secret of each record as a number, in its own units."""
        held = None
        if self._codes is None and self.values.dtype.kind in "iufb":
            held = _plain(_column(X, self.columns[0]))
            if held.dtype == object:
                held = pd.to_numeric(pd.Series(held), errors="coerce").to_numpy()
        if held is None or held.dtype.kind not in "iufb":
            raise TypeError(
                f"sensitive_feature={self._name!r} is not one numeric column; an error "
                "in its own units needs numbers."
            )
        _refuse_missing(held, self._name)
        return held

    def same_as(self, other: "Candidates") -> bool:
        """Whether these are the same values of the same columns."""
        return np.array_equal(self.columns, other.columns) and (
            self.values.tolist() == other.values.tolist()
        )

    def drop(self, X):
        """The records without their sensitive columns."""
        known = np.setdiff1d(np.arange(X.shape[1]), self.columns)
        return X.iloc[:, known] if isinstance(X, pd.DataFrame) else X[:, known]

    def substitute(self, X):
        """The records with each value in turn.

        Yields one working copy again and again: use it before taking the next.
        """
        work = self.working_copy(X)
        for i in range(len(self.values)):
            self.put(work, i)
            yield work

    def write(self, X, value, row):
        """A copy of the records, with one value (by position) in one row."""
        if isinstance(X, pd.DataFrame):
            work = X.copy()
            for column, cells in zip(self.columns, self._cells, strict=True):
                changed = X.iloc[:, column].astype(cells.dtype)
                changed.iloc[row] = cells[value]
                work.isetitem(column, changed)
            return work
        cells = [np.asarray(c) for c in self._cells]
        work = X.astype(_common_dtype(X.dtype, *(c.dtype for c in cells)))
        work[row, self.columns] = [cell[value] for cell in cells]
        return work

    def working_copy(self, X):
        """A copy of X that :meth:`put` may change; a DataFrame shares its columns."""
        if isinstance(X, pd.DataFrame):
            return X.copy(deep=False)
        dtypes = [np.asarray(c).dtype for c in self._cells]
        return X.astype(_common_dtype(X.dtype, *dtypes))

    def put(self, work, i):
        """Put value number `i` into all records of a working copy."""
        for column, cells in zip(self.columns, self._cells, strict=True):
            if isinstance(work, pd.DataFrame):
                work.isetitem(column, cells.take(np.full(len(work), i)))
            else:
                work[:, column] = np.asarray(cells)[i]

    def __getstate__(self):
        """State in arrays of numpy's: others cannot be written to a model file."""
        state = self.__dict__.copy()
        state["_cells"] = [_unpacked(cells) for cells in self._cells]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._cells = [_packed(*cells) for cells in state["_cells"]]


def _column(X, j):
    return X.iloc[:, j] if isinstance(X, pd.DataFrame) else pd.Series(X[:, j])


def _plain(column):
    """A column as an ndarray: numbers where it holds nothing but numbers."""
    raw = np.asarray(column)
    if raw.dtype == object:
        inferred = pd.Series(raw, dtype=object).infer_objects()
        if inferred.dtype != object and inferred.dtype.kind in "iufb":
            return inferred.to_numpy()
    return as_column(raw, "sensitive_feature")


def _take_columns(X, columns, name):
    is_frame = isinstance(X, pd.DataFrame)
    group = X.iloc[:, columns].to_numpy() if is_frame else X[:, columns]
    if group.dtype.kind in "iufb":
        return group
    try:
        return group.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sensitive_feature={name!r} names a group that is not one-hot: it holds "
            f"other things than numbers ({error})."
        ) from error


def _refuse_missing(raw, name):
    missing = pd.isna(raw).reshape(len(raw), -1).any(axis=1)
    if missing.any():
        raise ValueError(
            f"sensitive_feature={name!r} is missing in {int(missing.sum())} of "
            f"{len(raw)} records of X; leave these records out."
        )


def _sorted_order(distinct):
    try:
        return np.argsort(np.asarray(distinct))
    except TypeError:  # mixed types have no order of their own
        keys = [(type(v).__name__, str(v)) for v in distinct]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__))


def _quantile_bins(raw, n_bins):
    """Lower median of each bin (a value that occurs), and the borders between."""
    if n_bins < 2:
        raise ValueError(f"candidates={n_bins!r} must be at least 2 bins.")
    ordered = np.sort(raw)
    edges = np.quantile(ordered, np.arange(1, n_bins) / n_bins, method="higher")
    edges = np.unique(edges[edges > ordered[0]])
    bins = np.searchsorted(edges, ordered, side="right")
    start = np.searchsorted(bins, np.arange(len(edges) + 1))
    stop = np.append(start[1:], len(ordered))
    return ordered[(start + stop - 1) // 2], edges


def _given_values(candidates, raw, distinct, is_numeric, name):
    values = as_column(candidates, "candidates")
    if values.dtype.kind not in "iufb":
        values = values.astype(object)
    if (
        np.ndim(candidates) != 1
        or len(values) != len(pd.unique(values))
        or not len(values)
    ):
        raise ValueError(
            f"candidates={candidates!r} must be None, a number of bins, or a list of "
            "distinct values."
        )
    _refuse_missing_candidates(values, candidates)
    known = pd.Index(values).get_indexer(pd.Index(distinct)) >= 0
    if known.all():
        return values, None
    if not (is_numeric and values.dtype.kind in "iuf"):
        unlisted = np.asarray(distinct)[~known].tolist()[0]
        raise ValueError(
            f"candidates={candidates!r} lack the value {unlisted!r} that "
            f"sensitive_feature={name!r} takes in the auxiliary data."
        )
    ordered = np.sort(values)
    return values, (ordered[1:] + ordered[:-1]) / 2  # nearest candidate


def _refuse_missing_candidates(values, candidates):
    if pd.isna(values).any() or (
        values.dtype.kind == "f" and not np.isfinite(values).all()
    ):
        raise ValueError(
            f"candidates={candidates!r} hold a missing or infinite value; allowed are "
            "values that the secret can take."
        )


def _as_cells(values, column):
    """Values in the column's type, where it can hold them without loss."""
    try:
        cells = pd.Series(values, dtype=column.dtype)
    except (TypeError, ValueError):
        cells = pd.Series(values)
    same = np.asarray(cells == pd.Series(values), dtype=bool)
    return (cells if same.all() else pd.Series(values)).array


def _unpacked(cells):
    """Values, the name of their type, and categories with their order or None."""
    dtype = cells.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = np.asarray(dtype.categories)
        return np.asarray(cells.codes), "category", categories, bool(dtype.ordered)
    return np.asarray(cells), str(dtype), None, False


def _packed(values, name, categories, ordered):
    if name == "category":
        dtype = pd.CategoricalDtype(categories, ordered)
        return pd.Categorical.from_codes(values, dtype=dtype)
    return pd.Series(values, dtype=name).array


def _common_dtype(*dtypes):
    if len({d.kind in "iufb" for d in dtypes}) > 1:
        return np.dtype(object)
    return np.result_type(*dtypes)
