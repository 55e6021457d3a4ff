import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    matthews_corrcoef,
    roc_auc_score,
)

from sklearn_mid.metrics import (
    advantage_score,
    attack_report,
    attack_scores,
    member_advantage,
)


class Guesser:
    """An attack whose guesses are given; X holds (truth, guess, confidence)."""

    knowledge = "marginals"
    values_ = np.array(["no", "yes"])

    def sensitive_values(self, X):
        return self.values_[X[:, 0].astype(int)]

    def observe(self, X, y):
        return y

    def infer(self, X, y):
        return self.values_[X[:, 1].astype(int)]

    def infer_proba(self, X, y):
        return np.column_stack([1 - X[:, 2], X[:, 2]])


class NoGuesser(Guesser):
    """A baseline that always says no."""

    def infer(self, X, y):
        return np.full(len(X), "no")


def people(truth, guess, confidence=None):
    return np.column_stack([truth, guess, guess if confidence is None else confidence])


def by_metric(report):
    return report.set_index("metric")[["value", "low", "high"]]


@pytest.mark.parametrize("n_values", [2, 4])
def test_scores_equal_scikit_learns(n_values):
    rng = np.random.RandomState(0)
    truth, guess = rng.randint(n_values, size=(2, 60))
    proba = rng.dirichlet(np.ones(n_values), size=60)
    scores = attack_scores(truth, guess, proba)
    assert_allclose(scores["accuracy"], accuracy_score(truth, guess))
    assert_allclose(scores["f1"], f1_score(truth, guess, average="macro"))
    assert_allclose(scores["mcc"], matthews_corrcoef(truth, guess))
    assert_allclose(scores["balanced_accuracy"], balanced_accuracy_score(truth, guess))
    if n_values == 2:
        assert_allclose(scores["f1_positive"], f1_score(truth, guess))
        assert_allclose(scores["roc_auc"], roc_auc_score(truth, proba[:, 1]))
    else:
        assert "f1_positive" not in scores
        assert_allclose(
            scores["roc_auc"], roc_auc_score(truth, proba, multi_class="ovr")
        )


def test_tied_scores_count_half():
    scores = attack_scores([0, 0, 1, 1], [0, 0, 0, 0], np.full((4, 2), 0.5))
    assert scores["roc_auc"] == 0.5
    assert scores["mcc"] == 0


def test_ties_of_any_score_count_half():
    score = np.array([0.2, 0.5, 0.5, 0.5])
    proba = np.column_stack([1 - score, score])
    # of the four pairs, two are in order and two are tied
    assert attack_scores([0, 0, 1, 1], [0, 0, 1, 1], proba)["roc_auc"] == 3 / 4


def test_values_that_never_occur_do_not_count():
    truth, guess = ["a", "b", "b"], ["a", "b", "a"]
    assert (
        attack_scores(truth, guess)["f1"]
        == attack_scores(truth, guess, values=["b", "c", "a"])["f1"]
    )


def test_values_that_occur_once_count():
    assert set(attack_scores(["a", "b"], ["a", "b"]).values()) == {1}
    missed = attack_scores(["a", "b", "b"], ["b", "b", "b"])
    assert_allclose(missed["f1"], (0 + 4 / 5) / 2)


def test_relabelling_changes_nothing():
    truth, guess = np.array([0, 1, 2, 1, 0]), np.array([0, 2, 2, 1, 1])
    scores = attack_scores(truth, guess)
    for names in (np.array(["z", "a", "k"]), np.array([1.5, "(other)", 3], object)):
        relabelled = attack_scores(names[truth], names[guess])
        assert_allclose(list(relabelled.values()), list(scores.values()))


def test_many_values_stay_cheap():
    truth = np.arange(10_000)
    scores = attack_scores(truth, np.roll(truth, 1))
    assert scores["accuracy"] == 0
    assert scores["mcc"] == pytest.approx(-1 / 9_999)


