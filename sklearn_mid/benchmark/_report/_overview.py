"""One figure per data set: the strongest attacker, and every attacker beside it.

A large panel shows for each setting of each defence the attack that reads most of
those who know the response, small ones each attack by itself. MID is in colour, its
competitors are grey; every defence has a marker and a dash of its own, and its name
stands beside the panel, never on another. Settings that would squeeze all others stand
at the edge of the panel, as arrows.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._report._frontier import ANSWER_ATTACKS
from sklearn_mid.benchmark._report._repetitions import is_error
from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._plotting import COLORS, MARKERS, literal

__all__ = ["OverviewDisplay", "in_words", "spread_out"]

_GREY = "#7a7a7a"
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
_WORDS = {
    "accuracy": "share of right guesses",
    "ece": "expected calibration error",
    "gain": "gain over the mean image of the class",
    "log loss": "log loss, in nats",
    "mcc": "Matthews correlation",
    "mse": "mean squared error",
    "roc_auc": "area under the ROC curve",
    "weighted f1": "F1, weighted by class",
}
_KEYS = ["defence", "parameter", "strength"]
# Height of a line of labels, as a share of the panel.
_LINE = 0.042
# An axis reaches this share of the settings, within these multiples of the spread of
# the better half; what lies beyond stands at the edge.
_SHOWN = 0.9
_REACH = (2.5, 10.0)


def in_words(metric: str) -> str:
    """What a metric is, for the axis of a plot."""
    return _WORDS.get(metric, metric)


def spread_out(heights: Sequence[float], gap: float, top: float = 1.0) -> np.ndarray:
    """Heights of labels, in order, moved apart by `gap` and kept below `top`.

    The least movement in squares, but for the limits: labels that touch form a block
    about their mean (pool adjacent violators).
    """
    order = np.argsort(heights, kind="stable")
    blocks: list[list[float]] = []  # sum of (height - place in the block), count
    for height in np.asarray(heights, dtype=float)[order]:
        blocks.append([height, 1.0])
        while len(blocks) > 1:
            (a, n), (b, m) = blocks[-2:]
            if a / n + n * gap <= b / m:
                break
            blocks[-2:] = [[a + b - m * n * gap, n + m]]
    placed = np.concatenate([a / n + gap * np.arange(n) for a, n in blocks])
    over = max(placed[-1] - top, 0.0) if len(placed) else 0.0
    found = np.empty(len(placed))
    found[order] = placed - over
    return found


class OverviewDisplay:
    """Privacy against utility of one data set, an attacker a panel.

    Parameters
    ----------
    points : DataFrame
        A row per defence, strength and attack: ``defence``, ``parameter``,
        ``strength``, ``attack``, ``utility``, ``leak``, ``low``, ``high``.
    baselines : DataFrame
        ``name`` and ``leak``.
    utility, metric : str
        Metric of the models, and of the attacks.
    title, people : str
        Of the figure, and who is attacked.
    """

    def __init__(
        self,
        points: pd.DataFrame,
        baselines: pd.DataFrame,
        *,
        utility: str,
        metric: str,
        title: str,
        people: str,
    ) -> None:
        self.points = points
        self.baselines = baselines
        self.utility = utility
        self.metric = metric
        self.title = title
        self.people = people

    @classmethod
    def from_results(
        cls,
        results: pd.DataFrame,
        dataset: str,
        *,
        utility: str,
        metric: str = "roc_auc",
        people: str = "members",
        statistic: str = "mean",
        title: str = "",
    ) -> "OverviewDisplay":
        """Pick one data set's figures of tidy results."""
        frame = results[results["dataset"] == dataset]
        models = frame[
            (frame["kind"] == "model")
            & (frame["metric"] == utility)
            & (frame["population"] == "held-out")
        ]
        judged = frame[
            (frame["kind"] != "model")
            & (frame["metric"] == metric)
            & (frame["population"] == people)
        ]
        useful = summarize(models, statistic=statistic)
        useful = useful.rename(columns={statistic: "utility"})[[*_KEYS, "utility"]]
        leaks = summarize(judged, statistic=statistic)
        leaks = leaks.rename(columns={statistic: "leak"})
        is_guess = leaks["kind"] == "baseline"
        points = leaks[~is_guess].merge(useful, on=_KEYS)
        guesses = leaks[is_guess][["attack", "leak"]].rename(columns={"attack": "name"})
        return cls(
            points[[*_KEYS, "attack", "utility", "leak", "low", "high"]],
            guesses.reset_index(drop=True),
            utility=utility,
            metric=metric,
            title=title or dataset,
            people=people,
        )

    @property
    def strongest(self) -> pd.DataFrame:
        """Of each setting, the attack that reads most, of those told the response.

        One who sees the answer reads nearly everything of most models: that is another
        leak, with a panel of its own.
        """
        rows = self.points.dropna(subset="leak")
        told = ~rows["attack"].isin(ANSWER_ATTACKS)
        rows = rows[told] if told.any() else rows
        best = rows.groupby(_KEYS, sort=False, dropna=False)["leak"].idxmax()
        return rows.loc[best]

    def plot(self) -> "OverviewDisplay":
        """Draw a new figure; it is kept as ``figure_``."""
        pyplot = require("matplotlib.pyplot", extra="plot", needed_by="overviews")
        attacks = list(dict.fromkeys(self.points["attack"]))
        n_rows = max(2, math.ceil(len(attacks) / 2))
        figure = pyplot.figure(figsize=(12.5, 2.1 * n_rows + 1.4))
        grid = figure.add_gridspec(
            n_rows, 5, width_ratios=(5, 2.5, 0.1, 2, 2), wspace=0.14, hspace=0.3,
            left=0.065, right=0.99, bottom=0.08, top=0.9,
        )  # fmt: skip
        large = figure.add_subplot(grid[:, 0])
        reach = self._reach()
        strongest = self.strongest
        self._draw(large, strongest, (reach, self._heights(strongest)), names=True)
        limits = reach, self._heights(self.points)
        better = "less is better" if is_error(self.utility) else "more is better"
        large.set_xlabel(f"{in_words(self.utility)} of the model ({better})")
        large.set_ylabel(
            f"{in_words(self.metric)} of the attack on {self.people}\n"
            "(lower is more private)"
        )
        large.set_title(
            "the strongest attacker on each setting, of those told the response",
            fontsize=10,
        )
        for i, attack in enumerate(attacks):
            ax = figure.add_subplot(grid[i // 2, 3 + i % 2])
            self._draw(ax, self.points[self.points["attack"] == attack], limits)
            ax.set_title(literal(attack), fontsize=8, pad=3)
            ax.tick_params(labelsize=7)
            if i % 2:
                ax.tick_params(labelleft=False)
            if i + 2 < len(attacks):
                ax.tick_params(labelbottom=False)
        figure.suptitle(literal(self.title), fontsize=13, x=0.065, ha="left")
        self.figure_ = figure
        return self

    def _reach(self) -> tuple[float, float]:
        """An axis that shows the better settings well, and the others at its edge."""
        points = self.strongest
        x = points["utility"].to_numpy()
        x = x[np.isfinite(x)]
        sign = -1 if is_error(self.utility) else 1
        best = sign * (sign * x).max()
        lost = np.abs(x - best)
        least, most = (times * np.median(lost) for times in _REACH)
        reach = min(max(np.quantile(lost, _SHOWN), least), most)
        worst = best - sign * min(max(reach, 1e-6), lost.max())
        pad = 0.06 * abs(best - worst) or 0.01
        return (min(best, worst) - pad, max(best, worst) + pad)

    def _heights(self, points: pd.DataFrame) -> tuple[float, float]:
        y = np.concatenate([points["leak"], self.baselines["leak"]])
        y = y[np.isfinite(y)]
        rise = 0.06 * (y.max() - y.min()) or 0.01
        return (y.min() - rise, y.max() + rise)

    def _draw(
        self,
        ax: Any,
        points: pd.DataFrame,
        limits: tuple[tuple[float, float], tuple[float, float]],
        *,
        names: bool = False,
    ) -> None:
        (left, right), (bottom, top) = limits
        for row in self.baselines.itertuples():
            ax.axhline(row.leak, color="black", lw=0.7, ls=(0, (4, 3)), zorder=1)
        order = list(dict.fromkeys(self.points["defence"]))
        ours = [name for name in order if name.startswith("MID")]
        ends = []
        for place, defence in enumerate(order):
            curve = points[points["defence"] == defence].sort_values("strength")
            if not len(curve):
                continue
            is_mid = defence in ours
            color = COLORS[1 + ours.index(defence) % 7] if is_mid else _GREY
            x = curve["utility"].clip(left, right)
            y = curve["leak"]
            beyond = (x != curve["utility"]).to_numpy()
            size = 6.5 if names else 3.5
            ax.plot(
                x, y, color=color, marker=MARKERS[place % len(MARKERS)], ms=size,
                ls=_DASHES[place % len(_DASHES)], lw=1.8 if is_mid else 1.0,
                zorder=4 if is_mid else 3, clip_on=False,
                mfc=color if is_mid or place % 2 else "white",
            )  # fmt: skip
            if names:
                ax.vlines(
                    x, curve["low"], curve["high"], color=color, lw=0.8, alpha=0.6
                )
            edge = x[beyond]
            arrow = "$\\leftarrow$" if len(edge) and edge.iloc[0] == left else None
            ax.plot(
                edge, y[beyond], ls="", marker=arrow or "$\\rightarrow$", ms=11,
                color=color, clip_on=False, zorder=5,
            )  # fmt: skip
            ends.append((defence, float(x.iloc[-1]), float(y.iloc[-1]), color))
        ax.set_xlim(left, right)
        ax.set_ylim(bottom, top)
        ax.grid(alpha=0.25)
        if names:
            self._name(ax, ends, limits)

    def _name(self, ax: Any, ends: list, limits: tuple) -> None:
        """Names beside the panel, each at the height of its curve's end, or near it."""
        (_, right), (bottom, top) = limits
        labels = [(name, x, y, color, 9) for name, x, y, color in ends]
        labels += [
            (f"no model: {row.name}", right, row.leak, "black", 8)
            for row in self.baselines.itertuples(index=False)
        ]
        shares = [(y - bottom) / (top - bottom) for _, _, y, _, _ in labels]
        gap = min(_LINE, 1.0 / max(len(labels), 1))
        for (text, x, y, color, size), height in zip(
            labels, spread_out(shares, gap), strict=True
        ):
            ax.annotate(
                literal(text),
                (x, y),
                xytext=(1.07, height),
                textcoords="axes fraction",
                va="center",
                fontsize=size,
                color=color,
                annotation_clip=False,
                arrowprops={
                    "arrowstyle": "-",
                    "color": color,
                    "lw": 0.4,
                    "alpha": 0.5,
                    "relpos": (0, 0.5),
                },
            )
