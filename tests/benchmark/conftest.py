"""Suites of toy parts, named by import path, for the engine's tests."""

import os
from pathlib import Path

import pytest

from sklearn_mid.benchmark._engine._spec import parse_suite
from sklearn_mid.benchmark._problems import CATALOGUE

TOYS = Path(__file__).parent / "toys"


@pytest.fixture(autouse=True)
def _toys_importable(monkeypatch):
    monkeypatch.syspath_prepend(str(TOYS))
    paths = [str(TOYS), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


@pytest.fixture
def log(monkeypatch, tmp_path):
    """Lines that the toys have written down so far."""
    path = tmp_path / "toys.log"
    path.touch()
    monkeypatch.setenv("BENCHMARK_TOYS_LOG", str(path))
    return lambda: path.read_text().splitlines()


@pytest.fixture
def toy():
    """A table of a suite that uses one of the toys."""
    return lambda name, kind, **others: {
        "name": name,
        "use": f"benchmark_toys:{kind}",
        **others,
    }


@pytest.fixture
def toy_document(toy):
    """A suite of two defences (one with two strengths) and one attack, as in TOML."""
    return lambda **tables: {
        "name": "toy",
        "repetitions": 2,
        "dataset": [toy("numbers", "dataset")],
        "defence": [
            toy("plain", "defence"),
            toy("shifted", "defence", strength={"shift": [0.5, 1.0]}),
        ],
        "attack": [toy("mean", "attack")],
        "baseline": [],
        **tables,
    }


@pytest.fixture
def toy_suite(toy_document):
    return lambda **tables: parse_suite(toy_document(**tables), catalogue=CATALOGUE)
