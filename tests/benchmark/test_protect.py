"""The recommendation is right where the right one is known."""

import json
import runpy
import shutil
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from benchmark.browser import assert_readable
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import ImputationBaseline, MAPAttack, PriorBaseline
from sklearn_mid.benchmark import protect
from sklearn_mid.benchmark._audit import _secret as judging
from sklearn_mid.benchmark._audit._attackers import NO_RESPONSE
from sklearn_mid.benchmark._protect import _trial
from sklearn_mid.benchmark._protect._candidates import candidates
from sklearn_mid.benchmark._protect._choice import (
    Figures,
    above,
    choose,
    figures_of,
    limits_from,
)
from sklearn_mid.benchmark._protect._recipe import code_of
from sklearn_mid.cli import main
from sklearn_mid.utils._model_files import load_model

mpl.use("agg")
io = pytest.importorskip("skops.io")
pytest.importorskip("jinja2")


@pytest.fixture(autouse=True, scope="module")
def _few_attackers():
    """The audit has tests of its own; here one attacker and quick guesses will do."""

    def guessers(sensitive_feature, seed):
        quick = LogisticRegression()
        return {
            "majority guess": PriorBaseline(sensitive_feature),
            NO_RESPONSE: ImputationBaseline(
                sensitive_feature, classifier=quick, use_response=False
            ),
            "imputation": ImputationBaseline(sensitive_feature, classifier=quick),
        }

    def attackers(estimator, sensitive_feature, *, decimals, seed):
        return {"MAP": MAPAttack(estimator, sensitive_feature)}, {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judging, "guessers", guessers)
        patch.setattr(judging, "attackers", attackers)
        patch.setattr(_trial, "_N_RESAMPLES", 40)
        yield


def coins(n=1500):
    """A secret that says the response of three in ten, and next to nothing of others.

    The answer of a model that is right about both gives everybody's secret away.
    """
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.random(n) < 0.3, "s": rng.integers(2, size=n)})
    X["a"] = X["a"].astype(int)
    p = np.where(X["a"] == 1, 0.05 + 0.9 * X["s"], 0.3 + 0.05 * X["s"])
    return X, pd.Series(np.where(rng.random(n) < p, "yes", "no"), name="response")


@pytest.fixture(scope="module")
def coins_report(tmp_path_factory):
    X, y = coins()
    folder = tmp_path_factory.mktemp("coins")
    report = protect(
        DecisionTreeClassifier(min_samples_leaf=5),
        X,
        y,
        "s",
        metric="neg_log_loss",
        max_answer=0.75,
        max_memory=0.2,
        only=["release channel", "label only"],
        n_splits=1,
        output=folder,
        random_state=0,
    )
    return report, folder


def test_the_channel_costs_nothing_where_the_answer_leaks(coins_report):
    report, _ = coins_report
    assert report.recommended.startswith("release channel")
    assert report.verdict == f"protect the model: {report.recommended}"
    table = report.candidates.set_index("candidate")
    assert list(table.index[:2]) == ["as it is", "omit"]
    assert not table.loc["as it is", "admissible"]
    assert "found 100.0" in table.loc["as it is", "why not"]
    # Three in ten say their secret still, the others by a coin.
    answer = report.held_out_exposures.set_index(["candidate", "source", "figure"])
    assert_allclose(
        answer.loc[report.recommended, "answer", "success"].value, 0.65, atol=0.05
    )
    assert answer.loc["as it is", "answer", "success"].value == 1
    assert report.confirmed
    held_out = report.held_out.set_index("candidate")
    assert abs(held_out.loc[report.recommended, "price"]) < 0.02
    assert held_out.loc["omit", "price, low"] > 0.05
    assert held_out.loc["as it is", "price"] == 0
    # Labels cannot be scored by likelihood.
    assert "predict_proba" in report.failures["label only"]


def test_the_model_is_that_of_the_recipe(coins_report):
    report, folder = coins_report
    X, y = coins()
    made = runpy.run_path(str(folder / "recipe.py"))["make"]().fit(X, y)
    expected = report.estimator.predict_proba(X)
    assert_array_equal(made.predict_proba(X), expected)
    loaded = load_model(folder / "protected.skops")
    assert_array_equal(loaded.predict_proba(X), expected)


def test_the_folder_holds_no_people(coins_report):
    _, folder = coins_report
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "held-out",
        "protected.skops",
        "recipe.py",
        "report.html",
        "report.json",
        "trials",
    }


