"""The best defence at a price: chosen on some people, told of others.

Every setting of every defence has two utilities and two leaks, one on the people of the
choice and one on the others. At a budget, the least leak that the first show is chosen,
the attack included, and the second are reported: nothing that is picked is judged by
what it was picked on. A setting is within a budget if it costs no more on average, or
if, in the same splits, it cannot be told from the most useful setting of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._report._repetitions import is_error
from sklearn_mid.metrics import interval_over_splits

__all__ = [
    "ANSWER_ATTACKS",
    "BUDGETS",
    "SOURCES",
    "Duel",
    "Setting",
    "duel",
    "settings",
]

SOURCES = ("rule", "answer", "memory")
BUDGETS = (0.0, 0.01, 0.05)
# Attacks that see the released answer in place of the response.
ANSWER_ATTACKS = ("answer seen", "MAP, released answer")
# A leak that is no more than this is none.
_NO_LEAK = 0.002
_NO_RESPONSE = "imputation, no response"
_KEYS = ["defence", "parameter", "strength"]
_CHOICE = {"held-out": "validation", "members": "validation members"}


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


def _runs(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A row per key, a column per repetition."""
    frame = frame.assign(strength=frame["strength"].fillna(-1.0))
    return frame.pivot_table(index=list(columns), columns="repetition", values="value")


def settings(
    results: pd.DataFrame,
    dataset: str,
    source: str,
    *,
    utility: str,
    metric: str = "roc_auc",
) -> list[Setting]:
    """All settings that were attacked, with their leak from one source.

    Parameters
    ----------
    results : DataFrame
        As from ``load_results``, with populations for the choice.
    dataset : str
    source : {"rule", "answer", "memory"}
        *rule*: the best attack on people whom the model was not trained on, beyond the
        best guess without the model; *answer*: the same of the attacker who sees the
        answer; *memory*: how much better an attack does on members than on others,
        beyond what the best guess without the model does.
    utility, metric : str
        Metric of the models, and of the attacks.

    Returns
    -------
    list of Setting
    """
    frame = results[results["dataset"] == dataset]
    models = frame[(frame["kind"] == "model") & (frame["metric"] == utility)]
    judged = frame[frame["metric"] == metric]
    is_answer = judged["attack"].isin(ANSWER_ATTACKS)
    attacks = judged[(judged["kind"] == "attack") & (is_answer == (source == "answer"))]
    guesses = judged[judged["kind"] == "baseline"]
    if source == "answer":
        # The response would be told to nobody whom the answer is news to.
        guesses = guesses[guesses["attack"].isin([_NO_RESPONSE, "majority guess"])]
    useful = _side(models, _KEYS)
    won = _side(attacks, [*_KEYS, "attack"])
    known = _side(guesses, ["attack"])
    found = []
    for key in useful["test"]["held-out"].index:
        leaks, best = {}, None
        for side in ("choice", "test"):
            here = won[side]["held-out"]
            if key not in here.index.droplevel("attack"):
                break
            table = here.loc[key]
            floor = known[side]["held-out"]
            if source == "memory":
                table = won[side]["members"].loc[key] - table
                floor = known[side]["members"] - floor
                floor = floor.loc[["imputation without the model"]]
            if best is None:
                best = table.mean(axis=1).idxmax()
                guess = floor.mean(axis=1).idxmax()
            leaks[side] = (table.loc[best] - floor.loc[guess]).to_numpy()
        if best is None or len(leaks) < 2:
            continue
        utilities = {
            side: useful[side]["held-out"].loc[key].to_numpy()
            for side in ("choice", "test")
        }
        found.append(Setting(*key, best, utilities, leaks))
    return found


def _side(
    frame: pd.DataFrame, columns: Sequence[str]
) -> dict[str, dict[str, pd.DataFrame]]:
    names = {"test": {p: p for p in _CHOICE}, "choice": _CHOICE}
    return {
        side: {
            p: _runs(frame[frame["population"] == there], columns)
            for p, there in populations.items()
        }
        for side, populations in names.items()
    }


def _best(
    found: Sequence[Setting],
    allowed: Sequence[Setting],
    budget: float,
    lower_is_better: bool,
) -> Setting | None:
    """Of those within the budget the one that leaks least, of such the most useful."""
    sign = 1 if lower_is_better else -1
    losses = [sign * s.utility["choice"] for s in found]
    least = min(losses, key=np.median if lower_is_better else np.mean)
    price = budget * abs(np.median(least))

    def rank(setting: Setting) -> tuple[float, float]:
        return (
            max(float(setting.leak["choice"].mean()), _NO_LEAK),
            float(np.mean(sign * setting.utility["choice"])),
        )

    within = [s for s in allowed if _costs(s, least, sign) <= price]
    return min(within, key=rank, default=None)


def _costs(setting: Setting, least: np.ndarray, sign: int) -> float:
    """What a setting costs against the most useful one; 0 if that cannot be told."""
    change = sign * setting.utility["choice"] - least
    change = change[np.isfinite(change)]
    if len(change) > 1:
        value, low, _ = interval_over_splits(change, statistic=_centre(sign))
        return 0.0 if low <= 0 else float(value)
    return float(change.mean())


def _centre(sign: int) -> str:
    """Errors of private models have long tails: their median tells more."""
    return "median" if sign > 0 else "mean"


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
    if max(mid.leak["test"].mean(), other.leak["test"].mean()) <= _NO_LEAK:
        verdict = "ties"  # neither leaks
    return Duel(mid, other, value, low, high, verdict)
