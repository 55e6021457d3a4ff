"""Splits, scorers and choices that take the attacker into account."""

from sklearn_mid.model_selection._attack_scorer import make_attack_scorer
from sklearn_mid.model_selection._refit import best_utility_under_advantage
from sklearn_mid.model_selection._split import (
    TargetAuxiliarySplit,
    target_auxiliary_split,
)

__all__ = [
    "TargetAuxiliarySplit",
    "best_utility_under_advantage",
    "make_attack_scorer",
    "target_auxiliary_split",
]
