"""Tables as people have them, in the types that the model knows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from sklearn_mid.benchmark import audit
from sklearn_mid.benchmark._audit._reading import read_people, split_by
from sklearn_mid.tree import MIDDecisionTreeClassifier
from sklearn_mid.utils._parts import known_values

CODES = ["01", "1e3", "None", "True"]
X = pd.DataFrame({"code": CODES * 25, "x": np.arange(100.0)})
Y = pd.Series(np.arange(100) % 2)


def encoded(encoder):
    return make_pipeline(
        make_column_transformer((encoder, ["code"]), remainder="passthrough"),
        LogisticRegression(max_iter=1000),
    )


MODELS = [
    encoded(OneHotEncoder()),
    encoded(OrdinalEncoder()),
    GridSearchCV(encoded(OneHotEncoder()), {}, cv=2),
    MIDDecisionTreeClassifier(max_depth=2),
]


@pytest.mark.parametrize("model", MODELS)
def test_text_codes_stay_text(model, tmp_path):
    model.fit(X, Y)
    assert set(known_values(model)["code"]) == set(CODES)
    X.assign(y=Y).to_csv(tmp_path / "people.csv", index=False)
    path = str(tmp_path / "people.csv")
    read, y, _ = read_people(path, response="y", model=model)
    assert read["code"].tolist() == X["code"].tolist()
    assert read["x"].tolist() == X["x"].tolist()
    assert y.tolist() == Y.tolist()


def test_categories_of_boosting_stay_text(tmp_path):
    frame = X.assign(code=X["code"].astype("category"))
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", max_iter=3
    ).fit(frame, Y)
    X.assign(y=Y).to_csv(tmp_path / "people.csv", index=False)
    read, _, _ = read_people(str(tmp_path / "people.csv"), response="y", model=model)
    assert read["code"].tolist() == X["code"].tolist()
    np.testing.assert_array_equal(model.predict(read), model.predict(frame))


def test_members_are_told_by_what_is_written(tmp_path):
    model = LogisticRegression().fit(X[["x"]], Y)
    path = tmp_path / "people.csv"
    path.write_text("x,y,set\n1,0,1\n2,1,0\n3,0,\n4,1,1\n")
    read = read_people(str(path), response="y", model=model, more=["set"])
    (others, _), (members, _) = split_by(*read, "set=1")
    assert members["x"].tolist() == [1, 4]
    assert others["x"].tolist() == [2, 3]


def test_numbers_booleans_and_missing_values(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("\ufeffa;b;c;y\n1;True;NA;7\n2;False;x;8\n", encoding="utf-8")
    read, y, _ = read_people(str(path), response="y", model=object())
    assert read["a"].tolist() == [1, 2]
    assert read["b"].tolist() == [True, False]
    assert read["c"].isna().tolist() == [True, False]
    assert y.tolist() == [7, 8]
    typed, _, _ = read_people(
        str(path), response="y", model=object(), dtypes={"a": "text", "b": "text"}
    )
    assert typed["a"].tolist() == ["1", "2"]
    assert typed["b"].tolist() == ["True", "False"]


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    X.assign(y=Y).to_parquet(tmp_path / "people.parquet")
    read, _, _ = read_people(
        str(tmp_path / "people.parquet"), response="y", model=object()
    )
    assert read["code"].tolist() == X["code"].tolist()


def test_an_audit_refuses_what_the_model_does_not_know():
    model = encoded(OneHotEncoder(handle_unknown="ignore")).fit(X, Y)
    strange = X.assign(code=X["code"].map(dict(zip(CODES, range(4), strict=True))))
    with pytest.raises(ValueError, match="knows 0% of the values in column 'code'"):
        audit(model, strange, Y, "x")
