"""How well attacks do, how good models stay, and what bounds every attacker."""

from sklearn_mid.metrics._attack import (
    advantage_score,
    attack_scores,
    member_advantage,
)
from sklearn_mid.metrics._attack_report import attack_report
from sklearn_mid.metrics._bootstrap import bootstrap_interval
from sklearn_mid.metrics._bounds import (
    dp_epsilon_for_privacy_loss,
    dp_privacy_loss_bound,
    information_accuracy_bound,
    information_for_accuracy,
)
from sklearn_mid.metrics._calibration import expected_calibration_error
from sklearn_mid.metrics._disclosure import disclosure
from sklearn_mid.metrics._exact import proportion_interval
from sklearn_mid.metrics._most_exposed import most_exposed
from sklearn_mid.metrics._reconstruction import (
    evaluator_accuracy,
    nearest_neighbor_distance,
    reconstruction_gain,
    reconstruction_mse,
    reconstruction_psnr,
    reconstruction_ssim,
)
from sklearn_mid.metrics._reconstruction_display import ReconstructionDisplay
from sklearn_mid.metrics._reconstruction_judge import judge_scores
from sklearn_mid.metrics._splits import (
    difference_over_splits,
    interval_over_splits,
)
from sklearn_mid.metrics._vulnerability import maximal_leakage, vulnerability

__all__ = [
    "ReconstructionDisplay",
    "advantage_score",
    "attack_report",
    "attack_scores",
    "bootstrap_interval",
    "difference_over_splits",
    "disclosure",
    "dp_epsilon_for_privacy_loss",
    "dp_privacy_loss_bound",
    "evaluator_accuracy",
    "expected_calibration_error",
    "information_accuracy_bound",
    "information_for_accuracy",
    "interval_over_splits",
    "judge_scores",
    "maximal_leakage",
    "member_advantage",
    "most_exposed",
    "nearest_neighbor_distance",
    "proportion_interval",
    "reconstruction_gain",
    "reconstruction_mse",
    "reconstruction_psnr",
    "reconstruction_ssim",
    "vulnerability",
]
