"""Which candidate to recommend: the best utility that stays under the limits."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from sklearn_mid.benchmark._audit._sources import (
    MEASURES,
    TOP_MEASURES,
    each_of,
)
from sklearn_mid.benchmark._protect._candidates import AS_IT_IS, OMIT, leaves_out
from sklearn_mid.benchmark._protect._trial import SEPARATOR, UTILITY

__all__ = [
    "Figures",
    "Limit",
    "above",
    "choose",
    "figures_of",
    "limits_from",
    "title_of",
]

# What an answer may add to a guess, and a membership to an attack, if nobody says.
DEFAULT_ANSWER_GAIN, DEFAULT_MEMORY = 0.05, 0.02
_KEYS = ["defence", "parameter", "strength"]
_EXPOSED = ["candidate", "secret", "source", "figure"]
# By source: how many figures hold together, if several do.
_N_FIGURES = {"rule": len(MEASURES), "memory": len(MEASURES | TOP_MEASURES)}
# Sources whose figures are no differences that may be negative.
_SHARES = ("population", "answer")
# By source: the figure that a limit speaks of.
_FIGURES = {"rule": "accuracy", "answer": "success", "memory": "accuracy"}


@dataclass(frozen=True)
class Limit:
    """What a figure of a source may be at most."""

    secret: str
    source: str
    figure: str
    value: float

    def __str__(self) -> str:
        what = {
            ("rule", "accuracy"): "the rule may add {:.1f} points",
            ("answer", "success"): "who sees the answer may guess {:.1f}% right",
            ("answer", "accuracy"): "the answer may add {:.1f} points",
            ("memory", "accuracy"): "members may be read {:.1f} points better",
        }[self.source, self.figure]
        return f"{self.secret}: {what.format(100 * self.value)}"


def limits_from(
    secrets: Iterable[str], given: Mapping[str, float | Mapping[str, float] | None]
) -> tuple[Limit, ...]:
    """A limit for each secret and source of which something was said.

    Parameters
    ----------
    secrets : iterable of str
        Their labels.
    given : dict
        From ``"rule"``, ``"answer"`` and ``"memory"`` to a number, a dict of numbers by
        secret, or None.
    """
    secrets = list(secrets)
    found = []
    for source, value in given.items():
        if value is None:
            continue
        values = (
            dict(value) if isinstance(value, Mapping) else dict.fromkeys(secrets, value)
        )
        for secret, limit in values.items():
            if secret not in secrets:
                raise ValueError(
                    f"max_{source} names {secret!r}, which is none of the secrets "
                    f"{secrets}."
                )
            is_number = isinstance(limit, int | float | np.number)
            if isinstance(limit, bool) or not is_number or not limit >= 0:
                raise ValueError(
                    f"max_{source} must be a number >= 0, got {limit!r} for {secret!r}."
                )
            found.append(Limit(secret, source, _FIGURES[source], float(limit)))
    if not found:
        for secret in secrets:
            found += [
                Limit(secret, "answer", "accuracy", DEFAULT_ANSWER_GAIN),
                Limit(secret, "memory", "accuracy", DEFAULT_MEMORY),
            ]
    return tuple(found)


def title_of(defence: str, parameter: str, strength: Any) -> str:
    """A candidate's name for readers."""
    if not parameter:
        return defence
    return f"{defence}, {parameter}={strength:g}"


@dataclass(frozen=True)
class Figures:
    r"""Utility and exposure of each candidate, means over the splits.

    Limits of intervals are means of those of the single splits: the splits share their
    people, so more of them do not narrow an interval over people. Attackers who know
    other people, and a model that is trained on others, leak more or less. So where
    the figures of the splits are farther apart than their standard errors se explain,
    intervals of exposures are wider by the Birge ratio of all candidates c,

    .. math:: R = \sqrt{\max(1, \sum_c s_c^2 / \sum_c \overline{\mathrm{se}_c^2})},

    with the variance s^2 between splits.

    Attributes
    ----------
    utilities : DataFrame
        A row per candidate: ``utility``, and ``price`` against the model as it is.
    exposures : DataFrame
        A row per candidate, secret, source and figure.
    ratios : Series
        How much wider than an interval over people those of each secret, source and
        figure are.
    resamples : dict of str to ndarray of shape (n_splits, n_resamples)
        Utility of each candidate, of the same resamples of people for all.
    """

    utilities: pd.DataFrame
    exposures: pd.DataFrame
    ratios: pd.Series
    resamples: dict[str, np.ndarray]

    def error(self, candidate: str, other: str) -> float:
        """Standard error of the difference of two candidates in utility."""
        gaps = self.resamples[candidate] - self.resamples[other]
        return float(np.nanstd(gaps, axis=1).mean())


