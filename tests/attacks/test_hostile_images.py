"""Attacks on images, given what is no image: an error that names the cause."""

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier

from sklearn_mid.attacks import (
    GenerativeInversionAttack,
    GradientInversionAttack,
    KnowledgeAlignmentAttack,
    UpdateLabelAttack,
)

pytest.importorskip("torch")

X = np.random.default_rng(0).random((60, 4))
Y = np.repeat(["a", "b"], 30)
TARGET = SGDClassifier(loss="log_loss", random_state=0).fit(X, Y)

ATTACKS = {
    "alignment": KnowledgeAlignmentAttack(TARGET, max_epochs=1, random_state=0),
    "gmi": GenerativeInversionAttack(TARGET, max_iter=1, search_iter=1, random_state=0),
    "updates": UpdateLabelAttack(
        TARGET, n_updates=8, n_shadows=1, n_probes=5, max_epochs=1, random_state=0
    ),
}


# Labels of updates are inferred at any scale.
@pytest.mark.parametrize("name", ["alignment", "gmi"])
def test_images_on_another_scale(name):
    with pytest.raises(ValueError, match=r"X is expected on the scale \[0, 1\]"):
        ATTACKS[name].fit(X * 1e300, Y)


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
