"""Audits of worlds whose leaks are known."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from audit_worlds import Rule
from benchmark.browser import assert_readable
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import PriorBaseline
from sklearn_mid.benchmark import AuditCheck, audit
from sklearn_mid.benchmark._audit import _people
from sklearn_mid.benchmark._audit._sources import (
    MEASURES,
    TOP_MEASURES,
    Guesses,
    difference,
    each_of,
    gain,
    mean,
)
from sklearn_mid.defenses import LabelOnly, OmitFeature
from sklearn_mid.metrics import vulnerability

pytestmark = pytest.mark.usefixtures("quick_attackers")
rng = np.random.default_rng(0)


def people(n, rare=0.5, effect=0.0, seed=0):
    """A secret, and a response that it moves."""
    rng = np.random.default_rng(seed)
    s = (rng.random(n) < rare).astype(float)
    X = pd.DataFrame({"s": s, "k": rng.normal(size=n), "m": rng.normal(size=n)})
    y = (X["k"] + effect * (s - rare) + rng.normal(size=n) > 0).astype(int)
    return X, y


def found(report, secret="s"):
    rows = report.sources[
        report.sources["found"] & (report.sources["secret"] == secret)
    ]
    return set(rows["source"])


def test_no_leak():
    X, y = people(1200)
    members, y_members = people(900, seed=1)
    model = LogisticRegression().fit(members[["k", "m"]], y_members)
    model = OmitFeature(LogisticRegression(), ["s"]).fit(members, y_members)
    report = audit(model, X, y, "s", members=(members, y_members), random_state=0)
    assert report.verdict == "no leak found"
    assert not found(report)
    assert "an effect above" in report.summary
    answer = report.sources.query("source == 'answer' and figure == 'accuracy'")
    assert_allclose(answer["value"], 0, atol=1e-12)


def test_the_answer():
    # A risk that hardly uses the secret gives it away all the same to who sees it.
    X, y = people(1200)
    model = Rule(lambda X: 0.5 + 1e-4 * X["s"] + 1e-3 * X["k"].clip(-1, 1))
    report = audit(model.fit(X, y), X, y, "s", random_state=0)
    assert found(report) == {"answer"}
    success = report.sources.query("figure == 'success'")["value"]
    assert_allclose(success, 1)
    rounded = audit(model, X, y, "s", decimals=1, random_state=0)
    assert rounded.verdict == "no leak found"


def test_the_rule():
    # A pattern that the attackers' own models do not find in so few records.
    X, _ = people(400)
    agrees = X["s"] == (X["k"] * 9 // 1 % 2)
    y = np.where(rng.random(400) < 0.9, agrees, rng.random(400) < 0.5).astype(int)
    knows = Rule(lambda X: 0.1 + 0.8 * (X["s"] == (X["k"] * 9 // 1 % 2)))
    model = LabelOnly(knows).fit(X, y)
    report = audit(model, X, y, "s", random_state=0)
    assert "rule" in found(report)
    assert report.exceeds({"rule": 0.1})["figure"].tolist() == ["accuracy"]


def test_memory_and_disclosure():
    X, y = people(1200)
    members, y_members = people(900, seed=1)
    tree = DecisionTreeClassifier(random_state=0).fit(members, y_members)
    report = audit(tree, X, y, "s", members=(members, y_members), random_state=0)
    assert "memory" in found(report)
    assert (report.disclosures["what"] == "leaves of one person").any()
    exposed = report.most_exposed(5)
    assert exposed["is right"].all()
    assert set(report.exceeds({"memory": 0.02})["source"]) == {"memory"}
    assert report.exceeds({"memory": 0.9}).empty


def test_a_rare_secret():
    X, y = people(4000, rare=0.02)
    omits = OmitFeature(LogisticRegression(), ["s"]).fit(X, y)
    assert not found(audit(omits, X, y, "s", random_state=0))
    tells = LogisticRegression().fit(X, y)
    assert found(audit(tells, X, y, "s", random_state=0)) == {"answer"}


def test_thirty_people_cannot_tell():
    X, y = people(30)
    omits = OmitFeature(LogisticRegression(), ["s"]).fit(X, y)
    report = audit(omits, X, y, "s", random_state=0)
    assert report.verdict == "too few people to tell"
    rule = report.sources.query("source == 'rule' and figure == 'accuracy'")
    assert rule["detectable"].item() > 0.2


def test_several_secrets_and_a_value_that_one_person_has():
    X, y = people(400)
    X["t"] = np.where(X["m"] > 0, "hi", "lo")
    X.loc[17, "t"] = "odd"
    members = X.copy()
    members["k"] += 1e-6
    members.loc[3, "t"] = "never seen"
    model = make_pipeline(
        OmitFeature(HistGradientBoostingClassifier(max_iter=5), ["t"])
    ).fit(X, y)
    report = audit(model, X, y, ["s", "t"], members=(members, y), random_state=0)
    assert set(report.table["secret"]) == {"s", "t"}
    assert any("1 of 400 members" in note for note in report.notes)
    # Whose value nobody knows is guessed wrong, and counted.
    assert_allclose(report.attacks.query("people == 'members'")["n"], 400)


def test_regressors_and_arrays():
    Z = np.column_stack([rng.integers(2, size=800), rng.normal(size=800)])
    dose = Z @ [1.0, 1.0] + 0.1 * rng.normal(size=800)
    report = audit(LinearRegression().fit(Z, dose), Z, dose, 0, random_state=0)
    assert found(report, "0") == {"answer"}  # who has records reads it all anyway
    attacks = report.attacks.set_index("attack")
    assert attacks.loc["MAP", "accuracy"] > 0.99
    assert attacks.loc["own model", "accuracy"] > 0.99
    assert "decision trees" in attacks.loc["white-box counts", "skipped"]


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5, random_state=0),
        SVC(random_state=0),
        make_pipeline(DecisionTreeClassifier(max_depth=2)),
    ],
)
def test_models_of_all_kinds(model):
    X, y = people(300, effect=1)
    report = audit(model.fit(X, y), X, y, "s", random_state=0)
    assert set(report.table["source"]) == {"population", "rule", "answer"}


def test_false_alarms_are_as_rare_as_promised():
    """Attacks that guess at random, measured as the audit does."""
    alarms = np.zeros(2)
    n_worlds = 200
    for seed in range(n_worlds):
        rng = np.random.default_rng(seed)
        true = rng.integers(2, size=200)

        def guesser(true=true, rng=rng):
            proba = rng.dirichlet([1, 1], size=len(true))
            return Guesses("random", true, proba.argmax(axis=1), proba)

        attacks, floors = [guesser() for _ in range(6)], [guesser() for _ in range(3)]
        others = [guesser(rng.integers(2, size=200)) for _ in range(6)]
        level = each_of(len(MEASURES), 0.95)
        alarms[0] += any(
            gain(attacks, floors, m, seed=seed, level=level).found
            for m in MEASURES.values()
        )
        figures = MEASURES | TOP_MEASURES
        level = each_of(len(figures), 0.95)
        alarms[1] += any(
            difference(attacks, others, m, seed=seed, level=level).found
            for m in figures.values()
        )
    promised = 0.05
    error = np.sqrt(promised * (1 - promised) / n_worlds)
    assert (alarms / n_worlds < promised + 2.3 * error).all()


def test_the_luck_of_the_draw_is_no_memory():
    rng = np.random.default_rng(0)

    def guessed(is_right):
        true = rng.integers(2, size=len(is_right))
        pred = np.where(is_right, true, 1 - true)
        return Guesses("a", true, pred, np.eye(2)[pred])

    lucky, others = (rng.random(600) < p for p in (0.8, 0.7))
    floor, floor_of_others = guessed(lucky), guessed(others)

    def memory(attack, **options):
        return difference(
            [attack],
            [floor_of_others],
            MEASURES["accuracy"],
            seed=0,
            level=0.95,
            **options,
        )

    assert memory(floor).found
    floors = [floor], [floor_of_others]
    assert_allclose(memory(floor, floors=floors).value, 0, atol=1e-12)
    # What is remembered of one in six stays, and is seen better.
    knows = np.where(floor.true == floor.pred, True, np.arange(600) % 6 == 0)
    pred = np.where(knows, floor.true, 1 - floor.true)
    attack = Guesses("a", floor.true, pred, np.eye(2)[pred])
    effect = memory(attack, floors=floors)
    assert_allclose(effect.value, knows.mean() - lucky.mean(), atol=0.01)
    assert effect.found
    assert effect.detectable < memory(attack).detectable / 1.5


@pytest.mark.parametrize("taught", [0, 1])
def test_intervals_cover(taught):
    """Also where what the other half teaches moves the figure as much as the people."""
    level, hits = 0.95, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        parts = rng.exponential(size=(2, 200))
        parts += taught * rng.normal(0, 200**-0.5, size=(2, 1))
        hits += (e := mean(parts, level)).low < 1 < e.high
    # A difference of two is little to tell how far they are off.
    assert_allclose(hits / 400, [0.965, 0.9][taught], atol=0.035)


def test_two_points_are_seen_among_five_thousand_people():
    rng = np.random.default_rng(0)
    true = rng.integers(2, size=5000)
    base = rng.random(5000)
    p, q = base, np.where(rng.random(5000) < 0.12, true, base)
    attack, floor = (
        Guesses("a", true, (z > 0.5).astype(int), np.column_stack([1 - z, z]))
        for z in (q, p)
    )
    level = each_of(len(MEASURES), 0.95)
    effect = gain([attack], [floor], MEASURES["accuracy"], seed=0, level=level)
    assert effect.detectable < 0.02


def coin(n, rng, share):
    """Guesses of a coin that are right in a share, and of one who knows nothing."""
    true = rng.integers(2, size=n)
    right = np.where(rng.random(n) < share, true, 1 - true)
    return [
        Guesses(name, true, proba.argmax(axis=1), proba)
        for name, proba in (
            ("a", np.eye(2)[right] * 0.2 + 0.4),
            ("f", np.tile([0.49, 0.51], (n, 1))),
        )
    ]


@pytest.mark.parametrize(("measure", "variance"), [("accuracy", 1 / 2), ("AUC", 1 / 4)])
def test_what_would_have_been_seen_is_seen_four_times_in_five(measure, variance):
    n, n_worlds = 1000, 150
    level = each_of(len(MEASURES), 0.95)
    least = (norm.ppf(0.975) + norm.ppf(0.8)) * np.sqrt(variance / n)
    seen, detectable, alarms = 0, [], 0
    for seed in range(n_worlds):
        rng = np.random.default_rng(seed)
        for share in (0.5, 0.5 + least):
            (attack, floor), known = coin(n // 2, rng, share), coin(n // 2, rng, share)
            effect = gain(
                [attack],
                [floor],
                MEASURES[measure],
                seed=seed,
                level=level,
                more={guesses.name: guesses for guesses in known},
            )
            if share > 0.5:
                seen += effect.found
                detectable.append(effect.detectable)
            else:
                alarms += effect.found
    assert_allclose(np.mean(detectable), least, rtol=0.02)
    # Three standard errors of each share.
    assert_allclose(seen / n_worlds, 0.8, atol=0.098)
    assert alarms / n_worlds < 0.025 + 0.038


def test_who_guesses_as_without_the_model_does_not_count():
    rng = np.random.default_rng(0)
    attack, floor = coin(1000, rng, 0.5)
    same = Guesses("same", floor.true, floor.pred, floor.proba)
    found = [
        gain(attacks, [floor], MEASURES["accuracy"], seed=0, level=0.95)
        for attacks in ([attack], [same, attack], [same])
    ]
    assert found[0] == found[1]
    assert_allclose(found[2].value, 0)


def test_the_best_of_equal_guesses_is_lucky():
    rng = np.random.default_rng(0)
    true = rng.integers(2, size=2000)

    def guesses(right):
        pred = np.where(right, true, 1 - true)
        return Guesses("f", true, pred, np.eye(2)[pred])

    def detectable(*floors):
        measure = MEASURES["accuracy"]
        return gain([attack], floors, measure, seed=0, level=0.95).detectable

    attack, poor = guesses(rng.random(2000) < 0.5), guesses(np.zeros(2000, bool))
    one, other = guesses(np.arange(2000) % 2), guesses(np.arange(2000) // 2 % 2)
    assert_allclose(detectable(one, poor), detectable(one))
    # The larger of two that are equal: E max(0, N(0, se^2)) above either.
    luck = np.sqrt(1 / 2 / 2000) / np.sqrt(2 * np.pi)
    assert_allclose(detectable(one, other) - detectable(one), luck, rtol=0.1)


def test_limits_of_several_figures_hold_together():
    assert each_of(1, 0.95) == 0.95
    # From one side, each is off in 1% of all worlds.
    assert_allclose(each_of(5, 0.95), 0.98)


def false_alarms(world, measure, level, n_worlds=300):
    """Share of worlds without a leak in which one is found."""
    hits = 0
    for seed in range(n_worlds):
        attacks, floors = world(np.random.default_rng(seed))
        hits += gain(attacks, floors, measure, seed=seed, level=level).found
    return hits / n_worlds


def test_no_false_alarm_of_values_that_few_have():
    shares = np.r_[np.full(4, 0.24), np.full(8, 0.005)]

    def world(rng):
        true = rng.choice(12, 400, p=shares)
        proba = [rng.dirichlet(np.ones(12), 400) for _ in range(8)]
        found = [Guesses("a", true, p.argmax(axis=1), p) for p in proba]
        return found[:5], found[5:]

    assert false_alarms(world, MEASURES["AUC"], 0.975, n_worlds=100) < 0.05


def test_no_false_alarm_of_floors_that_are_nearly_as_good():
    def world(rng):
        true = rng.integers(2, size=400)
        found = []
        for accuracy in [0.7] * 6 + [0.64] * 3:
            pred = np.where(rng.random(400) < accuracy, true, 1 - true)
            found.append(Guesses("a", true, pred, np.eye(2)[pred]))
        return found[:5], found[5:]

    assert false_alarms(world, MEASURES["accuracy"], 0.975) < 0.03


def test_a_one_hot_group_by_its_raw_name_with_a_value_that_one_person_has():
    rng = np.random.default_rng(0)
    codes = np.eye(3)[rng.integers(3, size=200)]
    codes[7] = 0  # the reference of an encoder that drops a column
    X = pd.DataFrame(codes, columns=["s_a", "s_b", "s_c"]).assign(
        k=rng.normal(size=200)
    )
    y = X["s_a"] + X["k"]
    model = LinearRegression().fit(X, y)
    for secret in ("s", ["s_a", "s_b", "s_c"]):
        report = audit(model, X, y, [secret], random_state=0)
        success = report.sources.query("figure == 'success'")["value"]
        assert 0.5 < success.item() <= 1


def test_people_who_keep_their_secret_are_left_out():
    X, y = people(300, effect=1)
    model = LogisticRegression().fit(X, y)
    unknown = X.copy()
    unknown.loc[:19, "s"] = np.nan
    report = audit(model, unknown, y, "s", random_state=0)
    assert "s: missing in 20 of 300 others; they are left out." in report.notes
    # Half of them are attacked; what the answer adds is computed for all.
    of_answer = report.sources["source"] == "answer"
    assert_allclose(report.sources["n"], np.where(of_answer, 280, 140))
    with pytest.raises(ValueError, match="'s' is missing in all 300 records"):
        audit(model, X.assign(s=np.nan), y, "s")
    with pytest.raises(ValueError, match="y is missing for 1 of 300 people"):
        audit(model, X, np.r_[np.nan, y[1:]], "s")


def test_of_many_people_some_are_known(monkeypatch):
    monkeypatch.setattr(_people, "MOST_KNOWN", 40)
    X = pd.DataFrame({"s": ["a", "b"] * 500})
    X.loc[[7, 400, 17], "s"] = ["rare", "rare", "alone"]
    known, new = _people.known_and_attacked(X, "s", 0)
    assert_array_equal(np.sort(np.r_[known, new]), np.arange(1000))
    assert 40 <= len(known) <= 42
    held = X["s"].to_numpy()
    assert set(held[known]) == set(held)
    assert set(held[new]) == set(held) - {"alone"}


def test_the_hash_of_people_goes_by_what_they_are():
    X, y = people(50)
    once = _people.data_hash(X, y)
    order = np.random.default_rng(0).permutation(50)
    assert _people.data_hash(X.iloc[order], y.iloc[order]) == once
    assert _people.data_hash(X.astype({"s": int}), y.astype(float)) == once
    assert _people.data_hash(X.assign(s=1 - X["s"]), y) != once
    assert _people.data_hash(X.assign(k="a"), y) != once


def test_tables_of_polars():
    polars = pytest.importorskip("polars")
    X, y = people(120, effect=1)
    model = LogisticRegression().fit(X, y)
    table = polars.DataFrame(X.to_dict(orient="list"))
    first, second = (audit(model, Z, y, "s", random_state=0) for Z in (X, table))
    pd.testing.assert_frame_equal(first.sources, second.sources)
    prior = [0.5, 0.5]
    found = [vulnerability(model, Z, "s", prior=prior).mean for Z in (X, table)]
    assert found[0] == found[1]


def test_members_in_columns_of_another_order():
    X, y = people(300)
    members, y_members = people(200, seed=1)
    model = DecisionTreeClassifier(random_state=0).fit(members, y_members)
    first, second = (
        audit(model, X, y, "s", members=(members[order], y_members), random_state=0)
        for order in (["s", "k", "m"], ["m", "k", "s"])
    )
    pd.testing.assert_frame_equal(first.sources, second.sources)
    with pytest.raises(ValueError, match="members have the columns"):
        audit(model, X, y, "s", members=(members[["s", "k"]], y_members))


def test_pages_and_programs(tmp_path):
    X, y = people(300, effect=1)
    X = X.rename(columns={"s": "<b>s</b>"})
    model = LogisticRegression().fit(X.to_numpy(), y)
    report = audit(model, X, y, "<b>s</b>", random_state=0)
    page = report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text() == page
    assert "<b>s</b>" not in page
    assert "Leak found: &lt;b&gt;s&lt;/b&gt; by " in page
    assert "white-box counts: it has no" in page
    assert "cannot attack" not in page
    assert "http" not in page.replace("http://www.w3.org", "")  # names of formats
    stored = json.loads(report.to_json(tmp_path / "report.json"))
    assert stored["schema"] == 1
    assert stored["verdict"] == report.verdict == "leak found"
    assert len(stored["sources"]) == len(report.sources)
    assert "<b>s</b>" not in report._repr_html_()
    assert report.verdict in repr(report)


@pytest.mark.slow
def test_the_page_in_a_browser_of_390_pixels(tmp_path):
    X, y = people(300, effect=1)
    X["a rather long name of a secret"] = X["s"]
    members, y_members = people(300, effect=1, seed=1)
    members["a rather long name of a secret"] = members["s"]
    tree = DecisionTreeClassifier(random_state=0).fit(members, y_members)
    secrets = ["s", "a rather long name of a secret"]
    report = audit(tree, X, y, secrets, members=(members, y_members), random_state=0)
    assert_readable(report.to_html(), tmp_path)


def test_a_check_of_skore():
    X, y = people(600)
    members, y_members = people(300, seed=1)
    report = SimpleNamespace(
        X_train=members, y_train=y_members, X_test=X, y_test=y, estimator_=None
    )
    check = AuditCheck("s", random_state=0)
    tree = DecisionTreeClassifier(random_state=0)
    report.estimator_ = tree.fit(members, y_members)
    assert "DecisionTreeClassifier: leak found." in check.check_function(report)
    report.estimator_ = OmitFeature(tree, ["s"]).fit(members, y_members)
    assert check.check_function(report) is None


@pytest.mark.slow
def test_a_report_of_skore():
    skore = pytest.importorskip("skore", reason="SKORE MISSING: its checks are not run")
    X, y = people(600, effect=1)
    report = skore.EstimatorReport(
        DecisionTreeClassifier(random_state=0),
        X_train=X[:300],
        y_train=y[:300],
        X_test=X[300:],
        y_test=y[300:],
    )
    report.checks.add([AuditCheck("s", random_state=0)])
    found = report.checks.summarize().frame(section="issue").set_index("code")
    assert "leak found" in found.loc["MID001", "explanation"]


def test_members_are_no_others():
    X, y = people(300)
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="members and X overlap"):
        audit(model, X, y, "s", members=(X, y))
    coarse = X.round(0)  # people look alike by chance
    audit(model, coarse[:150], y[:150], "s", members=(coarse[150:], y[150:]))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"sensitive_features": []}, "sensitive_features is empty"),
        ({"sensitive_features": "nobody"}, "'nobody' is not a column"),
        ({"members": 3}, "members must be a pair"),
        ({"y": np.ones(60)}, "y holds one value only"),
        ({"decimals": -1}, "decimals"),
        ({"estimator": PriorBaseline("s")}, "estimator"),
    ],
)
def test_bad_input(given, match):
    X, y = people(60)
    good = {"estimator": LogisticRegression().fit(X, y), "sensitive_features": "s"}
    with pytest.raises(ValueError, match=match):
        audit(**({"X": X, "y": y} | good | given))


def test_bad_limits():
    X, y = people(60)
    report = audit(LogisticRegression().fit(X, y), X, y, "s", random_state=0)
    for limits, match in (
        ({"population": 0.1}, "limits name the source 'population'"),
        ({"memory": 0.1}, "which was not looked at"),
        ({"rule": "low"}, "must be a number"),
        ({"rule": np.nan}, "must be a number"),
    ):
        with pytest.raises(ValueError, match=match):
            report.exceeds(limits)
