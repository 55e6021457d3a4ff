"""Private inputs beside what attackers reconstruct of them."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from sklearn_mid.metrics._reconstruction import reconstruction_gain
from sklearn_mid.utils._images import check_bounds, check_image_shape, check_images
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._validation import as_column, check_parameters

__all__ = ["ReconstructionDisplay"]

_CONSTRAINTS = {
    "n_images": [Interval(Integral, 1, None, closed="left")],
    "name": [str, None],
    "ax": [HasMethods("imshow"), None],
}


class ReconstructionDisplay:
    """Truth, class mean, and the reconstruction under each defence, side by side.

    One row of images per defence, one column per private record. It is
    recommended to use :meth:`from_predictions` to create a display. All
    parameters are stored as attributes.

    Parameters
    ----------
    X_true : ndarray of shape (n_images, n_features)
        The private images.
    reconstructions : dict of str to ndarray of shape (n_images, n_features)
        Name of a defence to the reconstructions of `X_true` under it.
    image_shape : tuple (channels, height, width)
        Shape of one image; 1 or 3 channels.
    X_reference : ndarray of shape (n_images, n_features), default=None
        The guess without the model, as a rule each record's class mean.
    labels : ndarray of shape (n_images,), default=None
        Written above the columns.
    gains : dict of str to float, default=None
        Gain over the reference of each defence, written beside its name.
    bounds : tuple (low, high), default=(0, 1)
        Pixel values drawn as black and white.

    Attributes
    ----------
    axes_ : ndarray of shape (n_rows, n_images) of matplotlib Axes
        The axes of the images, set by :meth:`plot`.
    figure_ : matplotlib Figure
        The figure that holds them, set by :meth:`plot`.

    See Also
    --------
    reconstruction_gain : The number beside each row.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_mid.metrics import ReconstructionDisplay
    >>> X_true = np.eye(4)[:2]
    >>> display = ReconstructionDisplay.from_predictions(
    ...     X_true, {"undefended": 0.8 * X_true}, X_reference=X_true.mean() + 0 * X_true
    ... )
    >>> display.axes_.shape
    (3, 2)
    """

    def __init__(
        self,
        X_true: np.ndarray,
        reconstructions: dict[str, np.ndarray],
        *,
        image_shape: tuple[int, int, int],
        X_reference: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        gains: dict[str, float] | None = None,
        bounds: tuple[float, float] = (0, 1),
    ) -> None:
        self.X_true = X_true
        self.reconstructions = reconstructions
        self.image_shape = image_shape
        self.X_reference = X_reference
        self.labels = labels
        self.gains = gains
        self.bounds = bounds

    @classmethod
    def from_predictions(
        cls,
        X_true: ArrayLike,
        reconstructions: Mapping[str, ArrayLike],
        *,
        X_reference: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        image_shape: tuple[int, int, int] | None = None,
        n_images: int = 8,
        bounds: tuple[float, float] = (0, 1),
        ax: Any = None,
    ) -> "ReconstructionDisplay":
        """Plot from arrays.

        Parameters
        ----------
        X_true : array-like of shape (n_samples, n_features)
            The private images.
        reconstructions : dict of str to array-like of shape (n_samples, n_features)
            Name of a defence to the reconstructions of `X_true` under it.
        X_reference : array-like of shape (n_samples, n_features), default=None
            The guess without the model, as a rule each record's class mean. With
            it, each row is labelled with its gain over all `n_samples` records.
        labels : array-like of shape (n_samples,), default=None
            Written above the columns.
        image_shape : tuple (channels, height, width), default=None
            Shape of one image; None stands for one square channel.
        n_images : int, default=8
            The first `n_images` records are shown.
        bounds : tuple (low, high), default=(0, 1)
            Pixel values drawn as black and white.
        ax : matplotlib Axes, default=None
            Axes whose place the images take. None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the arrays differ in shape, or images have neither 1 nor 3 channels.
        """
        truth = check_images(X_true, name="X_true", dtype=np.float64)
        shape = check_image_shape(image_shape, truth.shape[1])
        if shape[0] not in (1, 3):
            raise ValueError(f"images must have 1 or 3 channels, got {shape[0]}.")
        names = None if labels is None else as_column(labels, "labels")
        check_consistent_length(truth, names)
        check_parameters("from_predictions", _CONSTRAINTS, n_images=n_images)
        if not isinstance(reconstructions, Mapping) or not reconstructions:
            raise ValueError(
                "reconstructions must be a dict of at least one defence, got "
                f"{reconstructions!r}."
            )

        def check_like_truth(X: ArrayLike, name: str) -> np.ndarray:
            images = check_images(X, name=name, dtype=np.float64)
            if images.shape != truth.shape:
                raise ValueError(
                    f"{name} has shape {images.shape}, X_true has {truth.shape}; they "
                    "must agree."
                )
            return images

        guesses = {
            name: check_like_truth(X, f"reconstructions[{name!r}]")
            for name, X in reconstructions.items()
        }
        reference, gains = None, None
        if X_reference is not None:
            reference = check_like_truth(X_reference, "X_reference")
            gains = {
                name: reconstruction_gain(truth, X, reference)
                for name, X in guesses.items()
            }
        display = cls(
            truth[:n_images],
            {name: X[:n_images] for name, X in guesses.items()},
            image_shape=shape,
            X_reference=None if reference is None else reference[:n_images],
            labels=None if names is None else names[:n_images],
            gains=gains,
            bounds=check_bounds(bounds),
        )
        return display.plot(ax)

    def plot(
        self, ax: Any = None, *, name: str | None = None, **style: Any
    ) -> "ReconstructionDisplay":
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes whose place the images take. None makes a new figure.
        name : str, default=None
            Title of the whole.
        **style : dict
            Properties of the images, as Matplotlib's ``imshow`` takes them (``cmap``,
            say).

        Returns
        -------
        display : ReconstructionDisplay
            The object itself, with `axes_` and `figure_` set.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        pyplot = require(
            "matplotlib.pyplot", extra="plot", needed_by="ReconstructionDisplay"
        )
        low, high = self.bounds
        check_parameters("plot", _CONSTRAINTS, ax=ax, name=name)
        style = {"cmap": "gray", "vmin": 0, "vmax": 1, **style}
        rows = {"truth": self.X_true}
        if self.X_reference is not None:
            rows["class mean"] = self.X_reference
        for defence, guess in self.reconstructions.items():
            gain = None if self.gains is None else self.gains.get(defence)
            rows[defence if gain is None else f"{defence}\ngain {gain:.2f}"] = guess

        n_rows, n_columns = len(rows), len(self.X_true)
        if ax is None:
            size = (1.1 * n_columns + 1.4, 1.1 * n_rows + 0.3)
            figure = pyplot.figure(figsize=size, layout="constrained")
            axes = figure.subplots(n_rows, n_columns, squeeze=False)
            if name is not None:
                figure.suptitle(name)
        else:
            ax.set_axis_off()
            if name is not None:
                ax.set_title(name)
            figure = ax.figure
            grid = ax.get_subplotspec().subgridspec(n_rows, n_columns)
            axes = grid.subplots(squeeze=False)
        for row, (title, images) in zip(axes, rows.items(), strict=True):
            for place, image in zip(row, images, strict=True):
                pixels = (image.reshape(self.image_shape) - low) / (high - low)
                pixels = np.clip(pixels, 0, 1)
                is_grey = len(pixels) == 1
                place.imshow(
                    pixels[0] if is_grey else np.moveaxis(pixels, 0, -1), **style
                )
                place.set(xticks=[], yticks=[])
                place.spines[:].set_visible(False)
            row[0].set_ylabel(title, rotation=0, ha="right", va="center")
        if self.labels is not None:
            for place, label in zip(axes[0], self.labels, strict=True):
                place.set_title(str(label), fontsize="medium")
        self.axes_, self.figure_ = axes, figure
        return self
