"""A figure of the models alone against the strength of their defence."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._spec import DatasetSpec
from sklearn_mid.benchmark._protocol import HELD_OUT, MEMBERS
from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._plotting import (
    COLORS,
    MARKERS,
    legend_below,
    literal,
    new_axes,
    styled,
)

__all__ = ["StrengthDisplay"]


class StrengthDisplay:
    """One figure of the models, for suites that attack nothing.

    Defences with a strength are curves, the others horizontal lines; members are
    solid, held-out people dashed.

    Parameters
    ----------
    curves : DataFrame
        ``defence``, ``parameter``, ``strength``, ``population``, ``centre``, ``low``,
        ``high``.
    metric : str
        Name of the figure.
    title : str
    """

    def __init__(self, curves: pd.DataFrame, metric: str, title: str) -> None:
        self.curves = curves
        self.metric = metric
        self.title = title

    @classmethod
    def selected(
        cls, results: pd.DataFrame, dataset: DatasetSpec, metric: str
    ) -> "StrengthDisplay":
        """Pick a dataset's models and one of their figures."""
        rows = (
            (results["dataset"] == dataset.name)
            & (results["kind"] == "model")
            & (results["metric"] == metric)
            & results["population"].isin([MEMBERS, HELD_OUT])
        )
        summary = summarize(results[rows], statistic=dataset.statistic)
        curves = summary.rename(columns={dataset.statistic: "centre"})
        return cls(curves, metric, dataset.title or dataset.name)

    @property
    def description(self) -> str:
        """What the plot shows, in words."""
        figures = "; ".join(
            f"{row.defence} {row.strength:g}: {row.centre:.3g}"
            if row.parameter
            else f"{row.defence}: {row.centre:.3g}"
            for row in self.curves.itertuples()
            if row.population == "held-out"
        )
        return f"{self.metric} of the models, held-out people. {figures}."

    def plot(
        self, ax: Any = None, *, name: str | None = None, **style: Any
    ) -> "StrengthDisplay":
        """Draw the plot; parameters are those of :class:`PrivacyUtilityDisplay`."""
        ax = new_axes("StrengthDisplay.plot") if ax is None else ax
        title = self.title if name is None else name
        text = ax.xaxis.label.get_color()
        groups = self.curves.groupby(["defence", "population"], sort=False)
        order = list(dict.fromkeys(self.curves["defence"]))
        for (defence, population), part in groups:
            index = order.index(defence)
            color = COLORS[index % len(COLORS)] or text
            is_member = population == "members"
            line = {"color": color, "ls": "-" if is_member else "--"}
            line["label"] = literal(f"{defence}, {population}")
            if part["parameter"].iloc[0]:
                part = part.sort_values("strength")
                below = part["centre"] - part["low"]
                above = part["high"] - part["centre"]
                ax.errorbar(
                    part["strength"],
                    part["centre"],
                    yerr=np.nan_to_num([below, above]),
                    **styled(
                        {
                            "marker": MARKERS[index % len(MARKERS)],
                            "mfc": color if is_member else "none",
                            **line,
                        },
                        style,
                    ),
                )
            else:
                ax.axhline(part["centre"].iloc[0], **styled({"lw": 1, **line}, style))
        strengths = self.curves["strength"].dropna()
        if len(strengths) and (strengths > 0).all():
            ax.set_xscale("log")
        ax.set(
            xlabel=" / ".join(dict.fromkeys(filter(None, self.curves["parameter"]))),
            ylabel=f"{self.metric} of the model",
            title=literal(title),
        )
        legend_below(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
