"""Drawings as parts of a page, in the page's colours."""

import contextlib
import html
import io
import re
from collections.abc import Iterator
from typing import Any

from sklearn_mid.utils._optional import require

__all__ = ["axes", "closing_figures", "page_axes", "svg_element"]

# Stand-ins that the page's own colours replace, so that a plot follows dark mode.
_TEXT, _BACKGROUND = "#010203", "#fdfcfb"
_PAGE_STYLE = {
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color",
         "ytick.color", "grid.color"),
        _TEXT,
    ),
    "axes.facecolor": _BACKGROUND,
    "figure.facecolor": "none",
    "svg.hashsalt": "sklearn-mid",
}  # fmt: skip
# Matplotlib writes down who made a drawing, with addresses that nobody needs.
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


@contextlib.contextmanager
def axes(style: dict[str, Any], **options: Any) -> Iterator[Any]:
    """Axes of a new figure that is closed at the end."""
    pyplot = require("matplotlib.pyplot", extra="plot", needed_by="benchmark plots")
    with pyplot.rc_context(style):
        figure, ax = pyplot.subplots(layout="constrained", **options)
        try:
            yield ax
        finally:
            pyplot.close(figure)


@contextlib.contextmanager
def closing_figures() -> Iterator[None]:
    """Figures that are made inside are closed at the end, others stay."""
    pyplot = require("matplotlib.pyplot", extra="plot", needed_by="benchmark plots")
    before = set(pyplot.get_fignums())
    try:
        yield
    finally:
        for number in set(pyplot.get_fignums()) - before:
            pyplot.close(number)


def page_axes(**options: Any) -> contextlib.AbstractContextManager:
    """Axes of a figure that is to stand on a page."""
    return axes(_PAGE_STYLE, **options)


def svg_element(figure: Any, description: str) -> str:
    """A figure drawn on :func:`page_axes` as an SVG element.

    Parameters
    ----------
    figure : matplotlib Figure
    description : str
        Read out to who does not see it.

    Returns
    -------
    str
    """
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=_NO_METADATA)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = text.replace(_TEXT, "currentColor").replace(_BACKGROUND, "var(--card)")
    # Matplotlib's own sizes are for print; the page sets the width.
    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{html.escape(description)}">{rest}'
