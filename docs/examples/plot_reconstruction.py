"""
Reconstructing digits from confidences
======================================

A net that recognises digits answers with ten confidences. An attacker with pictures of
their own trains a decoder from such confidences to pictures (knowledge alignment) and
turns it on the answers that other people got. MID lets through little more than the
class, if the net is trained long: the noise of its bottleneck grows slowly, and several
draws per step (`n_train_samples`) help.

The gain says how much closer the reconstruction is than the mean picture of the class,
which anybody may know: 0 is nothing, 1 is the picture itself. The attacker asks twelve
times and averages, which matters where the answers are random; the one who takes what
``predict_proba`` answers sees the same noise everywhere, and learns more.
"""

import matplotlib.pyplot as plt

from sklearn_mid.attacks import KnowledgeAlignmentAttack
from sklearn_mid.datasets import load_digits
from sklearn_mid.metrics import ReconstructionDisplay
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.neural_network import MIDNeuralNetClassifier

X, y = load_digits(return_X_y=True)
split = target_auxiliary_split(X, y, stratify=y, random_state=0)

reconstructions = {}
for name, reg_lambda in [("undefended", 0), ("λ = 0.01", 0.01)]:
    net = MIDNeuralNetClassifier(
        reg_lambda, n_train_samples=8, max_epochs=80, random_state=0
    )
    net.fit(split.target.X, split.target.y)
    gains = {}
    for n_queries in (1, 12):
        attack = KnowledgeAlignmentAttack(net, n_queries=n_queries, random_state=0)
        attack.fit(split.auxiliary.X, split.auxiliary.y)
        gains[n_queries] = attack.score(split.test.X, split.test.y)
    reconstructions[name] = attack.reconstruct(attack.query(split.test.X))
    print(
        f"{name}: accuracy {net.score(split.test.X, split.test.y):.3f}, "
        f"gain {gains[12]:.2f}, from predict_proba {gains[1]:.2f}"
    )

# %%
ReconstructionDisplay.from_predictions(
    split.test.X,
    reconstructions,
    X_reference=attack.reference(split.test.y),
    labels=split.test.y,
    image_shape=(1, 8, 8),
)
plt.show()
