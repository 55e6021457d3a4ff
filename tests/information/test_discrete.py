import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import mutual_info_score

from sklearn_mid.information import (
    conditional_mutual_information,
    conditional_mutual_information_from_counts,
    entropy,
    entropy_from_counts,
    mutual_information,
    mutual_information_from_counts,
)

LN2 = np.log(2)


def test_entropy_of_known_distributions():
    assert entropy([7]) == 0
    assert not np.signbit(entropy([7]))
    assert entropy(["a", "a", "a"]) == 0
    assert_allclose(entropy(list("abcd")), np.log(4), rtol=1e-14)
    assert_allclose(entropy(list("aab")), np.log(3) - 2 / 3 * LN2, rtol=1e-14)
    assert_allclose(entropy_from_counts([0.5, 0.25, 0.25]), 1.5 * LN2, rtol=1e-14)
    assert_allclose(entropy_from_counts([[3, 3], [3, 3]]), 2 * LN2, rtol=1e-14)


def test_empty_cells_count_for_nothing():
    for estimator in ("plugin", "miller-madow"):
        assert_allclose(
            entropy_from_counts([4, 0, 2, 0], estimator=estimator),
            entropy_from_counts([4, 2], estimator=estimator),
            rtol=1e-15,
        )


@pytest.mark.parametrize(
    "labels",
    [
        [1, 0, 1, 1],
        ["1", "0", "1", "1"],
        [1.5, -2.0, 1.5, 1.5],
        [True, False, True, True],
        [None, 3, None, None],
        [np.nan, "x", np.nan, np.nan],
        ["1", 1, "1", "1"],
        np.array(["2020-01-01", "2021-01-01", "2020-01-01", "2020-01-01"], "M8[D]"),
        pd.Series(["b", "a", "b", "b"], dtype="category").cat.set_categories(
            ["a", "b", "unused"]
        ),
        pd.array([1, pd.NA, 1, 1], dtype="Int64"),
        pd.DataFrame({"u": [1, 1, 1, 1], "v": ["y", "x", "y", "y"]}),
        [[0, 1], [1, 1], [0, 1], [0, 1]],
    ],
    ids=[
        "int",
        "str",
        "float",
        "bool",
        "None",
        "NaN",
        "mixed",
        "date",
        "category",
        "NA",
        "frame",
        "rows",
    ],
)
def test_entropy_takes_labels_of_any_kind(labels):
    assert_allclose(entropy(labels), entropy_from_counts([3, 1]), rtol=1e-14)


def test_many_columns_of_many_values_do_not_overflow():
    rng = np.random.default_rng(0)
    labels = rng.permuted(np.tile(np.arange(1000), (12, 1)), axis=1).T
    assert_allclose(entropy(labels), np.log(1000), rtol=1e-12)


def test_mutual_information_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    x = rng.integers(5, size=300)
    y = (x + rng.integers(3, size=300)) % 4
    assert_allclose(mutual_information(x, y), mutual_info_score(x, y), rtol=1e-12)
    table = pd.crosstab(x, y).to_numpy()
    assert_allclose(
        mutual_information_from_counts(table), mutual_info_score(x, y), rtol=1e-12
    )


def test_conditional_information_is_the_mean_over_the_condition():
    rng = np.random.default_rng(1)
    x, y, z = rng.integers(3, size=(3, 500))
    y = np.where(z == 1, x, y)
    expected = sum(
        np.mean(z == value) * mutual_info_score(x[z == value], y[z == value])
        for value in range(3)
    )
    assert_allclose(conditional_mutual_information(x, y, z), expected, rtol=1e-10)
    table = np.zeros((3, 3, 3))
    np.add.at(table, (x, y, z), 1)
    assert_allclose(
        conditional_mutual_information_from_counts(table), expected, rtol=1e-10
    )


def test_exclusive_or_tells_nothing_alone_and_everything_given_the_other():
    x, z = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert mutual_information(x, x ^ z) == 0
    assert_allclose(conditional_mutual_information(x, x ^ z, z), LN2, rtol=1e-14)


