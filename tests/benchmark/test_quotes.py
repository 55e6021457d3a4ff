"""Results that the documentation tells are those that were measured and kept."""

import pandas as pd
import pytest
import quotes

SENTENCE = "the answer gives {seen} of the secrets away"
QUOTE = {
    "file": "README.rst",
    "text": SENTENCE,
    "seen": {
        "suite": "s",
        "dataset": "d",
        "defence": "undefended",
        "attack": "seen",
        "metric": "accuracy",
        "show": ".2f",
    },
}


@pytest.fixture
def folder(tmp_path):
    row = {
        "kind": "attack",
        "dataset": "d",
        "defence": "undefended",
        "parameter": "",
        "strength": "",
        "attack": "seen",
        "population": "held-out",
    }
    figures = pd.DataFrame([row | {"repetition": r} for r in range(2)])
    kept = tmp_path / "kept" / "s"
    kept.mkdir(parents=True)
    figures.assign(accuracy=[0.75, 0.85]).to_csv(kept / "results.csv.gz", index=False)
    return tmp_path


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("First, the answer\ngives 0.80 of the secrets away.", None),
        ("First, the answer gives 0.81 of the secrets away.", "does not say: the ans"),
        ("The answer gives some away, 0.123 at that.", "where 0.123 is from"),
        ("The answer\ngives 0.80 of the secrets away, or 9.1 %", "where 9.1 % is from"),
    ],
)
def test_a_number_that_was_not_measured_is_found(folder, page, complaint):
    (folder / "README.rst").write_text(page.replace("The answer", "the answer"))
    found = "; ".join(quotes.problems({"quote": [QUOTE]}, folder, folder / "kept"))
    assert complaint in found if complaint else not found


def test_a_re_run_that_contradicts_a_sentence_is_found(folder):
    (folder / "README.rst").write_text(SENTENCE.format(seen="0.80"))
    path = folder / "kept" / "s" / "results.csv.gz"
    pd.read_csv(path).assign(accuracy=0.7).to_csv(path, index=False)
    found, *_ = quotes.problems({"quote": [QUOTE]}, folder, folder / "kept")
    assert "does not say: the answer gives 0.70" in found


def test_code_is_not_prose():
    code = ".. code-block:: python\n\n    0.78"
    page = f"Text 0.12::\n\n    0.34\n\n>>> 0.56\n{code}\n\nEnd."
    assert quotes.prose(page).split() == ["Text", "0.12::", "End."]


def test_every_number_of_the_documentation_is_accounted_for():
    entries = quotes.tomllib.loads(quotes.QUOTES.read_text())
    assert not list(quotes.problems(entries))
