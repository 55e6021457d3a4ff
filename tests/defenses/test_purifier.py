import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from sklearn_mid.defenses import ConfidencePurifier

X, y = load_digits(return_X_y=True)
X = X / 16
LINEAR = make_pipeline(PCA(2), LinearRegression())
TRAIN, REFERENCE, TEST = slice(0, 500), slice(500, 800), slice(800, None)


@pytest.fixture(scope="module")
def target():
    model = LogisticRegression(C=0.1, max_iter=200).fit(X[TRAIN], y[TRAIN])
    return FrozenEstimator(model)


def spread_within_labels(proba, labels):
    """Total variance of the confidences among records of one label."""
    residual = proba.copy()
    for label in np.unique(labels):
        residual[labels == label] -= proba[labels == label].mean(axis=0)
    return (residual**2).sum(axis=1).mean()


def test_dispersion_falls_and_labels_stay(target):
    defended = ConfidencePurifier(target, random_state=0)
    defended.fit(X[REFERENCE], y[REFERENCE])
    proba = defended.predict_proba(X[TEST])
    raw, labels = target.predict_proba(X[TEST]), target.predict(X[TEST])
    assert_allclose(proba.sum(axis=1), 1)
    assert_array_equal(defended.predict(X[TEST]), labels)
    assert_array_equal(proba.argmax(axis=1), raw.argmax(axis=1))
    assert spread_within_labels(proba, labels) < 0.9 * spread_within_labels(raw, labels)


def test_a_linear_purifier_is_a_projection(target):
    """PCA is the best linear autoencoder; all components rebuild everything."""
    logs = np.log(np.maximum(target.predict_proba(X[TEST]), 1e-6))
    for n_components, loses in ((9, False), (2, True)):
        purifier = make_pipeline(PCA(n_components), LinearRegression())
        defended = ConfidencePurifier(target, purifier=purifier)
        defended.fit(X[REFERENCE], y[REFERENCE])
        out = np.log(defended.predict_proba(X[TEST]))
        same = np.allclose(
            out - out.mean(axis=1, keepdims=True),
            logs - logs.mean(axis=1, keepdims=True),
            atol=1e-6,
        )
        assert same != loses


def test_the_classifier_does_not_see_the_reference_rows():
    class Recorder(LogisticRegression):
        def fit(self, X, y):
            self.n_rows_ = len(y)
            return super().fit(X, y)

    defended = ConfidencePurifier(
        Recorder(), purifier=LINEAR, reference_fraction=0.4, random_state=0
    )
    defended.fit(X[:200], y[:200])
    assert defended.estimator_.n_rows_ == 120
    assert_array_equal(defended.classes_, np.arange(10))


def test_a_class_of_one_row_goes_to_the_classifier():
    rows, labels = np.arange(12.0)[:, None], np.r_[np.zeros(11, int), 1]
    defended = ConfidencePurifier(
        LogisticRegression(), reference_fraction=0.9, random_state=0
    )
    assert_array_equal(defended.fit(rows, labels).classes_, [0, 1])


def test_purifies_a_net_and_repeats_with_its_seed():
    net = MLPClassifier((16,), solver="lbfgs", max_iter=10, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        net.fit(X[TRAIN], y[TRAIN])
    one, two = (
        ConfidencePurifier(FrozenEstimator(net), n_hidden=4, random_state=0)
        .fit(X[500:540], y[500:540])
        .predict_proba(X[TEST])
        for _ in range(2)
    )
    assert_array_equal(one, two)
    assert_array_equal(one.argmax(axis=1), net.predict(X[TEST]))


def test_two_classes_and_lists():
    rows = np.random.RandomState(0).standard_normal((40, 2)).tolist()
    labels = ["yes" if a > 0 else "no" for a, _ in rows]
    defended = ConfidencePurifier(LogisticRegression(), random_state=0)
    defended.fit(rows, labels)
    assert defended.predict_proba(rows).shape == (40, 2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bottleneck": 0}, "'bottleneck'"),
        ({"reference_fraction": 1.0}, "'reference_fraction'"),
        ({"purifier": "mlp"}, "'purifier'"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        ConfidencePurifier(LogisticRegression(), **params).fit(X[:50], y[:50])


def test_too_few_rows_are_named():
    with pytest.raises(ValueError, match="n_samples=2 rows of 2 classes"):
        ConfidencePurifier(LogisticRegression()).fit([[0], [1]], [0, 1])


class NotesItsWeights(LogisticRegression):
    """Does not check that there is one for each row."""

    def fit(self, X, y, sample_weight=None, names=None):
        self.weights_, self.names_ = np.asarray(sample_weight), names
        self.first_column_ = X[:, 0]
        return super().fit(X, y)


@pytest.mark.parametrize("container", [np.asarray, list, pd.Series])
def test_weights_go_with_their_rows(container):
    rows = np.arange(400)
    purifier = ConfidencePurifier(
        NotesItsWeights(max_iter=200), purifier=LINEAR, random_state=0
    )
    records = np.column_stack([rows / 400, X[:400]])
    purifier.fit(records, y[:400], sample_weight=container(rows), names=["a", "b"])
    inner = purifier.estimator_
    assert_allclose(inner.weights_, inner.first_column_ * 400)
    assert inner.names_ == ["a", "b"]
