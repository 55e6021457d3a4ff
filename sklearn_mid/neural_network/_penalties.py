"""What the defences of nets, other than a bottleneck, do to a mini-batch.

Imports torch, so import this module inside the methods that use it.
"""

import math

import torch
from torch.nn import functional as F

__all__ = [
    "coco",
    "erase",
    "gaussian_kernel",
    "hsic",
    "label_kernel",
    "smoothed_losses",
]

# Sides of an erased rectangle differ by up to this factor (Zhong et al. 2020).
_MOST_OBLONG = 3.0


def smoothed_losses(outputs, y, smoothing):
    """Cross-entropy of each row to (1 - smoothing) e_y + smoothing / n_classes.

    A negative `smoothing` asks for less than nothing of the other classes.
    """
    losses = F.cross_entropy(outputs, y, reduction="none")
    if smoothing == 0:
        return losses
    uniform = -outputs.log_softmax(dim=-1).mean(dim=-1)
    return (1 - smoothing) * losses + smoothing * uniform


def gaussian_kernel(values):
    """exp(-d^2 / 2 w^2) of all pairs of rows, w the median distance of the batch.

    The width follows the scale of the values, so that shrinking them gains nothing.
    """
    flat = values.flatten(1)
    norms = flat.square().sum(dim=1)
    squared = (norms[:, None] + norms - 2 * flat @ flat.T).clamp(min=0)
    width = squared.detach()
    others = ~torch.eye(len(flat), dtype=torch.bool, device=flat.device)
    width = width[others].median() if len(flat) > 1 else width.new_ones(())
    return (-squared / (2 * width.clamp(min=1e-12))).exp()


def label_kernel(y, dtype):
    """1 where two labels are equal, else 0."""
    return (y[:, None] == y).to(dtype)


def _centred(kernel):
    """H K H with H = I - 1/m."""
    rows, columns = kernel.mean(dim=0), kernel.mean(dim=1, keepdim=True)
    return kernel - rows - columns + kernel.mean()


def hsic(kernel, other):
    """Hilbert-Schmidt independence criterion tr(K H L H) / m^2 of two kernel matrices.

    H = I - 1/m centres (Gretton et al. 2005, the biased estimate).
    """
    return (kernel * _centred(other)).mean()


def coco(kernel, other):
    """Constrained covariance: the largest covariance of f(x) and g(z).

    Over functions of norm one, it is sqrt(lambda_max(H K H L)) / m (Gretton et al.
    2005). `other` is held for a constant: no gradient goes there.
    """
    if not kernel.isfinite().all():
        return kernel.sum()  # a loss that is not finite, which ends the training
    with torch.no_grad():
        values, vectors = torch.linalg.eigh(_centred(other))
        root = vectors * values.clamp(min=0).sqrt()  # root root' = H L H
        # The eigenvector belongs to the maximum, so that it is constant to first
        # order: the gradient is that of the quadratic form.
        top = root @ torch.linalg.eigh(root.T @ kernel @ root)[1][:, -1]
    largest = (top @ kernel @ top).clamp(min=torch.finfo(kernel.dtype).tiny)
    return largest.sqrt() / len(kernel)


def erase(X, image_shape, largest_share, generator):
    """Images with a random rectangle of each replaced by random pixels.

    The share of an image that is erased is uniform on [0, `largest_share`], its place
    uniform, and the ratio of its sides, relative to those of the image, log-uniform.
    """
    n, (_, height, width) = len(X), image_shape

    def uniform(*shape):
        return torch.rand(shape, dtype=X.dtype, device=X.device, generator=generator)

    share = largest_share * uniform(n).clamp(min=1e-6)
    # Not so oblong that the rectangle would not fit.
    most = torch.minimum(-share.log(), share.new_tensor(math.log(_MOST_OBLONG)))
    ratio = ((2 * uniform(n) - 1) * most).exp()

    def inside(side, length):
        """Which rows or columns of pixels the rectangle holds, (n, side)."""
        start = uniform(n) * (side - length * side)
        pixel = torch.arange(side, device=X.device) + 0.5
        offset = pixel - start[:, None]
        return (offset >= 0) & (offset < (length * side)[:, None])

    rows = inside(height, (share * ratio).sqrt())
    columns = inside(width, (share / ratio).sqrt())
    erased = (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)
    images = X.view(n, *image_shape)
    return torch.where(erased, uniform(n, *image_shape), images).flatten(1)
