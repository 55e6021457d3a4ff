"""Who attacks a model in an audit, and who guesses without it."""

from typing import Any

from sklearn_mid.attacks import (
    AttributeInferenceAttack,
    ImputationBaseline,
    OwnModelBaseline,
    PriorBaseline,
    attacks_for,
)

__all__ = ["NO_RESPONSE", "RELEASED", "attackers", "guessers"]

# The guess of one who knows neither answer nor response, and the attack on the answer.
NO_RESPONSE, RELEASED = "imputation, no response", "released answer"
# Trains the model anew several times: worth a suite, too slow for an audit.
_TOO_SLOW = ("learned on shadows",)


def guessers(sensitive_feature: Any, seed: int) -> dict[str, AttributeInferenceAttack]:
    """Attacks without a model, whatever they know: what the population tells."""
    return {
        "majority guess": PriorBaseline(sensitive_feature),
        "imputation": ImputationBaseline(sensitive_feature, random_state=seed),
        NO_RESPONSE: ImputationBaseline(
            sensitive_feature, use_response=False, random_state=seed
        ),
        "own model": OwnModelBaseline(sensitive_feature),
    }


def attackers(
    estimator: Any, sensitive_feature: Any, *, decimals: int | None, seed: int
) -> tuple[dict[str, AttributeInferenceAttack], dict[str, str]]:
    """Attacks on the model, and why others do not fit it."""
    attacks, skipped = attacks_for(
        estimator, sensitive_feature, random_state=seed, return_skipped=True
    )
    for name in _TOO_SLOW:
        if attacks.pop(name, None) is not None:
            skipped[name] = "it trains the model anew several times"
    if RELEASED in attacks and "joint" in attacks:
        attacks[RELEASED].set_params(prior="learned", decimals=decimals)
    return attacks, skipped
