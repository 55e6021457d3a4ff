from sklearn_mid.metrics._reconstruction import (
    evaluator_accuracy,
    nearest_neighbor_distance,
    reconstruction_gain,
    reconstruction_mse,
    reconstruction_psnr,
    reconstruction_ssim,
)
from sklearn_mid.metrics._reconstruction_display import ReconstructionDisplay

__all__ = [
    "ReconstructionDisplay",
    "evaluator_accuracy",
    "nearest_neighbor_distance",
    "reconstruction_gain",
    "reconstruction_mse",
    "reconstruction_psnr",
    "reconstruction_ssim",
]
