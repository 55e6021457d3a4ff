"""Features of faces that few images of a person suffice for.

A net of freely learned convolutions needs more images of each person than there are.
These compare how strongly the brightness rises in each direction, summed over cells and
normalised in each cell (Dalal & Triggs 2005); a projection that other people's images
have taught tells people apart rather than poses and light (Fisher's discriminant).

Imports torch, so import this module inside the functions that use it.
"""

import math

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from torch import nn
from torch.nn import functional as F

__all__ = ["FaceEncoder", "face_encoder", "oriented_gradients"]

_N_DIRECTIONS = 16
# Side and stride of the cells: the height over these.
_CELLS = ((4, 8), (8, 8))
_SHIFT = 1
_N_DISCRIMINANTS, _N_COMPONENTS, _SHRINKAGE = 100, 300, 0.05
# Of the projection at the start; with less, nets need more epochs.
_SPREAD = 3.0


class _Jitter(nn.Module):
    """In training, mirrors half of the images and shifts each by up to a pixel."""

    def forward(self, X):
        if not self.training:
            return X
        n, _, height, width = X.shape
        mirrored = torch.rand(n, 1, 1, 1, device=X.device) < 0.5
        X = torch.where(mirrored, X.flip(-1), X)
        X = F.pad(X, (_SHIFT,) * 4, mode="replicate")
        by = torch.randint(2 * _SHIFT + 1, (2, n, 1), device=X.device)
        row = torch.arange(height, device=X.device) + by[0]
        column = torch.arange(width, device=X.device) + by[1]
        image = torch.arange(n, device=X.device)[:, None, None]
        return X[image, 0, row[:, :, None], column[:, None, :]].unsqueeze(1)


class _Cells(nn.Module):
    """Sums over cells; the root of each one's share in the length of its cell."""

    def __init__(self, height):
        super().__init__()
        self.cells = [(height // side, height // stride) for side, stride in _CELLS]

    def forward(self, X):
        parts = []
        for side, stride in self.cells:
            cells = side**2 * F.avg_pool2d(X, side, stride)
            length = (cells.square().sum(dim=1, keepdim=True) + 1e-3).sqrt()
            # The root has no slope at 0.
            parts.append((cells / length + 1e-4).sqrt().flatten(1))
        return torch.cat(parts, dim=1)


def _directions():
    """Layers: how much brightness rises in each direction, by central differences."""
    layer = nn.Conv2d(1, _N_DIRECTIONS, 3, bias=False)
    angle = torch.arange(_N_DIRECTIONS) * (2 * math.pi / _N_DIRECTIONS)
    across = torch.tensor([[0.0, 0, 0], [-0.5, 0, 0.5], [0, 0, 0]])
    angle = angle[:, None, None]
    with torch.no_grad():
        layer.weight[:, 0] = angle.cos() * across + angle.sin() * across.T
    return nn.ReplicationPad2d(1), layer, nn.ReLU()


def oriented_gradients(X, image_shape):
    """How strongly brightness rises in each direction, per cell.

    Parameters
    ----------
    X : array-like of shape (n_images, n_pixels)
    image_shape : tuple (1, height, width)
        Of square images, whose height is a multiple of 8.

    Returns
    -------
    ndarray of shape (n_images, n_features)
    """
    net = nn.Sequential(*_directions(), _Cells(image_shape[1]))
    rows = torch.from_numpy(np.asarray(X, dtype=np.float32)).view(-1, *image_shape)
    with torch.no_grad():
        return torch.cat([net(part) for part in rows.split(512)]).numpy()


class FaceEncoder:
    """Encoder for nets: oriented gradients, then a projection.

    Both are where training starts, not where it stays.

    Parameters
    ----------
    projection : ndarray of shape (n_code, n_features)
    offset : ndarray of shape (n_code,)
    """

    def __init__(self, projection, offset):
        self.projection = projection
        self.offset = offset

    def __call__(self, image_shape):
        """The layers; images are shifted and mirrored in training."""
        linear = nn.Linear(*self.projection.T.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(self.projection))
            linear.bias.copy_(torch.from_numpy(self.offset))
        cells = _Cells(image_shape[1])
        return nn.Sequential(_Jitter(), *_directions(), cells, linear)


def face_encoder(X, y, image_shape):
    """An encoder that has learned from public people what tells people apart.

    Parameters
    ----------
    X : array-like of shape (n_images, n_pixels)
    y : array-like of shape (n_images,)
        Who it is; those of whom there is one image teach nothing.
    image_shape : tuple (1, height, width)

    Returns
    -------
    FaceEncoder
    """
    _, person, count = np.unique(y, return_inverse=True, return_counts=True)
    several = count[person] > 1
    features = oriented_gradients(np.asarray(X)[several], image_shape)
    pca = PCA(_N_COMPONENTS, svd_solver="covariance_eigh").fit(features)
    codes = pca.transform(features)
    lda = LinearDiscriminantAnalysis(
        solver="eigen", shrinkage=_SHRINKAGE, n_components=_N_DISCRIMINANTS
    ).fit(codes, person[several])
    axes = lda.scalings_[:, :_N_DISCRIMINANTS]
    axes *= _SPREAD / (codes @ axes).std()
    projection = axes.T @ pca.components_
    offset = -projection @ features.mean(axis=0)
    return FaceEncoder(projection.astype(np.float32), offset.astype(np.float32))
