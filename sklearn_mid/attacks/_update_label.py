"""What labels a model was updated with (Salem et al. 2020)."""

import numbers
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._base import ModelInversionAttack
from sklearn_mid.attacks._update_summaries import SummaryClassifier, log_odds_scores
from sklearn_mid.attacks._updates import UpdatesAttack
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions, _fit_context
from sklearn_mid.utils._target import N_QUERIES
from sklearn_mid.utils._validation import as_column, factorize

__all__ = ["FrequentLabelBaseline", "UpdateLabelAttack"]


class UpdateLabelAttack(UpdatesAttack):
    """Learn with what label a model was updated from its answers before and after.

    The attacker trains a shadow model like the target on half of the auxiliary
    records, updates copies of it with records of the other half, asks all of them
    about a fixed set of probes, and trains a network from the differences of the
    answers to what the update held [1]_. Then they ask the target about the probes
    before and after a real update.

    Two things make this attacker stronger than that of [1]_: the difference is
    scaled to length 1, as the direction tells the label even where a trained model
    hardly moves; and several shadow models keep the network from learning what is
    peculiar to one.

    Parameters
    ----------
    estimator : object
        The fitted target before the update, with ``predict_proba`` and
        ``partial_fit``. Of a pipeline, a search or a wrapper without ``partial_fit``
        of its own, the part inside that has it is updated.
    update_size : int, default=1
        Records per update. Of several, the shares of all labels are learned.
    rule : {"network", "summaries", "log-odds"}, default="network"
        How the label is read from the answers before and after.

        - ``"network"``: as in [1]_.
        - ``"summaries"``: by logistic regression on a few numbers per class, how much
          it gained and lost, over all probes and among those of each class. Learns
          more from few updates, and needs no torch.
        - ``"log-odds"``: the class whose log-odds rose most, on average over the
          probes. Trains nothing: no shadow models, no simulated updates.
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
        Answers per probe that are averaged, as in :class:`MAPAttack`.
    hidden_layer_sizes : tuple of int, default=(128, 64)
        Layers of the attacker's network.
    learning_rate : float, default=1e-3
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
        Seeds the split of the records, the shadow models, the updates and the
        network.
    verbose : int, default=0
        Whether to show progress bars.

    Attributes
    ----------
    shadows_ : list of object
        The shadow models before the updates; none with ``rule="log-odds"``.
    probes_ : ndarray of shape (n_probes, n_features)
        The probes.
    network_ : torch.nn.Module
        The trained network, with ``rule="network"``, as `history_`.
    history_ : list of dict
        Its ``"train_loss"`` and ``"valid_loss"`` per epoch: cross-entropy in nats.
    classes_ : ndarray of shape (n_classes,)
        Labels of the target.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    UpdateReconstructionAttack : Reconstructs the record of an update.
    FrequentLabelBaseline : Knows as much, and sees no model.

    References
    ----------
    .. [1] A. Salem, A. Bhattacharya, M. Backes, M. Fritz, Y. Zhang, "Updates-Leak:
       Data Set Inference and Reconstruction Attacks in Online Learning", USENIX
       Security 2020. https://arxiv.org/abs/1904.01067

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn_mid.attacks import UpdateLabelAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> target = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    >>> target = target.fit(X[:500], y[:500])
    >>> attack = UpdateLabelAttack(target, n_updates=600, n_probes=20, random_state=0)
    >>> attack = attack.fit(X[500:1500], y[500:1500])

    The owner updates the model; the attacker sees the answers of both versions.

    >>> import copy
    >>> updated = copy.deepcopy(target).partial_fit(X[1500:1501], y[1500:1501])
    >>> attack.infer(target, updated).shape
    (1,)
    >>> attack.score(X[1500:1600], y[1500:1600]) > 0.5
    True
    """

    _parameter_constraints: dict = {
        **UpdatesAttack._parameter_constraints,
        "update_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "rule": [StrOptions({"network", "summaries", "log-odds"})],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        update_size: int = 1,
        rule: str = "network",
        shadow_estimator: Any = None,
        n_shadows: int = 4,
        n_probes: int = 100,
        n_updates: int = 1000,
        n_queries: int = N_QUERIES,
        hidden_layer_sizes: tuple[int, ...] = (128, 64),
        learning_rate: float = 1e-3,
        batch_size: int = 64,
        max_epochs: int = 100,
        validation_fraction: float = 0.1,
        device: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.update_size = update_size
        self.rule = rule
        self.shadow_estimator = shadow_estimator
        self.n_shadows = n_shadows
        self.n_probes = n_probes
        self.n_updates = n_updates
        self.n_queries = n_queries
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def baseline(self) -> "FrequentLabelBaseline":
        """The guess of one who knows the labels of the auxiliary records only.

        Returns
        -------
        baseline : FrequentLabelBaseline
            Not fitted.
        """
        return FrequentLabelBaseline(update_size=self.update_size)

    def infer(self, before: Any, after: Any) -> np.ndarray:
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
            If ``update_size > 1``.
        """
        proba = self.infer_proba(before, after)
        return _only_label(self, proba)

    def infer_proba(self, before: Any, after: Any) -> np.ndarray:
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
        before, after = self._answer_pairs(before, after)
        if self.rule == "summaries":
            return self._classifier.proba(before, after)
        if self.rule == "log-odds":
            scores = log_odds_scores(before, after)
        else:
            scores = self._apply_network(before, after)
        return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))

    def score(self, X: Any, y: Any) -> float:
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
            Higher is better: the accuracy of the inferred labels, or with
            ``update_size > 1`` minus the mean Kullback-Leibler divergence of the
            inferred shares from the true ones, in nats.
        """
        _, labels = self._as_updates(X, y)
        found = self.infer_proba(*self.observe(X, y))
        return _label_score(found, labels, self.classes_)

    @property
    def _learns_by(self) -> str | None:
        return None if self.rule == "log-odds" else self.rule

    def _learn(self, seen: list, outputs: np.ndarray, device: Any, seeds: Any) -> None:
        if self.rule == "network":
            super()._learn(seen, outputs, device, seeds)
            return
        self._classifier = SummaryClassifier(self._probe_codes, len(self.classes_))
        self._classifier.fit(seen, outputs)

    def _outputs(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return _shares(y, self.classes_)

    def _bounds(self) -> None:
        return None

    def _loss(self) -> Any:
        from torch.nn.functional import cross_entropy

        return cross_entropy


class FrequentLabelBaseline(ModelInversionAttack):
    """Guess that an update has the labels that the auxiliary records have.

    Sees no model: the baseline of :class:`UpdateLabelAttack`.

    Parameters
    ----------
    update_size : int, default=1
        Records per update.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels of the auxiliary records.
    prior_ : ndarray of shape (n_classes,)
        Share of each.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    UpdateLabelAttack : Knows as much, and sees the answers of a model.

    Examples
    --------
    >>> from sklearn_mid.attacks import FrequentLabelBaseline
    >>> baseline = FrequentLabelBaseline().fit([[0.0], [1.0], [1.0]], ["a", "b", "b"])
    >>> baseline.score([[0.0], [1.0]], ["a", "b"])
    0.5
    """

    access = "none"
    sees = "nothing"
    knowledge = "labelled records"
    needs = ()

    _parameter_constraints: dict = {
        "update_size": [Interval(numbers.Integral, 1, None, closed="left")],
    }

    def __init__(self, *, update_size: int = 1) -> None:
        self.update_size = update_size

    def baseline(self) -> "FrequentLabelBaseline":
        """Itself, not fitted.

        Returns
        -------
        baseline : FrequentLabelBaseline
            Not fitted.
        """
        return FrequentLabelBaseline(update_size=self.update_size)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> "FrequentLabelBaseline":
        """Count the labels of the auxiliary records.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Auxiliary records like the target's, of other people.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : object
            The fitted baseline.
        """
        validate_data(self, X, y, dtype=[np.float64, np.float32])
        codes, self.classes_ = factorize(as_column(y, "y"))
        self.prior_ = np.bincount(codes) / len(codes)
        return self

    def score(self, X: Any, y: Any) -> float:
        """How well the guess does on updates with these records.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        score : float
            As that of :class:`UpdateLabelAttack`.
        """
        check_is_fitted(self)
        y = as_column(y, "y")
        n_updates = len(y) // self.update_size
        labels = y[: n_updates * self.update_size].reshape(n_updates, -1)
        found = np.tile(self.prior_, (n_updates, 1))
        return _label_score(found, labels, self.classes_)


def _only_label(attack: UpdateLabelAttack, proba: np.ndarray) -> np.ndarray:
    if attack.update_size > 1:
        raise ValueError(
            f"an update of update_size={attack.update_size} records has no single "
            "label; infer_proba returns the share of each."
        )
    return attack.classes_[proba.argmax(axis=1)]


def _shares(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Share of each class among the labels of each update."""
    return (labels[:, :, None] == classes).mean(axis=1)


def _label_score(found: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> float:
    if labels.shape[1] == 1:
        return float(np.mean(classes[found.argmax(axis=1)] == labels[:, 0]))
    truth = _shares(labels, classes)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(truth > 0, truth * np.log(truth / found), 0)
    return -float(terms.sum(axis=1).mean())
