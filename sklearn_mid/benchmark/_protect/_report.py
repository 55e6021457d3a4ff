"""What was tried, what is recommended, what it costs: for a person or a program."""

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sklearn_mid.benchmark._protect._candidates import AS_IT_IS, OMIT
from sklearn_mid.benchmark._protect._choice import Limit, above
from sklearn_mid.benchmark._report._json import records
from sklearn_mid.benchmark._report._svg import page_axes, svg_element
from sklearn_mid.benchmark._report._written import WrittenReport
from sklearn_mid.utils._optional import require

__all__ = ["ProtectReport"]

SCHEMA = 1
# What is drawn and limited of each source.
MAIN = {
    "population": "accuracy",
    "rule": "accuracy",
    "answer": "success",
    "memory": "accuracy",
}
_WHAT = {
    "population": "what a guess without the model reads: no leak, the floor of the "
    "answer",
    "rule": "what the model adds for one who knows the true response, in points",
    "answer": "share of right guesses of one who sees what the model answered about "
    "the person",
    "memory": "what is read of people in the training data beyond what is read of "
    "others, in points",
}
_AXIS = {
    "rule": "rule: points added",
    "answer": "answer: guessed right, %",
    "memory": "memory: points added",
}
_NOT_TESTED = (
    "Attackers who know more than people of this table do, or whom nobody has thought "
    "of yet, were not tried.",
    "Columns that are not named as secrets may leak as before.",
    "The model that was written was trained on all people; the figures are of models "
    "trained on some of them, as nobody is judged by a model trained on themselves.",
)


