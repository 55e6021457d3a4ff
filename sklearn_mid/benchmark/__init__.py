"""Benchmarks: every defence against every attack, resumable and in parallel.

A suite (a TOML file) names datasets, defences with their strengths, attacks and the
number of repetitions. :func:`run_benchmark` runs it, or what is left of it, into a
folder; :func:`load_results` reads the folder as a tidy DataFrame. :func:`audit` asks
what one model, as it is, gives away.
"""

from sklearn_mid.benchmark._audit import audit
from sklearn_mid.benchmark._engine._spec import (
    Suite,
    SuiteError,
    list_suites,
    load_suite,
)
from sklearn_mid.benchmark._engine._store import ResultsFolderError
from sklearn_mid.benchmark._problems._attribute import AttributeProblem
from sklearn_mid.benchmark._protocol import Judgement, Skip
from sklearn_mid.benchmark._report._page import write_report
from sklearn_mid.benchmark._report._plots import save_plots
from sklearn_mid.benchmark._report._privacy_utility import PrivacyUtilityDisplay
from sklearn_mid.benchmark._report._results import (
    compare_defences,
    load_cells,
    load_results,
    summarize,
)
from sklearn_mid.benchmark._run import run_benchmark

__all__ = [
    "AttributeProblem",
    "Judgement",
    "PrivacyUtilityDisplay",
    "ResultsFolderError",
    "Skip",
    "Suite",
    "SuiteError",
    "audit",
    "compare_defences",
    "list_suites",
    "load_cells",
    "load_results",
    "load_suite",
    "run_benchmark",
    "save_plots",
    "summarize",
    "write_report",
]
