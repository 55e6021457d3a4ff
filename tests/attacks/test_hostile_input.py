"""Records of any type and scale: a right-shaped answer, or an error that says why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import ImputationBaseline, MAPAttack, PriorBaseline


class LengthOfSecret(RegressorMixin, BaseEstimator):
    """Takes any record; answers a number that depends on its first column."""

    def predict(self, X):
        first = X.iloc[:, 0] if isinstance(X, pd.DataFrame) else X[:, 0]
        return np.array([len(str(v)) for v in np.asarray(first)], dtype=float)


TEXT = st.text(max_size=3)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=32)
COLUMN = st.sampled_from(
    ["int", "float", "tiny", "huge", "text", "mixed", "category", "Int64", "bool"]
)


def column(kind, n, draw):
    numbers = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    texts = draw(st.lists(TEXT, min_size=n, max_size=n))
    return {
        "int": np.array(numbers),
        "float": np.array(draw(st.lists(NUMBER, min_size=n, max_size=n))),
        "tiny": np.array(numbers) * 1e-300,
        "huge": np.array(numbers) * 1e300,
        "text": np.array(texts, dtype=object),
        "mixed": np.array([*texts[: n // 2], *numbers[n // 2 :]], dtype=object),
        "category": pd.Categorical(texts, categories=[*sorted({*texts}), "unused"]),
        "Int64": pd.array(numbers, dtype="Int64"),
        "bool": np.array(numbers) > 0,
    }[kind]


@st.composite
def frames(draw):
    n = draw(st.integers(1, 30))
    kinds = draw(st.lists(COLUMN, min_size=1, max_size=3))
    return pd.DataFrame({f"c{i}": column(k, n, draw) for i, k in enumerate(kinds)})


@settings(max_examples=50, deadline=None)
@given(frames(), st.booleans(), st.data())
def test_any_secret(frame, as_array, data):
    n = len(frame)
    X = frame.to_numpy() if as_array else frame
    secret = 0 if as_array else "c0"
    y = np.array(data.draw(st.lists(NUMBER, min_size=n, max_size=n)))
    attacks = [
        PriorBaseline(secret),
        MAPAttack(LengthOfSecret(), secret),
        MAPAttack(LengthOfSecret(), secret, use_prior=False, random_state=0),
        MAPAttack(LengthOfSecret(), secret, calibrate=True),
    ]
    for attack in attacks:
        try:
            attack.fit(X, y)
        except ValueError as error:
            assert "takes one value only" in str(error)  # noqa: PT017
            assert frame["c0"].nunique() == 1
            continue
        proba = attack.infer_proba(X, y)
        assert proba.shape == (n, len(attack.values_))
        assert np.isfinite(proba).all()
        assert_allclose(proba.sum(axis=1), 1)
        assert set(attack.infer(X, y)) <= set(attack.values_)
        assert set(attack.sensitive_values(X)) <= set(attack.values_)
        assert 0 <= attack.score(X, y) <= 1


@settings(max_examples=30, deadline=None)
@given(frames(), st.data())
def test_any_known_columns(frame, data):
    n = len(frame)
    frame = frame.assign(secret=np.arange(n) % 2)
    y = np.array(data.draw(st.lists(TEXT, min_size=n, max_size=n)), dtype=object)
    baseline = ImputationBaseline(
        "secret", classifier=HistGradientBoostingClassifier(max_iter=2)
    )
    if n == 1:
        with pytest.raises(ValueError, match="one value only"):
            baseline.fit(frame, y)
        return
    proba = baseline.fit(frame, y).infer_proba(frame, y)
    assert_allclose(proba.sum(axis=1), 1)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_records_are_refused_by_name(make):
    X = make(np.eye(3))
    with pytest.raises(TypeError, match="Sparse data was passed for X"):
        PriorBaseline(0).fit(X)


def test_columns_of_one_name():
    frame = pd.DataFrame(np.eye(4)[:, :3], columns=["s", "k", "k"])
    assert len(PriorBaseline("s").fit(frame).values_) == 2
    with pytest.raises(ValueError, match="'k' is the name of 2 columns"):
        PriorBaseline("k").fit(frame)
    by_place = PriorBaseline(2).fit(frame)
    for value, record in zip(
        [0, 1], by_place._candidates.substitute(frame), strict=True
    ):
        assert (record.iloc[:, 2] == value).all()
        assert (record.iloc[:, 1] == frame.iloc[:, 1]).all()


def test_answers_do_not_grow_with_repetition():
    X = np.tile([[0.0, 1.0], [1.0, 0.0]], (50, 1))
    tree = DecisionTreeClassifier().fit(X, X[:, 0])
    attack = MAPAttack(tree, 0).fit(X, X[:, 0])
    state = set(vars(attack))
    for _ in range(50):
        attack.infer(X, X[:, 0])
    assert set(vars(attack)) == state


def test_an_empty_frame_is_refused():
    frame = pd.DataFrame({"s": [0, 1], "k": [1, 2]})
    with pytest.raises(ValueError, match="X has 0 rows; PriorBaseline needs at least"):
        PriorBaseline("s").fit(frame[:0])
    with pytest.raises(ValueError, match="X has 0 rows"):
        PriorBaseline("s").fit(frame).infer(frame[:0])


def test_a_foreign_target_without_any_tags():
    class Foreign:
        """Not of scikit-learn: a method and labels are all it has."""

        classes_ = np.array(["no", "yes"])

        def predict_proba(self, X):
            return np.column_stack([1 - X[:, 0] / 2, X[:, 0] / 2])

        def predict(self, X):
            return self.classes_[(X[:, 0] > 0).astype(int)]

    X = np.array([[0.0, 5.0], [1.0, 5.0]])
    attack = MAPAttack(Foreign(), 0).fit(X, ["no", "yes"])
    assert_allclose(attack.infer_proba(X, ["no", "yes"]), [[2 / 3, 1 / 3], [0, 1]])
