import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    matthews_corrcoef,
    roc_auc_score,
    roc_curve,
)

from sklearn_mid.metrics import (
    advantage_score,
    attack_report,
    attack_scores,
    member_advantage,
    most_exposed,
    proportion_interval,
)
from sklearn_mid.metrics._attack import margins
from sklearn_mid.metrics._bootstrap import proportions, quantile_interval
from sklearn_mid.metrics._exact import (
    balanced_accuracy_limits,
    f1_limits,
    macro_f1_limits,
)
from sklearn_mid.metrics._resampling import (
    resampled_areas,
    resampled_rates,
    resampled_top_precision,
)
from sklearn_mid.utils._ranking import (
    area_and_influence,
    right_by_certainty,
    roc_steps,
    top_precision,
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
    scores = attack_scores(["a", "b"], ["a", "b"])
    assert (scores["f1"], scores["balanced_accuracy"], scores["mcc"]) == (1, 1, 1)
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
    assert rows.loc["f1", "low"] < 2 / 3
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
    assert (report["low"] <= report["value"]).all()
    assert (report["value"] <= report["high"]).all()
    assert (report["low"] < report["high"]).all()
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
        rankings = ["roc_auc", "tpr_at_1pct_fpr"]
        assert np.isnan(rows.loc[rankings]).all(axis=None)
        rows = rows.drop(rankings)
    assert np.isfinite(rows.to_numpy()).all()
    accuracy = rows.loc["accuracy"]
    assert accuracy["value"] == is_right
    assert 0 < accuracy["high"] - accuracy["low"] < 1


def scores_of(joint):
    """True scores of a joint distribution of truth (rows) and guess."""
    hits, n_true, n_pred = np.diag(joint), joint.sum(axis=1), joint.sum(axis=0)
    return {
        "accuracy": hits.sum(),
        "f1": np.mean(2 * hits / (n_true + n_pred)),
        "f1_positive": 2 * hits[1] / (n_true + n_pred)[1],
        "f1_positive_constant": 2 * n_true[1] / (1 + n_true[1]),
        "balanced_accuracy": np.mean(hits / n_true),
        "mcc": (hits.sum() - n_true @ n_pred)
        / np.sqrt((1 - n_true @ n_true) * (1 - n_pred @ n_pred)),
        "roc_auc": np.mean(hits / n_true),  # of a score that is the guess
        "advantage": hits.sum() - n_true[0],
    }


def coverage(joint, n, n_worlds):
    """Share of simulated reports whose intervals hold the true scores."""
    rng = np.random.RandomState(n)
    truth = {**scores_of(joint), "member_advantage": 0.9 - np.trace(joint)}
    covered = dict.fromkeys(truth, 0)
    for _ in range(n_worlds):
        secret, guess = np.divmod(rng.choice(4, p=joint.ravel(), size=n), 2)
        member = np.arange(100) % 2
        member_guess = np.where(rng.rand(100) < 0.9, member, 1 - member)
        rows = by_metric(
            attack_report(
                Guesser(),
                people(secret, guess),
                None,
                baseline=NoGuesser(),
                members=(people(member, member_guess), None),
                n_resamples=300,
                random_state=rng,
            )
        )
        for metric, value in truth.items():
            low, high = rows.loc[metric, ["low", "high"]]
            covered[metric] += low <= value <= high or np.isnan(low)
    return {metric: count / n_worlds for metric, count in covered.items()}


JOINT = np.array([[0.55, 0.15], [0.10, 0.20]])


def test_report_covers_the_truth_of_simulated_attacks():
    shares = coverage(JOINT, n=150, n_worlds=200)
    assert {m: c for m, c in shares.items() if not 0.9 <= c <= 0.995} == {}


@pytest.mark.slow
@pytest.mark.parametrize("n", [15, 50])
@pytest.mark.parametrize("joint", [JOINT, [[0.8, 0.05], [0.05, 0.1]]])
def test_report_covers_the_truth_about_few_people(joint, n):
    shares = coverage(np.array(joint), n, n_worlds=1000)
    # Others than these three are covered a little less often.
    assert {m: c for m, c in shares.items() if c < 0.9} == {}
    assert min(shares["f1"], shares["f1_positive"], shares["balanced_accuracy"]) > 0.93


WORLDS = {
    "two values": JOINT,
    "equal": [[0.4, 0.1], [0.1, 0.4]],
    "rare": [[0.8, 0.05], [0.05, 0.1]],
    "nearly all right": [[0.6, 0.02], [0.02, 0.36]],
    "three values": [[0.3, 0.05, 0.05], [0.05, 0.2, 0.05], [0.05, 0.05, 0.2]],
    "five values": 0.175 * np.eye(5) + 0.005,
    "five values, two rare": np.diag([0.34, 0.21, 0.13, 0.1, 0.07]) + 0.006,
}


@pytest.mark.parametrize("n", [15, 50])
@pytest.mark.parametrize("joint", WORLDS.values(), ids=WORLDS)
def test_exact_limits_cover_the_truth(joint, n):
    """Of the scores that are made of shares; 1,000 worlds are known to .014."""
    joint = np.array(joint)
    k, truth = len(joint), scores_of(joint)
    rng = np.random.default_rng(n)
    covered = np.zeros(3)
    for _ in range(1000):
        secret, guess = np.divmod(rng.choice(k * k, p=joint.ravel(), size=n), k)
        counts = margins(secret, guess, k)
        f1 = macro_f1_limits(secret, guess, k, 0.95)
        positive = np.array(f1_limits(*counts, 0.95))[:, 1]
        recall = balanced_accuracy_limits(*counts[:2], 0.95)
        for i, (limits, metric) in enumerate(
            ((f1, "f1"), (positive, "f1_positive"), (recall, "balanced_accuracy"))
        ):
            covered[i] += limits[0] <= truth[metric] <= limits[1]
    assert (covered >= 930).all(), covered


@pytest.mark.parametrize("accuracy", [0.02, 0.5, 0.9, 0.98])
def test_intervals_cover_extreme_accuracies(accuracy):
    rng = np.random.RandomState(1)
    covered = 0
    for n_right in rng.binomial(100, accuracy, size=1000):
        drawn = proportions([n_right, 100 - n_right], 300, rng)[:, 0]
        low, high = quantile_interval(drawn, n_right / 100, 0.95)
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


def test_areas_by_influence_have_the_limits_of_resampled_areas():
    rng = np.random.RandomState(0)
    n, n_resamples = 2000, 150
    truth = rng.randint(3, size=n)
    proba = rng.dirichlet(np.ones(3), size=n).round(2) + 0.1 * np.eye(3)[truth]
    area, influence = area_and_influence(truth, proba)
    areas = [roc_auc_score(truth == v, proba[:, v]) for v in range(3)]
    assert_allclose(area, np.mean(areas))
    assert_allclose(influence.sum(), 0, atol=1e-6)
    limits = np.quantile(resampled_areas(truth, proba, 4000, rng), [0.025, 0.975])
    exact = [
        np.mean(
            [
                roc_auc_score(truth == v, proba[:, v], sample_weight=weight)
                for v in range(3)
            ]
        )
        for weight in rng.standard_exponential((n_resamples, n))
    ]
    assert_allclose(
        limits,
        [np.mean(exact) - 1.96 * np.std(exact), np.mean(exact) + 1.96 * np.std(exact)],
        atol=0.004,
    )


def test_precision_of_the_most_certain():
    """Of 40 people, 1% is one person, 5% are two, and 10% four."""
    certainty = np.linspace(1, 0.6, 40)
    truth = np.ones(40)
    truth[1] = truth[3] = 0  # wrong about the second and the fourth
    proba = np.column_stack([1 - certainty, certainty])
    scores = attack_scores(truth, np.ones(40), proba, values=[0, 1])
    tops = [scores[f"precision_top_{p}pct"] for p in (1, 5, 10)]
    assert tops == [1, 1 / 2, 2 / 4]
    order = np.random.RandomState(0).permutation(40)
    assert scores == attack_scores(truth[order], np.ones(40), proba[order])


def test_equally_certain_people_share_their_precision():
    truth = np.arange(40) % 4 > 0
    proba = np.tile([0.3, 0.7], (40, 1))
    scores = attack_scores(truth, np.full(40, True), proba, values=[False, True])
    assert [scores[f"precision_top_{p}pct"] for p in (1, 5, 10)] == [3 / 4] * 3


def test_detection_at_one_percent_of_false_alarms_is_on_the_roc_curve():
    rng = np.random.RandomState(0)
    truth = rng.rand(2000) < 0.3
    score = (rng.rand(2000) * (1 + truth)).round(2) / 2  # ties
    proba = np.column_stack([1 - score, score])
    scores = attack_scores(truth, score > 0.5, proba)
    fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)
    assert_allclose(scores["tpr_at_1pct_fpr"], np.interp(0.01, fpr, tpr))
    other = attack_scores(truth, score > 0.5, proba, positive=False)
    fpr, tpr, _ = roc_curve(~truth, 1 - score, drop_intermediate=False)
    assert_allclose(other["tpr_at_1pct_fpr"], np.interp(0.01, fpr, tpr))


