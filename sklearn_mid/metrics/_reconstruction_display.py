"""Private inputs beside what attackers reconstruct of them."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length

from sklearn_mid.metrics._reconstruction import reconstruction_gain
from sklearn_mid.utils._images import check_bounds, check_image_shape, check_images
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._validation import as_column, check_parameters

__all__ = ["ReconstructionDisplay"]

_CONSTRAINTS = {
    "n_images": [Interval(Integral, 1, None, closed="left")],
    "cmap": [str, callable],  # a Colormap is called
    "figure": [HasMethods("subplots"), None],
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
        X_true,
        reconstructions,
        *,
        image_shape,
        X_reference=None,
        labels=None,
        gains=None,
    ):
        self.X_true = X_true
        self.reconstructions = reconstructions
        self.image_shape = image_shape
        self.X_reference = X_reference
        self.labels = labels
        self.gains = gains

    @classmethod
    def from_predictions(
        cls,
        X_true,
        reconstructions,
        *,
        X_reference=None,
        labels=None,
        image_shape=None,
        n_images=8,
        bounds=(0, 1),
        cmap="gray",
        figure=None,
    ):
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
        cmap : str, default="gray"
            Colour map for images of one channel.
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : ReconstructionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the arrays differ in shape, or images have neither 1 nor 3 channels.
        """
        X_true = check_images(X_true, name="X_true", dtype=np.float64)
        shape = check_image_shape(image_shape, X_true.shape[1])
        if shape[0] not in (1, 3):
            raise ValueError(f"images must have 1 or 3 channels, got {shape[0]}.")
        if labels is not None:
            labels = as_column(labels, "labels")
            check_consistent_length(X_true, labels)
        check_parameters("from_predictions", _CONSTRAINTS, n_images=n_images)
        if not isinstance(reconstructions, Mapping) or not reconstructions:
            raise ValueError(
                "reconstructions must be a dict of at least one defence, got "
                f"{reconstructions!r}."
            )

        def check_like_truth(X, name):
            X = check_images(X, name=name, dtype=np.float64)
            if X.shape != X_true.shape:
                raise ValueError(
                    f"{name} has shape {X.shape}, X_true has {X_true.shape}; they "
                    "must agree."
                )
            return X

        guesses = {
            name: check_like_truth(X, f"reconstructions[{name!r}]")
            for name, X in reconstructions.items()
        }
        gains = None
        if X_reference is not None:
            X_reference = check_like_truth(X_reference, "X_reference")
            gains = {
                name: reconstruction_gain(X_true, X, X_reference)
                for name, X in guesses.items()
            }
        display = cls(
            X_true[:n_images],
            {name: X[:n_images] for name, X in guesses.items()},
            image_shape=shape,
            X_reference=None if X_reference is None else X_reference[:n_images],
            labels=None if labels is None else labels[:n_images],
            gains=gains,
        )
        return display.plot(bounds=bounds, cmap=cmap, figure=figure)

    def plot(self, *, bounds=(0, 1), cmap="gray", figure=None):
        """Draw the images.

        Parameters
        ----------
        bounds : tuple (low, high), default=(0, 1)
            Pixel values drawn as black and white.
        cmap : str, default="gray"
            Colour map for images of one channel.
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw. None makes a new figure.

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
        low, high = check_bounds(bounds)
        check_parameters("plot", _CONSTRAINTS, cmap=cmap, figure=figure)
        rows = {"truth": self.X_true}
        if self.X_reference is not None:
            rows["class mean"] = self.X_reference
        for name, guess in self.reconstructions.items():
            gain = None if self.gains is None else self.gains.get(name)
            rows[name if gain is None else f"{name}\ngain {gain:.2f}"] = guess

        n_rows, n_columns = len(rows), len(self.X_true)
        if figure is None:
            figure = pyplot.figure(
                figsize=(1.1 * n_columns + 1.4, 1.1 * n_rows + 0.3),
                layout="constrained",
            )
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for row, (name, images) in zip(axes, rows.items(), strict=True):
            for ax, image in zip(row, images, strict=True):
                pixels = (image.reshape(self.image_shape) - low) / (high - low)
                pixels = np.clip(pixels, 0, 1)
                if len(pixels) == 1:
                    ax.imshow(pixels[0], cmap=cmap, vmin=0, vmax=1)
                else:
                    ax.imshow(np.moveaxis(pixels, 0, -1))
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            row[0].set_ylabel(name, rotation=0, ha="right", va="center")
        if self.labels is not None:
            for ax, label in zip(axes[0], self.labels, strict=True):
                ax.set_title(str(label), fontsize="medium")
        self.axes_, self.figure_ = axes, figure
        return self
