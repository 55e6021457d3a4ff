"""The result of an audit, for a person, a notebook, a browser or a program."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._report._json import records
from sklearn_mid.benchmark._report._svg import page_axes, svg_element
from sklearn_mid.benchmark._report._written import WrittenReport
from sklearn_mid.utils._optional import require

__all__ = ["FEW", "AuditReport"]

# Fewer attacked people than this can show nothing but the grossest leak.
FEW = 100

SCHEMA = 1
SOURCES = ("population", "rule", "answer", "memory")
# The figure of each source that a limit speaks of, and that a sentence is about.
LIMITED = {"rule": "accuracy", "answer": "success", "memory": "accuracy"}

_WHAT = {
    "population": "what a guess without the model reads",
    "rule": "what the model adds for one who knows the true response",
    "answer": "what the model's answer about the person adds for one who sees it",
    "memory": "what is read of members beyond what is read of others",
}
_ADVICE = {
    "rule": "put a price on the use of the secret (sensitive_features of the MID "
    "models) or leave the column out: knowing the outcome, privacy costs utility",
    "answer": "release through MIDClassifier or MIDRegressor, with fewer decimals, "
    "or the label only",
    "memory": "distil the model (MIDClassifier with distill=True), or grow larger "
    "leaves",
}
_REFUSED = re.compile(r"^\w+ cannot attack the estimator, an? \w+: ")
_TRY_ALL = "To have all of this tried on a table, with its price: sklearn-mid protect."
_NOT_TESTED = (
    "Attackers who know more than the people given here, who move the other columns of "
    "a record, or whom nobody has thought of yet, were not tried.",
    "Other secrets than those named were not looked at.",
)


@dataclass(frozen=True, repr=False)
class AuditReport(WrittenReport):
    """What a model gives away of secret attributes, by source of the leak.

    Made by :func:`audit`.

    Attributes
    ----------
    sources : DataFrame
        A row per secret, source (``"population"``, ``"rule"``, ``"answer"``,
        ``"memory"``) and figure: ``value`` with limits ``low`` and ``high``;
        ``detectable``, the least effect that would have been seen four times in five;
        ``found``, whether a leak was; ``attack``, which was the best. The figures of
        ``rule`` and ``memory`` are differences, in accuracy and area under the ROC
        curve, of memory also among the most certain; those of ``answer`` are
        ``success`` (expected share of right guesses) and ``accuracy`` (beyond the guess
        without the answer).
    attacks : DataFrame
        A row per attack and group of people, with all its figures; ``skipped`` says
        why an attack does not apply.
    people : DataFrame
        A row per attacked person: how certain the best attack is, how certain one
        without the model would be of the same guess, and whether it is right.
    disclosures : DataFrame
        What the model's file holds of training rows, see
        :func:`sklearn_mid.metrics.disclosure`.
    notes : tuple of str
        What a reader must know to read the figures.
    facts : dict
        Model, utility, numbers of people, hashes, versions, seed, date.

    See Also
    --------
    audit : Makes a report.

    Notes
    -----
    ``to_json`` writes an object with ``schema`` (its version, 1), ``verdict``,
    ``facts``, ``notes``, ``not_tested``, and the tables ``sources``, ``attacks`` and
    ``disclosures`` as lists of objects.
    """

    _template = Path(__file__).with_name("audit.html.jinja")

    sources: pd.DataFrame
    attacks: pd.DataFrame
    people: pd.DataFrame
    disclosures: pd.DataFrame
    notes: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """``"leak found"``, ``"no leak found"`` or ``"too few people to tell"``."""
        if self.sources["found"].any():
            return "leak found"
        if (self.sources["n"] < FEW).any():
            return "too few people to tell"
        return "no leak found"

    @property
    def table(self) -> pd.DataFrame:
        """The four sources of each secret, a row each, as they are shown."""
        rows = []
        for (secret, source), figures in self.sources.groupby(
            ["secret", "source"], sort=False
        ):
            figures = figures.set_index("figure")
            main = figures.loc["accuracy" if "accuracy" in figures.index else 0]
            rows.append(
                {
                    "secret": secret,
                    "source": source,
                    "value": main["value"],
                    "low": main["low"],
                    "high": main["high"],
                    "found": bool(figures["found"].any()),
                    "in words": self._sentence(source, figures),
                }
            )
        return pd.DataFrame(rows)

    @property
    def summary(self) -> str:
        """A few lines: the verdict, and a sentence for each source of each secret."""
        lines = [f"{self.facts.get('model', 'Model')}: {self.verdict}."]
        table = self.table
        for secret, rows in table.groupby("secret", sort=False):
            lines.append(f"Secret {secret}:")
            lines += [
                f"  {row['source']:<11}{row['in words']}" for _, row in rows.iterrows()
            ]
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _sentence(self, source: str, figures: pd.DataFrame) -> str:
        main = figures.loc["accuracy"]
        if source == "population":
            return (
                f"Without the model {main['value']:.1%} are guessed right "
                f"({main['attack']})."
            )
        found = figures[figures["found"]]
        if found.empty:
            seen = f"{100 * main['detectable']:.1f} points"
            if "AUC" in figures.index and not np.isnan(
                figures.loc["AUC", "detectable"]
            ):
                area = f"{100 * figures.loc['AUC', 'detectable']:.1f}"
                seen += f" of accuracy, or {area} of AUC,"
            return f"Nothing was found; an effect above {seen} would have been seen."
        if source == "answer":
            success = figures.loc["success"]
            return (
                f"Who sees the answer guesses {success['value']:.1%} right, "
                f"{_points(main)} more than without."
            )
        # The figure that stands beside the sentence, if a leak shows in it.
        best = found.loc[
            "accuracy"
            if "accuracy" in found.index
            else (found["low"] / found["detectable"]).idxmax()
        ]
        who = {
            "rule": "Who knows the response reads more than without the model",
            "memory": "Members are read better than others",
        }[source]
        return f"{who}: {best.name} by {_points(best)} ({best['attack']})."

    def exceeds(self, limits: Mapping[str, float]) -> pd.DataFrame:
        """What is above given limits.

        Parameters
        ----------
        limits : dict of str to float
            By source: ``rule`` and ``memory`` limit a difference in accuracy,
            ``answer`` the share of right guesses of one who sees the answer.

        Returns
        -------
        exceeded : DataFrame
            Rows of `sources` whose value is above the limit; none if all is well.

        Raises
        ------
        ValueError
            If a source is unknown, or was not looked at.
        """
        parts = []
        for source, limit in limits.items():
            if source not in LIMITED:
                raise ValueError(
                    f"limits name the source {source!r}; allowed are {list(LIMITED)}."
                )
            is_number = isinstance(limit, Real) and not isinstance(limit, bool)
            if not is_number or np.isnan(limit):
                raise ValueError(f"limits[{source!r}] must be a number, got {limit!r}.")
            rows = self.sources[
                (self.sources["source"] == source)
                & (self.sources["figure"] == LIMITED[source])
            ]
            if rows.empty:
                raise ValueError(
                    f"limits name {source!r}, which was not looked at; memory needs "
                    "members, rule an attack that fits the model."
                )
            parts.append(rows[rows["value"] > limit].assign(limit=limit))
        if not parts:
            return self.sources.iloc[:0].assign(limit=np.nan)
        return pd.concat(parts, ignore_index=True)

    def most_exposed(self, n_people: int = 10) -> pd.DataFrame:
        """The people whose secret the best attack reads, and is most certain of.

        Parameters
        ----------
        n_people : int, default=10
            How many rows of `people` to return, if there are as many.

        Returns
        -------
        people : DataFrame
            Of whom the guess is right, sorted by how much more certain the attack is of
            it than one without the model.
        """
        if isinstance(n_people, bool) or not isinstance(n_people, int) or n_people < 1:
            raise ValueError(f"n_people must be an int >= 1, got {n_people!r}.")
        if self.people.empty:
            return self.people
        people = self.people[self.people["is right"]]
        gained = people["certainty"] - people["certainty without the model"]
        return people.assign(gained=gained).nlargest(n_people, "gained")

    def plot(self, ax: Any = None) -> Any:
        """Draw what was found of each source, with intervals.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; new ones by default.

        Returns
        -------
        ax : matplotlib Axes
        """
        pyplot = require("matplotlib.pyplot", extra="plot", needed_by="plot")
        table = self.table
        table = table[table["source"] != "population"].iloc[::-1]
        if ax is None:
            height = 1.2 + 0.42 * len(table)
            _, ax = pyplot.subplots(figsize=(6.4, height), layout="constrained")
        place = np.arange(len(table))
        colors = np.where(table["found"], "#d6452b", pyplot.rcParams["text.color"])
        for x, low, high, y, color in zip(
            100 * table["value"],
            100 * table["low"],
            100 * table["high"],
            place,
            colors,
            strict=True,
        ):
            ax.plot([low, high], [y, y], color=color, linewidth=2)
            ax.plot([x], [y], "o", color=color)
        several = table["secret"].nunique() > 1
        labels = [
            f"{row['secret']}: {row['source']}" if several else row["source"]
            for _, row in table.iterrows()
        ]
        ax.set_yticks(place, labels)
        ax.axvline(0, color="#999999", linewidth=1)
        ax.set_xlabel("secrets read because of the model, percentage points")
        ax.set_title(self.verdict)
        return ax

    def _document(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "facts": self.facts,
            "notes": list(self.notes),
            "not_tested": self._not_tested(),
            "sources": records(self.sources),
            "attacks": records(self.attacks),
            "disclosures": records(self.disclosures),
        }

    def _page(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "leaks": self._leaks(),
            "what": _WHAT,
            "picture": self._svg(),
            "advice": self._advice(),
            "not_tested": self._not_tested(),
            "attacks": _shown(self._attacks_that_fit()),
            "figures": _shown(self.sources),
        }

    def _leaks(self) -> list[str]:
        """Each secret that leaks, and where it does."""
        found = self.sources[self.sources["found"]]
        return [
            f"{secret} by {' and '.join(dict.fromkeys(rows['source']))}"
            for secret, rows in found.groupby("secret", sort=False)
        ]

    def _advice(self) -> list[str]:
        found = self.sources[self.sources["found"]]
        advice = [
            f"{secret}, {source}: {_ADVICE[source]}."
            for secret, source in dict.fromkeys(
                zip(found["secret"], found["source"], strict=True)
            )
        ]
        return [*advice, _TRY_ALL] if advice else []

    def _attacks_that_fit(self) -> pd.DataFrame:
        """The others are told in words."""
        fit = self.attacks[self.attacks["skipped"] == ""].drop(columns="skipped")
        return fit.astype({"n": int})

    def _not_tested(self) -> list[str]:
        skipped = self.attacks[self.attacks["skipped"] != ""]
        # That it does not fit the model goes without saying: why it does not.
        reasons = dict.fromkeys(
            f"{row['attack']}: {_REFUSED.sub('', row['skipped']).removesuffix('.')}."
            for _, row in skipped.iterrows()
        )
        memory = (
            []
            if "memory" in set(self.sources["source"])
            else ["Memory was not looked at: no members were given."]
        )
        return [*memory, *reasons, *_NOT_TESTED]

    def _svg(self) -> str:
        rows = np.count_nonzero(self.table["source"] != "population")
        with page_axes(figsize=(5.2, 1.2 + 0.42 * rows)) as ax:
            self.plot(ax).set_title("")
            return svg_element(ax.figure, self.summary)

    def _repr_html_(self) -> str:
        rows = self.table.drop(columns=["value", "low", "high"])
        return (
            f"<p><strong>{html.escape(self.verdict)}</strong></p>"
            f"{rows.to_html(index=False, escape=True)}"
        )


def _points(row: pd.Series) -> str:
    """A difference in percentage points, with its limits."""
    value, low, high = (100 * row[c] for c in ("value", "low", "high"))
    return f"{value:.1f} points ({low:.1f} to {high:.1f})"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as text of three decimals, with their limits; nothing where none is."""
    shown = table.astype(object).where(table.notna(), "")
    for name in table.select_dtypes("float"):
        shown[name] = [("" if np.isnan(v) else f"{v:.3f}") for v in table[name]]
    for name in table:
        limits = [f"{name}, low", f"{name}, high"]
        if limits[0] in table:
            low, high = (shown.pop(limit) for limit in limits)
            shown[name] += np.where(low == "", "", " (" + low + " to " + high + ")")
    return shown
