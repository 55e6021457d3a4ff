"""What is inside a model: containers, wrappers, and the part that does the work."""

import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._leaves import holds_trees

__all__ = [
    "Inside",
    "check_target",
    "find_inside",
    "is_torch_target",
    "parts",
    "unsupported",
    "with_part",
]


@dataclass(frozen=True)
class Inside:
    """A part of a model, and the way to it.

    Attributes
    ----------
    estimator : object
        The part.
    path : tuple of str
        Names of the classes on the way, the outermost first, the part's last.
    """

    estimator: Any
    path: tuple[str, ...]
    _steps: tuple[Callable, ...] = field(default=(), repr=False)

    @property
    def has_steps(self) -> bool:
        """Whether records come to the part otherwise than to the whole."""
        return bool(self._steps)

    def carry(self, X: Any) -> Any:
        """Records of the whole model, as they come to the part."""
        for step in self._steps:
            X = step(X)
        return X


def unsupported(caller: str, estimator: Any, reason: str) -> UnsupportedTargetError:
    """The error of `caller` for a model that it cannot use."""
    kind = estimator if isinstance(estimator, type) else type(estimator)
    return UnsupportedTargetError(
        f"{caller} cannot attack the estimator, a {kind.__name__}: {reason}."
    )


def check_target(caller: str, estimator: Any, *needs: str | tuple[str, ...]) -> None:
    """Raise unless a model is fitted and has the methods that `caller` needs."""
    missing = [
        " or ".join(options)
        for options in ((need,) if isinstance(need, str) else need for need in needs)
        if not any(hasattr(estimator, method) for method in options)
    ]
    # Before "missing": some methods appear only after fit.
    if isinstance(estimator, BaseEstimator):
        try:
            check_is_fitted(estimator)
        except NotFittedError as error:
            raise NotFittedError(
                f"{caller} attacks a fitted model, but estimator={estimator!r} is not "
                "fitted. Fit it first, and wrap it in sklearn.frozen.FrozenEstimator "
                "if it must survive clone."
            ) from error
        except TypeError:  # has no fit, so there is nothing to check
            pass
    if missing:
        raise unsupported(caller, estimator, "it has no " + ", no ".join(missing))


def find_inside(caller: str, estimator: Any, kind: str) -> Inside:
    """As :meth:`Target.inside`, for a model that need not be a predictor."""
    is_it, lack = _KINDS[kind]
    for part in parts(estimator):
        if is_it(part.estimator):
            return part
    where = "it" if len(part.path) == 1 else f"what is inside ({' > '.join(part.path)})"
    raise unsupported(caller, estimator, f"{where} has {lack}")


def parts(model: Any, *, containers_only: bool = False) -> Iterator[Inside]:
    """The model and what it answers with, from the outside in.

    Parameters
    ----------
    model : object
        A fitted model.
    containers_only : bool, default=False
        Whether to stop at a wrapper that changes answers.

    Yields
    ------
    Inside
        A frozen model is passed over: it answers for what it holds.
    """
    path: tuple[str, ...] = ()
    steps: tuple[Callable, ...] = ()
    while True:
        path += (type(model).__name__,)
        if not isinstance(model, FrozenEstimator):
            yield Inside(model, path, steps)
        held = _held(model)
        if held is None or (containers_only and not held.is_contained):
            return
        steps += () if held.step is None else (held.step,)
        model = held.estimator


def with_part(model: Any, is_part: Callable, change: Callable) -> Any:
    """A shallow copy of a model, with the outermost part that `is_part` changed.

    Parameters
    ----------
    model : object
        A fitted model with such a part.
    is_part : callable
        Of a part, whether it is meant.
    change : callable
        From the part to what takes its place.
    """
    if not isinstance(model, FrozenEstimator) and is_part(model):
        return change(model)
    held = _held(model)
    assert held is not None
    changed = copy.copy(model)
    inner = with_part(held.estimator, is_part, change)
    if isinstance(model, Pipeline):
        inner = [*model.steps[:-1], (model.steps[-1][0], inner)]
    setattr(changed, held.place, inner)
    return changed


@dataclass(frozen=True)
class _Held:
    estimator: Any
    place: str  # the attribute it stands in
    step: Callable | None = None  # takes records there
    is_contained: bool = False  # what it answers is answered


def _held(model: Any) -> _Held | None:
    """What a container or wrapper holds, if `model` is one.

    ``estimator_`` may also be a template that an ensemble clones, which is not fitted.
    """
    if isinstance(model, FrozenEstimator):
        return _Held(model.estimator, "estimator", is_contained=True)
    if isinstance(model, Pipeline):
        before: Any = model[:-1]
        step = before.transform if len(model) > 1 else None
        return _Held(model[-1], "steps", step, is_contained=True)
    for place in ("best_estimator_", "estimator_", "regressor_"):
        inner = getattr(model, place, None)
        if inner is not None:
            break
    else:
        calibrated: Any = getattr(model, "calibrated_classifiers_", ())
        if len(calibrated) != 1:
            return None
        return _Held(calibrated[0].estimator, "calibrated_classifiers_")
    if not _is_fitted(inner):
        return None
    step = None
    if hasattr(model, "kept_features_"):
        step = model.omit
    elif hasattr(model, "get_support"):
        step = model.transform
    else:
        widths = [getattr(m, "n_features_in_", None) for m in (model, inner)]
        if None not in widths and widths[0] != widths[1]:
            return None  # something stands between them
    return _Held(inner, place, step, is_contained=place == "best_estimator_")


def _is_fitted(model: Any) -> bool:
    try:
        check_is_fitted(model)
    except NotFittedError:
        return False
    except TypeError:  # no estimator of scikit-learn
        return True
    return True


def is_torch_target(model: Any) -> bool:
    """Whether torch can differentiate `model`: our nets, skorch nets, modules."""
    if hasattr(model, "differentiable_proba"):
        return True
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(getattr(model, "module_", model), torch.nn.Module)


def _has_gradients(model: Any) -> bool:
    """What torch can differentiate, linear models and multilayer perceptrons."""
    if is_torch_target(model):
        return True
    if hasattr(model, "coefs_") and hasattr(model, "out_activation_"):
        return True
    return hasattr(model, "coef_") and hasattr(model, "intercept_")


_KINDS = {
    "trees": (
        holds_trees,
        "no leaf sizes: no fitted tree_ with apply, and no such trees as estimators_; "
        "a decision tree or an ensemble of them is needed",
    ),
    "gradients": (
        _has_gradients,
        "no gradients: no differentiable_proba, no torch module, and it is neither a "
        "linear model nor an MLPClassifier of scikit-learn",
    ),
}
