"""What is kept of the suites is what they give, and what the page of results says."""

import re
from pathlib import Path

import keep
import numpy as np
import pages
import pandas as pd
import pytest
import quotes

from sklearn_mid.benchmark import (
    list_suites,
    load_results,
    load_suite,
    run_benchmark,
)
from sklearn_mid.benchmark._engine._spec import DatasetSpec

ROOT = Path(__file__).resolve().parents[2]

KEPT = sorted(path.parent.name for path in keep.KEPT.glob("*/results.csv.gz"))
# Private models draw their noise from the operating system.
RANDOM = ("DP", "confidence noise")
NOT_KEPT = ("ci",)  # a slice of "quick"
KEYS = [*keep.KEYS, "metric"]


def test_the_page_of_results_says_what_is_kept():
    assert (ROOT / "benchmarks" / "README.rst").read_text() == pages.readme()


def test_no_number_of_the_page_is_typed_by_hand():
    words = pages.TEMPLATE.read_text()
    for code in ("{{", "{%"):
        words = "".join(
            part if i == 0 else part.partition("}}" if code == "{{" else "%}")[2]
            for i, part in enumerate(words.split(code))
        )
    # A strength that is spoken of is a setting, not a result.
    assert not quotes.numbers(re.sub(r"lambda [\d.]+\d", "", words))


def test_every_suite_is_kept_as_it_is_written():
    suites = {n: load_suite(n) for n in list_suites() if n not in NOT_KEPT}
    assert set(KEPT) == set(suites)
    for name, suite in suites.items():
        kept = pages.spec(name)
        assert kept.replace(repetitions=suite.repetitions) == suite, name


def test_the_time_that_a_suite_is_said_to_take():
    for name in KEPT:
        suite, kept = load_suite(name), pages.spec(name)
        seconds = pages.manifest(name)["core_seconds"]
        measured = seconds / 60 * suite.repetitions / kept.repetitions
        # Machines are more or less busy.
        assert 1 / 3 < suite.minutes / measured < 3, name


def test_what_is_kept_is_small():
    assert sum(f.stat().st_size for f in keep.KEPT.glob("*/*")) < 3_000_000


def test_what_protects_is_certain_and_within_the_price():
    models = {"undefended": 0.9, "good": 0.895, "dear": 0.8, "doubtful": 0.9}
    attacks = {
        "undefended": [0.8, 0.7, 0.9],
        "good": [0.5, 0.5, 0.6],
        "dear": [0.1, 0.1, 0.1],
        "doubtful": [0.7, 0.8, 0.7],
    }
    rows = [
        ("model", name, "", "held-out", repetition, accuracy)
        for name, accuracy in models.items()
        for repetition in range(3)
    ] + [
        ("attack", name, "GMI", "members", repetition, score)
        for name, scores in attacks.items()
        for repetition, score in enumerate(scores)
    ]
    columns = ["kind", "defence", "attack", "population", "repetition", "value"]
    frame = pd.DataFrame(rows, columns=columns).assign(
        dataset="d", parameter="", strength=np.nan, metric="accuracy"
    )
    about = DatasetSpec("d", "d", utility="accuracy")
    score, n_settings, lower = pages.protections(frame, about)["GMI"]
    assert score == pytest.approx(0.8)
    assert n_settings == 2
    assert lower["defence"].tolist() == ["good"]
    assert lower["difference"].tolist() == pytest.approx([-0.8 / 3])
    few = frame[frame["repetition"] < 2]
    assert not len(pages.protections(few, about)["GMI"][2])


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_a_reduced_run_gives_what_is_kept(name, tmp_path):
    suite = load_suite(name)
    defences = [
        defence
        | {"strength": {k: v[:1] for k, v in defence.get("strength", {}).items()}}
        for defence in suite.to_dict()["defence"]
        if not defence["name"].startswith(RANDOM)
    ]
    few = 2 if name.startswith("nn-") else 8
    reduced = suite.replace(repetitions=1, defences=defences[:few])
    run_benchmark(reduced, tmp_path, n_jobs=2)
    again = keep.slim(load_results(tmp_path))
    again = again.melt(id_vars=keep.KEYS, var_name="metric").dropna(subset="value")
    kept = keep.read_kept(keep.KEPT / name)
    for frame in (again, kept):
        frame["strength"] = frame["strength"].replace("", -1).astype(float).fillna(-1)
    both = again.merge(kept, on=KEYS, suffixes=("", "_kept"))
    assert len(both) == len(again)
    np.testing.assert_allclose(both["value"], both["value_kept"], rtol=1e-4, atol=1e-4)
