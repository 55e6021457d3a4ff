"""The plain ID3 beside the tests, as a fixture: test folders are no packages."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def plain_id3():
    path = Path(__file__).with_name("plain_id3.py")
    spec = importlib.util.spec_from_file_location("plain_id3", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
