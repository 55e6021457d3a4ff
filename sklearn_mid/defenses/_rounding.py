"""Coarse confidences."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator

from sklearn_mid.defenses._base import ConfidenceDefense, put_label_first
from sklearn_mid.utils._sklearn_compat import Interval

__all__ = ["ConfidenceRounding"]


class ConfidenceRounding(ConfidenceDefense):
    """Release confidences rounded to whole steps.

    The defence of [1]_ against attacks that follow small changes of confidence. The
    label of each record stays that of the unrounded confidences.

    Parameters
    ----------
    estimator : estimator object
        Classifier with ``predict_proba``: cloned and fitted, or fitted already and
        wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    step : float, default=0.05
        Size of a step, in (0, 1]. It must divide 1: 0.1, 0.05, 0.25, not 0.3. At 1
        nothing but the label leaves.

    Attributes
    ----------
    estimator_ : estimator object
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of features, if the classifier knows it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the classifier knows them.

    See Also
    --------
    ConfidenceNoise : Noise instead of steps.
    LabelOnly : No confidences at all.

    Notes
    -----
    Rounding each entry to its nearest step would leave rows that do not sum to 1:
    three thirds become 1.05. Here each row's steps are shared out by largest
    remainder: entries are rounded down, and the steps then missing from a sum of 1 go
    to the entries that lost most. For two classes this is rounding to the nearest
    step. Entries stay in order, though some tie; a tie at the top is broken in favour
    of the label by one unit in the last place.

    References
    ----------
    .. [1] Fredrikson, M., Jha, S., & Ristenpart, T. (2015). Model inversion attacks
       that exploit confidence information and basic countermeasures. CCS.
       doi:10.1145/2810103.2813677.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.defenses import ConfidenceRounding
    >>> X, y = load_iris(return_X_y=True)
    >>> target = ConfidenceRounding(LogisticRegression(max_iter=200), step=0.25)
    >>> target.fit(X, y).predict_proba(X[[0, 70, 77]])
    array([[1. , 0. , 0. ],
           [0. , 0.5, 0.5],
           [0. , 0.5, 0.5]])
    """

    _parameter_constraints: dict = {
        **ConfidenceDefense._parameter_constraints,
        "step": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(self, estimator: BaseEstimator, *, step: float = 0.05) -> None:
        self.estimator = estimator
        self.step = step

    def _prepare(self):
        self._n_steps()

    def _n_steps(self):
        n_steps = round(1 / self.step)
        if abs(n_steps * self.step - 1) > 1e-9:
            raise ValueError(
                f"step must divide 1, so that confidences in whole steps can sum to 1; "
                f"got step={self.step!r}. Take {1 / n_steps:g}."
            )
        return n_steps

    def _release(self, proba):
        n_steps = self._n_steps()
        steps = proba / proba.sum(axis=1, keepdims=True) * n_steps
        whole = np.floor(steps)
        missing = n_steps - whole.sum(axis=1, keepdims=True)
        # Rank of each entry by what rounding down took; of equals, the larger first.
        by_size = np.argsort(-proba, axis=1, kind="stable")
        lost = np.take_along_axis(whole - steps, by_size, axis=1)
        rank = np.empty(proba.shape, dtype=np.intp)
        order = np.take_along_axis(
            by_size, np.argsort(lost, axis=1, kind="stable"), axis=1
        )
        np.put_along_axis(rank, order, np.arange(proba.shape[1])[None, :], axis=1)
        rounded = (whole + (rank < missing)) / n_steps
        return put_label_first(rounded, proba.argmax(axis=1))
