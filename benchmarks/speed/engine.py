"""The benchmark engine: its own cost per cell, resuming, reading, more workers.

Cells whose work is next to nothing show what the engine adds to each. Resuming is
timed on a finished folder of 10,000 cells, reading on one of 100,000 (a file for each
made 5 to 11 s of status, 54 s and 964 MiB of a page, 401 MB on disk; now each worker
has one file, read in one pass, and status reads no figures). Two workers run the same
suite as one ("quick", or "ci" with --quick) into empty folders, each in a new process,
alternating, two of its repetitions. So do two workers of dask against two of joblib:
what a model does in parallel had become tasks of the cluster, and is done in turn now.
"""

import subprocess
import sys
import tempfile
import time

from _harness import compare, parse_arguments, report

from sklearn_mid.benchmark import Judgement, run_benchmark
from sklearn_mid.benchmark._engine._plan import plan
from sklearn_mid.benchmark._engine._run import run_plan
from sklearn_mid.benchmark._engine._spec import parse_suite
from sklearn_mid.benchmark._engine._store import Store


class Nothing:
    """A problem without any work."""

    def fit(self, estimator):
        return estimator

    def utility(self, target):
        return Judgement([("held-out", "accuracy", 1.0)])

    def judge(self, attack, target):
        return Judgement([("members", "accuracy", 1.0)])


def nothing(*args, random_state, strength=0.0):
    return Nothing()


def idle_suite(repetitions):
    def table(name, **others):
        return {"name": name, "use": "engine:nothing", **others}

    return parse_suite(
        {
            "name": "idle",
            "repetitions": repetitions,
            "baseline": [],
            "dataset": [table("nothing")],
            "defence": [table("idle", strength={"strength": [1, 2, 3, 4]})],
            "attack": [table(f"attack {i}") for i in range(4)],
        }
    )


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def finish(suite, folder):
    """Make a folder in which every cell of the suite is done, without doing it."""
    run_benchmark(suite, folder, repetitions=1)
    store, jobs = Store(folder), plan(suite)
    store.refresh()
    record = store.read(jobs[0].cells[0].key)
    for job in jobs:
        for cell in job.cells:
            store.write({**record, "key": cell.key})


def run_in_an_empty_folder(suite, **options):
    """In a process of its own: joblib would keep warm workers for the next run."""
    with tempfile.TemporaryDirectory() as folder:
        call = f"run_benchmark({suite!r}, {folder!r}, **{options!r})"
        code = f"from sklearn_mid.benchmark import run_benchmark; {call}"
        subprocess.run([sys.executable, "-c", code], check=True)


def command(*arguments):
    """Seconds and peak memory (MiB) of the command, in a process of its own."""
    code = (
        "import resource, sys\n"
        "from sklearn_mid.cli import main\n"
        f"main({arguments!r})\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(peak / 1024, file=sys.stderr)"
    )
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return time.perf_counter() - start, float(run.stderr.splitlines()[-1])


def dask_cluster():
    """Two workers that are warm, as a cluster's are."""
    from distributed import LocalCluster

    return LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)


if __name__ == "__main__":
    # Suites name this module's parts by import path.
    sys.modules["engine"] = sys.modules["__main__"]
    arguments = parse_arguments(__doc__)
    suite = idle_suite(5 if arguments.quick else 50)
    with tempfile.TemporaryDirectory() as folder:
        took = seconds(lambda: run_benchmark(suite, folder))
    n_cells = sum(len(job.cells) for job in plan(suite))
    report(
        "benchmark engine",
        f"{n_cells} cells without work",
        1000 * took / n_cells,
        quantity="time per cell",
        unit="ms",
        reach="< 20 ms",
        csv_path=arguments.csv,
    )
    suite = idle_suite(50 if arguments.quick else 500)
    with tempfile.TemporaryDirectory() as folder:
        finish(suite, folder)
        took = seconds(lambda: run_plan(suite, folder, {}))
    report(
        "benchmark engine",
        f"resume {sum(len(job.cells) for job in plan(suite))} finished cells",
        took,
        quantity="time",
        unit="s",
        reach="< 2 s",
        csv_path=arguments.csv,
    )
    suite = idle_suite(500 if arguments.quick else 5000)
    case = f"{sum(len(job.cells) for job in plan(suite))} finished cells"
    with tempfile.TemporaryDirectory() as folder:
        finish(suite, folder)
        for words, reach in ((("benchmark", "status"), 3), (("report",), 20)):
            took, peak = command(*words, folder)
            row = f"benchmark engine, sklearn-mid {' '.join(words)}"
            for figure, quantity, unit, aim in (
                (took, "time", "s", f"<= {reach} s"),
                (peak, "peak memory", "MiB", "<= 400 MiB"),
            ):
                report(
                    row,
                    case,
                    figure,
                    quantity=quantity,
                    unit=unit,
                    reach=aim,
                    csv_path=arguments.csv,
                )
    name = "ci" if arguments.quick else "quick"
    options = {"repetitions": 1 if arguments.quick else 2}
    report(
        "benchmark engine",
        f"suite {name!r}, {options['repetitions']} repetitions, two workers over one",
        compare(
            lambda: run_in_an_empty_folder(name, n_jobs=2, **options),
            lambda: run_in_an_empty_folder(name, n_jobs=1, **options),
            n_repetitions=1,
            warm_up=False,
        ),
        reach="<= 0.59 (1.7 times faster)",
        csv_path=arguments.csv,
    )
    with dask_cluster() as cluster:
        dask = {"backend": "dask", "scheduler": cluster.scheduler_address} | options
        report(
            "benchmark engine",
            f"suite {name!r}, {options['repetitions']} repetitions, two workers of "
            "dask over two of joblib",
            compare(
                lambda: run_in_an_empty_folder(name, **dask),
                lambda: run_in_an_empty_folder(name, n_jobs=2, **options),
                n_repetitions=1,
                warm_up=False,
            ),
            reach="<= 1.2",
            csv_path=arguments.csv,
        )
