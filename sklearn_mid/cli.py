"""The command ``sklearn-mid``."""

# What a command needs is imported by it: --help and --version are to be there at once.
import argparse
import os
import shlex
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn_mid._arguments import parse

if TYPE_CHECKING:
    from sklearn_mid.benchmark import Suite
    from sklearn_mid.benchmark._engine._folder import State

__all__ = ["main"]

_TROUBLE = ("skipped", "failed", "timeout")
# Data that come with a dependency.
_EMBEDDED = ("diabetes", "fair", "digits")
OK, CELLS_FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def _say(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)


def _run(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark import (
        load_suite,
        run_benchmark,
        save_plots,
        write_report,
    )
    from sklearn_mid.benchmark._engine._folder import load_run, states
    from sklearn_mid.benchmark._run import require_extras

    suite = load_suite(options.suite)
    # What shows the work and writes it down, too: nobody wants to miss it afterwards.
    require_extras(suite, *["tqdm"] * (not options.quiet), "jinja2", "matplotlib")
    folder = Path(options.output or Path("results") / suite.name)
    _say(f"Suite {suite.name!r}: {suite.title}\nResults folder: {folder}")
    run_benchmark(
        suite,
        folder,
        n_jobs=options.jobs,
        backend=options.backend,
        scheduler=options.scheduler,
        repetitions=options.repetitions,
        timeout=options.timeout,
        retry_failed=options.retry_failed,
        progress=not options.quiet,
        command=command,
    )
    _print_tables(folder)
    paths = [
        write_report(folder, format="html"),
        write_report(folder, format="csv"),
        *save_plots(folder, allow_incomplete=True),
    ]
    _, _, jobs, store = load_run(folder)
    print("\nWrote:")
    for path in paths:
        print(f"  {path}")
    return _print_trouble(states(jobs, store))


def _print_tables(folder: Path) -> None:
    from sklearn_mid.benchmark._report._results import read_run
    from sklearn_mid.benchmark._report._summary import summary_text
    from sklearn_mid.benchmark._report._tables import (
        as_text,
        comparison,
        formatted,
        utility_metric,
    )

    run = read_run(folder)
    results = run.results
    print(f"\n{summary_text(results, run.suite)}")
    for dataset in run.suite.datasets:
        if dataset.name not in set(results["dataset"]):
            continue
        metric = utility_metric(results, dataset)
        table = formatted(comparison(results, dataset), dataset, metric)
        print(f"\n{dataset.title or dataset.name}")
        print(as_text(table))
    print(
        "\nUtility is that of held-out people. Brackets: 95% t interval over splits; "
        "after 'people': exact,\nover people. Baseline: accuracy without the model, of "
        "one who knows as much as the attacker;\nadvantage: what the model adds."
    )


def _print_trouble(cells: "Iterable[State]") -> int:
    """One line per kind of trouble, and the exit status."""
    found: dict[tuple[str, str], list[State]] = defaultdict(list)
    for cell in cells:
        if cell.status in _TROUBLE:
            found[cell.status, cell.reason].append(cell)
    for status, reason in sorted(found, key=lambda key: _TROUBLE.index(key[0])):
        group = found[status, reason]
        names = (" / ".join(filter(None, (c.defence, c.attack))) for c in group)
        first_line = reason.partition("\n")[0]
        print(
            f"{len(group)} cells {status}: {', '.join(dict.fromkeys(names))}: "
            f"{first_line}"
        )
    bad = any(status in ("failed", "timeout") for status, _ in found)
    return CELLS_FAILED if bad else OK


def _list(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark import list_suites, load_suite
    from sklearn_mid.benchmark._engine._spec import read_suite

    for name, path in list_suites().items():
        if not options.long:
            print(f"{name:14} {read_suite(path).title}")
            continue
        print(_described(load_suite(path)), end="\n\n")
    return OK


def _described(suite: "Suite") -> str:
    """What a suite is about, in a paragraph."""
    from sklearn_mid.benchmark._run import extras_of

    trained = suite.repetitions * sum(
        max(1, len(defence.strengths)) * len(defence.datasets or suite.datasets)
        for defence in suite.defences
    )
    fetched = sorted({d.use for d in suite.datasets if d.use not in _EMBEDDED})
    minutes = "not measured"
    if suite.minutes is not None:
        minutes = f"about {suite.minutes:g} min of one core"
    facts = {
        "time": minutes,
        "data": ", ".join(dataset.name for dataset in suite.datasets),
        "to fetch": ", ".join(fetched) or "nothing",
        "size": f"{trained} models in {suite.repetitions} repetitions",
        "extras": ", ".join(extras_of(suite)),
    }
    lines = [f"{suite.name}: {suite.title}"]
    lines += [f"  {line}" for line in suite.description.strip().splitlines()]
    return "\n".join([*lines, *(f"  {k + ':':9} {v}" for k, v in facts.items())])


def _status(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark._engine._folder import load_run, states

    manifest, suite, jobs, store = load_run(options.folder)
    cells = states(jobs, store)
    counts = Counter(cell.status for cell in cells)
    running, _ = store.claims()
    finished = len(cells) - counts["missing"]
    print(f"Suite {suite.name!r}, started {manifest.get('started', '?')}")
    print(f"Command: {manifest.get('command') or 'run_benchmark (Python)'}")
    print(f"{finished} of {len(cells)} cells finished:")
    for status in ("done", "skipped", "failed", "timeout", "missing"):
        if counts[status]:
            print(f"  {status:8} {counts[status]}")
    if running:
        print(f"Running: {len(running)} jobs")
        for job, claim in running.items():
            who = f"{claim.get('host', '?')}, process {claim.get('pid', '?')}"
            print(f"  {job} ({who}, since {claim.get('since', '?')})")
        print(f"Time left: about {_time_left(cells, len(running))}")
    elif finished < len(cells):
        print("Not running. The same command, run again, goes on.")
    else:
        print("Complete.")
    return _print_trouble(cells)


def _time_left(cells: "list[State]", workers: int) -> str:
    """From the mean time of finished cells of the same defence and attack."""
    seconds = defaultdict(list)
    for cell in cells:
        if cell.seconds is not None:
            for like in (cell[:4], None):
                seconds[like].append(cell.seconds)
    if not seconds:
        return "unknown"
    mean = {like: sum(known) / len(known) for like, known in seconds.items()}
    left = [mean.get(c[:4], mean[None]) for c in cells if c.status == "missing"]
    total = sum(left) / workers
    return f"{total:.0f} s" if total < 120 else f"{total / 60:.0f} min"


def _plot(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark import save_plots

    for path in save_plots(options.folder, allow_incomplete=options.allow_incomplete):
        print(path)
    return OK


def _report(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark import write_report

    path = write_report(options.folder, format=options.format, output=options.output)
    if path is not None:
        print(path)
    return OK


def _audit(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark._audit._command import run_audit

    return run_audit(options)


def _protect(options: argparse.Namespace, command: str) -> int:
    from sklearn_mid.benchmark._protect._command import run_protect

    return run_protect(options, command)


_CALLS = {
    "audit": _audit,
    "list": _list,
    "plot": _plot,
    "protect": _protect,
    "report": _report,
    "run": _run,
    "status": _status,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : list of str, default=None
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        Exit status: 0 fine, 1 cells failed, 2 cannot be done as given, 130 Ctrl-C.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = parse(arguments)
    command = shlex.join(["sklearn-mid", *arguments])
    try:
        return _CALLS[options.call](options, command)
    except KeyboardInterrupt:
        _say("\nInterrupted. What is done is kept; the same command goes on.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, say) has seen enough. Python flushes once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (ImportError, ValueError) as error:  # a SuiteError, too
        _say(f"sklearn-mid: {error}")
        return USAGE
    except OSError as error:
        if error.errno is None:  # a ResultsFolderError, which says all there is to say
            _say(f"sklearn-mid: {error}")
            return USAGE
        # A full disk, or a file that cannot be written; cells that are done are kept.
        where = f" {error.filename!r}" if error.filename else ""
        _say(f"sklearn-mid: cannot write{where}: {error.strerror or error}")
        return USAGE