def test_detection_of_a_chosen_value_among_several():
    truth = np.repeat([0, 1, 2], 4)
    proba = np.eye(3)[truth]
    proba[-1] = [0, 1, 0]
    guess = proba.argmax(axis=1)
    assert "tpr_at_1pct_fpr" not in attack_scores(truth, guess, proba)
    scores = attack_scores(truth, guess, proba, positive=2)
    # Three are found at once; 1% of the rest is suspected at random.
    assert_allclose(scores["tpr_at_1pct_fpr"], 3 / 4 + 0.01 / 4)
    assert np.isnan(attack_scores([0], [0], [[1, 0]], values=[0, 1])["tpr_at_1pct_fpr"])


@pytest.mark.parametrize("count", [0, 3, 132, 331])
def test_a_proportion_has_exact_limits(count):
    exact = stats.binomtest(count, 331).proportion_ci(method="exact")
    assert_allclose(proportion_interval(count, 331), exact)
    half = proportion_interval([count, 3.5], [331, 10])
    assert_allclose(np.array(half)[:, 0], exact)
    for bad in ((11, 10), (-1, 10), (1, np.inf)):
        with pytest.raises(ValueError, match=r"count must be within \[0, n\]"):
            proportion_interval(*bad)
    with pytest.raises(ValueError, match=r"one shape, got \(2,\) and \(\)"):
        proportion_interval([1, 2], 10)


