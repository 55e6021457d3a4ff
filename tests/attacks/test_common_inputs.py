"""The common checks of the attacks on inputs and updates."""

import pytest
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    BoundaryInversionAttack,
    GenerativeInversionAttack,
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    MAPAttack,
    UpdateLabelAttack,
    UpdateReconstructionAttack,
)
from sklearn_mid.utils.estimator_checks import (
    check_attack,
    check_reconstruction_attack,
    parametrize_with_reconstruction_attack_checks,
)

pytest.importorskip("torch")

FEW = {"n_updates": 8, "n_shadows": 1, "n_probes": 5, "max_epochs": 1}


@parametrize_with_reconstruction_attack_checks(
    [
        GradientInversionAttack(None, max_iter=3, random_state=0),
        GenerativeInversionAttack(None, max_iter=1, search_iter=1, random_state=0),
        BoundaryInversionAttack(None, max_iter=1, search_iter=1, random_state=0),
        KnowledgeAlignmentAttack(None, max_epochs=1, random_state=0),
        UpdateLabelAttack(None, **FEW, random_state=0),
        UpdateLabelAttack(None, **FEW, rule="summaries", random_state=0),
        UpdateLabelAttack(None, n_probes=5, rule="log-odds", random_state=0),
        UpdateReconstructionAttack(None, **FEW, random_state=0),
    ]
)
def test_attacks_on_inputs(estimator, check):
    check(estimator)


def test_each_kind_of_attack_is_sent_to_its_own_checks():
    with pytest.raises(TypeError, match="there is check_reconstruction_attack"):
        check_attack(GradientInversionAttack(None))
    with pytest.raises(TypeError, match="there is check_attack"):
        check_reconstruction_attack(MAPAttack(None, 0))
    with pytest.raises(TypeError, match="got DecisionTreeClassifier"):
        check_reconstruction_attack(DecisionTreeClassifier())
