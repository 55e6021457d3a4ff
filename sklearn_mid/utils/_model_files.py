"""Reading models from files that anybody may have written."""

import importlib
import os
import shlex
import warnings
from collections.abc import Iterable
from typing import Any

from sklearn import __version__ as sklearn_version
from sklearn.exceptions import InconsistentVersionWarning

from sklearn_mid.utils._optional import require

__all__ = ["load_model"]

# Rooms whose classes a model may consist of. Loading fills in their attributes and
# runs nothing else.
_OUR_ROOMS = {
    "attacks",
    "defenses",
    "information",
    "linear_model",
    "metrics",
    "model_selection",
    "neural_network",
    "release",
    "tree",
    "utils",
}
# Modules of scikit-learn whose public classes and functions compute and do nothing
# else: what searches, selections and tuned thresholds hold.
_THEIR_ROOMS = (
    "sklearn.compose",
    "sklearn.feature_selection",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.utils",
)
# What fitted models of scikit-learn hold beside that: arrays behind a private name.
_THEIR_PARTS = {
    # Runs nothing that is not in this list, too: what it calls has a name of its own.
    "functools.partial",
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
# Modules of which any class is such a part.
_THEIR_KINDS = {"sklearn.gaussian_process.kernels", "sklearn.metrics._dist_metrics"}


def load_model(path: str | os.PathLike, *, trusted: Iterable[str] = ()) -> Any:
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

    Warns
    -----
    UserWarning
        If another version of scikit-learn wrote the model.

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
    strange = sorted({t for t in unknown if not _is_harmless(t)} - {*trusted})
    if strange:
        flags = " ".join(f"--trust {shlex.quote(t)}" for t in strange)
        raise ValueError(
            f"{name} holds objects of types that are not trusted: "
            f"{', '.join(map(repr, strange))}. If you know them, and who wrote the "
            f"file, add: {flags}"
        )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model, failure = io.loads(data, trusted=unknown), None
        except Exception as error:
            model, failure = None, error
    versions = sorted(
        {
            w.message.original_sklearn_version
            for w in caught
            if isinstance(w.message, InconsistentVersionWarning)
        }
    )
    written = (
        f"scikit-learn {', '.join(versions)} wrote it, this is {sklearn_version}"
        if versions
        else ""
    )
    if failure is not None:
        why = "; ".join(filter(None, [f"{type(failure).__name__}: {failure}", written]))
        raise ValueError(
            f"the model in {name} cannot be restored ({why})."
        ) from failure
    if written:
        warnings.warn(
            f"The model in {name} may answer otherwise than it did: {written}.",
            stacklevel=2,
        )
    for w in caught:
        if not isinstance(w.message, InconsistentVersionWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return model


def _is_harmless(full_name: str) -> bool:
    """Whether loading an object of this type, and using it, only computes."""
    if full_name in _THEIR_PARTS:
        return True
    module, _, name = full_name.rpartition(".")
    if module in _THEIR_KINDS:
        return _defines(module, name)
    package, *rooms = module.split(".")
    if package == "sklearn_mid":
        # Only what is defined there: a module also holds what it imports.
        return bool(rooms) and rooms[0] in _OUR_ROOMS and _defines(module, name)
    return any(
        module.startswith(f"{room}.")
        and name in importlib.import_module(room).__all__
        and getattr(importlib.import_module(room), name).__module__ == module
        for room in _THEIR_ROOMS
    )


def _defines(module: str, name: str) -> bool:
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        return False
    return isinstance(found, type) and found.__module__ == module
