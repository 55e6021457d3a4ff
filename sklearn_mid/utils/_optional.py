"""Imports of optional dependencies, with a message that says what to install."""

import importlib
import warnings

__all__ = ["require"]


def require(module, *, extra, needed_by):
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
            f"({error}). Install it with: python -m pip install 'sklearn-mid[{extra}]'"
        ) from error
