"""Running a plan: states of cells, resuming, faults, and several runs at once."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from sklearn_mid.benchmark import (
    ResultsFolderError,
    load_cells,
    load_results,
    load_suite,
    run_benchmark,
    write_report,
)
from sklearn_mid.benchmark._engine._spec import parse_suite
from sklearn_mid.benchmark._engine._store import Store, write_file


def states(folder):
    return load_cells(folder)["status"].value_counts().to_dict()


def figures(folder):
    return load_results(folder).drop(columns=["seconds"])


def lines(folder):
    """Finished cells as they were written: a line each."""
    files = sorted((folder / "cells").glob("*.jsonl"))
    return [line for path in files for line in path.read_bytes().splitlines() if line]


def put(folder, written):
    """Those lines, in place of what was there."""
    for path in (folder / "cells").iterdir():
        path.unlink()
    (folder / "cells" / "worker.jsonl").write_bytes(b"\n".join([*written, b""]))


def test_results_are_tidy(toy_suite, tmp_path, log):
    results = run_benchmark(toy_suite(), tmp_path)
    assert results.columns.tolist() == [
        "kind",
        "dataset",
        "defence",
        "parameter",
        "strength",
        "attack",
        "repetition",
        "population",
        "metric",
        "value",
        "seed",
        "seconds",
        "versions",
    ]
    # 2 repetitions x 3 models x (1 utility + 2 populations)
    assert len(results) == 18
    assert results["value"].notna().all()
    assert results["strength"].dropna().unique().tolist() == [0.5, 1.0]
    assert Counter(line.split()[0] for line in log()) == {"fit": 6, "judge": 6}
    assert_frame_equal(results, load_results(tmp_path))


def test_nothing_is_computed_twice(toy, toy_suite, tmp_path, log):
    first = run_benchmark(toy_suite(repetitions=1), tmp_path)
    run_benchmark(toy_suite(repetitions=1), tmp_path)
    assert Counter(line.split()[0] for line in log()) == {"fit": 3, "judge": 3}
    second = run_benchmark(toy_suite(), tmp_path)
    assert Counter(line.split()[0] for line in log()) == {"fit": 6, "judge": 6}
    is_first = second["repetition"] == 0
    assert_frame_equal(second[is_first].reset_index(drop=True), first)
    # Another attack: models are trained again, but judged by the new one only.
    attacks = [toy("mean", "attack"), toy("other", "attack")]
    run_benchmark(toy_suite(attack=attacks), tmp_path)
    assert Counter(line.split()[0] for line in log()) == {"fit": 12, "judge": 12}


def test_overrides(toy_suite, tmp_path):
    run_benchmark(toy_suite(), tmp_path, repetitions=3, timeout=60)
    assert states(tmp_path) == {"done": 18}


def test_no_workers(toy_suite, tmp_path):
    with pytest.raises(ValueError, match=r"'n_jobs' parameter .* Got 0"):
        run_benchmark(toy_suite(), tmp_path / "new", n_jobs=0)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", [{"n_jobs": 2}, {"backend": "threading"}])
def test_values_do_not_depend_on_the_workers(toy_suite, tmp_path, options):
    run_benchmark(toy_suite(), tmp_path / "one")
    run_benchmark(toy_suite(), tmp_path / "two", **{"n_jobs": 2, **options})
    assert_frame_equal(figures(tmp_path / "one"), figures(tmp_path / "two"))


def test_a_broken_attack_fails_its_own_cells_only(toy, toy_suite, tmp_path, log):
    suite = toy_suite(attack=[toy("mean", "attack"), toy("broken", "broken_attack")])
    results = run_benchmark(suite, tmp_path)
    assert states(tmp_path) == {"done": 12, "failed": 6}
    assert "broken" not in set(results["attack"])
    failed = load_cells(tmp_path).query("status == 'failed'").iloc[0]
    assert failed["reason"] == "RuntimeError: no such luck & <b>no such data</b>"
    assert "benchmark_toys.py" in failed["traceback"]
    before = len(log())
    run_benchmark(suite, tmp_path)
    assert len(log()) == before
    run_benchmark(suite, tmp_path, retry_failed=True)
    assert Counter(line.split()[0] for line in log()[before:]) == {"fit": 6}


def test_a_broken_defence_fails_all_its_cells(toy, toy_suite, tmp_path):
    defences = [toy("plain", "defence"), toy("broken", "broken_defence")]
    run_benchmark(toy_suite(defence=defences, repetitions=1), tmp_path)
    cells = load_cells(tmp_path)
    assert cells["status"].tolist() == ["done", "done", "failed", "failed"]
    assert cells["reason"].iloc[3].startswith("the model could not be trained: Runtime")


@pytest.mark.parametrize(
    ("kind", "toy_name", "reason"),
    [
        ("defence", "declining_defence", "nothing to offer"),
        ("attack", "unsuitable_attack", "no predict_proba"),
    ],
)
def test_skips_have_their_reason(toy, toy_suite, tmp_path, kind, toy_name, reason):
    run_benchmark(toy_suite(repetitions=1, **{kind: [toy("x", toy_name)]}), tmp_path)
    cells = load_cells(tmp_path)
    skipped = cells[cells["status"] == "skipped"]
    assert len(skipped) == (2 if kind == "defence" else 3)
    assert skipped["reason"].str.contains(reason).all()
    assert "failed" not in states(tmp_path)


def test_what_a_third_party_may_return(toy, toy_suite, tmp_path):
    attacks = [
        toy("text", "not_a_judgement"),
        toy("infinite", "infinite_attack"),
        toy("warns", "warning_attack"),
    ]
    suite = toy_suite(attack=attacks, defence=[toy("plain", "defence")], repetitions=1)
    run_benchmark(suite, tmp_path)
    cells = load_cells(tmp_path).set_index("attack")
    assert cells["status"].drop("").tolist() == ["failed", "done", "done"]
    assert "must return a Judgement, got 'a text'" in cells.loc["text", "reason"]
    assert cells.loc["warns", "warnings"] == ["UserWarning: the weather is bad"]
    results = load_results(tmp_path)
    assert results.query("attack == 'infinite'")["value"].eq(float("inf")).all()
    for line in lines(tmp_path):
        json.loads(line, parse_constant=pytest.fail)


def test_what_is_no_problem_is_told_so(toy, toy_suite, tmp_path):
    suite = toy_suite(dataset=[toy("numbers", "not_a_problem")], repetitions=1)
    run_benchmark(suite, tmp_path)
    cells = load_cells(tmp_path)
    assert set(cells["status"]) == {"failed"}
    assert "returned a dict, which is no problem: it has no fit" in cells["reason"][0]


def test_a_class_is_built_from_what_its_signature_asks_for(toy, toy_suite, tmp_path):
    part = {"use": "benchmark_toys:Part", "number": 10.0}
    suite = toy_suite(
        dataset=[toy("numbers", "Offering")],
        defence=[
            toy("offered", "sum_of"),
            toy("given", "sum_of", params={"number": 3.0}),
            toy("asked for", "sum_of", params={"extra": "@secret"}),
            toy("part", "sum_of", params={"part": part}),
            toy("asks", "sum_of", params={"part": part | {"number": "@secret"}}),
            toy("unknown", "sum_of", params={"extra": "@nothing"}),
        ],
        attack=[toy("a", "Part")],
        repetitions=1,
    )
    results = run_benchmark(suite, tmp_path).query("kind == 'attack'")
    assert results["value"].tolist() == [1 + 2, 3 + 2, 6 + 2, 11 + 2, 6 + 2]
    reason = load_cells(tmp_path).query("defence == 'unknown'")["reason"].iloc[0]
    assert "'@nothing' is not offered here; there are: '@number', " in reason


def test_modules_beside_the_suite_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "beside_the_suite.py").write_text("from benchmark_toys import *")
    path = tmp_path / "mine.toml"
    path.write_text(
        textwrap.dedent("""
        name = "mine"
        repetitions = 2
        [[dataset]]
        name = "numbers"
        use = "beside_the_suite:dataset"
        [[defence]]
        name = "plain"
        use = "beside_the_suite:defence"
        """)
    )
    run_benchmark(path, tmp_path / "results", n_jobs=2)
    assert states(tmp_path / "results") == {"done": 2}


@pytest.mark.parametrize("attack", ["busy_attack", "stubborn_attack"])
def test_a_cell_that_takes_too_long_is_interrupted(toy, toy_suite, tmp_path, attack):
    suite = toy_suite(
        attack=[toy("slow", attack), toy("mean", "attack")],
        defence=[toy("plain", "defence")],
        repetitions=1,
        timeout=0.5,
    )
    run_benchmark(suite, tmp_path)
    cells = load_cells(tmp_path)
    assert cells["status"].tolist() == ["done", "timeout", "done"]
    assert cells["reason"].iloc[1] == "took more than 0.5 s"
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_cell_of_a_thread_that_takes_too_long_counts_as_such(
    toy, toy_suite, tmp_path
):
    suite = toy_suite(
        attack=[toy("slow", "attack", params={"seconds": 1.0}), toy("mean", "attack")],
        defence=[toy("plain", "defence")],
        repetitions=1,
        timeout=0.5,
    )
    run_benchmark(suite, tmp_path, backend="threading", n_jobs=2)
    assert load_cells(tmp_path)["status"].tolist() == ["done", "timeout", "done"]


def test_a_training_that_takes_too_long(toy, toy_suite, tmp_path):
    slow = [toy("slow", "defence", params={"seconds": 30.0})]
    run_benchmark(toy_suite(defence=slow, repetitions=1, timeout=0.1), tmp_path)
    assert states(tmp_path) == {"timeout": 2}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"\x00\xff", b'{"format": 2}', b'{"format": 99}'],
)
def test_garbage_is_computed_again(toy_suite, tmp_path, log, content):
    before = run_benchmark(toy_suite(), tmp_path)
    put(tmp_path, [content, *lines(tmp_path)[1:]])
    assert states(tmp_path) == {"done": 11, "missing": 1}
    after = run_benchmark(toy_suite(), tmp_path)
    assert_frame_equal(before.drop(columns="seconds"), after.drop(columns="seconds"))
    assert len(log()) <= 6 + 6 + 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "fine"),
        ("versions", None),
        ("seconds", "1"),
        ("warnings", "none"),
        ("reason", []),
        ("pictures", {"truth": [1]}),
        ("pictures", {"truth": [[[2, 2], "AAAA"]]}),
        ("values", [["members", "accuracy"]]),
        ("values", [["members", "accuracy", "much"]]),
        ("values", [[None, "accuracy", 0.5]]),
    ],
)
def test_records_that_lack_what_readers_need_are_computed_again(
    toy_suite, tmp_path, name, value
):
    run_benchmark(toy_suite(), tmp_path)
    before = figures(tmp_path)
    victim, *others = lines(tmp_path)
    damaged = json.dumps(json.loads(victim) | {name: value})
    put(tmp_path, [damaged.encode(), *others])
    assert states(tmp_path) == {"done": 11, "missing": 1}
    write_report(tmp_path)
    run_benchmark(toy_suite(), tmp_path)
    assert_frame_equal(figures(tmp_path), before)


@pytest.mark.parametrize(
    "damage", [{"machine": []}, {"command": 1}, {"suite": {"name": ""}}, {"suite": 1}]
)
def test_a_damaged_manifest_is_named(toy_suite, tmp_path, damage):
    run_benchmark(toy_suite(), tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | damage))
    with pytest.raises(ResultsFolderError, match=r"manifest\.json"):
        write_report(tmp_path)
    run_benchmark(toy_suite(), tmp_path)
    write_report(tmp_path)


def test_lines_that_are_cut_short_are_computed_again(toy_suite, tmp_path):
    run_benchmark(toy_suite(), tmp_path)
    before, written = figures(tmp_path), lines(tmp_path)
    put(tmp_path, [line[: len(line) // 2] for line in written[:4]] + written[4:])
    # What a worker that was killed has left: no line feed at the end.
    (file,) = (tmp_path / "cells").iterdir()
    os.truncate(file, file.stat().st_size - 1)
    assert states(tmp_path) == {"done": 7, "missing": 5}
    run_benchmark(toy_suite(), tmp_path)
    assert_frame_equal(figures(tmp_path), before)


def test_of_two_lines_about_a_cell_the_later_counts_and_one_that_is_done(
    toy_suite, tmp_path
):
    run_benchmark(toy_suite(repetitions=1), tmp_path)
    before, (first, *others) = figures(tmp_path), lines(tmp_path)
    record = json.loads(first)
    later = {"written": "9999", "values": [["held-out", "mse", 7.0]]}
    failed = {"written": "9999", "status": "failed", "values": []}
    put(tmp_path, [json.dumps(record | failed).encode(), first, *others])
    assert_frame_equal(figures(tmp_path), before)
    put(tmp_path, [json.dumps(record | later).encode(), first, *others])
    assert figures(tmp_path)["value"].iloc[0] == 7


def test_a_store_reads_on_where_it_was(toy_suite, tmp_path):
    run_benchmark(toy_suite(repetitions=1), tmp_path)
    reader, writer = Store(tmp_path), Store(tmp_path)
    assert len(list(reader.scan())) == 6
    assert len(list(reader.scan())) == 0
    writer.write(json.loads(lines(tmp_path)[0]) | {"key": "new"})
    assert [record["key"] for record in reader.scan()] == ["new"]
    assert (reader.status("new"), reader.status("old")) == ("done", None)
    assert reader.read("new")["key"] == "new"
    assert reader.read("old") is None


def test_a_folder_that_cannot_be_written(toy_suite, tmp_path, log):
    (tmp_path / "file").touch()
    with pytest.raises(ResultsFolderError, match="cannot write to the results folder"):
        run_benchmark(toy_suite(), tmp_path / "file" / "folder")
    assert log() == []


def test_a_folder_of_another_suite(toy_suite, tmp_path):
    run_benchmark(toy_suite(), tmp_path)
    with pytest.raises(ResultsFolderError, match="holds results of the suite 'toy', n"):
        run_benchmark(toy_suite(name="other"), tmp_path)
    with pytest.raises(ResultsFolderError, match="is not a results folder"):
        load_results(tmp_path / "cells")


def test_a_garbage_manifest_is_replaced(toy_suite, tmp_path):
    before = run_benchmark(toy_suite(), tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ResultsFolderError, match=r"no readable manifest\.json"):
        load_results(tmp_path)
    assert_frame_equal(run_benchmark(toy_suite(), tmp_path), before)


def test_a_full_disk_stops_the_run_and_loses_nothing(toy_suite, tmp_path, monkeypatch):
    write, written = os.write, []

    def fill_up(file, data):
        if b'"versions"' not in data:
            return write(file, data)
        written.append(data)
        if len(written) == 5:  # the disk takes a part of it
            return write(file, data[:30])
        if len(written) > 5:
            raise OSError(28, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(ResultsFolderError, match=r"No space left on device\. Cells"):
        run_benchmark(toy_suite(), tmp_path)
    monkeypatch.undo()
    assert states(tmp_path) == {"done": 4, "missing": 8}
    run_benchmark(toy_suite(), tmp_path)
    assert states(tmp_path) == {"done": 12}


def test_ctrl_c_keeps_what_is_done(toy, toy_suite, tmp_path):
    attacks = [toy("mean", "attack"), toy("ctrl-c", "interrupted_attack")]
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(toy_suite(attack=attacks), tmp_path)
    assert states(tmp_path) == {"done": 2, "missing": 16}
    assert Store(tmp_path).claims() == ({}, [])


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_a_worker_out_of_memory_costs_its_own_cell_only(toy, toy_suite, tmp_path):
    attacks = [toy("hog", "memory_hog"), toy("mean", "attack")]
    run_benchmark(toy_suite(attack=attacks), tmp_path, n_jobs=2)
    cells = load_cells(tmp_path)
    starved = cells["attack"] == "hog"
    assert set(cells["status"][~starved]) == {"done"}
    assert set(cells["status"][starved]) == {"failed"}
    assert cells["reason"][starved].str.match("MemoryError: Unable to allocate").all()
    run_benchmark(toy_suite(attack=attacks), tmp_path, n_jobs=2)  # and goes on


def test_a_killed_worker_costs_its_own_job_only(toy, toy_suite, tmp_path):
    attacks = [toy("mean", "attack"), toy("killer", "killer", datasets=["deadly"])]
    suite = toy_suite(
        dataset=[toy("deadly", "dataset"), toy("numbers", "dataset")],
        attack=attacks,
        defence=[toy("plain", "defence")],
    )
    run_benchmark(suite, tmp_path, n_jobs=2)
    cells = load_cells(tmp_path)
    failed = cells[cells["status"] == "failed"]
    assert failed["attack"].tolist() == ["killer"] * 2
    assert failed["reason"].str.contains("worker process died twice").all()
    assert states(tmp_path) == {"done": 8, "failed": 2}


def test_a_worker_that_is_killed_once_is_replaced(toy, toy_suite, tmp_path):
    attack = toy("killed once", "kills_once", params={"marker": str(tmp_path / "m")})
    run_benchmark(toy_suite(attack=[attack]), tmp_path / "results", n_jobs=2)
    assert states(tmp_path / "results") == {"done": 12}


# A shell that runs the tests in the background makes them, and all that they start,
# deaf to Ctrl-C.
RUN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from sklearn_mid.benchmark import run_benchmark
run_benchmark({path!r}, {folder!r}, n_jobs={jobs})
"""


