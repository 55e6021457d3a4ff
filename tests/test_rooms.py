"""The import direction between rooms, and what a bare import may load."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRIVATE_NAMES_ROOM = ROOT / "sklearn_mid" / "utils" / "_sklearn_compat.py"


def test_rooms_import_in_one_direction():
    pytest.importorskip("importlinter")
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_files_that_are_no_modules_are_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]
    installed = {
        path
        for package, globs in patterns.items()
        for glob in globs
        for path in ROOT.joinpath(*package.split(".")).glob(glob)
    }
    there = {
        path
        for path in (ROOT / "sklearn_mid").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert there == installed


def test_heavy_dependencies_stay_out_of_a_bare_import():
    code = (
        "import sys, sklearn_mid\n"
        "import sklearn_mid.attacks, sklearn_mid.defenses, sklearn_mid.metrics\n"
        "import sklearn_mid.neural_network, sklearn_mid.datasets\n"
        "heavy = {'torch', 'matplotlib', 'diffprivlib', 'skorch', 'statsmodels'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    assert out.strip() == "[]"


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import sklearn_mid.benchmark._engine._folder", "numpy, pandas, sklearn"),
        ("import sklearn_mid.benchmark._engine._run", "pandas, sklearn, matplotlib"),
        (
            "from sklearn_mid import _arguments; _arguments._parser()",
            "numpy, sklearn, joblib",
        ),
    ],
)
def test_the_engine_and_the_command_load_no_more_than_they_need(code, unwanted):
    code += f"; import sys; print(set({unwanted!r}.split(', ')) & set(sys.modules))"
    out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT)
    assert out.strip() == "set()"


def test_private_names_of_scikit_learn_live_in_one_module():
    offenders = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in (ROOT / "sklearn_mid").rglob("*.py")
        if path != PRIVATE_NAMES_ROOM
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.lstrip().startswith(("from sklearn.", "import sklearn."))
        and ("._" in line or "import _" in line)
    ]
    assert not offenders


def test_rooms_are_attributes_of_the_package():
    import sklearn_mid

    assert sklearn_mid.tree.MIDDecisionTreeClassifier
    assert {"attacks", "benchmark", "tree"} <= set(dir(sklearn_mid))
    with pytest.raises(AttributeError, match="no attribute 'trees'"):
        _ = sklearn_mid.trees
