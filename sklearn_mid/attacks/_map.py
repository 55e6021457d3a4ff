"""Maximum-a-posteriori attribute inference (Fredrikson et al. 2014, 2015)."""

import numbers
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._imputation import IMPOSSIBLE, Imputation
from sklearn_mid.attacks._own_model import OwnModelBaseline
from sklearn_mid.attacks._recalibration import Recalibration
from sklearn_mid.attacks._secret_prior import (
    PRIOR_CONSTRAINT,
    SecretPrior,
    classifier_of,
    is_classifier_prior,
)
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions
from sklearn_mid.utils._target import N_QUERIES

__all__ = ["MAPAttack"]

# What each error model reads of the target.
_ERROR_MODEL = {
    "predictions": "gaussian",
    "confidences": "confidences",
    "labels": "labels",
}
_RELEASE = {
    "auto": None,
    "gaussian": "predictions",
    "confidences": "confidences",
    "labels": "labels",
    "match": "labels",
}


class MAPAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute by Bayes' rule over the target's outputs.

    The attacker knows a person's record but for the secret, the person's true response
    y, and may query the target f. Each candidate value v is written into the record,
    and the answer is

        argmax_v  p(y | f(x_v)) * prior(v)

    where p(y | f(x_v)), the error model, says how likely the response is given the
    target's output. The prior is a marginal, as in the papers; or, of an attacker who
    has labelled records, prior(v | x_k), learned from them by a classifier: the *joint*
    attack.

    Parameters
    ----------
    estimator : object
        The fitted target: a regressor (``predict``) or a classifier
        (``predict_proba``, or ``predict`` where only labels leave). It is never
        changed. Wrap it in :class:`sklearn.frozen.FrozenEstimator` to keep it through
        ``clone``.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group, whose
        valid codes are then the only candidates.
    error_model : {"auto", "gaussian", "confidences", "labels", "match"}, \
default="auto"
        - ``"gaussian"``: y = f(x) + N(0, s^2), s^2 from auxiliary records. Regressors.
        - ``"confidences"``: the target's confidence in class y. Classifiers with
          ``predict_proba``.
        - ``"labels"``: share of class y among the auxiliary records that the target
          gives the same label (a confusion matrix with one record's worth of smoothing
          per row). Classifiers.
        - ``"match"``: the label fits or it does not. Where exactly one value makes the
          target say y, it is that one (LOMIA of Mehnaz et al. 2022); of several that
          do, the prior decides, and where all or none do, as if the target had not been
          asked. Sees what a target has memorised, which a confusion matrix of other
          people hides. Classifiers.
        - ``"auto"``: the first of these that the target allows.
    prior : {"uniform", "learned"}, dict, array-like of shape (n_values,) or \
