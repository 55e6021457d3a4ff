"""Benchmarks: every defence against every attack, resumable and in parallel.

A suite (a TOML file) names datasets, defences with their strengths, attacks and the
number of repetitions. :func:`run_benchmark` runs it, or what is left of it, into a
folder; :func:`load_results` reads the folder as a tidy DataFrame. :func:`audit` asks
what one model, as it is, gives away; :func:`protect` finds what protects it best.
"""

import importlib
from typing import Any

# Loaded on first use: the engine needs no machine learning, the command no engine.
_HOMES = {
    "AuditCheck": "_audit._check",
    "AttributeProblem": "_problems._attribute",
    "Judgement": "_protocol",
    "PrivacyUtilityDisplay": "_report._privacy_utility",
    "ResultsFolderError": "_engine._store",
    "Skip": "_protocol",
    "Suite": "_engine._spec",
    "SuiteError": "_engine._spec",
    "audit": "_audit",
    "compare_defences": "_report._results",
    "list_suites": "_engine._spec",
    "load_cells": "_report._results",
    "load_results": "_report._results",
    "load_suite": "_run",
    "protect": "_protect",
    "run_benchmark": "_run",
    "save_plots": "_report._plots",
    "summarize": "_report._results",
    "write_report": "_report._page",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home = importlib.import_module(f"sklearn_mid.benchmark.{_HOMES[name]}")
        return getattr(home, name)
    raise AttributeError(f"module 'sklearn_mid.benchmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
