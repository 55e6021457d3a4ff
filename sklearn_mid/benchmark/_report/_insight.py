"""What privacy costs, in nats: the use of the secret against what is given away of it.

An attacker who knows a person's response gains from a calibrated model exactly the nats
of log loss that the model gains by using the secret: all models of all data lie on one
line. The answer that a person was given, and the memory of the model, give away more
than the use of the secret asks for; there a defence has room.
"""

from typing import Any

import pandas as pd

from sklearn_mid.utils._optional import require
from sklearn_mid.utils._plotting import COLORS, MARKERS, literal

__all__ = ["insight_table", "plot_insight"]

_GAINED, _RULE, _ANSWER = (
    "nats gained by the secret",
    "nats given away by the rule",
    "nats given away by the answer",
)
_KEYS = ["suite", "dataset", "defence", "parameter", "strength"]


def insight_table(results: pd.DataFrame) -> pd.DataFrame:
    """Every setting's nats: ``gained``, ``rule``, ``answer`` and ``memory``.

    Parameters
    ----------
    results : DataFrame
        As from ``load_results``, with a column ``suite`` beside.

    Returns
    -------
    DataFrame
        A row per suite, data set, defence and strength, means over repetitions.
        ``memory`` is what the model gains by the secret on members, and an attacker
        with it, beyond what it gains on others.
    """
    models = results[results["kind"] == "model"]
    frame = models.assign(strength=models["strength"].fillna(-1.0))

    def mean_of(metric: str, people: str) -> pd.Series:
        rows = (frame["metric"] == metric) & (frame["population"] == people)
        return frame[rows].groupby(_KEYS, sort=False)["value"].mean()

    gained = mean_of(_GAINED, "held-out")
    return pd.DataFrame(
        {
            "gained": gained,
            "rule": mean_of(_RULE, "held-out"),
            "answer": mean_of(_ANSWER, "held-out"),
            "memory": mean_of(_GAINED, "members") - gained,
        }
    ).reset_index()


def plot_insight(table: pd.DataFrame) -> Any:
    """Draw three panels of :func:`insight_table`; returns the figure."""
    pyplot = require("matplotlib.pyplot", extra="plot", needed_by="plot_insight")
    figure, axes = pyplot.subplots(1, 3, figsize=(12.5, 4.9), layout="constrained")
    titles = (
        ("rule", "The rule: who knows the response"),
        ("answer", "The answer: who sees what the model said"),
        ("memory", "Memory: members, beyond others"),
    )
    # Overconfident models lose by the secret, some much: they would squeeze the others.
    low = max(min(table["gained"].quantile(0.03), -0.01), -0.12)
    high = table["gained"].max() * 1.08
    n_beyond = int((table["gained"] < low).sum())
    beyond = f"\n(at the left edge: {n_beyond} models that lose more)" * (n_beyond > 0)
    names = list(dict.fromkeys(table["dataset"]))
    for ax, (leak, title) in zip(axes, titles, strict=True):
        ax.axline((0, 0), slope=1, color="black", lw=0.8, ls=(0, (4, 3)))
        for place, name in enumerate(names):
            rows = table[table["dataset"] == name]
            for is_mid in (False, True):
                part = rows[rows["defence"].str.startswith("MID") == is_mid]
                color = COLORS[1 + place % 7]
                ax.plot(
                    part["gained"].clip(low, high), part[leak], ls="",
                    marker=MARKERS[place % len(MARKERS)], ms=5, color=color,
                    mfc=color if is_mid else "none", alpha=0.8,
                    label=literal(name) if is_mid else None,
                )  # fmt: skip
        ax.set_xlim(low - 0.005, high)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel(f"nats of log loss that the model gains by the secret{beyond}")
        ax.grid(alpha=0.25)
    axes[0].set_ylabel("nats about the secret that are given away")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6,
        frameon=False, fontsize=8, title="filled: MID, hollow: all others",
        title_fontsize=8,
    )  # fmt: skip
    return figure
