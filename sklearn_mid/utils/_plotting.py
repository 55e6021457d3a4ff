"""What the plots of several displays have in common."""

from typing import Any

from sklearn_mid.utils._optional import require

__all__ = ["COLORS", "MARKERS", "legend_below", "literal", "new_axes", "styled"]

# Okabe & Ito's colours, which the colour-blind tell apart; None is the text's colour.
# Markers and dashes differ as well, for print in grey.
COLORS = (
    None,
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8C7A00",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "*", "p")


def literal(text: str) -> str:
    """A name as it is: Matplotlib reads dollars as mathematics and hides "_name"."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def legend_below(ax: Any) -> None:
    """Faint grid lines, and the legend below the axes, in one column or two."""
    ax.grid(alpha=0.25)
    ax.figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2 if ax.figure.get_figwidth() > 5 else 1,
        fontsize="small",
        frameon=False,
    )


def styled(defaults: dict[str, Any], style: dict[str, Any]) -> dict[str, Any]:
    """Properties of a line, those of `style` first, whichever alias each goes by."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(defaults, Line2D) | normalize_kwargs(style, Line2D)


def new_axes(needed_by: str) -> Any:
    """Axes of a new figure."""
    pyplot = require("matplotlib.pyplot", extra="plot", needed_by=needed_by)
    return pyplot.subplots(figsize=(7, 5), layout="constrained")[1]
