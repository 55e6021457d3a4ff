"""What theory promises, beside what an attack reached."""

from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._engine._spec import DatasetSpec
from sklearn_mid.benchmark._protocol import (
    HELD_OUT,
    MEMBERS,
    PRIVACY_LOSS_BOUNDS,
)
from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._plotting import (
    COLORS,
    MARKERS,
    legend_below,
    literal,
    new_axes,
    styled,
)

__all__ = ["PromiseDisplay"]

_COLORS = [color for color in COLORS if color]  # without that of the text


class PromiseDisplay:
    """Measured figures and the bounds on them, over what the models spend.

    Parameters
    ----------
    measured, bounds : DataFrame
        ``name``, ``x``, ``centre``, ``low``, ``high``, in the order of ``x``. Each
        name of `measured` is a set of points with intervals, each of `bounds` a line.
    x_name, y_name, title : str
    """

    def __init__(
        self,
        measured: pd.DataFrame,
        bounds: pd.DataFrame,
        x_name: str,
        y_name: str,
        title: str,
    ) -> None:
        self.measured = measured
        self.bounds = bounds
        self.x_name = x_name
        self.y_name = y_name
        self.title = title

    @classmethod
    def privacy_loss(
        cls, results: pd.DataFrame, dataset: DatasetSpec, attack: str
    ) -> "PromiseDisplay | None":
        """Advantage on members over epsilon, and its bounds for groups of records.

        None if no model of the dataset is differentially private.
        """
        summary = _spent(results, dataset, attack, "epsilon")
        measured = summary[summary["metric"] == "member advantage"]
        names = {
            metric: f"bound, {method}, n={n}"
            for (method, n), metric in PRIVACY_LOSS_BOUNDS.items()
        }
        bounds = summary.assign(name=summary["metric"].map(names)).dropna(subset="name")
        # The bounds know nothing of the model: one defence's are everybody's.
        bounds = bounds.drop_duplicates(["name", "x"])
        measured = measured.assign(name=measured["defence"])
        return cls._of(
            measured,
            bounds,
            "epsilon",
            "advantage on members over others",
            f"{dataset.title or dataset.name}\nattack: {attack}",
        )

    @classmethod
    def information(
        cls, results: pd.DataFrame, dataset: DatasetSpec, attack: str
    ) -> "PromiseDisplay | None":
        """Attack accuracy over the model's information, and the bound on it.

        None if no model of the dataset says what its information is.
        """
        summary = _spent(results, dataset, attack, "mutual information")
        # A curve over what the models spend: only defences that have a strength.
        summary = summary[summary["parameter"] != ""]
        is_bound = summary["metric"] == "accuracy bound"
        promised = summary["defence"].isin(summary.loc[is_bound, "defence"])
        label = summary["defence"] + ", " + summary["population"]
        summary["name"] = label.where(~is_bound, "bound, " + label)
        return cls._of(
            summary[promised & (summary["metric"] == "accuracy")],
            summary[is_bound],
            "information in nats",
            "accuracy of the attack",
            f"{dataset.title or dataset.name}\nattack: {attack}",
        )

    @classmethod
    def _of(
        cls, measured: pd.DataFrame, bounds: pd.DataFrame, *texts: str
    ) -> "PromiseDisplay | None":
        if not len(measured):
            return None
        return cls(measured.sort_values("x"), bounds.sort_values("x"), *texts)

    @property
    def description(self) -> str:
        """What the plot shows, in words."""
        points = "; ".join(
            f"{row.name} at {row.x:.3g}: {row.centre:.3f}"
            for row in self.measured.itertuples(index=False)
        )
        lines = "; ".join(
            f"{name} from {part['centre'].iloc[0]:.3f} to {part['centre'].iloc[-1]:.3f}"
            for name, part in self.bounds.groupby("name", sort=False)
        )
        return (
            f"{self.y_name[:1].upper()}{self.y_name[1:]} over {self.x_name}. Measured: "
            f"{points}. {lines[:1].upper()}{lines[1:]}."
        )

    def plot(
        self, ax: Any = None, *, name: str | None = None, **style: Any
    ) -> "PromiseDisplay":
        """Draw the plot; parameters are those of :class:`PrivacyUtilityDisplay`."""
        ax = new_axes("PromiseDisplay.plot") if ax is None else ax
        title = self.title if name is None else name
        text = ax.xaxis.label.get_color()
        for index, (bound, part) in enumerate(self.bounds.groupby("name", sort=False)):
            # Bounds come in pairs, as do line styles; wider are those of later pairs.
            ax.plot(
                part["x"],
                part["centre"],
                color=text,
                ls=("-", "--")[index % 2],
                lw=0.8 * (1 + index // 2),
                label=literal(bound),
            )
        groups = self.measured.groupby("name", sort=False)
        for index, (measured, part) in enumerate(groups):
            ax.errorbar(
                part["x"],
                part["centre"],
                yerr=np.nan_to_num(
                    [part["centre"] - part["low"], part["high"] - part["centre"]]
                ),
                **styled(
                    {
                        "color": _COLORS[index % len(_COLORS)],
                        "marker": MARKERS[index % len(MARKERS)],
                        "label": literal(measured),
                    },
                    style,
                ),
            )
        if (self.measured["x"] > 0).all():
            ax.set_xscale("log")
        ax.set(
            xlabel=self.x_name,
            ylabel=self.y_name,
            title=literal(title),
        )
        legend_below(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _spent(
    results: pd.DataFrame, dataset: DatasetSpec, attack: str, figure: str
) -> pd.DataFrame:
    """Summary of an attack, and what each of its models spent (``x``, finite)."""
    keys = ["defence", "strength"]
    results = results[
        (results["dataset"] == dataset.name)
        & results["population"].isin([MEMBERS, HELD_OUT])
    ]
    spent = (results["kind"] == "model") & (results["metric"] == figure)
    models = _summary(results[spent], dataset)[[*keys, "centre"]]
    summary = _summary(results[results["attack"] == attack], dataset)
    summary = summary.merge(models.rename(columns={"centre": "x"}), on=keys)
    return summary[np.isfinite(summary["x"])].copy()


def _summary(results: pd.DataFrame, dataset: DatasetSpec) -> pd.DataFrame:
    summary = summarize(results, statistic=dataset.statistic)
    return summary.rename(columns={dataset.statistic: "centre"})
