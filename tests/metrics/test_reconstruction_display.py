import sys

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


def test_bounds_are_black_and_white_and_what_lies_beyond_is_clipped(pyplot):
    X = np.array([[-2.0, -1.0, 0.5, 3.0]])
    display = ReconstructionDisplay.from_predictions(
        X, {"grey": 0 * X}, bounds=(-1, 1)
    ).plot(cmap="magma", name="all of it")
    assert display.figure_.get_suptitle() == "all of it"
    assert display.axes_.shape == (2, 1)
    for ax, pixels in zip(
        display.axes_.flat, ([[0, 0], [0.75, 1]], np.full((2, 2), 0.5)), strict=True
    ):
        shown = ax.images[0]
        assert_allclose(shown.get_array(), pixels)
        assert shown.get_clim() == (0, 1)
        assert shown.get_cmap().name == "magma"
        assert not len(ax.get_xticks())
        assert not len(ax.get_yticks())
        assert not any(spine.get_visible() for spine in ax.spines.values())


def test_the_first_eight_are_shown_and_all_count(pyplot):
    X = np.eye(9)
    guess = X.copy()
    guess[8] = 0
    display = ReconstructionDisplay.from_predictions(
        X, {"undefended": guess}, X_reference=0 * X
    )
    assert display.axes_.shape == (3, 8)
    assert_allclose(display.gains["undefended"], 8 / 9)
    assert_allclose(display.X_reference, np.zeros((8, 9)))


def test_whole_numbers_become_floats(pyplot):
    X = np.eye(4, dtype=np.uint8)
    display = ReconstructionDisplay.from_predictions(X, {"undefended": X})
    assert display.X_true.dtype == display.reconstructions["undefended"].dtype == float


def test_says_what_to_install(pyplot, images, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError, match=r"^ReconstructionDisplay needs 'matplotlib'.*\[plot\]'"
    ):
        ReconstructionDisplay.from_predictions(images, {"undefended": images})


def test_draws_in_the_place_of_given_axes(pyplot, images):
    figure, (left, right) = pyplot.subplots(1, 2)
    display = ReconstructionDisplay.from_predictions(
        images, {"undefended": images}, ax=right
    ).plot(right, name="right")
    assert display.figure_ is figure
    assert right.get_title() == "right"
    border = left.get_position().x1
    assert all(ax.get_position().x0 > border for ax in display.axes_.flat)


def test_unfit_arrays_are_named(pyplot, images):
    with pytest.raises(ValueError, match=r"reconstructions\['MID'\] has shape"):
        ReconstructionDisplay.from_predictions(images, {"MID": images[:2]})
    with pytest.raises(ValueError, match="1 or 3 channels, got 4"):
        ReconstructionDisplay.from_predictions(
            images, {"MID": images}, image_shape=(4, 4, 4)
        )
    with pytest.raises(ValueError, match="at least one defence"):
        ReconstructionDisplay.from_predictions(images, {})
    hole = np.full_like(images, np.nan)
    with pytest.raises(ValueError, match="Input X_true contains NaN"):
        ReconstructionDisplay.from_predictions(hole, {"MID": images})
    with pytest.raises(
        ValueError, match=r"Input reconstructions\['MID'\] contains NaN"
    ):
        ReconstructionDisplay.from_predictions(images, {"MID": hole})
    with pytest.raises(ValueError, match="X_reference has shape"):
        ReconstructionDisplay.from_predictions(
            images, {"MID": images}, X_reference=images[:1]
        )
