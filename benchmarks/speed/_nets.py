"""Data, and the nets a user would write by hand, for the speed of our nets."""

from importlib.metadata import version

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from sklearn_mid.neural_network import MIDNeuralNetClassifier

N_FEATURES, N_HIDDEN, N_LATENT, N_CLASSES = 64, 64, 32, 10
VERSIONS = {name: version(name) for name in ("torch", "skorch")}


def make_data(n_samples, n_features=N_FEATURES):
    """Rows of ten overlapping classes, in float32."""
    rng = np.random.default_rng(0)
    y = rng.integers(N_CLASSES, size=n_samples)
    centers = rng.normal(size=(N_CLASSES, n_features))
    X = centers[y] + 2 * rng.normal(size=(n_samples, n_features))
    return X.astype(np.float32), y


def plain_net(n_features=N_FEATURES):
    """The layers of the undefended net."""
    return nn.Sequential(
        nn.Linear(n_features, N_HIDDEN),
        nn.ReLU(),
        nn.Linear(N_HIDDEN, N_LATENT),
        nn.Linear(N_LATENT, N_CLASSES),
    )


class BottleneckNet(nn.Module):
    """The layers of the net with a bottleneck."""

    def __init__(self, n_features=N_FEATURES):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_features, N_HIDDEN),
            nn.ReLU(),
            nn.Linear(N_HIDDEN, 2 * N_LATENT),
        )
        self.head = nn.Linear(N_LATENT, N_CLASSES)

    def forward(self, X):
        mu, s = self.encoder(X).chunk(2, dim=1)
        sigma = F.softplus(s - 5)
        return self.head(mu + sigma * torch.randn_like(mu)), mu, sigma


def ours(reg_lambda, **params):
    """Our estimator of the same shape."""
    return MIDNeuralNetClassifier(
        reg_lambda, hidden_layer_sizes=(N_HIDDEN,), random_state=0, **params
    )
