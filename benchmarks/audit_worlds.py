"""Does an audit find the leaks of worlds whose leaks are known, and no others?

    python benchmarks/audit_worlds.py alarms [N_WORLDS [FIRST]]  # without a leak
    python benchmarks/audit_worlds.py leaks [N_WORLDS]           # of each kind
    python benchmarks/audit_worlds.py power [N_WORLDS]           # of 2 to 5 points

Of the worlds without a leak a quarter each has a secret that is a coin, that another
column tells, that 2% have, and of five values; half of the models are forests, half
logistic regressions. Each audit runs every attacker on members and others.
"""

import sys
from collections import Counter

import numpy as np
import pandas as pd
from scipy.stats import binom
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.benchmark import audit
from sklearn_mid.defenses import LabelOnly, OmitFeature

NOMINAL = 0.05


class Rule(DummyClassifier):
    """Answers with p(y = 1) by a function of the records."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def predict_proba(self, X):
        p = np.broadcast_to(self.function(X), len(X))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]


def people(n, rng, secret=None):
    """Two columns and a secret that has nothing to do with the response."""
    X = pd.DataFrame({"k": rng.normal(size=n), "m": rng.normal(size=n)})
    X["s"] = rng.integers(2, size=n) if secret is None else secret(X, rng)
    return X, (X["k"] + rng.normal(size=n) > 0).astype(int)


SECRETS = {
    "a coin": None,
    "told by a column": lambda X, rng: (X["m"] + rng.normal(size=len(X)) > 0) * 1,
    "2% have it": lambda X, rng: (rng.random(len(X)) < 0.02) * 1,
    "of five values": lambda X, rng: rng.integers(5, size=len(X)),
}


def found(report):
    rows = report.sources[report.sources["found"]]
    return frozenset(rows["source"])


def alarms(n_worlds=200, first=0):
    """False alarms by source, and of the verdict; there is no leak to be found."""
    n_alarms, n_seen = Counter(), Counter()
    for world in range(first, first + n_worlds):
        rng = np.random.default_rng(world)
        name = list(SECRETS)[world % len(SECRETS)]
        inner = (
            RandomForestClassifier(10, random_state=world)
            if world // len(SECRETS) % 2
            else LogisticRegression()
        )
        members = people(400, rng, SECRETS[name])
        model = OmitFeature(inner, ["s"]).fit(*members)
        others = people(800, rng, SECRETS[name])
        report = audit(model, *others, "s", members=members, random_state=world)
        sources = found(report)
        n_alarms.update(sources)
        n_alarms["any"] += bool(sources)
        n_seen[name] += bool(sources)
    # What chance allows at the nominal rate, 99 times in 100.
    allowed = binom.ppf(0.99, n_worlds, NOMINAL)
    print(f"{n_worlds} worlds without a leak; {NOMINAL:.0%} are promised for a source")
    for source in ("rule", "answer", "memory"):
        print(
            f"  {source:8} {n_alarms[source]:3} alarms "
            f"({n_alarms[source] / n_worlds:.1%}; chance allows {allowed:.0f})"
        )
    print(f"  {'any':8} {n_alarms['any']:3} alarms ({n_alarms['any'] / n_worlds:.1%})")
    print("  by secret:", dict(n_seen))


def parity(X):
    """A pattern that nobody finds in a few hundred records."""
    return X["k"] * 9 // 1 % 2


def _agrees(X):
    return X["s"] == parity(X)


def _patterned(n, rng, share=0.9):
    X, _ = people(n, rng)
    y = np.where(rng.random(n) < share, _agrees(X), rng.random(n) < 0.5)
    return X, y.astype(int)


def _no_leak(rng, n=1000, secret=None):
    members = people(400, rng, secret)
    model = OmitFeature(LogisticRegression(), ["s"]).fit(*members)
    return model, people(n, rng, secret), members


def _rule(rng):
    members = _patterned(400, rng)
    rule = LabelOnly(Rule(lambda X: 0.1 + 0.8 * _agrees(X)))
    return rule.fit(*members), _patterned(1000, rng), members


def _answer(rng, secret=None):
    members = people(400, rng, secret)
    risk = Rule(lambda X: 0.5 + 1e-4 * X["s"] + 1e-3 * X["k"].clip(-1, 1))
    return risk.fit(*members), people(1000, rng, secret), members


def _memory(rng):
    members = people(600, rng)
    tree = DecisionTreeClassifier(random_state=0)
    return tree.fit(*members), people(1000, rng), members


def _rule_and_memory(rng):
    """A tree is given the pattern, and learns its members by heart besides."""
    members = _patterned(600, rng)

    def knows(Z):
        return Z.assign(a=_agrees(Z) * 1)

    tree = DecisionTreeClassifier(random_state=0).fit(knows(members[0]), members[1])
    model = Rule(lambda X: tree.predict_proba(knows(X))[:, 1]).fit(*members)
    return model, _patterned(1000, rng), members


LEAKS = {
    "none": (_no_leak, set()),
    "population alone": (
        lambda rng: _no_leak(rng, secret=SECRETS["told by a column"]),
        set(),
    ),
    "rule (so the answer, too)": (_rule, {"rule", "answer"}),
    "answer": (_answer, {"answer"}),
    "memory (so the answer, too)": (_memory, {"memory", "answer"}),
    "rule and memory": (_rule_and_memory, {"rule", "answer", "memory"}),
    "2% have it, none": (
        lambda rng: _no_leak(rng, secret=SECRETS["2% have it"]),
        set(),
    ),
    "2% have it, answer": (
        lambda rng: _answer(rng, SECRETS["2% have it"]),
        {"answer"},
    ),
    "30 people, none": (lambda rng: _no_leak(rng, n=30), set()),
}


def leaks(n_worlds=10):
    """How often just the sources are named that there are, and each verdict."""
    print(f"{'leak':28} {'right':>6}  verdicts of {n_worlds} worlds; sources named")
    for name, (make, expected) in LEAKS.items():
        verdicts, named, n_right = Counter(), Counter(), 0
        for world in range(n_worlds):
            model, others, members = make(np.random.default_rng(world))
            report = audit(model, *others, "s", members=members, random_state=world)
            sources = found(report)
            n_right += sources == expected
            verdicts[report.verdict] += 1
            named.update(sources)
        print(f"{name:28} {n_right / n_worlds:6.0%}  {dict(verdicts)} {dict(named)}")


def _of_a_coin(points):
    """Whoever knows the response is right about a coin in 50 + `points` of 100."""
    return lambda n, rng: _patterned(n, rng, share=points / 50)


def _doubtful_by_two_points(n, rng):
    """Nine in ten are told by a column; of the others the response tells 70%."""
    X, _ = people(n, rng, lambda X, rng: (X["m"] > 0) * 1)
    doubtful = X["m"].abs() < 0.1257  # a tenth of all
    X.loc[doubtful, "s"] = rng.integers(2, size=doubtful.sum())
    y = np.where(rng.random(n) < 0.4, _agrees(X), rng.random(n) < 0.5)
    return X, y.astype(int)


def power(n_worlds=20):
    """How often a rule that adds some points is found among 5,000 people."""
    print("a rule, 5,000 people, half of them known to attackers")
    print(f"{'what it adds':44} found  measured  'would have been seen' above")
    worlds = [
        (f"{points} points of a coin", _of_a_coin(points), points / 50)
        for points in (2, 3, 4, 5)
    ]
    told = "2 points of a secret that is told but for 10%"
    for name, make, share in (*worlds, (told, _doubtful_by_two_points, 0.4)):
        n_found, rows = 0, []
        for world in range(n_worlds):
            X, y = make(5000, np.random.default_rng(world))
            model = Rule(lambda X, q=share: 0.5 - q / 2 + q * _agrees(X)).fit(X, y)
            report = audit(model, X, y, "s", random_state=world)
            n_found += "rule" in found(report)
            rule = report.sources.query("source == 'rule'").set_index("figure")
            rows.append(100 * rule[["value", "detectable"]].to_numpy().ravel())
        value, detectable, _, detectable_area = np.mean(rows, axis=0)
        print(
            f"{name:44} {n_found / n_worlds:5.0%} {value:9.1f}  {detectable:.1f} of "
            f"accuracy, {detectable_area:.1f} of AUC",
            flush=True,
        )


if __name__ == "__main__":
    command = {"alarms": alarms, "leaks": leaks, "power": power}[sys.argv[1]]
    command(*map(int, sys.argv[2:]))
