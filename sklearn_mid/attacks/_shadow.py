"""Models that the attacker trains in place of the target."""

from typing import Any

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

__all__ = ["unfitted_like"]


def unfitted_like(model: Any, seed: int | None) -> Any:
    """An unfitted model with the parameters of `model`, but another seed.

    The attacker knows neither the target's weights, which a wrapper may hold in a
    FrozenEstimator, nor its seed, which None leaves as it is.
    """
    shadow = clone(model.estimator if isinstance(model, FrozenEstimator) else model)
    parameters = shadow.get_params(deep=True)
    for name, value in parameters.items():
        if isinstance(value, FrozenEstimator):
            shadow.set_params(**{name: clone(value.estimator)})
    if seed is None:
        return shadow
    seeded = [
        name
        for name in shadow.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    ]
    return shadow.set_params(**dict.fromkeys(seeded, seed))
