"""Columns of any type as small integer codes, and back at predict time.

A categorical column with k values has codes 0..k-1, `k` for a missing entry and, at
predict time only, `k + 1` for a value that training never saw. A numeric column has
one code per bin of its training values and the last one for a missing entry; at
predict time thresholds are compared with the numbers themselves.
"""

import datetime
from functools import partial

import numpy as np
import pandas as pd

__all__ = ["CategoricalColumn", "Encoder", "is_dataframe"]

# Entries encoded at a time by each process, unless columns are longer.
_TOGETHER = 1 << 20
# Rows transposed at a time: a block of 20 columns of int64 stays in the cache.
_BLOCK = 16_384
# An integer column spanning fewer values than this is looked up, not hashed.
_TABLE_SPAN = 1 << 16

# Points and stretches of time or numbers are neither categories nor numbers: as
# categories each value would be a branch of its own, and memorised.
_NO_COLUMN = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    np.datetime64,
    np.timedelta64,
    pd.Period,
    pd.Interval,
    list,
    dict,
)
_NO_COLUMN_KINDS = {
    "complex",
    "date",
    "datetime",
    "datetime64",
    "interval",
    "period",
    "time",
    "timedelta",
    "timedelta64",
}
_NUMERIC_KINDS = {"integer", "floating", "mixed-integer-float", "decimal", "empty"}


def is_dataframe(X):
    """Whether X has named columns that may differ in type, as pandas has them."""
    return hasattr(X, "iloc") and hasattr(X, "columns")


def _column(X, j):
    return X.iloc[:, j] if is_dataframe(X) else X[:, j]


def _holds_categories(values, label):
    """Whether a column's type says "categorical"."""
    dtype = values.dtype
    types = pd.api.types
    what = f"has dtype {dtype}"
    refused = types.is_complex_dtype(dtype) or issubclass(dtype.type, _NO_COLUMN)
    kind = None
    if types.is_object_dtype(dtype):
        kind = types.infer_dtype(np.asarray(values, dtype=object), skipna=True)
        what = f"holds entries of type {kind}"
        refused = kind in _NO_COLUMN_KINDS
    if refused:
        raise TypeError(
            f"Column {label} of X {what}; allowed are numbers, booleans, strings and "
            "categories. Convert it to one of these."
        )
    if isinstance(dtype, pd.CategoricalDtype) or types.is_bool_dtype(dtype):
        return True
    if kind is not None:
        return kind not in _NUMERIC_KINDS
    return not types.is_numeric_dtype(dtype)


