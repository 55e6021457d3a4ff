"""What theory promises, beside what an attack reached."""

import numpy as np

from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._plotting import COLORS, MARKERS, legend_below, literal

__all__ = ["PromiseDisplay"]

_COLORS = [color for color in COLORS if color]  # without that of the text
_PRIVACY_LOSS = "privacy loss bound, "


class PromiseDisplay:
    """Measured figures and the bounds on them, over what the models spend.

    Parameters
    ----------
    measured, bounds : DataFrame
        ``name``, ``x``, ``centre``, ``low``, ``high``, in the order of ``x``. Each
        name of `measured` is a set of points with intervals, each of `bounds` a line.
    x_name, y_name, title : str
    """

    def __init__(self, measured, bounds, x_name, y_name, title):
        self.measured = measured
        self.bounds = bounds
        self.x_name = x_name
        self.y_name = y_name
        self.title = title

    @classmethod
    def privacy_loss(cls, results, dataset, attack):
        """Advantage on members over epsilon, and its bounds for groups of records.

        None if no model of the dataset is differentially private.
        """
        summary = _summary(results, dataset, attack)
        summary["x"] = summary["strength"]
        is_private = summary["metric"].str.startswith(_PRIVACY_LOSS)
        private = summary["defence"].isin(summary.loc[is_private, "defence"])
        advantage = private & (summary["metric"] == "member advantage")
        summary["name"] = summary["defence"].where(
            ~is_private, "bound, " + summary["metric"].str.removeprefix(_PRIVACY_LOSS)
        )
        # The bounds know nothing of the model: one defence's are everybody's.
        bounds = summary[is_private].drop_duplicates(["name", "x"])
        return cls._of(
            summary[advantage],
            bounds,
            "epsilon",
            "advantage on members over others",
            f"{dataset.title or dataset.name}\nattack: {attack}",
        )

    @classmethod
    def information(cls, results, dataset, attack):
        """Attack accuracy over the model's information, and the bound on it.

        None if no model of the dataset says what its information is.
        """
        keys = ["defence", "strength"]
        models = _summary(results, dataset, "utility")
        models = models[models["metric"] == "mutual information"]
        models = models[[*keys, "centre"]].rename(columns={"centre": "x"})
        summary = _summary(results, dataset, attack).merge(models, on=keys)
        # A curve over what the models spend: only defences that have a strength.
        summary = summary[np.isfinite(summary["x"]) & (summary["parameter"] != "")]
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
    def _of(cls, measured, bounds, *texts):
        if not len(measured):
            return None
        return cls(measured.sort_values("x"), bounds.sort_values("x"), *texts)

    @property
    def description(self):
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

    def plot(self, ax):
        """Draw on Matplotlib axes."""
        text = ax.xaxis.label.get_color()
        for index, (name, part) in enumerate(self.bounds.groupby("name", sort=False)):
            # Bounds come in pairs, as do line styles; wider are those of later pairs.
            ax.plot(
                part["x"],
                part["centre"],
                color=text,
                ls=("-", "--")[index % 2],
                lw=0.8 * (1 + index // 2),
                label=literal(name),
            )
        for index, (name, part) in enumerate(self.measured.groupby("name", sort=False)):
            ax.errorbar(
                part["x"],
                part["centre"],
                yerr=np.nan_to_num(
                    [part["centre"] - part["low"], part["high"] - part["centre"]]
                ),
                color=_COLORS[index % len(_COLORS)],
                marker=MARKERS[index % len(MARKERS)],
                label=literal(name),
            )
        if (self.measured["x"] > 0).all():
            ax.set_xscale("log")
        ax.set(
            xlabel=self.x_name,
            ylabel=self.y_name,
            title=literal(self.title),
        )
        legend_below(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _summary(results, dataset, attack):
    rows = (results["dataset"] == dataset.name) & (results["attack"] == attack)
    summary = summarize(results[rows], statistic=dataset.statistic)
    return summary.rename(columns={dataset.statistic: "centre"})
