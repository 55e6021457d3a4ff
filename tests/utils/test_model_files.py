"""Model files that anybody may have written."""

import io
import os
import pickle
import zipfile
from functools import partial

import numpy as np
import pytest
import sklearn
import skops.io
from numpy.testing import assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import MAPAttack
from sklearn_mid.defenses import ConfidenceRounding
from sklearn_mid.model_selection import (
    best_utility_under_advantage,
    make_attack_scorer,
)
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


TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
DEPTHS = {"max_depth": [1, 2]}
MODELS = {
    "forest": RandomForestClassifier(3),
    "extra trees": ExtraTreesClassifier(3),
    "gradient boosting": GradientBoostingClassifier(n_estimators=2),
    "boosting": HistGradientBoostingClassifier(max_iter=2),
    "boosting, categories": HistGradientBoostingClassifier(
        max_iter=2, categorical_features=[0]
    ),
    "ada": AdaBoostClassifier(n_estimators=2),
    "bagging": BaggingClassifier(n_estimators=2),
    "voting": VotingClassifier([("tree", TREE), ("linear", LogisticRegression())]),
    "voting regressor": VotingRegressor([("linear", LinearRegression())]),
    "stacking": StackingClassifier([("tree", TREE)]),
    "calibrated": CalibratedClassifierCV(TREE),
    "calibrated, isotonic": CalibratedClassifierCV(TREE, method="isotonic"),
    "grid search": GridSearchCV(TREE, DEPTHS),
    "grid search, f1": GridSearchCV(
        TREE, DEPTHS, scoring=make_scorer(f1_score), cv=StratifiedKFold(3)
    ),
    "random search": RandomizedSearchCV(TREE, DEPTHS, n_iter=2, scoring="roc_auc"),
    "attacked search": GridSearchCV(
        TREE,
        DEPTHS,
        scoring={
            "utility": "accuracy",
            "neg_advantage": make_attack_scorer(MAPAttack(TREE, 0)),
        },
        refit=best_utility_under_advantage(1.0),
    ),
    "neighbours": KNeighborsClassifier(),
    "neighbours, ball tree": KNeighborsClassifier(algorithm="ball_tree", p=1),
    "MLP": MLPClassifier(solver="lbfgs", max_iter=2000),
    "MLP, adam": MLPClassifier((3,), tol=10),
    "tuned threshold": TunedThresholdClassifierCV(TREE),
    "fixed threshold": FixedThresholdClassifier(TREE),
    "Gaussian process": GaussianProcessClassifier(),
    "selected": make_pipeline(SelectKBest(f_classif, k=2), TREE),
    "splines": make_pipeline(
        SplineTransformer(), StandardScaler(), LogisticRegression()
    ),
    "columns": make_pipeline(
        make_column_transformer((StandardScaler(), make_column_selector(".*"))), TREE
    ),
    "defended": ConfidenceRounding(RandomForestClassifier(3)),
}


@pytest.mark.parametrize("kind", MODELS)
def test_models_that_people_have_need_no_trust(tmp_path, kind):
    X, y = load_iris(return_X_y=True, as_frame=kind == "columns")
    X, y = X[:100].round(), y[:100]
    model = MODELS[kind].fit(X, y)
    skops.io.dump(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_array_equal(loaded.predict(X), model.predict(X))


def test_what_a_module_of_ours_imports_is_not_ours(tmp_path):
    import sklearn_mid.defenses._omit as room

    path = tmp_path / "model.skops"
    skops.io.dump(FunctionTransformer(room.clone), path)
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = archive.read("schema.json").decode()
    forged = schema.replace('"sklearn.base"', '"sklearn_mid.defenses._omit"')
    assert forged != schema
    path.write_bytes(zipped(**{"schema.json": forged}))
    with pytest.raises(ValueError, match=r"'sklearn_mid.defenses._omit.clone'"):
        load_model(path)


def test_another_version_is_said_in_one_line(tmp_path):
    forest = RandomForestClassifier(20).fit(np.eye(4), [0, 1, 0, 1])
    skops.io.dump(forest, tmp_path / "new.skops")
    with zipfile.ZipFile(tmp_path / "new.skops") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    here = sklearn.__version__.encode()
    assert here in files["schema.json"]
    files["schema.json"] = files["schema.json"].replace(here, b"1.2.3")
    path = tmp_path / "old.skops"
    path.write_bytes(zipped(**files))
    with pytest.warns(
        UserWarning, match=f"scikit-learn 1.2.3 wrote it, this is {sklearn.__version__}"
    ) as said:
        load_model(path)
    (warning,) = said
    assert "\n" not in str(warning.message)


def test_types_that_are_not_trusted_are_named_unless_they_are(tmp_path):
    path = tmp_path / "a 'quoted' name.skops"
    skops.io.dump(FunctionTransformer(partial(os.getpid)), path)
    with pytest.raises(
        ValueError, match=r"not trusted: '(posix|nt).getpid'.* add: --trust \1.getpid$"
    ):
        load_model(path)
    assert load_model(path, trusted=[f"{os.name}.getpid"]).func.func is os.getpid


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
