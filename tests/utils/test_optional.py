"""What to install is said at once, with a command that works."""

import re
import shlex
from pathlib import Path

import pytest

import sklearn_mid
from sklearn_mid.utils._optional import require, require_all


def test_every_missing_package_and_extra_is_named_at_once():
    with pytest.raises(
        ImportError, match=r"^this needs .*: 'nn_a', 'nn_b', 'dp_a'\."
    ) as e:
        require_all(
            {"nn": ["nn_a", "numpy", "nn_b"], "plot": ["numpy"], "dp": ["dp_a"]},
            needed_by="this",
        )
    assert re.search(r"\[nn,dp\]'?$", str(e.value))
    require_all({"nn": ["numpy", "sklearn"]}, needed_by="this")


def test_the_command_works_from_a_checkout(monkeypatch, tmp_path):
    """Its source is the folder with the package's metadata, wherever one stands."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImportError, match=r"^this needs 'missing'") as raised:
        require("missing.part", extra="nn", needed_by="this")
    source = shlex.split(str(raised.value))[-1]
    checkout = Path(sklearn_mid.__file__).parents[1]
    assert source == f"{checkout}[nn]"
    assert f"-e '{source}'" in str(raised.value) or f"-e {source}" in str(raised.value)


def test_without_a_checkout_the_package_is_named(monkeypatch, tmp_path):
    module = tmp_path / "a" / "b" / "_optional.py"
    monkeypatch.setattr("sklearn_mid.utils._optional.__file__", str(module))
    with pytest.raises(ImportError, match=r"pip install 'sklearn-mid\[nn\]'$"):
        require("missing.part", extra="nn", needed_by="this")
