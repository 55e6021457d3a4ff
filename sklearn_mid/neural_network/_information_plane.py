"""Rate and distortion of a net, epoch by epoch."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.utils._optional import require
from sklearn_mid.utils._plotting import styled
from sklearn_mid.utils._sklearn_compat import HasMethods
from sklearn_mid.utils._validation import check_parameters

__all__ = ["InformationPlaneDisplay"]

_CONSTRAINTS = {
    "estimator": [HasMethods("fit")],
    "ax": [HasMethods("plot"), None],
    "name": [str, None],
}


class InformationPlaneDisplay:
    """The way a net took through the information plane while it was trained.

    The rate bounds the information on the input from above, I(X; Z) <= R, and the
    distortion D that on the label from below, I(Z; Y) >= H(Y) - D; both in nats, as
    averages over an epoch. A curve that first falls (fitting) and then turns left
    (forgetting the input) is what [1]_ describes; where it ends, `reg_lambda` decides.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    rate : array-like of shape (n_epochs,)
        In nats.
    distortion : array-like of shape (n_epochs,)
        In nats.
    name : str, default=None
        Of the net, for the legend.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
    points_ : matplotlib PathCollection
        One point per epoch, later ones darker.

    See Also
    --------
    MIDNeuralNetClassifier : Whose `history_` is shown.

    References
    ----------
    .. [1] R. Shwartz-Ziv, N. Tishby, "Opening the Black Box of Deep Neural Networks via
       Information", `arXiv:1703.00810 <https://arxiv.org/abs/1703.00810>`_.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_mid.neural_network import (
    ...     InformationPlaneDisplay, MIDNeuralNetClassifier)
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MIDNeuralNetClassifier(0.1, random_state=0).fit(X, y)
    >>> display = InformationPlaneDisplay.from_estimator(clf)
    >>> display.ax_.get_xlabel()
    'rate R ≥ I(X; Z) in nats'
    """

    def __init__(
        self, rate: ArrayLike, distortion: ArrayLike, *, name: str | None = None
    ) -> None:
        self.rate = rate
        self.distortion = distortion
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Any = None, name: str | None = None
    ) -> "InformationPlaneDisplay":
        """Plot the training of a fitted net.

        Parameters
        ----------
        estimator : MIDNeuralNetClassifier or MIDNeuralNetRegressor
            Fitted, with ``reg_lambda > 0``.
        ax : matplotlib Axes, default=None
            None makes a new figure.
        name : str, default=None
            For the legend. None is the value of `reg_lambda`.

        Returns
        -------
        InformationPlaneDisplay

        Raises
        ------
        ValueError
            If the net has no finite rate, because it has no noise.
        """
        check_parameters(
            "from_estimator", _CONSTRAINTS, estimator=estimator, ax=ax, name=name
        )
        check_is_fitted(estimator)
        # A private net keeps no history: it would tell of its training rows.
        history = getattr(estimator, "history_", [])
        rate = np.array([epoch.get("rate", np.inf) for epoch in history])
        if not np.isfinite(rate).any():
            raise ValueError(
                f"{type(estimator).__name__} was trained without a stochastic "
                "bottleneck, so its rate is infinite; fit a MIDNeuralNetClassifier or "
                "MIDNeuralNetRegressor with reg_lambda > 0 (1e-6, say)."
            )
        if name is None:
            name = f"λ = {estimator.reg_lambda:g}"
        distortion = np.array([epoch["distortion"] for epoch in history])
        return cls(rate, distortion, name=name).plot(ax=ax)

    def plot(
        self, ax: Any = None, *, name: str | None = None, **style: Any
    ) -> "InformationPlaneDisplay":
        """Plot distortion against rate.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        name : str, default=None
            For the legend. None is the display's name.
        **style : dict
            Properties of the curve, as Matplotlib's ``plot`` takes them.

        Returns
        -------
        display : InformationPlaneDisplay
            The object itself, drawn.
        """
        check_parameters("plot", _CONSTRAINTS, ax=ax, name=name)
        pyplot = require("matplotlib.pyplot", extra="plot", needed_by="plot")
        if ax is None:
            ax = pyplot.subplots(layout="constrained")[1]
        name = self.name if name is None else name
        line = styled({"linewidth": 1, "label": name}, style)
        (self.line_,) = ax.plot(self.rate, self.distortion, **line)
        alphas = np.linspace(0.2, 1.0, np.size(self.rate))
        self.points_ = ax.scatter(
            self.rate, self.distortion, color=self.line_.get_color(), alpha=alphas, s=16
        )
        ax.set(xlabel="rate R ≥ I(X; Z) in nats", ylabel="distortion D in nats")
        if name is not None:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self
