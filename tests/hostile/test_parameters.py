"""Every parameter of every public name, given what no parameter should be given."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def _nothing_is_written_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


HOSTILE = {
    "None": None,
    "True": True,
    "-1": -1,
    "0": 0,
    "0.5": 0.5,
    "1.5": 1.5,
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "1e308": 1e308,
    "complex": 1j,
    "empty text": "",
    "text": "nonsense",
    "bytes": b"\xff",
    "NA": pd.NA,
    "empty list": [],
    "nested list": [[1, [2]], "a"],
    "dict": {"a": np.nan},
    "object": object(),
    "class": int,
    "function": lambda *args, **kwargs: None,
    "array": np.array([1.0, np.nan]),
    "empty array": np.empty((0, 3)),
}


def test_every_public_name_is_called(calls, public):
    assert {call.name.split(".")[0] for call in calls} == public


def test_the_call_works(call, outcome):
    assert outcome(call) is None


def test_refused_by_name_or_served(call, parameter, outcome, names):
    failures = []
    for kind, value in HOSTILE.items():
        try:
            refused = outcome(call, **{parameter: value})
        except Exception as error:
            refused = f"{type(error).__name__}: {error}"
        if refused and not names(refused, [parameter]):
            failures.append(f"{kind}: {refused}")
    assert not failures, "\n".join(failures)
