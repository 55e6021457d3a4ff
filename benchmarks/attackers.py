"""What attackers read of the members of a full-depth tree, and of others.

    python benchmarks/attackers.py [--datasets fair gss adult] [--repetitions 2]

prints accuracy, area under the ROC curve, F1 of the second value and precision among
the most certain tenth, for each attack of the package, on an undefended tree and on one
that releases labels only: the mean over repetitions of the split.
"""

import argparse
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone

from sklearn_mid.attacks import (
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.benchmark._problems import _tables as tables
from sklearn_mid.defenses import LabelOnly
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.metrics import attack_scores

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


def rows(dataset, repetition):
    problem = getattr(tables, dataset)(random_state=repetition)
    people = {
        "members": (problem.X_train, problem.y_train),
        "others": (problem.X_test, problem.y_test),
    }
    for defence, defended in DEFENCES.items():
        model = defended(problem.estimator)
        target = model.fit(problem.X_train, problem.y_train)
        for name, attack in attacks(target, problem.sensitive_feature, repetition):
            try:
                attack.fit(problem.X_aux, problem.y_aux)
            except UnsupportedTargetError:
                continue
            for group, (X, y) in people.items():
                truth, proba = attack.sensitive_values(X), attack.infer_proba(X, y)
                guess = attack.values_[proba.argmax(axis=1)]
                scores = attack_scores(truth, guess, proba, values=attack.values_)
                yield {
                    "dataset": dataset,
                    "defence": defence,
                    "people": group,
                    "attack": name,
                    "accuracy": scores["accuracy"],
                    "roc_auc": scores["roc_auc"],
                    "f1": scores.get("f1_positive", scores["f1"]),
                    "top tenth": most_certain(proba, truth == guess),
                }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", nargs="+", default=["fair", "gss", "adult"])
    parser.add_argument("--repetitions", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for dataset in options.datasets:
        found = pd.DataFrame(
            [row for r in range(options.repetitions) for row in rows(dataset, r)]
        )
        keys = ["dataset", "defence", "people", "attack"]
        print(found.groupby(keys, sort=False).mean().round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
