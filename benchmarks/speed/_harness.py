"""Side-by-side timing: ours and a peer's, alternating, in one run.

A script of this folder imports :func:`compare`, :func:`growth` and
:func:`peak_memory`, and prints each result with :func:`report`:

    python benchmarks/speed/tree_fit.py --csv benchmarks/results/speed.csv

Alternation matters: a machine that slows down half-way slows both down, and the
ratio stays. Nothing here asserts a time.
"""

import argparse
import csv
import gc
import multiprocessing
import os
import platform
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

__all__ = [
    "Comparison",
    "compare",
    "cost",
    "growth",
    "parse_arguments",
    "peak_memory",
    "report",
]

N_REPETITIONS = 3

_FIELDS = (
    "row",
    "case",
    "quantity",
    "median",
    "low",
    "high",
    "ours",
    "peer",
    "unit",
    "reach",
    "threads",
    "machine",
    "versions",
)


@dataclass
class Comparison:
    """Paired timings in seconds; `ratio` is ours over peer: below 1, we are faster."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours, self.peer, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def _seconds(call: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    result = call()
    elapsed = time.perf_counter() - start
    del result  # freed outside the clock
    return elapsed


def compare(
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    n_repetitions: int = N_REPETITIONS,
    warm_up: bool = True,
) -> Comparison:
    """Time two callables alternately; who goes first changes with each repetition."""
    if warm_up:
        ours()
        peer()
    result = Comparison()
    for repetition in range(n_repetitions):
        pair = [(result.ours, ours), (result.peer, peer)]
        for times, call in pair if repetition % 2 == 0 else reversed(pair):
            times.append(_seconds(call))
    return result


def growth(
    make_call: Callable[[int], Callable[[], object]],
    small: int,
    large: int,
    *,
    n_repetitions: int = N_REPETITIONS,
) -> Comparison:
    """Time one callable at two sizes: `ratio` is the cost of `large` over `small`."""
    return compare(make_call(large), make_call(small), n_repetitions=n_repetitions)


def _memory(key: str) -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{key}:\s+(\d+) kB", status)
    if found is None:
        raise RuntimeError(f"/proc/self/status has no {key}; Linux is needed.")
    return int(found.group(1)) * 1024


def _measure_peak(connection, call, make, arguments):
    data = make(*arguments) if make is not None else None
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew here
    before, start = _memory("VmRSS"), time.process_time()
    result = call(data) if make is not None else call()
    took = time.process_time() - start
    connection.send((_memory("VmHWM") - before, took))
    del result
    connection.close()


def peak_memory(
    call: Callable[..., object],
    make: Callable[..., object] | None = None,
    arguments: tuple = (),
) -> int:
    """The first of what :func:`cost` returns."""
    return cost(call, make, arguments)[0]


def cost(
    call: Callable[..., object],
    make: Callable[..., object] | None = None,
    arguments: tuple = (),
) -> tuple[int, float]:
    """Bytes that ``call(make(*arguments))`` needs beyond what `make` left, and seconds.

    These are of the processor. Runs in a fresh process (Linux), so `call` and `make`
    must be functions of a module's top level. Without `make`, `call` gets no argument.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=_measure_peak, args=(sender, call, make, arguments)
    )
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(
            f"The process that measured {call!r} ended with {process.exitcode}."
        ) from None
    finally:
        process.join()


def report(
    row: str,
    case: str,
    result: Comparison | float,
    *,
    reach: str,
    quantity: str = "time ratio",
    unit: str = "",
    csv_path: str | Path | None = None,
    versions: dict[str, str] | None = None,
) -> None:
    """Print one line, and append it to a CSV file.

    Parameters
    ----------
    row, case : str
        Row of the table of speed comparisons, and what exactly was run.
    result : Comparison or float
        Timings, or one measured number such as a memory ratio.
    reach : str
        What was aimed at, for the reader.
    quantity, unit : str
        What the number is.
    csv_path : path, default=None
        File to append to; made, with a header, where missing.
    versions : dict, default=None
        Versions of the packages compared.
    """
    if isinstance(result, Comparison):
        values = {
            "median": result.ratio,
            "low": min(result.ratios),
            "high": max(result.ratios),
            "ours": median(result.ours),
            "peer": median(result.peer),
        }
        line = (
            f"{values['median']:.3g} [{values['low']:.3g}, {values['high']:.3g}] "
            f"({values['ours']:.4g} s / {values['peer']:.4g} s)"
        )
    else:
        values = {"median": float(result)}
        line = f"{result:.4g} {unit}".rstrip()
    print(f"{row} | {case} | {quantity}: {line} | reach: {reach}", flush=True)
    if csv_path is None:
        return
    record = {
        "row": row,
        "case": case,
        "quantity": quantity,
        "unit": unit,
        "reach": reach,
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "machine": f"{platform.machine()}, {os.cpu_count()} CPUs",
        "versions": " ".join(f"{k}={v}" for k, v in (versions or {}).items()),
        **{k: f"{v:.6g}" for k, v in values.items()},
    }
    path = Path(csv_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists() or path.stat().st_size == 0
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, _FIELDS, restval="")
        if is_new:
            writer.writeheader()
        writer.writerow(record)


def parse_arguments(description: str | None) -> argparse.Namespace:
    """The command line all scripts share: ``--csv PATH`` and ``--quick``."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--csv", metavar="PATH", help="append the results to this file")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the rows, to try the script"
    )
    return parser.parse_args(sys.argv[1:])
