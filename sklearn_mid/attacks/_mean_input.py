"""What is guessed of an input without a model: the mean of those at hand."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.attacks._base import WITHOUT_A_MODEL
from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.utils._sklearn_compat import HasMethods
from sklearn_mid.utils._validation import as_column, factorize, positions

__all__ = ["MeanInputBaseline"]


class MeanInputBaseline(ClassReconstructionAttack):
    """Guess the mean input, of the class where there are auxiliary inputs of it.

    Has inputs like those of the target, with or without their labels, and sees no
    model: the baseline of the attacks that reconstruct inputs.

    Parameters
    ----------
    evaluator : fitted classifier, default=None
        Judge for ``score``, trained on other data than the target.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the auxiliary inputs.
    classes_ : ndarray of shape (n_classes,)
        Labels of the auxiliary inputs; none if fit was given none.
    class_means_ : ndarray of shape (n_classes, n_features)
        Mean of the auxiliary inputs of each.
    n_features_in_ : int
        Number of features of an input.

    See Also
    --------
    GradientInversionAttack : Reconstructs what a model holds for typical of a class.
    KnowledgeAlignmentAttack : Reconstructs a record from its confidences.

    Examples
    --------
    >>> from sklearn_mid.attacks import MeanInputBaseline
    >>> X, y = [[0.0, 0.0], [0.5, 0.0], [1.0, 1.0]], ["a", "a", "b"]
    >>> baseline = MeanInputBaseline().fit(X, y)
    >>> baseline.reconstruct(["b", "a"])
    array([[1.  , 1.  ],
           [0.25, 0.  ]])
    """

    access = "none"
    needs = ()

    _parameter_constraints: dict = {"evaluator": [HasMethods("predict"), None]}

    def __init__(self, *, evaluator: Any = None) -> None:
        self.evaluator = evaluator

    def _fit_attack(self, X: np.ndarray, y: np.ndarray | None) -> None:
        self.mean_ = X.mean(axis=0)
        self.classes_ = np.array([])
        self.class_means_ = np.empty((0, X.shape[1]))
        if y is not None:
            codes, self.classes_ = factorize(y)
            self.class_means_ = np.stack(
                [X[codes == k].mean(axis=0) for k in range(len(self.classes_))]
            )

    def reconstruct(self, labels: Any) -> np.ndarray:
        """The mean auxiliary input of each label, of all where there is none of it.

        Parameters
        ----------
        labels : array-like of shape (n_labels,)
            Labels of the inputs to guess.

        Returns
        -------
        X : ndarray of shape (n_labels, n_features)
            One input per label.
        """
        check_is_fitted(self)
        found = positions(as_column(labels, "labels"), self.classes_)
        means = np.vstack([self.class_means_, self.mean_])
        return means[found]  # -1, a label that is not known, is the last


WITHOUT_A_MODEL["inputs"] = MeanInputBaseline
