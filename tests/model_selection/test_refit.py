import pickle

import numpy as np
import pytest

from sklearn_mid.model_selection import best_utility_under_advantage


def results(utility, advantage):
    return {
        "mean_test_utility": np.array(utility),
        "mean_test_neg_advantage": -np.array(advantage),
        # Folds that agree: the upper limit is the mean.
        **{f"split{k}_test_neg_advantage": -np.array(advantage) for k in range(3)},
        "params": [{"reg_lambda": i} for i in range(len(utility))],
    }


@pytest.mark.parametrize(
    ("utility", "advantage", "best"),
    [
        ([0.9, 0.8, 0.7], [0.2, 0.04, 0.01], 1),
        ([0.9, 0.8, 0.7], [0.2, 0.05, 0.01], 1),  # the limit itself is allowed
        ([0.7, 0.8, 0.8], [0.0, 0.04, 0.02], 2),  # as useful, leaks less
        ([0.9, np.nan, 0.7], [0.2, 0.0, 0.01], 2),
        ([0.9, 0.8, 0.7], [np.nan, 0.0, -0.1], 1),
    ],
)
def test_most_useful_of_those_under_the_limit(utility, advantage, best):
    choose = best_utility_under_advantage(0.05)
    assert choose(results(utility, advantage)) == best
    assert pickle.loads(pickle.dumps(choose))(results(utility, advantage)) == best


def test_none_under_the_limit():
    table = results([0.9, 0.8, np.nan], [0.3, 0.2, 0.1])
    message = (
        r"limit=0\.05 .*the smallest is 0\.2000, of candidate 1 \(\{'reg_lambda': 1\}\)"
    )
    with pytest.raises(ValueError, match=message):
        best_utility_under_advantage(0.05)(table)
    with pytest.warns(UserWarning, match=message):
        assert best_utility_under_advantage(0.05, if_none="least")(table) == 1


def test_columns_can_be_named():
    table = results([0.9, 0.8], [0.2, 0.0])
    table["mean_train_neg_advantage"] = np.array([0.0, -0.5])
    choose = best_utility_under_advantage(
        0.05, neg_advantage="mean_train_neg_advantage", confidence_level=None
    )
    assert choose(table) == 0
    with pytest.raises(ValueError, match=r"utility='mean_test_r2'.*mean_test_utility"):
        best_utility_under_advantage(0.05, utility="mean_test_r2")(table)


def test_nothing_was_scored():
    with pytest.raises(ValueError, match="every fit or every attack failed"):
        best_utility_under_advantage(0.05)(results([np.nan], [0.0]))


@pytest.mark.parametrize("limit", [np.nan, np.inf, "0.1", None, True])
def test_limit_must_be_a_number(limit):
    with pytest.raises(ValueError, match="'limit' parameter"):
        best_utility_under_advantage(limit)


def test_unknown_fallback():
    with pytest.raises(ValueError, match=r"'if_none' .* Got 'warn'"):
        best_utility_under_advantage(0.1, if_none="warn")


def test_members_are_meant_where_they_were_attacked():
    table = results([0.9, 0.8], [0.0, 0.0])
    table["mean_train_neg_advantage"] = np.array([-0.3, 0.0])
    by_default = best_utility_under_advantage(0.05, confidence_level=None)
    assert by_default(table) == 1
    of_others = best_utility_under_advantage(
        0.05, neg_advantage="mean_test_neg_advantage", confidence_level=None
    )
    assert of_others(table) == 0