def figures_of(
    results: pd.DataFrame, level: float, ratios: pd.Series | None = None
) -> Figures:
    """Figures of all candidates that were trained and looked at in each split.

    Parameters
    ----------
    results : DataFrame
        As from :func:`load_results`.
    level : float
        Of the intervals.
    ratios : Series, default=None
        Those of other splits, if these are too few to tell how far they are apart.
    """
    results = results.assign(
        candidate=[
            title_of(*row) for row in results[_KEYS].itertuples(index=False, name=None)
        ]
    )
    attacks = results[results["kind"] == "attack"]
    models = results[results["kind"] == "model"]
    looked_at = set(attacks["candidate"])
    names = [c for c in dict.fromkeys(models["candidate"]) if c in looked_at]
    is_utility = models["metric"] == UTILITY
    values = models[is_utility].groupby("candidate")["value"].mean()
    resamples = {
        name: rows.pivot_table(
            index="repetition", columns="metric", values="value", dropna=False
        ).to_numpy()
        for name, rows in models[~is_utility].groupby("candidate", sort=False)
    }
    tails = (1 - level) / 2, (1 + level) / 2
    first = models.drop_duplicates("candidate").set_index("candidate")
    rows = []
    for name in names:
        row = {"candidate": name, **first.loc[name, _KEYS], "utility": values[name]}
        of_price = (
            resamples[AS_IT_IS] - resamples[name] if AS_IT_IS in resamples else np.nan
        )
        row |= _limits_of("utility", resamples[name], tails)
        row["price"] = values.get(AS_IT_IS, np.nan) - values[name]
        rows.append(row | _limits_of("price", of_price, tails))
    splits = _exposures(attacks)
    ratios = _birge_ratios(splits, level) if ratios is None else ratios
    exposures = _widened(splits.groupby(_EXPOSED, sort=False).mean(), ratios)
    return Figures(pd.DataFrame(rows), exposures, ratios, resamples)


def _limits_of(name: str, resamples: Any, tails: tuple) -> dict[str, float]:
    """Limits of the middle of the resamples, and their spread."""
    resamples = np.atleast_2d(resamples)
    low, high = np.nanquantile(resamples, tails, axis=1).mean(axis=1)
    error = np.nanstd(resamples, axis=1).mean()
    return {f"{name}, low": low, f"{name}, high": high, f"{name}, error": error}


def _exposures(attacks: pd.DataFrame) -> pd.DataFrame:
    """Figures of each split with their limits."""
    # A secret may hold whatever characters there are.
    names = ["secret", "source", "figure", "which"]
    parts = [metric.rsplit(SEPARATOR, 3) for metric in attacks["metric"]]
    long = pd.DataFrame(parts, columns=names, index=attacks.index).join(
        attacks[["candidate", "repetition", "value"]]
    )
    wide = long.set_index([*_EXPOSED, "repetition", "which"])["value"].unstack()
    order = long.drop_duplicates(_EXPOSED).set_index(_EXPOSED).index
    wide = wide.reindex(columns=["value", "low", "high"])
    return wide.droplevel("repetition").loc[order]


def _birge_ratios(splits: pd.DataFrame, level: float) -> pd.Series:
    key = _EXPOSED[1:]
    n_figures = splits.index.get_level_values("source").map(_N_FIGURES).fillna(1)
    reach = norm.ppf([0.5 + each_of(int(k), level) / 2 for k in n_figures])
    of_people = ((splits["high"] - splits["low"]) / (2 * reach)) ** 2
    between = splits["value"].groupby(_EXPOSED).var()
    within = of_people.groupby(_EXPOSED).mean()
    # Figures that are not known, or that one split has, tell nothing.
    known = between.notna() & within.notna()
    sums = [part[known].groupby(key).sum() for part in (between, within)]
    return np.sqrt((sums[0] / sums[1]).clip(lower=1.0))


def _widened(exposures: pd.DataFrame, ratios: pd.Series) -> pd.DataFrame:
    ratio = exposures.join(ratios.rename("ratio"), on=_EXPOSED[1:])["ratio"].fillna(1.0)
    least = np.where(exposures.index.get_level_values("source").isin(_SHARES), 0, -1)
    value = exposures["value"]
    return exposures.assign(
        low=(value - ratio * (value - exposures["low"])).clip(lower=least),
        high=(value + ratio * (exposures["high"] - value)).clip(upper=1),
    ).reset_index()


def above(
    exposures: pd.DataFrame, candidate: str, limits: Iterable[Limit], column: str
) -> list[tuple[Limit, float]]:
    """Limits that a candidate exceeds, and by which value.

    `column` is ``"value"`` or ``"high"``. A source that could not be looked at, since
    no attack fits the candidate, exceeds nothing: the release tells nothing to ask. Nor
    does what a candidate adds about a secret that it is trained without: whoever knows
    the other columns and the response of a person learns nothing more from it, and a
    measured difference is luck.
    """
    own = exposures[exposures["candidate"] == candidate].set_index(
        ["secret", "source", "figure"]
    )
    found = []
    for limit in limits:
        if limit.figure != "success" and leaves_out(candidate, limit.secret):
            continue
        key = limit.secret, limit.source, limit.figure
        if key in own.index and own.loc[key, column] > limit.value:
            found.append((limit, float(own.loc[key, column])))
    return found


def choose(figures: Figures, admissible: Collection[str]) -> tuple[str, bool]:
    """The candidate to recommend, and whether it is one that leaves columns out.

    Of those that are under the limits the best utility counts. Leaving a column out
    protects more than anything else does; so it is preferred to a better utility that
    is not measurably better: within one standard error of the difference. Then the
    model as it is, likewise.

    Parameters
    ----------
    figures : Figures
    admissible : collection of str
        Candidates that are under the limits.

    Returns
    -------
    candidate : str
        ``""`` if none is under the limits.
    is_omission : bool
    """
    allowed = figures.utilities.set_index("candidate")["utility"].dropna()
    allowed = allowed[[name for name in allowed.index if name in admissible]]
    if allowed.empty:
        return "", False
    best = str(allowed.idxmax())
    omissions = [name for name in allowed.index if name.split(" ")[0] == OMIT]
    simplest = sorted(omissions, key=lambda name: name != OMIT)
    for name in [*simplest, AS_IT_IS]:
        if name in allowed.index and (
            allowed[best] - allowed[name] <= figures.error(best, name)
        ):
            return name, name in omissions
    return best, False
