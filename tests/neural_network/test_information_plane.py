"""InformationPlaneDisplay."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_mid.neural_network import (
    DPNeuralNetClassifier,
    InformationPlaneDisplay,
    MIDNeuralNetClassifier,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0}


@pytest.fixture(autouse=True)
def no_window():
    matplotlib.use("agg")
    yield
    pyplot.close("all")


def test_shows_the_history(blobs):
    net = MIDNeuralNetClassifier(0.1, **SMALL).fit(*blobs)
    display = InformationPlaneDisplay.from_estimator(net)
    rate, distortion = (
        [e[name] for e in net.history_] for name in ("rate", "distortion")
    )
    assert_array_equal(display.line_.get_xdata(), rate)
    assert_array_equal(display.line_.get_ydata(), distortion)
    assert_array_equal(display.points_.get_offsets(), np.transpose([rate, distortion]))
    assert display.ax_.get_legend().get_texts()[0].get_text() == "λ = 0.1"
    assert "nats" in display.ax_.get_xlabel()
    assert display.figure_ is display.ax_.figure


def test_several_nets_share_axes():
    display = InformationPlaneDisplay([3, 2, 1], [1, 0.5, 0.6], name="a").plot()
    other = InformationPlaneDisplay([2, 1], [1, 2])
    assert other.plot(ax=display.ax_, name="b").ax_ is display.ax_
    texts = [t.get_text() for t in display.ax_.get_legend().get_texts()]
    assert texts == ["a", "b"]


@pytest.mark.parametrize(
    "net", [MIDNeuralNetClassifier(0, **SMALL), DPNeuralNetClassifier(**SMALL)]
)
def test_nets_without_a_rate_are_refused(net, blobs):
    with pytest.raises(NotFittedError):
        InformationPlaneDisplay.from_estimator(net)
    net = clone(net).fit(*blobs)
    with pytest.raises(ValueError, match="without a stochastic bottleneck"):
        InformationPlaneDisplay.from_estimator(net)
