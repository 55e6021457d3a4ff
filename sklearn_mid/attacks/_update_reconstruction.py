"""The record that a model was updated with (Salem et al. 2020)."""

from typing import Any

import numpy as np

from sklearn_mid.attacks._mean_input import MeanInputBaseline
from sklearn_mid.attacks._updates import UpdatesAttack
from sklearn_mid.metrics import reconstruction_gain
from sklearn_mid.utils._images import check_bounds, check_scale
from sklearn_mid.utils._target import N_QUERIES

__all__ = ["UpdateReconstructionAttack"]


class UpdateReconstructionAttack(UpdatesAttack):
    """Reconstruct the record of an update from a model's answers before and after.

    As :class:`UpdateLabelAttack`, with a network that maps the difference of the
    answers to the record itself.

    Parameters
    ----------
    estimator : object
        The fitted target before the update, with ``predict_proba`` and
        ``partial_fit``. Of a pipeline, a search or a wrapper without ``partial_fit``
        of its own, the part inside that has it is updated.
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
    bounds : tuple (low, high), default=(0, 1)
        Every feature lies between these.
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
        The shadow models before the updates.
    probes_ : ndarray of shape (n_probes, n_features)
        The probes.
    network_ : torch.nn.Module
        The trained network.
    history_ : list of dict
        Its ``"train_loss"`` and ``"valid_loss"`` per epoch: mean squared error.
    classes_ : ndarray of shape (n_classes,)
        Labels of the target.
    baseline_ : MeanInputBaseline
        Guesses the mean auxiliary record of a label.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    UpdateLabelAttack : Learns the label of the update.
    MeanInputBaseline : Has the same records, and sees no model.

    Notes
    -----
    The network of [1]_ has a second half that is trained as an autoencoder beforehand.

    References
    ----------
    .. [1] A. Salem, A. Bhattacharya, M. Backes, M. Fritz, Y. Zhang, "Updates-Leak:
       Data Set Inference and Reconstruction Attacks in Online Learning", USENIX
       Security 2020. https://arxiv.org/abs/1904.01067

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import SGDClassifier
    >>> from sklearn_mid.attacks import UpdateReconstructionAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> target = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    >>> target = target.fit(X[:500], y[:500])
    >>> attack = UpdateReconstructionAttack(
    ...     target, n_updates=100, n_probes=20, max_epochs=5, random_state=0
    ... ).fit(X[500:1500], y[500:1500])
    >>> attack.reconstruct(*attack.observe(X[1500:1503], y[1500:1503])).shape
    (3, 64)
    """

    _parameter_constraints: dict = {
        **UpdatesAttack._parameter_constraints,
        "bounds": ["array-like"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        shadow_estimator: Any = None,
        n_shadows: int = 4,
        n_probes: int = 100,
        n_updates: int = 1000,
        n_queries: int = N_QUERIES,
        bounds: tuple[float, float] = (0, 1),
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
        self.shadow_estimator = shadow_estimator
        self.n_shadows = n_shadows
        self.n_probes = n_probes
        self.n_updates = n_updates
        self.n_queries = n_queries
        self.bounds = bounds
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def baseline(self) -> MeanInputBaseline:
        """The guess of one who has the auxiliary records, but no model.

        Returns
        -------
        baseline : MeanInputBaseline
            Not fitted.
        """
        return MeanInputBaseline()

    def reconstruct(self, before: Any, after: Any) -> np.ndarray:
        """The record that each update was made with.

        Parameters
        ----------
        before, after : fitted classifier, list of them, or array-like
            The target before and after the update, or its answers to ``probes_``:
            of shape (n_probes, n_classes), or (n_updates, n_probes, n_classes) for
            several updates. One `before` may go with several `after`.

        Returns
        -------
        X : ndarray of shape (n_updates, n_features)
            Reconstructed records, within `bounds`.
        """
        return self._apply_network(*self._answer_pairs(before, after))

    def score(self, X: Any, y: Any) -> float:
        """Gain of the reconstructions over the mean record of the true label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records to update copies of the target with, one by one.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        gain : float
            ``1 - MSE / MSE(guess)``: 1 is perfect, 0 nothing learned.
        """
        records, labels = self._as_updates(X, y)
        found = self.reconstruct(*self.observe(X, y))
        guess = self.baseline_.reconstruct(labels[:, 0])
        return reconstruction_gain(records[:, 0], found, guess)

    def _learn_more(self, X: np.ndarray, y: np.ndarray) -> None:
        check_scale(X, check_bounds(self.bounds), name="X")
        self.baseline_ = self.baseline().fit(X, y)

    def _outputs(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return X[:, 0]

    def _bounds(self) -> tuple[float, float]:
        return check_bounds(self.bounds)

    def _loss(self) -> Any:
        from torch.nn.functional import mse_loss

        return mse_loss