def test_json_and_page(coins_report):
    report, folder = coins_report
    document = json.loads((folder / "report.json").read_text())
    assert document["schema"] == 1
    assert document["recommended"] == report.recommended
    assert document["confirmed"] is True
    assert len(document["candidates"]) == len(report.candidates)
    page = (folder / "report.html").read_text()
    assert page.index(report.recommended) < page.index("<table")
    assert "http://www.w3.org/2000/svg" in page
    assert "src=" not in page
    assert "<script" not in page
    for text in (report.summary, repr(report), report._repr_html_()):
        assert report.recommended in text


@pytest.mark.slow
def test_the_page_in_a_browser_of_390_pixels(coins_report, tmp_path):
    report, _ = coins_report
    assert_readable(report.to_html(), tmp_path)


def test_an_interrupted_run_goes_on(coins_report, tmp_path):
    report, folder = coins_report
    shutil.copytree(folder, tmp_path / "again")
    (cells,) = (tmp_path / "again" / "trials" / "cells").iterdir()
    lines = cells.read_bytes().splitlines(keepends=True)
    # Killed in the middle of its last line.
    cells.write_bytes(b"".join(lines[:-1]) + lines[-1][:40])
    X, y = coins()
    again = protect(
        DecisionTreeClassifier(min_samples_leaf=5),
        X,
        y,
        "s",
        metric="neg_log_loss",
        max_answer=0.75,
        max_memory=0.2,
        only=["release channel"],
        n_splits=1,
        output=tmp_path / "again",
        random_state=0,
    )
    written = list((tmp_path / "again" / "trials" / "cells").iterdir())
    n_new = sum(path.read_bytes().count(b'"key"') for path in written) - (
        cells.read_bytes().count(b'"key"')
    )
    assert n_new <= 2
    pd.testing.assert_frame_equal(again.exposures, report.exposures)


@pytest.mark.slow
def test_workers_of_joblib_and_dask_find_the_same(tmp_path):
    pytest.importorskip("distributed")
    X, y = coins(200)
    given = {
        "max_answer": 0.75,
        "only": ["label only"],
        "n_splits": 2,
        "n_jobs": 2,
        "random_state": 0,
    }
    first, second = (
        protect(
            DecisionTreeClassifier(min_samples_leaf=5),
            X,
            y,
            "s",
            output=tmp_path / backend,
            backend=backend,
            **given,
        )
        for backend in ("loky", "dask")
    )
    assert len(first.candidates) == 3
    for name in ("candidates", "exposures", "held_out_exposures"):
        tables = (getattr(r, name).sort_values("candidate") for r in (first, second))
        pd.testing.assert_frame_equal(*(t.reset_index(drop=True) for t in tables))


def test_a_useless_secret_is_left_out():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=600), "s": rng.integers(2, size=600)})
    y = (X["a"] + 0.5 * rng.normal(size=600) > 0).to_numpy()
    report = protect(
        LogisticRegression(),
        X,
        y,
        ["s"],
        metric="roc_auc",
        only=["release channel"],
        n_splits=1,
        random_state=0,
    )
    assert report.recommended == "omit"
    assert report.omission_is_better
    assert report.verdict == "leave out s: simply better"
    assert "guess + 5" in report.to_html()  # the limit that holds if none is given
    assert_allclose(
        report.estimator.predict_proba(X), report.estimator.predict_proba(X.assign(s=0))
    )


def test_a_forest_forgets():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(800, 3)), columns=list("abc"))
    X["s"] = rng.integers(2, size=800)
    y = np.where(rng.random(800) < 0.2 + 0.6 * X["s"], "yes", "no")
    report = protect(
        RandomForestClassifier(n_estimators=10),
        X,
        y,
        "s",
        metric="neg_log_loss",
        max_memory=0.1,
        only=["larger leaves"],
        n_splits=1,
        random_state=0,
    )
    figures = report.exposures.set_index(["candidate", "source", "figure"])["value"]
    assert figures["as it is", "memory", "accuracy"] > 0.1
    assert report.recommended.startswith("larger leaves")
    assert figures[report.recommended, "memory", "accuracy"] < 0.1
    price = report.held_out.set_index("candidate").loc[report.recommended, "price"]
    assert price < 0


def test_no_candidate_is_under_the_limits(tmp_path):
    X, y = coins(300)
    report = protect(
        DecisionTreeClassifier(min_samples_leaf=20),
        X,
        y,
        "s",
        max_answer=0.1,
        only=[],
        n_splits=1,
        output=tmp_path,
        random_state=0,
    )
    assert report.verdict == "nothing that was tried stays under the limits"
    assert report.estimator is None
    assert not report.confirmed
    assert "the least that was found" in report.summary
    assert "are guessed right without the model" in report.summary
    assert not (tmp_path / "protected.skops").exists()
    assert json.loads((tmp_path / "report.json").read_text())["recommended"] is None


