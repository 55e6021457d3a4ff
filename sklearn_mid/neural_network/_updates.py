"""What a net would release after each of many updates."""

import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_scalar, compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.neural_network._base import PREDICTION, TRAINING, softmax
from sklearn_mid.utils._draws import geometric_mean

__all__ = ["BatchedUpdatesMixin"]

# Copies of the net that are held at once: this many weights in all.
_WEIGHTS_AT_ONCE = 2**23
# With fresh noise, this many updates share one realisation of it.
_UPDATES_PER_NOISE = 32


class BatchedUpdatesMixin:
    """Adds ``_updated_proba`` to a net with ``partial_fit``, which `self` is."""

    def _updated_proba(
        self: Any,
        X_updates,
        y_updates,
        X,
        *,
        n_samples=1,
        fresh_noise=False,
        random_state=None,
    ):
        """Class probabilities that copies of this net release, each after an update.

        The same as ``partial_fit`` on one deep copy per update, but all at once.
        The net itself stays as it is.

        Parameters
        ----------
        X_updates : array-like of shape (n_updates, n_features) or \
(n_updates, n_rows, n_features)
            What ``partial_fit`` would be given: one row per update, or several.
        y_updates : array-like of shape (n_updates,) or (n_updates, n_rows)
            Their labels, elements of `classes_`.
        X : array-like of shape (n_samples, n_features)
            Rows that each updated net is asked about.
        n_samples : int or None, default=1
            Releases whose logits are averaged, as from ``sample_proba``: independent
            for every update, row and release. None: what ``predict_proba`` answers,
            which averages the same draws for all.
        fresh_noise : bool, default=False
            Whether the noise that the nets are trained with differs between updates
            (in blocks of 32), as if they were made at different times. False gives
            each the noise that the next ``partial_fit`` would use.
        random_state : int, RandomState instance or None, default=None
            Of the noise in the releases and, with `fresh_noise`, in training.

        Returns
        -------
        ndarray of shape (n_updates, n_samples, n_classes)
            In the order of `classes_`.
        """
        from sklearn_mid.utils._torch import as_seed, spawn_seed

        check_is_fitted(self)
        if n_samples is not None:
            check_scalar(n_samples, "n_samples", Integral, min_val=1)
        X_updates, y_updates = np.asarray(X_updates), np.asarray(y_updates)
        if y_updates.ndim == 1:
            X_updates, y_updates = X_updates[:, None], y_updates[:, None]
        if X_updates.ndim != 3 or X_updates.shape[:2] != y_updates.shape:
            raise ValueError(
                "X_updates and y_updates must agree in updates and rows, got the "
                f"shapes {X_updates.shape} and {y_updates.shape}."
            )
        seed = as_seed(random_state)
        if not self._updates_are_batchable(y_updates.shape[1]):
            return np.stack(
                [
                    _released(
                        copy.deepcopy(self).partial_fit(rows, labels),
                        X,
                        n_samples,
                        spawn_seed(seed, k),
                    )
                    for k, (rows, labels) in enumerate(
                        zip(X_updates, y_updates, strict=True)
                    )
                ]
            )
        X_updates = self._validate(
            X_updates.reshape(-1, X_updates.shape[2]), reset=False
        ).reshape(X_updates.shape)
        codes = self._encode(y_updates.ravel(), reset=False).reshape(y_updates.shape)
        weight = None
        if self.class_weight is not None:
            weight = compute_sample_weight(self.class_weight, y_updates.ravel())
            weight = weight.reshape(codes.shape)
        X = self._validate(X, reset=False)
        return self._batched_updates(
            X_updates, codes, weight, X, n_samples, seed, fresh_noise
        )

    def _updates_are_batchable(self: Any, n_rows):
        from sklearn_mid.neural_network._batched_updates import is_elementwise

        return (
            not callable(self._net_config["module"]["encoder"])
            and self.callbacks is None
            and is_elementwise(self.net_.optimizer_)
            # partial_fit then sorts the rows.
            and (n_rows == 1 or self.batch_size != "full")
        )

    def _batched_updates(
        self: Any, X_updates, codes, weight, X, n_draws, seed, fresh_noise
    ):
        from sklearn_mid.neural_network._batched_updates import (
            sampled_updated_outputs,
            updated_weights,
        )
        from sklearn_mid.neural_network._training import Rows
        from sklearn_mid.utils._torch import as_tensor, new_generator, spawn_seed

        device = self._net_config["net"]["device"]
        # Copies, for the weights are replaced while the loss is computed.
        net = copy.deepcopy(self)
        net._continue()
        net = net.net_
        net.module_.train()
        n_weights = sum(p.numel() for p in net.module_.parameters())
        n_at_once = max(1, _WEIGHTS_AT_ONCE // n_weights)
        training_seed = self._derived_seed(TRAINING, self._n_trainings + 1)
        if fresh_noise:
            n_at_once = min(n_at_once, _UPDATES_PER_NOISE)
        probes = as_tensor(X, dtype=None, device=device)
        if n_draws is None:
            average, n_draws = "arithmetic", self._n_predict_draws
            noise = _repeated_noise(self._derived_seed(PREDICTION), n_draws)
        else:
            average = "geometric"
            noise = _fresh_noise(new_generator(spawn_seed(seed, 0)))
        proba = []
        for start in range(0, len(codes), n_at_once):
            block = slice(start, start + n_at_once)
            rows = Rows.from_arrays(
                X_updates[block],
                codes[block],
                None if weight is None else _mean_one(weight[block]),
                device=device,
            )
            if fresh_noise:
                training_seed = spawn_seed(seed, 1, start)
            weights = updated_weights(net, rows, seed=training_seed)
            outputs = sampled_updated_outputs(
                net.module_,
                weights,
                probes,
                link=softmax,
                noise=noise,
                n_draws=n_draws,
                average=average,
            )
            proba.append(outputs.cpu().numpy())
        return np.concatenate(proba).astype(np.float64)


def _fresh_noise(generator):
    """Independent draws for every update and row."""
    import torch

    def noise(k, mu):
        return torch.randn(mu.shape, dtype=mu.dtype, generator=generator).to(mu.device)

    return noise


def _repeated_noise(seed, n_draws):
    """The draws of ``predict_proba``, the same for every update and row."""
    from sklearn_mid.neural_network._inference import prediction_noise

    def noise(k, mu):
        return prediction_noise(seed, n_draws, mu)[k].expand(mu.shape)

    return noise


def _released(net, X, n_samples, seed):
    """What `net` answers; `n_samples` as for ``_updated_proba``."""
    if n_samples is None:
        return net.predict_proba(X)
    draws = net.sample_proba(X, n_samples=n_samples, random_state=seed)
    return geometric_mean(draws)


def _mean_one(weight):
    return weight / weight.mean(axis=1, keepdims=True)
