"""Who attacks a model in an audit, and who guesses without it."""

from typing import Any

from sklearn.ensemble import HistGradientBoostingClassifier

from sklearn_mid.attacks import (
    AttributeInferenceAttack,
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    OwnModelBaseline,
    PriorBaseline,
    WhiteBoxTreeAttack,
)

__all__ = ["attackers", "guessers"]


def guessers(sensitive_feature: Any, seed: int) -> dict[str, AttributeInferenceAttack]:
    """Attacks without a model, whatever they know: what the population tells."""
    return {
        "majority guess": PriorBaseline(sensitive_feature),
        "imputation": ImputationBaseline(sensitive_feature, random_state=seed),
        "imputation, no response": ImputationBaseline(
            sensitive_feature, use_response=False, random_state=seed
        ),
        "own model": OwnModelBaseline(sensitive_feature),
    }


def attackers(
    estimator: Any, sensitive_feature: Any, seed: int
) -> dict[str, AttributeInferenceAttack]:
    """Attacks on the model of one who knows the true response, the cheapest first."""
    common = {"random_state": seed}
    joint = HistGradientBoostingClassifier(random_state=seed)
    attacks: dict[str, AttributeInferenceAttack] = {
        "MAP": MAPAttack(estimator, sensitive_feature, **common),
        "MAP, effects": MAPAttack(
            estimator, sensitive_feature, calibrate="effects", **common
        ),
        "joint": MAPAttack(estimator, sensitive_feature, prior=joint, **common),
        "match": MAPAttack(
            estimator, sensitive_feature, error_model="match", prior=joint, **common
        ),
        "learned": LearnedAttack(estimator, sensitive_feature, **common),
        "white-box counts": WhiteBoxTreeAttack(estimator, sensitive_feature),
    }
    if not hasattr(estimator, "classes_"):
        del attacks["match"]  # a label fits or it does not; numbers never do
    return attacks
