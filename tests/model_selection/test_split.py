import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_mid.model_selection import target_auxiliary_split

X = np.arange(200).reshape(100, 2)
Y = np.arange(100) % 4


def sizes(split):
    return [len(part.indices) for part in split]


def test_roles_share_no_row_and_keep_rows_together():
    split = target_auxiliary_split(X, Y, update_size=7, random_state=0)
    assert sizes(split) == [43, 20, 30, 7]
    every = np.concatenate([part.indices for part in split])
    assert_array_equal(np.sort(every), np.arange(100))
    for part in split:
        assert_array_equal(part.X, X[part.indices])
        assert_array_equal(part.y, Y[part.indices])
        assert_array_equal(part.indices, np.sort(part.indices))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"target_size": 0.5, "test_size": 10, "auxiliary_size": 0.1}, [50, 10, 10, 0]),
        ({"target_size": 5, "auxiliary_size": None}, [5, 20, 75, 0]),
        ({"test_size": 0, "auxiliary_size": 0}, [100, 0, 0, 0]),
        ({"target_size": 1.0, "test_size": 0, "auxiliary_size": 0}, [100, 0, 0, 0]),
        ({"test_size": 0.29, "auxiliary_size": 0.57}, [14, 29, 57, 0]),
    ],
)
def test_sizes_are_kept_exactly(options, expected):
    assert sizes(target_auxiliary_split(X, random_state=0, **options)) == expected


def test_stratify_keeps_proportions():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    split = target_auxiliary_split(
        X, y, test_size=0.2, auxiliary_size=0.3, stratify=y, random_state=1
    )
    for part, share in zip(split, [0.5, 0.2, 0.3, 0], strict=True):
        counts = np.bincount(part.y, minlength=3)
        assert np.all(np.abs(counts - share * np.array([60, 30, 10])) <= 1)


def test_every_row_is_as_likely_to_get_a_role():
    share = np.zeros(20)
    for seed in range(2000):
        split = target_auxiliary_split(X[:20], random_state=seed, test_size=5)
        share[split.test.indices] += 1 / 2000
    assert np.all(np.abs(share - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 2000))


def test_people_have_one_role():
    people = np.arange(100) // 5
    split = target_auxiliary_split(X, Y, groups=people, update_size=0.1, random_state=0)
    assert sizes(split) == [40, 20, 30, 10]
    for role, part in enumerate(split):
        others = np.concatenate([p.indices for i, p in enumerate(split) if i != role])
        assert not set(people[part.indices]) & set(people[others])


def test_test_rows_of_the_target_people():
    people = np.array(list("abcdefghij"))[np.arange(100) // 10]
    split = target_auxiliary_split(
        X, groups=people, test_within_groups=True, random_state=0
    )
    # 7 people for the target, 3 for the attacker; 2 of 10 rows for the test.
    assert sizes(split) == [56, 14, 30, 0]
    _, target = np.unique(people[split.target.indices], return_counts=True)
    _, test = np.unique(people[split.test.indices], return_counts=True)
    assert_array_equal(target, np.full(7, 8))
    assert_array_equal(test, np.full(7, 2))


def test_groups_can_be_stratified():
    people = np.arange(100) // 5
    kind = people % 2
    split = target_auxiliary_split(
        X, kind, groups=people, stratify=kind, test_size=0.2, random_state=0
    )
    assert sizes(split) == [50, 20, 30, 0]
    for part in split[:3]:
        kinds = kind[part.indices]
        assert abs(kinds.sum() - (1 - kinds).sum()) <= 10  # at most one person more


def test_containers_stay_what_they_are():
    frame = pd.DataFrame(X, index=np.arange(100)[::-1], columns=["a", "b"])
    series = pd.Series(Y, index=frame.index)
    part = target_auxiliary_split(frame, series, random_state=0).test
    pd.testing.assert_frame_equal(part.X, frame.iloc[part.indices])
    pd.testing.assert_series_equal(part.y, series.iloc[part.indices])
    part = target_auxiliary_split(sparse.csr_array(X), random_state=0).test
    assert_array_equal(part.X.toarray(), X[part.indices])
    assert part.y is None
    part = target_auxiliary_split(X.tolist(), Y.tolist(), random_state=0).test
    assert_array_equal(part.X, X[part.indices])


def test_same_seed_same_split():
    a, b, c = (
        target_auxiliary_split(X, random_state=seed).test.indices for seed in (0, 0, 1)
    )
    assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test_size": 0.8}, r"ask for 110 of 100 rows.*test_size=0\.8"),
        ({"test_size": 1.5}, r"test_size=1\.5 is out of range.*int from 0 to 100"),
        ({"update_size": -1}, "update_size=-1 is out of range"),
        ({"auxiliary_size": 101}, "auxiliary_size=101 is out of range"),
        ({"auxiliary_size": float("nan")}, "auxiliary_size=nan is out of range"),
        ({"test_size": None}, "At most one size may be None"),
        ({"test_size": 0.7}, "No rows are left for the target"),
        ({"target_size": 0}, "No rows are left for the target"),
        ({"groups": Y[:5]}, "groups has 5 values, expected 100"),
        ({"stratify": Y[:5]}, "stratify has 5 values, expected 100"),
        (
            {"groups": np.arange(100) // 2, "stratify": np.arange(100)},
            r"stratify takes several values within one group.*row 0",
        ),
        ({"test_within_groups": True}, "test_within_groups=True needs groups"),
        ({"groups": np.zeros(100)}, "No groups are left for the target"),
    ],
)
def test_wrong_value_is_named(options, message):
    if "groups" in options and np.ptp(options["groups"]) == 0:
        options = {**options, "auxiliary_size": 1, "test_size": 0}
    with pytest.raises(ValueError, match=message):
        target_auxiliary_split(X, random_state=0, **options)


@pytest.mark.parametrize("size", ["half", True])
def test_size_that_is_no_number(size):
    with pytest.raises(TypeError, match=f"test_size must be a share.*{size!r}"):
        target_auxiliary_split(X, test_size=size)


def test_different_lengths():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
        target_auxiliary_split(X, Y[:-1])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("test_size", [0.2, 0.5, 3])
def test_every_group_of_the_test_is_known_to_the_target(seed, test_size):
    people = np.repeat(np.arange(12), [1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 10, 20])
    split = target_auxiliary_split(
        people[:, None],
        groups=people,
        test_within_groups=True,
        test_size=test_size,
        auxiliary_size=2,
        random_state=seed,
    )
    known, tested = set(people[split.target.indices]), people[split.test.indices]
    assert set(tested) <= known
    assert len(known) == 10
    n = len(split.target.indices) + len(tested)
    assert len(tested) == (3 if test_size == 3 else int(test_size * n))


def test_groups_too_small_to_test_are_named():
    people = np.arange(10) // 2
    options = {"groups": people, "test_within_groups": True, "auxiliary_size": 1}
    with pytest.raises(
        ValueError, match=r"test_size=0\.7 asks for 5 of the 8 rows .* allowed are 4 or"
    ):
        target_auxiliary_split(X[:10], test_size=0.7, random_state=0, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": Y > 1}, r"test_size=0\.2 of 2 groups is none; pass a larger share"),
        ({"auxiliary_size": 0.001}, r"auxiliary_size=0\.001 of 100 rows is none"),
        ({"update_size": 0.001}, r"update_size=0\.001 of 100 rows is none"),
    ],
)
def test_a_share_that_comes_to_nothing_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        target_auxiliary_split(X, random_state=0, **options)