@dataclass(frozen=True, repr=False)
class ProtectReport(WrittenReport):
    """What was tried to protect a model, and what is recommended.

    Made by :func:`protect`.

    Attributes
    ----------
    recommended : str
        Name of the recommended candidate; ``""`` if none is under the limits.
    estimator : estimator or None
        The recommended candidate, fitted on all people.
    candidates : DataFrame
        A row per candidate: ``utility`` and ``price`` (utility lost against the model
        as it is), each with ``low``, ``high`` and standard ``error``, means over the
        splits; ``admissible``, whether it is under the limits, and ``why not``.
    exposures : DataFrame
        A row per candidate, secret, source and figure: ``value`` with limits ``low``
        and ``high``, means over the splits. Figures are those of
        :class:`AuditReport`.
    held_out : DataFrame
        As `candidates`, on people whom the choice has not seen: the model as it is,
        the recommended one and the one that omits the secrets, trained on all others.
    held_out_exposures : DataFrame
        As `exposures`, on these people.
    limits : tuple
        What was asked for.
    failures : dict of str to str
        Candidates that could not be tried, and why.
    recipe : str
        Python that makes the recommended model; ``""`` without one.
    omission_is_better : bool
        Whether nothing under the limits is measurably better than leaving the column
        out, which is then recommended.
    by : str
        Whether limits hold for the ``"value"`` of a figure or its ``"upper limit"``.
    facts : dict
        Model, metric, numbers of people and splits, versions, seed, date.

    See Also
    --------
    protect : Makes a report.

    Notes
    -----
    ``to_json`` writes an object with ``schema`` (its version, 1), ``verdict``,
    ``recommended``, ``confirmed``, ``limits``, ``by``, ``failures``, ``facts``,
    ``recipe`` and the tables ``candidates``, ``exposures``, ``held_out`` and
    ``held_out_exposures`` as lists of objects.
    """

    _template = Path(__file__).with_name("protect.html.jinja")

    recommended: str
    estimator: Any
    candidates: pd.DataFrame
    exposures: pd.DataFrame
    held_out: pd.DataFrame
    held_out_exposures: pd.DataFrame
    limits: tuple[Limit, ...]
    failures: dict[str, str]
    recipe: str
    omission_is_better: bool
    by: str = "value"
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def _secrets(self) -> list[str]:
        return list(dict.fromkeys(self.exposures["secret"]))

    @property
    def confirmed(self) -> bool:
        """Whether the recommended candidate is under the limits on held-out people."""
        return bool(self.recommended) and not self._exceeded()

    def _exceeded(self) -> list[tuple[Limit, float]]:
        column = "value" if self.by == "value" else "high"
        return above(self.held_out_exposures, self.recommended, self.limits, column)

    @property
    def verdict(self) -> str:
        """What to do, in a few words."""
        if not self.recommended:
            return "nothing that was tried stays under the limits"
        if self.recommended == AS_IT_IS:
            return "release the model as it is"
        if self.recommended.startswith(OMIT):
            left_out = self.recommended.removeprefix(OMIT).removesuffix("alone").strip()
            verdict = f"leave out {left_out or ', '.join(self._secrets)}"
            return f"{verdict}: simply better" if self._costs_nothing() else verdict
        return f"protect the model: {self.recommended}"

    def _costs_nothing(self) -> bool:
        own = self.held_out.set_index("candidate").loc[self.recommended]
        return bool(own["price"] <= own["price, error"])

    @property
    def sentences(self) -> list[str]:
        """What stands behind the verdict, a sentence each."""
        metric = self.facts["metric"]
        found = [
            f"{int(self.candidates['admissible'].sum())} of {len(self.candidates)} "
            f"candidates stay under the limits ({'; '.join(map(str, self.limits))})."
        ]
        if not self.recommended:
            return [*found, *self._nearest()]
        held_out = self.held_out.set_index("candidate")
        own = held_out.loc[self.recommended]
        if self.recommended != AS_IT_IS:
            undefended = held_out.loc[AS_IT_IS]
            found.append(
                f"On people whom the choice has not seen, {metric} is "
                f"{own['utility']:.4g} instead of {undefended['utility']:.4g}: "
                f"{_price(own)}."
            )
        else:
            found.append(
                f"On people whom the choice has not seen, {metric} is "
                f"{own['utility']:.4g} ({own['utility, low']:.4g} to "
                f"{own['utility, high']:.4g})."
            )
        found += self._exposed()
        exceeded = self._exceeded()
        if exceeded:
            found.append(
                "On these people the limits are not all kept: "
                + "; ".join(f"{limit}, found {100 * v:.1f}" for limit, v in exceeded)
                + ". Ask for stricter limits, or for more splits."
            )
        if OMIT in held_out.index and self.recommended != OMIT:
            found.append(
                f"Leaving out {', '.join(self._secrets)} instead: "
                f"{_price(held_out.loc[OMIT])}."
            )
        if self.omission_is_better and self._costs_nothing():
            found.append(
                "Leaving the column out costs nothing that could be measured, and "
                "protects more than anything else does."
            )
        elif self.omission_is_better:
            found.append(
                "Of all that stays under the limits, nothing is measurably better than "
                "leaving the column out, which protects more than anything else does."
            )
        return found

    def _nearest(self) -> list[str]:
        """Of no admissible candidate: what the least exposed reach."""
        found = []
        for limit in self.limits:
            rows = self.exposures[
                (self.exposures["secret"] == limit.secret)
                & (self.exposures["source"] == limit.source)
                & (self.exposures["figure"] == limit.figure)
            ]
            if len(rows):
                least = rows.loc[rows["value"].idxmin()]
                found.append(
                    f"{limit}; the least that was found is {100 * least['value']:.1f} "
                    f"({least['candidate']})."
                )
        return [*found, *self._floors()]

    def _floors(self) -> list[str]:
        """Where a limit asks for less than anybody reads without the model."""
        found = []
        for limit in self.limits:
            floor = self._without_answer(limit.secret)
            if limit.figure == "success" and limit.value < floor:
                found.append(
                    f"{limit.secret}: {100 * floor:.1f}% are guessed right without the "
                    "model, which no protection of it can change."
                )
        return found

    def _without_answer(self, secret: str) -> float:
        """Share that one guesses right who sees no answer; no candidate matters."""
        rows = self.exposures[
            (self.exposures["secret"] == secret)
            & (self.exposures["source"] == "answer")
        ]
        means = rows.groupby("figure")["value"].mean()
        return float(means["success"] - means["accuracy"])

    def _exposed(self) -> list[str]:
        rows = self.held_out_exposures.set_index(
            ["candidate", "secret", "source", "figure"]
        )

        def figure(secret: str, source: str, name: str = "") -> str:
            key = self.recommended, secret, source, name or MAIN[source]
            if key not in rows.index:
                return "not measured"
            value, low, high = _percent(rows.loc[key], source)
            return f"{value:.1f} ({low:.1f} to {high:.1f})"

        return [
            f"{secret}: who sees the answer guesses {figure(secret, 'answer')} % "
            f"right, {figure(secret, 'answer', 'accuracy')} points more than without "
            f"it; the rule adds {figure(secret, 'rule')} points, memory "
            f"{figure(secret, 'memory')}."
            for secret in self._secrets
        ]

    @property
    def summary(self) -> str:
        """The verdict and the sentences behind it."""
        lines = [f"{self.facts.get('model', 'Model')}: {self.verdict}."]
        lines += [f"  {sentence}" for sentence in self.sentences]
        if self.failures:
            lines.append(f"  Not tried: {', '.join(self.failures)}.")
        return "\n".join(lines)

    @property
    def table(self) -> pd.DataFrame:
        """A row per candidate as it is shown, the best utility under the limits first.

        Exposures are in per cent and percentage points.
        """
        rows = self.exposures[
            self.exposures["figure"] == self.exposures["source"].map(MAIN)
        ]
        shown = self.candidates[
            ["candidate", "utility", "price", "price, low", "price, high"]
        ].copy()
        several = len(self._secrets) > 1
        for (secret, source), found in rows.groupby(["secret", "source"], sort=False):
            name = f"{secret}: {source}" if several else source
            if source != "population":
                values = found.set_index("candidate")["value"]
                shown[name] = 100 * shown["candidate"].map(values)
        shown["under the limits"] = self.candidates["admissible"].to_numpy()
        return shown.sort_values(
            ["under the limits", "utility"], ascending=False, kind="stable"
        ).reset_index(drop=True)

    def plot(self, secret: str | None = None, source: str = "answer", ax: Any = None):
        """Draw utility against what one source gives away.

        Parameters
        ----------
        secret : str, default=None
            One of the secrets; the first by default.
        source : {"rule", "answer", "memory"}, default="answer"
            Source of the leak.
        ax : matplotlib Axes, default=None
            Axes to draw on; new ones by default.

        Returns
        -------
        ax : matplotlib Axes
        """
        secret = self._secrets[0] if secret is None else secret
        if secret not in self._secrets:
            raise ValueError(f"secret must be one of {self._secrets}, got {secret!r}.")
        if source not in _AXIS:
            raise ValueError(f"source must be one of {list(_AXIS)}, got {source!r}.")
        pyplot = require("matplotlib.pyplot", extra="plot", needed_by="plot")
        if ax is None:
            _, ax = pyplot.subplots(figsize=(5.2, 3.8), layout="constrained")
        rows = self.exposures[
            (self.exposures["secret"] == secret)
            & (self.exposures["figure"] == MAIN[source])
        ]
        own = rows[rows["source"] == source].set_index("candidate")["value"] * 100
        points = self.candidates.assign(x=self.candidates["candidate"].map(own))
        families = list(dict.fromkeys(points["defence"]))
        colors = pyplot.get_cmap("tab20")
        for number, family in enumerate(families):
            group = points[points["defence"] == family].sort_values("strength")
            color = colors((2 * number) % 20 + (2 * number) // 20)
            ax.plot(
                group["x"],
                group["utility"],
                "o-",
                color=color,
                linewidth=1,
                markersize=5,
                alpha=0.9,
                label=family,
            )
        chosen = points[points["candidate"] == self.recommended]
        ax.plot(
            chosen["x"],
            chosen["utility"],
            "o",
            markersize=13,
            fillstyle="none",
            markeredgewidth=2,
            color="#d6452b",
            label="recommended" if len(chosen) else None,
        )
        for limit in self.limits:
            if (limit.secret, limit.source) == (secret, source) and (
                limit.figure == MAIN[source]
            ):
                ax.axvline(100 * limit.value, color="#d6452b", linestyle="--")
        low, high = ax.get_xlim()
        if source == "answer":
            ax.set_xlim(min(low, 30), max(high, 102))
            ax.axvline(
                100 * self._without_answer(secret), color="#888888", linestyle=":"
            )
        else:
            # What is noise shall not look like a difference.
            ax.set_xlim(min(low, -6), max(high, 6))
            ax.axvline(0, color="#888888", linestyle=":")
        ax.set_xlabel(f"{secret}, {_AXIS[source]}")
        ax.set_ylabel(self.facts["metric"])
        return ax

    def _document(self) -> dict[str, Any]:
        tables = ("candidates", "exposures", "held_out", "held_out_exposures")
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "recommended": self.recommended or None,
            "confirmed": self.confirmed,
            "omission_is_better": self.omission_is_better,
            "sentences": self.sentences,
            "limits": [vars(limit) for limit in self.limits],
            "by": self.by,
            "failures": self.failures,
            "facts": self.facts,
            "recipe": self.recipe,
            **{name: records(getattr(self, name)) for name in tables},
        }

    def _page(self) -> dict[str, Any]:
        return {
            "sources": self._source_rows(),
            "pictures": self._pictures(),
            "what": _WHAT,
            "candidates": self.table,
            "not_tested": _NOT_TESTED,
        }

    def _source_rows(self) -> list[dict]:
        """Each secret and source, of the model as it is and of what is recommended."""
        rows = self.held_out_exposures
        rows = rows[rows["figure"] == rows["source"].map(MAIN)]
        if rows.empty:
            rows = self.exposures
            rows = rows[rows["figure"] == rows["source"].map(MAIN)]
        found = []
        for (secret, source), group in rows.groupby(["secret", "source"], sort=False):
            by_name = group.set_index("candidate")
            limit = [
                ("" if limit.figure == MAIN[source] else "guess + ")
                + f"{100 * limit.value:g}"
                for limit in self.limits
                if (limit.secret, limit.source) == (secret, source)
            ]
            row = {"secret": secret, "source": source, "limit": "".join(limit)}
            for name, candidate in (
                ("before", AS_IT_IS),
                ("after", self.recommended or OMIT),
            ):
                shown = by_name.loc[candidate] if candidate in by_name.index else None
                row[name] = None if shown is None else _percent(shown, source)
            found.append(row)
        return found

    def _pictures(self) -> list[dict]:
        """A drawing for each secret and source; the key once, with the first."""
        found = []
        for secret in self._secrets:
            for source in _AXIS:
                with page_axes(figsize=(5.2, 3.4)) as ax:
                    self.plot(secret, source, ax)
                    text = (
                        f"{self.facts['metric']} of each candidate against what "
                        f"{source} gives away of {secret}; the table below has the "
                        "figures."
                    )
                    found.append({"svg": svg_element(ax.figure, text), "text": text})
        n_families = self.candidates["defence"].nunique() + 1
        with page_axes(figsize=(5.2, 0.4 + 0.24 * n_families)) as ax:
            self.plot(ax=ax)
            handles, labels = ax.get_legend_handles_labels()
            ax.clear()
            ax.set_axis_off()
            ax.legend(handles, labels, loc="center left", frameon=False, fontsize=10)
            text = "Key: " + ", ".join(labels)
            key = {"svg": svg_element(ax.figure, text), "text": "Key of the drawings."}
        return [*found, key]

    def _repr_html_(self) -> str:
        rows = self.table.to_html(
            index=False, escape=True, float_format="{:.3g}".format
        )
        return f"<p><strong>{html.escape(self.verdict)}</strong></p>{rows}"


def _percent(figure: pd.Series, source: str) -> pd.Series:
    """A figure and its limits; a share of people is none below 0 or above all."""
    shown = 100 * figure[["value", "low", "high"]].astype(float)
    return shown.clip(0, 100) if source in ("population", "answer") else shown


def _price(row: pd.Series) -> str:
    value, low, high = (row[f"price{c}"] for c in ("", ", low", ", high"))
    if value < 0:
        return f"{-value:.2g} more ({-high:.2g} to {-low:.2g})"
    return f"{value:.2g} less ({low:.2g} to {high:.2g})"
