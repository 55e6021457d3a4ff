"""The command line."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import joblib
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid._arguments import parse
from sklearn_mid.cli import main
from sklearn_mid.tree import MIDDecisionTreeClassifier as DecisionTree

mpl.use("agg")

TOYS = Path(__file__).parent / "benchmark" / "toys"

SUITE = """
name = "mine"
title = "My suite"
repetitions = 2
baseline = []

[[dataset]]
name = "numbers"
use = "benchmark_toys:dataset"

[[defence]]
name = "plain"
use = "benchmark_toys:defence"

[[attack]]
name = "mean"
use = "benchmark_toys:attack"
"""
BROKEN = """
[[attack]]
name = "broken"
use = "benchmark_toys:broken_attack"
"""


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(TOYS))
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a folder with 'quotes'" / "mine.toml"
    path.parent.mkdir()
    path.write_text(SUITE)
    return str(path)


def test_run_prints_a_table_and_writes_files(suite, tmp_path, capsys):
    assert main(["benchmark", "run", suite, "--output", "out put"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("\nNo comparison at equal utility")
    assert "plain" in out
    assert "4/4" in err
    for name in ("report.html", "results.csv", "privacy-utility--numbers-mean.png"):
        assert (tmp_path / "out put" / name).is_file()


def lose_a_cell(folder):
    """The last line of what was written."""
    (file,) = (folder / "cells").iterdir()
    *kept, _ = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(kept))


def test_a_second_run_only_looks(suite, capsys):
    assert main(["benchmark", suite, "--quiet"]) == 0
    first = capsys.readouterr()
    assert main(["benchmark", suite, "--quiet"]) == 0
    second = capsys.readouterr()
    assert first.out == second.out
    assert "Results folder: results/mine" in first.err


def test_failed_cells_show_in_the_exit_status(suite, capsys):
    Path(suite).write_text(SUITE + BROKEN)
    assert main(["benchmark", "run", suite, "--quiet"]) == 1
    assert (
        "2 cells failed: plain / broken: RuntimeError: no su" in capsys.readouterr().out
    )
    assert main(["benchmark", "status", "results/mine"]) == 1
    assert main(["benchmark", "plot", "results/mine"]) == 2
    assert "incomplete for 'numbers'" in capsys.readouterr().err
    assert main(["benchmark", "plot", "results/mine", "--allow-incomplete"]) == 0
    assert main(["report", "results/mine"]) == 0
    assert "no such luck" in Path("results/mine/report.html").read_text()


def test_status_of_a_run_that_stopped(suite, tmp_path, capsys):
    main(["benchmark", "run", suite, "--quiet", "--repetitions", "3"])
    lose_a_cell(tmp_path / "results/mine")
    capsys.readouterr()
    assert main(["benchmark", "status", "results/mine"]) == 0
    out = capsys.readouterr().out
    assert "5 of 6 cells finished" in out
    assert "missing  1" in out
    assert "Not running" in out
    assert "--repetitions 3" in out


def test_status_of_a_run_at_work(suite, capsys):
    from sklearn_mid.benchmark._engine._folder import load_run

    main(["benchmark", "run", suite, "--quiet"])
    _, _, jobs, store = load_run("results/mine")
    lose_a_cell(store.folder)
    capsys.readouterr()
    with store.claim(jobs[0].key):
        main(["benchmark", "status", "results/mine"])
    out = capsys.readouterr().out
    assert "Running: 1 jobs" in out
    assert "Time left: about" in out


@pytest.mark.parametrize("format", ["html", "csv", "json", "md"])
def test_report(suite, capsys, format):
    main(["benchmark", "run", suite, "--quiet"])
    capsys.readouterr()
    assert main(["report", "results/mine", "--format", format]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path.suffix == f".{format}"
    assert path.stat().st_size > 100
    assert main(["report", "results/mine", "--format", format, "-o", "-"]) == 0
    assert capsys.readouterr().out == path.read_text()


def test_list_names_the_suites(capsys):
    assert main(["benchmark", "list"]) == 0
    assert "quick" in capsys.readouterr().out


def test_long_list_says_what_a_suite_needs(capsys):
    assert main(["benchmark", "list", "--long"]) == 0
    suites = capsys.readouterr().out.split("\n\n")
    quick = next(text for text in suites if text.startswith("quick:"))
    assert re.search("time:     about [0-9]+ min of one core", quick)
    assert "to fetch: nothing" in quick
    assert "extras:   benchmark" in quick
    mnist = next(text for text in suites if text.startswith("nn-mnist:"))
    assert "mnist" in mnist.partition("to fetch:")[2]
    assert "nn" in mnist.partition("extras:")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["benchmark", "quik"], "no suite 'quik'; did you mean 'quick'"),
        (["benchmark", "run", "none.toml"], "cannot read the suite file"),
        (["report", "nowhere"], "'nowhere' is not a results folder"),
        (["benchmark", "status", "nowhere"], "is not a results folder"),
        (["benchmark", "plot", "nowhere"], "is not a results folder"),
    ],
)
def test_what_cannot_be_done(arguments, message, capsys):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["unknown"],
        ["report"],
        ["benchmark", "run"],
        ["benchmark", "run", "quick", "--jobs", "0"],
        ["benchmark", "run", "quick", "--timeout", "-1"],
        ["benchmark", "run", "quick", "--repetitions", "none"],
        ["report", "folder", "--format", "pdf"],
    ],
)
def test_wrong_usage(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_a_misspelt_suite_runs_nothing(suite, tmp_path, capsys):
    Path(suite).write_text(SUITE.replace("repetitions", "repititions"))
    assert main(["benchmark", "run", suite]) == 2
    assert "unknown key 'repititions'; did you mean" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_data_that_are_not_there_stop_a_suite_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SKLEARN_MID_DATA", "nowhere")
    monkeypatch.setattr(
        "sklearn_mid.datasets._files.fetch_file", mock.Mock(side_effect=OSError("off"))
    )
    assert main(["benchmark", "tree-adult", "--quiet"]) == 2
    err = capsys.readouterr().err
    assert "'tree-adult' cannot start without its data set 'adult'" in err
    assert "the environment variable SKLEARN_MID_DATA (here 'nowhere')" in err
    assert not any(tmp_path.iterdir())


def test_all_that_is_not_installed_is_said_before_the_work(suite, monkeypatch, capsys):
    monkeypatch.setattr(
        "sklearn_mid.utils._optional._is_installed",
        lambda module: module not in ("torch", "jinja2", "matplotlib"),
    )
    assert main(["benchmark", "nn-mnist"]) == 2
    err = capsys.readouterr().err
    assert "'jinja2', 'matplotlib', 'torch'. Install it with" in err
    assert "[benchmark,nn]" in err
    assert not Path("results").exists()


def test_an_unwritable_folder(suite, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["benchmark", "run", suite, "-o", "file/folder"]) == 2
    err = capsys.readouterr().err
    assert "cannot write to the results folder 'file/folder': Not a directory" in err


def test_a_disk_that_is_full_when_the_report_is_written(suite, monkeypatch, capsys):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sklearn_mid.benchmark._report._page.write_report", full)
    assert main(["benchmark", "run", suite, "--quiet"]) == 2
    assert "sklearn-mid: cannot write: No space left" in capsys.readouterr().err


def test_a_reader_who_has_seen_enough():
    command = f"{sys.executable} -m sklearn_mid benchmark list | true"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert run.stderr == ""


def test_ctrl_c(suite, capsys):
    Path(suite).write_text(
        SUITE + BROKEN.replace("broken_attack", "interrupted_attack")
    )
    assert main(["benchmark", "run", suite, "--quiet"]) == 130
    assert "What is done is kept" in capsys.readouterr().err


def test_the_plain_command_is_the_quick_suite():
    for arguments, suite in (
        (["benchmark"], "quick"),
        (["benchmark", "--jobs", "2"], "quick"),
        (["benchmark", "iwpc"], "iwpc"),
    ):
        options = parse(arguments)
        assert (options.call, options.suite) == ("run", suite)


@pytest.mark.parametrize("arguments", [["--help"], ["benchmark", "--help"]])
def test_help(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    assert "suite" in capsys.readouterr().out


def test_the_console_script():
    script = shutil.which("sklearn-mid", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("the package is not installed here")
    out = subprocess.check_output([script, "--version"], text=True)
    assert out[0].isdigit()


@pytest.fixture
def released(tmp_path, monkeypatch, quick_attackers):
    """A model file and tables of people, in the current folder."""
    skops_io = pytest.importorskip("skops.io")
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    secret = rng.choice(["01", "02"], size=400)
    people = pd.DataFrame({"<b>": rng.normal(size=400), "s": secret, "y": secret})
    people.loc[::9, "y"] = "01"
    people["split"] = np.where(np.arange(400) < 200, "train", "test")
    people.to_csv("both.csv", index=False)
    people[200:].to_csv("people.csv", index=False)
    people[:200].to_csv("members.csv.gz", index=False, sep=";", encoding="utf-16")
    tree = DecisionTree(0.0, sensitive_features=["s"], max_depth=1)
    skops_io.dump(tree.fit(people[["<b>", "s"]], people["y"]), "tree.skops")
    return ["audit", "tree.skops", "people.csv", "--secret", "s", "--response", "y"]


def test_audit(released, capsys):
    assert main(released) == 0
    out = capsys.readouterr().out
    assert out.startswith("MIDDecisionTreeClassifier: leak found.")
    assert "Who sees the answer guesses 100.0% right" in out
    assert main([*released, "--format", "csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(table["source"]) == {"population", "rule", "answer"}
    assert main([*released, "--format", "json", "-o", "report.json"]) == 0
    assert capsys.readouterr().out == "leak found: report.json\n"
    assert json.loads(Path("report.json").read_text())["verdict"] == "leak found"


def test_audit_against_limits(released, capsys):
    where = [*released[:2], "both.csv", *released[3:], "--members-where", "split=train"]
    limits = ["--fail-above", "answer=0.9,memory=0.5"]
    assert main([*where, *limits]) == 1
    assert capsys.readouterr().err == (
        "sklearn-mid: s, answer: 1.000 is above the limit 0.9\n"
    )
    assert main([*where, "--fail-above", "memory=0.5"]) == 0
    assert "memory" in capsys.readouterr().out


def test_audit_of_a_one_hot_group(released, capsys):
    skops_io = pytest.importorskip("skops.io")
    assert main([*released[:3], "--secret", "<b>,s", "--response", "y"]) == 2
    assert "several secrets are --secret A --secret B" in capsys.readouterr().err
    people = pd.get_dummies(
        pd.read_csv("people.csv", dtype=str), columns=["s"], dtype=float
    )
    people["y"] = (people["y"] == "02") * 1.0
    people.to_csv("people.csv", index=False)
    model = LinearRegression().fit(people[["s_01", "s_02"]], people["y"])
    skops_io.dump(model, "tree.skops")
    assert main([*released[:3], "--secret", "s_01,s_02", "--response", "y"]) == 0
    assert "Who sees the answer guesses 100.0% right" in capsys.readouterr().out


def test_audit_of_a_function_and_of_a_pickle(released, capsys):
    Path("answers.py").write_text(
        "import numpy as np\n"
        "def proba(X):\n"
        "    p = np.where(X['s'] == 2, 0.9, 0.2)\n"
        "    return np.column_stack([1 - p, p])\n"
    )
    assert main(["audit", "answers:proba", *released[2:]]) == 0
    assert "Who sees the answer guesses 100.0% right" in capsys.readouterr().out
    joblib.dump(LinearRegression(), "model.pkl")
    assert main(["audit", "model.pkl", *released[2:]]) == 2
    assert "--i-trust-this-file" in capsys.readouterr().err


def test_audit_of_an_onnx_file(released, capsys):
    pytest.importorskip("onnxruntime", reason="ONNXRUNTIME MISSING: no ONNX is read")
    to_onnx = pytest.importorskip("skl2onnx", reason="SKL2ONNX MISSING").to_onnx
    people = pd.read_csv("people.csv", dtype={"s": str, "y": str})
    people = people.rename(columns={"<b>": "b"})  # ONNX has no such names
    people.to_csv("people.csv", index=False)
    X = people[["b", "s"]].astype({"b": np.float32})
    columns = make_column_transformer((OneHotEncoder(), ["s"]), remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(X, people["y"])
    for options in ({}, {"zipmap": False}):
        Path("model.onnx").write_bytes(
            to_onnx(model, X[:1], options=options).SerializeToString()
        )
        assert main(["audit", "model.onnx", *released[2:], "--format", "json"]) == 0
        report = json.loads(capsys.readouterr().out)
        # Its numbers have half the digits.
        assert report["facts"]["score"]["others"] == model.score(X, people["y"])
        success = [r for r in report["sources"] if r["figure"] == "success"]
        assert success[0]["value"] == 1
    assert main(["protect", "model.onnx", *released[2:], "-o", "out"]) == 2
    assert "cannot be trained" in capsys.readouterr().err
    Path("model.onnx").write_text("nothing")
    assert main(["audit", "model.onnx", *released[2:]]) == 2
    assert "'model.onnx' is not an ONNX model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--secret", "z"], "'people.csv' has no column 'z'"),
        (["--secret", "splt"], "Did you mean 'split'"),
        (["--sep", ";"], "It has one column only; is --sep right?"),
        (["--members", "both.csv"], "--members and PEOPLE overlap"),
        (["--members", "members.csv.gz"], "say which it is by --encoding"),
        (["--members-where", "split"], "must be COLUMN=VALUE"),
        (["--members-where", "split=never"], "none of the rows are members"),
        (["--fail-above", "answer"], "--fail-above 'answer' must be NAME=VALUE"),
        (["--fail-above", "answer=low"], "'low' is no number"),
        (["--fail-above", "answer=nan"], "'nan' is no number"),
        (["--fail-above", "anser=0.1"], "the source 'anser'; allowed are ['rule'"),
        (["--fail-above", "memory=0"], "memory needs --members or --members-where"),
        (["--dtypes", "s=number"], "none of the values [1, 2] of the secret 's'"),
        (["--dtypes", "s=colour"], "s=colour is not allowed; choose from"),
    ],
)
def test_audit_in_words_of_the_command(released, more, message, capsys):
    assert main([*released, *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sklearn-mid: ")
    assert message in line


@pytest.mark.parametrize(
    ("people", "message"),
    [
        (None, "cannot read 'people.csv': No such file"),
        ("", "'people.csv' is not a CSV file: No columns"),
        ("<b>,s,y\n", "'people.csv' has a header and no rows"),
        ("s,y\n01,01\n", r"has no column '<b>'. Its columns are \['s', 'y'"),
    ],
)
def test_audit_of_unusable_people(released, people, message, capsys):
    Path("people.csv").unlink()
    if people is not None:
        Path("people.csv").write_text(people)
    assert main(released) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
