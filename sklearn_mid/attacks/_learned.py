"""Attribute inference by a classifier trained on the target's outputs."""

import numbers

import numpy as np

from sklearn_mid.attacks._base import AttributeInferenceAttack
from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._target import N_QUERIES

__all__ = ["LearnedAttack"]


class LearnedAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute by a classifier trained on auxiliary records.

    The classifier sees of each auxiliary record the known columns, the response, and
    what the target answers under *every* candidate value of the secret (its
    confidences, label or prediction), and learns the secret. It needs no error model
    and no independence assumption, but labelled records of other people.

    Parameters
    ----------
    estimator : object
        The fitted target: a regressor (``predict``) or a classifier
        (``predict_proba``, or ``predict`` where only labels leave). It is never
        changed. Wrap it in :class:`sklearn.frozen.FrozenEstimator` to keep it through
        ``clone``.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group.
    classifier : estimator, default=None
        Classifier with ``predict_proba``; a clone is trained. It gets numbers: columns
        that are not numeric come as codes (-1 for a category not seen in training, -2
        for a missing one). None for
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier`.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    n_queries : int, default=12
        Answers per record that are averaged, as in :class:`MAPAttack`.
    random_state : int, RandomState instance or None, default=None
        Seeds the default classifier and ``sample_proba``.

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
    ImputationBaseline : The same classifier without the target's outputs.
    MAPAttack : Needs no labelled records, but an error model.

    References
    ----------
    S. Mehnaz, S. V. Dibbo, E. Kabir, N. Li, E. Bertino (2022). Are your sensitive
    attributes private? Novel model inversion attribute inference attacks on
    classification models. USENIX Security. arXiv:2201.09370

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import LearnedAttack
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(2, size=(400, 3))
    >>> y = X[:, 0] ^ X[:, 2]
    >>> target = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> attack = LearnedAttack(target, sensitive_feature=0, random_state=0).fit(X, y)
    >>> attack.score(X, y)
    1.0
    """

    access = "black-box"
    sees = "true response"
    knowledge = "labelled records"
    needs = (("predict_proba", "predict"),)

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "classifier": [None, HasMethods(["fit", "predict_proba"])],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator,
        sensitive_feature,
        *,
        classifier=None,
        candidates=None,
        n_queries=N_QUERIES,
        random_state=None,
    ):
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.classifier = classifier
        self.candidates = candidates
        self.n_queries = n_queries
        self.random_state = random_state

    def _fit_attack(self, X, y, codes):
        self._aimed = self._aim()
        self._classifier = RecordClassifier(
            self.classifier, len(self.values_), self.random_state
        ).fit(self._columns(X, y), codes)

    def _infer_log_proba(self, X, y):
        return self._classifier.log_proba(self._columns(X, y))

    def _columns(self, X, y):
        """Known columns, response, and the outputs under every candidate value."""
        target = self._aimed
        y = target.response(y)
        outputs = []
        for out in target.outputs_at(self._candidates, X):
            # How well the output fits the response is easier to learn when said.
            if target.release == "confidences":
                fit = out[np.arange(len(y)), y]
            elif target.release == "labels":
                fit = out == y
            else:
                fit = np.abs(y - out)
            outputs += [out, fit]
        return as_columns(x=self._candidates.drop(X), y=y, f=np.column_stack(outputs))
