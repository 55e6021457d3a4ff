"""Model inversion by gradient descent (MI-Face)."""

import numbers
from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.decomposition import PCA
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.attacks._target_gradients import target_gradient
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._images import check_bounds, check_image_shape, check_scale
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._sklearn_compat import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)

__all__ = ["GradientInversionAttack"]


class GradientInversionAttack(ClassReconstructionAttack):
    """Descend the gradient of the target's doubt about a class (MI-Face).

    For a class c the attack looks for the input x within `bounds` that minimises

    .. math:: 1 - f_c(x),

    where f_c is the target's confidence in c, by projected gradient descent. What
    it finds is what the target holds for typical of the class, which betrays an
    input where a class is one person [1]_.

    Gradients are exact for targets with ``differentiable_proba``, skorch nets, torch
    modules, scikit-learn's linear models and MLPClassifier, also inside pipelines
    (behind steps that are affine, such as StandardScaler or PCA), searches and
    wrappers that change confidences: who sees the inside attacks that. For anything
    else with ``predict_proba`` they are finite differences, at two queries per feature
    and step.

    Parameters
    ----------
    estimator : object
        The fitted target.
    max_iter : int, default=1000
        Largest number of steps per reconstruction.
    learning_rate : float, default=0.1
        Length of a step, as a multiple of the gradient.
    threshold : float, default=0.99
        A reconstruction is finished once the target's confidence has reached this
        value, which is at most 1.
    patience : int, default=100
        It is also finished after so many steps in a row without a new best.
    bounds : tuple (low, high), default=(0, 1)
        Every feature stays between these.
    loss : {"probability", "log", "logit"}, default="probability"
        "probability" is the equation above. "log" descends -ln f_c(x) instead, which
        has the same minimum but does not fade where the target is certain of another
        class; "logit" descends -ln f_c(x) / (1 - f_c(x)), which does not fade where it
        is certain of this one either. Raise `threshold` to 1 to go on there.
    path : {"best", "draws", "mean"}, default="best"
        Of a stochastic target that tells the mean of its code: whether to descend the
        average of noise draws, or what the target says with its noise dropped. "best"
        does both and keeps, for each label, what the target is more confident of.
    prior : {None, "gaussian"}, default=None
        "gaussian" searches among the principal components of the auxiliary inputs,
        and charges half the squared distance from their mean in standard deviations,
        times `prior_weight`: the negative logarithm of a Gaussian density that is
        fitted to inputs without labels. The descent then goes on until `patience` or
        `max_iter` ends it.
    n_components : int, default=50
        Principal components of the prior.
    prior_weight : float, default=0.1
        Its weight against the loss; 0 only keeps to the components.
    n_noise_samples : int, default=12
        Draws over which confidence and gradient of a stochastic target are averaged
        at each step. Used for targets with ``differentiable_proba``.
    init : {"mean", "zeros", "random"}, default="mean"
        Where the descent starts: at the mean of the auxiliary inputs (the middle of
        `bounds` without any), at 0 clipped to `bounds`, or at random. With a prior,
        "zeros" is the mean too, and "random" a draw from the prior.
    gradient : {"auto", "exact", "finite-difference"}, default="auto"
        "exact" refuses targets without exact gradients; "finite-difference" is the
        attacker who can only query the target.
    finite_difference_step : float, default=1e-3
        Half the distance between the two queries of a finite difference. Take a
        larger one against rounded confidences.
    output : {"auto", "logits", "proba", "log_proba"}, default="auto"
        What a torch module or skorch net returns. "auto" asks it about a few random
        inputs: non-negative rows that sum to 1 are probabilities, rows whose
        exponentials do are log-probabilities, all else are logits. Of a module that
        returns a tuple, the first item counts.
    image_shape : tuple (channels, height, width), default=None
        Shape in which a torch module or skorch net expects one input. None passes
        flat rows.
    evaluator : fitted classifier, default=None
        Judge for ``score``, trained on other data than the target.
    random_state : int, RandomState instance or None, default=None
        Seeds random starts and noise draws.
    verbose : int, default=0
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes that can be reconstructed.
    mean_ : ndarray of shape (n_features,)
        Mean of the auxiliary inputs, or the middle of `bounds`.
    basis_ : ndarray of shape (n_components, n_features) or None
        Principal components of the auxiliary inputs, as long as their standard
        deviations; None without a prior.
    n_features_in_ : int
        Number of features of a reconstruction.

    See Also
    --------
    GenerativeInversionAttack : Searches among plausible images only.

    References
    ----------
    .. [1] M. Fredrikson, S. Jha, T. Ristenpart, "Model Inversion Attacks that
       Exploit Confidence Information and Basic Countermeasures", CCS 2015.
       https://doi.org/10.1145/2810103.2813677

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import GradientInversionAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> target = LogisticRegression(max_iter=500).fit(X / 16, y)
    >>> attack = GradientInversionAttack(target, learning_rate=1.0).fit()
    >>> X_reconstructed = attack.reconstruct([3, 8])
    >>> X_reconstructed.shape
    (2, 64)
    >>> bool((target.predict_proba(X_reconstructed)[[0, 1], [3, 8]] >= 0.99).all())
    True
    """

    access = "white-box"
    sees = "model only"
    knowledge = "inputs"
    needs: tuple = ()
    inside = "gradients"

    _parameter_constraints: dict = {
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "threshold": [Interval(numbers.Real, 0, 1, closed="right")],
        "patience": [Interval(numbers.Integral, 1, None, closed="left")],
        "bounds": ["array-like"],
        "loss": [StrOptions({"probability", "log", "logit"})],
        "path": [StrOptions({"best", "draws", "mean"})],
        "prior": [StrOptions({"gaussian"}), None],
        "n_components": [Interval(numbers.Integral, 1, None, closed="left")],
        "prior_weight": [Interval(numbers.Real, 0, None, closed="left")],
        "n_noise_samples": [Interval(numbers.Integral, 1, None, closed="left")],
        "init": [StrOptions({"mean", "zeros", "random"})],
        "gradient": [StrOptions({"auto", "exact", "finite-difference"})],
        "finite_difference_step": [Interval(numbers.Real, 0, None, closed="neither")],
        "output": [StrOptions({"auto", "logits", "proba", "log_proba"})],
        "image_shape": ["array-like", None],
        "evaluator": [HasMethods("predict"), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        max_iter: int = 1000,
        learning_rate: float = 0.1,
        threshold: float = 0.99,
        patience: int = 100,
        bounds: tuple[float, float] = (0, 1),
        loss: str = "probability",
        path: str = "best",
        prior: Any = None,
        n_components: int = 50,
        prior_weight: float = 0.1,
        n_noise_samples: int = 12,
        init: str = "mean",
        gradient: str = "auto",
        finite_difference_step: float = 1e-3,
        output: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        evaluator: Any = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.threshold = threshold
        self.patience = patience
        self.bounds = bounds
        self.loss = loss
        self.path = path
        self.prior = prior
        self.n_components = n_components
        self.prior_weight = prior_weight
        self.n_noise_samples = n_noise_samples
        self.init = init
        self.gradient = gradient
        self.finite_difference_step = finite_difference_step
        self.output = output
        self.image_shape = image_shape
        self.evaluator = evaluator
        self.random_state = random_state
        self.verbose = verbose

    @with_gradients
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any = None, y: Any = None) -> "GradientInversionAttack":
        """Learn where to start, and how to differentiate the target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), default=None
            Auxiliary inputs. They may be left out where the target (or
            `image_shape`) tells the number of features.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted attack.

        Raises
        ------
        UnsupportedTargetError
            If the target has no ``predict_proba``, or no gradients where
            ``gradient="exact"``.
        ValueError
            If X is not within `bounds`, or of another width than the target's
            inputs.
        """
        self._check_target()
        low, high = bounds = check_bounds(self.bounds)
        rng = check_random_state(self.random_state)
        self._seed = int(rng.randint(np.iinfo(np.int32).max))
        target = self._differentiable()
        n_features = target.n_features
        if n_features is None and self.image_shape is not None:
            n_features = int(np.prod(self.image_shape))
        if X is not None:
            X = validate_data(self, X, dtype=np.float64)
            check_scale(X, bounds, name="X")
            if n_features is not None and n_features != X.shape[1]:
                raise ValueError(
                    f"X has {X.shape[1]} features, but the target takes {n_features}."
                )
            n_features = X.shape[1]
            self.mean_ = X.mean(axis=0)
        elif self.prior is not None:
            raise ValueError(
                f"prior={self.prior!r} is fitted to auxiliary inputs; got X=None."
            )
        elif n_features is None:
            raise ValueError(
                "the target does not tell how many features it takes; pass auxiliary "
                "inputs to fit, or image_shape."
            )
        else:
            self.mean_ = np.full(n_features, (low + high) / 2)
        self.n_features_in_ = n_features
        # Coordinates of the search: x = mean_ + z @ basis_.
        self.basis_ = None if self.prior is None else self._principal_axes(X)
        if self.image_shape is not None:
            check_image_shape(self.image_shape, n_features)
        self.classes_ = target.prepare(n_features, bounds).classes_
        return self

    @with_gradients
    def reconstruct(self, labels: Any) -> np.ndarray:
        """Inputs that the target holds for typical of the given classes.

        Parameters
        ----------
        labels : array-like of shape (n_labels,)
            Elements of `classes_`. A label may occur more than once, which with
            ``init="random"`` gives other reconstructions of it.

        Returns
        -------
        X : ndarray of shape (n_labels, n_features)
            One reconstruction per label: the most confident one that was met.
        """
        check_is_fitted(self)
        column = self._columns(labels)
        found = [self._descend(target, column) for target in self._lines()]
        if len(found) == 1:
            return found[0]
        judge = self._aimed(self.n_noise_samples)
        confidences = [judge.confidence_and_gradient(X, column, True)[0] for X in found]
        best = np.argmax(confidences, axis=0)
        return np.stack(found)[best, np.arange(len(column))]

    def _lines(self):
        """The targets to descend: with the noise, without it, or one after another."""
        drawn = self._aimed(self.n_noise_samples)
        if self.path == "draws" or not drawn.has_mean_path:
            return [drawn]
        mean = self._aimed(0)
        return [mean] if self.path == "mean" else [drawn, mean]

    def _descend(self, target, column):
        """The best input met on the way down from the start, for each class."""
        rng = np.random.default_rng(self._seed)
        low, high = check_bounds(self.bounds)
        is_logit = self.loss == "logit"
        threshold = self._threshold(is_logit)
        z, X = self._starts(rng, len(column), low, high)

        best, best_merit = X.copy(), np.full(len(X), -np.inf)
        stalled = np.zeros(len(X), dtype=int)
        active = np.arange(len(X))
        # One look more than steps, so that the last step is judged too.
        for _ in progress(range(self.max_iter + 1), self.verbose, desc="descent"):
            confidence, step = target.confidence_and_gradient(
                X[active], column[active], is_logit
            )
            merit = confidence
            if self.loss == "log":
                confidence = np.maximum(confidence, 1e-30)
                merit, step = np.log(confidence), step / confidence[:, None]
            if self.basis_ is not None:
                own = z[active]
                merit = merit - self.prior_weight / 2 * (own**2).sum(axis=1)
                step = step @ self.basis_.T - self.prior_weight * own
            better = merit > best_merit[active]
            best[active[better]] = X[active[better]]
            best_merit[active[better]] = merit[better]
            stalled[active] = np.where(better, 0, stalled[active] + 1)
            going = (best_merit[active] < threshold) & (stalled[active] < self.patience)
            active = active[going]
            if not len(active):
                break
            z[active] += self.learning_rate * step[going]
            if self.basis_ is None:
                X[active] = z[active] = np.clip(z[active], low, high)
            else:
                X[active] = np.clip(self.mean_ + z[active] @ self.basis_, low, high)
        return best

    def _threshold(self, is_logit):
        """`threshold` on the scale of the merit; out of reach with a prior."""
        if self.prior is not None:
            return np.inf
        if is_logit:
            return logit(self.threshold)
        return np.log(self.threshold) if self.loss == "log" else self.threshold

    def _check_suits(self):
        self._check_target()
        self._differentiable(seed=0)

    def _differentiable(self, n_noise_samples=1, seed=None):
        return target_gradient(
            self.estimator,
            caller=type(self).__name__,
            method=self.gradient,
            step=self.finite_difference_step,
            n_noise_samples=n_noise_samples,
            output=self.output,
            image_shape=self.image_shape,
            seed=self._seed if seed is None else seed,
        )

    def _aimed(self, n_noise_samples):
        bounds = check_bounds(self.bounds)
        return self._differentiable(n_noise_samples).prepare(
            self.n_features_in_, bounds
        )

    def _principal_axes(self, X):
        n_components = min(self.n_components, *X.shape)
        pca = PCA(n_components, random_state=self._seed).fit(X)
        return pca.components_ * np.sqrt(pca.explained_variance_)[:, None]

    def _starts(self, rng, n_starts, low, high):
        """Coordinates of the search, and the inputs there."""
        if self.basis_ is not None:
            shape = n_starts, len(self.basis_)
            z = rng.normal(size=shape) if self.init == "random" else np.zeros(shape)
            return z, np.clip(self.mean_ + z @ self.basis_, low, high)
        if self.init == "random":
            X = rng.uniform(low, high, size=(n_starts, self.n_features_in_))
        else:
            start = self.mean_ if self.init == "mean" else np.zeros(self.n_features_in_)
            X = np.tile(np.clip(start, low, high), (n_starts, 1))
        return X.copy(), X
