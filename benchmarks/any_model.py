"""MID for any model: what its two parts are worth, by the package's own attackers.

    python benchmarks/any_model.py channel     Adult, boosting: the answer, at a price
    python benchmarks/any_model.py distilled   Fair, Adult, NHANES: members and others
    python benchmarks/any_model.py both        both parts around forests
    python benchmarks/any_model.py warfarin    a regressor
    python benchmarks/any_model.py limits      where it does not help

Means over three splits (``--splits``), standard deviations in brackets; ``--data``
names some of the tables. Strengths are given beforehand, or chosen by what the model
says of its own training records; nothing is chosen on people that are attacked or
tested. Attackers:

- *joint*: knows the response, asks the model at every value of the secret, and weighs
  by what a classifier of the secret has learned from labelled records of other people.
  Members are the model's training people, others are tested. "top tenth": precision
  among those of whom the attacker is most certain. Members' lead over others is partly
  luck: some people are easier to guess, model or not. "memory" is their lead less that
  which an attacker without any model has on the same people, who knows as much;
  once in AUC, once in the top tenth.
- *white box*: has the file of a forest or of its student, and reads its leaf sizes.
- *answer seen*: knows what the model answered about a person instead of the response.
- *no model*: such a classifier alone, of the known columns and, where others know the
  response, of that too.
"""

import argparse
import tempfile
import time
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

from sklearn_mid.attacks import (
    ImputationBaseline,
    MAPAttack,
    ReleasedAnswerAttack,
    WhiteBoxTreeAttack,
)
from sklearn_mid.datasets import fetch_adult, fetch_iwpc, fetch_nhanes, load_fair
from sklearn_mid.defenses import ConfidenceRounding, OmitFeature
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier, MIDRegressor

ATTACKER = HistGradientBoostingClassifier(
    max_iter=60, learning_rate=0.08, max_leaf_nodes=12, random_state=0
)


def two_classes():
    """Fair's survey with two classes: marriages rated very good, and the others."""
    data = load_fair()
    rating = data.target.astype(str)
    happy = rating.where(rating == "very good", "not")
    return SimpleNamespace(data=data.data, target=happy)


# Secret, members, tested people, attacker's people.
DATA = {
    "Fair": (load_fair, "affairs", 3200, 1500, 1500),
    "Fair, two classes": (two_classes, "affairs", 3200, 1500, 1500),
    "Adult": (lambda: fetch_adult(subset="all"), "marital", 8000, 4000, 4000),
    "NHANES": (fetch_nhanes, "Depressed", 1400, 600, 600),
}
NAMES = [*DATA, "Adult's files"]
Rows = namedtuple("Rows", ("X", "y"))
FORESTS = {"forest": RandomForestClassifier(60, random_state=0)}
MODELS = {**FORESTS, "boosting": HistGradientBoostingClassifier(random_state=0)}


def as_codes(X):
    """Categories as numbers: what forests and attackers take alike."""
    coded = X.copy()
    for name in X.select_dtypes("category"):
        coded[name] = X[name].cat.codes.astype(float)
    return coded.astype(float)


def parts_of(name, repetition):
    if name == "Adult's files":
        return "marital", files_of_adult(repetition)
    load, secret, n_members, n_tested, n_known = DATA[name]
    data = load()
    split = target_auxiliary_split(
        as_codes(data.data),
        data.target.to_numpy(),
        target_size=n_members,
        test_size=n_tested,
        auxiliary_size=n_known,
        random_state=repetition,
    )
    return secret, split


def files_of_adult(repetition):
    """Members of the larger file, others of the smaller; half of them are attacked."""
    people = []
    for subset in ("train", "test"):
        data = fetch_adult(subset=subset)
        rng = np.random.RandomState(1 + repetition)
        rows = rng.choice(len(data.target), 8000, replace=False)
        X = as_codes(data.data).iloc[rows]
        people.append(Rows(X, data.target.to_numpy()[rows]))
    members, others = people
    known, tested = (Rows(others.X[k::2], others.y[k::2]) for k in (0, 1))
    return SimpleNamespace(target=members, auxiliary=known, test=tested)


