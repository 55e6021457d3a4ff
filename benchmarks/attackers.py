"""What the package's attackers read, each table by a command.

    python benchmarks/attackers.py members    # of a full-depth tree, and of others
    python benchmarks/attackers.py covered    # whom a label-matching attack is sure of
    python benchmarks/attackers.py forest     # of a forest on Adult, inside and outside
    python benchmarks/attackers.py certain    # of the most certain tenth of members
    python benchmarks/attackers.py released   # from the answer that a person was given
    python benchmarks/attackers.py nets       # what a net holds for typical of a digit
    python benchmarks/attackers.py codes      # from confidences, and from a net's code
    python benchmarks/attackers.py updates    # the label of an update, by each rule

Means over ``--repetitions`` of the split, 2 by default. Accuracy, area under the ROC
curve, F1 of the second value, and precision among the most certain tenth.
"""

import argparse
import warnings
from functools import partial

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sklearn_mid.attacks import (
    GradientInversionAttack,
    ImputationBaseline,
    KnowledgeAlignmentAttack,
    LearnedAttack,
    MAPAttack,
    ReleasedAnswerAttack,
    UpdateLabelAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.benchmark._problems import _images as images
from sklearn_mid.benchmark._problems import _tables as tables
from sklearn_mid.defenses import LabelOnly
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.metrics import attack_scores
from sklearn_mid.neural_network import MIDNeuralNetClassifier

# Columns that say what a row is about.
NAMES = {
    "dataset",
    "defence",
    "people",
    "attack",
    "answer",
    "reg_lambda",
    "seen",
    "rule",
}
DEFENCES = {"undefended": clone, "label only": lambda model: LabelOnly(clone(model))}


def attacks(target, secret, seed):
    common = {"random_state": seed}
    labels = not hasattr(target, "predict_proba")
    yield "MAP", MAPAttack(target, secret, **common)
    yield "white box", WhiteBoxTreeAttack(target, secret)
    yield "learned", LearnedAttack(target, secret, **common)
    match = "match" if labels else "auto"
    yield (
        "joint",
        MAPAttack(target, secret, prior="learned", error_model=match, **common),
    )
    yield "match", MAPAttack(target, secret, error_model="match", **common)
    yield (
        "shadow",
        LearnedAttack(target, secret, train_on="shadow", **common),
    )
    yield (
        "no model",
        ImputationBaseline(secret, **common),
    )


def most_certain(proba, is_right, share=0.1):
    """Share of right guesses among those that the attack is most certain of."""
    n = max(1, round(share * len(proba)))
    order = np.argsort(-proba.max(axis=1), kind="stable")
    return is_right[order[:n]].mean()


def judged(fitted, X, y, **names):
    """One row of a table: how well an attack does on people."""
    truth = fitted.sensitive_values(X)
    proba = fitted.infer_proba(X, fitted.observe(X, y))
    guess = fitted.values_[proba.argmax(axis=1)]
    scores = attack_scores(truth, guess, proba, values=fitted.values_)
    return names | {
        "accuracy": scores["accuracy"],
        "roc_auc": scores["roc_auc"],
        "f1": scores.get("f1_positive", scores["f1"]),
        "top tenth": most_certain(proba, truth == guess),
    }


def populations(problem):
    """The people that the model was trained on, and others."""
    yield "members", problem.X_train, problem.y_train
    yield "others", problem.X_test, problem.y_test


def members(repetition, datasets=("fair", "gss", "adult")):
    for dataset in datasets:
        problem = getattr(tables, dataset)(random_state=repetition)
        for defence, defended in DEFENCES.items():
            model = defended(problem.estimator)
            target = model.fit(problem.X_train, problem.y_train)
            for name, attack in attacks(target, problem.sensitive_feature, repetition):
                try:
                    attack.fit(problem.X_aux, problem.y_aux)
                except UnsupportedTargetError:
                    continue
                names = {"dataset": dataset, "defence": defence}
                for group, X, y in populations(problem):
                    yield judged(attack, X, y, **names, people=group, attack=name)


def on_codes(model):
    """A model that takes numbers, on raw categories."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    return make_pipeline(encoder, model)


def adult_forest(repetition):
    problem = tables.adult(
        random_state=repetition,
        estimator=on_codes(RandomForestClassifier(random_state=repetition)),
    )
    return problem, problem.estimator.fit(problem.X_train, problem.y_train)


def forest(repetition):
    problem, target = adult_forest(repetition)
    secret = problem.sensitive_feature
    for name, attack in (
        ("MAP", MAPAttack(target, secret)),
        ("joint", MAPAttack(target, secret, prior="learned", random_state=0)),
        ("white-box counts", WhiteBoxTreeAttack(target, secret)),
        ("no model", ImputationBaseline(secret, random_state=0)),
    ):
        attack.fit(problem.X_aux, problem.y_aux)
        for group, X, y in populations(problem):
            yield judged(attack, X, y, people=group, attack=name)


def covered(repetition):
    problem, target = adult_forest(repetition)
    attack = MAPAttack(target, problem.sensitive_feature, error_model="match")
    attack.fit(problem.X_aux, problem.y_aux)
    for group, X, y in populations(problem):
        one_fits = attack.covered(X, y)
        right = attack.infer(X, y) == attack.sensitive_values(X)
        yield {
            "people": group,
            "covered": one_fits.mean(),
            "right where covered": right[one_fits].mean(),
            "right": right.mean(),
        }


def certain(repetition):
    """The most certain tenth, by the true response; others and no model beside."""
    problem, target = adult_forest(repetition)
    secret = problem.sensitive_feature
    for name, attack in (
        ("MAP", MAPAttack(target, secret)),
        ("no model", ImputationBaseline(secret, random_state=0)),
    ):
        attack.fit(problem.X_aux, problem.y_aux)
        for group, X, y in populations(problem):
            row = judged(attack, X, y, people=group, attack=name)
            yield {
                key: row[key] for key in ("people", "attack", "accuracy", "top tenth")
            }


def released(repetition):
    model = HistGradientBoostingClassifier(random_state=repetition)
    problem = tables.adult(random_state=repetition, estimator=on_codes(model))
    target = problem.estimator.fit(problem.X_train, problem.y_train)
    secret = problem.sensitive_feature
    answers = {
        "exact score": {},
        "2 decimals": {"decimals": 2},
        "1 decimal": {"decimals": 1},
        "label": {"release": "labels"},
    }
    options = {"prior": "learned", "random_state": 0}
    found = {
        name: ReleasedAnswerAttack(target, secret, **release, **options)
        for name, release in answers.items()
    }
    found["no answer"] = ImputationBaseline(secret, use_response=False, random_state=0)
    for name, attack in found.items():
        attack.fit(problem.X_aux, problem.y_aux)
        yield judged(attack, problem.X_test, problem.y_test, answer=name)


PRICES = (0.003, 0.03, 0.3)


def digits_net(task, reg_lambda, repetition):
    """Digits, and a net that pays for what its code tells."""
    problem = images.digits(random_state=repetition, task=task)
    net = MIDNeuralNetClassifier(
        reg_lambda, n_train_samples=8, random_state=repetition, **problem.net
    )
    return problem, net.fit(problem.X_train, problem.y_train)


def nets(repetition):
    strong = {"loss": "logit", "prior": "gaussian", "threshold": 1.0, "max_iter": 300}
    for price in PRICES:
        problem, net = digits_net("classes", price, repetition)
        labels = np.unique(problem.y_train)
        for name, options in (
            ("probability, draws", {"path": "draws"}),
            ("logit, mean path, Gaussian prior", {"path": "mean", **strong}),
        ):
            attack = GradientInversionAttack(net, random_state=repetition, **options)
            found = attack.fit(problem.X_aux).reconstruct(labels)
            yield {
                "reg_lambda": price,
                "attack": name,
                "recognised": np.mean(problem.evaluator.predict(found) == labels),
                "accuracy of the net": net.score(problem.X_test, problem.y_test),
            }


def codes(repetition):
    for price in PRICES:
        problem, net = digits_net("records", price, repetition)
        for release in ("confidences", "code"):
            attack = KnowledgeAlignmentAttack(
                net, release=release, random_state=repetition
            ).fit(problem.X_aux, problem.y_aux)
            yield {
                "reg_lambda": price,
                "seen": release,
                "gain": attack.score(problem.X_train, problem.y_train),
            }


def updates(repetition):
    problem = images.mnist(random_state=repetition)
    for price in (0.003, 0.1):
        net = MIDNeuralNetClassifier(
            price, n_train_samples=8, random_state=repetition, **problem.net
        ).fit(problem.X_train, problem.y_train)
        for rule in ("network", "summaries", "log-odds"):
            attack = UpdateLabelAttack(
                net, rule=rule, n_updates=500, n_shadows=2, random_state=repetition
            ).fit(problem.X_aux, problem.y_aux)
            yield {
                "reg_lambda": price,
                "rule": rule,
                "accuracy": attack.score(problem.X_update, problem.y_update),
            }


TABLES = {
    table.__name__: table
    for table in (members, covered, forest, certain, released, nets, codes, updates)
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", nargs="?", default="members", choices=TABLES)
    parser.add_argument("--datasets", nargs="+", help="those of members")
    parser.add_argument("--repetitions", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = TABLES[options.table]
    if options.table == "members" and options.datasets:
        table = partial(members, datasets=options.datasets)
    found = pd.DataFrame([row for r in range(options.repetitions) for row in table(r)])
    keys = [key for key in found if key in NAMES]
    print(found.groupby(keys, sort=False).mean().round(3).to_string())


if __name__ == "__main__":
    main()
