"""Model files that anybody may have written."""

import io
import os
import pickle
import zipfile

import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from sklearn_mid.tree import MIDDecisionTreeClassifier
from sklearn_mid.utils._model_files import load_model

X, Y = [["a", 0], ["b", 1], ["a", 1]], ["no", "yes", "yes"]


def zipped(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def test_our_models_need_no_trust(tmp_path):
    tree = MIDDecisionTreeClassifier(0.01).fit(X, Y)
    skops.io.dump(tree, tmp_path / "tree.skops")
    assert list(load_model(tmp_path / "tree.skops").predict(X)) == Y


def test_types_that_are_not_trusted_are_named_unless_they_are(tmp_path):
    path = tmp_path / "a 'quoted' name.skops"
    skops.io.dump(FunctionTransformer(os.getpid), path)
    with pytest.raises(ValueError, match=r"not trusted: '(posix|nt).getpid'"):
        load_model(path)
    assert load_model(path, trusted=[f"{os.name}.getpid"]).func is os.getpid


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(LinearRegression()),
        b"",
        zipped(),
        zipped(**{"schema.json": "{"}),
        zipped(**{"schema.json": '{"__loader__": "ObjectNode"}'}),
        zipped(**{"schema.json": "[]"}),
    ],
)
def test_what_skops_did_not_write_is_refused(tmp_path, content):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"not a model written by skops|be restored"):
        load_model(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"cannot read the model file .*none.skops"):
        load_model(tmp_path / "none.skops")