def auc(secret, proba):
    """Of a secret with two values or, averaged one against the rest, of more."""
    if proba.shape[1] == 2:
        return roc_auc_score(secret, proba[:, 1])
    return roc_auc_score(secret, proba, multi_class="ovr")


def joint(model, secret, split):
    """Members' and others' AUC and precision of the most certain tenth."""
    attack = MAPAttack(model, secret, prior=ATTACKER)
    return judged(attack.fit(split.auxiliary.X, split.auxiliary.y), split)


def white_box(model, secret, split):
    """The same AUC by who reads the leaves of a forest; nothing of other models."""
    attack = WhiteBoxTreeAttack(model, secret)
    try:
        attack.fit(split.auxiliary.X, split.auxiliary.y)
    except UnsupportedTargetError:
        return {}
    figures = judged(attack, split)
    return {f"white box, {who}": figures[f"{who} AUC"] for who in ("members", "others")}


def judged(attack, split):
    figures = {}
    for people, part in (("members", split.target), ("others", split.test)):
        proba = attack.infer_proba(part.X, part.y)
        truth = attack.sensitive_values(part.X)
        right = attack.values_[proba.argmax(axis=1)] == truth
        top = np.argsort(-proba.max(axis=1), kind="stable")[: len(right) // 10]
        figures[f"{people} AUC"] = auc(truth, proba)
        figures[f"{people} top tenth"] = right[top].mean()
    return figures


def add_memory(table):
    """Members' lead over others, less their lead where there is no model."""
    for row, runs in table.items():
        for figures, without in zip(runs, table["no model"], strict=True):
            for what in ("AUC", "top tenth"):
                if f"members {what}" in figures and row != "no model":
                    lead, luck = (
                        f[f"members {what}"] - f[f"others {what}"]
                        for f in (figures, without)
                    )
                    figures[f"memory, {what}"] = lead - luck


def without_model(secret, split):
    """The row of who has no model; a constant one tells nothing by its answer."""
    classes = split.target.y.dtype == object
    constant = DummyClassifier() if classes else DummyRegressor()
    constant.fit(split.target.X, split.target.y)
    row = {"answer seen": answer_seen(constant, secret, split)}
    if classes:
        attack = ImputationBaseline(secret, classifier=ATTACKER)
        row |= judged(attack.fit(split.auxiliary.X, split.auxiliary.y), split)
    return {"no model": row}


def answer_seen(model, secret, split, **given):
    attack = ReleasedAnswerAttack(model, secret, prior=ATTACKER, **given)
    attack.fit(split.auxiliary.X, split.auxiliary.y)
    return attack.score(split.test.X)


def utility(model, split):
    proba = np.clip(model.predict_proba(split.test.X), 0.01, 1)
    proba /= proba.sum(axis=1, keepdims=True)
    return {
        "accuracy": model.score(split.test.X, split.test.y),
        "log loss": log_loss(split.test.y, proba, labels=model.classes_),
    }


def show(title, table):
    """Print means and standard deviations; `table` maps rows to lists of figures."""
    print(f"\n{title}", flush=True)
    names = list(dict.fromkeys(k for runs in table.values() for r in runs for k in r))
    width = max(map(len, table)) + 2
    print(" " * width + "".join(f"{name:>21}" for name in names))
    for row, runs in table.items():
        cells = []
        for name in names:
            values = [run[name] for run in runs if name in run]
            spread = np.std(values, ddof=1) if len(values) > 1 else 0.0
            text = f"{np.mean(values):.4f} ({spread:.4f})" if values else "-"
            cells.append(f"{text:>21}")
        print(f"{row:{width}}" + "".join(cells), flush=True)


def add_rows(table, rows):
    for row, figures in rows.items():
        table.setdefault(row, []).append(figures)


def distilled(n_splits, data):
    for name in data:
        for model_name, model in MODELS.items():
            table = {}
            for repetition in range(n_splits):
                secret, split = parts_of(name, repetition)
                people = split.target.X, split.target.y
                student = MIDClassifier(model, [secret], 0, random_state=0)
                rows = {
                    "undefended": clone(model).fit(*people),
                    "distilled": student.fit(*people),
                }
                if "early_stopping" in model.get_params():
                    # Teachers that stop early pass less on; the student is the same.
                    teacher = clone(model).set_params(early_stopping=True)
                    frugal = clone(student).set_params(estimator=teacher, student=model)
                    rows["distilled, stopped early"] = frugal.fit(*people)
                for row, fitted in rows.items():
                    figures = utility(fitted, split) | joint(fitted, secret, split)
                    figures |= white_box(fitted, secret, split)
                    table.setdefault(row, []).append(figures)
                add_rows(table, without_model(secret, split))
            add_memory(table)
            show(f"{name}, {model_name}, distillation alone", table)


def both(n_splits, data):
    for name in data:
        for model_name, model in FORESTS.items():
            table = {}
            for repetition in range(n_splits):
                secret, split = parts_of(name, repetition)
                people = split.target.X, split.target.y
                fitted = {
                    "undefended": clone(model).fit(*people),
                    "omitting": OmitFeature(model, [secret]).fit(*people),
                }
                with tempfile.TemporaryDirectory() as memory:
                    for reg_lambda in (0.01, 0.03, 0.1, 0.3, 1):
                        fitted[f"both parts, {reg_lambda}"] = MIDClassifier(
                            model, [secret], reg_lambda, memory=memory, random_state=0
                        ).fit(*people)
                fitted["channel alone, 0.1"] = MIDClassifier(
                    model, [secret], 0.1, distill=False, random_state=0
                ).fit(*people)
                for row, defended in fitted.items():
                    figures = utility(defended, split)
                    figures["answer seen"] = answer_seen(defended, secret, split)
                    figures |= joint(defended, secret, split)
                    table.setdefault(row, []).append(figures)
                add_rows(table, without_model(secret, split))
            add_memory(table)
            show(f"{name}, {model_name}, both parts", table)


STRENGTHS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.3)


