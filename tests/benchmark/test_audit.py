"""One model against every attack that fits it."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

from sklearn_mid.benchmark import audit
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.tree import MIDDecisionTreeClassifier


def people(n=600):
    """Whose response is a fair coin, in the secret's favour for half of them."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.choice(["no", "yes"], size=(n, 3)), columns=list("abs"))
    copies = rng.random(n) < 0.5
    return X, X["s"].where(copies, rng.choice(["no", "yes"], size=n))


def test_a_tree_that_says_the_secret():
    X, y = people()
    tree = MIDDecisionTreeClassifier(0.0, sensitive_features=["s"], max_depth=1)
    report = audit(tree.fit(X, y), X, y, "s", members=(X, y), random_state=0)
    assert set(report["people"]) == {"held-out", "members"}
    assert set(report["skipped"]) == {""}
    figures = report[report["people"] == "held-out"].set_index("attack")
    assert list(figures["n"].unique()) == [300]
    # Three quarters respond as their secret is: with the response known, that is all
    # there is to know, with a model or without.
    for attack in ("MAP", "white-box counts", "imputation"):
        assert_allclose(figures.loc[attack, "accuracy"], 0.75, atol=0.08)
    assert figures.loc["MAP", "advantage_low"] > 0.1
    assert figures.loc["learned", "advantage_low"] <= 0
    assert np.isnan(figures.loc["imputation", "advantage"])


def test_a_regression_has_no_tree_inside():
    rng = np.random.default_rng(0)
    X = rng.integers(2, size=(400, 2)).astype(float)
    y = X @ [1.0, 1.0] + 0.1 * rng.normal(size=400)
    report = audit(LinearRegression().fit(X, y), X, y, 1, random_state=0)
    report = report.set_index("attack")
    assert (report.loc[["MAP", "MAP, re-scaling", "learned"], "accuracy"] > 0.95).all()
    white_box = report.loc["white-box counts"]
    assert "made of decision trees is needed" in white_box["skipped"]
    assert np.isnan(white_box["accuracy"])


def test_a_model_that_was_never_shown_the_secret_has_no_tree_to_count_in():
    X, y = people()
    model = OmitFeature(MIDDecisionTreeClassifier(0.0, max_depth=1), ["s"]).fit(X, y)
    report = audit(model, X, y, "s", random_state=0).set_index("attack")
    assert report.loc["MAP", "advantage"] == 0
    assert "OmitFeature" in report.loc["white-box counts", "skipped"]


def test_a_model_that_draws_noise_is_asked_often():
    pytest.importorskip("torch")
    from sklearn_mid.benchmark._audit import _attacks
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    attacks = _attacks(MIDNeuralNetClassifier(), 0, seed=0)
    assert attacks["MAP"].n_queries == attacks["learned"].n_queries == 12
