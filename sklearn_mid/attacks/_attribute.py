"""Base class of the attacks that infer one attribute of a known person."""

import numbers
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    column_or_1d,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._base import WITHOUT_A_MODEL, ModelInversionAttack
from sklearn_mid.utils._candidates import (
    Candidates,
    check_no_infinity,
    check_not_complex,
)
from sklearn_mid.utils._frames import as_pandas, check_names
from sklearn_mid.utils._parts import refuse_strangers
from sklearn_mid.utils._sklearn_compat import Interval, _fit_context
from sklearn_mid.utils._validation import as_column

__all__ = ["AttributeInferenceAttack"]


class AttributeInferenceAttack(ModelInversionAttack):
    """Base class of attacks that infer one sensitive attribute of a known person.

    A subclass has the parameters `sensitive_feature` and `candidates` (and, but for
    the baselines, `estimator`) and defines

    - ``_fit_attack(X, y, codes)``: learn from validated auxiliary records, where
      ``values_[codes]`` is the secret;
    - ``_infer_log_proba(X, y)``: unnormalised log-probabilities of shape
      (n_samples, n_values); a row of nothing but ``-inf`` stands for a record that
      fits no candidate, and gets the prior.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        The candidate values of the secret. For a one-hot group, the names of its
        columns (their indices in X where X has no names); the row in which no column
        is set, if auxiliary data hold it, is ``"(other)"`` (or -1).
    prior_ : ndarray of shape (n_values,)
        Share of each value in the auxiliary data, unless the attack was given other
        probabilities.
    n_features_in_ : int
        Number of columns of X, the sensitive ones included.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    sklearn_mid.utils.estimator_checks.check_attack : What an attack must get right.

    Notes
    -----
    A subclass may call :meth:`outputs_at_candidates`, :meth:`known_columns` and
    :meth:`response_codes` with what ``_fit_attack`` and ``_infer_log_proba`` are given.

    Examples
    --------
    An attack of one's own: of all values, the one of which the target is most sure.

    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import AttributeInferenceAttack
    >>> class MostCertain(AttributeInferenceAttack):
    ...     access, knowledge = "black-box", "marginals"
    ...     needs = ("predict_proba",)
    ...     def __init__(self, estimator, sensitive_feature, *, candidates=None):
    ...         self.estimator = estimator
    ...         self.sensitive_feature = sensitive_feature
    ...         self.candidates = candidates
    ...     def _fit_attack(self, X, y, codes):
    ...         pass
    ...     def _infer_log_proba(self, X, y):
    ...         outputs = self.outputs_at_candidates(X)
    ...         rows = np.arange(len(X))
    ...         codes = self.response_codes(y)
    ...         proba = np.column_stack([out[rows, codes] for out in outputs])
    ...         return np.log(proba + 1e-9)
    >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10)
    >>> target = DecisionTreeClassifier().fit(X, X[:, 0])
    >>> MostCertain(target, 0).fit(X, X[:, 0]).score(X, X[:, 0])
    1.0
    """

    _parameter_constraints: dict = {
        "estimator": "no_validation",  # UnsupportedTargetError says more
        "sensitive_feature": [str, numbers.Integral, "array-like"],
        "candidates": [
            None,
            Interval(numbers.Integral, 2, None, closed="left"),
            "array-like",
        ],
    }

    def _check_suits(self) -> None:
        self._aim()
        super()._check_suits()

    def baseline(self) -> "AttributeInferenceAttack":
        """The guess of one who knows as much about the secret, but has no model.

        Returns
        -------
        baseline : PriorBaseline or ImputationBaseline
            Not fitted, with the same secret, candidates, classifier and seed.
        """
        knows_shares_only = self.knowledge == "marginals"
        known = WITHOUT_A_MODEL[
            "marginals" if knows_shares_only else "labelled records"
        ]
        parameters = self.get_params(deep=False)
        shared = set(known._get_param_names()) & set(parameters)
        return clone(known(**{name: parameters[name] for name in shared}))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None) -> "AttributeInferenceAttack":
        """Learn what the attacker knows beforehand.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Auxiliary records, with the true values in the sensitive column, in the
            layout that the target was fitted on.
        y : array-like of shape (n_samples,)
            The true response of each record.

        Returns
        -------
        self : object
            The fitted attack.

        Raises
        ------
        UnsupportedTargetError
            If the target lacks a method that the attack needs.
        ValueError
            If the sensitive attribute is not in X, or X and y are unfit.
        """
        X, y = self._check_records(X, y, reset=True)
        if self.access != "none":
            self._check_suits()
        self._candidates = Candidates.from_records(
            X,
            self.sensitive_feature,
            self.candidates,
            feature_names=getattr(self, "feature_names_in_", None),
        )
        codes = self._candidates.encode(X)
        self.values_ = self._candidates.values
        self._refuse_strangers(X)
        self.prior_ = np.bincount(codes, minlength=len(self.values_)) / len(codes)
        self._fit_attack(X, y, codes)
        return self

    def _refuse_strangers(self, X):
        """Raise if the target knows hardly a value of what it will be asked about."""
        target = getattr(self, "estimator", None)
        if target is None or not isinstance(X, pd.DataFrame):
            return
        columns = self._candidates.columns
        if len(columns) > 1:
            refuse_strangers(target, X)
        else:
            refuse_strangers(target, X, X.columns[columns[0]], self.values_)

    def infer_proba(self, X: Any, y: Any = None) -> np.ndarray:
        """Probability of each candidate value, given record and response.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records of the people under attack. What stands in the sensitive column
            is ignored.
        y : array-like of shape (n_samples,)
            The response that the attacker knows of each.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_values)
            Rows sum to 1; columns in the order of `values_`.
        """
        return self.infer_with_proba(X, y)[1]

    def infer(self, X: Any, y: Any = None) -> np.ndarray:
        """The most probable value of the secret.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records of the people under attack. What stands in the sensitive column
            is ignored.
        y : array-like of shape (n_samples,)
            The response that the attacker knows of each.

        Returns
        -------
        values : ndarray of shape (n_samples,)
            Elements of `values_`; of equally probable ones the first.
        """
        chosen = self._choose(*self._log_proba(X, y))  # says so if there is no fit yet
        return self.values_[chosen]

    def infer_with_proba(self, X: Any, y: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Both what ``infer`` and what ``infer_proba`` say; the target is asked once.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records of the people under attack. What stands in the sensitive column
            is ignored.
        y : array-like of shape (n_samples,)
            The response that the attacker knows of each.

        Returns
        -------
        values : ndarray of shape (n_samples,)
            The most probable value of each secret.
        proba : ndarray of shape (n_samples, n_values)
            Probabilities of all values.
        """
        log_proba, X, y = self._log_proba(X, y)
        chosen = self._choose(log_proba, X, y)
        proba = np.exp(log_proba - log_proba.max(axis=1, keepdims=True))
        proba /= proba.sum(axis=1, keepdims=True)
        return self.values_[chosen], proba

    def score(self, X: Any, y: Any = None) -> float:
        """Accuracy of the attack.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records with the true values in the sensitive column.
        y : array-like of shape (n_samples,)
            Their responses.

        Returns
        -------
        accuracy : float
            Share of people whose secret is inferred.

        Warns
        -----
        UserWarning
            If people hold values that are none of `values_`: they count as guessed
            wrong.
        """
        truth = self.sensitive_values(X, unknown="none")
        n_unknown = int(np.sum([value is None for value in truth]))
        if n_unknown:
            if n_unknown == len(truth):
                self.sensitive_values(X)  # raises
            warnings.warn(
                f"{n_unknown} of {len(truth)} people hold a value of sensitive_feature="
                f"{self.sensitive_feature!r} that {type(self).__name__} does not know; "
                "they count as guessed wrong.",
                stacklevel=2,
            )
        return float(np.mean(self.infer(X, self.observe(X, y)) == truth))

    def observe(self, X: Any, y: Any = None) -> Any:
        """What this attacker gets to see of people, to be passed to ``infer``.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records with the true values in the sensitive column.
        y : array-like of shape (n_samples,)
            Their true responses.

        Returns
        -------
        seen : array-like of shape (n_samples, ...)
            The true responses, or what the attack declares by `sees`.
        """
        return y

    def sensitive_values(self, X: Any, *, unknown: str = "raise") -> np.ndarray:
        """The true values of the secret, as the attack would name them.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records with the true values in the sensitive column.
        unknown : {"raise", "none"}, default="raise"
            What becomes of values that are none of `values_`: an error, or None in an
            array of objects.

        Returns
        -------
        values : ndarray of shape (n_samples,)
            Elements of `values_`: what ``infer`` should have answered.

        Raises
        ------
        ValueError
            If X holds a missing value, or with ``unknown="raise"`` one that is none of
            `values_`.
        """
        if unknown not in ("raise", "none"):
            raise ValueError(f"unknown must be 'raise' or 'none', got {unknown!r}.")
        check_is_fitted(self)
        X, _ = self._check_records(X, None, reset=False, with_y=False)
        if unknown == "raise":
            return self.values_[self._candidates.encode(X)]
        codes = self._candidates.encode(X, unknown=-1, refuse_missing=True)
        if (codes >= 0).all():
            return self.values_[codes]
        values = self.values_.astype(object)[codes]
        values[codes < 0] = None
        return values

    def absolute_error(self, X: Any, y: Any = None) -> np.ndarray:
        """Error of the inferred values of a numeric secret, in its own units.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records with the true values in the sensitive column.
        y : array-like of shape (n_samples,)
            Their responses.

        Returns
        -------
        error : ndarray of shape (n_samples,)
            Absolute difference between the inferred and the true value. The true
            value is that of X, not that of its bin.

        Raises
        ------
        TypeError
            If the secret is not one numeric column.
        """
        inferred = self.infer(X, self.observe(X, y))
        X, _ = self._check_records(X, None, reset=False, with_y=False)
        return np.abs(inferred - self._candidates.numbers(X))

    def outputs_at_candidates(self, X: Any) -> list[np.ndarray]:
        """What the target answers with each value in place of the secret.

        Parameters
        ----------
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
            Validated records; what stands in the sensitive column is ignored.

        Returns
        -------
        outputs : list of ndarray
            For each of `values_`, confidences of shape (n_samples, n_classes),
            positions of labels, or predictions, of shape (n_samples,): averages of
            `n_queries` answers, where the target answers at random.
        """
        return list(self._aim().outputs_at(self._candidates, X))

    def known_columns(self, X: Any) -> Any:
        """Records without their sensitive columns.

        Parameters
        ----------
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
            Validated records.

        Returns
        -------
        known : {DataFrame, ndarray} of shape (n_samples, n_known)
            What the attacker has of each person.
        """
        return self._candidates.drop(X)

    def response_codes(self, y: Any) -> np.ndarray:
        """Responses as the target's outputs are to be compared with them.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Validated responses.

        Returns
        -------
        codes : ndarray of shape (n_samples,)
            Positions in the target's ``classes_``; of a regressor, floats.
        """
        return self._aim().response(y)

    def _log_proba(self, X, y):
        """Unnormalised log-probabilities, and the records they belong to."""
        check_is_fitted(self)
        X, y = self._check_records(X, y, reset=False)
        log_proba = self._infer_log_proba(X, y)
        lost = np.isneginf(log_proba).all(axis=1)
        if lost.any():
            with np.errstate(divide="ignore"):
                log_proba[lost] = np.log(self.prior_)
        return log_proba, X, y

    def _choose(self, log_proba, X, y):
        """Index of the value to answer with, for each record."""
        return log_proba.argmax(axis=1)

    def _check_records(self, X, y, *, reset, with_y=True):
        """Validate names, widths and lengths; a DataFrame becomes one of pandas."""
        X = as_pandas(X)
        check_names(X)
        if not isinstance(X, pd.DataFrame):
            X = check_array(
                X, dtype=None, ensure_all_finite=False, estimator=self, input_name="X"
            )
        elif not len(X):
            raise ValueError(
                f"X has 0 rows; {type(self).__name__} needs at least one record."
            )
        checked_y = y if with_y else "no_validation"
        validate_data(self, X, checked_y, reset=reset, skip_check_array=True)
        check_not_complex(X)
        # What stands in the sensitive columns is ignored when it is to be inferred.
        check_no_infinity(X, ignore=() if reset else self._candidates.columns)
        if y is not None:
            y = self._check_responses(y) if reset else self._check_seen(y)
            check_consistent_length(X, y)
        return X, y

    def _check_responses(self, y):
        """True responses as an array of shape (n_samples,)."""
        y = as_column(column_or_1d(y, warn=True), "y")
        assert_all_finite(y, input_name="y")
        return y

    def _check_seen(self, y):
        """What ``observe`` returns, validated."""
        return self._check_responses(y)
