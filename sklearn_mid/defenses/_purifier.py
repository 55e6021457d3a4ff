"""Confidences with less dispersion."""

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.neural_network import MLPRegressor
from sklearn.utils import (
    assert_all_finite,
    check_random_state,
    column_or_1d,
    indexable,
)
from sklearn.utils.multiclass import check_classification_targets

from sklearn_mid.defenses._base import ConfidenceDefense, put_label_first
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval, _fit_context
from sklearn_mid.utils._validation import as_rows

__all__ = ["ConfidencePurifier"]

# Confidences below this count as this, so that their logarithm is finite.
_FLOOR = 1e-6


class ConfidencePurifier(ConfidenceDefense):
    """Release confidences purified by an autoencoder, which lowers their dispersion.

    A purifier learns to rebuild confidence vectors of reference records, and what
    leaves is its output: what records of one label have in common comes through, what
    is peculiar to one of them hardly. The label of each record stays.

    Parameters
    ----------
    estimator : estimator object
        Classifier with ``predict_proba``: cloned and fitted, or fitted already and
        wrapped in :class:`sklearn.frozen.FrozenEstimator`.
    purifier : estimator object, default=None
        Multi-output regressor, cloned and trained to rebuild centred log-confidences.
        By default an MLPRegressor with the layers
        (`n_hidden`, `bottleneck`, `n_hidden`).
    bottleneck : int, default=2
        Width of the default purifier's narrowest layer. With as many classes, or
        fewer, plus one, little is held back; with two classes nothing is: round
        instead.
    n_hidden : int, default=32
        Width of the default purifier's other layers.
    reference_fraction : float, default=0.25
        Share of the rows given to ``fit`` that are kept from the classifier and train
        the purifier, in (0, 1). All rows do where `estimator` is a FrozenEstimator:
        then give ``fit`` rows that the classifier was not trained on.
    random_state : int, RandomState instance or None, default=None
        Draws the reference rows and the purifier's first weights.

    Attributes
    ----------
    estimator_ : estimator object
        The fitted classifier.
    purifier_ : estimator object
        The fitted purifier.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of features, if the classifier knows it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if the classifier knows them.

    See Also
    --------
    ConfidenceRounding : Coarse confidences.
    LabelOnly : No confidences at all.

    Notes
    -----
    The reading of [1]_. There a network minimises the squared error of rebuilding a
    confidence vector plus a weighted cross-entropy to the predicted label. Here the
    squared error is that of centred log-confidences, in which an attacker reads the
    tail, and the label is kept outright, by a swap where the purifier would change
    it. The bottleneck is what loses information; the step that trains purifier and
    attacker against each other is left out. Training stops after 300 steps of
    L-BFGS, converged or not.

    References
    ----------
    .. [1] Yang, Z., Shao, B., Xuan, B., Chang, E.-C., & Zhang, F. (2020). Defending
       model inversion and membership inference attacks via prediction purification.
       arXiv:2005.03915.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.defenses import ConfidencePurifier
    >>> X, y = load_digits(return_X_y=True)
    >>> target = LogisticRegression(C=1e-3, max_iter=1000)
    >>> defended = ConfidencePurifier(target, random_state=0).fit(X[:600], y[:600])
    >>> raw = defended.estimator_
    >>> bool((defended.predict(X) == raw.predict(X)).all())
    True
    >>> is_one = raw.predict(X) == 1
    >>> dispersion = raw.predict_proba(X[is_one]).std(axis=0).mean()
    >>> bool(defended.predict_proba(X[is_one]).std(axis=0).mean() < dispersion)
    True
    """

    _parameter_constraints: dict = {
        **ConfidenceDefense._parameter_constraints,
        "purifier": [HasMethods(["fit", "predict"]), None],
        "bottleneck": [Interval(Integral, 1, None, closed="left")],
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "reference_fraction": [Interval(Real, 0, 1, closed="neither")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: BaseEstimator,
        *,
        purifier: BaseEstimator | None = None,
        bottleneck: int = 2,
        n_hidden: int = 32,
        reference_fraction: float = 0.25,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.purifier = purifier
        self.bottleneck = bottleneck
        self.n_hidden = n_hidden
        self.reference_fraction = reference_fraction
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self, X: ArrayLike, y: ArrayLike, **fit_params: Any
    ) -> "ConfidencePurifier":
        """Fit the estimator on some rows and the purifier on the others.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training records; of a FrozenEstimator, reference records.
        y : array-like of shape (n_samples,)
            Labels.
        **fit_params : dict
            Passed to the estimator's ``fit``; of what has one entry per row of X, such
            as `sample_weight`, those of the estimator's rows.

        Returns
        -------
        self : object
            The fitted defence.
        """
        rng = check_random_state(self.random_state)
        reference = X
        if not isinstance(self.estimator, FrozenEstimator):
            rows, reference_rows, X, y = self._split(X, y, rng)
            n_rows, reference = len(y), _take_rows(X, reference_rows)
            X, y = _take_rows(X, rows), y[rows]
            fit_params = {
                name: _take_rows(value, rows) if _has_rows(value, n_rows) else value
                for name, value in fit_params.items()
            }
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        logits = _centred_log(self._confidences(reference))
        purifier = self.purifier
        if purifier is None:
            purifier = MLPRegressor(
                hidden_layer_sizes=(self.n_hidden, self.bottleneck, self.n_hidden),
                activation="tanh",
                solver="lbfgs",
                max_iter=300,
                random_state=rng.randint(2**31 - 1),
            )
        with warnings.catch_warnings():
            # Stopping early is part of the purifier: see Notes.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.purifier_ = clone(purifier).fit(logits, logits)
        return self._adopt_attributes()

    def _split(
        self, X: Any, y: Any, rng: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray, Any, np.ndarray]:
        """Rows for the classifier, at least one of each class, and reference rows.

        With X and y, whose rows can now be taken.
        """
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        X, y = indexable(as_rows(X, "X"), y)
        _, first_of_class = np.unique(y, return_index=True)
        others = rng.permutation(np.setdiff1d(np.arange(len(y)), first_of_class))
        if not len(others):
            raise ValueError(
                f"X has n_samples={len(y)} rows of {len(first_of_class)} classes; "
                "ConfidencePurifier needs a reference row beyond one row of each class."
            )
        n_reference = max(1, round(self.reference_fraction * len(y)))
        reference = others[:n_reference]
        rows = np.concatenate([first_of_class, others[n_reference:]])
        return rows, reference, X, y

    def _release(self, proba):
        rebuilt = self.purifier_.predict(_centred_log(proba)).reshape(proba.shape)
        return put_label_first(softmax(rebuilt, axis=1), proba.argmax(axis=1))


def _has_rows(value, n_rows):
    """Whether a parameter of ``fit`` has one entry per row."""
    if isinstance(value, list | tuple):
        return len(value) == n_rows
    return getattr(value, "shape", ())[:1] == (n_rows,)


def _take_rows(X, rows):
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[row] for row in rows] if isinstance(X, list | tuple) else X[rows]


def _centred_log(proba):
    logs = np.log(np.maximum(proba, _FLOOR))
    return logs - logs.mean(axis=1, keepdims=True)