def channel(n_splits, data):
    adult = fetch_adult(subset="all")
    boosting = HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=0
    )
    for secret in ("marital", "sex"):
        table, chosen = {}, {}
        for repetition in range(n_splits):
            split = target_auxiliary_split(
                adult.data,
                adult.target.to_numpy(),
                target_size=30_000,
                test_size=10_000,
                auxiliary_size=5_000,
                random_state=repetition,
            )
            people = split.target.X, split.target.y
            plain = clone(boosting).fit(*people)
            omitting = OmitFeature(boosting, [secret]).fit(*people)
            with tempfile.TemporaryDirectory() as memory:
                path = {
                    reg_lambda: MIDClassifier(
                        boosting,
                        [secret],
                        reg_lambda,
                        distill=False,
                        memory=memory,
                        random_state=0,
                    ).fit(*people)
                    for reg_lambda in (0, *STRENGTHS)
                }
            full = path[0].conditional_information_
            base = utility(plain, split), utility(omitting, split)
            rows = {"undefended": plain, "omitting": omitting}
            rows |= {f"rounded, {d}": rounded(plain, d, people) for d in (1, 2)}
            rows |= {f"channel, {k}": m for k, m in path.items() if k}
            for row, model in rows.items():
                figures = utility(model, split)
                figures["answer seen"] = answer_seen(model, secret, split)
                if isinstance(model, MIDClassifier):
                    share = model.conditional_information_ / full
                    line = {
                        k: share * base[0][k] + (1 - share) * base[1][k]
                        for k in base[0]
                    }
                    figures |= {
                        "share of I": share,
                        "line's log loss": line["log loss"],
                        "below the line": line["log loss"] - figures["log loss"],
                        "leak": model.vulnerability_ - model.baseline_vulnerability_,
                    }
                table.setdefault(row, []).append(figures)
            constant = DummyClassifier().fit(*people)
            table.setdefault("no model", []).append(
                {"answer seen": answer_seen(constant, secret, split)}
            )
            chosen_lambdas = choose(path)
            for what, k in chosen_lambdas.items():
                figures = dict(table[f"channel, {k}"][repetition])
                figures["lambda"] = k
                chosen.setdefault(what, []).append(figures)
        show(f"Adult, boosting, secret {secret}", table | chosen)


