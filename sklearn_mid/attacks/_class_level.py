"""What attacks that reconstruct a class, rather than one record, have in common."""

from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_mid.attacks._base import ReconstructionAttack
from sklearn_mid.metrics import evaluator_accuracy
from sklearn_mid.utils._validation import as_column, factorize, positions

__all__ = ["ClassReconstructionAttack"]


class ClassReconstructionAttack(ReconstructionAttack):
    """Base class of attacks that reconstruct what a class looks like.

    A subclass defines ``reconstruct(labels)``, one input per label, and has a parameter
    `evaluator`, the judge of ``score``.
    """

    def observe(self, X: Any, y: Any) -> np.ndarray:
        """The labels of people: all that ``reconstruct`` needs to know of them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private inputs, which the attacker does not see.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The classes of the inputs.
        """
        return as_column(y, "y")

    def score(self, X: Any, y: Any) -> float:
        """Share of classes whose reconstruction a judge recognises.

        The judge is `evaluator`. Without one, it is the private record nearest to
        the reconstruction, which should be of the attacked class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private inputs, as a rule the target's training data.
        y : array-like of shape (n_samples,)
            Their labels; each class among them is attacked once.

        Returns
        -------
        accuracy : float
            Between 0 and 1. Guessing gives about 1 / n_classes.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        y = as_column(y, "y")
        labels = factorize(y)[1]
        evaluator = self.evaluator
        if evaluator is None:
            evaluator = KNeighborsClassifier(n_neighbors=1).fit(X, y)
        return evaluator_accuracy(evaluator, self.reconstruct(labels), labels)

    def _columns(self, labels):
        """Position in `classes_` of each label."""
        labels = as_column(labels, "labels")
        found = positions(labels, self.classes_)
        unknown = labels[found < 0].tolist()
        if unknown:
            raise ValueError(
                f"labels {list(dict.fromkeys(unknown))} are no classes of the target; "
                f"its classes are {self.classes_.tolist()}."
            )
        return found