classifier, default=None
        Probability of each value: as shares of the auxiliary records (None), equal, by
        value, or in the order of `values_`; or a classifier, of which a clone learns
        the secret from the other columns of the auxiliary records. It gets numbers, as
        that of :class:`LearnedAttack` does; ``"learned"`` takes the default classifier
        of that. Another clone learns the secret from these columns and the response, as
        :class:`ImputationBaseline` does, for what the target does not tell (see Notes).
    use_prior : bool, default=True
        If False, the naive attack: the value under which the target explains the
        response best (for a regressor ``argmin |y - f(x_v)|``), ties broken at random.
        `prior` is then ignored.
    calibrate : bool or {"effects"}, default=False
        The adaptive attacker, who first refits the error model on auxiliary records.
        True: y = a + b f(x) + N(0, s^2) by least squares, which undoes any shrinkage or
        shift of f; for confidences a multinomial logistic regression of y on their
        logarithms. ``"effects"``: with an effect a_v of each value of the secret
        besides (for labels, a confusion matrix of each), which puts back what a defence
        took out; its baseline is :class:`OwnModelBaseline`. A confusion matrix is
        estimated on auxiliary records anyway.
    candidates : int or array-like, default=None
        Values that the secret may take. None: those of the auxiliary records, or 10
        quantile bins if they are more than 20 numbers. An int: that many quantile bins,
        each with its (lower) median as value. A list: these values; a number between
        them counts as the nearest.
    n_queries : int, default=12
        Answers per record that are averaged, of targets that answer with noise: in
        logits for classifiers. Those with ``sample_proba`` are asked for single draws,
        others asked again; labels are asked for once. 1 takes ``predict_proba`` as it
        comes.
    random_state : int, RandomState instance or None, default=None
        Breaks the ties of the naive attack, and seeds ``sample_proba``. Ties are broken
        by a hash of the record, so with an int the same record gets the same answer in
        any order and any company.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Their prior probabilities (equal ones for the naive attack; with a classifier as
        prior, the shares of the auxiliary records).
    error_model_ : {"gaussian", "confidences", "labels", "match"}
        The error model in use.
    error_variance_ : float
        Gaussian error model: mean squared residual, in squared units of y.
    coef_, intercept_ : float
        Gaussian error model: b and a (1 and 0 unless `calibrate`).
    effects_ : ndarray of shape (n_values,)
        Gaussian error model: a_v - a (0 unless ``calibrate="effects"``).
    confusion_ : ndarray of shape (n_classes, n_classes)
        Labels: row i is the distribution of y where the target says ``classes_[i]``.
        With ``calibrate="effects"`` of shape (n_values, n_classes, n_classes).
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    PriorBaseline : What an attacker with the same knowledge guesses without a model.
    LearnedAttack : Attacker with labelled auxiliary records.
    WhiteBoxTreeAttack : Attacker who sees the leaves of a tree.

    Notes
    -----
    A record under which y has probability 0 for every candidate gets the prior.

    The response may tell of the secret where the target does not. With a classifier as
    prior, log p(y | f(x_v)) gives way to what the response says without the target,
    log p(v | x_k, y) - log p(v | x_k), where its standard deviation under the prior is
    less than a hundredth of the latter's: both are averaged, the target with their
    ratio, times a hundred, as weight. Where y is as likely under every value, nothing
    is left of it, and the attack is the :class:`ImputationBaseline`: the joint attack
    on a model that never had the secret is its baseline, whose accuracy is no leak. A
    target that tells less than the response does, but not that little, has its say
    alone, since what one remembers need not be loud; the attack may then know less than
    the baseline. A value that the prior rules out, as a full-grown tree does, counts as
    one of 1e-9, unless p(v | x_k, y) is 0, too. With ``calibrate="effects"`` the
    response tells by its effects.

    Of targets that have memorised people, :meth:`covered` with ``"match"`` says of whom
    exactly one value fits: those are the ones most exposed.

    Fredrikson et al. (2015) weigh by p(f(x_v) | y) from the confusion matrix. Bayes'
    rule for a secret that is independent of the known columns asks for p(y | f(x_v)),
    which is used here.

    The attacker knows the *true* response. That tells of the secret by itself, so the
    accuracy may exceed what the information in the released output allows.

    References
    ----------
    M. Fredrikson, E. Lantz, S. Jha, S. Lin, D. Page, T. Ristenpart (2014). Privacy in
    pharmacogenetics. USENIX Security.

    M. Fredrikson, S. Jha, T. Ristenpart (2015). Model inversion attacks that exploit
    confidence information and basic countermeasures. CCS. doi:10.1145/2810103.2813677

    S. Mehnaz, S. V. Dibbo, E. Kabir, N. Li, E. Bertino (2022). Are your sensitive
    attributes private? Novel model inversion attribute inference attacks on
    classification models. USENIX Security. arXiv:2201.09370

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_mid.attacks import MAPAttack
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.normal(size=400), rng.integers(3, size=400)])
    >>> y = X @ [1.0, 2.0] + rng.normal(size=400)
    >>> attack = MAPAttack(LinearRegression().fit(X, y), sensitive_feature=1).fit(X, y)
    >>> attack.infer([[0.0, np.nan]], [3.9])
    array([2.])
    >>> attack.score(X, y) > 0.75
    True
    """

    access = "black-box"
    sees = "true response"
    needs = (("predict_proba", "predict"),)

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "error_model": [StrOptions(set(_RELEASE))],
        "prior": PRIOR_CONSTRAINT,
        "use_prior": ["boolean"],
        "calibrate": ["boolean", StrOptions({"effects"})],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        sensitive_feature: Any,
        *,
        error_model: str = "auto",
        prior: Any = None,
        use_prior: bool = True,
        calibrate: bool | str = False,
        candidates: Any = None,
        n_queries: int = N_QUERIES,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.error_model = error_model
        self.prior = prior
        self.use_prior = use_prior
        self.calibrate = calibrate
        self.candidates = candidates
        self.n_queries = n_queries
        self.random_state = random_state

    @property
    def knowledge(self) -> str:
        """Marginals, or labelled records that a prior or effects are learned from."""
        learns = self._has_learned_prior() or self._has_effects()
        return "labelled records" if learns else "marginals"

    def _has_effects(self) -> bool:
        return isinstance(self.calibrate, str)

    def _has_learned_prior(self) -> bool:
        return self.use_prior and is_classifier_prior(self.prior)

    def baseline(self) -> AttributeInferenceAttack:
        """One who knows as much of the secret, and has no model.

        Returns
        -------
        baseline : PriorBaseline, ImputationBaseline or OwnModelBaseline
            Not fitted. With effects of the values, a model of the attacker's own;
            otherwise, where the prior is a classifier, an imputation by that.
        """
        if self._has_effects():
            # Who has records to learn effects from can learn the prior as well.
            own_prior = self.prior if self._has_learned_prior() else "learned"
            return clone(
                OwnModelBaseline(
                    self.sensitive_feature,
                    prior=own_prior,
                    candidates=self.candidates,
                    random_state=self.random_state,
                )
            )
        baseline = super().baseline()
        if self._has_learned_prior():
            baseline.set_params(classifier=classifier_of(self.prior))
        return baseline

    def covered(self, X: Any, y: Any) -> np.ndarray:
        """Of whom exactly one value makes the target say their response.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records of the people under attack. What stands in the sensitive column is
            ignored.
        y : array-like of shape (n_samples,)
            The true response of each.

        Returns
        -------
        covered : ndarray of shape (n_samples,), dtype bool
            The mean is the coverage of the attack.

        Raises
        ------
        ValueError
            If the error model is not ``"match"``.
        """
        check_is_fitted(self)
        if self.error_model_ != "match":
            raise ValueError(
                "covered needs error_model='match', but the error model is "
                f"{self.error_model_!r}."
            )
        X, y = self._check_records(X, y, reset=False)
        return (self._log_likelihoods(X, y) == 0).sum(axis=1) == 1

    def _check_suits(self) -> None:
        super()._check_suits()
        self._aim(release=_RELEASE[self.error_model])

    def _fit_attack(self, X, y, codes):
        prior = self.prior if self.use_prior else "uniform"
        self._prior = SecretPrior(
            prior,
            self._candidates,
            self.prior_,
            self.random_state,
            or_shares=self._has_effects(),  # as its baseline
        )
        self.prior_ = self._prior.fit(X, codes).marginal
        self._imputation: Any = None
        if self._has_learned_prior() and not self._has_effects():
            self._imputation = Imputation(
                classifier_of(prior), self._candidates, self.random_state
            ).fit(X, y, codes)
        self._aimed = target = self._aim(release=_RELEASE[self.error_model])
        self.error_model_ = self.error_model
        if self.error_model == "auto":
            self.error_model_ = _ERROR_MODEL[target.release]
        y = target.response(y)
        # The effect of a value is that of its records; otherwise all share one.
        group = codes if self._has_effects() else np.zeros_like(codes)
        if self.error_model_ == "gaussian":
            self._fit_gaussian(target.outputs(target.records(X)), y, group)
        elif self.error_model_ == "labels":
            n_classes = len(target.classes)
            outputs = target.outputs(target.records(X))
            self._fit_labels(outputs, y, group, n_classes)
        elif self.calibrate and self.error_model_ == "confidences":
            outputs = target.outputs(target.records(X))
            secret = codes if self._has_effects() else None
            self._recalibration = Recalibration(outputs, y, secret, len(self.values_))

    def _fit_gaussian(self, f, y, group):
        self.coef_, self.intercept_ = 1.0, 0.0
        self.effects_ = np.zeros(len(self.values_))
        if self.calibrate:
            # Within the groups, then between them: least squares with dummies.
            n = np.maximum(np.bincount(group, minlength=len(self.values_)), 1)
            f_mean, y_mean = (
                np.bincount(group, weights=w, minlength=len(n)) / n for w in (f, y)
            )
            centred = f - f_mean[group]
            spread = centred @ centred
            varies = spread > 1e-12 * float(f @ f)
            self.coef_ = float(centred @ y / spread) if varies else 0.0
            self.intercept_ = float(y.mean() - self.coef_ * f.mean())
            if self._has_effects():
                seen = np.bincount(group, minlength=len(n)) > 0
                effects = y_mean - self.coef_ * f_mean - self.intercept_
                self.effects_ = np.where(seen, effects, 0.0)
        residual = y - self.intercept_ - self.coef_ * f - self.effects_[group]
        # An exact fit leaves no variance: a speck, so that the nearest output wins.
        speck = 1e-12 * float(y @ y / len(y)) or 1e-12
        self.error_variance_ = max(float(residual @ residual / len(residual)), speck)

    def _fit_labels(self, predicted, y, group, n_classes):
        n_groups = len(self.values_) if self._has_effects() else 1
        cell = (group * n_classes + predicted) * n_classes + y
        counts = np.bincount(cell, minlength=n_groups * n_classes**2)
        # One more record per row, spread evenly: a label that no auxiliary record got
        # must not rule everything out.
        smoothed = counts.reshape(n_groups, n_classes, n_classes) + 1 / n_classes
        confusion = smoothed / smoothed.sum(axis=2, keepdims=True)
        self.confusion_ = confusion if self._has_effects() else confusion[0]

    def _infer_log_proba(self, X, y):
        likelihood = self._log_likelihoods(X, y)
        # What no value explains says nothing.
        likelihood[np.isneginf(likelihood).all(axis=1)] = 0
        prior = self._prior.log_proba(X)
        if self._imputation is None:
            return likelihood + prior
        return self._imputation.pooled(likelihood, prior, X, y)

    def _log_likelihoods(self, X, y):
        """log p(y | f(x_v)) of shape (n_samples, n_values), up to constants."""
        target = self._aimed
        y = target.response(y)
        # Written and reduced column by column: rows are short, maxima over them slow.
        log_proba = np.empty((len(X), len(self.values_)), order="F")
        for i, outputs in enumerate(target.outputs_at(self._candidates, X)):
            log_proba[:, i] = self._log_likelihood(outputs, y, i)
        return log_proba

    def _log_likelihood(self, outputs, y, i):
        """log p(y | f(x_v)) of each record, v the i-th value, up to a constant."""
        if self.error_model_ == "gaussian":
            expected = self.intercept_ + self.effects_[i] + self.coef_ * outputs
            residual = y - expected
            return -0.5 * residual**2 / self.error_variance_
        floor = IMPOSSIBLE if self._has_learned_prior() else 0.0
        if self.error_model_ == "match":
            proba, floor = outputs == y, IMPOSSIBLE
        elif self.error_model_ == "labels":
            confusion = self.confusion_[i] if self._has_effects() else self.confusion_
            proba = confusion[outputs, y]
        else:
            if self.calibrate:
                secret = i if self._has_effects() else None
                outputs = self._recalibration(outputs, secret)
            proba = outputs.take(np.arange(len(y)) * outputs.shape[1] + y)
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(proba, floor))

    def _choose(self, log_proba, X, y):
        if self.use_prior:
            return log_proba.argmax(axis=1)
        best = log_proba == log_proba.max(axis=1, keepdims=True)
        draws = _hashed_uniforms(self._candidates.drop(X), y, self._seed(), best.shape)
        return np.where(best, draws, -1).argmax(axis=1)

    def _seed(self):
        return check_random_state(self.random_state).randint(np.iinfo(np.int32).max)


def _hashed_uniforms(records, y, seed, shape):
    """Draws that depend on a record's content and the seed, not on its place."""
    content = pd.util.hash_array(y)
    if records.shape[1]:
        frame = pd.DataFrame(records)
        content = content ^ pd.util.hash_pandas_object(frame, index=False).to_numpy()
    stream = np.arange(shape[1], dtype=np.uint64) + np.uint64(seed) * np.uint64(
        shape[1]
    )
    mixed = content[:, None] ^ pd.util.hash_array(stream)
    return pd.util.hash_array(mixed.ravel()).reshape(shape) / 2.0**64
