"""Attacks that infer or reconstruct what a released model tells about people."""

from sklearn_mid.attacks._base import (
    AttributeInferenceAttack,
    ModelInversionAttack,
    ReconstructionAttack,
)

__all__ = ["AttributeInferenceAttack", "ModelInversionAttack", "ReconstructionAttack"]