def test_a_regression_of_two_secrets():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {"s": rng.choice(["u", "v", "w"], 400), "t": rng.integers(2, size=400)}
    )
    X["a"] = rng.normal(size=400)
    y = X["a"] + (X["s"] == "u") + 0.3 * rng.normal(size=400)
    columns = make_column_transformer((OneHotEncoder(), ["s"]), remainder="passthrough")
    report = protect(
        make_pipeline(columns, LinearRegression()),
        X,
        y,
        ["s", "t"],
        max_answer={"s": 0.9},
        only=["MID model"],
        n_splits=1,
        random_state=0,
    )
    assert not report.failures
    assert report.facts["metric"] == "r2"
    assert set(report.exposures["secret"]) == {"s", "t"}
    assert set(report.candidates["defence"]) == {
        "as it is",
        "omit",
        "omit s alone",
        "omit t alone",
        "MID linear regression",
    }


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    X, y = coins(600)
    texts = X.assign(
        s=X["s"].map({0: "None", 1: "some"}), a=X["a"].map({0: "x", 1: "y"})
    )
    people = texts.assign(response=y)
    people.loc[:5, "a"] = None
    people.to_csv(tmp_path / "people.csv", index=False, sep=";")
    encoder = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(encoder, DecisionTreeClassifier(min_samples_leaf=20))
    io.dump(model.fit(texts, y), tmp_path / "model.skops")
    monkeypatch.chdir(tmp_path)
    command = "protect model.skops people.csv --secret s --response response -o out"
    options = ["--splits", "1", "--only", "release channel", "--quiet"]
    assert main([*command.split(), *options, "--max-answer", "0.8"]) == 0
    out, _ = capsys.readouterr()
    assert "protect the model: release channel" in out
    monkeypatch.setattr(sys, "argv", ["recipe.py", "people.csv", "again.skops"])
    runpy.run_path("out/recipe.py", run_name="__main__")
    first, second = load_model("out/protected.skops"), load_model("again.skops")
    assert_array_equal(first.predict_proba(texts), second.predict_proba(texts))

    for wrong, message in (
        (["--response", "respons"], "'respons'. Did you mean 'response'?"),
        (["--metric", "roc_acu"], "--metric 'roc_acu' is no scorer; did you mean"),
        (["--max-answer", "much"], "--max-answer 'much' must be a number"),
        (["--max-answer", "t=0.5"], "--max-answer names 't'"),
        (["--only", "prayer"], "--only names 'prayer'"),
    ):
        assert main([*command.split(), *options, *wrong]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(C=0.5, class_weight={"a": 1, "b": 2}),
        make_pipeline(OneHotEncoder(), DecisionTreeClassifier(max_depth=3)),
        FunctionTransformer(np.log1p),
    ],
)
def test_code_makes_the_same(estimator):
    expression, imports = code_of(estimator)
    names = {}
    exec("\n".join(imports), names)
    assert repr(eval(expression, names)) == repr(estimator)


def test_what_has_no_name_has_no_code():
    assert code_of(FunctionTransformer(lambda X: X)) is None
    frame = make_pipeline(OneHotEncoder()).set_output(transform="pandas")
    assert code_of(frame) is None


def figures(**utilities):
    """Whose differences have a standard error of about 0.01."""
    rng = np.random.default_rng(0)
    resamples = {c: u + rng.normal(0, 0.0071, (2, 5000)) for c, u in utilities.items()}
    rows = {"candidate": list(utilities), "utility": list(utilities.values())}
    return Figures(pd.DataFrame(rows), pd.DataFrame(), pd.Series(), resamples)


def test_omission_comes_first_within_one_standard_error():
    near = figures(**{"omit s alone": 0.894, "omit": 0.895, "channel": 0.9})
    assert_allclose(near.error("omit", "channel"), 0.01, rtol=0.05)
    assert choose(near, near.resamples) == ("omit", True)
    assert choose(near, ["omit s alone", "channel"]) == ("omit s alone", True)
    assert choose(near, []) == ("", False)
    far = figures(omit=0.88, channel=0.9)
    assert choose(far, far.resamples) == ("channel", False)
    kept = figures(**{"as it is": 0.895, "channel": 0.9})
    assert choose(kept, kept.resamples) == ("as it is", False)


