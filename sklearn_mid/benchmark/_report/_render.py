"""HTML pages from templates, in one style."""

from pathlib import Path
from typing import Any

from sklearn_mid.utils._optional import require

__all__ = ["render"]

_HERE = Path(__file__).parent


def render(template: Path, *, needed_by: str, **context: Any) -> str:
    """Fill in a template; what it includes lies beside it or here.

    Parameters
    ----------
    template : Path
    needed_by : str
        Who asks, if jinja2 is not there.
    **context
        What the template speaks of. Everything is escaped.
    """
    jinja2 = require("jinja2", extra="benchmark", needed_by=needed_by)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template.name).render(**context)