@pytest.fixture
def start(tmp_path):
    """Starts a run of a slow toy suite in a process group of its own."""
    path = tmp_path / "slow.toml"
    path.write_text(
        textwrap.dedent("""
        name = "slow"
        repetitions = 4
        baseline = []
        [[dataset]]
        name = "numbers"
        use = "benchmark_toys:dataset"
        [[defence]]
        name = "shifted"
        use = "benchmark_toys:defence"
        params = { seconds = 0.02 }
        strength = { shift = [1, 2, 3] }
        [[attack]]
        name = "a"
        use = "benchmark_toys:attack"
        params = { seconds = 0.05 }
        [[attack]]
        name = "b"
        use = "benchmark_toys:attack"
        params = { seconds = 0.05 }
        """)
    )
    runs = []

    def start(folder, jobs=1):
        code = RUN.format(path=str(path), folder=str(folder), jobs=jobs)
        runs.append(
            subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        )
        return runs[-1]

    yield start
    for run in runs:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def wait_for(condition, seconds=60):
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("nothing happened")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_moment_it_goes_on(start, tmp_path, log, jobs):
    folder, n_cells = tmp_path / "killed", 36
    kept = []
    for kill in range(5):
        run = start(folder, jobs)
        wanted = min(len(kept) + 3 + kill, n_cells - 1)
        wait_for(lambda wanted=wanted: len(lines(folder)) >= wanted)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        # What was finished before is still there, and was not touched.
        now = lines(folder)
        assert set(kept) <= set(now)
        kept = now
    assert len(kept) < n_cells
    assert start(folder, jobs).wait() == 0
    assert states(folder) == {"done": n_cells}
    assert start(tmp_path / "unbroken").wait() == 0
    assert_frame_equal(figures(folder), figures(tmp_path / "unbroken"))
    # 24 judgements each; those that a kill hit were not finished, at most one a worker.
    judged = Counter(line.split()[0] for line in log())["judge"]
    assert 48 <= judged <= 48 + 5 * jobs
    assert not list(folder.rglob("*.tmp"))
    assert not list((folder / "claims").iterdir())


