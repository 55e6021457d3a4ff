"""Benchmarks: every defence against every attack, resumable and in parallel.

A suite (a TOML file) names datasets, defences with their strengths, attacks and the
number of repetitions. :func:`run_benchmark` runs it, or what is left of it, into a
folder; :func:`load_results` reads the folder as a tidy DataFrame. :func:`audit` asks
what one model, as it is, gives away.
"""

from sklearn_mid.benchmark._audit import audit
from sklearn_mid.benchmark._plots import save_plots
from sklearn_mid.benchmark._problem import AttributeProblem, Judgement
from sklearn_mid.benchmark._report import write_report
from sklearn_mid.benchmark._results import load_cells, load_results, summarize
from sklearn_mid.benchmark._run import run_benchmark
from sklearn_mid.benchmark._skip import Skip
from sklearn_mid.benchmark._spec import Suite, SuiteError, list_suites, load_suite
from sklearn_mid.benchmark._store import ResultsFolderError

__all__ = [
    "AttributeProblem",
    "Judgement",
    "ResultsFolderError",
    "Skip",
    "Suite",
    "SuiteError",
    "audit",
    "list_suites",
    "load_cells",
    "load_results",
    "load_suite",
    "run_benchmark",
    "save_plots",
    "summarize",
    "write_report",
]
