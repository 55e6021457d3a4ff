"""The classifier with defences of the literature other than a bottleneck."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.neural_network._base import BaseNeuralNet, BaseNeuralNetClassifier
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions, _fit_context

__all__ = ["DefendedNeuralNetClassifier"]


class DefendedNeuralNetClassifier(BaseNeuralNetClassifier):
    r"""Neural network classifier with other defences against model inversion.

    What competes with :class:`MIDNeuralNetClassifier`. Each defence has a parameter
    of its own and is off by default; without any, this is the undefended net,
    ``MIDNeuralNetClassifier(0)``. They may be combined.

    - Bilateral dependency optimisation (BiDO, [1]_) adds to the loss

          input_dependence * sum_j D(X, Z_j) - label_dependence * sum_j D(Z_j, Y)

      over what follows each activation of the encoder and the code: hidden layers are
      to depend little on the input and much on the label. D is `dependence`.
    - Negative label smoothing [2]_: ``label_smoothing < 0``.
    - Random erasing (MIDRE, [3]_): the net sees no image of a person whole.
    - Transferred first layers (TL-DMI, [4]_): they are taken from a net that was
      trained on public data, and private data do not change them.

    Parameters
    ----------
    input_dependence : float, default=0.0
        Price of the dependence of the hidden layers on the input, 0 or more.
    label_dependence : float, default=0.0
        Reward of their dependence on the label, 0 or more. [1]_ takes about ten times
        `input_dependence`.
    dependence : {"hsic", "coco"}, default="hsic"
        How dependence is measured: by the Hilbert-Schmidt independence criterion, or
        by constrained covariance.
    label_smoothing : float, default=0.0
        Targets are (1 - `label_smoothing`) for the label plus `label_smoothing` /
        n_classes for every class; in [-10, 1). Below 0 it is a defence. The loss has
        then no lower bound: weights grow as long as the training goes on.
    erased_area : float, default=0.0
        Largest share of an image that is replaced by random pixels whenever the net
        is trained on it, in [0, 1); the share is uniform on [0, `erased_area`]. Needs
        `image_shape`.
    pretrained : fitted neural network of this package, default=None
        Whose encoder to start from. Its encoder, hidden layers and image shape must be
        those given here. :func:`~sklearn.base.clone` forgets what a net has learned
        unless it is wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    n_frozen_layers : int, default=1
        How many of the first layers with weights of `pretrained` stay as they are.
    encoder : {"mlp", "conv"} or callable, default="mlp"
        As in :class:`MIDNeuralNetClassifier`, as are the following.
    hidden_layer_sizes : int or array-like of int, default=(128,)
        Widths of the hidden layers.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
    image_shape : tuple (channels, height, width), default=None
        Of an image in a row of X; for convolutions.
    latent_dim : int, default=None
        Width of the last hidden layer, which has no activation. None is half the width
        of the features.
    optimizer : {"adam", "sgd"} or subclass of torch.optim.Optimizer, default="adam"
    learning_rate : float, default=0.005
        Step size of the optimizer.
    weight_decay : float, default=0.0
        L2 penalty on all weights, as the optimizer applies it.
    batch_size : int or "full", default=64
        Rows per step. Dependence is estimated on them, in memory that grows with their
        square, and in time that grows with their square or, of "coco", cube.
    max_epochs : int, default=100
        Passes over the data.
    callbacks : list of skorch callbacks, default=None
        Copies of them act on the net.
    dtype : {"float32", "float64"}, default="float32"
    device : str, default="auto"
        As in :class:`MIDNeuralNetClassifier`.
    mixed_precision : bool, default=False
        As in :class:`MIDNeuralNetClassifier`; dependence is measured in float32.
    verbose : int, default=0
        Whether to show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Of the initial weights, the order of the rows, and what is erased.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    history_ : list of dict
        Per epoch: "epoch", "loss" (with all terms) and "distortion" (the cross-entropy
        alone, in nats), means over the epoch's mini-batches.
    n_iter_ : int
        Number of epochs.
    net_ : skorch.NeuralNet
        The trained net.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X has column names.

    See Also
    --------
    MIDNeuralNetClassifier : A bottleneck that pays for information.
    DPNeuralNetClassifier : Differential privacy.
    sklearn_mid.defenses.ConfidenceShield : A defence of the answers alone.

    Notes
    -----
    HSIC is the biased estimate on the mini-batch, with Gaussian kernels whose width is
    the median distance in the batch, and for labels the kernel that is 1 where two are
    equal [5]_. Constrained covariance is the largest covariance of two functions of
    norm one, with the same kernels [6]_; it falls off as the root of HSIC does, so that
    its prices are smaller.

    References
    ----------
    .. [1] X. Peng, F. Liu, J. Zhang, L. Lan, J. Ye, T. Liu, B. Han, "Bilateral
       Dependency Optimization: Defending Against Model-inversion Attacks", KDD 2022,
       `arXiv:2206.05483 <https://arxiv.org/abs/2206.05483>`_.
    .. [2] L. Struppek, D. Hintersdorf, K. Kersting, "Be Careful What You Smooth For:
       Label Smoothing Can Be a Privacy Shield but Also a Catalyst for Model Inversion
       Attacks", ICLR 2024, `arXiv:2310.06549 <https://arxiv.org/abs/2310.06549>`_.
    .. [3] V. Tran, N. Tran, S. Nguyen, N. Cheung, "Defending against Model Inversion
       Attacks via Random Erasing", 2024,
       `arXiv:2409.01062 <https://arxiv.org/abs/2409.01062>`_.
    .. [4] S. Ho, K. Hao, K. Chandrasegaran, N. Nguyen, N. Cheung, "Model Inversion
       Robustness: Can Transfer Learning Help?", CVPR 2024,
       `arXiv:2405.05588 <https://arxiv.org/abs/2405.05588>`_.
    .. [5] A. Gretton, O. Bousquet, A. Smola, B. Schölkopf, "Measuring Statistical
       Dependence with Hilbert-Schmidt Norms", ALT 2005. doi:10.1007/11564089_7
    .. [6] A. Gretton, R. Herbrich, A. Smola, O. Bousquet, B. Schölkopf, "Kernel Methods
       for Measuring Independence", JMLR 6, 2005.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_mid.neural_network import DefendedNeuralNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = DefendedNeuralNetClassifier(
    ...     input_dependence=1.0, label_dependence=5.0, max_epochs=20, random_state=0)
    >>> clf.fit(X[:1000] / 16, y[:1000]).score(X[1000:] / 16, y[1000:]) > 0.85
    True
    """

    _criterion = "cross_entropy"
    _parameter_constraints: dict = {
        **BaseNeuralNet._parameter_constraints,
        "input_dependence": [Interval(Real, 0, None, closed="left")],
        "label_dependence": [Interval(Real, 0, None, closed="left")],
        "dependence": [StrOptions({"hsic", "coco"})],
        "label_smoothing": [Interval(Real, -10, 1, closed="left")],
        "erased_area": [Interval(Real, 0, 1, closed="left")],
        "pretrained": "no_validation",  # by what is read from it
        "n_frozen_layers": [Interval(Integral, 0, None, closed="left")],
        "mixed_precision": ["boolean"],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        *,
        input_dependence: float = 0.0,
        label_dependence: float = 0.0,
        dependence: str = "hsic",
        label_smoothing: float = 0.0,
        erased_area: float = 0.0,
        pretrained: BaseNeuralNet | FrozenEstimator | None = None,
        n_frozen_layers: int = 1,
        encoder: str | Callable = "mlp",
        hidden_layer_sizes: int | Sequence[int] = (128,),
        activation: str = "relu",
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int | None = None,
        optimizer: str | Callable = "adam",
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        batch_size: int | str = 64,
        max_epochs: int = 100,
        callbacks: list | None = None,
        dtype: str = "float32",
        device: str = "auto",
        mixed_precision: bool = False,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.input_dependence = input_dependence
        self.label_dependence = label_dependence
        self.dependence = dependence
        self.label_smoothing = label_smoothing
        self.erased_area = erased_area
        self.pretrained = pretrained
        self.n_frozen_layers = n_frozen_layers
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.image_shape = image_shape
        self.latent_dim = latent_dim
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.callbacks = callbacks
        self.dtype = dtype
        self.device = device
        self.mixed_precision = mixed_precision
        self.verbose = verbose
        self.random_state = random_state

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> "DefendedNeuralNetClassifier":
        """Train the net.

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
        X, y = self._validate(X, y=y, reset=True)
        codes = self._encode(y, reset=True)
        if self.erased_area > 0 and self.image_shape is None:
            raise ValueError(
                f"erased_area={self.erased_area} needs image_shape=(channels, height, "
                "width); got image_shape=None."
            )
        self._start(len(self.classes_))
        if self.pretrained is not None:
            self._transfer()
        self._train(X, codes, epochs=self.max_epochs)
        return self

    def _transfer(self):
        """Take over the encoder of `pretrained`, and freeze its first layers."""
        from sklearn_mid.neural_network._modules import freeze_first_layers

        source = getattr(self.pretrained, "estimator", self.pretrained)
        if not isinstance(source, BaseNeuralNet):
            raise TypeError(
                "pretrained must be a fitted neural network of this package, alone or "
                f"in a FrozenEstimator; got {self.pretrained!r}."
            )
        check_is_fitted(source, "net_")
        encoder = self.net_.module_.encoder
        try:
            encoder.load_state_dict(source.net_.module_.encoder.state_dict())
        except RuntimeError as error:
            raise ValueError(
                "pretrained must have the encoder, hidden_layer_sizes and image_shape "
                f"of this net; got other layers ({str(error).splitlines()[-1].strip()})"
            ) from error
        n_layers = freeze_first_layers(encoder, self.n_frozen_layers)
        if n_layers < self.n_frozen_layers:
            raise ValueError(
                f"n_frozen_layers={self.n_frozen_layers} is more than the encoder of "
                f"pretrained has layers with weights, {n_layers}."
            )

    def _net_parameters(self, n_outputs, device) -> dict[str, Any]:
        parameters = super()._net_parameters(n_outputs, device)
        parameters["module"].update(
            bottleneck="deterministic", latent_dim=self.latent_dim
        )
        parameters["net"].update(
            input_dependence=self.input_dependence,
            label_dependence=self.label_dependence,
            dependence=self.dependence,
            label_smoothing=self.label_smoothing,
            erased_area=self.erased_area,
            image_shape=parameters["module"]["input_shape"],
            mixed_precision=self._checked_mixed_precision(device),
        )
        return parameters

    def _build_net(self, parameters):
        from sklearn_mid.neural_network._modules import build_module
        from sklearn_mid.neural_network._training import DefendedNet, build_net

        return build_net(
            DefendedNet,
            build_module(**parameters["module"]),
            encoder=parameters["module"]["encoder"],
            **parameters["net"],
        )