def test_scores_without_probabilities_or_with_one_value():
    assert "roc_auc" not in attack_scores([0, 1], [1, 1])
    scores = attack_scores([1, 1], [1, 0], [[0.5, 0.5], [0.1, 0.9]])
    assert np.isnan(scores["roc_auc"])
    assert attack_scores(["x"], ["x"])["accuracy"] == 1


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (([], []), {}, "s_true has 0 rows"),
        (([0, 1], [0]), {}, "inconsistent numbers of samples"),
        (([0, np.nan], [0, 1]), {}, "missing values"),
        (([0, 1], [0, 2]), {"values": [0, 1]}, "holds 2, which is none of values"),
        (([0, 1], [0, 1]), {"values": [0, 1, 1]}, "values must differ"),
        (
            ([0, 1], [0, 1], [[1.0], [np.nan]]),
            {},
            r"s_proba has shape \(2, 1\).* 2 values",
        ),
        (([0, 1], [0, 1], [[0.5, 0.5]]), {}, "2 guesses"),
        (([0, 1], [0, 1], [[1, 0], [0, np.nan]]), {}, "s_proba must be finite"),
    ],
)
def test_bad_scores_input_is_named(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        attack_scores(*args, **kwargs)


def test_advantage_is_the_difference_of_accuracies():
    truth, guess, prior = [0, 0, 1, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1]
    assert_allclose(advantage_score(truth, guess, prior), 4 / 5 - 3 / 5)
    assert advantage_score(truth, prior, prior) == 0


def test_member_advantage_compares_the_two_groups():
    members, others = people([0, 1, 1], [0, 1, 1]), people([0, 1], [1, 1])
    assert member_advantage(Guesser(), members, None, others, None) == 0.5


def test_member_advantage_shows_the_attack_the_responses():
    class Echo(Guesser):
        def infer(self, X, y):
            return y

        def infer_proba(self, X, y):
            return np.column_stack([np.array(y) == "no", np.array(y) == "yes"])

    X, right, wrong = people([0, 1], [0, 0]), ["no", "yes"], ["yes", "no"]
    assert member_advantage(Echo(), X, right, X, wrong) == 1
    assert member_advantage(Echo(), X, wrong, X, right) == -1
    rows = by_metric(
        attack_report(
            Echo(), X, right, baseline=Echo(), members=(X, wrong), n_resamples=1
        )
    )
    assert rows.loc[["accuracy", "baseline_accuracy", "roc_auc"], "value"].tolist() == [
        1,
        1,
        1,
    ]
    assert rows.loc["member_accuracy", "value"] == 0
    assert np.isfinite(rows.to_numpy()).all()


PSEUDO = 0.75  # rows of each kind that the intervals add


@pytest.mark.parametrize("n_right", [0, 4, 10])
def test_intervals_of_shares_are_those_of_beta_distributions(n_right):
    truth = np.repeat([0, 1], 5)
    X = people(truth, np.where(np.arange(10) < n_right, truth, 1 - truth))
    options = {"n_resamples": 20_000, "random_state": 0}
    rows = by_metric(attack_report(Guesser(), X, None, baseline=Guesser(), **options))
    exact = stats.beta(n_right + PSEUDO, 10 - n_right + PSEUDO).ppf([0.025, 0.975])
    exact = [min(exact[0], n_right / 10), max(exact[1], n_right / 10)]
    for metric in ("accuracy", "baseline_accuracy"):
        assert_allclose(rows.loc[metric, ["low", "high"]], exact, atol=0.01)
    # attack alone right, baseline alone right: nobody; the rest: all ten
    gain = stats.dirichlet([PSEUDO, PSEUDO, 10 + PSEUDO]).rvs(100_000, random_state=0)
    low, high = np.quantile(gain[:, 0] - gain[:, 1], [0.025, 0.975])
    assert_allclose(rows.loc["advantage", ["low", "high"]], [low, high], atol=0.01)


@pytest.mark.parametrize("area", [0, 1])
def test_interval_of_an_extreme_area_is_that_of_a_beta_distribution(area):
    class Three(Guesser):
        values_ = np.array(["never", "no", "yes"])

        def infer_proba(self, X, y):
            return np.column_stack([0 * X[:, 2], 1 - X[:, 2], X[:, 2]])

    truth = np.repeat([1, 2], [9, 4])
    X = people(truth, truth, truth == 2 if area else truth == 1)
    rows = by_metric(
        attack_report(Three(), X, None, n_resamples=20_000, random_state=0)
    )
    # of the rarer side's 4 rows
    share = stats.beta(4 + 2 * PSEUDO, PSEUDO).ppf(0.025)
    low, high = (share, 1) if area else (0, 1 - share)
    assert_allclose(rows.loc["roc_auc"], [area, low, high], atol=0.01)


def test_intervals_leave_out_values_that_nobody_has():
    class Four(Guesser):
        values_ = np.array(["no", "yes", "guessed", "never"])

        def infer_proba(self, X, y):
            return np.eye(4)[X[:, 1].astype(int)]

    truth = np.arange(400) % 2
    guess = truth.copy()
    rows = by_metric(attack_report(Four(), people(truth, guess), None, random_state=0))
    assert rows.loc["f1", "low"] > 0.97
    assert rows.loc["balanced_accuracy", "low"] > 0.97
    guess[0] = 2  # guessed once, true of nobody: an F1 of 0 among three
    rows = by_metric(attack_report(Four(), people(truth, guess), None, random_state=0))
    assert_allclose(rows.loc["f1", "value"], 2 / 3, atol=0.001)
    assert rows.loc["f1", "high"] < 0.97
    assert rows.loc["balanced_accuracy", "low"] > 0.97


def test_report_holds_the_scores_and_intervals_around_them():
    rng = np.random.RandomState(0)
    truth = rng.randint(2, size=80)
    guess = np.where(rng.rand(80) < 0.7, truth, 1 - truth)
    confidence = np.clip(0.4 * guess + 0.6 * rng.rand(80), 0, 1)
    X = people(truth, guess, confidence)
    report = attack_report(
        Guesser(), X, None, baseline=NoGuesser(), members=(X, None), random_state=0
    )
    assert list(report.columns) == ["metric", "value", "low", "high"]
    assert (report["low"] < report["value"]).all()
    assert (report["value"] < report["high"]).all()
    rows = by_metric(report)
    scores = attack_scores(truth, guess, np.column_stack([1 - confidence, confidence]))
    for metric, value in scores.items():
        assert_allclose(rows.loc[metric, "value"], value)
    assert_allclose(rows.loc["baseline_accuracy", "value"], np.mean(truth == 0))
    assert_allclose(
        rows.loc["advantage", "value"], scores["accuracy"] - np.mean(truth == 0)
    )
    assert rows.loc["member_accuracy", "value"] == rows.loc["accuracy", "value"]
    assert rows.loc["member_advantage", "value"] == 0


def test_report_is_paired():
    """An attack that never differs from its baseline has a narrow advantage."""
    truth = np.arange(300) % 2
    X = people(truth, np.zeros(300))
    rows = by_metric(
        attack_report(Guesser(), X, None, baseline=NoGuesser(), random_state=0)
    )
    assert_allclose(rows.loc["advantage"], [0, 0, 0], atol=0.02)
    assert rows.loc["accuracy", "high"] - rows.loc["accuracy", "low"] > 0.1


@pytest.mark.parametrize("is_right", [True, False])
@pytest.mark.parametrize("n", [1, 2, 30])
def test_report_is_finite_when_all_or_no_guesses_are_right(is_right, n):
    truth = np.arange(n) % 2
    X = people(truth, truth if is_right else 1 - truth)
    rows = by_metric(
        attack_report(
            Guesser(),
            X,
            None,
            baseline=NoGuesser(),
            members=(X, None),
            n_resamples=500,
            random_state=0,
        )
    )
    if n == 1:  # one person holds one value: no ranking of two
        assert np.isnan(rows.loc["roc_auc", "value"])
        rows = rows.drop("roc_auc")
    assert np.isfinite(rows.to_numpy()).all()
    accuracy = rows.loc["accuracy"]
    assert accuracy["value"] == is_right
    assert 0 < accuracy["high"] - accuracy["low"] < 1


def test_report_covers_the_truth_of_simulated_attacks():
    """1,000 attacks; the true scores are those of the joint distribution."""
    rng = np.random.RandomState(0)
    joint = np.array([[0.55, 0.15], [0.10, 0.20]])  # truth x guess
    hits, n_true, n_pred = np.diag(joint), joint.sum(axis=1), joint.sum(axis=0)
    true_scores = {
        "accuracy": hits.sum(),
        "f1": np.mean(2 * hits / (n_true + n_pred)),
        "balanced_accuracy": np.mean(hits / n_true),
        "mcc": (hits.sum() - n_true @ n_pred)
        / np.sqrt((1 - n_true @ n_true) * (1 - n_pred @ n_pred)),
        "roc_auc": np.mean(hits / n_true),  # of a score that is the guess
        "advantage": hits.sum() - n_true[0],
        "member_advantage": 0.15,
    }
    covered = dict.fromkeys(true_scores, 0)
    for _ in range(1000):
        truth, guess = np.divmod(rng.choice(4, p=joint.ravel(), size=150), 2)
        member = np.arange(100) % 2
        member_guess = np.where(rng.rand(100) < 0.9, member, 1 - member)
        rows = by_metric(
            attack_report(
                Guesser(),
                people(truth, guess),
                None,
                baseline=NoGuesser(),
                members=(people(member, member_guess), None),
                n_resamples=400,
                random_state=rng,
            )
        )
        for metric, value in true_scores.items():
            covered[metric] += (
                rows.loc[metric, "low"] <= value <= rows.loc[metric, "high"]
            )
    assert {m: c for m, c in covered.items() if not 920 <= c <= 980} == {}


@pytest.mark.parametrize("accuracy", [0.02, 0.5, 0.9, 0.98])
def test_report_covers_extreme_accuracies(accuracy):
    rng = np.random.RandomState(1)
    covered = 0
    for _ in range(1000):
        truth = rng.randint(2, size=100)
        guess = np.where(rng.rand(100) < accuracy, truth, 1 - truth)
        report = attack_report(
            Guesser(), people(truth, guess), None, n_resamples=300, random_state=rng
        )
        low, high = report.loc[0, ["low", "high"]]
        covered += low <= accuracy <= high
    assert 920 <= covered <= 980


def test_report_refuses_a_baseline_that_knows_more():
    class Knowing(NoGuesser):
        knowledge = "labelled records"

    X = people([0, 1], [0, 0])
    with pytest.raises(ValueError, match="Knowing knows 'labelled records'"):
        attack_report(Guesser(), X, None, baseline=Knowing())
    report = attack_report(
        Guesser(), X, None, baseline=Knowing(), allow_unequal_knowledge=True
    )
    assert "advantage" in set(report["metric"])


def test_report_refuses_another_secret_and_no_attack():
    class Other(NoGuesser):
        values_ = np.array(["no", "perhaps"])

    X = people([0, 1], [0, 0])
    with pytest.raises(ValueError, match=r"baseline infers.*perhaps"):
        attack_report(Guesser(), X, None, baseline=Other())
    with pytest.raises(
        TypeError, match=r"attack must be.*got str, which has no 'infer'"
    ):
        attack_report("MAP", X, None)
    with pytest.raises(TypeError, match=r"baseline must be.*got str"):
        attack_report(Guesser(), X, None, baseline="prior")
    for members in (X, (X, None, None)):
        with pytest.raises(ValueError, match=r"members must be a pair"):
            attack_report(Guesser(), X, None, members=members)
    with pytest.raises(TypeError, match="attack must be"):
        member_advantage(object(), X, None, X, None)


def test_report_with_many_rows_is_chunked_alike():
    """More rows than fit one chunk: the interval is that of the binomial."""
    truth = np.arange(9000) % 2
    guess = np.where(np.arange(9000) % 10 < 8, truth, 1 - truth)
    rows = by_metric(
        attack_report(Guesser(), people(truth, guess), None, random_state=0)
    )
    half_width = 1.96 * np.sqrt(0.8 * 0.2 / 9000)
    for metric in ("accuracy", "roc_auc"):
        assert_allclose(
            rows.loc[metric], [0.8, 0.8 - half_width, 0.8 + half_width], atol=0.002
        )


def test_report_repeats_with_its_seed():
    X = people(np.arange(40) % 2, np.arange(40) % 3 == 0)
    first, again, other = (
        attack_report(Guesser(), X, None, random_state=seed) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    assert not first.equals(other)
