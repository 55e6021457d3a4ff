"""Every code block of README and user guide runs, and prints what it is said to print.

The Python blocks of a page share one namespace, in order; a ``text`` block right after
one is what it prints. Pages whose first line is ``.. slow`` take long.
"""

import contextlib
import importlib
import inspect
import io
import re
import shlex
import textwrap
import tomllib
import warnings
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

import sklearn_mid
from sklearn_mid import cli
from sklearn_mid._arguments import parse
from sklearn_mid.utils._sklearn_compat import DocLinks

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.rst", *sorted((ROOT / "docs").glob("**/*.rst"))]
BLOCK = re.compile(
    r"^\.\. code-block:: (\w+)\n(?:   +:.*\n)*\n((?:   .*\n|\n)+)", flags=re.MULTILINE
)
SLOW = "README.rst"


def blocks(page):
    text = page.read_text(encoding="utf-8") + "\n"
    return [(m[1], textwrap.dedent(m[2]).strip("\n")) for m in BLOCK.finditer(text)]


def pages_of(language):
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        if "auto_examples" in name or "generated" in name:
            continue
        if any(kind == language for kind, _ in blocks(page)):
            is_slow = name == SLOW or page.read_text("utf-8").startswith(".. slow")
            marks = [pytest.mark.slow] if is_slow else []
            yield pytest.param(page, id=name, marks=marks)


@pytest.mark.parametrize("page", pages_of("python"))
def test_python(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace, found = {"__name__": "__main__"}, blocks(page)
    for (kind, code), (after, said) in zip(found, [*found[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        printed = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), namespace)
        if after == "text":
            assert printed.getvalue().split() == said.split()


def commands(page):
    """Arguments of all lines of shell that call sklearn-mid."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^ {3,}(?:.*&& )?sklearn-mid (.*)$", text, re.MULTILINE):
        yield shlex.split(line, comments=True)


COMMANDS = {" ".join(c): c for page in PAGES for c in commands(page)}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_command_line_is_understood(arguments):
    assert parse(arguments).call


@pytest.mark.parametrize("page", pages_of("toml"))
def test_toml(page):
    for kind, text in blocks(page):
        if kind == "toml":
            assert tomllib.loads(text)


def estimators():
    for room in sklearn_mid.__all__:
        module = (
            importlib.import_module(f"sklearn_mid.{room}") if room[0] != "_" else cli
        )
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) and issubclass(thing, BaseEstimator):
                yield pytest.param(thing, f"{module.__name__}.{name}", id=name)


@pytest.mark.parametrize(("kind", "name"), estimators())
def test_html_repr_links_to_the_page_of_the_class(kind, name):
    link = object.__new__(kind)._get_doc_link()
    assert link.startswith("https://")
    assert link.endswith(f"/api/generated/{name}.html")


def test_the_site_has_the_results():
    page = (ROOT / "docs" / "results.rst").read_text(encoding="utf-8")
    for part in ("../benchmarks/README.rst", "_results/figures.rst"):
        assert f".. include:: {part}\n" in page


def test_the_address_of_the_site_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    site = project["urls"]["Documentation"]
    assert DocLinks._doc_link_template.startswith(site)
    assert project["urls"]["Changelog"].startswith(site)


def test_every_defence_is_in_the_table():
    table = (ROOT / "docs" / "guide" / "defenses.rst").read_text(encoding="utf-8")
    for room in ("defenses", "release", "linear_model", "tree", "neural_network"):
        module = importlib.import_module(f"sklearn_mid.{room}")
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) and issubclass(thing, BaseEstimator):
                assert f"sklearn_mid.{room}.{name}`" in table
