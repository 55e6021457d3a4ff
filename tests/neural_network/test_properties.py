"""Whatever comes in: finite probabilities, or an error that says why."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from sklearn_mid.neural_network import MIDNeuralNetClassifier, MIDNeuralNetRegressor

CAUSES = ("infinity", "NaN", "sample_weight is zero", "leaves no row")
matrices = st.tuples(
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from([0.0, 1e-30, 1.0, 1e6, 1e30, 1e300, np.inf, np.nan]),
    st.sampled_from([np.float64, np.float32, object]),
    st.integers(0, 2**31),
)


def make(n_rows, n_columns, scale, dtype, seed):
    rng = np.random.RandomState(seed)
    with np.errstate(all="ignore"):
        X = (scale * rng.randn(n_rows, n_columns)).astype(dtype)
    return X, rng


def attempt(call):
    """What `call` returns; None if it names a known cause."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            return call()
        except ValueError as error:
            if any(cause in str(error) for cause in CAUSES):
                return None
            raise


@settings(max_examples=150, deadline=None)
@given(
    matrix=matrices,
    n_classes=st.integers(1, 5),
    reg_lambda=st.sampled_from([0, 1e-9, 0.1, 1e9, np.inf]),
    batch_size=st.sampled_from([1, 3, "full"]),
    weighted=st.booleans(),
    early_stopping=st.booleans(),
)
def test_classifier(
    matrix, n_classes, reg_lambda, batch_size, weighted, early_stopping
):
    X, rng = make(*matrix)
    labels = np.array(["e", "d", "c", "b", "a"])[:n_classes]
    y = rng.choice(labels, size=len(X))
    weight = rng.randint(0, 3, size=len(X)) if weighted else None
    net = MIDNeuralNetClassifier(
        reg_lambda,
        hidden_layer_sizes=(3,),
        max_epochs=2,
        batch_size=batch_size,
        early_stopping=early_stopping,
        random_state=0,
    )
    if attempt(lambda: net.fit(X, y, sample_weight=weight)) is None:
        return
    proba = net.predict_proba(X)
    assert proba.shape == (len(X), len(np.unique(y)))
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert set(net.predict(X)) <= set(y)
    assert net.mutual_information_ >= -1e-9


@settings(max_examples=75, deadline=None)
@given(
    matrix=matrices,
    reg_lambda=st.sampled_from([0, 1e-9, 0.1, 1e9, np.inf]),
    y_scale=st.sampled_from([0.0, 1e-30, 1.0, 1e30]),
)
def test_regressor(matrix, reg_lambda, y_scale):
    X, rng = make(*matrix)
    y = y_scale * rng.randn(len(X))
    net = MIDNeuralNetRegressor(
        reg_lambda, hidden_layer_sizes=(3,), max_epochs=2, random_state=0
    )
    if attempt(lambda: net.fit(X, y)) is not None:
        assert np.isfinite(net.predict(X)).all()
