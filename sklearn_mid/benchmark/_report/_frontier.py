"""The best defence at a price: chosen on some people, told of others.

Every setting of every defence has two utilities and two leaks, one on the people of the
choice and one on the others. At a budget, the least leak that the first show is chosen,
the attack included, and the second are reported: nothing that is picked is judged by
what it was picked on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._spec import DatasetSpec
from sklearn_mid.benchmark._protocol import (
    HELD_OUT,
    MEMBERS,
    VALIDATION,
    VALIDATION_MEMBERS,
)
from sklearn_mid.benchmark._report._repetitions import is_error
from sklearn_mid.benchmark._report._tables import utility_metric
from sklearn_mid.metrics import interval_over_splits

__all__ = [
    "ANSWER_ATTACKS",
    "BUDGETS",
    "INPUTS",
    "NO_LEAK",
    "SOURCES",
    "Duel",
    "Setting",
    "duel",
    "duels",
    "settings",
]

SOURCES = ("rule, marginals", "rule, records", "answer", "memory")
# Of problems without a secret column, whose attackers rebuild what a person put in.
INPUTS = "inputs"
BUDGETS = (0.0, 0.01, 0.05)
# Attacks that see the released answer in place of the response.
ANSWER_ATTACKS = ("answer seen", "MAP, released answer")
# Attacks of who knows the shares of the secret's values and the response, no records.
_MARGINALS = ("naive", "MAP", "MAP, true response", "white-box counts")
# Of the most useful setting, the best of many, no split tells one that loses so little.
_NO_LOSS = 0.002
# A leak that is no more than this is none.
NO_LEAK = 0.002
_NO_RESPONSE = "imputation, no response"
_FIGURE = [
    "kind",
    "defence",
    "parameter",
    "strength",
    "attack",
    "population",
    "metric",
]
# Members and others, on either side.
_SIDES = {
    "choice": (VALIDATION_MEMBERS, VALIDATION),
    "test": (MEMBERS, HELD_OUT),
}


@dataclass(frozen=True)
class Setting:
    """One setting of a defence, by what the choice and the judgement know of it.

    Attributes
    ----------
    defence, parameter, strength : str, str, float
    utility, leak : dict
        From ``"choice"`` and ``"test"`` to the values of all repetitions.
    attack : str
        The strongest on the people of the choice.
    """

    defence: str
    parameter: str
    strength: float
    attack: str
    utility: dict[str, np.ndarray]
    leak: dict[str, np.ndarray]

    @property
    def name(self) -> str:
        """Defence and strength in words."""
        if not self.parameter:
            return self.defence
        return f"{self.defence}, {self.parameter.replace('_', ' ')} {self.strength:g}"

    @property
    def is_mid(self) -> bool:
        """Whether it is one of ours."""
        return self.defence.startswith("MID")


def settings(
    results: pd.DataFrame,
    dataset: str,
    source: str,
    *,
    utility: str,
    metric: str = "roc_auc",
    people: str = MEMBERS,
) -> list[Setting]:
    """All settings that were attacked, with their leak from one source.

    Parameters
    ----------
    results : DataFrame
        As from ``load_results``, with populations for the choice.
    dataset : str
    source : str
        One of `SOURCES`, or `INPUTS`. *rule, marginals*: the best attack of who knows
        the response and the shares of the secret's values, on people whom the model was
        not trained on, beyond the majority guess; *rule, records*: of who has labelled
        records as well, beyond the best guess without the model; *answer*: of who sees
        the answer, beyond the best guess without it and without the response; *memory*:
        how much better an attack does on members than on others, beyond what a guess
        without the model does; *inputs*: of the best attack beyond the best guess
        without the model, chosen by the people it is told of, as there are no others.
    utility, metric : str
        Metric of the models, and of the attacks.
    people : str, default="members"
        Whose inputs are rebuilt.

    Returns
    -------
    list of Setting
    """
    runs = _runs(results[results["dataset"] == dataset], (utility, metric))
    names = dict.fromkeys(key[4] for key in runs if key[0] == "attack")
    guesses = dict.fromkeys(key[4] for key in runs if key[0] == "baseline")
    of_answer = [name for name in names if name in ANSWER_ATTACKS]
    of_marginals = [name for name in names if name in _MARGINALS]
    others = [name for name in names if name not in (*of_answer, *of_marginals)]
    attacks, floors = {
        "rule, marginals": (of_marginals, ["majority guess"]),
        "rule, records": (others, list(guesses)),
        "answer": (of_answer, [_NO_RESPONSE, "majority guess"]),
        "memory": ([*of_marginals, *others], ["imputation without the model"]),
        INPUTS: (list(names), list(guesses)),
    }[source]
    sides = _SIDES if source != INPUTS else dict.fromkeys(_SIDES, (people, HELD_OUT))

    def read(kind: str, setting: tuple, name: str, side: str) -> np.ndarray | None:
        """What is read of others or, of memory, of members beyond others."""
        told, held = (runs.get((kind, *setting, name, p, metric)) for p in sides[side])
        if source == INPUTS:
            return None if told is None else -told if is_error(metric) else told
        if told is None or held is None:
            return None
        return told - held if source == "memory" else held

    def best(kind: str, setting: tuple, among: Sequence[str]) -> str | None:
        """The strongest on the people of the choice."""
        found = {name: read(kind, setting, name, "choice") for name in among}
        means = {n: float(np.mean(v)) for n, v in found.items() if v is not None}
        return max(means, key=lambda name: means[name], default=None)

    nobody = ("", "", -1.0)
    floor = best("baseline", nobody, floors)
    found = []
    for key in runs:
        kind, defence, parameter, strength, _, people, of = key
        setting = (defence, parameter, strength)
        if (kind, people, of) != ("model", HELD_OUT, utility):
            continue
        attack = best("attack", setting, attacks)
        if attack is None or floor is None:
            continue
        leaks = {}
        for side in _SIDES:
            seen = read("attack", setting, attack, side)
            guessed = read("baseline", nobody, floor, side)
            if seen is not None and guessed is not None:
                leaks[side] = seen - guessed
        if len(leaks) < len(_SIDES):
            continue
        utilities = {
            side: runs[("model", *setting, "", held, utility)]
            for side, (_, held) in sides.items()
        }
        found.append(Setting(*setting, attack, utilities, leaks))
    return found


def _runs(frame: pd.DataFrame, metrics: Sequence[str]) -> dict[tuple, np.ndarray]:
    """Of each figure its repetitions: NaN where one is missing."""
    frame = frame[frame["metric"].isin(metrics)]
    frame = frame.assign(strength=frame["strength"].astype(float).fillna(-1.0))
    groups = frame.groupby(_FIGURE, sort=False)
    code, repetition = groups.ngroup().to_numpy(), frame["repetition"].to_numpy()
    table = np.full((groups.ngroups, repetition.max(initial=-1) + 1), np.nan)
    table[code, repetition] = frame["value"].to_numpy(dtype=float)
    keys = frame[_FIGURE].drop_duplicates().itertuples(index=False, name=None)
    return dict(zip(keys, table, strict=True))


def _best(
    found: Sequence[Setting],
    allowed: Sequence[Setting],
    budget: float,
    lower_is_better: bool,
) -> Setting | None:
    """Of those within the budget the one that leaks least, of such the most useful."""
    # Errors of private models have long tails: their median tells more.
    centre = np.median if lower_is_better else np.mean
    sign = 1 if lower_is_better else -1
    losses = {s.name: float(centre(sign * s.utility["choice"])) for s in found}
    least = min(losses.values())
    price = max(budget, _NO_LOSS) * abs(least)

    def rank(setting: Setting) -> tuple[float, float]:
        return (
            max(float(setting.leak["choice"].mean()), NO_LEAK),
            losses[setting.name],
        )

    within = [s for s in allowed if losses[s.name] - least <= price]
    return min(within, key=rank, default=None)


@dataclass(frozen=True)
class Duel:
    """MID and its best competitor at one price.

    `difference` is the leak of MID minus that of the competitor, in the same splits,
    with its interval; `verdict` is ``"leads"``, ``"ties"`` or ``"loses"``.
    """

    mid: Setting | None
    other: Setting | None
    difference: float
    low: float
    high: float
    verdict: str


def duel(found: Sequence[Setting], budget: float, *, utility: str) -> Duel:
    """Choose MID's best setting and the best of all others, and compare them.

    Parameters
    ----------
    found : list of Setting
    budget : float
        Share of the best utility of all settings that may be lost.
    utility : str
        Name of the metric.

    Returns
    -------
    Duel
    """
    worse = is_error(utility)
    mid, other = (
        _best(found, [s for s in found if s.is_mid == ours], budget, worse)
        for ours in (True, False)
    )
    if mid is None or other is None:
        verdict = "leads" if mid else "loses" if other else "-"
        return Duel(mid, other, np.nan, np.nan, np.nan, verdict)
    change = mid.leak["test"] - other.leak["test"]
    change = change[np.isfinite(change)]
    value, low, high = map(float, interval_over_splits(change))
    verdict = "leads" if high < 0 else "loses" if low > 0 else "ties"
    if max(mid.leak["test"].mean(), other.leak["test"].mean()) <= NO_LEAK:
        verdict = "ties"  # neither leaks
    return Duel(mid, other, value, low, high, verdict)


def duels(
    results: pd.DataFrame,
    dataset: DatasetSpec,
    budgets: Sequence[float] = BUDGETS,
) -> dict[tuple[str, float], Duel]:
    """MID against the best competitor, by source of leak and budget.

    Parameters
    ----------
    results : DataFrame
        As for :func:`settings`.
    dataset : DatasetSpec
    budgets : sequence of float, default=BUDGETS

    Returns
    -------
    dict of (str, float) to Duel
        Sources that no attack of the results reads are left out, and settings that some
        repetition lacks, as they cannot be compared in the same splits.
    """
    utility = utility_metric(results, dataset)
    rows = results["dataset"] == dataset.name
    found = {}
    if (results.loc[rows, "population"] == VALIDATION).any():
        asked: dict[str, dict[str, str]] = {source: {} for source in SOURCES}
    else:
        asked = {
            INPUTS: {"metric": dataset.attack_metric, "people": dataset.population}
        }
    for source, how in asked.items():
        every = settings(results, dataset.name, source, utility=utility, **how)
        every = [s for s in every if np.isfinite(s.leak["test"]).all()]
        for budget in budgets if every else ():
            found[source, budget] = duel(every, budget, utility=utility)
    return found
