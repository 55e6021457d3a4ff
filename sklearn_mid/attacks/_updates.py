"""What a model's change by an update tells about the update (Salem et al. 2020)."""

import numbers

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
from sklearn_mid.metrics import reconstruction_gain
from sklearn_mid.utils._images import check_bounds, check_scale
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)
from sklearn_mid.utils._target import N_QUERIES, parts
from sklearn_mid.utils._validation import as_column, positions

__all__ = ["UpdatesLeakAttack"]


class UpdatesLeakAttack(ModelInversionAttack):
    """Learn what a model was updated with from its answers before and after.

    The attacker trains a shadow model like the target on half of the auxiliary
    records, updates copies of it with records of the other half, asks all of them
    about a fixed set of probes, and trains a network from the differences of the
    answers to what the update held [1]_. Then he asks the target about the probes
    before and after a real update.

    Two things make this attacker stronger than that of [1]_: the difference is
    scaled to length 1, as the direction tells the label even where a trained model
    hardly moves; and several shadow models keep the network from learning what is
    peculiar to one.

    Parameters
    ----------
    estimator : object
        The fitted target before the update, with ``predict_proba`` and
        ``partial_fit``. A wrapper without ``partial_fit`` of its own is updated by
        updating its ``estimator_``.
    task : {"label", "reconstruction"}, default="label"
        What to learn about the update: its label (the shares of all labels if
        ``update_size > 1``), or the record itself.
    update_size : int, default=1
        Records per update. ``task="reconstruction"`` needs 1.
    shadow_estimator : object, default=None
        Unfitted model for the attacker to train. None takes one like the target,
        with another `random_state`.
    n_shadows : int, default=4
        Number of shadow models, each trained on another half of the records.
    n_probes : int, default=100
        Auxiliary records that the models are asked about.
    n_updates : int, default=1000
        Updates to simulate, in all.
    n_queries : int, default=12
        Queries per probe, whose answers are averaged; see
        :class:`KnowledgeAlignmentAttack`.
    bounds : tuple (low, high), default=(0, 1)
        Every feature of a reconstruction lies between these. Used only with
        ``task="reconstruction"``.
    hidden_layer_sizes : tuple of int, default=(128, 64)
        Layers of the attacker's network.
    lr : float, default=1e-3
        Learning rate of Adam.
    batch_size : int, default=64
        Updates per step.
    max_epochs : int, default=100
        Passes over the simulated updates. The epoch that is best on the held-out
        ones is kept.
    validation_fraction : float, default=0.1
        Share of the simulated updates held out for that choice.
    device : str, default="auto"
        Where the network is trained; "auto" follows the target.
    random_state : int, RandomState instance or None, default=None
        Seeds the split of the records, the shadow model, the updates and the
        network.
    verbose : int, default=0
        Whether to show progress bars.

    Attributes
    ----------
    shadows_ : list of object
        The shadow models before the updates.
    probes_ : ndarray of shape (n_probes, n_features)
        The probes.
    network_ : torch.nn.Module
        The trained network.
    history_ : list of dict
        Its ``"train_loss"`` and ``"valid_loss"`` per epoch: cross-entropy in nats, or
        mean squared error.
    classes_ : ndarray of shape (n_classes,)
        Labels of the target.
    class_means_ : ndarray of shape (n_classes, n_features)
        Mean of the auxiliary records of each label.
    n_features_in_ : int
        Number of features.

    Notes
    -----
    Targets with a method ``updated_proba`` (MIDNeuralNetClassifier) are updated many
    at a time; of any other, one deep copy is made per update.

    With ``task="reconstruction"`` the network maps differences to records directly;
    the reference trains the second half of it as an autoencoder beforehand.

    References
    ----------
    .. [1] A. Salem, A. Bhattacharya, M. Backes, M. Fritz, Y. Zhang, "Updates-Leak:
       Data Set Inference and Reconstruction Attacks in Online Learning", USENIX
       Security 2020. https://arxiv.org/abs/1904.01067

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn_mid.attacks import UpdatesLeakAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> target = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    >>> target = target.fit(X[:500], y[:500])
    >>> attack = UpdatesLeakAttack(target, n_updates=600, n_probes=20, random_state=0)
    >>> attack = attack.fit(X[500:1500], y[500:1500])

    The owner updates the model; the attacker sees the answers of both versions.

    >>> import copy
    >>> updated = copy.deepcopy(target).partial_fit(X[1500:1501], y[1500:1501])
    >>> attack.infer(target, updated).shape
    (1,)
    >>> attack.score(X[1500:1600], y[1500:1600]) > 0.5
    True
    """

    access = "black-box"
    sees = "updates"
    knowledge = "labelled records"
    needs = ("predict_proba",)

    _parameter_constraints: dict = {
        "task": [StrOptions({"label", "reconstruction"})],
        "shadow_estimator": [HasMethods(["fit", "get_params"]), None],
        "update_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_shadows": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_probes": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_updates": [Interval(numbers.Integral, 2, None, closed="left")],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "bounds": ["array-like"],
        "hidden_layer_sizes": ["array-like"],
        "lr": [Interval(numbers.Real, 0, None, closed="neither")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(numbers.Real, 0, 1, closed="neither")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator,
        *,
        task="label",
        update_size=1,
        shadow_estimator=None,
        n_shadows=4,
        n_probes=100,
        n_updates=1000,
        n_queries=N_QUERIES,
        bounds=(0, 1),
        hidden_layer_sizes=(128, 64),
        lr=1e-3,
        batch_size=64,
        max_epochs=100,
        validation_fraction=0.1,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.task = task
        self.update_size = update_size
        self.shadow_estimator = shadow_estimator
        self.n_shadows = n_shadows
        self.n_probes = n_probes
        self.n_updates = n_updates
        self.n_queries = n_queries
        self.bounds = bounds
        self.hidden_layer_sizes = hidden_layer_sizes
        self.lr = lr
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
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
        target = self._check_target("predict_proba", "classes_")
        target = next(parts(target)).estimator  # without its frost
        if not can_be_updated(target):
            raise self._unsupported("it has no partial_fit")
        X, y = self._check_records(X, y, target)
        require("torch", extra="nn", needed_by=type(self).__name__)
        from sklearn_mid.attacks._torch_training import attack_device

        device = attack_device(self.device, target)
        rng = check_random_state(self.random_state)
        self._query_seed, *network_seeds = rng.randint(2**31 - 1, size=3).tolist()
        self.class_means_ = np.stack([X[y == c].mean(axis=0) for c in self.classes_])
        self.probes_ = X[rng.permutation(len(X))[: self.n_probes]]
        self.shadows_, differences, updates = [], [], []
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
            differences.append(after - self._answers(shadow, seed - 1))
            updates.append(sets)
            self.shadows_.append(shadow)
        sets = np.concatenate(updates)
        self._train_network(
            np.concatenate(differences),
            self._label_shares(y[sets]) if self.task == "label" else X[sets[:, 0]],
            device,
            network_seeds,
        )
        return self

    def infer(self, before, after):
        """The label of the record of each update.

        Parameters
        ----------
        before, after : fitted classifier, list of them, or array-like
            The target before and after the update, or its answers to ``probes_``:
            of shape (n_probes, n_classes), or (n_updates, n_probes, n_classes) for
            several updates. One `before` may go with several `after`.

        Returns
        -------
        labels : ndarray of shape (n_updates,)
            Elements of `classes_`.

        Raises
        ------
        ValueError
            If ``update_size > 1`` or ``task="reconstruction"``.
        """
        if self.update_size > 1:
            raise ValueError(
                f"an update of update_size={self.update_size} records has no single "
                "label; infer_proba returns the share of each."
            )
        return self.classes_[self.infer_proba(before, after).argmax(axis=1)]

    def infer_proba(self, before, after):
        """Probability of each label, or its share in an update of several records.

        Parameters
        ----------
        before, after : fitted classifier, list of them, or array-like
            As for :meth:`infer`.

        Returns
        -------
        proba : ndarray of shape (n_updates, n_classes)
            Rows sum to 1; columns in the order of `classes_`.
        """
        self._check_task("label", "infer_proba")
        scores = self._apply_network(self._difference(before, after))
        return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))

    def reconstruct(self, before, after):
        """The record that each update was made with.

        Parameters
        ----------
        before, after : fitted classifier, list of them, or array-like
            As for :meth:`infer`.

        Returns
        -------
        X : ndarray of shape (n_updates, n_features)
            Reconstructed records, within `bounds`.
        """
        self._check_task("reconstruction", "reconstruct")
        return self._apply_network(self._difference(before, after))

    def score(self, X, y):
        """How well the attack does on updates of the target with these records.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records to update copies of the target with: one by one, or in sets of
            `update_size` consecutive ones.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        score : float
            Higher is better. For ``task="label"``, the accuracy of the inferred
            labels, or with ``update_size > 1`` minus the mean Kullback-Leibler
            divergence of the inferred shares from the true ones, in nats. For
            ``task="reconstruction"``, the gain of the reconstructions over the mean
            auxiliary record of the true label.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        y = as_column(y, "y")
        check_consistent_length(X, y)
        n_updates = len(X) // self.update_size
        if n_updates == 0:
            raise ValueError(
                f"X has {len(X)} records, fewer than update_size={self.update_size}."
            )
        sets = np.arange(n_updates * self.update_size).reshape(n_updates, -1)
        before = self._answers(self.estimator, self._query_seed)
        after = self.simulate(X[sets], y[sets])
        if self.task == "reconstruction":
            found = self.reconstruct(before, after)
            guess = self.class_means_[np.searchsorted(self.classes_, y[sets[:, 0]])]
            return reconstruction_gain(X[sets[:, 0]], found, guess)
        if self.update_size == 1:
            return float(np.mean(self.infer(before, after) == y[sets[:, 0]]))
        truth = self._label_shares(y[sets])
        found = self.infer_proba(before, after)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(truth > 0, truth * np.log(truth / found), 0)
        return -float(terms.sum(axis=1).mean())

    def simulate(self, X_updates, y_updates):
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

    # What fit is made of ---------------------------------------------------------

    def _check_records(self, X, y, target):
        if self.task == "reconstruction" and self.update_size > 1:
            raise ValueError(
                "task='reconstruction' reconstructs a single record, but "
                f"update_size={self.update_size}; set it to 1."
            )
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        y = as_column(y, "y")
        check_consistent_length(X, y)
        n_features = getattr(target, "n_features_in_", X.shape[1])
        if X.shape[1] != n_features:
            raise ValueError(
                f"X has {X.shape[1]} features, but the target takes {n_features}."
            )
        if self.task == "reconstruction":
            check_scale(X, check_bounds(self.bounds), name="X")
        self.classes_ = np.asarray(target.classes_)
        for name, found, wanted in (
            ("the target has no class", y, self.classes_),
            ("the auxiliary records lack the class", self.classes_, y),
        ):
            extra = found[positions(found, pd.unique(wanted)) < 0].tolist()
            if extra:
                raise ValueError(f"y does not match the target: {name} {extra[0]!r}.")
        n_needed = max(2 * len(self.classes_), 2 * self.update_size, 4)
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
        if self.update_size == 1 and n_updates <= len(rows):
            return rows[:n_updates, None]
        return np.stack(
            [
                rng.choice(rows, size=self.update_size, replace=False)
                for _ in range(n_updates)
            ]
        )

    def _label_shares(self, labels):
        return (labels[:, :, None] == self.classes_).mean(axis=1)

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
        import torch

        from sklearn_mid.attacks._torch_nets import mlp
        from sklearn_mid.attacks._torch_training import train
        from sklearn_mid.utils._torch import as_tensor, new_generator

        inputs = _directions(difference)
        is_label = self.task == "label"
        self.network_ = mlp(
            inputs.shape[1],
            outputs.shape[1],
            self.hidden_layer_sizes,
            generator=new_generator(int(seeds[0])),
            bounds=None if is_label else check_bounds(self.bounds),
        )
        loss = torch.nn.functional.cross_entropy if is_label else None
        self.history_ = train(
            self.network_,
            as_tensor(inputs, device=device),
            as_tensor(outputs, device=device),
            loss or torch.nn.functional.mse_loss,
            lr=self.lr,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            validation_fraction=self.validation_fraction,
            seed=int(seeds[1]),
            verbose=self.verbose,
            desc="network",
        )

    # What inference is made of -----------------------------------------------------

    def _check_task(self, task, method):
        check_is_fitted(self)
        if self.task != task:
            raise ValueError(f"{method} needs task={task!r}, but task={self.task!r}.")

    def _difference(self, before, after):
        before = self._snapshots(before, "before", self._query_seed)
        after = self._snapshots(after, "after", self._query_seed + 1)
        if len(before) not in (1, len(after)):
            raise ValueError(
                f"before holds {len(before)} snapshots, after {len(after)}; pass one "
                "before for all, or as many."
            )
        return after - before

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

    def _apply_network(self, difference):
        from sklearn_mid.attacks._torch_targets import target_device
        from sklearn_mid.attacks._torch_training import evaluate
        from sklearn_mid.utils._torch import as_tensor

        inputs = _directions(difference)
        device = target_device(self.network_)[0]
        outputs = evaluate(self.network_, as_tensor(inputs, device=device))
        return outputs.cpu().numpy().astype(np.float64)


def _directions(difference):
    """Differences as rows whose entries have a mean square of 1; 0 stays 0."""
    rows = difference.reshape(len(difference), -1)
    length = np.sqrt(np.mean(rows**2, axis=1, keepdims=True))
    return rows / np.maximum(length, np.finfo(np.float64).tiny)
