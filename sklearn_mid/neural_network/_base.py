"""What the neural estimators share: the checks of the input, and the life of their
skorch net (built, trained, asked, pickled). Imports torch only inside methods.
"""

import copy
import math
import numbers
import warnings
from abc import ABCMeta, abstractmethod
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import (
    DocLinks,
    Interval,
    StrOptions,
    _check_sample_weight,
)
from sklearn_mid.utils._validation import as_numbers, as_sizes, check_layer_sizes

__all__ = ["BaseNeuralNet", "BaseNeuralNetClassifier", "softmax"]

# Images are expected in [0, 1]. Fitting allows for rounding; queries may leave the
# range, as those of an attacker do, though not as far as another scale would.
_PIXELS_AT_FIT = (-1e-3, 1 + 1e-3)
_PIXELS_AT_QUERY = (-1.0, 2.0)

# What seeds are derived for from `random_state`.
INITIALISATION, TRAINING, VALIDATION, PREDICTION = range(4)


def softmax(outputs):
    """Class probabilities from a tensor of outputs."""
    return outputs.softmax(dim=-1)


def _logits(outputs):
    return outputs


class BaseNeuralNet(DocLinks, BaseEstimator, metaclass=ABCMeta):
    """Base of the neural estimators.

    A subclass says in `_build_net` what net it holds, and calls `_start` and `_train`
    from its ``fit``.
    """

    _parameter_constraints: dict = {
        "encoder": [StrOptions({"mlp", "conv"}), callable],
        "hidden_layer_sizes": [
            "array-like",
            Interval(numbers.Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"relu", "tanh", "logistic", "identity"})],
        "image_shape": ["array-like", None],
        "optimizer": [StrOptions({"adam", "sgd"}), callable],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "weight_decay": [Interval(numbers.Real, 0, None, closed="left")],
        "batch_size": [
            Interval(numbers.Integral, 1, None, closed="left"),
            StrOptions({"full"}),
        ],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "callbacks": [list, None],
        "dtype": [StrOptions({"float32", "float64"})],
        "device": "no_validation",  # by torch, which knows its devices
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    # Parameters of the net that may differ from one training to the next.
    _changeable: tuple[str, ...] = ("lr", "batch_size")

    @property
    def _n_predict_draws(self):
        return 1

    @abstractmethod
    def _build_net(self, parameters):
        """An initialised net from what `_net_parameters` returned."""

    # Input ---------------------------------------------------------------------

    def _validate(self, X, *, reset, **kwargs):
        """`X`, or `X` and `y`, in the net's dtype."""
        with np.errstate(over="ignore", invalid="ignore"):  # inf and NaN are refused
            data = validate_data(
                self,
                X,
                reset=reset,
                dtype=np.dtype(self.dtype),
                order="C",
                # A user's module may write into its input.
                copy=callable(self.encoder),
                **kwargs,
            )
        X = data[0] if isinstance(data, tuple) else data
        if self.image_shape is not None:
            self._check_images(X, _PIXELS_AT_FIT if reset else _PIXELS_AT_QUERY)
        return data

    def _check_images(self, X, allowed):
        shape = self._input_shape(X.shape[1])
        low, high = X.min(), X.max()
        if low < allowed[0] or high > allowed[1]:
            raise ValueError(
                f"image_shape={shape}: X must hold pixels on the scale [0, 1], but "
                f"its values go from {low:.4g} to {high:.4g}. Rescale X, for example "
                "by dividing by the largest value a pixel can have."
            )

    def _input_shape(self, n_features):
        if self.image_shape is None:
            if isinstance(self.encoder, str) and self.encoder == "conv":
                raise ValueError(
                    "encoder='conv' needs image_shape=(channels, height, width); "
                    "got image_shape=None."
                )
            return (n_features,)
        shape = as_sizes(self.image_shape)
        if shape is None or len(shape) != 3:
            raise ValueError(
                "image_shape must be (channels, height, width), three ints >= 1; "
                f"got {self.image_shape!r}."
            )
        if math.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={shape} has {math.prod(shape)} pixels, but X has "
                f"{n_features} features; they must agree, one column of X per pixel."
            )
        return shape

    def _check_weight(self, sample_weight, X):
        if sample_weight is None:
            return None
        if not np.any(as_numbers(sample_weight, "sample_weight")):
            raise ValueError(
                "sample_weight is zero for every row; at least one weight must be "
                "positive."
            )
        return _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )

    # The net -------------------------------------------------------------------

    def _derived_seed(self, *path):
        from sklearn_mid.utils._torch import spawn_seed

        return spawn_seed(self._seed, *path)

    def _net_parameters(self, n_outputs, device):
        """All that building the net takes; kept, because parameters may be set anew."""
        return {
            "module": {
                "encoder": self.encoder,
                "input_shape": self._input_shape(self.n_features_in_),
                "hidden_layer_sizes": check_layer_sizes(self.hidden_layer_sizes),
                "activation": self.activation,
                "n_outputs": n_outputs,
                "dtype": self.dtype,
                "seed": self._derived_seed(INITIALISATION),
            },
            "net": {
                "criterion": self._criterion,
                "optimizer": self.optimizer,
                "lr": self.learning_rate,
                "weight_decay": self.weight_decay,
                "batch_size": -1 if self.batch_size == "full" else self.batch_size,
                "callbacks": copy.deepcopy(self.callbacks),
                "device": device,
            },
        }

    def _checked_mixed_precision(self, device):
        """`mixed_precision` of an estimator that has it, if it applies."""
        from sklearn_mid.utils._torch import check_mixed_precision

        if self.mixed_precision:
            if self.dtype != "float32":
                raise ValueError(
                    "mixed_precision=True needs dtype='float32'; got "
                    f"dtype={self.dtype!r}, which stays as it is."
                )
            check_mixed_precision(device)
        return self.mixed_precision

    def _require_torch(self):
        for module in ("torch", "skorch"):
            require(module, extra="nn", needed_by=type(self).__name__)

    def _start(self, n_outputs, seed=None):
        """A new net, untrained; `seed` is drawn from `random_state` if it is None."""
        self._require_torch()
        from sklearn_mid.utils._torch import as_seed, check_device

        device = str(check_device(self.device))
        self._seed = as_seed(self.random_state) if seed is None else seed
        self._n_trainings = 0
        self._net_config = self._net_parameters(n_outputs, device)
        self.net_ = self._build_net(self._net_config)
        self._frozen = {}
        self.history_ = []

    def _continue(self):
        """Check that the net can be trained on, under today's parameters."""
        before = self._net_config
        now = self._net_parameters(
            before["module"]["n_outputs"], before["net"]["device"]
        )
        changed = [
            f"{name} from {value!r} to {now['module'][name]!r}"
            for name, value in before["module"].items()
            if now["module"][name] != value
        ]
        if changed:
            raise ValueError(
                "warm_start=True and partial_fit go on with the net that is there, but "
                f"it was built with other parameters: {'; '.join(changed)}. Set them "
                "back, or fit with warm_start=False."
            )
        for name in self._changeable:
            before["net"][name] = now["net"][name]
            self.net_.set_params(**{name: now["net"][name]})

    def _train(self, X, y, weight=None, *, epochs, valid=None, patience=None):
        """Train the net for up to `epochs` more epochs.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the form that the net's criterion takes.
        weight : ndarray of shape (n_samples,), default=None
        epochs : int
        valid : ndarray of int, default=None
            Rows to validate on. Training stops when their loss has not improved for
            `patience` epochs.
        patience : int, default=None
        """
        from sklearn_mid.neural_network._training import Rows

        rows = Rows.from_arrays(X, y, weight, device=self._net_config["net"]["device"])
        if valid is not None:
            train = np.setdiff1d(np.arange(len(X)), valid)
            rows, valid = rows.subset(train), rows.subset(valid)
        self._n_trainings += 1
        self._frozen.clear()  # a fused step leaves no trace in a weight's version
        epochs_done = self.net_.train(
            rows,
            valid,
            epochs=epochs,
            patience=patience,
            seed=self._derived_seed(TRAINING, self._n_trainings),
            progress=type(self).__name__ if self.verbose else None,
        )
        for epoch in epochs_done:
            values = {"loss": epoch["train_loss"]}
            for name in ("distortion", "rate", "valid_loss"):
                if name in epoch:
                    values[name] = epoch[name]
            entry = {name: float(value) for name, value in values.items()}
            self.history_.append({"epoch": len(self.history_) + 1, **entry})
        self.n_iter_ = len(self.history_)

    @with_gradients
    def _ready_to_predict(self):
        """Copy of the module for inference, and the seed of its noise.

        Kept until the weights change.
        """
        from sklearn_mid.neural_network._inference import frozen, version

        module = self.net_.module_
        now = version(module)
        kept = self._frozen
        if kept.get("version") != now:
            encoder = self._net_config["module"]["encoder"]
            kept = {
                "version": now,
                "module": frozen(module, perceptron=encoder == "mlp"),
                "seed": self._derived_seed(PREDICTION),
            }
            self._frozen.update(kept)
        return kept["module"], kept["seed"]

    def _mean_outputs(self, X, link):
        """``link(outputs)``, averaged over the noise where there is any."""
        from sklearn_mid.neural_network._inference import mean_outputs

        check_is_fitted(self)
        X = self._validate(X, reset=False)
        module, seed = self._ready_to_predict()
        return mean_outputs(
            module, X, link=link, n_draws=self._n_predict_draws, seed=seed
        )

    def mean_code(self, X: Any) -> np.ndarray:
        """Mean of the code: what the net's head sees of a row, without the noise.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_code)
            For who holds the model, not for release: nothing is priced here.
        """
        from sklearn_mid.neural_network._inference import mean_codes

        check_is_fitted(self)
        X = self._validate(X, reset=False)
        return mean_codes(self._ready_to_predict()[0], X)

    # Pickle, copy, skops -------------------------------------------------------

    def __getstate__(self):
        # Arrays instead of the net: skops stores them without trusting any class of
        # torch or skorch, and a model from a GPU loads on a machine without one.
        state = dict(super().__getstate__())
        if "net_" in state:
            state["net_"] = self.net_.to_arrays()
            state.pop("_frozen", None)
        return state

    @with_gradients
    def __setstate__(self, state):
        super().__setstate__(state)
        if "net_" in state:
            self._require_torch()
            from sklearn_mid.utils._torch import check_device

            parameters = self._net_config["net"]
            try:
                check_device(parameters["device"])
            except ValueError:
                warnings.warn(
                    f"The net was fitted on device={parameters['device']!r}, which "
                    "cannot be used here; it is loaded on the CPU.",
                    UserWarning,
                    stacklevel=2,
                )
                cpu = {**parameters, "device": "cpu"}
                self._net_config = {**self._net_config, "net": cpu}
            self.net_ = self._build_net(self._net_config).from_arrays(state["net_"])
            self._frozen = {}


