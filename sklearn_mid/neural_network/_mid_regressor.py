"""The regressor with a stochastic bottleneck that pays for information."""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.exceptions import DataConversionWarning

from sklearn_mid.neural_network._bottleneck import BaseMIDNeuralNet
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._sklearn_compat import _fit_context
from sklearn_mid.utils._validation import as_response

__all__ = ["MIDNeuralNetRegressor"]

_LARGEST = 1e150
_FARTHEST = 1e15  # its square is a float32


class MIDNeuralNetRegressor(RegressorMixin, BaseMIDNeuralNet):
    r"""Neural network regressor with a stochastic bottleneck.

    As :class:`MIDNeuralNetClassifier`, with half the squared error in place of the
    cross-entropy: the negative log-likelihood of a Gaussian whose variance is that of
    y, without its constant. (With the smaller variance of the residuals, a given
    `reg_lambda` would withhold less.)

    Parameters
    ----------
    reg_lambda : float, default=0.01
        Nats of predictive log-likelihood given up per nat of information withheld, 0
        or more. 0 is the undefended net: the same layers without noise. Infinity closes
        the bottleneck: nothing of the input gets through, and all rows are told about
        the mean of y. A large number comes there only after many steps.
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
        As in :class:`MIDNeuralNetClassifier`.
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
    mutual_information_ : float
        The rate on the training data in nats: an upper bound on the information
        I(X; Z) that one draw of the bottleneck carries about the input. Infinite with
        ``reg_lambda=0``, where there is no noise.
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
    MIDNeuralNetClassifier : For the method, its limits, and references.
    sklearn_mid.linear_model.MIDLinearRegression : For a linear model.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn_mid.neural_network import MIDNeuralNetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = MIDNeuralNetRegressor(0.1, max_epochs=50, random_state=0).fit(20 * X, y)
    >>> reg.score(20 * X, y) > 0.4
    True
    """

    _criterion = "half_squared_error"

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> "MIDNeuralNetRegressor":
        """Train the net.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their responses.
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
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> "MIDNeuralNetRegressor":
        """Train for one more pass over these rows.

        The first call, unless ``fit`` came before, takes the scale of y from its rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their responses.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative. Only their ratios matter.

        Returns
        -------
        self
            The fitted net.
        """
        fresh = not hasattr(self, "net_")
        return self._fit(X, y, sample_weight, fresh=fresh, one_pass=True)

    def _fit(self, X, y, sample_weight, *, fresh, one_pass=False):
        X, y = self._validate(X, y=y, reset=fresh, multi_output=True, y_numeric=True)
        y = as_response(y)
        if np.abs(y).max() > _LARGEST:
            raise ValueError(
                f"y must lie within {_LARGEST:g} of 0, so that errors can be squared; "
                f"got {np.abs(y).max():g}. Bring it to another scale."
            )
        weight = self._check_weight(sample_weight, X)
        if y.ndim == 2 and y.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected.",
                DataConversionWarning,
                stacklevel=3,
            )
            y = y.ravel()
        if fresh:
            self._y_shape = y.shape[1:]
            self._y_mean = np.average(y, axis=0, weights=weight)
            variance = np.average((y - self._y_mean) ** 2, axis=0, weights=weight)
            self._y_scale = np.where(variance > 0, np.sqrt(variance), 1.0)
        elif y.shape[1:] != self._y_shape:
            raise ValueError(
                f"y has the shape {y.shape}; this net was first fitted to a y of shape "
                f"{('n_samples', *self._y_shape)}."
            )
        targets = ((y - self._y_mean) / self._y_scale).reshape(len(y), -1)
        if np.abs(targets).max() > _FARTHEST:
            raise ValueError(
                f"y lies up to {np.abs(targets).max():g} standard deviations from the "
                f"mean of the y that this net was first fitted to; {_FARTHEST:g} are "
                "allowed. Fit a new net."
            )
        return self._fit_arrays(
            X,
            targets.astype(X.dtype),
            weight,
            n_outputs=targets.shape[1],
            fresh=fresh,
            one_pass=one_pass,
            stratify=False,
        )

    def _in_units_of_y(self, outputs):
        shape = (*outputs.shape[:-1], *self._y_shape)
        return outputs.reshape(shape) * self._y_scale + self._y_mean

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Mean of y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            One answer per row of X.
        """
        outputs = self._mean_outputs(X, _identity)  # checks that there is a scale
        return self._in_units_of_y(outputs)

    def sample_predict(
        self,
        X: ArrayLike,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Single releases of the stochastic net.

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
        ndarray of shape (n_samples, n_rows) or (n_samples, n_rows, n_outputs)
            Answers, one per row of X and draw.
        """
        outputs = self._sampled_outputs(X, _identity, n_samples, random_state)
        return self._in_units_of_y(outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _identity(outputs):
    return outputs
