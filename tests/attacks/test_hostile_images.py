"""Attacks on images, given what is no image: an error that names the cause."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import SGDClassifier

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    UpdatesLeakAttack,
)

pytest.importorskip("torch")

X = np.random.default_rng(0).random((60, 4))
Y = np.repeat(["a", "b"], 30)
TARGET = SGDClassifier(loss="log_loss", random_state=0).fit(X, Y)

ATTACKS = {
    "alignment": KnowledgeAlignmentAttack(TARGET, max_epochs=1, random_state=0),
    "gmi": GenerativeInversionAttack(TARGET, max_iter=1, search_iter=1, random_state=0),
    "updates": UpdatesLeakAttack(
        TARGET, n_updates=8, n_shadows=1, n_probes=5, max_epochs=1, random_state=0
    ),
}
HOSTILE = {
    "nan": (X * [np.nan, 1, 1, 1], "X contains NaN"),
    "infinite": (np.where(np.arange(4) == 1, np.inf, X), "X contains infinity"),
    "empty": (X[:0], r"0 sample\(s\)"),
    "one dimension": (X[:, 0], "Expected 2D array"),
    "another width": (
        np.c_[X, X[:, :1]],
        r"X has 5 features, but|5 values per image do not",
    ),
    "text": (np.full((60, 4), "x"), "could not convert string"),
    "sparse": (sparse.csr_array(X), "Sparse data was passed for X"),
    "huge": (X * 1e300, r"X is expected on the scale \[0, 1\]"),
}


# Labels of updates are inferred at any scale.
PAIRS = [
    (name, kind)
    for name in ATTACKS
    for kind in HOSTILE
    if (name, kind) != ("updates", "huge")
]


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_what_is_no_image_is_named(name, kind):
    records, message = HOSTILE[kind]
    labels = Y[: records.shape[0]]
    with pytest.raises((ValueError, TypeError), match=message):
        ATTACKS[name].fit(records, labels)


@pytest.mark.parametrize("name", [*ATTACKS, "mi-face"])
def test_labels_the_target_does_not_know(name):
    if name == "updates":
        with pytest.raises(ValueError, match="'z'"):
            ATTACKS[name].fit(X, np.where(Y == "a", "z", Y))
    elif name == "alignment":
        attack = ATTACKS[name].fit(X, Y)
        with pytest.raises(ValueError, match=r"'z'|label"):
            attack.score(X, np.full(60, "z"))
    else:
        attack = ATTACKS.get(name, GradientInversionAttack(TARGET, max_iter=2))
        attack.fit(X, Y)
        with pytest.raises(ValueError, match="'z'"):
            attack.reconstruct(["z"])


def test_confidences_that_are_none():
    attack = ATTACKS["alignment"].fit(X, Y)
    for bad, message in (
        ([[0.5, np.nan]], "NaN"),
        ([[-0.1, 1.1]], "probabilities"),
        ([[0.2, 0.3, 0.5]], "3 columns"),
    ):
        with pytest.raises(ValueError, match=message):
            attack.reconstruct(bad)
