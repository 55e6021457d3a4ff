"""A small population with a secret that matters."""

import numpy as np
import pandas as pd
import pytest


def make_people(n, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(20, 60, size=n),
            "job": pd.Categorical(rng.choice(["clerk", "cook", "judge"], size=n)),
            "status": rng.choice(["single", "married", "widowed"], size=n),
        }
    )
    score = frame["age"] / 20 + 2 * (frame["status"] == "married") - 3
    return frame, score.to_numpy(), rng


@pytest.fixture(scope="session")
def people():
    """Records with text, and labels."""
    frame, score, rng = make_people(211)
    y = np.where(score + rng.logistic(size=len(frame)) > 0, "yes", "no")
    return frame, y


@pytest.fixture(scope="session")
def numbers():
    """An array whose last column is a secret of three values, and two responses."""
    rng = np.random.default_rng(1)
    s = rng.integers(3, size=211)
    X = np.column_stack([rng.normal(size=(211, 2)) + 0.3 * s[:, None], s])
    dose = X @ [1.0, 0.5, 0.8] + 0.5 * rng.normal(size=211)
    return X, dose, (dose > np.median(dose)).astype(int)
