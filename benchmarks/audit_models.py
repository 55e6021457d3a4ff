"""Audits of scikit-learn's kinds of models, as a user would run them.

    python benchmarks/audit_models.py [--people 2000]

trains each kind on people of the census, writes it by skops and the people as CSV,
and runs ``sklearn-mid audit MODEL people.csv --secret marital --response income
--members members.csv``: nothing is trusted by hand. Prints what each audit says, and
its seconds.
"""

import argparse
import contextlib
import json
import os
import tempfile
import time
import warnings

import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.cli import main
from sklearn_mid.datasets import fetch_adult


def kinds(X):
    """Models that take the people as they are, each of another kind."""
    numbers = list(X.select_dtypes("number").columns)
    texts = [name for name in X.columns if name not in numbers]

    def scaled(model):
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        columns = make_column_transformer((StandardScaler(), numbers), (one_hot, texts))
        return make_pipeline(columns, model)

    def coded(model):
        codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        columns = make_column_transformer((codes, texts), remainder="passthrough")
        return make_pipeline(columns, model)

    tree, linear = DecisionTreeClassifier(max_depth=6), LogisticRegression(max_iter=500)
    vote = VotingClassifier([("tree", tree), ("linear", linear)], voting="soft")
    return {
        "logistic regression": scaled(linear),
        "support vectors": scaled(SVC()),
        "neighbours": scaled(KNeighborsClassifier(15)),
        "naive Bayes": scaled(GaussianNB()),
        "neural net": scaled(MLPClassifier((16,), max_iter=30)),
        "tree, searched depth": GridSearchCV(
            coded(DecisionTreeClassifier()),
            {"decisiontreeclassifier__max_depth": [3, 6, None]},
        ),
        "random forest": coded(RandomForestClassifier()),
        "extra trees, calibrated": CalibratedClassifierCV(
            coded(ExtraTreesClassifier(30, min_samples_leaf=3))
        ),
        "gradient boosting": coded(GradientBoostingClassifier()),
        "boosting by histograms": HistGradientBoostingClassifier(
            categorical_features=texts
        ),
        "boosted trees (AdaBoost)": coded(AdaBoostClassifier(tree, n_estimators=10)),
        "stacking of a vote": scaled(StackingClassifier([("both", vote)])),
    }


def row(name, model, folder, secret, response, X, y):
    """Train, write, audit; what the audit's JSON says."""
    model_file = os.path.join(folder, "model.skops")
    report_file = os.path.join(folder, "report.json")
    skops.io.dump(model.fit(X, y), model_file)
    people, members = (os.path.join(folder, f"{n}.csv") for n in ("people", "members"))
    start = time.perf_counter()
    with contextlib.redirect_stdout(None):
        status = main(
            f"audit {model_file} {people} --secret {secret} --response {response} "
            f"--members {members} --seed 0 --format json -o {report_file}".split()
        )
    seconds = time.perf_counter() - start
    if status:
        return f"{name:26} exit status {status}"
    with open(report_file) as file:
        report = json.load(file)
    figures = {(r["source"], r["figure"]): r for r in report["sources"]}
    points = [figures.get((s, "accuracy")) for s in ("rule", "answer", "memory")]
    shown = [
        f"{'-':>8}  "
        if figure is None
        else f"{100 * figure['value']:8.1f}{'*' if figure['found'] else ' '} "
        for figure in points
    ]
    success = figures.get(("answer", "success"))
    seen = "-" if success is None else f"{success['value']:.3f}"
    return f"{name:26} {''.join(shown)} {seen:>8} {seconds:7.1f} s"


def run():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=2000, help="and as many members")
    n = parser.parse_args().people
    bunch = fetch_adult(subset="all")
    table = bunch.data.assign(**{bunch.target.name: bunch.target})
    table = table.sample(2 * n, random_state=0)
    members, others = table[:n], table[n:]
    X, y = members[bunch.data.columns], members[bunch.target.name]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        members.to_csv(os.path.join(folder, "members.csv"), index=False)
        others.to_csv(os.path.join(folder, "people.csv"), index=False)
        print(f"{n} people and {n} members; points by source, * found; answer guessed")
        print(f"{'kind':26}    rule     answer    memory    success   seconds")
        for name, model in kinds(X).items():
            found = row(name, model, folder, "marital", y.name, X, y)
            print(found, flush=True)


if __name__ == "__main__":
    run()