def _factorize(values):
    """Codes in order of appearance (-1: missing) and the distinct values."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "US":
        values = values.astype(object)
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:  # an entry that cannot be hashed, such as a dict
        codes, distinct = pd.factorize(np.array([repr(v) for v in values], object))
    return codes, np.asarray(distinct, dtype=object)


def _sorted_positions(distinct):
    """Positions that sort values, also those of types that do not compare."""
    values = list(distinct)
    positions = range(len(values))
    try:
        order = sorted(positions, key=values.__getitem__)
    except TypeError:
        order = sorted(
            positions, key=lambda i: (type(values[i]).__name__, repr(values[i]))
        )
    return np.array(order, dtype=np.intp)


def _is_narrow_integer(values):
    dtype = values.dtype
    return isinstance(values, np.ndarray) and (
        dtype.kind == "i" or (dtype.kind == "u" and dtype.itemsize < 8)
    )


def _parts(n):
    return (slice(i, i + _BLOCK) for i in range(0, n, _BLOCK))


def _code_dtype(n_codes):
    return np.min_scalar_type(n_codes)


class CategoricalColumn:
    """Values of a nominal column; `categories` holds them in sorted order."""

    def __init__(self, label):
        self.label = label

    @property
    def n_values(self):
        return len(self.categories)

    def learn(self, values, weight):
        """Learn the categories; return the codes where they come for free."""
        if _is_narrow_integer(values):
            low, high = int(values.min()), int(values.max())
            if high - low < _TABLE_SPAN:
                present = np.zeros(high - low + 1, dtype=bool)
                for part in _parts(len(values)):
                    present[values[part].astype(np.int64) - low] = True
                found = np.flatnonzero(present) + low
                self.categories = np.array(found.tolist(), dtype=object)
                return None
        codes, distinct = _factorize(values)
        if any(isinstance(v, float | np.floating) and np.isinf(v) for v in distinct):
            raise ValueError(f"Column {self.label} of X contains infinity.")
        order = _sorted_positions(distinct)
        self.categories = distinct[order]
        rank = np.empty(len(order) + 1, dtype=np.intp)
        rank[order] = np.arange(len(order))
        rank[-1] = len(order)  # code -1, a missing entry
        return rank[codes]

    def codes(self, values):
        n = self.n_values
        table = self._integer_table(values)
        if table is not None:
            low, lookup = table
            position = values.astype(np.int64)
            np.clip(position, low - 1, low + len(lookup) - 2, out=position)
            position -= low - 1
            return lookup[position]
        codes, distinct = _factorize(values)
        found = pd.Index(self.categories, dtype=object).get_indexer(
            pd.Index(distinct, dtype=object)
        )
        return np.append(np.where(found < 0, n + 1, found), n)[codes]

    def _integer_table(self, values):
        """Lowest category and the codes of low - 1, low, ..., high + 1."""
        if not _is_narrow_integer(values) or not all(
            isinstance(v, int) and not isinstance(v, bool) for v in self.categories
        ):
            return None
        low, high = self.categories[0], self.categories[-1]
        if high - low >= _TABLE_SPAN or max(abs(low), abs(high)) >= 2**62:
            return None
        unknown = self.n_values + 1
        lookup = np.full(high - low + 3, unknown, dtype=_code_dtype(unknown))
        positions = self.categories.astype(np.int64) - (low - 1)
        lookup[positions] = np.arange(self.n_values)
        return low, lookup


class _NumericColumn:
    """Bins of a numeric column: `lower` and `upper` are their extreme values."""

    def __init__(self, label, max_bins):
        self.label = label
        self.max_bins = max_bins

    @property
    def n_values(self):
        return len(self.upper)

    def numbers(self, values):
        """The column as float64, missing entries as NaN."""
        try:
            if isinstance(values, np.ndarray) and values.dtype != object:
                numbers = values.astype(np.float64)
            else:
                numbers = pd.Series(values).to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {self.label} of X is numeric, but holds an entry that is no "
                f"number ({error}). Name it in categorical_features, or convert it."
            ) from error
        if np.isinf(numbers).any():
            raise ValueError(f"Column {self.label} of X contains infinity.")
        return numbers

    def learn(self, values, weight):
        """Choose the bins; return the codes."""
        numbers = self.numbers(values)
        known = ~np.isnan(numbers)
        if weight is None:
            distinct, size = np.unique(numbers[known], return_counts=True)
        else:
            distinct, inverse = np.unique(numbers[known], return_inverse=True)
            size = np.bincount(inverse, weights=weight[known], minlength=len(distinct))
        if len(distinct) > self.max_bins:
            # The mid-quantile of a value depends on the weighted distribution only:
            # a row of weight two counts as two rows.
            quantile = (np.cumsum(size) - 0.5 * size) / size.sum()
            bins = np.minimum(quantile * self.max_bins, self.max_bins - 1).astype(int)
            first = np.flatnonzero(np.diff(bins, prepend=-1))
            self.lower = distinct[first]
            self.upper = distinct[np.append(first[1:], len(distinct)) - 1]
        else:
            self.lower = self.upper = distinct
        codes = np.searchsorted(self.upper, numbers)
        codes[~known] = self.n_values
        return codes

    def threshold(self, code, next_code):
        """Value that separates bin `code` from `next_code`; inf if there is none."""
        low = self.upper[code]
        is_last = next_code >= self.n_values
        high = self.lower[np.where(is_last, 0, next_code)]
        middle = 0.5 * low + 0.5 * high
        # Between neighbouring floats the middle may round up to the higher one.
        middle = np.where((middle >= low) & (middle < high), middle, low)
        return np.where(is_last, np.inf, middle)


def _narrow_columns(X):
    """X.T of an integer array, copied into a smaller type if that holds its values."""
    low, high = int(X.min()), int(X.max())
    for dtype in map(np.dtype, ("u1", "i1", "u2", "i2", "u4", "i4")):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            break
    else:
        return X.T
    if dtype.itemsize == X.dtype.itemsize and X.flags.f_contiguous:
        return X.T
    columns = np.empty(X.shape[::-1], dtype=dtype)
    for part in _parts(len(X)):
        columns[:, part] = X[part].T
    return columns


def _learn(column_and_values, weight):
    """The column with its values learned, and their codes."""
    column, values = column_and_values
    found = column.learn(values, weight)
    dtype = _code_dtype(column.n_values)
    if found is not None:
        return column, found.astype(dtype, copy=False)
    coded = np.empty(len(values), dtype=dtype)
    for part in _parts(len(values)):
        coded[part] = column.codes(values[part])
    return column, coded


class Encoder:
    """Codes of all columns.

    Parameters
    ----------
    labels : list of str or int
        How to call each column in messages.
    max_bins : int
        Most bins of a numeric column, its missing entries aside.
    """

    def __init__(self, labels, max_bins):
        self.labels = labels
        self.max_bins = max_bins

    def fit_transform(self, X, is_categorical, weight, pool):
        """Learn the columns of X and return their codes, feature by feature.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_samples, n_features)
        is_categorical : ndarray of shape (n_features,), dtype bool, or None
            None: by the columns' types.
        weight : ndarray of shape (n_samples,) or None
            Weights for the quantiles of numeric columns.
        pool : ColumnPool

        Returns
        -------
        codes : ndarray of shape (n_features, n_samples)
            In the smallest unsigned type that holds them. It owns its memory.
        """
        by_type = [
            _holds_categories(_column(X, j), label)
            for j, label in enumerate(self.labels)
        ]
        if is_categorical is None:
            is_categorical = np.array(by_type)
        for label, chosen, typed in zip(
            self.labels, is_categorical, by_type, strict=True
        ):
            if typed and not chosen:
                raise TypeError(
                    f"Column {label} of X holds categories, but categorical_features "
                    "leaves it out. Name it there, or convert it to numbers."
                )
        self.is_categorical = is_categorical
        narrow = codes = None
        if isinstance(X, np.ndarray) and X.dtype.kind in "iu":
            narrow = _narrow_columns(X)
            if narrow.base is None and narrow.dtype.itemsize == 1:
                codes = narrow  # a copy of X.T already: coded in place
                narrow = codes.view()
                codes.dtype = np.uint8
        self.columns = [
            CategoricalColumn(label)
            if categorical
            else _NumericColumn(label, self.max_bins)
            for label, categorical in zip(self.labels, is_categorical, strict=True)
        ]

        def values(j):
            values = _column(X, j) if narrow is None else narrow[j]
            return values if isinstance(values, np.ndarray) else _plain(values)

        n_together = pool.n_jobs * max(_TOGETHER // len(X), 4)
        for first in range(0, len(self.labels), n_together):
            some = range(first, min(first + n_together, len(self.labels)))
            found = pool.map(
                partial(_learn, weight=weight),
                [(self.columns[j], values(j)) for j in some],
                # Categories take longer to send than to code.
                1e-7 * len(X) * np.count_nonzero(~is_categorical[some]),
            )
            for j, (column, coded) in zip(some, found, strict=True):
                self.columns[j] = column  # another process returns a copy
                if codes is None:
                    codes = np.empty((len(self.labels), len(X)), dtype=coded.dtype)
                elif coded.dtype.itemsize > codes.dtype.itemsize:
                    codes = codes.astype(coded.dtype)
                codes[j] = coded
        return codes

    @property
    def n_codes(self):
        """Number of training codes of each column: its values, and missing."""
        return np.array([c.n_values + 1 for c in self.columns], dtype=np.intp)

    def transform(self, X, used):
        """Codes of the categorical and numbers of the numeric columns.

        Parameters
        ----------
        X : ndarray or DataFrame of shape (n_samples, n_features)
        used : ndarray of shape (n_features,), dtype bool
            Columns that are read; what stands in the others is not looked at.

        Returns
        -------
        codes : ndarray of shape (n_features, n_samples)
        numbers : ndarray of shape (n_features, n_samples)
            Rows of columns of the other kind are left unset. `numbers` has no rows
            if no numeric column is used.
        """
        n_samples = X.shape[0]
        unknown = max((c.n_values + 1 for c in self.columns), default=1)
        codes = np.empty((len(self.columns), n_samples), dtype=_code_dtype(unknown))
        n_numeric = len(self.columns) if (used & ~self.is_categorical).any() else 0
        numbers = np.empty((n_numeric, n_samples))
        for j in np.flatnonzero(used):
            column = self.columns[j]
            values = _column(X, j)
            if not isinstance(values, np.ndarray):
                values = _plain(values)
            if isinstance(column, CategoricalColumn):
                codes[j] = column.codes(values)
            else:
                numbers[j] = column.numbers(values)
        return codes, numbers


def _plain(values):
    """A pandas column as a NumPy array where its type has one."""
    is_numpy = isinstance(values.dtype, np.dtype)
    return values.to_numpy() if is_numpy else values
