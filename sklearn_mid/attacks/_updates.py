"""What attacks on updates share: shadow models, updates of copies, and a network."""

import numbers
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from sklearn_mid.attacks._base import ModelInversionAttack
from sklearn_mid.attacks._shadow import unfitted_like
from sklearn_mid.attacks._update_answers import (
    answers,
    can_be_updated,
    simulate_updates,
)
from sklearn_mid.attacks._update_summaries import directions
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._inside import parts
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval, _fit_context
from sklearn_mid.utils._validation import as_column, positions

__all__ = ["UpdatesAttack"]


class UpdatesAttack(ModelInversionAttack):
    """Base class: learns from shadow models how their answers change by an update.

    A subclass has the parameters named in ``_parameter_constraints`` and defines
    ``_outputs(X, y)``, what the network is to learn of updates with these records;
    ``_bounds()``, between which its outputs lie, or None; and ``_loss()``. One that
    reads updates of several records has the parameter `update_size` too, and one that
    learns otherwise than by a network overrides ``_learns_by`` and ``_learn``.
    """

    access = "black-box"
    sees = "updates"
    knowledge = "labelled records"
    needs: tuple = ("predict_proba",)

    _parameter_constraints: dict = {
        "shadow_estimator": [HasMethods(["fit", "get_params"]), None],
        "n_shadows": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_probes": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_updates": [Interval(numbers.Integral, 2, None, closed="left")],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(numbers.Real, 0, 1, closed="neither")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> "UpdatesAttack":
        """Train the shadow model, update copies of it, and learn from the changes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Auxiliary records like the target's, of other people.
        y : array-like of shape (n_samples,)
            Their labels; every class of the target must be among them.

        Returns
        -------
        self : object
            The fitted attack.

        Raises
        ------
        UnsupportedTargetError
            If the target has no ``predict_proba`` or no ``partial_fit``.
        ValueError
            If the records are too few, of another width than the target's, or lack
            a class.
        """
        self._check_suits()
        target = next(parts(self.estimator)).estimator  # without its frost
        X, y = self._check_records(X, y, target)
        device = self._device(target)
        rng = check_random_state(self.random_state)
        self._query_seed, *network_seeds = rng.randint(2**31 - 1, size=3).tolist()
        self._learn_more(X, y)
        chosen = rng.permutation(len(X))[: self.n_probes]
        self.probes_ = X[chosen]
        self._probe_codes = positions(y[chosen], self.classes_)
        self.shadows_, seen, updates = [], [], []
        if not self._learns_by:
            return self
        n_shadows = min(self.n_shadows, self.n_updates)
        names = getattr(target, "feature_names_in_", None)
        for block in np.array_split(np.arange(self.n_updates), n_shadows):
            n_updates = len(block)
            order = rng.permutation(len(X))
            base, rest = np.array_split(order, 2)
            rows = X[base] if names is None else pd.DataFrame(X[base], columns=names)
            shadow = self._shadow(target, rng).fit(rows, y[base])
            self._check_shadow(shadow)
            sets = self._update_sets(rest, n_updates, rng)
            seed = int(rng.randint(2**31 - 1 - n_updates))
            after = self._simulate(shadow, X[sets], y[sets], seed, fresh_noise=True)
            seen.append((self._answers(shadow, seed - 1)[None], after))
            updates.append(sets)
            self.shadows_.append(shadow)
        sets = np.concatenate(updates)
        self._learn(seen, self._outputs(X[sets], y[sets]), device, network_seeds)
        return self

    def observe(self, X: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        """What the attacker gets to see of updates of the target with these records.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records to update copies of the target with: one by one, or in sets of
            `update_size` consecutive ones.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        before : ndarray of shape (1, n_probes, n_classes)
            Answers to ``probes_`` before any update.
        after : ndarray of shape (n_updates, n_probes, n_classes)
            And after each.
        """
        X_updates, y_updates = self._as_updates(X, y)
        before = self._answers(self.estimator, self._query_seed)
        return before[None], self.simulate(X_updates, y_updates)

    def simulate(self, X_updates: Any, y_updates: Any) -> np.ndarray:
        """What copies of the target answer to the probes, each after one update.

        Parameters
        ----------
        X_updates : array-like of shape (n_updates, n_rows, n_features)
            Records of each update.
        y_updates : array-like of shape (n_updates, n_rows)
            Their labels.

        Returns
        -------
        answers : ndarray of shape (n_updates, n_probes, n_classes)
            For `after` of the other methods.
        """
        check_is_fitted(self)
        return self._simulate(
            next(parts(self.estimator)).estimator,
            np.asarray(X_updates),
            np.asarray(y_updates),
            self._query_seed + 1,
        )

    # What a subclass says ----------------------------------------------------------

    @property
    def _n_rows(self) -> int:
        """Records per update."""
        return getattr(self, "update_size", 1)

    def _learn_more(self, X: np.ndarray, y: np.ndarray) -> None:
        """Learn from the auxiliary records what else is needed."""

    @property
    def _learns_by(self) -> str | None:
        """What is fitted to simulated updates; None needs no simulation."""
        return "network"

    def _learn(self, seen, outputs, device, seeds):
        """Learn from pairs (before, after) of answers what the updates were."""
        differences = np.concatenate([after - before for before, after in seen])
        self._train_network(differences, outputs, device, seeds)

    # What fit is made of ---------------------------------------------------------

    def _device(self, target):
        if self._learns_by != "network":
            return None
        require("torch", extra="nn", needed_by=type(self).__name__)
        from sklearn_mid.attacks._torch_training import attack_device

        return attack_device(self.device, target)

    def _check_suits(self) -> None:
        self._check_target(*self.needs, "classes_")
        if not can_be_updated(self.estimator):
            raise self._unsupported("it has no partial_fit")

    def _as_updates(self, X, y):
        """Records and labels of each update, of shape (n_updates, n_rows, ...)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        y = as_column(y, "y")
        check_consistent_length(X, y)
        n_updates = len(X) // self._n_rows
        if n_updates == 0:
            raise ValueError(
                f"X has {len(X)} records, fewer than update_size={self._n_rows}."
            )
        sets = np.arange(n_updates * self._n_rows).reshape(n_updates, -1)
        return X[sets], y[sets]

    def _check_records(
        self, X: Any, y: Any, target: Any
    ) -> tuple[np.ndarray, np.ndarray]:
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        y = as_column(y, "y")
        check_consistent_length(X, y)
        n_features = getattr(target, "n_features_in_", X.shape[1])
        if X.shape[1] != n_features:
            raise ValueError(
                f"X has {X.shape[1]} features, but the target takes {n_features}."
            )
        self.classes_ = np.asarray(target.classes_)
        for name, found, wanted in (
            ("the target has no class", y, self.classes_),
            ("the auxiliary records lack the class", self.classes_, y),
        ):
            extra = found[positions(found, pd.unique(wanted)) < 0].tolist()
            if extra:
                raise ValueError(f"y does not match the target: {name} {extra[0]!r}.")
        n_needed = max(2 * len(self.classes_), 2 * self._n_rows, 4)
        if len(X) < n_needed:
            raise ValueError(
                f"X has {len(X)} records; the attack needs at least {n_needed}."
            )
        return X, y

    def _shadow(self, target, rng):
        if self.shadow_estimator is not None:
            return clone(self.shadow_estimator)
        return unfitted_like(target, int(rng.randint(2**31 - 1)))

    def _check_shadow(self, shadow):
        if not can_be_updated(shadow):
            raise self._unsupported("its shadow_estimator has no partial_fit")
        missing = np.setdiff1d(self.classes_, shadow.classes_)
        if len(missing):
            raise ValueError(
                f"a random half of the auxiliary records lacks the class "
                f"{missing.tolist()[0]!r}; pass more records of it."
            )

    def _update_sets(self, rows, n_updates, rng):
        """Indices of shape (n_updates, update_size); no record twice in an update."""
        if self._n_rows == 1 and n_updates <= len(rows):
            return rows[:n_updates, None]
        return np.stack(
            [
                rng.choice(rows, size=self._n_rows, replace=False)
                for _ in range(n_updates)
            ]
        )

    def _answers(self, model, seed):
        return answers(model, self.probes_, n_queries=self.n_queries, seed=seed)

    def _simulate(self, model, X_updates, y_updates, seed, *, fresh_noise=False):
        return simulate_updates(
            model,
            X_updates,
            y_updates,
            self.probes_,
            n_queries=self.n_queries,
            seed=seed,
            fresh_noise=fresh_noise,
            verbose=self.verbose,
        )

    def _train_network(self, difference, outputs, device, seeds):
        from sklearn_mid.attacks._torch_nets import mlp
        from sklearn_mid.attacks._torch_training import train
        from sklearn_mid.utils._torch import as_tensor, new_generator

        inputs = _flat_directions(difference)
        self.network_ = mlp(
            inputs.shape[1],
            outputs.shape[1],
            self.hidden_layer_sizes,
            generator=new_generator(int(seeds[0])),
            bounds=self._bounds(),
        )
        self.history_ = train(
            self.network_,
            as_tensor(inputs, device=device),
            as_tensor(outputs, device=device),
            self._loss(),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            validation_fraction=self.validation_fraction,
            seed=int(seeds[1]),
            verbose=self.verbose,
            desc="network",
        )

    # What inference is made of -----------------------------------------------------

    def _answer_pairs(self, before, after):
        """Answers (1 or n_updates, n_probes, n_classes) before; n_updates after."""
        check_is_fitted(self)
        before = self._snapshots(before, "before", self._query_seed)
        after = self._snapshots(after, "after", self._query_seed + 1)
        if len(before) not in (1, len(after)):
            raise ValueError(
                f"before holds {len(before)} snapshots, after {len(after)}; pass one "
                "before for all, or as many."
            )
        return before, after

    def _snapshots(self, models, name, seed):
        """Answers of shape (n_snapshots, n_probes, n_classes)."""
        if hasattr(models, "predict_proba"):
            models = [models]
        if isinstance(models, list | tuple) and all(
            hasattr(model, "predict_proba") for model in models
        ):
            return np.stack(
                [self._answers(model, seed + k) for k, model in enumerate(models)]
            )
        answers = check_array(models, allow_nd=True, input_name=name, dtype=np.float64)
        expected = (len(self.probes_), len(self.classes_))
        if answers.ndim == 2:
            answers = answers[None]
        if answers.shape[1:] != expected:
            raise ValueError(
                f"{name} must hold answers of shape (n_probes, n_classes)={expected} "
                f"per snapshot, got {np.shape(models)}; ask the target about probes_."
            )
        return answers

    def _apply_network(self, before, after):
        from sklearn_mid.attacks._torch_targets import target_device
        from sklearn_mid.attacks._torch_training import evaluate
        from sklearn_mid.utils._torch import as_tensor

        inputs = _flat_directions(after - before)
        device = target_device(self.network_)[0]
        outputs = evaluate(self.network_, as_tensor(inputs, device=device))
        return outputs.cpu().numpy().astype(np.float64)


def _flat_directions(difference):
    return directions(difference.reshape(len(difference), -1))
