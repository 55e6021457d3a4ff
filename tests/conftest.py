"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_home():
    """Folder of real data files; tests that need one skip, loudly, without it."""
    folder = os.environ.get("SKLEARN_MID_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("REAL DATA MISSING: set SKLEARN_MID_DATA to the data folder")
    return Path(folder).resolve()
