"""Is every result that the documentation tells what was measured?

    python benchmarks/quotes.py            check; exit status 1 if something is not
    python benchmarks/quotes.py --values   print what each quotation should say

``benchmarks/quotes.toml`` lists the sentences that quote kept results, with blanks for
numbers and what fills each blank:

    [[quote]]
    file = "README.rst"
    text = "the answer gives {seen} of the secrets away"
    seen = { suite = "release-adult", dataset = "adult-forest", defence = "undefended",
             attack = "answer seen", metric = "accuracy" }

The sentence must stand in the file, line breaks aside, with the blanks filled from
``benchmarks/results``. A blank is the mean over repetitions on held-out people; keys
``strength``, ``people``, ``statistic`` and ``show``, a format, say otherwise; of a
model leave out ``attack``, of a guess without one ``defence``.
Numbers that a command prints are listed as ``[[printed]]`` with file, text, command;
numbers that are no result as ``[[other]]`` with file, text, why. A number with two
decimals or more, or a percentage with one, that is in none of these is an error, too.
"""

import argparse
import functools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from keep import KEPT, read_kept

ROOT = Path(__file__).resolve().parents[1]
QUOTES = Path(__file__).with_name("quotes.toml")
# Pages whose numbers must be accounted for; those made of templates are all filled in.
FILES = ("README.rst", "docs/*.rst", "docs/*/*.rst")
MADE = ("docs/results.rst", "docs/_build", "docs/auto_examples", "docs/generated")
_NUMBER = re.compile(
    r"(?<!Python )(?<![\w./:-])\d*\.\d{2,}(?![\w.]*\d)|(?<![\w.])\d+\.\d+ ?%"
)


@functools.cache
def kept(suite: str, folder: Path = KEPT) -> pd.DataFrame:
    """The kept figures of a suite."""
    return read_kept(folder / suite)


def value(
    suite: str,
    dataset: str,
    metric: str,
    *,
    defence: str = "",
    attack: str = "",
    strength: float | None = None,
    people: str = "held-out",
    statistic: str = "mean",
    folder: Path = KEPT,
) -> float:
    """One figure over its repetitions.

    Raises
    ------
    LookupError
        If there is no such figure, or there are several of a repetition.
    """
    frame = kept(suite, folder)
    kind = ("attack" if attack else "model") if defence else "baseline"
    rows = frame[
        (frame["kind"] == kind)
        & (frame["dataset"] == dataset)
        & (frame["defence"] == defence)
        & (frame["attack"] == attack)
        & (frame["population"] == people)
        & (frame["metric"] == metric)
    ]
    if strength is not None:
        rows = rows[np.isclose(rows["strength"].astype(float), strength)]
    asked = (
        f"{suite}, {dataset}: {metric} of {defence or 'no model'}, {attack}, {people}"
    )
    if not len(rows):
        raise LookupError(f"nothing is kept of {asked}, strength {strength}.")
    if rows.duplicated("repetition").any():
        raise LookupError(f"several are kept of {asked}; say which strength.")
    return float(rows["value"].agg(statistic))


def filled(quote: dict[str, Any], folder: Path = KEPT) -> str:
    """A quotation's text with the measured numbers."""
    blanks = {}
    for name, blank in quote.items():
        if isinstance(blank, dict):
            asked = dict(blank)
            show = asked.pop("show", ".3f")
            blanks[name] = format(value(**asked, folder=folder), show)
    return quote["text"].format(**blanks)


def plain(text: str) -> str:
    """Text without line breaks and without the bars and commas of a page's layout."""
    return " ".join(text.split())


def pages(root: Path = ROOT) -> Iterator[Path]:
    """Whose numbers must be accounted for."""
    for pattern in FILES:
        for path in sorted(root.glob(pattern)):
            if not path.relative_to(root).as_posix().startswith(MADE):
                yield path


def prose(text: str) -> str:
    """A page without its blocks of code and its directives' options."""
    kept_lines, indent = [], None
    for line in text.splitlines():
        margin = len(line) - len(line.lstrip())
        if indent is not None and (not line.strip() or margin > indent):
            continue
        indent = None
        is_code = re.match(
            r"\s*\.\. (code-block|testcode|plot|image|figure|raw|_|math|doctest)", line
        )
        if is_code or re.match(r"\s*(>>>|\.\.\. |:\w+:)", line):
            indent = margin if is_code else None
            continue
        kept_lines.append(line)
        if line.rstrip().endswith("::"):
            indent = margin
    return "\n".join(kept_lines)


def numbers(text: str) -> list[str]:
    """Numbers of a text that may be results."""
    return [found[0] for found in _NUMBER.finditer(text)]


def problems(
    quotes: dict[str, list[dict[str, Any]]], root: Path = ROOT, folder: Path = KEPT
) -> Iterator[str]:
    """What is said and was not measured, in words."""
    known: dict[str, list[str]] = {}
    for kind in ("quote", "printed", "other"):
        for entry in quotes.get(kind, []):
            says = plain(filled(entry, folder) if kind == "quote" else entry["text"])
            stands = says in plain((root / entry["file"]).read_text())
            if not stands and kind != "other":
                yield f"{entry['file']} does not say: {says}"
            known.setdefault(entry["file"], []).append(says)
    for path in pages(root):
        name = path.relative_to(root).as_posix()
        rest = plain(prose(path.read_text()))
        for says in sorted(known.get(name, ()), key=len, reverse=True):
            rest = rest.replace(says, " ")
        for found in _NUMBER.finditer(rest):
            around = rest[max(found.start() - 50, 0) : found.end() + 30]
            yield f"{name}: nothing says where {found[0]} is from: ...{around}..."


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", action="store_true")
    options = parser.parse_args()
    quotes = tomllib.loads(QUOTES.read_text())
    if options.values:
        for quote in quotes.get("quote", []):
            print(f"{quote['file']}: {filled(quote)}")
        return 0
    found = list(problems(quotes))
    print("\n".join(found) or "Every number is accounted for.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
