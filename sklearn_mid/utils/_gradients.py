"""Training where the caller has switched gradients off."""

import functools
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["with_gradients"]


def with_gradients(method: Callable) -> Callable:
    """The method, whose tensors have gradients whatever the caller has switched off.

    Within ``torch.inference_mode`` or ``torch.no_grad`` nothing could be trained. Where
    torch has not been imported, neither can be in force.
    """

    @functools.wraps(method)
    def run(*args: Any, **kwargs: Any) -> Any:
        torch = sys.modules.get("torch")
        if torch is None:
            return method(*args, **kwargs)
        with torch.inference_mode(False), torch.enable_grad():
            return method(*args, **kwargs)

    return run
