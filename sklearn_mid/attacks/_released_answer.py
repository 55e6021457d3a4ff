"""Attribute inference from what the model answered about a person."""

import numbers
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._baselines import ImputationBaseline, PriorBaseline
from sklearn_mid.attacks._secret_prior import (
    PRIOR_CONSTRAINT,
    SecretPrior,
    classifier_of,
    is_classifier_prior,
)
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._target import N_QUERIES, Target
from sklearn_mid.utils._validation import as_numbers

__all__ = ["ReleasedAnswerAttack"]

# Two computations of one answer differ by rounding; answers further apart are two.
_RELATIVE = 1e-7
# The least confidence whose logarithm is looked at.
_FLOOR = 1e-12
# Records from which the covariance of a target's noise is estimated.
_N_COVARIANCE = 1000
# Weight of that covariance beside a record's own noise, in draws.
_N_PSEUDO = 4


class ReleasedAnswerAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute from the answer that a person was given.

    The attacker sees what the target answered about the person (a score in a letter, a
    risk on a dashboard), knows the record but for the secret, and may ask the target.
    They need not know the true response. Each candidate value v is written into the
    record, and the answer a is explained by

        argmax_v  p(a | x_v) * prior(v).

    A target that repeats itself gives p = 1 to the values under which it answers a and
    0 to the others: nobody who sees the answer can do better, and
    :func:`sklearn_mid.metrics.vulnerability` is this attack's expected accuracy. Of one
    that answers at random, p is estimated from repeated draws.

    This is the attacker that I(X; Yhat) speaks of.

    Parameters
    ----------
    estimator : object
        The fitted target: a regressor (``predict``) or a classifier
        (``predict_proba``, or ``predict`` where only labels leave). It is never
        changed. Wrap it in :class:`sklearn.frozen.FrozenEstimator` to keep it through
        ``clone``.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    release : {"auto", "confidences", "labels", "predictions", "draws"}, \
default="auto"
        What people are given: all confidences, the label, or a regressor's
        prediction; ``"draws"`` is a single draw of the target's ``sample_proba`` or
        ``sample_predict``. ``"auto"`` is the first of the others that there is.
    decimals : int, default=None
        Decimals to which answers are rounded when they are given out. None: all.
    prior : {"uniform", "learned"}, dict, array-like of shape (n_values,) or \
