import builtins

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.tree import MIDDecisionTreeClassifier, export_text, plot_tree

X = pd.DataFrame(
    {
        "word": ["a", "a", "b", "b", None, None, None, None],
        "number": [1.0, 4.0, np.nan, np.nan, 1.0, 1.0, 2.0, np.nan],
    }
)
Y = ["n", "y", "y", "y", "n", "n", "n", "y"]
MODEL = MIDDecisionTreeClassifier(0).fit(X, Y)


def test_text():
    assert export_text(MODEL) == "\n".join(
        [
            "|-- number <= 3.00",
            "|   |-- class: n",
            "|-- number > 3.00",
            "|   |-- class: y",
            "|-- number is missing",
            "|   |-- class: y",
        ]
    )
    text = export_text(
        MODEL, ["w", "x"], class_names=["No", "Yes"], decimals=1, show_weights=True
    )
    assert text.startswith("|-- x <= 3.0\n|   |-- class: No  [4, 0]\n")
    assert export_text(MODEL, max_depth=0) == "|-- ... (class so far: n)"


def test_text_of_categories():
    model = MIDDecisionTreeClassifier(0).fit(X[["word"]], [0, 0, 1, 1, 2, 2, 2, 2])
    lines = ["|-- word = a", "|-- word = b", "|-- word is missing"]
    assert export_text(model).splitlines()[::2] == lines
    known = MIDDecisionTreeClassifier(0).fit(X[["number"]], X["number"].isna())
    assert export_text(known).splitlines()[0] == "|-- number is known"
    root = MIDDecisionTreeClassifier(np.inf).fit(X, Y)
    assert export_text(root) == "|-- class: n"


def test_picture():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    ax = plot_tree(MODEL)
    assert [text.get_text() for text in ax.texts] == [
        "n\n[4, 4]",
        "number <= 3.00\nn\n[4, 0]",
        "number > 3.00\ny\n[0, 1]",
        "number is missing\ny\n[0, 3]",
    ]
    assert len(ax.lines) == 3
    assert plot_tree(MODEL, max_depth=0, ax=ax) is ax
    assert ax.texts[-1].get_text() == "n ...\n[4, 4]"
    pyplot.close("all")


def test_picture_without_matplotlib(monkeypatch):
    plain = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(
        "sklearn_mid.utils._optional.importlib.import_module", lambda name: refuse(name)
    )
    with pytest.raises(ImportError, match=r"plot_tree needs 'matplotlib'.*\[plot\]"):
        plot_tree(MODEL)


@pytest.mark.parametrize("function", [export_text, plot_tree])
def test_bad_arguments(function):
    with pytest.raises(
        TypeError, match=r"got estimator=DecisionTreeClassifier.*sklearn.tree"
    ):
        function(DecisionTreeClassifier().fit([[0], [1]], [0, 1]))
    with pytest.raises(NotFittedError):
        function(MIDDecisionTreeClassifier())
    with pytest.raises(ValueError, match=r"feature_names must hold 2 names.*got 1"):
        function(MODEL, feature_names=["a"])
    with pytest.raises(ValueError, match=r"class_names must hold 2 names.*got 3"):
        function(MODEL, class_names=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"'max_depth' .* Got -1"):
        function(MODEL, max_depth=-1)
