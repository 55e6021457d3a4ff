"""Bad input is named; whatever is not bad gives finite answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from sklearn_mid.linear_model import MIDLinearRegression

X = np.column_stack([np.arange(6.0), [0, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 1]])
y = np.array([0.0, 1, 3, 2, 5, 4])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"reg_lambda": -1}, "'reg_lambda' parameter .* Got -1"),
        ({"taylor_order": 1}, "'taylor_order' parameter .* Got 1"),
        ({"sensitive_features": []}, "sensitive_features is empty"),
        ({"sensitive_features": [[]]}, "sensitive_features names no column"),
        ({"sensitive_features": [3]}, "=3 is out of range: X has 3 columns"),
        ({"sensitive_features": [-4]}, "=-4 is out of range"),
        ({"sensitive_features": ["sex"]}, "X has no column names"),
        ({"sensitive_features": [1, [1, 2]]}, "names a column twice"),
        ({"sensitive_features": [[0, 1]]}, "not one-hot: column 0 of the group takes"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        MIDLinearRegression(**parameters).fit(X, y)


def test_two_columns_set_in_one_row_are_no_one_hot_group():
    both = X.copy()
    both[2, 1:] = 1
    with pytest.raises(ValueError, match="row 2 has 2 of its 2 columns set"):
        MIDLinearRegression(sensitive_features=[[1, 2]]).fit(both, y)


def test_a_feature_is_no_float():
    with pytest.raises(TypeError, match=r"by str or int, got 0\.5"):
        MIDLinearRegression(sensitive_features=[0.5]).fit(X, y)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.where(X == 3, np.nan, X), y, "contains NaN"),
        (np.where(X == 3, np.inf, X), y, "contains infinity"),
        (X, np.where(y == 3, np.inf, y), "contains infinity"),
        (X, np.column_stack([y, y]), "y should be a 1d array"),
        (X[:, 0], y, "Expected 2D array"),
        (X[:5], y, "inconsistent numbers of samples"),
        (X[:1], y[:1], r"1 sample\(s\)"),
        (np.ones((6, 2)), y, "All features of X are constant"),
        (X[:, :0], y, r"0 feature\(s\)"),
    ],
)
def test_bad_data_are_named(X, y, message):
    for sensitive in (None, [0]):
        with pytest.raises(ValueError, match=message):
            MIDLinearRegression(sensitive_features=sensitive).fit(X, y)


def test_sparse_input_is_refused():
    with pytest.raises(TypeError, match="dense data is required"):
        MIDLinearRegression().fit(csr_array(X), y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1], r"sample_weight has shape \(2,\)"),
        ([-1, 1, 1, 1, 1, 1], "not negative"),
        ([0] * 6, "zero everywhere"),
        ([1, 0, 0, 0, 0, 0], "fewer than 2 samples"),
    ],
)
def test_bad_weights_are_named(weights, message):
    with pytest.raises(ValueError, match=message):
        MIDLinearRegression().fit(X, y, weights)


def test_columns_are_checked_by_name():
    frame = pd.DataFrame(X, columns=["age", "CC", "CT"])
    with pytest.raises(ValueError, match="'TT' is not a column of X; the columns are"):
        MIDLinearRegression(sensitive_features=[["CC", "TT"]]).fit(frame, y)
    model = MIDLinearRegression().fit(frame, y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[["CC", "age", "CT"]])
    with pytest.raises(ValueError, match="has 2 features, but"):
        MIDLinearRegression().fit(X, y).predict(X[:, :2])


@st.composite
def hostile(draw):
    n, d = draw(st.integers(2, 12)), draw(st.integers(1, 5))
    scale = 10.0 ** draw(st.integers(-120, 120))
    values = st.one_of(st.integers(-2, 2).map(float), st.floats(-9, 9))
    X = draw(arrays(float, (n, d), elements=values)) * scale
    y = draw(arrays(float, n, elements=values)) * 10.0 ** draw(st.integers(-60, 60))
    w = draw(arrays(float, n, elements=st.floats(0, 9)))
    model = MIDLinearRegression(
        draw(st.sampled_from([0, 1e-300, 0.1, 1, 100, 1e300, np.inf])),
        sensitive_features=draw(st.sampled_from([None, [0], [-1], list(range(d))])),
        noise_variance=draw(st.sampled_from(["residual", 1e-9, 1.0, 1e9])),
        entropy=draw(st.sampled_from(["quadrature", "taylor"])),
        taylor_order=draw(st.sampled_from([0, 2])),
        fit_intercept=draw(st.booleans()),
    )
    return model, X, y, draw(st.sampled_from([None, w]))


SUBNORMAL = np.zeros((2, 3))
SUBNORMAL[1, 2] = 5e-309


@pytest.mark.filterwarnings("ignore:.*look like the one-hot columns")
@settings(max_examples=50, deadline=None, derandomize=True)
@given(hostile())
@example((MIDLinearRegression(1), SUBNORMAL, np.array([0.0, 1.0]), None))
@example((MIDLinearRegression(1), X[:3, 1:], y[:3], np.array([5e-324, 1, 1])))
@example(
    (MIDLinearRegression(1, sensitive_features=[2]), SUBNORMAL, np.arange(2.0), None)
)
def test_a_finite_answer_or_an_error_with_a_cause(drawn):
    model, X, y, w = drawn
    try:
        model.fit(X, y, w)
    except ValueError as error:
        assert any(  # noqa: PT017
            cause in str(error)
            for cause in ("are constant", "zero everywhere", "fewer than 2 samples")
        )
        return
    assert np.isfinite(model.predict(X)).all()
    assert 0 <= model.mutual_information_ < np.inf
    if w is None:
        error = np.mean((y - model.predict(X)) ** 2)
        alone = np.mean((y - (y.mean() if model.fit_intercept else 0)) ** 2)
        # coefficients are found to about tol, in units of the noise
        assert error <= alone * (1 + 1e-6) + 1e-10 * model.noise_variance_


def test_coefficients_beyond_floats_are_told():
    with pytest.raises(ValueError, match="bring X and y to like scales"):
        MIDLinearRegression().fit(X * 1e-190, y * 1e150)
