"""Noisy confidences."""

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.defenses._base import ConfidenceDefense
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions

__all__ = ["ConfidenceNoise"]

# Confidences that agree to so many decimals get the same noise. A classifier's last
# digits change with the batch a record comes in, and must not draw new noise.
_DECIMALS = 4


def _answers_at_random(defense):
    fitted = getattr(defense, "estimator_", defense.estimator)
    return defense.repeat == "fresh" or hasattr(fitted, "sample_proba")


class ConfidenceNoise(ConfidenceDefense):
    """Release confidences with uniform noise.

    To each confidence a number from [0, `scale`] is added, and the row divided by its
    sum, so that it stays a probability vector. Labels follow the noisy confidences:
    noise costs accuracy. Noise on confidences is a defence considered in [1]_.

    Parameters
    ----------
    estimator : estimator object
        Classifier with ``predict_proba``: cloned and fitted, or fitted already and
        wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    scale : float, default=0.1
        Largest noise, 0 or more.
    repeat : {"same", "fresh"}, default="same"
        What a repeated query gets. ``"same"`` derives the noise from the record's
        confidences and a key that ``fit`` draws, so that repeating a query averages
        nothing away. ``"fresh"`` draws anew for every query; ``sample_proba`` then
        gives an attacker's view of many queries, who averages them.
    random_state : int, RandomState instance or None, default=None
        Draws the key, or the noise. In use, keep it secret: who knows the key can
        take the noise off.

    Attributes
    ----------
    estimator_ : estimator object
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of features, if the classifier knows it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the classifier knows them.

    See Also
    --------
    ConfidenceRounding : Coarse confidences.
    LabelOnly : No confidences at all.

    Notes
    -----
    ``repeat="same"`` stops attackers who repeat a query, not those who ask for many
    records close by, whose confidences differ by more than 1e-4: their answers carry
    independent noise and can be averaged. The noise comes from a mixing function
    (SplitMix64 [2]_), not from a cryptographic one.

    References
    ----------
    .. [1] Salem, A., Bhattacharya, A., Backes, M., Fritz, M., & Zhang, Y. (2020).
       Updates-Leak: Data set inference and reconstruction attacks in online
       learning. USENIX Security. arXiv:1904.01067.
    .. [2] Steele, G. L., Lea, D., & Flood, C. H. (2014). Fast splittable pseudorandom
       number generators. OOPSLA. doi:10.1145/2660193.2660195.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.defenses import ConfidenceNoise
    >>> X, y = load_iris(return_X_y=True)
    >>> target = ConfidenceNoise(LogisticRegression(max_iter=200), random_state=0)
    >>> proba = target.fit(X, y).predict_proba(X)
    >>> bool(np.array_equal(proba[:3], target.predict_proba(X[:3])))
    True
    """

    _parameter_constraints: dict = {
        **ConfidenceDefense._parameter_constraints,
        "scale": [Interval(Real, 0, None, closed="left")],
        "repeat": [StrOptions({"same", "fresh"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        scale: float = 0.1,
        repeat: str = "same",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.scale = scale
        self.repeat = repeat
        self.random_state = random_state

    def _prepare(self):
        seeds = check_random_state(self.random_state).randint(2**32, size=2, dtype="u8")
        self._key = seeds[0] << np.uint64(32) | seeds[1]
        self._generator = np.random.default_rng(int(self._key))

    @available_if(_answers_at_random)
    def sample_proba(
        self,
        X: ArrayLike,
        *,
        n_samples: int = 1,
        random_state: int | np.random.RandomState | None = None,
    ) -> np.ndarray:
        """Answers to a query that is repeated.

        Only there if they differ: if `repeat` is ``"fresh"``, or the wrapped
        classifier has ``sample_proba``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Records.
        n_samples : int, default=1
            Number of answers for each record.
        random_state : int, RandomState instance or None, default=None
            Draws the answers; by default they go on from the last query.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_records, n_classes)
            What is released of each answer.
        """
        check_is_fitted(self)
        rng = self._generator
        if random_state is not None:
            seed = check_random_state(random_state).randint(2**31)
            rng = np.random.default_rng(seed)
        if hasattr(self.estimator_, "sample_proba"):
            draws = self.estimator_.sample_proba(
                X, n_samples=n_samples, random_state=int(rng.integers(2**31))
            )
            draws = np.asarray(draws, dtype=np.float64)
        else:
            draws = np.broadcast_to(
                proba := self._confidences(X), (n_samples, *proba.shape)
            )
        return np.stack([self._add_noise(draw, rng) for draw in draws])

    def _release(self, proba):
        return self._add_noise(proba, self._generator)

    def _add_noise(self, proba, generator):
        if self.repeat == "fresh":
            unit = generator.random(proba.shape)
        else:
            unit = _keyed_uniform(np.round(proba * 10**_DECIMALS), self._key)
        noisy = proba + self.scale * unit
        return noisy / noisy.sum(axis=1, keepdims=True)


def _keyed_uniform(numbers, key):
    """Uniform numbers in [0, 1), a function of each row of whole numbers and `key`."""
    numbers = numbers.astype(np.int64).view(np.uint64)
    state = np.full(len(numbers), key, dtype=np.uint64)
    for column in numbers.T:
        state = _mix(state ^ column)
    counter = np.arange(1, numbers.shape[1] + 1, dtype=np.uint64)
    # 53 bits, as many as a double holds.
    bits = _mix(state[:, None] + counter * _GOLDEN) >> np.uint64(11)
    return bits * 2.0**-53


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(z):
    """One step of SplitMix64: add the golden ratio and scramble the bits."""
    z = z + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