def choose(path):
    """Strengths, by what the models say of their own training records."""
    full = path[0].conditional_information_
    leak = {k: m.vulnerability_ - m.baseline_vulnerability_ for k, m in path.items()}
    half = {k: abs(path[k].conditional_information_ / full - 0.5) for k in STRENGTHS}
    return {
        "half the information": min(STRENGTHS, key=half.get),
        "no leak": min(k for k in STRENGTHS if leak[k] < 0.001 or k == max(STRENGTHS)),
    }


def rounded(plain, decimals, people):
    return ConfidenceRounding(FrozenEstimator(plain), step=10.0**-decimals).fit(*people)


def warfarin(n_splits, data):
    iwpc = fetch_iwpc()
    secret = "vkorc1"
    boosting = HistGradientBoostingRegressor(
        categorical_features="from_dtype", random_state=0
    )
    table = {}
    for repetition in range(n_splits):
        split = target_auxiliary_split(
            iwpc.data, iwpc.target.to_numpy(), random_state=repetition
        )
        people = split.target.X, split.target.y
        fitted = {
            "undefended": clone(boosting).fit(*people),
            "omitting": OmitFeature(boosting, [secret]).fit(*people),
        }
        with tempfile.TemporaryDirectory() as memory:
            for what, given in (
                ("channel", {"distill": False}),
                ("both parts", {}),
                ("four partitions", {"n_repeats": 4}),
            ):
                for reg_lambda in (0.1, 0.2, 0.3, 0.35, 0.4, np.inf):
                    fitted[f"{what}, {reg_lambda}"] = MIDRegressor(
                        boosting,
                        [secret],
                        reg_lambda,
                        memory=memory,
                        random_state=0,
                        **given,
                    ).fit(*people)
        error = {
            row: mean_squared_error(split.test.y, model.predict(split.test.X))
            for row, model in fitted.items()
        }
        for row, model in fitted.items():
            attack = MAPAttack(model, secret).fit(split.auxiliary.X, split.auxiliary.y)
            table.setdefault(row, []).append(
                {
                    "MSE": error[row],
                    "times undefended": error[row] / error["undefended"],
                    "MAP, members": attack.score(split.target.X, split.target.y),
                    "MAP, others": attack.score(split.test.X, split.test.y),
                    "answer seen": answer_seen(model, secret, split),
                }
            )
        rows = without_model(secret, split)
        majority = split.auxiliary.X[secret].mode()[0]
        rows["no model"]["MAP, members"] = (split.target.X[secret] == majority).mean()
        rows["no model"]["MAP, others"] = (split.test.X[secret] == majority).mean()
        add_rows(table, rows)
    show("Warfarin, boosting, secret vkorc1", table)


def limits(n_splits, data):
    table = {}
    for repetition in range(n_splits):
        secret, split = parts_of("Adult", repetition)
        people = split.target.X, split.target.y
        forest = MODELS["forest"]
        model = MIDClassifier(forest, [secret], 0.1, random_state=0).fit(*people)
        omitting = OmitFeature(forest, [secret]).fit(*people)
        student = model.estimator_
        for row, asked in (
            ("both parts, 0.1", model),
            ("its student, handed out", student),
            ("omitting", omitting),
        ):
            figures = utility(asked, split)
            figures["answer seen"] = answer_seen(asked, secret, split)
            figures |= joint(asked, secret, split) | white_box(asked, secret, split)
            table.setdefault(row, []).append(figures)
        add_rows(table, without_model(secret, split))
        # Asked a hair beside the people: a model that answers by fold would give them
        # to teachers who know them.
        parts = (split.target, split.test)
        beside = [
            p._replace(X=p.X.assign(hoursperweek=p.X["hoursperweek"] + 0.01))
            for p in parts
        ]
        moved = split._replace(target=beside[0], test=beside[1])
        figures = joint(model, secret, moved)
        table.setdefault("both parts, asked beside", []).append(figures)
    show("Adult, forest: where it does not help", table)


PARTS = {part.__name__: part for part in (channel, distilled, both, warfarin, limits)}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="all by default")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--data", nargs="+", choices=NAMES, default=NAMES)
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {sorted(unknown)}; there are {sorted(PARTS)}")
    for name in arguments.parts or PARTS:
        start = time.perf_counter()
        PARTS[name](arguments.splits, arguments.data)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
