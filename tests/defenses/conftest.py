"""Fixtures of the defences' tests."""

import pytest


@pytest.fixture(scope="module")
def diffprivlib():
    """Skip, loudly, where diffprivlib cannot be imported (scikit-learn >= 1.9)."""
    from sklearn_mid.utils._optional import require

    try:
        return require("diffprivlib.mechanisms", extra="dp", needed_by="this test")
    except ImportError as error:
        pytest.skip(f"DIFFPRIVLIB MISSING: {error}")
