"""Reading models from files that anybody may have written."""

import os

from sklearn_mid.utils._optional import require

__all__ = ["load_model"]

# Rooms whose classes a model may consist of. Loading fills in their attributes and
# runs nothing else.
_OUR_MODELS = (
    *(
        f"sklearn_mid.{room}."
        for room in ("defenses", "linear_model", "neural_network", "release", "tree")
    ),
    "sklearn_mid.utils._candidates.",
    # Boosting's trees, which skops does not know: arrays of nodes, as in other trees.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


def load_model(path, *, trusted=()):
    """Read a model that ``skops.io.dump`` wrote; pickles, which run code, are refused.

    Parameters
    ----------
    path : path-like
        A ``.skops`` file.
    trusted : iterable of str, default=()
        Full names of types that may be loaded beside those of scikit-learn, numpy,
        scipy and this package.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If the file cannot be read, or holds objects of other types.
    """
    io = require("skops.io", extra="audit", needed_by="reading a model file")
    name = repr(os.fspath(path))
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ValueError(
            f"cannot read the model file {name}: {error.strerror}."
        ) from error
    try:
        unknown = io.get_untrusted_types(data=data)
    except Exception as error:  # whatever a hostile file makes the reader stumble over
        raise ValueError(
            f"{name} is not a model written by skops.io.dump "
            f"({type(error).__name__}: {error}). Pickles are not read, because reading "
            "one runs what it says."
        ) from error
    strange = sorted({t for t in unknown if not t.startswith(_OUR_MODELS)} - {*trusted})
    if strange:
        raise ValueError(
            f"{name} holds objects of types that are not trusted: "
            f"{', '.join(map(repr, strange))}. If you know them, and who wrote the "
            "file, name them as trusted."
        )
    try:
        return io.loads(data, trusted=unknown)
    except Exception as error:
        raise ValueError(
            f"the model in {name} cannot be restored ({type(error).__name__}: {error})."
        ) from error
