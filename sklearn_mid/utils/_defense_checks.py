"""What every defence must keep of the model it stands for."""

from functools import update_wrapper

import joblib
import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_mid.utils._check_running import check_parameters, seeded

__all__ = ["defense_checks"]


def defense_checks(defense, X=None, y=None):
    """The checks that apply to a defence, each a function of the defence.

    Parameters
    ----------
    defense : estimator
        Unfitted; its own parameters decide which checks apply.
    X : ndarray of shape (n_samples, n_features), default=None
        Records it can be fitted on. None for 150 records in [-1, 1]^4.
    y : ndarray of shape (n_samples,), default=None
        Their response. None for three classes, or for numbers in [-1, 1] if the
        defence is a regressor.
    """
    rng = np.random.RandomState(0)
    if X is None:
        X = rng.uniform(-1, 1, size=(150, 4))
    if y is None:
        y = np.clip(X[:, 0] + 0.1 * rng.standard_normal(len(X)), -1, 1)
        y = y if is_regressor(defense) else np.digitize(y, [-1 / 3, 1 / 3])
    checks = [
        check_parameters_are_kept,
        check_fit_changes_no_argument,
        check_repeats_with_random_state,
        check_names_of_columns,
        check_last_of_a_pipeline,
    ]
    if not is_regressor(defense):
        checks += [check_classes_are_kept, check_labels_do_not_matter]
        if hasattr(defense, "predict_proba"):
            checks += [check_probabilities, check_label_is_most_probable]
    return [_on_copies(check, X, y) for check in checks]


def _on_copies(check, X, y):
    """The check as a function of the defence; records it edits are not the next's."""

    def run(defense):
        check(defense, X.copy(), y.copy())

    return update_wrapper(run, check)


def _released(fitted, X):
    """All that leaves the defence."""
    asked = (m for m in ("predict", "predict_proba") if hasattr(fitted, m))
    return [getattr(fitted, method)(X) for method in asked]


def _assert_same(released, expected):
    for one, other in zip(released, expected, strict=True):
        if other.dtype.kind == "f":
            assert_allclose(one, other, rtol=1e-7, atol=1e-12)
        else:
            assert_array_equal(one, other)


def check_parameters_are_kept(defense, X, y):
    """Parameters live through ``clone`` and are not changed by ``fit``."""
    check_parameters(defense)
    before = joblib.hash(defense.get_params(deep=False))
    _released(defense.fit(X, y), X)
    assert joblib.hash(defense.get_params(deep=False)) == before


def check_fit_changes_no_argument(defense, X, y):
    """The caller's records and responses are as they were."""
    records, response = X.copy(), y.copy()
    assert defense.fit(X, y) is defense
    _released(defense, X)
    assert_array_equal(X, records)
    assert_array_equal(y, response)


def check_repeats_with_random_state(defense, X, y):
    """Equal seeds release the same, and no global generator moves."""
    state = joblib.hash(np.random.get_state())  # noqa: NPY002, what is looked at
    first, second = (_released(seeded(defense).fit(X, y), X) for _ in range(2))
    _assert_same(first, second)
    assert joblib.hash(np.random.get_state()) == state  # noqa: NPY002


def check_names_of_columns(defense, X, y):
    """A DataFrame's names are kept, and its columns in another order refused."""
    frame = pd.DataFrame(X, columns=[f"column {j}" for j in range(X.shape[1])])
    fitted = seeded(defense).fit(frame, y)
    assert_array_equal(fitted.feature_names_in_, frame.columns)
    assert fitted.n_features_in_ == X.shape[1]
    _assert_same(_released(fitted, frame), _released(seeded(defense).fit(X, y), X))
    try:
        fitted.predict(frame[frame.columns[::-1]])
    except ValueError as error:
        message = str(error)
    else:
        message = "columns in another order were taken as they came"
    assert "must be in the same order" in message, message


def check_last_of_a_pipeline(defense, X, y):
    """A pipeline that ends in the defence releases what the defence does."""
    alone = _released(seeded(defense).fit(X, y), X)
    piped = make_pipeline(FunctionTransformer(), seeded(defense)).fit(X, y)
    _assert_same(_released(piped, X), alone)


def check_classes_are_kept(defense, X, y):
    """``classes_`` are the sorted labels, and predictions are among them."""
    fitted = defense.fit(X, y)
    assert_array_equal(fitted.classes_, np.unique(y))
    assert set(fitted.predict(X)) <= set(fitted.classes_)


def check_labels_do_not_matter(defense, X, y):
    """Classes renamed in the same order give the same answers, renamed."""
    classes, codes = np.unique(y, return_inverse=True)
    names = np.array([f"class {chr(97 + i)}" for i in range(len(classes))])
    shifted = np.arange(len(classes)) * 2 + 1
    expected = _released(seeded(defense).fit(X, codes), X)
    for labels in (names, shifted):
        released = _released(seeded(defense).fit(X, labels[codes]), X)
        assert_array_equal(released[0], labels[expected[0]])
        _assert_same(released[1:], expected[1:])


def check_probabilities(defense, X, y):
    """Released confidences are probabilities, one column for each class."""
    fitted = defense.fit(X, y)
    proba = fitted.predict_proba(X)
    assert proba.shape == (len(X), len(fitted.classes_))
    assert (proba >= 0).all()
    assert_allclose(proba.sum(axis=1), 1)


def check_label_is_most_probable(defense, X, y):
    """The label is a class of the largest released confidence."""
    fitted = seeded(defense).fit(X, y)
    proba = fitted.predict_proba(X)
    label = np.searchsorted(fitted.classes_, fitted.predict(X))
    assert_allclose(proba[np.arange(len(X)), label], proba.max(axis=1))
