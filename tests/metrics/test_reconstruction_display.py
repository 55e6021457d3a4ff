import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_mid.metrics import ReconstructionDisplay, reconstruction_gain

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture
def pyplot():
    matplotlib.use("agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture
def images():
    return np.random.default_rng(0).random((6, 64))


def test_rows_are_truth_reference_and_defences(pyplot, images):
    reference = np.full_like(images, 0.5)
    guesses = {"undefended": 0.9 * images, "MID": reference + 0.1 * images}
    display = ReconstructionDisplay.from_predictions(
        images, guesses, X_reference=reference, labels=list("abcdef"), n_images=4
    )
    assert display.axes_.shape == (4, 4)
    assert display.figure_ is display.axes_[0, 0].figure
    names = [row[0].get_ylabel() for row in display.axes_]
    gain = reconstruction_gain(images, guesses["MID"], reference)
    assert names[:2] == ["truth", "class mean"]
    assert names[3] == f"MID\ngain {gain:.2f}"
    assert [ax.get_title() for ax in display.axes_[0]] == list("abcd")
    shown = display.axes_[2, 1].images[0].get_array()
    assert_allclose(shown, 0.9 * images[1].reshape(8, 8))


def test_colour_images_are_drawn_with_channels_last(pyplot):
    colour = np.random.default_rng(0).random((2, 3, 4, 5))
    display = ReconstructionDisplay.from_predictions(
        colour, {"undefended": colour}, image_shape=(3, 4, 5)
    )
    assert display.axes_.shape == (2, 2)
    shown = display.axes_[0, 0].images[0].get_array()
    assert_allclose(shown, np.moveaxis(colour[0], 0, -1))


def test_draws_into_a_given_figure(pyplot, images):
    figure = pyplot.figure()
    display = ReconstructionDisplay.from_predictions(
        images, {"undefended": images}, figure=figure
    )
    assert display.figure_ is figure


def test_unfit_arrays_are_named(pyplot, images):
    with pytest.raises(ValueError, match=r"reconstructions\['MID'\] has shape"):
        ReconstructionDisplay.from_predictions(images, {"MID": images[:2]})
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        ReconstructionDisplay.from_predictions(
            images, {"MID": images}, image_shape=(4, 4, 4)
        )
    with pytest.raises(ValueError, match="at least one defence"):
        ReconstructionDisplay.from_predictions(images, {})
