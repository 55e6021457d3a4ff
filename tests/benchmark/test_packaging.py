"""What goes into the wheel."""

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_list_of_packages_is_complete():
    setuptools = pytest.importorskip("setuptools")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(settings["tool"]["setuptools"]["packages"])
    found = set(setuptools.find_packages(str(ROOT), include=["sklearn_mid*"]))
    assert listed == found | {"sklearn_mid.benchmark.suites"}
