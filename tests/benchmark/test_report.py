"""Tables, plots and pages of a results folder."""

import json
from html.parser import HTMLParser
from io import StringIO

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal

from sklearn_mid.benchmark import (
    load_results,
    run_benchmark,
    save_plots,
    summarize,
    write_report,
)
from sklearn_mid.benchmark._engine._folder import load_run
from sklearn_mid.benchmark._engine._spec import DatasetSpec, parse_suite
from sklearn_mid.benchmark._protocol import PRIVACY_LOSS_BOUNDS
from sklearn_mid.benchmark._report._plots import displays
from sklearn_mid.benchmark._report._promise import PromiseDisplay
from sklearn_mid.benchmark._report._tables import (
    as_text,
    collapsed_runs,
    comparison,
    formatted,
    model_table,
)

mpl.use("agg")

EVIL = "<script>alert(1)</script> & 'co' | $x$"


class Page(HTMLParser):
    """Tags with their attributes, and what is to be read."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def folder(toy, toy_suite, tmp_path):
    suite = toy_suite(
        baseline=[toy("guess", "attack")],
        reference=[{"label": "the paper", "utility": 0.1, "attack": 0.2}],
    )
    run_benchmark(suite, tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def evil_folder(toy, toy_suite, tmp_path):
    suite = toy_suite(
        title=EVIL,
        description=EVIL,
        dataset=[toy(EVIL, "dataset", title=EVIL)],
        defence=[toy(EVIL, "defence"), toy("broken", "broken_defence")],
        attack=[toy(EVIL, "attack"), toy("broken too", "broken_attack")],
        reference=[{"label": EVIL, "utility": 0.1, "attack": 0.2}],
        repetitions=1,
    )
    path = tmp_path / "a folder with 'quotes' & spaces"
    run_benchmark(suite, path, command=f"sklearn-mid run {EVIL}")
    return path


def test_the_page_needs_nothing_else(folder):
    text = write_report(folder).read_text()
    page = Page(text)
    assert not page.all("script")
    assert not page.all("link")
    linked = [a["href"] for a in page.all("a")]
    assert all(href.startswith("#") for href in linked)
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert {href[1:] for href in linked} <= ids
    assert "url(http" not in text


def test_every_plot_has_an_alternative_text(folder):
    page = Page(write_report(folder).read_text())
    plots = page.all("svg")
    assert len(plots) == 1
    assert plots[0]["role"] == "img"
    for words in ("plain", "shifted", "guess", "held-out people"):
        assert words in plots[0]["aria-label"]
    assert "width" not in plots[0]


def test_the_page_says_what_was_run(folder):
    words = " ".join(Page(write_report(folder).read_text()).words)
    for expected in (
        "14 cells planned: 14 done",
        "run_benchmark (Python)",
        "scikit-learn",
        "shift=0.5",
        "To run it again",
    ):
        assert expected in words


def test_names_are_shown_and_not_run(evil_folder):
    text = write_report(evil_folder).read_text()
    page = Page(text)
    assert not page.all("script")
    assert "<script" not in text
    words = "".join(page.words)
    assert words.count(EVIL) >= 5
    assert "RuntimeError: no such luck & <b>no such data</b>" in words
    assert not page.all("b")
    markdown = write_report(evil_folder, format="md").read_text()
    assert "<script" not in markdown.partition("```")[0]
    assert "\\| $x$" in markdown


def test_failures_are_on_the_page(evil_folder):
    words = "".join(Page(write_report(evil_folder).read_text()).words)
    assert "Incomplete." in words
    assert "Failures and skips" in words
    assert "Traceback (most recent call last)" in words
    assert "the model could not be trained" in words


def test_csv_and_json_hold_every_figure(folder, capsys):
    results = load_results(folder)
    assert write_report(folder, format="csv", output="-") is None
    read = pd.read_csv(
        StringIO(capsys.readouterr().out),
        keep_default_na=False,
        na_values={"strength": [""]},
    )
    assert_frame_equal(read, results, check_dtype=False, rtol=1e-14)
    path = write_report(folder, format="json")
    document = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert document["manifest"]["suite"]["name"] == "toy"
    assert len(document["cells"]) == 14
    assert_allclose([r["value"] for r in document["results"]], results["value"])


def test_an_unknown_format(folder):
    with pytest.raises(ValueError, match=r"'format' parameter .* Got 'pdf'"):
        write_report(folder, format="pdf")


def test_plots_are_saved(folder):
    paths = save_plots(folder)
    assert [path.name for path in paths] == ["privacy-utility--numbers-mean.png"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")


def test_plots_of_an_incomplete_run(folder):
    (file,) = (folder / "cells").iterdir()
    *kept, _ = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(kept))
    with pytest.raises(
        ValueError, match=r"incomplete for 'numbers'.*missing or failed"
    ):
        save_plots(folder)
    assert len(save_plots(folder, allow_incomplete=True)) == 1
    assert "Incomplete" in write_report(folder).read_text()


def tidy(rows):
    columns = ["defence", "strength", "attack", "population", "metric", "value"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["parameter"] = np.where(frame["strength"].isna(), "", "reg_lambda")
    frame["kind"] = np.where(frame["attack"] == "", "model", "attack")
    return frame.assign(dataset="numbers", repetition=0)


def test_the_table_has_a_row_per_model_and_attack(toy_suite):
    rows = [
        ("MID", 0.1, "", "held-out", "accuracy", 0.8),
        ("MID", 0.1, "MAP", "members", "accuracy", 0.6),
        ("MID", 0.1, "MAP", "held-out", "accuracy", 0.55),
        ("MID", 0.1, "MAP", "members", "baseline accuracy", 0.5),
        ("MID", 0.1, "MAP", "members", "advantage", 0.1),
        ("omit", np.nan, "", "held-out", "accuracy", 0.7),
    ]
    dataset = toy_suite().datasets[0]
    table = formatted(comparison(tidy(rows), dataset), dataset, "accuracy")
    assert table.to_numpy().tolist() == [
        [
            *("MID", "reg_lambda=0.1", "MAP"),
            *("0.800", "0.100", "0.600", "-", "0.550", "0.500", "0.100"),
        ],
        ["omit", "", "", "0.700", *["-"] * 6],
    ]
    assert list(table)[3:6] == [
        "accuracy (mean)",
        "accuracy minus omit",
        "attack accuracy, members (mean)",
    ]
    lines = as_text(table).splitlines()
    assert lines[0].startswith("defence  strength        attack  accuracy")
    assert lines[2].startswith("omit                             0.700")


def test_figures_have_both_their_intervals(toy_suite):
    """Over splits where they were repeated, over people where it is known how many."""
    rows = [
        ("MID", 0.1, "MAP", "members", "accuracy", 0.6),
        ("MID", 0.1, "MAP", "members", "n", 100),
        ("MID", 0.1, "MAP", "members", "advantage", 0.1),
    ]
    dataset = toy_suite().datasets[0]
    once = tidy(rows)
    table = formatted(comparison(once, dataset), dataset, "accuracy")
    assert table["attack accuracy, members (mean)"][0] == "0.600 people [0.497, 0.697]"
    twice = pd.concat([once, once.assign(repetition=1)])
    table = formatted(comparison(twice, dataset), dataset, "accuracy")
    assert table["attack accuracy, members (mean)"][0] == (
        "0.600 [0.600, 0.600] people [0.497, 0.697]"
    )
    assert table["advantage"][0] == "0.100 [0.100, 0.100]"


def test_a_collapsed_run_is_named(toy_suite):
    runs = [("MID", 0.01, v) for v in (0.478, 0.383, 0.470)]
    runs += [("omit", np.nan, v) for v in (0.47, 0.48, 0.46)]
    rows = [(d, k, "", "held-out", "accuracy", v) for d, k, v in runs]
    results = tidy(rows).assign(repetition=[0, 1, 2, 0, 1, 2])
    assert collapsed_runs(results, toy_suite().datasets[0]) == [
        "MID reg_lambda=0.01, repetition 1: accuracy 0.383, where the median of its "
        "repetitions is 0.470"
    ]


def test_models_that_nothing_attacks_are_drawn_against_their_strength(
    toy_suite, tmp_path
):
    run_benchmark(toy_suite(attack=[]), tmp_path)
    assert [path.name for path in save_plots(tmp_path)] == ["models--numbers.png"]
    plots = Page(write_report(tmp_path).read_text()).all("svg")
    assert "shifted 0.5:" in plots[0]["aria-label"]


def test_the_table_of_models_has_all_their_figures(toy_suite):
    results = tidy(
        [
            ("MID", 0.1, "", "members", "accuracy", 0.9),
            ("MID", 0.1, "", "held-out", "accuracy", 0.8),
            ("MID", 0.1, "", "members", "mutual information", 2.0),
            ("omit", np.nan, "", "members", "accuracy", 0.7),
            ("omit", np.nan, "", "held-out", "accuracy", 0.6),
            ("plain", np.nan, "", "members", "mutual information", np.inf),
        ]
    )
    table = model_table(results, toy_suite().datasets[0])
    assert list(table) == ["defence", "strength", "accuracy", "mutual information"]
    assert table.to_numpy().tolist() == [
        ["MID", "reg_lambda=0.1", "0.800", "2.000"],
        ["omit", "", "0.600", "-"],
        ["plain", "", "-", "inf"],
    ]


def test_pictures_are_on_the_page(toy, toy_suite, tmp_path):
    suite = toy_suite(attack=[toy("draws", "drawing_attack")])
    run_benchmark(suite, tmp_path)
    images = Page(write_report(tmp_path).read_text()).all("img")
    # The truth once, and what each of three models let through.
    assert len(images) == 4
    assert all(image["src"].startswith("data:image/png;base64,") for image in images)
    assert images[0]["alt"] == "truth, person or class 1"
    assert {image["alt"].split(",")[0] for image in images[1:]} == {
        "plain",
        "shifted shift=0.5",
        "shifted shift=1",
    }


def test_summaries_keep_the_order_of_the_plan(folder):
    summary = summarize(load_results(folder), statistic="median")
    assert summary["defence"].drop_duplicates().tolist() == [
        "",
        "plain",
        "shifted",
    ]
    assert (summary["repetitions"] == 2).all()
    assert (summary["low"] <= summary["median"]).all()
    assert (summary["median"] <= summary["high"]).all()


def test_several_attacks_share_a_figure(tmp_path):
    suite = {
        "name": "several",
        "repetitions": 2,
        "dataset": [{"name": "diabetes", "title": "Diabetes"}],
        "defence": [
            {"name": "undefended"},
            {"name": "omit", "params": {"sensitive_features": "@secret"}},
        ],
        "attack": [
            {"name": "MAP", "use": "map"},
            {"name": "naive", "use": "map", "params": {"use_prior": False}},
        ],
        "baseline": [{"name": "majority guess"}],
    }
    run_benchmark(parse_suite(suite), tmp_path, progress=False)
    (path,) = save_plots(tmp_path)
    assert path.name == "overview--diabetes.png"
    assert path.stat().st_size > 10_000
    assert not mpl.pyplot.get_fignums()


def test_promises_beside_what_was_measured(tmp_path):
    suite = {
        "name": "promises",
        "repetitions": 2,
        "dataset": [{"name": "diabetes", "bounds": True}],
        "defence": [
            {"name": "undefended"},
            {
                "name": "MID",
                "use": "mid-linear",
                "params": {"sensitive_features": "@secret"},
                "strength": {"reg_lambda": [0.1, 10]},
            },
        ],
        "attack": [{"name": "map", "use": "map-released"}],
    }
    run_benchmark(parse_suite(suite), tmp_path, progress=False)
    names = {path.name for path in save_plots(tmp_path)}
    assert names == {
        "privacy-utility--diabetes-map.png",
        "information--diabetes-map.png",
    }
    _, suite, _, _ = load_run(tmp_path)
    shown = {kind: d for _, _, kind, d in displays(load_results(tmp_path), suite)}
    promise = shown["information"]
    assert set(promise.measured["name"]) == {"MID, members", "MID, held-out"}
    # More information, a higher bound; and what was measured stays below it.
    for _, bound in promise.bounds.groupby("name"):
        assert bound["centre"].is_monotonic_increasing
        assert bound["x"].is_monotonic_increasing
    assert promise.measured["centre"].max() <= promise.bounds["centre"].max()
    page = write_report(tmp_path).read_text()
    assert page.count("<svg") == 2
    assert "Accuracy of the attack over information in nats." in page


def test_privacy_loss_over_epsilon():
    rows = [
        row
        for eps in (0.1, 1.0)
        for row in (
            ("model", eps, "", "epsilon", eps),
            ("attack", eps, "a", "member advantage", eps / 10),
            ("attack", eps, "a", PRIVACY_LOSS_BOUNDS["tight", 1], 0.5 + eps / 10),
        )
    ]
    columns = ["kind", "strength", "attack", "metric", "value"]
    results = pd.DataFrame(rows, columns=columns).assign(
        dataset="d",
        defence="DP",
        population="members",
        parameter="epsilon",
        repetition=0,
    )
    display = PromiseDisplay.privacy_loss(results, DatasetSpec("d", "d"), "a")
    assert display.bounds["name"].unique() == ["bound, tight, n=1"]
    assert_allclose(display.bounds["centre"], [0.51, 0.6])
    assert_allclose(display.measured["centre"], [0.01, 0.1])
    results = results[results["metric"] == "member advantage"]
    assert PromiseDisplay.privacy_loss(results, DatasetSpec("d", "d"), "a") is None
