"""Confidences moved towards those of their label, as far as a budget allows."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from sklearn_mid.defenses._base import ConfidenceDefense, put_label_first
from sklearn_mid.utils._sklearn_compat import Interval, _fit_context

__all__ = ["ConfidenceShield"]


class ConfidenceShield(ConfidenceDefense):
    r"""Release confidences moved towards the mean of their label.

    What a confidence vector tells beyond its label is how it differs from the others
    of that label. Each vector p of label k is moved towards the mean m_k of the
    training vectors of that label, as far as the budget allows:

        p + min(1, budget / ||m_k - p||_1) (m_k - p).

    The label of each record stays, since k is the largest entry of p and of m_k.

    Parameters
    ----------
    estimator : estimator object
        Classifier with ``predict_proba``: cloned and fitted, or fitted already and
        wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    budget : float, default=0.2
        How far a vector may be moved: the largest sum of absolute changes of its
        entries, in [0, 2]. 0 changes nothing; at 2 nothing but the label leaves.

    Attributes
    ----------
    estimator_ : estimator object
        The fitted classifier.
    means_ : ndarray of shape (n_classes, n_classes)
        Row k is m_k: the mean confidences of the rows given to ``fit`` whose largest
        confidence is that of class k, or, where there are none, of all rows, with the
        largest entry brought to k.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of features, if the classifier knows it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the classifier knows them.

    See Also
    --------
    ConfidenceRounding : Coarse confidences.
    ConfidencePurifier : A learned map instead of a straight line.
    LabelOnly : No confidences at all.

    Notes
    -----
    After the stealthy shield of [1]_, which spends a budget of the same kind on
    lowering I(X; Yhat | Y). Moving towards the mean of a label lowers the divergence
    from it, and so the information given the label, whatever the classifier; [1]_
    solves for the best direction, here it is a straight line. The answer of a record
    within the budget of its mean is the mean itself: such records cannot be told
    apart. With two classes a vector is one number, and the shield brings those of
    either label together.

    References
    ----------
    .. [1] Zhuang, T., Yu, H., Qiu, Y., Fang, H., Chen, B., & Xia, S.-T. (2025).
       Stealthy Shield Defense: A Conditional Mutual Information-Based Approach
       against Black-Box Model Inversion Attacks. ICLR.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.defenses import ConfidenceShield
    >>> X, y = load_iris(return_X_y=True)
    >>> shield = ConfidenceShield(LogisticRegression(max_iter=200), budget=0.1)
    >>> released = shield.fit(X, y).predict_proba(X)
    >>> moved = released - shield.estimator_.predict_proba(X)
    >>> bool((abs(moved).sum(axis=1) < 0.1 + 1e-9).all())
    True
    """

    _parameter_constraints: dict = {
        **ConfidenceDefense._parameter_constraints,
        "budget": [Interval(Real, 0, 2, closed="both")],
    }

    def __init__(self, estimator: BaseEstimator, *, budget: float = 0.2) -> None:
        self.estimator = estimator
        self.budget = budget

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> "ConfidenceShield":
        """Fit the estimator, and take the mean confidences of each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training records; of a FrozenEstimator, any that look like its queries.
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params : dict
            Passed to the estimator's ``fit``.

        Returns
        -------
        self : object
            The fitted defence.
        """
        super().fit(X, y, **fit_params)
        proba = self._confidences(X)
        is_label = proba.argmax(axis=1)[:, None] == np.arange(proba.shape[1])
        counts = is_label.sum(axis=0)[:, None]
        overall = np.broadcast_to(proba.mean(axis=0), (proba.shape[1],) * 2)
        means = np.where(
            counts > 0, is_label.T @ proba / np.maximum(counts, 1), overall
        )
        self.means_ = put_label_first(means, np.arange(len(means)))
        return self

    def _release(self, proba: np.ndarray) -> np.ndarray:
        label = proba.argmax(axis=1)
        step = self.means_[label] - proba
        length = np.abs(step).sum(axis=1, keepdims=True)
        share = np.where(
            length <= self.budget, 1, self.budget / np.maximum(length, 1e-300)
        )
        # All of the way is exactly the mean, not the mean up to rounding.
        moved = np.where(share < 1, proba + share * step, self.means_[label])
        return put_label_first(moved, label)
