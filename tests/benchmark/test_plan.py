"""Cells, their keys and seeds."""

import subprocess
import sys
import time

from sklearn_mid.benchmark._engine._plan import derive_seed, plan


def test_the_grid(toy, toy_suite):
    suite = toy_suite(baseline=[toy("guess", "attack")])
    jobs = plan(suite)
    assert [(j.repetition, j.defence_name, j.strength) for j in jobs] == [
        (r, *model)
        for r in (0, 1)
        for model in (
            ("", None),
            ("plain", None),
            ("shifted", 0.5),
            ("shifted", 1.0),
        )
    ]
    assert [(c.kind, c.name) for c in jobs[0].cells] == [("baseline", "guess")]
    assert [(c.kind, c.name) for c in jobs[1].cells] == [
        ("model", ""),
        ("attack", "mean"),
    ]
    keys = [cell.key for job in jobs for cell in job.cells]
    assert len(set(keys)) == len(keys) == 14
    assert len({job.key for job in jobs}) == len(jobs)


def test_defences_and_attacks_may_be_for_some_datasets_only(toy, toy_suite):
    suite = toy_suite(
        repetitions=1,
        dataset=[toy("a", "dataset"), toy("b", "dataset")],
        defence=[toy("plain", "defence", datasets=["a"]), toy("other", "defence")],
        attack=[toy("mean", "attack", datasets="b")],
    )
    found = [
        (job.dataset.name, job.defence_name, [c.name for c in job.cells])
        for job in plan(suite)
    ]
    assert found == [
        ("a", "plain", [""]),
        ("a", "other", [""]),
        ("b", "other", ["", "mean"]),
    ]


def test_all_defences_of_a_repetition_are_compared_under_equal_luck(toy_suite):
    jobs = plan(toy_suite())
    first, second = ([j for j in jobs if j.repetition == r] for r in (0, 1))
    assert len({j.split_seed for j in first}) == 1
    assert first[0].split_seed != second[0].split_seed
    assert len({j.fit_seed for j in first}) == 1
    assert first[0].fit_seed not in {second[0].fit_seed, first[0].split_seed}
    assert len({j.cells[1].seed for j in first}) == 1
    assert first[0].cells[1].seed != second[0].cells[1].seed


def test_keys_follow_names_and_parameters_and_nothing_else(toy, toy_suite):
    def keys(**tables):
        return {c.key for job in plan(toy_suite(**tables)) for c in job.cells}

    before = keys()
    more = keys(attack=[toy("mean", "attack"), toy("other", "attack")], repetitions=3)
    assert before < more
    assert keys(title="another", timeout=3) == before
    assert keys(seed=1).isdisjoint(before)
    assert keys(dataset=[toy("numbers", "dataset", params={"size": 4})]).isdisjoint(
        before
    )
    assert keys(dataset=[toy("numbers", "dataset", title="Numbers")]) == before


def test_seeds_and_keys_are_those_of_any_process():
    # The first 32 bits of sha256 of 'split', a line feed and '0'.
    assert derive_seed("split", "0") == 2400523500
    code = (
        "from sklearn_mid.benchmark._engine._plan import plan\n"
        "from sklearn_mid.benchmark._engine._spec import find_suite, read_suite\n"
        "print(plan(read_suite(find_suite('quick')))[-1])"
    )
    outputs = {
        subprocess.check_output(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, text=True
        )
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_names_of_any_kind_make_file_names(toy, toy_suite):
    suite = toy_suite(attack=[toy("<script>/../é 'x'" + "y" * 300, "attack")])
    for job in plan(suite):
        for cell in job.cells:
            assert len(cell.key) < 150
            assert set(cell.key) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.=-"
            )


def test_thousands_of_cells_are_planned_in_a_moment(toy_suite):
    start = time.perf_counter()
    jobs = plan(toy_suite(repetitions=1700))
    assert sum(len(job.cells) for job in jobs) == 10_200
    print(f"10200 cells planned in {time.perf_counter() - start:.2f} s")
