"""Faults that other libraries have had, and where it is tested that ours has not.

1. Noise for one feature in [0, 100] follows 100^2: ``defenses/test_dp_linear.py``.
2. Nested calls with one seed agree: ``defenses/test_dp_classifiers.py``.
3. An all-zero column does not crash clipping: ``defenses/test_diffprivlib.py``.
4. Pipelines on text columns, attacked by name: ``check_text_columns``, for all attacks.
5. Scaled one-hot groups keep to their valid codes: ``test_sensitive_feature.py``.
6. A float secret beside integers is not cut: ``check_float_secret_beside_integers``.
7. A real-valued response stays real: ``test_map.py``.
8. Target and data of different types or devices: ``neural_network/test_bad_input.py``.
9. Classes in any order: ``test_map.py`` and ``check_labels_do_not_matter``.
10. A regressor where a classifier is needed: here, and ``check_unsuitable_targets``.
11. An unseen category gives a valid class: ``test_sensitive_feature.py``.
12. Integer-coded nominal columns: ``test_sensitive_feature.py``, ``tree``.
13. Arrays of mixed objects: ``test_sensitive_feature.py``.
14. DataFrame equals array for nets: ``neural_network/test_mid.py``.
15. Modules that return tuples: ``test_gradient.py``, ``neural_network``.
16. The penalty does not depend on the batch size: ``neural_network/test_modules.py``.
17. The secret in the last column: here.
18. The caller's lists and arrays are not edited: ``test_sensitive_feature.py``.
19. A clone keeps its frozen target: here and ``check_frozen_target_survives_clone``.
20. Stopping on reaching the threshold, not on missing it: ``test_gradient.py``.

The checks are those of ``sklearn_mid.utils.estimator_checks``.
"""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    MAPAttack,
)
from sklearn_mid.exceptions import UnsupportedTargetError

X = np.random.RandomState(0).randint(2, size=(60, 3)).astype(float)


@pytest.mark.parametrize("column", [0, 1, 2, -1])
def test_any_column_may_be_the_secret_the_last_too(column):
    y = X[:, column]
    attack = MAPAttack(DecisionTreeClassifier().fit(X, y), column).fit(X, y)
    hidden = X.copy()
    hidden[:, column] = 0
    assert_array_equal(attack.infer(hidden, y), y)


def test_a_clone_keeps_its_frozen_target():
    y = X[:, 0]
    target = FrozenEstimator(DecisionTreeClassifier().fit(X, y))
    again = clone(MAPAttack(target, 0))
    assert again.estimator.estimator is target.estimator
    assert_array_equal(again.fit(X, y).infer(X, y), y)


@pytest.mark.parametrize("attack", [GradientInversionAttack, KnowledgeAlignmentAttack])
def test_a_regressor_is_no_classifier(attack):
    pytest.importorskip("torch")
    target = LinearRegression().fit(X, X[:, 0])
    with pytest.raises(UnsupportedTargetError, match="LinearRegression"):
        attack(target).fit(X)
