"""The classifier with a stochastic bottleneck that pays for information."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import entropy
from sklearn.utils import compute_sample_weight

from sklearn_mid.neural_network._base import BaseNeuralNetClassifier, softmax
from sklearn_mid.neural_network._bottleneck import BaseMIDNeuralNet
from sklearn_mid.neural_network._updates import BatchedUpdatesMixin
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._sklearn_compat import StrOptions, _fit_context

__all__ = ["MIDNeuralNetClassifier"]


class MIDNeuralNetClassifier(
    BatchedUpdatesMixin, BaseMIDNeuralNet, BaseNeuralNetClassifier
):
    r"""Neural network classifier with a stochastic bottleneck (MID, [1]_).

    An encoder turns a row x into the mean and the standard deviation of a Gaussian
    code z; a linear layer classifies z. Training minimises, in nats per row,

        cross-entropy + reg_lambda * KL(N(mu(x), sigma(x)^2) || N(0, I)),

    where the second term bounds from above the mutual information I(X; Z), and so that
    between the input and what the net says (variational information bottleneck,
    [2]_). Without `reg_lambda` a net remembers its inputs well enough for them to be
    reconstructed from its confidences; with it the net is made to forget what it does
    not need for the label.

    Parameters
    ----------
    reg_lambda : float, default=0.01
        Nats of predictive log-likelihood given up per nat of information withheld, 0
        or more. 0 is the undefended net: the same layers without noise. Infinity closes
        the bottleneck: nothing of the input gets through, and all rows are told about
        the class prior. A large number comes there only after many steps.
    given_label : bool, default=False
        Whether to pay only for what the code tells beyond the label: KL is then taken
        to N(m_y, I) with a learned mean for each class, which bounds I(X; Z | Y)
        instead of I(X; Z) (conditional entropy bottleneck, [3]_). What tells the label
        is free, so that a large `reg_lambda` keeps the accuracy and merges the rows of
        a class; `reg_lambda` must be finite.
    encoder : {"mlp", "conv"} or callable, default="mlp"
        What computes features from a row. "mlp" is a perceptron, "conv" strided
        convolutions with GroupNorm, followed by a perceptron. A callable is usually a
        subclass of :class:`torch.nn.Module`: it is called with the number of features
        (with `image_shape`, if that is given) and makes a module, which takes rows of
        shape (n_samples, n_features) or (n_samples, \*image_shape) and returns one
        tensor of shape (n_samples, width). The width is found by a dry run.
    hidden_layer_sizes : int or array-like of int, default=(128,)
        Widths of the hidden layers; in "conv" of those after the convolutions. Not
        used by a callable encoder.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        Not used by a callable encoder.
    image_shape : tuple (channels, height, width), default=None
        Needed by "conv". Each row of X is then an image of that shape, flattened, and
        must hold pixels in [0, 1]. Queries may leave this range a little, as those of
        attackers do, but another scale is refused.
    latent_dim : int, default=None
        Dimensions of the bottleneck. None is half the width of the features.
    n_train_samples : int, default=1
        Draws of the bottleneck per row and step in training.
    n_predict_samples : int, default=12
        Draws that a prediction averages.
    optimizer : {"adam", "sgd"} or subclass of torch.optim.Optimizer, default="adam"
        "sgd" has a momentum of 0.9. Other arguments of a class are given by
        :func:`functools.partial`.
    learning_rate : float, default=0.005
        Step size of the optimizer.
    weight_decay : float, default=0.0
        L2 penalty on all weights, as the optimizer applies it.
    batch_size : int or "full", default=64
        Rows per step. With "full", equal rows are merged and their weights added, so
        that a weight of two is the same as two equal rows.
    max_epochs : int, default=100
        Passes over the data.
    early_stopping : bool, default=False
        Whether to set rows aside, to stop when the loss on them no longer improves,
        and to keep the weights that were best for them.
    validation_fraction : float, default=0.1
        Share of the rows set aside by `early_stopping`, between 0 and 1.
    n_iter_no_change : int, default=10
        Epochs without improvement that `early_stopping` allows.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label; "balanced" makes them inverse to the class
        frequencies.
    callbacks : list of skorch callbacks, default=None
        Copies of them act on the net; they are found in ``net_.callbacks_``. They get
        mini-batches of tensors, so those that score a data set (EpochScoring) do not
        apply.
    dtype : {"float32", "float64"}, default="float32"
        Of the training. Predictions of "mlp" are computed in float64 in any case.
    device : str, default="auto"
        Where torch computes: "auto" is the first CUDA device or, without one, the
        CPU; others are "cpu", "cuda", "cuda:1", "mps" ...
    mixed_precision : bool, default=False
        Whether the layers compute in bfloat16 in training steps
        (:class:`torch.autocast`; on CUDA devices that have it, and the CPU). Weights,
        the optimizer, losses and the rate stay in float32, the only `dtype` that goes
        with it; no loss needs scaling, and predictions are made as without it. Between
        two and three digits are computed, and the accuracy may move in its third.
        Meant for large layers on a GPU; small ones, and some CPUs, become slower.
    warm_start : bool, default=False
        Whether ``fit`` goes on with the net that is there. `reg_lambda` (unless it
        becomes or ceases to be 0 or infinite), `n_train_samples`, `learning_rate`,
        `batch_size`, `mixed_precision` and `max_epochs` may have changed.
    verbose : int, default=0
        Whether to show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Of the initial weights, the order of the rows, and the noise. torch's global
        generators are not touched, unless a callable encoder draws from them: they
        are then seeded and restored, and such nets train one at a time.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    mutual_information_ : float
        The rate on the training data in nats: an upper bound on the information
        I(X; Z) that one draw of the bottleneck carries about the input. Infinite with
        ``reg_lambda=0``, where there is no noise. With `given_label` it is
        `information_given_label_` plus the entropy of the labels, since
        I(X; Z) = I(X; Z | Y) + I(Y; Z).
    information_given_label_ : float
        With `given_label`, the bound on I(X; Z | Y) on the training data, in nats.
    history_ : list of dict
        Per epoch: "epoch", "loss", "distortion" and "rate" (means over the epoch's
        mini-batches, in nats), and with `early_stopping` "valid_loss".
    n_iter_ : int
        Number of epochs.
    net_ : skorch.NeuralNet
        The trained net. Its ``module_`` maps rows to outputs at the mean of the
        bottleneck.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X has column names.

    See Also
    --------
    MIDNeuralNetRegressor : The same for numbers.
    DPNeuralNetClassifier : Differential privacy instead.
    InformationPlaneDisplay : Draws `history_`.

    Notes
    -----
    ``predict`` and ``predict_proba`` average `n_predict_samples` draws, the same ones
    for every row and call: a row's answer depends on nothing but the row. To an
    attacker such a net is a deterministic function. What `mutual_information_` bounds
    is a single release with noise of its own, as :meth:`sample_proba` makes them; m
    releases of a row may tell m times as much. Judge a defence by attackers who
    average many.

    The noise is small at first (sigma is about 0.007) and grows with training: with a
    large `reg_lambda` and few steps the net may still tell more than it would in the
    end. `mutual_information_` says how much.

    A perceptron trains in one thread, whatever ``torch.get_num_threads()`` says, so
    that the same `random_state` gives the same net. Convolutions use all threads;
    their weights are the same for the same number of threads.

    References
    ----------
    .. [1] T. Wang, Y. Zhang, R. Jia, "Improving Robustness to Model Inversion Attacks
       via Mutual Information Regularization", AAAI 2021,
       `arXiv:2009.05241 <https://arxiv.org/abs/2009.05241>`_.
    .. [2] A. A. Alemi, I. Fischer, J. V. Dillon, K. Murphy, "Deep Variational
       Information Bottleneck", ICLR 2017,
       `arXiv:1612.00410 <https://arxiv.org/abs/1612.00410>`_.
    .. [3] I. Fischer, "The Conditional Entropy Bottleneck", Entropy 22, 2020,
       `arXiv:2002.05379 <https://arxiv.org/abs/2002.05379>`_.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_mid.neural_network import MIDNeuralNetClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     X / 16, y, random_state=0)
    >>> clf = MIDNeuralNetClassifier(0.1, max_epochs=30, random_state=0)
    >>> clf.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    >>> clf.mutual_information_ < 15  # nats; without the penalty it is infinite
    True
    >>> clf.sample_proba(X_test, n_samples=3, random_state=0).shape
    (3, 450, 10)
    """

    _parameter_constraints: dict = {
        **BaseMIDNeuralNet._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "given_label": ["boolean"],
    }

    def __init__(
        self,
        reg_lambda: float = 0.01,
        *,
        given_label: bool = False,
        encoder: Any = "mlp",
        hidden_layer_sizes: int | Sequence[int] = (128,),
        activation: str = "relu",
        image_shape: tuple[int, int, int] | None = None,
        latent_dim: int | None = None,
        n_train_samples: int = 1,
        n_predict_samples: int = 12,
        optimizer: Any = "adam",
        learning_rate: float = 5e-3,
        weight_decay: float = 0.0,
        batch_size: int | str = 64,
        max_epochs: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        class_weight: dict | str | None = None,
        callbacks: Any = None,
        dtype: str = "float32",
        device: str = "auto",
        mixed_precision: bool = False,
        warm_start: bool = False,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(
            reg_lambda,
            encoder=encoder,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            image_shape=image_shape,
            latent_dim=latent_dim,
            n_train_samples=n_train_samples,
            n_predict_samples=n_predict_samples,
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            callbacks=callbacks,
            dtype=dtype,
            device=device,
            mixed_precision=mixed_precision,
            warm_start=warm_start,
            verbose=verbose,
            random_state=random_state,
        )
        self.given_label = given_label
        self.class_weight = class_weight

    def _net_parameters(self, n_outputs, device):
        parameters = super()._net_parameters(n_outputs, device)
        if self.given_label:
            if self.reg_lambda == np.inf:
                raise ValueError(
                    "reg_lambda must be finite with given_label=True; got inf. "
                    "What tells the label is free at any price."
                )
            if self.reg_lambda > 0:
                parameters["module"]["bottleneck"] = "conditional"
        return parameters

    def _measure(self, X, y, weight):
        super()._measure(X, y, weight)
        if self.given_label:
            self.information_given_label_ = self.mutual_information_
            self.mutual_information_ += entropy(np.bincount(y, weights=weight))

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> "MIDNeuralNetClassifier":
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,)
            Labels of any kind.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative. Only their ratios matter.

        Returns
        -------
        self
            The fitted net.
        """
        fresh = not (self.warm_start and hasattr(self, "net_"))
        return self._fit(X, y, sample_weight, fresh=fresh)

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> "MIDNeuralNetClassifier":
        """Train for one more pass over these rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,)
            Labels of any kind.
        classes : array-like of shape (n_classes,), default=None
            All labels there will ever be; needed in the first call, unless ``fit``
            came before.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative. Only their ratios matter.

        Returns
        -------
        self
            The fitted net.
        """
        fresh = self._is_first_partial_fit(classes)
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs the rows of all calls of partial_fit "
                "at once; pass a dict of weights, or sample_weight."
            )
        return self._fit(
            X, y, sample_weight, fresh=fresh, one_pass=True, classes=classes
        )

    def _fit(self, X, y, sample_weight, *, fresh, one_pass=False, classes=None):
        X, y = self._validate(X, y=y, reset=fresh)
        codes = self._encode(y, classes=classes, reset=fresh)
        weight = self._check_weight(sample_weight, X)
        if self.class_weight is not None:
            class_weight = compute_sample_weight(self.class_weight, y)
            weight = class_weight if weight is None else weight * class_weight
        return self._fit_arrays(
            X,
            codes,
            weight,
            n_outputs=len(self.classes_),
            fresh=fresh,
            one_pass=one_pass,
            stratify=True,
        )

    def sample_proba(
        self,
        X: ArrayLike,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Class probabilities of single releases of the stochastic net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        n_samples : int, default=1
            Number of releases of each row.
        random_state : int, RandomState instance or None, default=None
            Of the noise, which is independent for every row and release.

        Returns
        -------
        ndarray of shape (n_samples, n_rows, n_classes)
            In the order of `classes_`. With ``reg_lambda=0`` there is no noise and all
            releases are equal.
        """
        return self._sampled_outputs(X, softmax, n_samples, random_state)
