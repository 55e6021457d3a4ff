"""MID for any classifier."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite, check_is_fitted, column_or_1d

from sklearn_mid.release._base import BaseRelease
from sklearn_mid.release._channel import LogLoss
from sklearn_mid.utils._sklearn_compat import HasMethods

__all__ = ["MIDClassifier"]


class MIDClassifier(ClassifierMixin, BaseRelease):
    """Mutual information regularisation around any classifier.

    Two parts, each of which can be switched off:

    - *Distillation* against memory (`distill`). Teachers are fitted without a fold of
      people, and the released model is a student of what they say about these people
      at *every* value of the secret. So it knows nothing of a person's own secret
      and response but what other people's tell.
    - *A release channel* against the answer (`reg_lambda`). For each record, those
      values of the secret answer alike whose difference is worth less than the
      information it gives away: of all partitions of the values into codes, the one
      that minimises ::

          E[log loss given up] + reg_lambda * I(X_s; code | X_k = x_k)

      with both in nats. Each record is answered by the mean of its code. The code is
      a function of the record, so asking again gains nothing.

    Parameters
    ----------
    estimator : estimator object
        Classifier with ``predict_proba``, a pipeline too. It is cloned; one that is
        fitted already stays as it is inside :class:`sklearn.frozen.FrozenEstimator`,
        with ``distill=False``.
    sensitive_features : str, int, list or None, default=None
        The secrets, as columns of X before any transformation. Each is a column's
        name or index, or a list of the columns of a one-hot group. Several are
        protected jointly. Numeric ones with more than 20 values are cut into ten
        quantile bins. None: the whole input is the secret, and the class
        probabilities are coded.
    reg_lambda : float, default=0.1
        Nats of log loss that one nat of information about the secret is worth. 0
        releases the model's own answers; from 1 on, and at ``inf``, an answer never
        depends on the secret.
    distill : bool, default=True
        Whether the released model is a student of cross-fitted teachers. False fits
        the estimator itself.
    imputer : estimator object, default=None
        Classifier of the secret's value number from the other columns, which weighs
        the values. None for a small gradient boosting on columns of any type. In
        distillation it is cross-fitted as well, and `imputer_` is its student.
    student : estimator object, default=None
        What learns from the teachers: a classifier, or a regressor, which is then
        fitted on probabilities. None for the estimator: trees, forests and neighbours
        by their regressor, on probabilities; multilayer perceptrons by theirs, on
        log-odds; others on rows weighted by the probability of each class, or on
        drawn labels if they take no weights. In a pipeline this holds for its last
        step, in a soft vote for each member.
    cv : int, splitter or iterable, default=10
        Folds of the teachers. An int deals micro-clusters of people with similar
        known columns into so many folds, because a teacher that has seen a
        neighbour has nearly seen the person; people with several records stay
        together if their `groups` are passed to `fit`. A splitter must test each
        record once.
    n_repeats : int, default=1
        Partitions into folds, each dealt anew, over whose teachers a person's targets
        are averaged. It costs as many times the teachers, and lowers the error of
        models that vary with their training people. More than one needs an int as `cv`;
        without `distill` there is one.
    max_values : int, default=50
        Joint values of the secrets up to which the model is asked for each.
    keep_teachers : bool, default=False
        Whether to keep `teachers_`. They remember their people: do not release them.
    memory : str, object with the interface of joblib.Memory or None, default=None
        Where to cache teachers' work and the student, none of which depends on
        `reg_lambda`: with it, a grid search over `reg_lambda` fits them once per
        training set. The cache holds the fitted model and a glimpse of the arguments.
        An unset `random_state` counts as the same one.
    n_jobs : int, default=None
        Folds that are fitted at a time, as in joblib.
    verbose : bool or int, default=False
        Whether to show the folds' progress.
    random_state : int, RandomState instance or None, default=None
        Deals the folds, and seeds whatever in `estimator`, `imputer` and `student`
        has no seed.

    Attributes
    ----------
    estimator_ : estimator object
        The student, or the fitted estimator.
    imputer_ : estimator object
        Classifier of the secret's value. Not there without `sensitive_features`.
    values_ : ndarray of shape (n_values,) or (n_values, n_secrets)
        Joint values of the secrets. Not there without `sensitive_features`.
    teachers_ : list of estimators
        One per fold of each partition, if `keep_teachers`.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    conditional_information_ : float
        What the released probabilities tell of the secret beyond the known columns,
        I(X_s; Yhat | X_k), in nats: the mean entropy of the code on the training
        records, under the imputer's probabilities. Without `sensitive_features`,
        I(X; Yhat).
    vulnerability_ : float
        Mean chance that the best attacker who knows the imputer's probabilities, the
        model and what it answered about a person names their secret. Not there
        without `sensitive_features`.
    baseline_vulnerability_ : float
        The same without the answer: the mean largest probability.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if they are all strings.

    See Also
    --------
    MIDRegressor : The same for numbers.
    sklearn_mid.defenses.OmitFeature : The end of the path, without the channel.
    sklearn_mid.tree.MIDDecisionTreeClassifier : A tree whose splits pay.

    Notes
    -----
    *What is protected when the student itself is handed out* (`estimator_`, or the
    whole object, to an attacker who reads parameters): the memory, as nothing in it
    was fitted to a person's own secret and response. A second-order trace remains,
    since other people's teachers have seen the person. *Not* the answer: whoever can
    ask `estimator_` at every value of the secret undoes the channel, which protects
    answers that are released by this class.

    *What neither part prevents.* An attacker who knows the person's true response
    gains from it what a model that uses the secret gains, as with any model; and what
    the known columns tell of the secret is told without a model.

    *Fitted objects* hold no teachers, no training records and no targets of single
    people (other than in models that keep their rows, as neighbours do).

    *Missing secrets.* A record whose secret is missing, or was never seen, is answered
    by the mean over all values; its code is -1.

    *Cost.* (cv + 1) fits of the estimator, the last on the rows of every value of the
    secret that is not improbable (below 0.001); rows x values x classes numbers are
    held. A query asks the model once for each value.

    References
    ----------
    T. Wang, Y. Zhang, R. Jia, "Improving Robustness to Model Inversion Attacks via
    Mutual Information Regularization", AAAI 2021, :arxiv:`2009.05241`.

    D. J. Strouse, D. J. Schwab, "The deterministic information bottleneck", Neural
    Computation 29, 2017, :arxiv:`1604.00268`.

    X. Tang et al., "Mitigating Membership Inference Attacks by Self-Distillation
    Through a Novel Ensemble Architecture", USENIX Security 2022,
    :arxiv:`2110.08324`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.release import MIDClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([rng.normal(size=1000), rng.integers(2, size=1000)])
    >>> y = X @ [2, 1] + rng.logistic(size=1000) > 0
    >>> for reg_lambda in (0, 0.03, 1):
    ...     model = MIDClassifier(
    ...         LogisticRegression(), [1], reg_lambda, cv=3, random_state=0
    ...     ).fit(X, y)
    ...     print(f"{model.conditional_information_:.2f} nats")
    0.68 nats
    0.16 nats
    0.00 nats
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict_proba"])],
        **BaseRelease._parameter_constraints,
    }

    def _check_response(self, y):
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        return y

    def _fit_loss(self, variance):
        return LogLoss()

    def _effective_lambda(self):
        # Data processing: no code gains more utility than it costs information.
        return np.inf if self.reg_lambda >= 1 else float(self.reg_lambda)

    def _as_proba(self, answers):
        if len(self.classes_) == 2:
            return np.column_stack([1 - answers, answers])
        return answers.reshape(len(answers), -1)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Class probabilities as they are released.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Rows sum to 1; columns in the order of `classes_`.
        """
        check_is_fitted(self)
        return self._as_proba(self._answer(X))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Predict the class of the largest released probability.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Elements of `classes_`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def release(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Codes and what they answer.

        Parameters
        ----------
        X : {DataFrame, array-like} of shape (n_samples, n_features)
            Records.

        Returns
        -------
        codes : ndarray of shape (n_samples,)
            Number of the record's code among those of its known columns, -1 where the
            secret is missing; without `sensitive_features`, among all.
        proba : ndarray of shape (n_samples, n_classes)
            As from :meth:`predict_proba`.
        """
        check_is_fitted(self)
        codes, answers = self._release(X)
        return codes, self._as_proba(answers)