classifier, default=None
        Probability of each value: as shares of the auxiliary records (None), equal, by
        value, or in the order of `values_`; or a classifier, of which a clone learns
        the secret from the other columns of the auxiliary records. ``"learned"`` takes
        the default classifier of :class:`LearnedAttack`.
    n_answers : int, default=1
        Answers that the attacker sees of each person. They multiply where the target
        answers at random, and add nothing where it repeats itself.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    n_queries : int, default=12
        Queries per record and value from which p(a | x_v) is estimated, of targets
        that answer at random.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws of the target.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Their prior probabilities; with a classifier as prior, the shares of the
        auxiliary records.
    release_ : {"confidences", "labels", "predictions"}
        What is released.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    sklearn_mid.metrics.vulnerability : The same without an attack.
    MAPAttack : Knows the true response instead of the answer.
    sklearn_mid.release.MIDClassifier : A defence against this attack.

    Notes
    -----
    ``infer(X, answers)`` takes answers of shape (n_samples, n_classes) for
    confidences, (n_samples,) for labels and predictions, or (n_samples, n_answers, ...)
    for several of each person; ``observe(X)`` asks the target for them, as ``infer``
    does without answers. Answers that no value explains (rounded otherwise, or altered)
    count for the value whose answer comes nearest.

    A target that answers at random is asked `n_queries` times at each value. Its
    log-ratios of confidences (or predictions) are taken for Gaussian, with one
    covariance matrix for the target and one scale per record.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import ReleasedAnswerAttack
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.normal(size=400), rng.integers(3, size=400)])
    >>> y = X.sum(axis=1) + rng.normal(size=400) > 1
    >>> risk = LogisticRegression().fit(X, y)
    >>> ReleasedAnswerAttack(risk, sensitive_feature=1).fit(X, y).score(X)
    1.0
    >>> label = ReleasedAnswerAttack(risk, sensitive_feature=1, release="labels")
    >>> label.fit(X, y).score(X) < 0.6
    True
    """

    access = "black-box"
    sees = "released answer"
    needs = (("predict_proba", "predict"),)

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "release": [
            StrOptions({"auto", "confidences", "labels", "predictions", "draws"})
        ],
        "decimals": [None, Interval(numbers.Integral, 0, 15, closed="both")],
        "prior": PRIOR_CONSTRAINT,
        "n_answers": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_queries": [Interval(numbers.Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        sensitive_feature: Any,
        *,
        release: str = "auto",
        decimals: int | None = None,
        prior: Any = None,
        n_answers: int = 1,
        candidates: Any = None,
        n_queries: int = N_QUERIES,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.release = release
        self.decimals = decimals
        self.prior = prior
        self.n_answers = n_answers
        self.candidates = candidates
        self.n_queries = n_queries
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags

    @property
    def knowledge(self) -> str:
        """Marginals, or labelled records where the prior is a classifier."""
        learned = is_classifier_prior(self.prior)
        return "labelled records" if learned else "marginals"

    def baseline(self) -> PriorBaseline | ImputationBaseline:
        """One who knows as much of the secret, and sees neither answer nor response.

        Returns
        -------
        baseline : PriorBaseline or ImputationBaseline
            Not fitted.
        """
        if is_classifier_prior(self.prior):
            return ImputationBaseline(
                self.sensitive_feature,
                classifier=classifier_of(self.prior),
                use_response=False,
                candidates=self.candidates,
            )
        return PriorBaseline(self.sensitive_feature, candidates=self.candidates)

    def observe(self, X: Any, y: Any = None) -> np.ndarray:
        """Answers of the target about people.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records with the true values in the sensitive column.
        y : array-like of shape (n_samples,), default=None
            Ignored: the attacker does not see it.

        Returns
        -------
        answers : ndarray of shape (n_samples, ...)
            As ``infer`` takes them, rounded to `decimals`.
        """
        check_is_fitted(self)
        X, _ = self._check_records(X, None, reset=False, with_y=False)
        target = self._target()
        # Of a target that repeats itself, one answer comes however often it is asked.
        answers = self._ask(target, target.records(X), self.n_answers)
        if target.release == "labels":
            answers = target.classes[answers]
        return answers[0] if self.n_answers == 1 else np.moveaxis(answers, 0, 1)

    def _target(self) -> Target:
        automatic = self.release in ("auto", "draws")
        return Target(
            self.estimator,
            caller=type(self).__name__,
            n_queries=self.n_queries,
            random_state=self.random_state,
            release=None if automatic else self.release,
        )

    def _ask(self, target: Target, X: Any, n: int, stream: int = 0) -> np.ndarray:
        """Answers of shape (n_answers, n_samples, ...), as they are given out."""
        answers = target.answers(X, n_answers=n, draw=self._draws(), stream=stream)
        return self._given_out(target, answers)

    def _draws(self) -> bool:
        return self.release == "draws"

    def _given_out(self, target: Target, answers: np.ndarray) -> np.ndarray:
        if target.release == "labels" or self.decimals is None:
            return answers
        return np.round(answers, self.decimals)

    def _fit_attack(self, X: Any, y: Any, codes: np.ndarray) -> None:
        self._prior = SecretPrior(
            self.prior, self._candidates, self.prior_, self.random_state
        )
        self.prior_ = self._prior.fit(X, codes).marginal
        target = self._target()
        self.release_ = target.release
        draws = self._ask(target, target.records(X[:_N_COVARIANCE]), self.n_queries)
        # Predictions near 0 have rounding errors as large as those of the others.
        magnitude = np.abs(draws).max() if self.release_ == "predictions" else 0.0
        self._least = max(_FLOOR, 1e-6 * float(magnitude))
        if len(draws) > 1 and self.release_ != "labels":
            self._whitening = _whitening(self._as_real(draws))

    def _as_real(self, answers: np.ndarray) -> np.ndarray:
        """Answers on a scale on which noise adds, of shape (..., n_coordinates)."""
        if self.release_ == "predictions":
            return answers[..., None]
        floor = _FLOOR if self.decimals is None else 0.5 * 10.0**-self.decimals
        logs = np.log(np.maximum(answers, floor))
        return logs[..., :-1] - logs[..., -1:]

    def _check_seen(self, y: Any) -> np.ndarray:
        """Answers of shape (n_samples, n_answers, ...)."""
        answers = np.asarray(y)
        if self.release_ != "labels":
            answers = as_numbers(y, "answers")
            assert_all_finite(answers, input_name="answers")
        n_axes = 2 if self.release_ == "confidences" else 1
        if answers.ndim not in (n_axes, n_axes + 1):
            raise ValueError(
                f"answers have shape {answers.shape}, but the target releases "
                f"{self.release_}; pass what observe(X) returns."
            )
        return answers if answers.ndim > n_axes else np.expand_dims(answers, 1)

    def _infer_log_proba(self, X: Any, y: Any) -> np.ndarray:
        target = self._target()
        answers = self._check_seen(self.observe(X)) if y is None else y
        if target.release == "labels":
            answers = target.response(answers.ravel()).reshape(answers.shape)
        elif target.release == "confidences" and answers.shape[-1] != len(
            target.classes
        ):
            raise ValueError(
                f"answers have {answers.shape[-1]} confidences each, but the target "
                f"has {len(target.classes)} classes."
            )
        fit = np.empty((len(X), len(self.values_)), order="F")
        for v, answered in enumerate(
            target.answers_at(
                self._candidates, X, n_answers=self.n_queries, draw=self._draws()
            )
        ):
            draws = self._given_out(target, answered)
            fit[:, v] = self._log_likelihood(draws, answers)
        if len(draws) == 1:
            nearest = fit >= fit.max(axis=1, keepdims=True) - _RELATIVE
            fit = np.where(nearest, 0.0, -np.inf)
        return fit + self._prior.log_proba(X)

    def _log_likelihood(self, draws: np.ndarray, answers: np.ndarray) -> np.ndarray:
        """log p(answers | x_v); of a target that repeats itself minus the distance."""
        n_draws, n_answers = len(draws), answers.shape[1]
        if n_draws == 1:
            distance = _relative_distance(draws[0][:, None], answers, self._least)
            return -distance.reshape(len(answers), -1).max(axis=1)
        if self.release_ == "labels":
            agree = (draws.T[:, :, None] == answers[:, None]).sum(axis=1)
            n_classes = len(self.estimator.classes_)
            return np.log((agree + 1 / n_classes) / (n_draws + 1)).sum(axis=1)
        draws = self._as_real(draws) @ self._whitening
        centre = draws.mean(axis=0)
        # The mean of the answers is all that Gaussian noise leaves to be known.
        seen = (self._as_real(answers) @ self._whitening).mean(axis=1)
        squares = ((draws - centre) ** 2).sum(axis=(0, 2))
        freedom = (n_draws - 1) * draws.shape[2]
        scale = (squares + _N_PSEUDO) / (freedom + _N_PSEUDO)
        variance = scale * (1 / n_answers + 1 / n_draws)
        error = ((seen - centre) ** 2).sum(axis=1)
        return -0.5 * (error / variance + draws.shape[2] * np.log(variance))


def _relative_distance(a: np.ndarray, b: np.ndarray, least: float) -> np.ndarray:
    if a.dtype.kind == "i":
        return (a != b).astype(np.float64)
    return np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), least)


def _whitening(draws: np.ndarray) -> np.ndarray:
    """Matrix that takes draws to unit covariance around their means."""
    residual = (draws - draws.mean(axis=0)).reshape(-1, draws.shape[-1])
    n_answers = draws.shape[0]
    covariance = residual.T @ residual / len(residual) * n_answers / (n_answers - 1)
    variance, axes = np.linalg.eigh(covariance)
    return axes / np.sqrt(np.maximum(variance, 1e-12 * max(variance.max(), _FLOOR)))
