"""Every public name that takes data, given data of any kind.

The outcome is a sound answer, or an error that names what was given or is what
scikit-learn says of such data: never NaN, a warning of numpy's, or a hang. Each name
gets thirty data sets, always the same ones; ``HOSTILE_EXAMPLES=2000`` in the
environment asks for that many, and for new ones.
"""

import contextlib
import datetime
import os

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

# An example that takes longer than this is taken for a hang.
LONGEST = datetime.timedelta(seconds=60)
EXAMPLES = os.environ.get("HOSTILE_EXAMPLES")

NUMBERS = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e3, 1e3),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, 5e-324, 1e-300, 1e150, 1e308, np.nan, np.inf]),
)
ENTRIES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    NUMBERS,
    st.text(max_size=2),
    st.sampled_from([pd.NA, pd.NaT, b"\xff", 1j, (0, 1), {}, [1], object]),
    st.dates(),
)
KINDS = {
    "unit": st.floats(0, 1),
    "numbers": NUMBERS,
    "bits": st.integers(0, 1),
    "codes": st.integers(-2, 2),
    "large codes": st.integers(-(2**63), 2**63 - 1),
    "words": st.sampled_from(["a", "b", "", "yes", "no"]),
    "flags": st.booleans(),
    "objects": ENTRIES,
}
DTYPES = {
    "unit": [np.float64, np.float32, np.float16],
    "numbers": [np.float64, np.longdouble, object],
    "bits": [np.int64, np.uint8, bool, np.float64, np.int8],
    "codes": [np.int64, np.int8, np.float64, object, "m8[D]", "M8[D]", complex],
    "large codes": [np.int64, object],
    "words": [object, "U3", "S3"],
    "flags": [bool, object],
    "objects": [object],
}
SERIES = {
    "numbers": ["Float64", "category"],
    "bits": ["Int64", "boolean", "category"],
    "codes": ["Int8", "category", "string"],
    "words": ["category", "string"],
    "flags": ["boolean"],
}


@st.composite
def cells(draw, shape):
    """An array of one kind, or a Series or DataFrame's column of that kind."""
    kind = draw(st.sampled_from(sorted(KINDS) + ["unit", "bits"] * 3))
    n = int(np.prod(shape))
    drawn = draw(st.lists(KINDS[kind], min_size=n, max_size=n))
    values = np.empty(n, dtype=object)
    values[:] = drawn
    dtype = draw(st.sampled_from(DTYPES[kind]))
    with np.errstate(all="ignore"):
        return kind, values.astype(dtype).reshape(shape)


@st.composite
def columns(draw, n_rows):
    """Labels, a secret, a response: one value per row, in any container."""
    kind, values = draw(cells((n_rows,)))
    form = draw(st.sampled_from(["array", "list", "series", "column", "two columns"]))
    if form == "list":
        return values.tolist()
    if form == "series":
        dtype = draw(st.sampled_from([None, *SERIES.get(kind, [])]))
        series = pd.Series(values.tolist(), dtype=object)
        if dtype == "category":
            hashable = [v for v in dict.fromkeys(series) if not pd.isna(v)]
            return series.astype(pd.CategoricalDtype([*hashable, "never seen"]))
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return series.astype(dtype) if dtype else series.infer_objects()
        return series
    if form == "column":
        return values[:, None]
    return np.c_[values, values] if form == "two columns" else values


@st.composite
def tables(draw, n_rows):
    """Records or images, in any container."""
    d = draw(st.sampled_from([4] * 8 + [0, 1, 2, 3, 9]))
    form = draw(
        st.sampled_from(
            [
                *["array", "frame"] * 5,
                "list",
                "fortran",
                "read-only",
                "masked",
                "csr",
                "coo",
                "3d",
                "scalar",
                "column",
                "ragged",
            ]
        )
    )
    if form == "frame":
        parts = [pd.Series(draw(columns(n_rows).filter(_is_flat))) for _ in range(d)]
        frame = pd.concat(parts, axis=1) if d else pd.DataFrame(index=range(n_rows))
        frame.columns = draw(
            st.sampled_from(
                [
                    list(range(d)),
                    [f"c{j}" for j in range(d)],
                    ["s", *"abcdefgh"][:d],
                    ["same"] * d,
                    [("a", j) for j in range(d)],
                    ["s", *"abcdefgh"][:d],
                    [j if j % 2 else str(j) for j in range(d)],
                ]
            )
        )
        return frame
    if form == "scalar":
        return draw(ENTRIES)
    if form == "ragged":
        return [[0.0] * (i % 2 + 1) for i in range(n_rows)]
    if form in ("csr", "coo"):
        dense = draw(st.sampled_from([np.zeros, np.ones]))((n_rows, max(d, 1)))
        return {"csr": sparse.csr_array, "coo": sparse.coo_matrix}[form](dense)
    values = draw(cells((n_rows, d)))[1]
    if form == "list":
        return values.tolist()
    if form == "fortran":
        return np.asfortranarray(values)
    if form == "read-only":
        values.flags.writeable = False
    if form == "masked":
        return np.ma.masked_array(values, mask=np.zeros(values.shape, dtype=bool))
    if form == "3d":
        return values[:, :, None]
    return values[:, 0] if form == "column" and d else values


def _is_flat(values):
    return not hasattr(values, "shape") or len(values.shape) == 1


@st.composite
def hostile(draw, data):
    """Other data for some of the arguments `data`, as a rule of one length."""
    n_rows = draw(st.sampled_from([12, 40] * 4 + [0, 1, 2, 3, 8]))
    changes = {}
    for name, usual in data.items():
        n = draw(st.sampled_from([n_rows] * 19 + [n_rows + 1]))
        kind = draw(st.sampled_from(["usual", "hostile"]))
        is_table = np.ndim(usual) > 1 or isinstance(usual, pd.DataFrame)
        if kind == "hostile":
            changes[name] = draw((tables if is_table else columns)(n))
        elif hasattr(usual, "iloc"):
            changes[name] = usual.iloc[:n]
        elif not isinstance(usual, dict):
            changes[name] = usual[:n]
    return changes


@settings(
    max_examples=int(EXAMPLES or 30),
    deadline=LONGEST,
    derandomize=EXAMPLES is None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_data(call_with_data, outcome, says_why, data):
    changes = data.draw(hostile(call_with_data.data))
    refused = outcome(call_with_data, **changes)
    parameters = [*call_with_data.data, *call_with_data.parameters]
    assert not refused or says_why(refused, parameters), refused


def many_categories(n=10_000):
    return pd.DataFrame(
        {
            "s": pd.Categorical([f"v{i % 5}" for i in range(n)]),
            "id": pd.Categorical([f"person {i}" for i in range(n)]),
        }
    ), np.array(["no", "yes"])[np.arange(n) % 2]


def test_ten_thousand_categories(calls, outcome):
    X, y = many_categories()
    weight = np.ones(len(y))
    for call in calls:
        if call.name in ("MIDDecisionTreeClassifier", "PriorityDepthTreeClassifier"):
            assert outcome(call, X=X, y=y, sample_weight=weight) is None
        elif call.name in ("PriorBaseline", "ImputationBaseline"):
            assert outcome(call, X=X, y=y, sensitive_feature="s") is None
        elif call.name in ("entropy", "mutual_information"):
            columns = dict.fromkeys(call.data, X["id"])
            assert outcome(call, **{**columns, "sample_weight": weight}) is None
