"""What an attacker guesses without a model: the measure of every attack."""

from typing import Any

import numpy as np

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._base import WITHOUT_A_MODEL
from sklearn_mid.attacks._imputation import Imputation
from sklearn_mid.utils._sklearn_compat import HasMethods

__all__ = ["ImputationBaseline", "PriorBaseline"]


class PriorBaseline(AttributeInferenceAttack):
    """Guess the most frequent value of the secret.

    Knows the marginal distribution of the secret and sees no model: the baseline of
    :class:`MAPAttack` and :class:`WhiteBoxTreeAttack`.

    Parameters
    ----------
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Share of each in the auxiliary records.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    ImputationBaseline : Knows labelled records.
    MAPAttack : Knows as much, and queries a model.

    Examples
    --------
    >>> from sklearn_mid.attacks import PriorBaseline
    >>> baseline = PriorBaseline(0).fit([["a", 1], ["b", 2], ["b", 3]])
    >>> baseline.infer([["a", 1]])
    array(['b'], dtype=object)
    """

    access = "none"
    sees = "nothing"
    needs = ()
    knowledge = "marginals"

    def __init__(self, sensitive_feature: Any, *, candidates: Any = None) -> None:
        self.sensitive_feature = sensitive_feature
        self.candidates = candidates

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        return tags

    def _fit_attack(self, X, y, codes):
        pass

    def _infer_log_proba(self, X, y):
        with np.errstate(divide="ignore"):
            return np.tile(np.log(self.prior_), (len(X), 1))


class ImputationBaseline(AttributeInferenceAttack):
    """Impute the secret from record and response, without any model.

    A classifier is trained on labelled auxiliary records to tell the secret from the
    other columns and the response. It sees no target: what it gets right is known from
    the population. The baseline of :class:`LearnedAttack`, with the same classifier.

    Parameters
    ----------
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    classifier : estimator, default=None
        Classifier with ``predict_proba``; a clone is trained. It gets numbers: columns
        that are not numeric come as codes (-1 for a category not seen in training, -2
        for a missing one). None for the best of two
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier` of small trees and
        :class:`~sklearn.linear_model.LogisticRegression` by cross-validated
        likelihood.
    use_response : bool, default=True
        Whether the response is known too. If False, y is ignored and may be left out:
        the baseline of a :class:`ReleasedAnswerAttack` that knows labelled records.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    random_state : int, RandomState instance or None, default=None
        Seeds the default classifier.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Share of each in the auxiliary records.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    OwnModelBaseline : Explains the response instead of the secret.
    LearnedAttack : Knows as much, and queries a model.
    PriorBaseline : Knows the marginal distribution only.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.attacks import ImputationBaseline
    >>> X = np.array([[0, 0], [0, 0], [1, 1], [1, 1]] * 25)
    >>> baseline = ImputationBaseline(sensitive_feature=0).fit(X, X[:, 1])
    >>> baseline.infer([[0, 1]], [1])
    array([1])
    """

    access = "none"
    needs = ()
    knowledge = "labelled records"

    @property
    def sees(self) -> str:
        """The true response, or nothing."""
        return "true response" if self.use_response else "nothing"

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "classifier": [None, HasMethods(["fit", "predict_proba"])],
        "use_response": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        sensitive_feature: Any,
        *,
        classifier: Any = None,
        use_response: bool = True,
        candidates: Any = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.sensitive_feature = sensitive_feature
        self.classifier = classifier
        self.use_response = use_response
        self.candidates = candidates
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = bool(self.use_response)
        return tags

    def _fit_attack(self, X, y, codes):
        self._imputation = Imputation(
            self.classifier,
            self._candidates,
            self.random_state,
            use_response=self.use_response,
        ).fit(X, y, codes)

    def _infer_log_proba(self, X, y):
        return self._imputation.log_proba(X, y)


WITHOUT_A_MODEL["marginals"] = PriorBaseline
WITHOUT_A_MODEL["labelled records"] = ImputationBaseline