@pytest.mark.slow
def test_two_runs_share_a_folder(start, tmp_path, log):
    folder = tmp_path / "shared"
    runs = [start(folder), start(folder)]
    assert [run.wait() for run in runs] == [0, 0]
    assert states(folder) == {"done": 36}
    assert Counter(line.split()[0] for line in log()) == {"fit": 12, "judge": 24}


@pytest.mark.slow
def test_ctrl_c_in_the_terminal(start, tmp_path):
    folder = tmp_path / "interrupted"
    run = start(folder, jobs=2)
    wait_for(lambda: len(lines(folder)) >= 3)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=30) != 0
    running, _ = Store(folder).claims()
    assert running == {}
    assert start(folder).wait() == 0
    assert states(folder) == {"done": 36}


def test_who_works_on_what(tmp_path):
    store = Store(tmp_path)
    store.create()
    with store.claim("job") as first, Store(tmp_path).claim("job") as second:
        assert (first, second) == (True, False)
        running, abandoned = store.claims()
        assert running["job"]["pid"] == os.getpid()
        assert abandoned == []
    assert store.claims() == ({}, [])
    (tmp_path / "claims" / "dead.json").write_text("{}")
    assert store.claims() == ({}, ["dead"])


def test_threads_exclude_each_other_too(tmp_path):
    store, order = Store(tmp_path), []
    store.create()

    def work():
        with store.claim("job") as is_ours:
            order.append(is_ours)
            time.sleep(0.2)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order) == [False, False, True]


