"""Reconstruction of a record from what a model makes of it (Yang et al. 2019)."""

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._base import ReconstructionAttack
from sklearn_mid.metrics import reconstruction_gain
from sklearn_mid.utils._images import (
    changed_images,
    check_bounds,
    check_image_shape,
    check_scale,
)
from sklearn_mid.utils._inside import parts
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._target import N_QUERIES
from sklearn_mid.utils._validation import as_column, factorize, positions

__all__ = ["KnowledgeAlignmentAttack"]

# The log-confidences of a vector are shifted up by this, and cut at 0 (section 4.2 of
# Yang et al.: 0 then stands for "not released").
_LOG_SHIFT = 50.0


class KnowledgeAlignmentAttack(ReconstructionAttack):
    """Train a decoder from the target's confidences, or its code, back to inputs.

    The attacker asks the target about auxiliary inputs, and trains a network that
    maps the confidences to the inputs; then applies it to the confidences of a
    record that they do not have [1]_. Confidences are truncated to the `top` largest
    and given to the decoder as logarithms, shifted so that 0 means "not released".

    Who runs the head of a net whose encoder runs elsewhere sees more: the mean of the
    code of a record, before noise and head. With ``release="code"`` the decoder learns
    from that.

    Parameters
    ----------
    estimator : object
        The fitted target, with ``predict_proba``, or ``mean_code`` for that release.
    release : {"confidences", "code"}, default="confidences"
        What the attacker sees of a record. "code" is the mean of a net's code, and the
        attack is then a white-box one; `n_queries` and `top` do not matter.
    decoder : {"mlp", "deconv"} or callable, default="mlp"
        Network of the attacker: a multilayer perceptron, convolutions on a grid that
        is doubled up to the image, or a torch.nn.Module subclass (any callable),
        which is called with the number of classes (or codes) and of features and
        must map rows of the former width to rows of the latter.
    image_shape : tuple (channels, height, width), default=None
        Shape of one image for ``decoder="deconv"`` and `augment`; None stands for one
        square channel.
    top : int, default=None
        How many of the largest confidences the attacker sees. None: all of them.
    decimals : int, default=None
        Decimals of the confidences, or codes, that are released, of the auxiliary
        inputs as of private records. None: all that they have.
    augment : {None, "shift", "shift-mirror"}, default=None
        Whether the attacker also asks about changed copies of their images, shifted by
        up to an eighth of a side, and with "shift-mirror" half of them mirrored.
    n_copies : int, default=4
        Changed copies per auxiliary image.
    n_queries : int, default=12
        Answers per record that are averaged, in logits, of a target that answers at
        random, as in :class:`MAPAttack`. 1 is the attacker who takes ``predict_proba``
        as it comes.
    bounds : tuple (low, high), default=(0, 1)
        Every feature lies between these.
    hidden_layer_sizes : tuple of int, default=(256, 256)
        Layers of ``decoder="mlp"``.
    width : int, default=16
        Channels of the last layer of ``decoder="deconv"``.
    learning_rate : float, default=1e-3
        Learning rate of Adam.
    batch_size : int, default=64
        Rows per step.
    max_epochs : int, default=100
        Passes over the auxiliary inputs. The epoch that is best on the held-out rows
        is kept.
    validation_fraction : float, default=0.1
        Share of the auxiliary inputs held out for that choice.
    device : str, default="auto"
        Where the decoder is trained; "auto" follows the target.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of rows, held-out rows and the draws of a
        stochastic target.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    decoder_ : torch.nn.Module
        The trained decoder.
    history_ : list of dict
        Mean squared errors ``"train_loss"`` and ``"valid_loss"`` per epoch.
    mean_ : ndarray of shape (n_features,)
        Mean of the auxiliary inputs.
    classes_ : ndarray of shape (n_classes,)
        Classes of the target, one confidence each.
    aux_classes_ : ndarray of shape (n_aux_classes,) or None
        Labels of the auxiliary inputs, if fit was given any.
    class_means_ : ndarray of shape (n_aux_classes, n_features) or None
        Mean of the auxiliary inputs of each.
    n_features_in_ : int
        Number of features of a reconstruction.

    See Also
    --------
    sklearn_mid.metrics.reconstruction_gain : What ``score`` returns.
    sklearn_mid.metrics.ReconstructionDisplay : Shows reconstructions.

    References
    ----------
    .. [1] Z. Yang, J. Zhang, E.-C. Chang, Z. Liang, "Neural Network Inversion in
       Adversarial Setting via Background Knowledge Alignment", CCS 2019.
       https://doi.org/10.1145/3319535.3354261

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import KnowledgeAlignmentAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> target = LogisticRegression(max_iter=500).fit(X[:600], y[:600])
    >>> attack = KnowledgeAlignmentAttack(target, max_epochs=30, random_state=0)
    >>> attack = attack.fit(X[600:1200], y[600:1200])
    >>> confidences = target.predict_proba(X[1200:])  # all that the attacker sees
    >>> attack.reconstruct(confidences).shape
    (597, 64)
    >>> attack.score(X[1200:], y[1200:]) > 0.1
    True
    """

    sees = "released answer"
    knowledge = "inputs"

    @property
    def access(self) -> str:
        """Outputs of the target, or its inside."""
        return "white-box" if self.release == "code" else "black-box"

    @property
    def needs(self) -> tuple:
        """What the target is asked for."""
        return ("mean_code",) if self.release == "code" else ("predict_proba",)

    _parameter_constraints: dict = {
        "release": [StrOptions({"confidences", "code"})],
        "decoder": [StrOptions({"mlp", "deconv"}), callable],
        "image_shape": ["array-like", None],
        "top": [Interval(numbers.Integral, 1, None, closed="left"), None],
        "decimals": [Interval(numbers.Integral, 0, None, closed="left"), None],
        "augment": [StrOptions({"shift", "shift-mirror"}), None],
        "n_copies": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "bounds": ["array-like"],
        "hidden_layer_sizes": ["array-like"],
        "width": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_epochs": [Interval(numbers.Integral, 1, None, closed="left")],
        "validation_fraction": [Interval(numbers.Real, 0, 1, closed="neither")],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        release: str = "confidences",
        decoder: str | Callable = "mlp",
        image_shape: tuple[int, ...] | None = None,
        top: int | None = None,
        decimals: Any = None,
        augment: Any = None,
        n_copies: int = 4,
        n_queries: int = N_QUERIES,
        bounds: tuple[float, float] = (0, 1),
        hidden_layer_sizes: tuple[int, ...] = (256, 256),
        width: int = 16,
        learning_rate: float = 1e-3,
        batch_size: int = 64,
        max_epochs: int = 100,
        validation_fraction: float = 0.1,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.release = release
        self.decoder = decoder
        self.image_shape = image_shape
        self.top = top
        self.decimals = decimals
        self.augment = augment
        self.n_copies = n_copies
        self.n_queries = n_queries
        self.bounds = bounds
        self.hidden_layer_sizes = hidden_layer_sizes
        self.width = width
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _check_suits(self):
        if self.release == "code":
            self._encoder()
        else:
            self._aim(release="confidences")

    def _encoder(self):
        """The part of the target that tells its code."""
        self._check_target("classes_")
        for part in parts(self.estimator):
            if hasattr(part.estimator, "mean_code"):
                return part
        raise self._unsupported("it has no mean_code, which release='code' needs")

    def _fit_attack(self, X, y):
        self._check_suits()
        target = self.estimator
        bounds = check_bounds(self.bounds)
        check_scale(X, bounds, name="X")
        require("torch", extra="nn", needed_by=type(self).__name__)
        import torch

        from sklearn_mid.attacks._torch_training import attack_device, train
        from sklearn_mid.utils._torch import as_tensor, spawn_seed

        device = attack_device(self.device, target)
        seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=4
        )
        self._query_seed = int(seeds[0])
        self.mean_ = X.mean(axis=0)
        self.aux_classes_: Any = None
        self.class_means_: Any = None
        if y is not None:
            codes, self.aux_classes_ = factorize(y)
            self.class_means_ = np.stack(
                [X[codes == k].mean(axis=0) for k in range(len(self.aux_classes_))]
            )

        if self.augment is not None:
            X = np.vstack([X, *self._changed_copies(X, spawn_seed(int(seeds[1]), 0))])
        released = self._released(X, int(seeds[1]))
        self.classes_ = np.asarray(target.classes_)
        self._n_released = released.shape[1]
        features = self._align(released)
        self._feature_mean = features.mean(axis=0)
        # A class that is never released varies nowhere; it must not be blown up.
        self._feature_scale = np.maximum(features.std(axis=0), 1e-3)
        self.decoder_ = self._build_decoder(X.shape[1], int(seeds[2])).to(device)
        self.history_ = train(
            self.decoder_,
            as_tensor(self._standardise(features), device=device),
            as_tensor(X, device=device),
            torch.nn.functional.mse_loss,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            validation_fraction=self.validation_fraction,
            seed=int(seeds[3]),
            verbose=self.verbose,
            desc="decoder",
        )

    def query(self, X: Any) -> np.ndarray:
        """What the attacker sees of records that they do not have.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private records, given to the target by their owner.

        Returns
        -------
        released : ndarray of shape (n_samples, n_classes) or (n_samples, n_code)
            Class probabilities, averaged over `n_queries` queries (for draws, their
            normalised geometric mean), or codes, rounded to `decimals`. Not truncated.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        check_scale(X, check_bounds(self.bounds), name="X")
        return self._released(X, self._query_seed)

    def _released(self, X, seed):
        if self.release == "code":
            part = self._encoder()
            names = getattr(self.estimator, "feature_names_in_", None)
            rows = X if names is None else pd.DataFrame(X, columns=names)
            released = np.asarray(part.estimator.mean_code(part.carry(rows)))
        else:
            target = self._aim(release="confidences", random_state=seed)
            released = target.outputs(target.records(X, name_columns=True))
        return released if self.decimals is None else released.round(self.decimals)

    def _changed_copies(self, X, seed):
        shape = check_image_shape(self.image_shape, X.shape[1])
        rng = np.random.default_rng(seed)
        for _ in range(self.n_copies):
            mirror = self.augment == "shift-mirror" and rng.random() < 0.5
            yield changed_images(X, shape, rng, mirror=mirror)

    def observe(self, X: Any, y: Any = None) -> np.ndarray:
        """What the attacker gets to see of people: :meth:`query`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private records, given to the target by their owner.
        y : None
            Ignored.

        Returns
        -------
        released : ndarray of shape (n_samples, n_classes) or (n_samples, n_code)
            What the target answers about the records, or makes of them.
        """
        return self.query(X)

    def reconstruct(self, released: Any) -> np.ndarray:
        """Records that were given these confidences, or have these codes.

        Parameters
        ----------
        released : array-like of shape (n_samples, n_classes) or (n_samples, n_code)
            Class probabilities, in the order of `classes_`, or codes, for example from
            :meth:`query`.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Reconstructed inputs, within `bounds`.
        """
        check_is_fitted(self)
        from sklearn_mid.attacks._torch_targets import target_device
        from sklearn_mid.attacks._torch_training import evaluate
        from sklearn_mid.utils._torch import as_tensor

        released = check_array(released, dtype=np.float64, input_name="released")
        if released.shape[1] != self._n_released:
            if self.release == "code":
                wanted = f"the code has {self._n_released}; pass what query returns"
            else:
                wanted = (
                    f"the target has {self._n_released} classes; pass the output of "
                    "its predict_proba, not the records themselves"
                )
            raise ValueError(f"released has {released.shape[1]} columns, but {wanted}.")
        if self.release == "confidences" and released.min() < 0:
            raise ValueError(
                f"confidences are probabilities, but hold {released.min():g}."
            )
        features = self._standardise(self._align(released))
        inputs = as_tensor(features, device=target_device(self.decoder_)[0])
        outputs = evaluate(self.decoder_, inputs).flatten(1)
        X = outputs.cpu().numpy().astype(np.float64)
        return np.clip(X, *check_bounds(self.bounds))

    def score(self, X: Any, y: Any = None) -> float:
        """Gain of the reconstructions over a guess without the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private records. The target is asked about them as the attacker would
            see it, and they are compared with the reconstructions.
        y : array-like of shape (n_samples,), default=None
            Their labels. With them, the guess without the model is the mean of the
            auxiliary inputs of the record's class, so that the gain counts only
            what is learned beyond the class. None takes the mean of all auxiliary
            inputs: the only guess where the private classes are people of whom the
            attacker has no picture.

        Returns
        -------
        gain : float
            ``1 - MSE / MSE(guess)``: 1 is perfect, 0 nothing learned.

        Raises
        ------
        ValueError
            If y is given but fit had no labels, or not those of y.
        """
        guess = self.reference(y, n_samples=len(X))
        return reconstruction_gain(X, self.reconstruct(self.query(X)), guess)

    def reference(self, y: Any = None, *, n_samples: int | None = None) -> np.ndarray:
        """The guess of an attacker who has the auxiliary inputs but not the model.

        Parameters
        ----------
        y : array-like of shape (n_samples,), default=None
            Labels of the private records; None if the attacker has no auxiliary
            inputs of their classes.
        n_samples : int, default=None
            Number of rows to return if y is None.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The mean auxiliary input of each label, or of all classes.
        """
        check_is_fitted(self)
        if y is None:
            return np.tile(self.mean_, (1 if n_samples is None else n_samples, 1))
        if self.aux_classes_ is None:
            raise ValueError(
                "fit was given no labels, so that there are no class means to compare "
                "with; pass y to fit, or y=None to compare with the overall mean."
            )
        y = as_column(y, "y")
        found = positions(y, self.aux_classes_)
        unseen = y[found < 0].tolist()
        if unseen:
            raise ValueError(
                f"labels {list(dict.fromkeys(unseen))} do not occur in the auxiliary "
                "data; pass y=None to compare with the mean of all auxiliary inputs."
            )
        return self.class_means_[found]

    def _align(self, released):
        """Truncated, shifted log-confidences; 0 stands for what is not released."""
        if self.release == "code":
            return released
        confidences = released
        with np.errstate(divide="ignore"):
            features = np.maximum(np.log(confidences) + _LOG_SHIFT, 0)
        if self.top is not None and self.top < confidences.shape[1]:
            lowest = np.argsort(-confidences, axis=1, kind="stable")[:, self.top :]
            np.put_along_axis(features, lowest, 0, axis=1)
        return features

    def _standardise(self, features):
        return (features - self._feature_mean) / self._feature_scale

    def _build_decoder(self, n_features, seed):
        from sklearn_mid.attacks._torch_nets import deconv, mlp, user_module
        from sklearn_mid.utils._torch import new_generator

        n_inputs, bounds = self._n_released, check_bounds(self.bounds)
        generator = new_generator(seed)
        if self.decoder == "mlp":
            return mlp(
                n_inputs,
                n_features,
                self.hidden_layer_sizes,
                generator=generator,
                bounds=bounds,
            )
        if self.decoder == "deconv":
            shape = check_image_shape(self.image_shape, n_features)
            return deconv(
                n_inputs, shape, self.width, generator=generator, bounds=bounds
            )
        return user_module(self.decoder, n_inputs, n_features, seed=seed)
