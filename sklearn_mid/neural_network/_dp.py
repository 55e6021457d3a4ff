"""The classifier trained with differential privacy, to compare with."""

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sklearn_mid.neural_network._base import BaseNeuralNet, BaseNeuralNetClassifier
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._secret_noise import NoiseSource, noise_sources
from sklearn_mid.utils._sklearn_compat import Interval, Options, _fit_context

__all__ = ["DPNeuralNetClassifier"]


class DPNeuralNetClassifier(BaseNeuralNetClassifier):
    """Neural network classifier trained by DP-SGD.

    Each step clips the gradient of every row to `max_grad_norm` and adds Gaussian noise
    to their sum [1]_, by Opacus [2]_. The encoders are those of
    :class:`MIDNeuralNetClassifier`; there is no bottleneck, and predictions are a
    function of the input.

    Parameters
    ----------
    epsilon : float or None, default=8.0
        Privacy budget of ``fit``, greater than 0: the noise is chosen so that
        `max_epochs` epochs spend it. ``inf`` adds no noise, but still clips and draws
        batches by Poisson sampling: the difference from a plain net is not noise.
        None leaves the noise to `noise_multiplier`.
    noise_multiplier : float or None, default=None
        Standard deviation of the noise over `max_grad_norm`, at least 0. Only with
        ``epsilon=None``.
    delta : float, default=1e-5
        Of (epsilon, delta)-differential privacy, between 0 and 1. Should be far below
        1 / n_samples.
    max_grad_norm : float, default=1.0
        Euclidean norm that the gradient of a row is clipped to.
    encoder : {"mlp", "conv"} or callable, default="mlp"
        As in :class:`MIDNeuralNetClassifier`. Layers that mix the rows of a batch,
        such as BatchNorm, are refused.
    hidden_layer_sizes : int or array-like of int, default=(128,)
        Widths of the hidden layers; in "conv" of those after the convolutions.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
    image_shape : tuple (channels, height, width), default=None
        Needed by "conv". X must then hold pixels in [0, 1].
    optimizer : {"adam", "sgd"} or subclass of torch.optim.Optimizer, default="adam"
        What is done with the noisy gradient; "sgd" has a momentum of 0.9.
    learning_rate : float, default=0.005
        Step size of the optimizer.
        Plain descent (``optimizer=torch.optim.SGD``) wants about 1.0, because the
        gradient of a row is no longer than `max_grad_norm`.
    weight_decay : float, default=0.0
        L2 penalty on all weights, as the optimizer applies it.
    batch_size : int or "full", default=128
        Expected number of rows in a batch; every row joins it independently.
    max_epochs : int, default=30
        Passes over the data.
    dtype : {"float32", "float64"}, default="float32"
    device : str, default="auto"
        As in :class:`MIDNeuralNetClassifier`.
    verbose : int, default=0
        Whether to show a progress bar.
    random_state : int, RandomState instance or None, default=None
        None draws from the operating system's source. Anything else can be drawn again:
        whoever knows it can subtract the noise, and the model keeps it among its
        parameters.

    Attributes
    ----------
    epsilon_ : float
        What all trainings so far have spent, at `delta`, by the accountant (Renyi
        differential privacy). At most `epsilon` after ``fit``.
    delta_ : float
        The delta that `epsilon_` is about.
    neighbors : str
        "add-or-remove". Replacing a row is two such steps.
    noise_multiplier_ : float
        The noise used.
    classes_ : ndarray of shape (n_classes,)
    net_ : skorch.NeuralNet
        The trained net, unwrapped from Opacus.
    n_iter_ : int
        Number of epochs; fewer than asked for only where weights, which are private,
        were no longer finite.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)

    See Also
    --------
    MIDNeuralNetClassifier : Limits the information on an input, not on a person's
        presence.

    Notes
    -----
    What is promised: when one row is *added or removed*, no outcome of the training
    becomes more than e^epsilon times as likely, but for a part of probability delta.
    It holds for the whole file of the model and for all that depends on it, against
    anyone who does not know `random_state`. For one row *replaced* by another, two such
    steps: (2 epsilon, (1 + e^epsilon) delta). The number of rows, the set of labels,
    the preprocessing and the parameters, tuning on the same rows included, count as
    public.

    Noise, batches and first weights come from the operating system's source, each
    apart, and none of it is kept; neither are losses, which the noise does not cover.
    Opacus loads when the net is fitted: ``python -m pip install 'sklearn-mid[nn,dp]'``.

    References
    ----------
    .. [1] M. Abadi et al., "Deep Learning with Differential Privacy", CCS 2016,
       `doi:10.1145/2976749.2978318 <https://doi.org/10.1145/2976749.2978318>`_.
    .. [2] A. Yousefpour et al., "Opacus: User-Friendly Differential Privacy Library in
       PyTorch", `arXiv:2109.12298 <https://arxiv.org/abs/2109.12298>`_.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_mid.neural_network import DPNeuralNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X = StandardScaler().fit_transform(X)
    >>> clf = DPNeuralNetClassifier(epsilon=8).fit(X, y)
    >>> clf.epsilon_ <= 8
    True
    >>> clf.score(X, y) > 0.8
    True
    """

    # What may differ between the two data sets that epsilon is about.
    neighbors = "add-or-remove"
    # A callback sees the rows' losses, and might decide or record something by them.
    callbacks = None

    _parameter_constraints: dict = {
        **{
            name: allowed
            for name, allowed in BaseNeuralNet._parameter_constraints.items()
            if name != "callbacks"
        },
        "epsilon": [
            Interval(Real, 0, 1e9, closed="right"),
            Options(Real, {np.inf}),
            None,
        ],
        "noise_multiplier": [Interval(Real, 0, None, closed="left"), None],
        "delta": [Interval(Real, 0, 1, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, 1e12, closed="right")],
    }

    def __init__(
        self,
        epsilon: float | None = 8.0,
        *,
        noise_multiplier: float | None = None,
        delta: float = 1e-5,
        max_grad_norm: float = 1.0,
        encoder: str | Callable = "mlp",
        hidden_layer_sizes: int | Sequence[int] = (128,),
        activation: str = "relu",
        image_shape: Sequence[int] | None = None,
        optimizer: str | type = "adam",
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        batch_size: int | Literal["full"] = 128,
        max_epochs: int = 30,
        dtype: Literal["float32", "float64"] = "float32",
        device: str = "auto",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.epsilon = epsilon
        self.noise_multiplier = noise_multiplier
        self.delta = delta
        self.max_grad_norm = max_grad_norm
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.image_shape = image_shape
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.dtype = dtype
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train the net, spending `epsilon`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,)
            Labels of any kind.

        Returns
        -------
        self
            The fitted net.
        """
        return self._fit(X, y, fresh=True, epochs=self.max_epochs)

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> Self:
        """Train for one more pass over these rows, and account for it.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,)
            Labels of any kind.
        classes : array-like of shape (n_classes,), default=None
            All labels there will ever be; needed in the first call, unless ``fit``
            came before. The first call chooses the noise such that `max_epochs` passes
            over as many rows spend `epsilon`; `epsilon_` is what was spent, as if all
            calls had seen the same people.

        Returns
        -------
        self
            The fitted net.
        """
        fresh = self._is_first_partial_fit(classes)
        return self._fit(X, y, fresh=fresh, epochs=1, classes=classes)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        fresh: bool,
        epochs: int,
        classes: ArrayLike | None = None,
    ) -> Self:
        require("opacus", extra="dp", needed_by=type(self).__name__)
        from sklearn_mid.neural_network._dp_training import n_batches, spent_epsilon

        rows, labels = self._validate(X, y=y, reset=fresh)
        codes = self._encode(labels, classes=classes, reset=fresh)
        batch_size = -1 if self.batch_size == "full" else self.batch_size
        steps_per_epoch = n_batches(len(rows), batch_size)
        if fresh:
            self.noise_multiplier_ = self._choose_noise(steps_per_epoch)
            self._accounted: list[tuple[float, float, int]] = []
            self.n_iter_ = 0
        first, *sources = noise_sources(
            self.random_state, 4, self, n_before=len(self._accounted)
        )
        if fresh:
            self._start(len(self.classes_), first.seed())
        else:
            self._continue()
        # Charged before a row is looked at, and in full, whenever the training ends.
        steps = steps_per_epoch * epochs
        self._accounted.append((self.noise_multiplier_, 1 / steps_per_epoch, steps))
        self.epsilon_ = spent_epsilon(self._accounted, self.delta)
        self.delta_ = float(self.delta)
        self._train_privately(rows, codes, epochs, sources)
        return self

    def _train_privately(
        self, X: NDArray, codes: NDArray, epochs: int, sources: list[NoiseSource]
    ) -> None:
        from sklearn_mid.neural_network._training import Rows

        noise, batches, rest = sources
        self.n_iter_ += self.net_.train_privately(
            Rows.from_arrays(X, codes, None, device=self._net_config["net"]["device"]),
            epochs=epochs,
            seed=rest.seed(),
            noise=noise,
            batches=batches,
            progress=type(self).__name__ if self.verbose else None,
        )

    def _start(self, n_outputs: int, seed: int | None = None) -> None:
        super()._start(n_outputs, seed)
        # The first weights are drawn; what is built from now on takes other weights.
        self._net_config["module"]["seed"] = 0
        del self._seed, self.history_

    def _derived_seed(self, *path: int) -> int:
        return super()._derived_seed(*path) if hasattr(self, "_seed") else 0

    def _choose_noise(self, steps_per_epoch: int) -> float:
        from sklearn_mid.neural_network._dp_training import noise_for_epsilon

        if self.epsilon is not None and self.noise_multiplier is None:
            return noise_for_epsilon(
                float(self.epsilon),
                float(self.delta),
                1 / steps_per_epoch,
                steps_per_epoch * self.max_epochs,
            )
        if self.epsilon is None and self.noise_multiplier is not None:
            return float(self.noise_multiplier)
        raise ValueError(
            "exactly one of epsilon and noise_multiplier must be given, the other "
            f"None; got epsilon={self.epsilon}, "
            f"noise_multiplier={self.noise_multiplier}."
        )

    def _net_parameters(self, n_outputs: int, device: str) -> dict[str, Any]:
        parameters = super()._net_parameters(n_outputs, device)
        parameters["module"]["bottleneck"] = "none"
        parameters["net"].update(
            max_grad_norm=self.max_grad_norm, noise_multiplier=self.noise_multiplier_
        )
        return parameters

    def _build_net(self, parameters: dict[str, Any]) -> Any:
        from sklearn_mid.neural_network._dp_training import (
            DPNet,
            refuse_batch_dependent,
        )
        from sklearn_mid.neural_network._modules import build_module
        from sklearn_mid.neural_network._training import build_net

        encoder = parameters["module"]["encoder"]
        module = build_module(**parameters["module"])
        refuse_batch_dependent(module, getattr(encoder, "__name__", encoder))
        return build_net(DPNet, module, encoder=encoder, **parameters["net"])