class BaseNeuralNetClassifier(ClassifierMixin, BaseNeuralNet):
    """Base of the neural classifiers: labels in, labels and probabilities out."""

    _criterion = "cross_entropy"

    def _encode(self, y, *, classes=None, reset):
        """Class indices of the labels; sets `classes_` on `reset`, else checks."""
        check_classification_targets(y)
        if reset:
            self._label_encoder = LabelEncoder().fit(y if classes is None else classes)
            self.classes_ = self._label_encoder.classes_
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"y has the labels {unknown.tolist()}, which are not among the classes "
                f"{self.classes_.tolist()} of this net; they are fixed by the first "
                "call of fit, or by the classes of the first call of partial_fit."
            )
        return self._label_encoder.transform(y).astype(np.int64)

    def _is_first_partial_fit(self, classes):
        fresh = not hasattr(self, "net_")
        if fresh and classes is None:
            raise ValueError(
                "classes=None in the first call of partial_fit; pass the labels of "
                "all classes, of which these rows may lack some."
            )
        return fresh

    def predict_proba(self, X):
        """Class probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`. A row's probabilities do not depend on the
            rows beside it.
        """
        return self._mean_outputs(X, softmax)

    def predict(self, X):
        """The most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        proba = self.predict_proba(X)  # checks that there are classes_
        return self.classes_[proba.argmax(axis=1)]

    def differentiable_logits(self, X, *, n_samples=1, generator=None):
        """Outputs before the softmax as a torch function of the input.

        They do not fade where the net is certain. Parameters as in
        :meth:`differentiable_proba`; draws are averaged in logits.

        Returns
        -------
        torch.Tensor of shape (n_samples, n_classes)
            In the order of `classes_`, on the net's device.
        """
        return self._differentiable(X, _logits, n_samples, generator)

    def differentiable_proba(self, X, *, n_samples=1, generator=None):
        """Class probabilities as a torch function of the input.

        What a white-box attacker has: gradients with respect to `X` flow back through
        the net and, where it has one, through its stochastic bottleneck. The net's
        own weights get no gradients.

        Parameters
        ----------
        X : torch.Tensor of shape (n_samples, n_features)
            Moved to the net's device and dtype.
        n_samples : int, default=1
            Draws of the bottleneck's noise, independent for every row, that are
            averaged. 0 drops the noise: the path through the mean of the code.
        generator : torch.Generator, default=None
            Where the noise comes from. None seeds a new one from numpy's global
            generator, as ``random_state=None`` does.

        Returns
        -------
        torch.Tensor of shape (n_samples, n_classes)
            In the order of `classes_`, on the net's device.
        """
        return self._differentiable(X, softmax, n_samples, generator)

    def _differentiable(self, X, link, n_samples, generator):
        check_is_fitted(self)
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must be a tensor of shape (n_samples, {self.n_features_in_}), one "
                f"row per input; got the shape {tuple(X.shape)}."
            )
        from sklearn_mid.neural_network._inference import differentiable_outputs

        return differentiable_outputs(
            self.net_.module_,
            X,
            link=link,
            n_draws=n_samples,
            generator=generator,
        )
