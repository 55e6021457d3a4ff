"""Labels and nothing else."""

from sklearn.base import BaseEstimator

from sklearn_mid.defenses._base import ReleaseDefense

__all__ = ["LabelOnly"]


class LabelOnly(ReleaseDefense):
    """Release labels and no confidences.

    There is no ``predict_proba`` and no ``decision_function``: an attack that needs
    confidences raises, or falls back to what labels tell.

    Parameters
    ----------
    estimator : estimator object
        Classifier: cloned and fitted, or fitted already and wrapped in
        :class:`sklearn.frozen.FrozenEstimator`.

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
    ConfidenceRounding : Coarse confidences.

    References
    ----------
    .. [1] Fredrikson, M., Jha, S., & Ristenpart, T. (2015). Model inversion attacks
       that exploit confidence information and basic countermeasures. CCS.
       doi:10.1145/2810103.2813677.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.defenses import LabelOnly
    >>> X, y = load_iris(return_X_y=True)
    >>> target = LabelOnly(LogisticRegression(max_iter=200)).fit(X, y)
    >>> hasattr(target, "predict_proba")
    False
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        self.estimator = estimator
