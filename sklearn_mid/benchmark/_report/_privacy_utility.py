"""The privacy-utility plot: what a defence costs, and what it keeps secret."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.benchmark._report._repetitions import check_columns, is_error
from sklearn_mid.benchmark._report._results import summarize
from sklearn_mid.utils._plotting import (
    COLORS,
    MARKERS,
    legend_below,
    literal,
    new_axes,
    styled,
)
from sklearn_mid.utils._sklearn_compat import HasMethods, StrOptions
from sklearn_mid.utils._validation import check_parameters

__all__ = ["PrivacyUtilityDisplay"]

_DASHES = ("-", "--", "-.", (0, (1, 1)))
_BASELINE_DASHES = (":", (0, (5, 3)), (0, (3, 1, 1, 1)))

_POINT = ["defence", "parameter", "strength"]
_ATTACKED = ["attack", "repetition", "population", "metric", "value"]
_COLUMNS = ["kind", "dataset", *_POINT, *_ATTACKED]
_CONSTRAINTS = {
    "utility": [str],
    "metric": [str],
    "population": [StrOptions({"members", "held-out"})],
    "statistic": [StrOptions({"mean", "median"})],
    "title": [str, None],
    "name": [str, None],
    "ax": [HasMethods("plot"), None],
}


def _only(frame: pd.DataFrame, column: str, value: str | None, param: str) -> str:
    """Rows of `frame` with that value; it may be left out if there is just one."""
    found = list(dict.fromkeys(frame[column]))
    if value is None:
        if len(found) != 1:
            raise ValueError(
                f"{param}=None, but results hold several: choose of {found}."
            )
        return found[0]
    if not isinstance(value, str) or value not in found:
        raise ValueError(f"{param}={value!r} is not in results; choose one of {found}.")
    return value


class PrivacyUtilityDisplay:
    """Attack success against utility, a curve per defence.

    The best corner is that of high utility and an attack no better than the
    baselines. Every defence is a marker, or a curve through its strengths, with
    intervals over splits on both axes. Horizontal lines are baselines that need no
    model, in bands that are intervals over people: below the highest of them, the model
    gives nothing away.

    Use :meth:`from_results` to make one.

    Parameters
    ----------
    points : DataFrame
        ``defence``, ``parameter``, ``strength``, then ``utility`` and ``attack``
        with their limits ``utility_low``, ``utility_high``, ``attack_low``,
        ``attack_high``, ``complete`` (bool), and ``style`` (int: which colour and
        marker).
    baselines : DataFrame
        ``name``, ``attack``, ``attack_low`` and ``attack_high``.
    utility_name, attack_name : str
        Labels of the axes.
    references : list of (label, utility, attack), default=()
        Published points.
    lower_is_better : bool, default=False
        Whether utility is an error.
    title : str, default=""
        Title of the plot.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the plot.
    figure_ : matplotlib Figure
        Figure with the plot.

    See Also
    --------
    sklearn_mid.benchmark.load_results : Results to plot.
    sklearn_mid.metrics.ReconstructionDisplay : Reconstructed images side by side.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_mid.benchmark import PrivacyUtilityDisplay
    >>> results = pd.DataFrame(
    ...     [("model", "undefended", "", "accuracy", 0.9),
    ...      ("attack", "undefended", "MAP", "accuracy", 0.7),
    ...      ("baseline", "", "majority guess", "accuracy", 0.5)],
    ...     columns=["kind", "defence", "attack", "metric", "value"],
    ... ).assign(dataset="survey", parameter="", strength=float("nan"), repetition=0)
    >>> results["population"] = ["held-out", "members", "members"]
    >>> display = PrivacyUtilityDisplay.from_results(results, utility="accuracy")
    >>> display.points[["defence", "utility", "attack"]].values.tolist()
    [['undefended', 0.9, 0.7]]
    """

    def __init__(
        self,
        *,
        points: pd.DataFrame,
        baselines: pd.DataFrame,
        utility_name: str,
        attack_name: str,
        references: Sequence[tuple[str, float, float]] = (),
        lower_is_better: bool = False,
        title: str = "",
    ) -> None:
        self.points = points
        self.baselines = baselines
        self.utility_name = utility_name
        self.attack_name = attack_name
        self.references = references
        self.lower_is_better = lower_is_better
        self.title = title

    @classmethod
    def from_results(
        cls,
        results: pd.DataFrame,
        *,
        utility: str,
        dataset: str | None = None,
        attack: str | None = None,
        metric: str = "accuracy",
        population: str = "members",
        statistic: str = "mean",
        references: Iterable[tuple[str, float, float]] = (),
        allow_incomplete: bool = False,
        title: str | None = None,
        ax: Any = None,
    ) -> "PrivacyUtilityDisplay":
        """Plot one dataset and one attack of tidy results.

        Utility is always that of held-out records.

        Parameters
        ----------
        results : DataFrame
            As from :func:`sklearn_mid.benchmark.load_results`.
        utility : str
            Metric of the model, for example ``"accuracy"`` or ``"mse"``.
        dataset, attack : str, default=None
            Which ones; may be left out where `results` hold just one.
        metric : str, default="accuracy"
            Metric of the attack.
        population : {"members", "held-out"}, default="members"
            Whose secrets are attacked.
        statistic : {"mean", "median"}, default="mean"
            What stands for the repetitions.
        references : list of (label, utility, attack), default=()
            Published points to draw beside.
        allow_incomplete : bool, default=False
            Also draw points for which repetitions are missing; they are hollow, and
            the plot says so.
        title : str, default=None
            Title; by default the names of dataset and attack.
        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        Returns
        -------
        display : PrivacyUtilityDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a name is not in `results`, or repetitions are missing.
        """
        display = cls._selected(
            results,
            utility=utility,
            dataset=dataset,
            attack=attack,
            metric=metric,
            population=population,
            statistic=statistic,
            references=references,
            allow_incomplete=allow_incomplete,
            title=title,
        )
        return display.plot(ax)

    @classmethod
    def _selected(
        cls,
        results: pd.DataFrame,
        *,
        utility: str,
        dataset: str | None = None,
        attack: str | None = None,
        metric: str = "accuracy",
        population: str = "members",
        statistic: str = "mean",
        references: Iterable[tuple[str, float, float]] = (),
        allow_incomplete: bool = False,
        title: str | None = None,
    ) -> "PrivacyUtilityDisplay":
        """What :meth:`from_results` draws."""
        check_parameters(
            "from_results",
            _CONSTRAINTS,
            utility=utility,
            metric=metric,
            population=population,
            statistic=statistic,
            title=title,
        )
        check_columns(results, _COLUMNS)
        dataset = _only(results, "dataset", dataset, "dataset")
        results = results[results["dataset"] == dataset]
        is_attack = results["kind"] == "attack"
        attack = _only(results[is_attack], "attack", attack, "attack")

        def scores(
            mask: pd.Series, param: str, wanted: str, people: str
        ) -> pd.DataFrame:
            frame = results[mask]
            _only(frame, "population", people, "population")
            frame = frame[frame["population"] == people]
            _only(frame, "metric", wanted, param)
            # The numbers of people are needed for the limits over people.
            summary = summarize(
                frame[frame["metric"].isin([wanted, "n"])], statistic=statistic
            )
            summary = summary[summary["metric"] == wanted].reset_index(drop=True)
            return summary.rename(columns={statistic: "value"})

        useful = scores(results["kind"] == "model", "utility", utility, "held-out")
        judged = scores(
            is_attack & (results["attack"] == attack), "metric", metric, population
        )
        is_guess, guesses = results["kind"] == "baseline", None
        if is_guess.any():
            guesses = scores(is_guess, "metric", metric, population)
        points = _join(useful, judged)
        expected = results["repetition"].nunique()
        points["complete"] = points.pop("repetitions") == expected
        # By place among all defences, so that each has one colour in all plots.
        order = dict.fromkeys(results.loc[~is_guess, "defence"])
        points["style"] = points["defence"].map({d: i for i, d in enumerate(order)})
        cls._check_complete(points, guesses, expected, allow_incomplete)
        return cls(
            points=points,
            baselines=_baseline_table(guesses),
            utility_name=f"{statistic} {utility} of the model, held-out people",
            attack_name=f"{statistic} {metric} of the attack, {population}",
            references=_checked_references(references),
            lower_is_better=is_error(utility),
            title=f"{dataset}: {attack}" if title is None else title,
        )

    @staticmethod
    def _check_complete(
        points: pd.DataFrame,
        guesses: pd.DataFrame | None,
        expected: int,
        allow_incomplete: bool,
    ) -> None:
        partial = points.loc[~points["complete"], "defence"].unique().tolist()
        if guesses is not None:
            partial += guesses.loc[guesses["repetitions"] < expected, "attack"].tolist()
        if partial and not allow_incomplete:
            raise ValueError(
                f"results are incomplete: of {expected} repetitions some are missing "
                f"for {', '.join(map(repr, partial))}. Finish the run, or pass "
                "allow_incomplete=True to draw what there is, marked as such."
            )

    @property
    def description(self) -> str:
        """What the plot shows, for those who do not see it."""
        defences = self.points.dropna(subset="attack").groupby("defence", sort=False)
        points = self.points.loc[defences["attack"].idxmin()]
        figures = "; ".join(
            f"{row.defence} {row.attack:.3f} at {row.utility:.3g}"
            for row in points.itertuples()
        )
        guesses = "; ".join(
            f"{b.name} {b.attack:.3f}" for b in self.baselines.itertuples()
        )
        axes = f"{self.attack_name} against {self.utility_name}"
        return (
            f"{axes[:1].upper()}{axes[1:]}. Strongest setting of each "
            f"defence: {figures}. Without the model: {guesses or 'none'}."
        )

    def plot(
        self, ax: Any = None, *, name: str | None = None, **style: Any
    ) -> "PrivacyUtilityDisplay":
        """Draw the plot.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.
        name : str, default=None
            Title instead of the display's.
        **style : dict
            Properties of the curves, as Matplotlib's ``plot`` takes them.

        Returns
        -------
        display : PrivacyUtilityDisplay
            The object itself, with `ax_` and `figure_` set.
        """
        check_parameters("plot", _CONSTRAINTS, ax=ax, name=name)
        ax = new_axes("PrivacyUtilityDisplay.plot") if ax is None else ax
        text = ax.xaxis.label.get_color()
        self._draw_baselines(ax, text)
        for defence, points in self.points.groupby("defence", sort=False):
            curve = points.sort_values("strength")
            self._draw_defence(ax, defence, curve, text, style)
        for label, utility, attack in self.references:
            ax.plot(
                utility, attack, marker="$\\circ$", color=text, ls="", ms=9, zorder=4
            )
            ax.annotate(
                literal(label),
                (utility, attack),
                xytext=(6, 4),
                textcoords="offset points",
                fontsize="x-small",
                color=text,
            )
        better = "lower is better" if self.lower_is_better else "higher is better"
        ax.set(
            xlabel=f"{self.utility_name}\n({better})",
            ylabel=f"{self.attack_name}\n(lower is more private)",
            title=literal(self.title if name is None else name),
        )
        _widen_scale(ax, self.points["utility"], self.lower_is_better)
        if not self.points["complete"].all():
            ax.text(
                0.99,
                0.99,
                "INCOMPLETE: repetitions are missing for hollow markers",
                transform=ax.transAxes,
                ha="right",
                va="top",
                fontsize="small",
                weight="bold",
            )
        legend_below(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_baselines(self, ax: Any, text: str) -> None:
        for row, dash in zip(
            self.baselines.itertuples(), itertools.cycle(_BASELINE_DASHES), strict=False
        ):
            ax.axhspan(row.attack_low, row.attack_high, color=text, alpha=0.07, lw=0)
            ax.axhline(row.attack, color=text, ls=dash, lw=1.2, label=literal(row.name))

    def _draw_defence(
        self, ax: Any, name: str, points: pd.DataFrame, text: str, style: dict[str, Any]
    ) -> None:
        place = points["style"].iloc[0]
        color = style.get("color", COLORS[place % len(COLORS)]) or text
        marker = {"marker": MARKERS[place % len(MARKERS)], "color": color}
        dash = _DASHES[place // len(COLORS) % len(_DASHES)]
        is_curve = len(points) > 1
        # A single point is large and lies below: it shows behind a curve's end.
        marker |= {"ms": 7, "zorder": 4} if is_curve else {"ms": 12, "zorder": 3}
        label = literal(name)
        if is_curve:
            first, *_, last = points["strength"]
            label += f" ({literal(points['parameter'].iloc[0])} {first:g} to {last:g})"
        x, y = points["utility"], points["attack"]
        line = {"ls": dash if is_curve else "", "label": label, **marker}
        ax.plot(x, y, **styled(line, style))
        ax.errorbar(
            x,
            y,
            xerr=_distances(points, "utility"),
            yerr=_distances(points, "attack"),
            ls="",
            lw=1,
            alpha=0.6,
            color=color,
            zorder=2,
        )
        hollow = points[~points["complete"]]
        ax.plot(
            hollow["utility"],
            hollow["attack"],
            **styled({"ls": "", "mfc": ax.get_facecolor(), **marker}, style),
        )
        if is_curve:
            for row in (points.iloc[0], points.iloc[-1]):
                ax.annotate(
                    f"{row['strength']:g}",
                    (row["utility"], row["attack"]),
                    xytext=(5, -11),
                    textcoords="offset points",
                    fontsize="x-small",
                    color=color,
                )


def _checked_references(
    references: Iterable[tuple[str, float, float]],
) -> list[tuple[str, float, float]]:
    try:
        return [(str(name), float(x), float(y)) for name, x, y in references]
    except (TypeError, ValueError) as error:
        raise ValueError(
            "references must be a list of (label, utility, attack), got "
            f"{references!r}."
        ) from error


def _join(useful: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """One row per defence and strength that has both figures."""
    both = useful.merge(judged, on=_POINT, suffixes=("_utility", "_attack"))
    return pd.DataFrame(
        {
            **{column: both[column] for column in _POINT},
            **{
                name + limit: both[f"{column}_{name}"]
                for name in ("utility", "attack")
                for limit, column in (("", "value"), ("_low", "low"), ("_high", "high"))
            },
            "repetitions": both[["repetitions_utility", "repetitions_attack"]].min(
                axis=1
            ),
        }
    )


def _baseline_table(guesses: pd.DataFrame | None) -> pd.DataFrame:
    if guesses is None:
        return pd.DataFrame(columns=["name", "attack", "attack_low", "attack_high"])
    return pd.DataFrame(
        {
            "name": guesses["attack"],
            "attack": guesses["value"],
            # What has no split to depend on depends on the people all the same.
            "attack_low": guesses["people_low"].fillna(guesses["low"]),
            "attack_high": guesses["people_high"].fillna(guesses["high"]),
        }
    )


def _distances(points: pd.DataFrame, name: str) -> np.ndarray:
    """Lengths of error bars, below and above; of a single run, none."""
    low, high = (points[f"{name}_{end}"] for end in ("low", "high"))
    return np.nan_to_num([points[name] - low, high - points[name]])


def _widen_scale(ax: Any, values: pd.Series, is_error: bool) -> None:
    """A logarithmic axis where a defence ruins the model by orders of magnitude."""
    values = values[np.isfinite(values)]
    if (
        is_error
        and len(values)
        and values.min() > 0
        and values.max() > 20 * values.min()
    ):
        ax.set_xscale("log")
