"""The attacker who has no model but their own."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._record_classifier import (
    as_columns,
    kinds_of_columns,
    linear_encoder,
    prepare,
)
from sklearn_mid.attacks._secret_prior import PRIOR_CONSTRAINT, SecretPrior
from sklearn_mid.utils._candidates import MAX_DISTINCT
from sklearn_mid.utils._validation import as_numbers

__all__ = ["OwnModelBaseline"]

# Penalties of the attacker's regressions: next to none, so that every value of the
# secret has the effect that the records give it.
_PENALTY = 1e-3
# The secret's column in the attacker's table.
_SECRET = "s"


class OwnModelBaseline(AttributeInferenceAttack):
    """Explain the response by a model of the attacker's own, with an effect per value.

    An attacker with labelled records needs no target to know how the response goes
    along with the secret: a regression of their own on the known columns and one
    effect per value of the secret gives p(y | x_k, v), and Bayes' rule the secret:

        argmax_v  p(y | x_k, v) * prior(v).

    This is what :class:`MAPAttack` with ``calibrate="effects"`` amounts to against a
    model that omits the secret: a model that withholds how the response depends on the
    secret withholds nothing from who has records. Who has them knows, too, how the
    secret goes along with the known columns, so the baseline of that attack is this one
    with ``prior="learned"``.

    Parameters
    ----------
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    regression : bool or None, default=None
        Whether the response is a number, explained by linear regression with Gaussian
        noise, or a class, explained by logistic regression. None: a number if `y`
        holds floats that are no integers, or more than 20 different numbers.
    prior : {"uniform", "learned"}, dict, array-like of shape (n_values,) or \
classifier, default=None
        Probability of each value, as in :class:`MAPAttack`. A classifier is
        mixed with the shares of the values where these are more likely, by
        cross-validation, of records that it has not learned from: noise must not make
        the baseline weak.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    random_state : int, RandomState instance or None, default=None
        Seeds the classifier that ``prior="learned"`` stands for.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Their prior probabilities; with a classifier as prior, the shares of the
        auxiliary records.
    error_variance_ : float
        Of a regression: mean squared residual on the auxiliary records.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    ImputationBaseline : Learns the secret from record and response directly.
    MAPAttack : Does the same with a released model.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.attacks import OwnModelBaseline
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.integers(3, size=400), rng.normal(size=400)])
    >>> y = np.array([0.0, 5.0, 1.0])[X[:, 0].astype(int)] + X[:, 1]
    >>> OwnModelBaseline(sensitive_feature=0).fit(X, y).score(X, y)
    1.0
    """

    access = "none"
    sees = "true response"
    knowledge = "labelled records"
    needs = ()

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "regression": [None, "boolean"],
        "prior": PRIOR_CONSTRAINT,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        sensitive_feature: Any,
        *,
        regression: bool | None = None,
        prior: Any = None,
        candidates: Any = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.sensitive_feature = sensitive_feature
        self.regression = regression
        self.prior = prior
        self.candidates = candidates
        self.random_state = random_state

    def baseline(self) -> "OwnModelBaseline":
        """This attack itself, which has no model.

        Returns
        -------
        baseline : OwnModelBaseline
            Not fitted.
        """
        return clone(self)

    def _fit_attack(self, X: Any, y: np.ndarray, codes: np.ndarray) -> None:
        self._prior = SecretPrior(
            self.prior,
            self._candidates,
            self.prior_,
            self.random_state,
            or_shares=True,
        )
        self.prior_ = self._prior.fit(X, codes).marginal
        columns = self._columns(X).assign(**{_SECRET: codes.astype(str)})
        text, numeric = kinds_of_columns(columns)
        self._text = text
        is_number = self.regression
        if is_number is None:
            is_number = _seems_a_number(y)
        model = (
            Ridge(_PENALTY)
            if is_number
            else LogisticRegression(C=1 / _PENALTY, max_iter=1000)
        )
        self._is_number = bool(is_number)
        y = self._response(y)
        self._model = make_pipeline(linear_encoder(text, numeric), model)
        prepared = prepare(columns, text)
        self._knows_responses = len(np.unique(y)) > 1
        if not self._knows_responses:  # one response tells nothing of the secret
            return
        self._model.fit(prepared, y)
        if self._is_number:
            residual = y - self._model.predict(prepared)
            # An exact fit leaves no variance: a speck, so that the nearest wins.
            speck = 1e-12 * float(np.mean(y**2)) or 1e-12
            self.error_variance_ = max(float(np.mean(residual**2)), speck)

    def _response(self, y: np.ndarray) -> np.ndarray:
        if not self._is_number or y.dtype.kind in "iufb":
            return y
        try:
            return as_numbers(y, "y")
        except ValueError as error:
            raise ValueError(
                f"regression={self.regression!r} needs responses that are numbers; "
                f"pass regression=False for classes. {error}"
            ) from error

    def _columns(self, X: Any) -> pd.DataFrame:
        return as_columns(x=self._candidates.drop(X))

    def _infer_log_proba(self, X: Any, y: np.ndarray) -> np.ndarray:
        log_prior = np.broadcast_to(
            self._prior.log_proba(X), (len(X), len(self.values_))
        )
        if not self._knows_responses:
            return log_prior.copy()
        columns, y = self._columns(X), self._response(y)
        fit = [
            self._log_likelihood(columns.assign(**{_SECRET: str(code)}), y)
            for code in range(len(self.values_))
        ]
        return np.column_stack(fit) + log_prior

    def _log_likelihood(self, columns: pd.DataFrame, y: np.ndarray) -> np.ndarray:
        prepared = prepare(columns, self._text)
        if self._is_number:
            residual = y - self._model.predict(prepared)
            return -0.5 * residual**2 / self.error_variance_
        is_y = y[:, None] == self._model.classes_
        log_proba = self._model.predict_log_proba(prepared)
        # A class that no auxiliary record had says nothing about the secret.
        return np.where(is_y, log_proba, 0.0).sum(axis=1)


def _seems_a_number(y: np.ndarray) -> bool:
    if y.dtype.kind not in "iuf":
        return False
    return bool((y % 1 != 0).any()) or len(np.unique(y)) > MAX_DISTINCT
