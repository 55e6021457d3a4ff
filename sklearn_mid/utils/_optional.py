"""Imports of optional dependencies, with a message that says what to install."""

import importlib.util
import shlex
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

__all__ = ["require", "require_all"]


def require(module: str, *, extra: str, needed_by: str) -> ModuleType:
    """Import `module`, or say which extra of the package brings it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        Extra of ``sklearn-mid`` that installs it.
    needed_by : str
        Name of the public class or function that asked, for the message.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    ImportError
        If it cannot be imported; the original error is chained.
    """
    try:
        # diffprivlib leaves a global warning filter behind that kills the worker
        # processes of joblib; catch_warnings undoes it.
        with warnings.catch_warnings():
            return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{needed_by} needs {module.split('.')[0]!r}, which cannot be imported "
            f"({error}). Install it with: {_command([extra])}"
        ) from error


def require_all(extras: Mapping[str, Iterable[str]], *, needed_by: str) -> None:
    """Raise if modules are not installed, naming all of them and one command.

    Nothing is imported.

    Parameters
    ----------
    extras : dict of str to iterable of str
        Names of top-level modules, by the extra that installs them.
    needed_by : str
        What needs them, for the message.

    Raises
    ------
    ImportError
        If one or more are missing.
    """
    missing = {
        extra: [module for module in modules if not _is_installed(module)]
        for extra, modules in extras.items()
    }
    missing = {extra: modules for extra, modules in missing.items() if modules}
    if missing:
        names = ", ".join(
            repr(module) for modules in missing.values() for module in modules
        )
        raise ImportError(
            f"{needed_by} needs what is not installed: {names}. Install it with: "
            f"{_command(missing)}"
        )


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _command(extras: Iterable[str]) -> str:
    """What to type; it names the checkout, if the package runs from one."""
    checkout = Path(__file__).parents[2]
    is_checkout = (checkout / "pyproject.toml").is_file()
    source = f"{checkout if is_checkout else 'sklearn-mid'}[{','.join(extras)}]"
    return f"python -m pip install {'-e ' * is_checkout}{shlex.quote(source)}"
