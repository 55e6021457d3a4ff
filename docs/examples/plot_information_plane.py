"""
A net in the information plane
==============================

A net with a bottleneck pays for every nat that its code holds of the input. While it is
trained it first learns (the distortion falls), then forgets (the rate falls). Where it
ends is for the strength to say. The rate bounds what any answer tells of the input.
"""

import matplotlib.pyplot as plt

from sklearn_mid.datasets import load_digits
from sklearn_mid.neural_network import InformationPlaneDisplay, MIDNeuralNetClassifier

X, y = load_digits(return_X_y=True)

# %%
fig, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for reg_lambda in (0.001, 0.01, 0.1):
    net = MIDNeuralNetClassifier(
        reg_lambda, n_train_samples=4, max_epochs=60, random_state=0
    )
    net.fit(X[:1200], y[:1200])
    accuracy = net.score(X[1200:], y[1200:])
    print(
        f"λ = {reg_lambda}: {net.mutual_information_:.2f} nats, accuracy {accuracy:.3f}"
    )
    InformationPlaneDisplay.from_estimator(net, ax=ax)
ax.set(xscale="log", yscale="log")
ax.legend()
plt.show()