def test_limits_by_secret():
    limits = limits_from(
        ["s", "t"], {"answer": {"t": 0.8}, "memory": 0.1, "rule": None}
    )
    assert [(x.secret, x.source, x.value) for x in limits] == [
        ("t", "answer", 0.8),
        ("s", "memory", 0.1),
        ("t", "memory", 0.1),
    ]
    assert len(limits_from(["s"], {})) == 2
    with pytest.raises(ValueError, match="max_rule must be a number >= 0, got nan"):
        limits_from(["s"], {"rule": np.nan})


def test_what_is_left_out_exceeds_no_limit_but_that_of_right_guesses():
    given = {"answer": 0.8, "memory": 0.02}
    limits = limits_from(["s", "t"], given)
    names = "omit", "omit s alone", "channel"
    exposures = pd.DataFrame(
        [
            (name, secret, source, figure, 0.9)
            for name in names
            for secret in ("s", "t")
            for source, figure in (("answer", "success"), ("memory", "accuracy"))
        ],
        columns=["candidate", "secret", "source", "figure", "value"],
    )
    exceeded = {
        name: [
            (limit.secret, limit.source)
            for limit, _ in above(exposures, name, limits, "value")
        ]
        for name in names
    }
    answers = [("s", "answer"), ("t", "answer")]
    assert exceeded["omit"] == answers
    assert exceeded["omit s alone"] == [*answers, ("t", "memory")]
    assert exceeded["channel"] == [*answers, ("s", "memory"), ("t", "memory")]


def splits_of(apart, rng, n_splits=20):
    """Results of two candidates whose memory is off by 0.01, and by split."""
    rows = []
    for name in ("as it is", "channel"):
        for split in range(n_splits):
            rows += [("model", m, 0.9) for m in ("utility", "utility|0")]
            value = rng.normal(0.1, np.hypot(0.01, apart))
            half = norm.ppf(0.99) * 0.01  # of five figures that hold together
            rows += [
                ("attack", f"a|b|memory|accuracy|{which}", x)
                for which, x in (
                    ("value", value),
                    ("low", value - half),
                    ("high", value + half),
                )
            ]
            rows = [r if len(r) > 3 else (*r, name, split) for r in rows]
    columns = ["kind", "metric", "value", "defence", "repetition"]
    return pd.DataFrame(rows, columns=columns).assign(parameter="", strength=np.nan)


def test_intervals_are_wider_where_splits_are_apart():
    rng = np.random.default_rng(0)
    near, far = (figures_of(splits_of(a, rng), 0.95) for a in (0.0, 0.03))
    width = near.exposures["high"] - near.exposures["low"]
    assert_allclose(width, 2 * norm.ppf(0.99) * 0.01, rtol=0.2)
    assert_allclose(far.ratios, np.hypot(1, 3), rtol=0.2)
    assert_allclose(
        far.exposures["high"] - far.exposures["low"],
        2 * norm.ppf(0.99) * 0.01 * far.ratios.item(),
    )
    assert set(far.exposures["secret"]) == {"a|b"}
    # One split cannot tell; others can.
    one = splits_of(0.0, rng, n_splits=1)
    assert_allclose(figures_of(one, 0.95).ratios, 1.0)
    assert figures_of(one, 0.95, far.ratios).ratios is far.ratios


def test_steps_of_a_pipeline_have_leaves():
    forest = make_pipeline(OneHotEncoder(), RandomForestClassifier(max_depth=5))
    found = candidates(forest, coins()[0], ["s"], ["larger leaves", "less depth"])
    assert {spec.name: spec.strengths for spec in found[2:]} == {
        "larger leaves (randomforestclassifier)": (5, 20, 80),
        "less depth (randomforestclassifier)": (3,),
    }


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"metric": "acuracy"}, "metric='acuracy' is no scorer; did you mean"),
        ({"sensitive_features": "t"}, "sensitive_features='t' is not a column"),
        ({"sensitive_features": []}, "sensitive_features is empty"),
        ({"only": ["prayer"]}, "only names 'prayer'"),
        ({"metric": "f1"}, "the model as it is could not be judged: f1 cannot"),
        ({"X": coins(20)[0], "y": coins(20)[1]}, "20 people are too few"),
    ],
)
def test_errors_name_the_parameter(wrong, message):
    X, y = coins(200)
    given = {"X": X, "y": y, "sensitive_features": "s", "only": [], "n_splits": 1}
    with pytest.raises(ValueError, match=message):
        protect(DecisionTreeClassifier(), **given | wrong)
