"""Model inversion from labels alone, by staying away from the boundary (Kahla 2022)."""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.utils._images import check_bounds, check_image_shape, check_scale
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval

__all__ = ["BoundaryInversionAttack"]


class BoundaryInversionAttack(ClassReconstructionAttack):
    """Search among plausible images for those farthest inside a class, by its label.

    For attackers who are told labels and nothing else. A generator learns from public
    images what a plausible image is, as in :class:`GenerativeInversionAttack`. From a
    latent vector z whose image the target gives the class, labels are asked at
    `n_directions` random points at distance R. Where some leave the class, z moves away
    from them; where none does, z is the best so far, and R grows (boundary repulsion,
    [1]_). What is farthest from the boundary is typical of the class.

    Parameters
    ----------
    estimator : object
        The fitted target, with ``predict``.
    image_shape : tuple (channels, height, width), default=None
        Shape of one image; None stands for one square channel.
    bounds : tuple (low, high), default=(0, 1)
        The values that a pixel may take.
    latent_dim : int, default=32
        Width of the latent vector.
    width : int, default=8
        Channels of both nets at the finest resolution.
    max_iter : int, default=1000
        Generator steps in training.
    n_critic : int, default=3
        Critic steps per generator step.
    learning_rate : float, default=1e-3
        Of both (Adam).
    batch_size : int, default=32
        Images per step.
    n_starts : int, default=500
        Random images among which a start of each class is looked for. A class that
        none of them shows keeps the first.
    search_iter : int, default=200
        Rounds of the search.
    n_directions : int, default=32
        Labels asked per round and class.
    radius : float, default=1.0
        First distance R.
    growth : float, default=1.3
        What R is multiplied by, above 1.
    evaluator : fitted classifier, default=None
        Judge for ``score``, trained on other data than the target.
    device : str, default="auto"
        Where the nets are trained; "auto" follows the target.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, starts and directions.
    verbose : int, default=0
        Whether to show progress bars.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes that can be reconstructed.
    generator_, critic_ : torch.nn.Module
        The trained nets.
    history_ : list of dict
        Of the training, as in :class:`GenerativeInversionAttack`.
    image_shape_ : tuple (channels, height, width)
        Shape of one image.
    radius_ : ndarray of shape (n_labels,)
        Of the last ``reconstruct``: the largest R at which no direction left the class;
        0 where no start was found or every round met the boundary.
    n_features_in_ : int
        Number of pixels.

    See Also
    --------
    GenerativeInversionAttack : For who has the model.
    sklearn_mid.defenses.LabelOnly : The defence that this attack is for.

    References
    ----------
    .. [1] M. Kahla, S. Chen, H. A. Just, R. Jia, "Label-Only Model Inversion Attacks
       via Boundary Repulsion", CVPR 2022. https://arxiv.org/abs/2203.01925

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.svm import LinearSVC
    >>> from sklearn_mid.attacks import BoundaryInversionAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> low = y < 5  # the target's classes; the attacker has images of the others
    >>> target = LinearSVC().fit(X[low], y[low])
    >>> attack = BoundaryInversionAttack(
    ...     target, max_iter=20, search_iter=20, random_state=0
    ... )
    >>> attack.fit(X[~low]).reconstruct([0, 1, 2]).shape
    (3, 64)
    """

    access = "black-box"
    sees = "model only"
    knowledge = "inputs"
    needs = ("predict",)

    _parameter_constraints: dict = {
        "image_shape": ["array-like", None],
        "bounds": ["array-like"],
        "latent_dim": [Interval(numbers.Integral, 1, None, closed="left")],
        "width": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_critic": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, 1e30, closed="right")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_starts": [Interval(numbers.Integral, 1, None, closed="left")],
        "search_iter": [Interval(numbers.Integral, 0, None, closed="left")],
        "n_directions": [Interval(numbers.Integral, 1, None, closed="left")],
        "radius": [Interval(numbers.Real, 0, 1e6, closed="right")],
        "growth": [Interval(numbers.Real, 1, 10, closed="right")],
        "evaluator": [HasMethods("predict"), None],
        "device": [str],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        image_shape: tuple | None = None,
        bounds: tuple[float, float] = (0, 1),
        latent_dim: int = 32,
        width: int = 8,
        max_iter: int = 1000,
        n_critic: int = 3,
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        n_starts: int = 500,
        search_iter: int = 200,
        n_directions: int = 32,
        radius: float = 1.0,
        growth: float = 1.3,
        evaluator: Any = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.image_shape = image_shape
        self.bounds = bounds
        self.latent_dim = latent_dim
        self.width = width
        self.max_iter = max_iter
        self.n_critic = n_critic
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_starts = n_starts
        self.search_iter = search_iter
        self.n_directions = n_directions
        self.radius = radius
        self.growth = growth
        self.evaluator = evaluator
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _check_suits(self) -> None:
        self._aim(release="labels")

    def _fit_attack(self, X: np.ndarray, y: np.ndarray | None) -> None:
        self.classes_ = self._aim(release="labels").classes
        bounds = check_bounds(self.bounds)
        check_scale(X, bounds, name="X")
        self.image_shape_ = check_image_shape(self.image_shape, X.shape[1])
        n_features = getattr(self.estimator, "n_features_in_", X.shape[1])
        if n_features != X.shape[1]:
            raise ValueError(
                f"X has {X.shape[1]} features, but the target takes {n_features}; the "
                "public images must have its size."
            )
        require("torch", extra="nn", needed_by=type(self).__name__)
        from sklearn_mid.attacks._torch_gan import WassersteinGAN
        from sklearn_mid.attacks._torch_training import attack_device
        from sklearn_mid.utils._torch import as_tensor

        device = attack_device(self.device, self.estimator)
        seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=2
        )
        self._seed = int(seeds[0])
        self._gan = WassersteinGAN(
            image_shape=self.image_shape_,
            bounds=bounds,
            latent_dim=self.latent_dim,
            width=self.width,
            n_critic=self.n_critic,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            seed=int(seeds[1]),
            any_seed=False,
            device=device,
        )
        self._gan.fit(as_tensor(X, device=device), self.max_iter, verbose=self.verbose)
        self.generator_, self.critic_ = self._gan.generator, self._gan.critic
        self.history_ = self._gan.history

    def reconstruct(self, labels: ArrayLike) -> np.ndarray:
        """Plausible images from deep inside the given classes.

        Parameters
        ----------
        labels : array-like of shape (n_labels,)
            Elements of `classes_`.

        Returns
        -------
        X : ndarray of shape (n_labels, n_features)
            One image per label.
        """
        check_is_fitted(self)
        column = self._columns(labels)
        rng = np.random.default_rng(self._seed)
        latent, radius = self._starts(rng, column)
        best, self.radius_ = latent.copy(), np.zeros(len(column))
        searched = np.flatnonzero(radius > 0)
        for _ in progress(range(self.search_iter), self.verbose, desc="search"):
            if not len(searched):
                break
            z, own = latent[searched], column[searched]
            directions = rng.normal(size=(len(z), self.n_directions, self.latent_dim))
            directions /= np.linalg.norm(directions, axis=2, keepdims=True)
            points = z[:, None] + radius[searched, None, None] * directions
            leaves = self._labels_of(points) != own[:, None]
            inside = ~leaves.any(axis=1)
            done = searched[inside]
            best[done], self.radius_[done] = z[inside], radius[done]
            radius[done] *= self.growth
            # Away from the mean of those that leave, by the distance they are at; not
            # where that would leave the class.
            away = -(leaves[:, :, None] * directions).mean(axis=1)
            moved = z + radius[searched, None] * away
            stays = ~inside & (self._labels_of(moved[:, None])[:, 0] == own)
            latent[searched[stays]] = moved[stays]
        return self._images(best)

    def _starts(self, rng: np.random.Generator, column: np.ndarray) -> tuple:
        """A latent vector of each class, and its radius: 0 if none was found."""
        drawn = rng.normal(size=(self.n_starts, self.latent_dim))
        is_own = self._labels_of(drawn[:, None])[:, 0] == column[:, None]
        # Of several, any: not the first for every occurrence of a label.
        order = rng.random(is_own.shape)
        chosen = np.where(is_own, order, -1.0).argmax(axis=1)
        chosen = np.where(is_own.any(axis=1), chosen, 0)
        return drawn[chosen], np.where(is_own.any(axis=1), float(self.radius), 0.0)

    def _images(self, latent: np.ndarray) -> np.ndarray:
        from sklearn_mid.attacks._torch_training import evaluate
        from sklearn_mid.utils._torch import as_tensor

        device = next(self.generator_.parameters()).device
        images = evaluate(self.generator_, as_tensor(latent, device=device))
        return images.cpu().numpy().astype(np.float64)

    def _labels_of(self, latent: np.ndarray) -> np.ndarray:
        """Position in `classes_` of the label of each latent vector's image."""
        target = self._aim(release="labels")
        images = self._images(latent.reshape(-1, self.latent_dim))
        outputs = target.outputs(target.records(images, name_columns=True))
        return np.asarray(outputs).reshape(latent.shape[:-1])
