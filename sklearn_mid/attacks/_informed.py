"""The attacker who knows all of the training data but one secret."""

import numbers
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.attacks._secret_prior import (
    PRIOR_CONSTRAINT,
    classifier_of,
    is_classifier_prior,
)
from sklearn_mid.attacks._shadow import unfitted_like
from sklearn_mid.utils._candidates import given_prior
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._target import N_QUERIES, Target

__all__ = ["InformedAttack"]

# Variance of an answer over trainings, beneath which it counts as the same.
_LEAST_VARIANCE = 1e-18
# Parts of the members, each of whose priors is learned from the others.
_N_FOLDS = 5
# A learned prior rules nothing out: the retrained models may know better.
_LEAST_PROBA = 1e-9


class InformedAttack(AttributeInferenceAttack):
    """Retrain the model with each value of the secret, and see which one it is.

    The attacker knows everything that the target was trained on, but for one secret at
    a time, and how it was trained. For a person among the members, they train the model
    once (or several times) with each candidate value in that person's record, and
    compare its answers with the target's. Nobody stronger is to be met: what this
    attack does not find of a member, the model does not hold. It costs
    ``n_people * n_values * n_retrainings`` trainings, and is meant for small tables.

    Parameters
    ----------
    estimator : object
        The fitted target. It is never changed; copies of it are trained.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    shadow_estimator : object, default=None
        Unfitted model to train. None takes one like the target; with its own
        `random_state` if that is an int, which the attacker knows too.
    n_retrainings : int, default=1
        Trainings per person and value. Where training is random, take several: from
        how the answers vary between them the attacker judges which differences count.
    n_probes : int, default=100
        Members about whom the models are asked, besides the person with each value.
    prior : {"uniform", "learned"}, dict, array-like of shape (n_values,) or \
classifier, default=None
        Probability of each value: as shares of the members (None), equal, by value, or
        in the order of `values_`; or a classifier of the secret (``"learned"``: the
        default one of :class:`ImputationBaseline`), which learns what the records and
        responses of the *other* members tell of it.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    n_queries : int, default=12
        Answers per record that are averaged, as in :class:`MAPAttack`.
    random_state : int, RandomState instance or None, default=None
        Seeds the probes, and trainings where the target's own seed is no int.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Their prior probabilities; with a classifier as prior, the shares of the
        members.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    LearnedAttack : Knows some members, or has copies of their own making.
    sklearn_mid.metrics.dp_privacy_loss_bound : What bounds this attack too.

    Notes
    -----
    ``fit`` takes all of the target's training data, in the order of the training. A
    person whom ``infer`` does not find among them (by what is known and the response)
    gets the prior. With ``prior="learned"`` the attack is Bayes' rule with all that is
    known, and no attack without the model does better.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import InformedAttack
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.normal(size=60), rng.integers(2, size=60)])
    >>> y = rng.integers(2, size=60)  # nothing to do with anybody's secret
    >>> target = LogisticRegression().fit(X, y)
    >>> attack = InformedAttack(target, sensitive_feature=1).fit(X, y)
    >>> attack.score(X[:10], y[:10])
    1.0
    """

    access = "black-box"
    sees = "true response"
    knowledge = "members"
    needs = (("predict_proba", "predict"),)

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "shadow_estimator": [None, HasMethods(["fit", "get_params"])],
        "n_retrainings": [Interval(numbers.Integral, 1, None, closed="left")],
        "prior": PRIOR_CONSTRAINT,
        "n_probes": [Interval(numbers.Integral, 0, None, closed="left")],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        sensitive_feature: Any,
        *,
        shadow_estimator: Any = None,
        n_retrainings: int = 1,
        n_probes: int = 100,
        prior: Any = None,
        candidates: Any = None,
        n_queries: int = N_QUERIES,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.shadow_estimator = shadow_estimator
        self.n_retrainings = n_retrainings
        self.n_probes = n_probes
        self.prior = prior
        self.candidates = candidates
        self.n_queries = n_queries
        self.random_state = random_state

    def baseline(self) -> AttributeInferenceAttack:
        """One who knows the other members, and has no model.

        Returns
        -------
        baseline : ImputationBaseline
            Not fitted; with the classifier that `prior` is, if it is one.
        """
        baseline = super().baseline()
        if is_classifier_prior(self.prior):
            baseline.set_params(classifier=classifier_of(self.prior))
        return baseline

    def _fit_attack(self, X: Any, y: np.ndarray, codes: np.ndarray) -> None:
        self._aimed = self._aim()
        self._aimed.response(y)  # known labels?
        shadow = self.shadow_estimator
        if shadow is None:
            shadow = unfitted_like(self.estimator, None)
        self._shadow = clone(shadow)
        self._X, self._y = X, y
        rng = check_random_state(self.random_state)
        self._probes = rng.permutation(len(X))[: self.n_probes]
        self._seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_retrainings)
        self._keys = self._key(X, y)
        self._fit_prior(X, y, codes, rng)
        confidences = self._aimed.release == "confidences"
        self._n_outputs = len(self._aimed.classes) if confidences else 1

    def _fit_prior(self, X: Any, y: np.ndarray, codes: np.ndarray, rng: Any) -> None:
        """Log-prior of each member, from the others, and of who is none."""
        self._classifier = None
        if not is_classifier_prior(self.prior):
            self.prior_ = given_prior(self.prior, self.values_, self.prior_)
            with np.errstate(divide="ignore"):
                self._log_prior = np.tile(np.log(self.prior_), (len(X), 1))
            return
        columns = self._columns(X, y)
        fold = rng.permutation(len(X)) % _N_FOLDS
        self._log_prior = np.empty((len(X), len(self.values_)))
        for k in np.unique(fold):
            others = self._learned(columns[fold != k], codes[fold != k])
            self._log_prior[fold == k] = others.log_proba(columns[fold == k])
        self._classifier = self._learned(columns, codes)

    def _learned(self, columns: pd.DataFrame, codes: np.ndarray) -> RecordClassifier:
        classifier = RecordClassifier(
            classifier_of(self.prior), len(self.values_), self.random_state
        )
        return classifier.fit(columns, codes)

    def _columns(self, X: Any, y: np.ndarray) -> pd.DataFrame:
        return as_columns(x=self._candidates.drop(X), y=y)

    def _key(self, X: Any, y: np.ndarray) -> np.ndarray:
        """A hash of what is known of each person."""
        known = pd.DataFrame(self._candidates.drop(X)).astype(object).map(_as_text)
        known["response"] = [str(label) for label in np.asarray(y).tolist()]
        return pd.util.hash_pandas_object(known, index=False).to_numpy()

    def _infer_log_proba(self, X: Any, y: np.ndarray) -> np.ndarray:
        self._aimed.response(y)
        if self._classifier is None:
            log_proba = np.tile(self._log_prior[0], (len(X), 1))
        else:
            log_proba = self._classifier.log_proba(self._columns(X, y))
        keys, people = np.unique(self._key(X, y), return_inverse=True)
        for i, key in enumerate(keys):
            found = np.flatnonzero(self._keys == key)
            if len(found):
                log_proba[people == i] = self._log_posterior(found[0])
        return log_proba

    def _log_posterior(self, member: int) -> np.ndarray:
        log_prior = self._log_prior[member]
        if self._classifier is not None:
            log_prior = np.maximum(log_prior, np.log(_LEAST_PROBA))
        return log_prior + self._log_likelihood(member)

    def _log_likelihood(self, member: int) -> np.ndarray:
        """How well the target fits each value of one member, of shape (n_values,)."""
        records = self._aimed.records(self._X)
        # The member's own record, as it stands there, is what the attacker lacks.
        probes = self._probes[self._probes != member]
        rows = np.append(probes, member)
        asked = _take(records, rows)
        # All the retrained models are asked the same: about the probes, and about the
        # person with each value.
        seen = self._asked(self._aimed, asked)
        means, squares = [], 0.0
        for value in range(len(self.values_)):
            table = self._candidates.write(records, value, member)
            models = [self._retrained(table, seed) for seed in self._seeds]
            answers = np.stack([self._asked(model, asked) for model in models])
            means.append(answers.mean(axis=0))
            squares = squares + ((answers - means[-1]) ** 2).sum(axis=0)
        freedom = len(self.values_) * (self.n_retrainings - 1)
        variance = squares / freedom if freedom else np.zeros_like(seen)
        variance = np.maximum(variance * (1 + 1 / self.n_retrainings), _LEAST_VARIANCE)
        error = (seen - np.stack(means)) ** 2 / variance
        # Answers about the others say the same many times over: they count once.
        n_own = error.shape[1] - len(probes) * self._n_outputs
        of_others = error[:, n_own:].mean(axis=1) if len(probes) else 0.0
        return -0.5 * (error[:, :n_own].sum(axis=1) + of_others)

    def _asked(self, target: Target, X: Any) -> np.ndarray:
        *rows, _ = range(len(X))
        answers = list(target.outputs_at(self._candidates, _take(X, [len(X) - 1])))
        answers += [target.outputs(_take(X, rows))] if rows else []
        return np.concatenate([np.asarray(a, dtype=float).ravel() for a in answers])

    def _retrained(self, table: Any, seed: int) -> Target:
        shadow = clone(self._shadow)
        unseeded = {
            name: int(seed)
            for name, value in shadow.get_params(deep=True).items()
            if name.split("__")[-1] == "random_state"
            and not isinstance(value, numbers.Integral)
        }
        shadow.set_params(**unseeded).fit(table, self._y)
        return Target(
            shadow,
            caller=type(self).__name__,
            n_queries=self.n_queries,
            release=self._aimed.release,
            random_state=int(seed),
        )


def _take(X: Any, rows: Any) -> Any:
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def _as_text(cell: Any) -> str:
    """1 and 1.0 alike: attackers may hold numbers in another type."""
    return f"{cell:.12g}" if isinstance(cell, numbers.Real) else str(cell)
