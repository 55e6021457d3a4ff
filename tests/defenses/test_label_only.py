import numpy as np
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.defenses import LabelOnly

X, y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def test_labels_leave_and_nothing_else():
    tree = DecisionTreeClassifier(random_state=0).fit(X, NAMES[y])
    defended = LabelOnly(FrozenEstimator(tree)).fit(X, NAMES[y])
    assert_array_equal(defended.predict(X), tree.predict(X))
    assert_array_equal(defended.classes_, NAMES)
    for method in (
        "predict_proba",
        "predict_log_proba",
        "decision_function",
        "sample_proba",
        "apply",
    ):
        assert not hasattr(defended, method)


def test_a_classifier_without_confidences_will_do():
    defended = LabelOnly(LinearSVC(random_state=0)).fit(X, y)
    assert defended.score(X, y) > 0.9