def test_dask_gives_the_same_values(toy_suite, tmp_path):
    distributed = pytest.importorskip("distributed")
    run_benchmark(toy_suite(), tmp_path / "serial")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        host="127.0.0.1",
        local_directory=str(tmp_path),
    ) as cluster:
        run_benchmark(
            toy_suite(),
            tmp_path / "dask",
            backend="dask",
            scheduler=cluster.scheduler_address,
        )
    assert states(tmp_path / "dask") == {"done": 12}
    assert_frame_equal(figures(tmp_path / "serial"), figures(tmp_path / "dask"))


def test_a_scheduler_is_for_dask(toy_suite, tmp_path):
    with pytest.raises(ValueError, match="scheduler='tcp://x' is for backend='dask'"):
        run_benchmark(toy_suite(), tmp_path, scheduler="tcp://x")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "no such scheme://x"])
def test_a_scheduler_that_is_not_there(toy_suite, tmp_path, address):
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "200ms"}),
        pytest.raises(ValueError, match=f"scheduler='{address}' cannot be reached"),
    ):
        run_benchmark(toy_suite(), tmp_path, backend="dask", scheduler=address)


def test_workers_without_the_callers_disk_return_their_cells(toy_suite, tmp_path):
    from sklearn_mid.benchmark._engine._plan import plan
    from sklearn_mid.benchmark._engine._run import Order, run_job

    job = plan(toy_suite())[0]
    records, are_kept = run_job(Order(str(tmp_path / "elsewhere"), {}, ""), job)
    assert [r["status"] for r in records] == ["done", "done"]
    assert not are_kept
    assert not (tmp_path / "elsewhere").exists()