@pytest.mark.parametrize("estimator", ["plugin", "miller-madow"])
def test_weights_are_repetitions(estimator):
    rng = np.random.default_rng(2)
    x, y, z = rng.integers(3, size=(3, 40))
    weights = rng.integers(0, 4, size=40)
    repeated = [np.repeat(labels, weights) for labels in (x, y, z)]
    for function, n_labels in (
        (entropy, 1),
        (mutual_information, 2),
        (conditional_mutual_information, 3),
    ):
        assert_allclose(
            function(*(x, y, z)[:n_labels], sample_weight=weights, estimator=estimator),
            function(*repeated[:n_labels], estimator=estimator),
            rtol=1e-12,
        )


def test_weights_and_counts_of_any_kind_are_numbers():
    expected = entropy_from_counts([2, 1])
    for kind in (["2", "1"], pd.array([2, 1], dtype="Int64")):
        assert_allclose(entropy([0, 1], sample_weight=kind), expected, rtol=1e-14)
        assert_allclose(entropy_from_counts(kind), expected, rtol=1e-14)


def test_miller_madow_adds_the_first_order_bias():
    counts = [5, 3, 2]
    assert_allclose(
        entropy_from_counts(counts, estimator="miller-madow"),
        entropy_from_counts(counts) + 2 / 20,
        rtol=1e-14,
    )
    # two entropies of 2 cells, less a joint one of 4: (1 + 1 - 3) / 2N
    table = np.array([[6, 2], [2, 6]])
    assert_allclose(
        mutual_information_from_counts(table, estimator="miller-madow"),
        mutual_information_from_counts(table) - 1 / 32,
        rtol=1e-12,
    )
    # occupied cells: (x, z) 4, (y, z) 3, z 2, all 6, so (3 + 2 - 1 - 5) / 2N
    table = np.array([[[6, 3], [2, 0]], [[1, 5], [7, 0]]])
    assert_allclose(
        conditional_mutual_information_from_counts(table, estimator="miller-madow"),
        conditional_mutual_information_from_counts(table) - 1 / 48,
        rtol=1e-12,
    )


def test_miller_madow_has_less_bias():
    rng = np.random.default_rng(3)
    samples = rng.integers(10, size=(400, 30))
    plugin = np.mean([entropy(s) for s in samples])
    corrected = np.mean([entropy(s, estimator="miller-madow") for s in samples])
    assert abs(corrected - np.log(10)) < 0.2 * abs(plugin - np.log(10))


def test_miller_madow_information_is_clipped_at_zero():
    table = np.array([[1, 1], [1, 1]])
    assert mutual_information_from_counts(table, estimator="miller-madow") == 0
    assert mutual_information([0, 0, 1, 1], [0, 1, 0, 1], estimator="miller-madow") == 0
    flat = np.ones((2, 2, 2))
    assert conditional_mutual_information_from_counts(flat) == 0
    assert (
        conditional_mutual_information_from_counts(flat, estimator="miller-madow") == 0
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy([]), "labels must hold at least one label"),
        (lambda: entropy(np.zeros((2, 2, 2))), r"got shape \(2, 2, 2\)"),
        (lambda: entropy(3), r"got shape \(\)"),
        (lambda: entropy([1, 2], estimator="jackknife"), "'estimator' parameter"),
        (lambda: entropy([1, 2], sample_weight=[1]), r"sample_weight has shape \(1,\)"),
        (lambda: entropy([1, 2], sample_weight=[1, -1]), "not negative"),
        (lambda: entropy([1, 2], sample_weight=[1, np.nan]), "must be finite"),
        (lambda: entropy([1, 2], sample_weight=[0, 0]), "zero everywhere"),
        (lambda: mutual_information([1, 2], [1]), "differ in length: {'x': 2, 'y': 1}"),
        (lambda: conditional_mutual_information([1], [1], []), "z must hold at least"),
        (lambda: entropy_from_counts([]), "at least one"),
        (lambda: entropy_from_counts([1, -1]), "not negative"),
        (lambda: entropy_from_counts([1, np.inf]), "finite"),
        (lambda: entropy_from_counts([0, 0]), "zero everywhere"),
        (lambda: entropy_from_counts([1], estimator=None), "'estimator' parameter"),
        (lambda: mutual_information_from_counts([1, 2]), "must have 2 dimensions"),
        (
            lambda: conditional_mutual_information_from_counts([[1, 2]]),
            "must have 3 dimensions",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
