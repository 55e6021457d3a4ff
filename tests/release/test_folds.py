"""Folds: a partition, equals together, people together."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_mid.release._folds import deal_into_folds


def rng():
    return np.random.RandomState(0)


@pytest.fixture
def known():
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": draw.integers(20, 50, size=600).astype(float),
            "town": draw.choice(["north", "south", None], size=600),
            "smokes": draw.random(600) < 0.3,
        }
    )


def test_folds_are_of_nearly_equal_size(known):
    fold = deal_into_folds(known, 10, rng=rng())
    assert set(fold) == set(range(10))
    assert np.ptp(np.bincount(fold)) <= 30


def test_equal_records_share_a_fold(known):
    fold = deal_into_folds(known, 5, rng=rng())
    per_kind = pd.DataFrame(known).assign(fold=fold)
    n_folds = per_kind.groupby(["age", "town", "smokes"], dropna=False)[
        "fold"
    ].nunique()
    assert (n_folds == 1).all()


def test_people_share_a_fold(known):
    person = np.arange(600) // 3
    fold = deal_into_folds(known, 5, groups=person, rng=rng())
    assert (fold.reshape(200, 3) == fold[::3, None]).all()


def test_neighbours_stand_together():
    X = np.random.default_rng(0).normal(size=(500, 2))
    fold = deal_into_folds(X, 5, rng=rng())
    nearest = cross_val_score(KNeighborsClassifier(1), X, fold, cv=5)
    assert nearest.mean() > 0.6  # 0.2 for folds at random


def test_equals_too_many_to_know_anybody_are_dealt_one_by_one():
    known = np.repeat([[0.0], [1.0]], 300, axis=0)
    fold = deal_into_folds(known, 5, rng=rng())
    assert_array_equal(np.bincount(fold), 120)
    assert len(set(fold[:300])) == 5


def test_no_known_columns():
    fold = deal_into_folds(np.empty((60, 0)), 3, rng=rng())
    assert_array_equal(np.bincount(fold), 20)


def test_one_person_cannot_be_left_out(known):
    with pytest.raises(ValueError, match="belong to one person"):
        deal_into_folds(known, 5, groups=np.zeros(600), rng=rng())
    with pytest.raises(ValueError, match="groups has 2 entries"):
        deal_into_folds(known, 5, groups=[0, 1], rng=rng())
