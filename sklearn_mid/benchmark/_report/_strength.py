"""A figure of the models alone against the strength of their defence."""

import numpy as np

from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._plotting import COLORS, MARKERS, legend_below, literal

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

    def __init__(self, curves, metric, title):
        self.curves = curves
        self.metric = metric
        self.title = title

    @classmethod
    def from_results(cls, results, dataset, metric):
        """Pick a dataset's models and one of their figures."""
        rows = (
            (results["dataset"] == dataset.name)
            & (results["attack"] == "utility")
            & (results["metric"] == metric)
        )
        summary = summarize(results[rows], statistic=dataset.statistic)
        curves = summary.rename(columns={dataset.statistic: "centre"})
        return cls(curves, metric, dataset.title or dataset.name)

    @property
    def description(self):
        """What the plot shows, in words."""
        figures = "; ".join(
            f"{row.defence} {row.strength:g}: {row.centre:.3g}"
            if row.parameter
            else f"{row.defence}: {row.centre:.3g}"
            for row in self.curves.itertuples()
            if row.population == "held-out"
        )
        return f"{self.metric} of the models, held-out people. {figures}."

    def plot(self, ax):
        """Draw on Matplotlib axes."""
        text = ax.xaxis.label.get_color()
        groups = self.curves.groupby(["defence", "population"], sort=False)
        order = list(dict.fromkeys(self.curves["defence"]))
        for (name, population), part in groups:
            index = order.index(name)
            color = COLORS[index % len(COLORS)] or text
            is_member = population == "members"
            style = {"color": color, "ls": "-" if is_member else "--"}
            label = literal(f"{name}, {population}")
            if part["parameter"].iloc[0]:
                part = part.sort_values("strength")
                below = part["centre"] - part["low"]
                above = part["high"] - part["centre"]
                ax.errorbar(
                    part["strength"],
                    part["centre"],
                    yerr=np.nan_to_num([below, above]),
                    marker=MARKERS[index % len(MARKERS)],
                    mfc=color if is_member else "none",
                    label=label,
                    **style,
                )
            else:
                ax.axhline(part["centre"].iloc[0], lw=1, label=label, **style)
        strengths = self.curves["strength"].dropna()
        if len(strengths) and (strengths > 0).all():
            ax.set_xscale("log")
        ax.set(
            xlabel=" / ".join(dict.fromkeys(filter(None, self.curves["parameter"]))),
            ylabel=f"{self.metric} of the model",
            title=literal(self.title),
        )
        legend_below(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self
