"""What the neural estimators with a stochastic bottleneck share."""

from numbers import Integral, Real

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.neural_network._base import VALIDATION, BaseNeuralNet
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["BaseMIDNeuralNet"]


def _merge_equal_rows(X, y, weight):
    """The distinct rows of (X, y), sorted, and the sum of their weights."""
    joint = np.column_stack([X, y])
    _, first, inverse = np.unique(joint, axis=0, return_index=True, return_inverse=True)
    return X[first], y[first], np.bincount(inverse.ravel(), weights=weight)


class BaseMIDNeuralNet(BaseNeuralNet):
    """What the neural estimators with a bottleneck share.

    Minimises ``distortion + reg_lambda * rate`` (Alemi et al. 2017), where the rate

        R = E_x KL(N(mu(x), diag(sigma(x)^2)) || N(0, I))  >=  I(X; Z)  >=  I(X; Yhat)

    is averaged over rows, never summed, so that it does not depend on the batch size.
    """

    _parameter_constraints: dict = {
        **BaseNeuralNet._parameter_constraints,
        "reg_lambda": [Interval(Real, 0, np.inf, closed="both")],
        "latent_dim": [Interval(Integral, 1, None, closed="left"), None],
        "n_train_samples": [Interval(Integral, 1, None, closed="left")],
        "n_predict_samples": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "mixed_precision": ["boolean"],
        "warm_start": ["boolean"],
    }
    _changeable = (
        *BaseNeuralNet._changeable,
        "reg_lambda",
        "n_train_samples",
        "mixed_precision",
    )

    def __init__(
        self,
        reg_lambda=0.01,
        *,
        encoder="mlp",
        hidden_layer_sizes=(128,),
        activation="relu",
        image_shape=None,
        latent_dim=None,
        n_train_samples=1,
        n_predict_samples=12,
        optimizer="adam",
        learning_rate=5e-3,
        weight_decay=0.0,
        batch_size=64,
        max_epochs=100,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        callbacks=None,
        dtype="float32",
        device="auto",
        mixed_precision=False,
        warm_start=False,
        verbose=False,
        random_state=None,
    ):
        self.reg_lambda = reg_lambda
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.image_shape = image_shape
        self.latent_dim = latent_dim
        self.n_train_samples = n_train_samples
        self.n_predict_samples = n_predict_samples
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.dtype = dtype
        self.device = device
        self.mixed_precision = mixed_precision
        self.warm_start = warm_start
        self.verbose = verbose
        self.random_state = random_state

    @property
    def _n_predict_draws(self):
        return self.n_predict_samples

    def _net_parameters(self, n_outputs, device):
        parameters = super()._net_parameters(n_outputs, device)
        parameters["module"].update(
            bottleneck={0: "deterministic", np.inf: "closed"}.get(
                self.reg_lambda, "stochastic"
            ),
            latent_dim=self.latent_dim,
        )
        parameters["net"].update(
            reg_lambda=self.reg_lambda,
            n_train_samples=self.n_train_samples,
            mixed_precision=self._checked_mixed_precision(device),
        )
        return parameters

    def _build_net(self, parameters):
        from sklearn_mid.neural_network._modules import build_module
        from sklearn_mid.neural_network._training import BottleneckNet, build_net

        module = build_module(**parameters["module"])
        return build_net(
            BottleneckNet,
            module,
            encoder=parameters["module"]["encoder"],
            **parameters["net"],
        )

    def _fit_arrays(self, X, y, weight, *, n_outputs, fresh, one_pass, stratify):
        """Build the net, if `fresh`, and train it on checked arrays."""
        if fresh:
            self._start(n_outputs)
        else:
            self._continue()
        if weight is not None:
            X, y, weight = X[weight > 0], y[weight > 0], weight[weight > 0]
        if self.batch_size == "full":
            # A weight of two is then the same as two equal rows: kept apart, each
            # would get noise of its own.
            X, y, weight = _merge_equal_rows(X, y, weight)
        valid = None
        if self.early_stopping and not one_pass:
            valid = self._validation_rows(y, stratify)
        self._train(
            X,
            y,
            weight,
            epochs=1 if one_pass else self.max_epochs,
            valid=valid,
            patience=self.n_iter_no_change,
        )
        self._measure(X, y, weight)
        for entry in self.history_:
            # Without noise, the bound is infinite.
            entry.setdefault("rate", np.inf)
        return self

    def _validation_rows(self, y, stratify):
        n = len(y)
        n_valid = int(np.ceil(self.validation_fraction * n))
        if n_valid >= n:
            raise ValueError(
                "early_stopping=True with "
                f"validation_fraction={self.validation_fraction} leaves no row of {n} "
                "to train on; lower it, or set early_stopping=False."
            )
        if stratify:  # if there are enough rows of every class
            counts = np.unique(y, return_counts=True)[1]
            stratify = counts.min() >= 2 and min(n_valid, n - n_valid) >= len(counts)
        return train_test_split(
            np.arange(n),
            test_size=n_valid,
            stratify=y if stratify else None,
            random_state=self._derived_seed(VALIDATION, self._n_trainings),
        )[1]

    def _measure(self, X, y, weight):
        """Set what the code tells of the training data."""
        self.mutual_information_ = self._rate(X, y, weight)

    def _rate(self, X, y, weight):
        from sklearn_mid.neural_network._inference import mean_rate

        if self._net_config["module"]["bottleneck"] == "deterministic":
            return np.inf
        return mean_rate(self._ready_to_predict()[0], X, y, weight)

    def _sampled_outputs(self, X, link, n_samples, random_state):
        from sklearn_mid.neural_network._inference import sampled_outputs
        from sklearn_mid.utils._torch import as_seed

        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        return sampled_outputs(
            self._ready_to_predict()[0],
            self._validate(X, reset=False),
            link=link,
            n_draws=n_samples,
            seed=as_seed(random_state),
        )
