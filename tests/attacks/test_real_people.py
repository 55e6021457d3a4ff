"""The figures of the tables, reproduced on the data they come from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    ImputationBaseline,
    MAPAttack,
    PriorBaseline,
    WhiteBoxTreeAttack,
)
from sklearn_mid.datasets import fetch_adult, fetch_iwpc


def on_codes(model):
    text = make_column_selector(dtype_exclude="number")
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = ColumnTransformer([("text", encode, text)], remainder="passthrough")
    return make_pipeline(steps, model)


@pytest.mark.parametrize(
    ("secret", "attacked", "majority"),
    [("vkorc1", 0.567, 0.353), ("cyp2c9", 0.752, 0.754)],
)
def test_warfarin_dose_tells_the_genotype(data_home, secret, attacked, majority):
    X, y = fetch_iwpc(return_X_y=True, as_frame=True, data_home=data_home)
    y = np.interp(y, (y.min(), y.max()), (-1, 1))
    found = []
    for seed in range(5):
        X_fit, X_held, y_fit, y_held = train_test_split(X, y, random_state=seed)
        model = on_codes(LinearRegression()).fit(X_fit, y_fit)
        attacks = (
            MAPAttack(model, secret),
            MAPAttack(model, secret, calibrate=True),
            PriorBaseline(secret),
        )
        found.append([a.fit(X_fit, y_fit).score(X_held, y_held) for a in attacks])
    expected = [attacked, attacked, majority]
    assert_allclose(np.mean(found, axis=0), expected, atol=0.01)


def test_most_of_what_income_tells_of_marriage_is_the_population(data_home):
    X, y = fetch_adult(return_X_y=True, subset="train", data_home=data_home)
    X_held, y_held = fetch_adult(return_X_y=True, subset="test", data_home=data_home)
    text = X.select_dtypes(exclude="number").columns
    X, X_held = X[text], X_held[text]
    model = on_codes(DecisionTreeClassifier(criterion="entropy", random_state=0))
    model.fit(X, y)
    attacks = (
        PriorBaseline("marital"),
        MAPAttack(model, "marital"),
        WhiteBoxTreeAttack(model, "marital"),
        ImputationBaseline("marital", random_state=0),
    )
    found = [a.fit(X, y).score(X_held, y_held) for a in attacks]
    assert_allclose(found, [0.525, 0.691, 0.742, 0.748], atol=0.005)
