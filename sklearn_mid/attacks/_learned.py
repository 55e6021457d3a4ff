"""Attribute inference by a classifier trained on the target's outputs."""

import numbers
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._imputation import Imputation, are_equal
from sklearn_mid.attacks._record_classifier import RecordClassifier, as_columns
from sklearn_mid.attacks._shadow import unfitted_like
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval, StrOptions
from sklearn_mid.utils._target import N_QUERIES, Target

__all__ = ["LearnedAttack"]


class LearnedAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute by a classifier trained on auxiliary records.

    The classifier sees of each auxiliary record the known columns, the response, and
    what the target answers under *every* candidate value of the secret (its
    confidences, label or prediction), and learns the secret. It needs no error model
    and no independence assumption, but labelled records.

    On records of people whom the target has not seen, nothing that it remembers shows:
    an attacker who wants to use its memory learns from its members, as far as they are
    known, or from the members of copies of their own making.

    Of whom the target answers the same under every value, it says nothing of the
    secret: there the answer is that of the :class:`ImputationBaseline` (unless no
    auxiliary record is of that kind).

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
        for a missing one). None for the best of two
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier` of small trees and
        :class:`~sklearn.linear_model.LogisticRegression` by cross-validated
        likelihood.
    train_on : {"auxiliary", "shadow", "members"}, default="auxiliary"
        - ``"auxiliary"``: the records given to ``fit``, of people whom the target has
          not seen.
        - ``"shadow"``: the same records, as *members* of copies of the target that are
          trained on parts of them.
        - ``"members"``: as "auxiliary", of an attacker who knows some of the target's
          members: pass their records to ``fit``.
    shadow_estimator : object, default=None
        Unfitted model to train shadow copies of. None takes one like the target, with
        another `random_state`.
    n_shadows : int, default=4
        Shadow copies.
    shadow_size : float, default=0.8
        Share of the records that each copy is trained on.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.
    n_queries : int, default=12
        Answers per record that are averaged, as in :class:`MAPAttack`.
    random_state : int, RandomState instance or None, default=None
        Seeds the default classifier, the shadow copies and ``sample_proba``.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Share of each in the auxiliary records.
    shadows_ : list of object
        The shadow copies; none but with ``train_on="shadow"``.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    ImputationBaseline : The same classifier without the target's outputs.
    MAPAttack : Needs no labelled records, but an error model.
    InformedAttack : Knows all of the training data but one secret.

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
    needs = (("predict_proba", "predict"),)

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "classifier": [None, HasMethods(["fit", "predict_proba"])],
        "train_on": [StrOptions({"auxiliary", "shadow", "members"})],
        "shadow_estimator": [None, HasMethods(["fit", "get_params"])],
        "n_shadows": [Interval(numbers.Integral, 1, None, closed="left")],
        "shadow_size": [Interval(numbers.Real, 0, 1, closed="right")],
        "n_queries": [Interval(numbers.Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: Any,
        sensitive_feature: Any,
        *,
        classifier: Any = None,
        train_on: str = "auxiliary",
        shadow_estimator: Any = None,
        n_shadows: int = 4,
        shadow_size: float = 0.8,
        candidates: Any = None,
        n_queries: int = N_QUERIES,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.classifier = classifier
        self.train_on = train_on
        self.shadow_estimator = shadow_estimator
        self.n_shadows = n_shadows
        self.shadow_size = shadow_size
        self.candidates = candidates
        self.n_queries = n_queries
        self.random_state = random_state

    @property
    def knowledge(self) -> str:
        """Members, where the records are of people whom the target has seen."""
        return "members" if self.train_on == "members" else "labelled records"

    def _fit_attack(self, X, y, codes):
        self._aimed = target = self._aim()
        self._unit = 1.0
        if target.release == "predictions":
            self._unit = float(np.abs(target.response(y)).mean()) or 1.0
        self.shadows_ = []
        if self.train_on == "shadow":
            rng = check_random_state(self.random_state)
            seen = [self._shadow_columns(X, y, rng) for _ in range(self.n_shadows)]
            of_shadows = list(zip(*seen, strict=True))
            columns = pd.concat(of_shadows[0], ignore_index=True)
            untold, people = (np.concatenate(parts) for parts in of_shadows[1:])
        else:
            columns, untold = self._columns(target, X, y)
            people = np.arange(len(X))
        self._imputation: Any = None
        self._classifier: Any = None
        if untold.any():
            self._imputation = Imputation(
                self.classifier, self._candidates, self.random_state
            ).fit(X, y, codes)
        if not untold.all():
            self._classifier = RecordClassifier(
                self.classifier, len(self.values_), self.random_state
            ).fit(columns, codes[people], people)

    def _shadow_columns(self, X, y, rng):
        """What a copy of the target answers about its own members, and who they are."""
        n_members = round(self.shadow_size * len(X))
        members = np.sort(rng.permutation(len(X))[: max(n_members, 2)])
        X, y = _rows(X, members), y[members]
        seed = int(rng.randint(np.iinfo(np.int32).max))
        shadow = self._unfitted_shadow(seed)
        shadow.fit(self._aimed.records(X), y)
        self.shadows_.append(shadow)
        target = Target(
            shadow,
            caller=type(self).__name__,
            n_queries=self.n_queries,
            release=self._aimed.release,
            random_state=seed,
        )
        return *self._columns(target, X, y), members

    def _unfitted_shadow(self, seed):
        if self.shadow_estimator is not None:
            return clone(self.shadow_estimator)
        try:
            return unfitted_like(self.estimator, seed)
        except TypeError as error:
            raise self._unsupported(
                "it cannot be cloned; pass a model like it as shadow_estimator"
            ) from error

    def _infer_log_proba(self, X, y):
        columns, untold = self._columns(self._aimed, X, y)
        if self._classifier is None:
            return self._imputation.log_proba(X, y)
        log_proba = self._classifier.log_proba(columns)
        if self._imputation is not None and untold.any():
            log_proba[untold] = self._imputation.log_proba(X, y)[untold]
        return log_proba

    def _columns(self, target, X, y):
        """Known columns, response, and the outputs under every candidate value.

        Besides, of whom the outputs are the same under all of them.
        """
        y = self._aimed.response(y)
        columns, first, untold = [], None, np.ones(len(y), dtype=bool)
        for out in target.outputs_at(self._candidates, X):
            out = self._aimed.in_own_classes(out, target)
            # How well the output fits the response is easier to learn when said.
            if target.release == "confidences":
                fit = out[np.arange(len(y)), y]
            elif target.release == "labels":
                fit = out == y
            else:
                fit = np.abs(y - out)
            first = out if first is None else first
            untold &= (
                are_equal(np.stack([first, out]) / self._unit, axis=0)
                .reshape(len(y), -1)
                .all(axis=1)
            )
            if target.release == "predictions" or len(self._aimed.classes) > 2:
                columns.append(out)  # of two classes, the fit says all
            columns.append(fit)
        known = self._candidates.drop(X)
        return as_columns(x=known, y=y, f=np.column_stack(columns)), untold


def _rows(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