def test_always_yes_is_beside_f1():
    truth = np.repeat(["no", "yes"], [8, 2])
    scores = attack_scores(truth, np.full(10, "yes"), values=["no", "yes"])
    assert scores["f1_positive"] == scores["f1_positive_constant"] == 1 / 3
    assert_allclose(
        scores["f1_constant"], f1_score(truth, ["no"] * 10, average="macro")
    )


def test_intervals_of_the_most_certain_cover_their_precision():
    """Certainty c is right with probability c: the top tenth .975 of the time."""
    rng = np.random.RandomState(0)
    shares, truth = (0.01, 0.05, 0.1), (0.9975, 0.9875, 0.975)
    covered = np.zeros(3)
    for _ in range(400):
        certainty = rng.uniform(0.5, 1, size=400)
        right = right_by_certainty(rng.rand(400) < certainty, certainty)
        for i, drawn in enumerate(resampled_top_precision(right, shares, 300, rng)):
            value = top_precision(right, shares[i])
            low, high = quantile_interval(drawn, value, 0.95)
            covered[i] += low <= truth[i] <= high
    assert (covered >= 368).all(), covered


def test_intervals_of_detection_cover_the_rate():
    """Of two normal laws one apart, in 400 worlds of 500 and 300 people."""
    rng = np.random.RandomState(0)
    truth = stats.norm.sf(stats.norm.isf(0.01) - 1)
    covered = 0
    for _ in range(400):
        is_positive = np.arange(800) < 300
        score = rng.standard_normal(800) + is_positive
        steps = roc_steps(is_positive, score)
        low, high = np.quantile(resampled_rates(*steps, 300, rng), [0.025, 0.975])
        covered += low <= truth <= high
    assert 368 <= covered <= 396


def test_subgroups_have_their_own_rows():
    truth, guess = np.arange(60) % 2, np.zeros(60)
    X = people(truth, guess)
    groups = np.repeat(["b", "a"], 30)
    report = attack_report(
        Guesser(), X, None, baseline=NoGuesser(), groups=groups, random_state=0
    )
    assert list(report) == ["group", "metric", "value", "low", "high"]
    alone = attack_report(Guesser(), X, None, baseline=NoGuesser(), random_state=0)
    everybody = report[report["group"].isna()].drop(columns="group")
    assert everybody.equals(alone)
    values = report.pivot(index="metric", columns="group", values="value")
    part = attack_report(Guesser(), X[30:], None, baseline=NoGuesser())
    assert_allclose(values["a"][part["metric"]], part["value"])
    with pytest.raises(ValueError, match="one group for each of 60 people, got 59"):
        attack_report(Guesser(), X, None, groups=groups[1:])


def test_most_exposed_are_the_most_certain():
    X = people([0, 1, 1, 0], [0, 1, 0, 1], [0.1, 0.8, 0.3, 0.95])
    exposed = most_exposed(Guesser(), X, None, n_people=3)
    assert exposed.index.tolist() == [3, 0, 1]
    assert exposed["guess"].tolist() == ["yes", "no", "yes"]
    assert exposed["truth"].tolist() == ["no", "no", "yes"]
    assert exposed["is_right"].tolist() == [False, True, True]
    assert_allclose(exposed["certainty"], [0.95, 0.9, 0.8])
    both = most_exposed(Guesser(), X, None, baseline=Guesser(), n_people=9)
    assert len(both) == 4
    assert_allclose(both["baseline_certainty"], both["certainty"])


def test_most_exposed_keep_the_names_of_the_records():
    class Named(Guesser):
        def sensitive_values(self, X):
            return super().sensitive_values(X.to_numpy())

        def infer(self, X, y):
            return super().infer(X.to_numpy(), y)

        def infer_proba(self, X, y):
            return super().infer_proba(X.to_numpy(), y)

    X = pd.DataFrame(people([0, 1], [0, 1], [0.4, 0.8]), index=["Ann", "Bo"])
    assert most_exposed(Named(), X, None, n_people=1).index.tolist() == ["Bo"]


def test_report_repeats_with_its_seed():
    X = people(np.arange(40) % 2, np.arange(40) % 3 == 0)
    first, again, other = (
        attack_report(Guesser(), X, None, random_state=seed) for seed in (0, 0, 1)
    )
    assert first.equals(again)
    assert not first.equals(other)
