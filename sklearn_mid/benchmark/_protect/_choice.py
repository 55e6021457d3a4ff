"""Which candidate to recommend: the best utility that stays under the limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._protect._candidates import AS_IT_IS, OMIT
from sklearn_mid.benchmark._protect._trial import SEPARATOR

__all__ = ["Limit", "above", "choose", "figures_of", "limits_from", "title_of"]

# What an answer may add to a guess, and a membership to an attack, if nobody says.
DEFAULT_ANSWER_GAIN, DEFAULT_MEMORY = 0.05, 0.02
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


def figures_of(results: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Utility and exposure of each candidate, means over the splits.

    Limits of intervals are means of those of the single splits: the splits share their
    people, so more of them do not narrow an interval over people.

    Returns
    -------
    utilities : DataFrame
        A row per candidate.
    exposures : DataFrame
        A row per candidate, secret, source and figure.
    """
    keys = ["defence", "parameter", "strength"]
    results = results.assign(
        candidate=[
            title_of(*row) for row in results[keys].itertuples(index=False, name=None)
        ]
    )
    order = list(dict.fromkeys(results["candidate"]))
    values = (
        results.groupby(["candidate", "kind", "metric"], sort=False)["value"]
        .mean()
        .reset_index()
    )
    models = values[values["kind"] == "model"]
    utilities = models.pivot(index="candidate", columns="metric", values="value")
    # Only candidates that were trained and looked at have both.
    attacks = values[values["kind"] == "attack"]
    looked_at = set(attacks["candidate"])
    utilities = utilities.loc[[c for c in order if c in looked_at & {*utilities.index}]]
    utilities.columns = [c.replace(SEPARATOR, ", ") for c in utilities.columns]
    first = results.drop_duplicates("candidate").set_index("candidate")
    utilities = first.loc[utilities.index, keys].join(utilities).reset_index()
    rows: dict[tuple, dict] = {}
    for row in attacks.itertuples():
        secret, source, figure, *which = row.metric.rsplit(
            SEPARATOR, 3 if row.metric.endswith(("|low", "|high")) else 2
        )
        key = row.candidate, secret, source, figure
        rows.setdefault(key, {})[which[0] if which else "value"] = row.value
    exposures = pd.DataFrame(
        [
            dict(zip(("candidate", "secret", "source", "figure"), key, strict=True))
            | found
            for key, found in rows.items()
        ]
    )
    return utilities, exposures


def above(
    exposures: pd.DataFrame, candidate: str, limits: Iterable[Limit], column: str
) -> list[tuple[Limit, float]]:
    """Limits that a candidate exceeds, and by which value.

    `column` is ``"value"`` or ``"high"``. A source that could not be looked at, since
    no attack fits the candidate, exceeds nothing: the release tells nothing to ask.
    """
    own = exposures[exposures["candidate"] == candidate].set_index(
        ["secret", "source", "figure"]
    )
    found = []
    for limit in limits:
        key = limit.secret, limit.source, limit.figure
        if key in own.index and own.loc[key, column] > limit.value:
            found.append((limit, float(own.loc[key, column])))
    return found


def choose(utilities: pd.DataFrame) -> tuple[str, bool]:
    """The candidate to recommend, and whether omission is simply better.

    Of those that are under the limits the best utility counts. Leaving a column out
    protects more than anything else does; so it is preferred to a better utility
    that is not measurably better: within one standard error of the (paired) difference
    of omission to the model as it is. Then the model as it is, likewise.

    Parameters
    ----------
    utilities : DataFrame
        As from :func:`figures_of`, with a column ``"admissible"``.

    Returns
    -------
    candidate : str
        ``""`` if none is under the limits.
    omission_is_better : bool
    """
    allowed = utilities[utilities["admissible"]].set_index("candidate")
    allowed = allowed[allowed["utility"].notna()]
    if allowed.empty:
        return "", False
    best = allowed["utility"].idxmax()
    simplest = [c for c in allowed.index if c == OMIT]
    simplest += [c for c in allowed.index if c.startswith(f"{OMIT} ")]
    for candidate in simplest:
        lost = allowed.loc[best, "utility"] - allowed.loc[candidate, "utility"]
        if lost <= allowed.loc[candidate, "price, error"]:
            return candidate, True
    if AS_IT_IS in allowed.index:
        lost = allowed.loc[best, "utility"] - allowed.loc[AS_IT_IS, "utility"]
        if lost <= allowed.loc[best, "price, error"]:
            return AS_IT_IS, False
    return str(best), False