def test_progress_counts_cells(toy, toy_suite, tmp_path, capsys):
    attacks = [toy("mean", "attack"), toy("broken", "broken_attack")]
    run_benchmark(toy_suite(attack=attacks), tmp_path, progress=True)
    shown = capsys.readouterr().err
    assert "18/18" in shown
    assert "failed=6" in shown


def test_memory_does_not_grow(toy, toy_suite, tmp_path):
    import tracemalloc

    sizes = [toy("numbers", "dataset", params={"size": 100_000})]
    suite = toy_suite(dataset=sizes, defence=[toy("plain", "defence")])
    run_benchmark(suite, tmp_path, repetitions=3)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run_benchmark(suite, tmp_path, repetitions=53)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # One split of 0.8 MB may be kept; fifty would be 40 MB.
    assert after - before < 4e6


def test_results_are_read_without_the_code_behind_them(
    toy_suite, tmp_path, monkeypatch
):
    before = run_benchmark(toy_suite(), tmp_path)
    monkeypatch.undo()
    monkeypatch.delitem(sys.modules, "benchmark_toys", raising=False)
    assert isinstance(load_results(tmp_path), pd.DataFrame)
    assert_frame_equal(load_results(tmp_path), before)


@pytest.mark.slow
def test_the_quick_suite_gives_the_same_bytes_with_one_job_and_with_two(tmp_path):
    pytest.importorskip("statsmodels")
    suite = load_suite("quick").replace(repetitions=1)
    first, second = (
        run_benchmark(suite, tmp_path / str(n), n_jobs=n, progress=False)
        .drop(columns="seconds")
        .to_csv()
        for n in (1, 2)
    )
    assert first == second


def test_an_error_of_writing_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "missing" / "results.csv"
    with pytest.raises(FileNotFoundError) as raised:
        write_file(path, b"")
    assert raised.value.filename == str(path)


def test_all_that_a_suite_needs_is_named_before_anything_runs(monkeypatch, tmp_path):
    missing = {"filelock", "statsmodels", "torch", "skorch", "opacus"}
    monkeypatch.setattr(
        "sklearn_mid.utils._optional._is_installed", lambda name: name not in missing
    )
    suite = {
        "name": "mine",
        "repetitions": 1,
        "dataset": [{"name": "fair"}],
        "defence": [{"name": "dp-net"}],
        "attack": [{"name": "alignment"}],
    }
    with pytest.raises(ImportError, match=r"\[benchmark,nn,dp\]") as raised:
        run_benchmark(parse_suite(suite), tmp_path / "results")
    assert all(repr(name) in str(raised.value) for name in missing)
    assert not (tmp_path / "results").exists()
