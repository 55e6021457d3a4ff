"""Model inversion by gradient descent (MI-Face)."""

import numbers

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.attacks._target_gradients import target_gradient
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
    loss : {"probability", "log"}, default="probability"
        "probability" is the equation above. "log" descends -ln f_c(x) instead, which
        has the same minimum but does not fade where the target is certain of another
        class.
    n_noise_samples : int, default=12
        Draws over which confidence and gradient of a stochastic target are averaged
        at each step. Used for targets with ``differentiable_proba``.
    init : {"mean", "zeros", "random"}, default="mean"
        Where the descent starts: at the mean of the auxiliary inputs (the middle of
        `bounds` without any), at 0 clipped to `bounds`, or at random.
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
    needs = ()
    inside = "gradients"

    _parameter_constraints: dict = {
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, None, closed="neither")],
        "threshold": [Interval(numbers.Real, 0, 1, closed="right")],
        "patience": [Interval(numbers.Integral, 1, None, closed="left")],
        "bounds": ["array-like"],
        "loss": [StrOptions({"probability", "log"})],
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
        estimator,
        *,
        max_iter=1000,
        learning_rate=0.1,
        threshold=0.99,
        patience=100,
        bounds=(0, 1),
        loss="probability",
        n_noise_samples=12,
        init="mean",
        gradient="auto",
        finite_difference_step=1e-3,
        output="auto",
        image_shape=None,
        evaluator=None,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.threshold = threshold
        self.patience = patience
        self.bounds = bounds
        self.loss = loss
        self.n_noise_samples = n_noise_samples
        self.init = init
        self.gradient = gradient
        self.finite_difference_step = finite_difference_step
        self.output = output
        self.image_shape = image_shape
        self.evaluator = evaluator
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X=None, y=None):
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
        elif n_features is None:
            raise ValueError(
                "the target does not tell how many features it takes; pass auxiliary "
                "inputs to fit, or image_shape."
            )
        else:
            self.mean_ = np.full(n_features, (low + high) / 2)
        self.n_features_in_ = n_features
        if self.image_shape is not None:
            check_image_shape(self.image_shape, n_features)
        self.classes_ = target.prepare(n_features, bounds).classes_
        return self

    def reconstruct(self, labels):
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
        rng = np.random.default_rng(self._seed)
        low, high = check_bounds(self.bounds)
        target = self._differentiable().prepare(self.n_features_in_, (low, high))
        X = self._starts(rng, len(column), low, high)

        best, best_confidence = X.copy(), np.full(len(X), -np.inf)
        stalled = np.zeros(len(X), dtype=int)
        active = np.arange(len(X))
        # One look more than steps, so that the last step is judged too.
        for _ in progress(range(self.max_iter + 1), self.verbose, desc="descent"):
            confidence, gradient = target.confidence_and_gradient(
                X[active], column[active]
            )
            better = confidence > best_confidence[active]
            best[active[better]] = X[active[better]]
            best_confidence[active[better]] = confidence[better]
            stalled[active] = np.where(better, 0, stalled[active] + 1)
            going = (best_confidence[active] < self.threshold) & (
                stalled[active] < self.patience
            )
            active = active[going]
            if not len(active):
                break
            step = gradient[going]
            if self.loss == "log":
                step = step / np.maximum(confidence[going], 1e-30)[:, None]
            X[active] = np.clip(X[active] + self.learning_rate * step, low, high)
        return best

    def _check_suits(self):
        self._check_target()
        self._differentiable(seed=0)

    def _differentiable(self, seed=None):
        return target_gradient(
            self.estimator,
            caller=type(self).__name__,
            method=self.gradient,
            step=self.finite_difference_step,
            n_noise_samples=self.n_noise_samples,
            output=self.output,
            image_shape=self.image_shape,
            seed=self._seed if seed is None else seed,
        )

    def _starts(self, rng, n_starts, low, high):
        if self.init == "random":
            return rng.uniform(low, high, size=(n_starts, self.n_features_in_))
        start = self.mean_ if self.init == "mean" else np.zeros(self.n_features_in_)
        return np.tile(np.clip(start, low, high), (n_starts, 1))
