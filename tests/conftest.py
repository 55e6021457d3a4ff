"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor


@pytest.fixture(scope="session")
def data_home():
    """Folder of real data files; tests that need one skip, loudly, without it."""
    folder = os.environ.get("SKLEARN_MID_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("REAL DATA MISSING: set SKLEARN_MID_DATA to the data folder")
    return Path(folder).resolve()


@pytest.fixture(scope="module", autouse=True)
def _workers_of_their_own():
    """Processes that one module's tests limited or killed are not the next one's."""
    yield
    get_reusable_executor(reuse=False, kill_workers=True).shutdown(kill_workers=True)
