"""Model inversion with a generative prior (GMI, Zhang et al. 2020)."""

import numbers
import os
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_mid.attacks._class_level import ClassReconstructionAttack
from sklearn_mid.attacks._target_gradients import target_gradient
from sklearn_mid.utils._gradients import with_gradients
from sklearn_mid.utils._images import check_bounds, check_image_shape, check_scale
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval, StrOptions

__all__ = ["GenerativeInversionAttack"]

_STUDENT_EPOCHS = 30


class GenerativeInversionAttack(ClassReconstructionAttack):
    """Search among plausible images for those that the target is sure of (GMI).

    A generative adversarial net (WGAN-GP [2]_) learns from public images what a
    plausible image is. The attack on class c then searches the latent space of its
    generator G for

    .. math:: \\min_z \\; w \\, L(f_c(G(z))) - D(G(z)),

    where f_c is the target's confidence in c, L the loss, D the critic and w
    `identity_weight` [1]_. Of several starts, the one that the *target* is most
    confident of is returned.

    Parameters
    ----------
    estimator : object
        The fitted target: one with ``differentiable_proba``, a skorch net, a torch
        module, a linear model or an MLPClassifier of scikit-learn, or one with such a
        model inside, as for :class:`GradientInversionAttack`.
    image_shape : tuple (channels, height, width), default=None
        Shape of one image; None stands for one square channel.
    bounds : tuple (low, high), default=(0, 1)
        The values that a pixel may take.
    latent_dim : int, default=32
        Width of the latent vector.
    width : int, default=8
        Channels of both nets at the finest resolution; they double as the
        resolution halves.
    max_iter : int, default=1000
        Generator steps in training.
    n_critic : int, default=3
        Critic steps per generator step.
    learning_rate : float, default=1e-3
        Of both (Adam).
    batch_size : int, default=32
        Images per step.
    checkpoint_folder : str or path-like, default=None
        Where the state of the training is kept. A later ``fit`` with the same
        images and settings takes up what it finds there: it goes on after an
        interruption, and with ``gan="public"`` does not train again for another
        target, as the net does not depend on the target.
    checkpoint_every : int, default=100
        Generator steps between two checkpoints.
    n_starts : int, default=5
        Latent vectors that each search starts from.
    search_iter : int, default=300
        Steps of each search.
    search_learning_rate : float, default=0.05
        Learning rate of each search (Adam).
    loss : {"logit", "log"}, default="logit"
        L: -ln f_c / (1 - f_c), which does not fade where the target is certain, or
        -ln f_c, that of [1]_.
    path : {"best", "draws", "mean"}, default="best"
        Of a stochastic target: whether to search with noise draws averaged, with the
        noise dropped, or both, as in :class:`GradientInversionAttack`.
    gan : {"public", "soft-label", "pseudo-label"}, default="public"
        What the GAN learns of the target. "public" is [1]_: nothing. "soft-label"
        after [3]_: the critic also predicts the target's confidences of public
        images, and the generator is to make images whose class it can tell.
        "pseudo-label" after [4]_: the target gives each class the public images that
        it is most confident of, and both nets are conditional on the class.
    n_chosen : int, default=50
        Public images per class of "pseudo-label".
    n_students : int, default=0
        Small nets that are distilled from the target on the public images and
        searched together with it, the losses averaged, so that what is found is less
        peculiar to the target [5]_.
    identity_weight : float, default=100.0
        The weight w of the target's confidence against the critic's opinion.
    n_noise_samples : int, default=12
        Draws over which the confidence of a stochastic target is averaged at each
        step.
    output : {"auto", "logits", "proba", "log_proba"}, default="auto"
        What a torch module or skorch net returns, as in
        :class:`GradientInversionAttack`.
    input_shape : {"flat", "image"}, default="flat"
        What a torch module or skorch net takes: rows, or images of `image_shape`.
    evaluator : fitted classifier, default=None
        Judge for ``score``, trained on other data than the target.
    device : str, default="auto"
        Where the nets are trained; "auto" follows the target.
    mixed_precision : bool, default=False
        Whether the layers of the GAN compute in bfloat16 while it is trained, as in
        :class:`~sklearn_mid.neural_network.MIDNeuralNetClassifier`. Its losses, the
        target and the search stay in float32.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, batches, starts and noise draws.
    verbose : int, default=0
        Whether to show progress bars.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes that can be reconstructed.
    generator_, critic_ : torch.nn.Module
        The trained nets.
    students_ : list of torch.nn.Module
        The nets distilled from the target.
    history_ : list of dict
        Per generator step, the critic's ``"distance"`` between real and generated
        images, and the ``"generator_loss"``.
    image_shape_ : tuple (channels, height, width)
        Shape of one image.
    n_features_in_ : int
        Number of pixels.

    See Also
    --------
    GradientInversionAttack : Searches among all inputs.
    KnowledgeAlignmentAttack : Reconstructs one record from its confidences.

    Notes
    -----
    The defaults suit small images such as 8 x 8 digits. For 243 faces of 32 x 32
    pixels, ``max_iter=2500, learning_rate=3e-4, n_critic=5, latent_dim=64`` gave
    sharper faces that differ more; look at :meth:`sample` before trusting an attack
    that fails.

    References
    ----------
    .. [1] Y. Zhang, R. Jia, H. Pei, W. Wang, B. Li, D. Song, "The Secret Revealer:
       Generative Model-Inversion Attacks Against Deep Neural Networks", CVPR 2020.
       https://arxiv.org/abs/1911.07135
    .. [2] I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville, "Improved
       Training of Wasserstein GANs", NeurIPS 2017. https://arxiv.org/abs/1704.00028
    .. [3] S. Chen, M. Kahla, R. Jia, G.-J. Qi, "Knowledge-Enriched Distributional
       Model Inversion Attacks", ICCV 2021. https://arxiv.org/abs/2010.04092
    .. [4] X. Yuan, K. Chen, J. Zhang, W. Zhang, N. Yu, Y. Zhang, "Pseudo Label-Guided
       Model Inversion Attack via Conditional Generative Adversarial Network", AAAI
       2023. https://arxiv.org/abs/2302.09814
    .. [5] N.-B. Nguyen, K. Chandrasegaran, M. Abdollahzadeh, N.-M. Cheung,
       "Re-thinking Model Inversion Attacks Against Deep Neural Networks", CVPR 2023.
       https://arxiv.org/abs/2304.01669

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neural_network import MLPClassifier
    >>> from sklearn_mid.attacks import GenerativeInversionAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> X /= 16
    >>> low = y < 5  # the target's classes; the attacker has images of the others
    >>> target = MLPClassifier(max_iter=300, random_state=0).fit(X[low], y[low])
    >>> attack = GenerativeInversionAttack(
    ...     target, max_iter=20, n_starts=2, search_iter=50, random_state=0
    ... )
    >>> attack.fit(X[~low]).reconstruct([0, 1, 2]).shape
    (3, 64)
    """

    access = "white-box"
    sees = "model only"
    knowledge = "inputs"
    needs: tuple = ()
    inside = "gradients"

    _parameter_constraints: dict = {
        "image_shape": ["array-like", None],
        "bounds": ["array-like"],
        "latent_dim": [Interval(numbers.Integral, 1, None, closed="left")],
        "width": [Interval(numbers.Integral, 1, None, closed="left")],
        "max_iter": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_critic": [Interval(numbers.Integral, 1, None, closed="left")],
        "learning_rate": [Interval(numbers.Real, 0, 1e30, closed="right")],
        "loss": [StrOptions({"logit", "log"})],
        "path": [StrOptions({"best", "draws", "mean"})],
        "gan": [StrOptions({"public", "soft-label", "pseudo-label"})],
        "n_chosen": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_students": [Interval(numbers.Integral, 0, None, closed="left")],
        "batch_size": [Interval(numbers.Integral, 1, None, closed="left")],
        "checkpoint_every": [Interval(numbers.Integral, 1, None, closed="left")],
        "n_starts": [Interval(numbers.Integral, 1, None, closed="left")],
        "search_iter": [Interval(numbers.Integral, 0, None, closed="left")],
        "search_learning_rate": [Interval(numbers.Real, 0, 1000, closed="right")],
        "checkpoint_folder": [str, os.PathLike, None],
        "evaluator": [HasMethods("predict"), None],
        "identity_weight": [Interval(numbers.Real, 0, 1e9, closed="both")],
        "n_noise_samples": [Interval(numbers.Integral, 1, None, closed="left")],
        "output": [StrOptions({"auto", "logits", "proba", "log_proba"})],
        "input_shape": [StrOptions({"flat", "image"})],
        "device": [str],
        "mixed_precision": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        bounds: tuple[float, float] = (0, 1),
        latent_dim: int = 32,
        width: int = 8,
        max_iter: int = 1000,
        n_critic: int = 3,
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        checkpoint_folder: str | os.PathLike | None = None,
        checkpoint_every: int = 100,
        n_starts: int = 5,
        search_iter: int = 300,
        search_learning_rate: float = 0.05,
        loss: str = "logit",
        path: str = "best",
        gan: str = "public",
        n_chosen: int = 50,
        n_students: int = 0,
        identity_weight: float = 100.0,
        n_noise_samples: int = 12,
        output: str = "auto",
        input_shape: str = "flat",
        evaluator: Any = None,
        device: str = "auto",
        mixed_precision: bool = False,
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
        self.checkpoint_folder = checkpoint_folder
        self.checkpoint_every = checkpoint_every
        self.n_starts = n_starts
        self.search_iter = search_iter
        self.search_learning_rate = search_learning_rate
        self.loss = loss
        self.path = path
        self.gan = gan
        self.n_chosen = n_chosen
        self.n_students = n_students
        self.identity_weight = identity_weight
        self.n_noise_samples = n_noise_samples
        self.output = output
        self.input_shape = input_shape
        self.evaluator = evaluator
        self.device = device
        self.mixed_precision = mixed_precision
        self.random_state = random_state
        self.verbose = verbose

    def _fit_attack(self, X, y):
        self._check_target()
        bounds = check_bounds(self.bounds)
        check_scale(X, bounds, name="X")
        self.image_shape_ = check_image_shape(self.image_shape, X.shape[1])
        require("torch", extra="nn", needed_by=type(self).__name__)
        from sklearn_mid.attacks._torch_gan import WassersteinGAN
        from sklearn_mid.attacks._torch_targets import confidence_in, log_proba_of
        from sklearn_mid.attacks._torch_training import attack_device
        from sklearn_mid.utils._torch import as_tensor, check_mixed_precision

        device = attack_device(self.device, self.estimator)
        if self.mixed_precision:
            check_mixed_precision(device)
        seeds = check_random_state(self.random_state).randint(
            np.iinfo(np.int32).max, size=2
        )
        self._seed = int(seeds[0])
        # Refuses an unsuitable target before the long part.
        target = self._differentiable(self.n_noise_samples)
        if target.n_features not in (None, X.shape[1]):
            raise ValueError(
                f"X has {X.shape[1]} features, but the target takes "
                f"{target.n_features}; the public images must have its size."
            )
        target = target.prepare(X.shape[1], bounds)
        self.classes_ = target.classes_
        public = as_tensor(X, device=device)
        logits: Any = None
        if self.gan != "public" or self.n_students:
            logits = log_proba_of(target, public)
        labels = guide = None
        if self.gan == "soft-label":
            labels = logits.softmax(dim=1)
        elif self.gan == "pseudo-label":
            n_chosen = min(self.n_chosen, len(public))
            labels = logits.topk(n_chosen, dim=0).indices.T.contiguous()

            def guide(images, column):
                return -confidence_in(target, images, column, logit=True)

        self._gan = WassersteinGAN(
            image_shape=self.image_shape_,
            bounds=bounds,
            latent_dim=self.latent_dim,
            width=self.width,
            n_critic=self.n_critic,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            seed=int(seeds[1]),
            any_seed=not isinstance(self.random_state, numbers.Integral),
            device=device,
            kind=self.gan,
            n_classes=len(self.classes_),
            mixed_precision=bool(self.mixed_precision),
        )
        self._gan.fit(
            public,
            self.max_iter,
            labels=labels,
            guide=guide,
            folder=self.checkpoint_folder,
            checkpoint_every=self.checkpoint_every,
            verbose=self.verbose,
        )
        self.students_ = self._distil(public, logits) if self.n_students else []
        self.generator_, self.critic_ = self._gan.generator, self._gan.critic
        self.history_ = self._gan.history

    def sample(
        self, n_samples: int, *, random_state: int | np.random.RandomState | None = None
    ) -> np.ndarray:
        """Images that the generator makes of itself, to judge the prior by.

        Of a conditional one ("pseudo-label"), of all classes in turn.

        Parameters
        ----------
        n_samples : int
            Number of images.
        random_state : int, RandomState instance or None, default=None
            Seeds the latent vectors.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            Within `bounds`.
        """
        check_is_fitted(self)
        import torch

        from sklearn_mid.utils._torch import as_seed, new_generator

        generator = new_generator(as_seed(random_state))
        latent = self._gan.latent(n_samples, generator)
        column = torch.arange(n_samples, device=latent.device) % len(self.classes_)
        with torch.no_grad():
            images = self._gan.images(latent, column)
        return images.cpu().numpy().astype(np.float64)

    @with_gradients
    def reconstruct(self, labels: Any) -> np.ndarray:
        """Plausible images that the target assigns to the given classes.

        Parameters
        ----------
        labels : array-like of shape (n_labels,)
            Elements of `classes_`. A label may occur more than once; each time it
            is searched from other starts.

        Returns
        -------
        X : ndarray of shape (n_labels, n_features)
            One image per label.
        """
        check_is_fitted(self)
        import torch

        from sklearn_mid.attacks._torch_targets import confidence_in
        from sklearn_mid.utils._torch import memory_named

        target = self._aimed(self.n_noise_samples)
        lines = [target]
        if self.path != "draws" and target.has_mean_path:
            mean = self._aimed(0)
            lines = [mean] if self.path == "mean" else [target, mean]
        device = next(self.generator_.parameters()).device
        labels_column = torch.as_tensor(self._columns(labels), device=device)
        column = labels_column.repeat_interleave(self.n_starts)
        with memory_named("n_starts", "width"):
            found = torch.stack([self._search(line, column) for line in lines])
        with torch.no_grad():
            confidence = torch.stack(
                [confidence_in(target, images, column, logit=True) for images in found]
            )
        # For each label, the best of all starts on all lines.
        confidence = confidence.reshape(len(lines), -1, self.n_starts).transpose(0, 1)
        best = confidence.flatten(1).argmax(dim=1)
        found = found.reshape(len(lines), len(best), self.n_starts, -1).transpose(0, 1)
        found = found.flatten(1, 2)[torch.arange(len(best), device=device), best]
        return found.cpu().numpy().astype(np.float64)

    def _search(self, target, column):
        """Images of the classes in `column`, each from a start of its own."""
        import torch
        from torch.nn import functional as F

        from sklearn_mid.attacks._torch_targets import confidence_in
        from sklearn_mid.utils._torch import new_generator

        latent = self._gan.latent(len(column), new_generator(self._seed))
        latent.requires_grad_()
        smallest = torch.finfo(latent.dtype).tiny
        optimizer = torch.optim.Adam([latent], lr=self.search_learning_rate)
        for _ in progress(range(self.search_iter), self.verbose, desc="search"):
            images = self._gan.images(latent, column)
            if self.loss == "logit":
                doubt = -confidence_in(target, images, column, logit=True)
            else:
                confidence = confidence_in(target, images, column)
                doubt = -confidence.clamp_min(smallest).log()
            for student in self.students_:
                said = student(images)
                doubt = doubt + F.cross_entropy(said, column, reduction="none")
            doubt = doubt / (1 + len(self.students_))
            # Summed, so that every start moves as if it were alone.
            loss = self.identity_weight * doubt.sum()
            loss = loss - self._gan.realism(images, column).sum()
            (latent.grad,) = torch.autograd.grad(loss, latent)
            optimizer.step()
        with torch.no_grad():
            return self._gan.images(latent, column)

    def _distil(self, X, logits):
        """Small nets that say of public images what the target says."""
        from torch.nn import functional as F

        from sklearn_mid.attacks._torch_nets import critic
        from sklearn_mid.attacks._torch_training import train
        from sklearn_mid.utils._torch import new_generator, spawn_seed

        students = []
        for k in range(self.n_students):
            seed = spawn_seed(self._seed, k)
            student = critic(
                self.image_shape_,
                self.width * (1 + k % 2),  # not all alike
                generator=new_generator(seed),
                n_outputs=len(self.classes_),
            )
            train(
                student,
                X,
                logits.softmax(dim=1),
                F.cross_entropy,
                learning_rate=1e-3,
                batch_size=64,
                max_epochs=_STUDENT_EPOCHS,
                validation_fraction=0.1,
                seed=seed,
                verbose=self.verbose,
                desc="student",
            )
            students.append(student.requires_grad_(False))
        return students

    def _aimed(self, n_noise_samples):
        return self._differentiable(n_noise_samples).prepare(
            self.n_features_in_, check_bounds(self.bounds)
        )

    def _check_suits(self):
        self._check_target()
        self._differentiable(seed=0)

    def _differentiable(self, n_noise_samples=1, seed=None):
        shape = getattr(self, "image_shape_", None)  # not needed to be looked at
        return target_gradient(
            self.estimator,
            caller=type(self).__name__,
            method="exact",
            n_noise_samples=n_noise_samples,
            output=self.output,
            image_shape=shape if self.input_shape == "image" else None,
            seed=self._seed if seed is None else seed,
        )
