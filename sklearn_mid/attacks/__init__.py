"""Attacks that infer or reconstruct what a released model tells about people."""

from sklearn_mid.attacks._alignment import KnowledgeAlignmentAttack
from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.attacks._base import ModelInversionAttack, ReconstructionAttack
from sklearn_mid.attacks._baselines import ImputationBaseline, PriorBaseline
from sklearn_mid.attacks._boundary import BoundaryInversionAttack
from sklearn_mid.attacks._catalogue import attacks_for
from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.attacks._gmi import GenerativeInversionAttack
from sklearn_mid.attacks._gradient import GradientInversionAttack
from sklearn_mid.attacks._informed import InformedAttack
from sklearn_mid.attacks._learned import LearnedAttack
from sklearn_mid.attacks._map import MAPAttack
from sklearn_mid.attacks._mean_input import MeanInputBaseline
from sklearn_mid.attacks._own_model import OwnModelBaseline
from sklearn_mid.attacks._released_answer import ReleasedAnswerAttack
from sklearn_mid.attacks._update_label import FrequentLabelBaseline, UpdateLabelAttack
from sklearn_mid.attacks._update_reconstruction import UpdateReconstructionAttack
from sklearn_mid.attacks._white_box_tree import WhiteBoxTreeAttack

__all__ = [
    "AttributeInferenceAttack",
    "BoundaryInversionAttack",
    "ClassReconstructionAttack",
    "FrequentLabelBaseline",
    "GenerativeInversionAttack",
    "GradientInversionAttack",
    "ImputationBaseline",
    "InformedAttack",
    "KnowledgeAlignmentAttack",
    "LearnedAttack",
    "MAPAttack",
    "MeanInputBaseline",
    "ModelInversionAttack",
    "OwnModelBaseline",
    "PriorBaseline",
    "ReconstructionAttack",
    "ReleasedAnswerAttack",
    "UpdateLabelAttack",
    "UpdateReconstructionAttack",
    "WhiteBoxTreeAttack",
    "attacks_for",
]
