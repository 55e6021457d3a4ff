"""A small WGAN-GP on public images, with checkpoints. Imports torch: import it inside
methods."""

import copy
import hashlib
import json
import os
import pickle
import warnings
from pathlib import Path

import torch
from sklearn.exceptions import ConvergenceWarning
from torch.nn import functional as F

from sklearn_mid.attacks._torch_nets import critic, deconv
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._torch import adam, memory_named, mixed_precision, new_generator

__all__ = ["WassersteinGAN"]

_PENALTY_WEIGHT = 10.0
# Of what the target says of generated images, against the critic (Yuan et al. 2023).
_GUIDANCE = 0.2
# Generator steps between two looks at whether all is finite: each look waits for the
# device and copies the weights.
_STEPS_PER_LOOK = 50
_BETAS = (0.5, 0.9)
_LOSSES = ("distance", "generator_loss")
_FILE_NAME = "gan.pt"


class WassersteinGAN:
    """Generator and critic, and what their training needs to go on.

    Minimises the Wasserstein-1 distance between generated and given images; the
    critic's slope is held at 1 by a penalty (Gulrajani et al. 2017, equation 3).

    Parameters
    ----------
    image_shape : tuple (channels, height, width)
    bounds : tuple (low, high)
        Pixel values.
    latent_dim, width : int
        Size of the latent vector; channels of the widest layers of both nets at full
        resolution.
    n_critic : int
        Critic steps per generator step.
    learning_rate : float
    batch_size : int
    seed : int
    any_seed : bool
        Whether a checkpoint that began with another seed may be taken up.
    device : torch.device
    kind : {"public", "soft-label", "pseudo-label"}, default="public"
        What the nets learn of the target: nothing; the critic predicts its soft
        labels, and the generator makes images whose label the critic can tell (after
        Chen et al. 2021); or both are conditional on a class, which the target gives
        to public images, and which it is to see in generated ones (after Yuan et al.
        2023).
    n_classes : int, default=0
        Classes of the target, of the latter two.
    mixed_precision : bool, default=False
        Whether the layers of both nets compute in bfloat16 while they are trained.
    """

    def __init__(
        self,
        *,
        image_shape,
        bounds,
        latent_dim,
        width,
        n_critic,
        learning_rate,
        batch_size,
        seed,
        any_seed,
        device,
        kind="public",
        n_classes=0,
        mixed_precision=False,
    ):
        if min(image_shape[1:]) < 2:
            raise ValueError(
                f"image_shape={tuple(image_shape)} is too small for a GAN; images "
                "must be at least 2 pixels high and wide."
            )
        # What a checkpoint must agree with to be taken up.
        self.settings = {
            "image_shape": list(image_shape),
            "bounds": list(bounds),
            "latent_dim": latent_dim,
            "width": width,
            "n_critic": n_critic,
            "learning_rate": learning_rate,
            "batch_size": batch_size,
            "kind": kind,
            "mixed_precision": mixed_precision,
        }
        if not any_seed:
            self.settings["seed"] = seed
        weights = new_generator(seed)
        self._kind, self._n_classes = kind, n_classes
        n_codes = n_classes if kind == "pseudo-label" else 0
        channels, *sides = image_shape
        self.generator = deconv(
            latent_dim + n_codes, image_shape, width, generator=weights, bounds=bounds
        ).to(device)
        self.critic = critic(
            (channels + n_codes, *sides),
            width,
            generator=weights,
            n_outputs=1 + n_classes if kind == "soft-label" else 1,
        ).to(device)
        self._optimizers = [
            adam(net.parameters(), learning_rate, device, betas=_BETAS)
            for net in (self.critic, self.generator)
        ]
        # Drawn on the CPU, so that every device sees the same numbers.
        self._draws = new_generator(seed + 1)
        self._device = device
        self.history = []

    def fit(
        self,
        X,
        max_iter,
        *,
        labels=None,
        guide=None,
        folder=None,
        checkpoint_every=100,
        verbose=0,
    ):
        """Go on until `max_iter` generator steps have been made in all.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_pixels)
            Public images, on the device of the nets.
        max_iter : int
        labels : Tensor, default=None
            What the target says of the public images: of shape (n_samples, n_classes)
            for "soft-label"; for "pseudo-label" of shape (n_classes, n_chosen), the
            rows of X that show each class best.
        guide : callable, default=None
            From generated images and their classes to a loss of each, for
            "pseudo-label".
        folder : path, default=None
            Where the state is written to, and taken up from.
        checkpoint_every : int, default=100
            Generator steps between two checkpoints.
        verbose : int, default=0
        """
        self._labels, self._guide = labels, guide
        path = None if folder is None else Path(folder) / _FILE_NAME
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            for name, tensor in (("data", X), ("labels", labels)):
                if tensor is not None:
                    content = tensor.cpu().numpy().tobytes()
                    self.settings[name] = hashlib.sha256(content).hexdigest()
            if path.exists():
                self._load(path)
                if len(self.history) > max_iter:
                    raise ValueError(
                        f"{path} holds a GAN of {len(self.history)} steps, more than "
                        f"max_iter={max_iter}; choose another checkpoint_folder."
                    )
        with memory_named("batch_size", "width"):
            self._train(X, max_iter, path, checkpoint_every, verbose)
        self._labels = self._guide = None  # a function cannot be pickled
        self.generator.eval()
        self.critic.eval()

    def _train(self, X, max_iter, path, checkpoint_every, verbose):
        self.generator.train()
        self.critic.train()
        finite, pending = self._weights(), []
        for step in progress(range(len(self.history), max_iter), verbose, desc="GAN"):
            pending.append(torch.stack(self._step(X)))
            is_checkpoint = (step + 1) % checkpoint_every == 0 or step + 1 == max_iter
            if not (is_checkpoint or len(pending) == _STEPS_PER_LOOK):
                continue
            losses, pending = torch.stack(pending).cpu(), []
            bad = (~losses.isfinite().all(dim=1)).nonzero().flatten().tolist()
            if bad:
                values = dict(zip(_LOSSES, losses[bad[0]].tolist(), strict=True))
                warnings.warn(
                    f"the loss of the GAN became {values} in step "
                    f"{len(self.history) + bad[0] + 1}; stopped there and kept the "
                    "last finite weights. Lower learning_rate.",
                    ConvergenceWarning,
                    stacklevel=3,
                )
                self._set_weights(finite)
                break
            finite = self._weights()
            self.history += [
                dict(zip(_LOSSES, values, strict=True)) for values in losses.tolist()
            ]
            if path is not None and is_checkpoint:
                self._save(path)

    def latent(self, n_samples, generator):
        """Latent vectors, standard normal."""
        shape = (n_samples, self.settings["latent_dim"])
        return torch.randn(shape, generator=generator).to(self._device)

    def images(self, latent, column=None):
        """What the generator makes of latent vectors, of the classes in `column`."""
        return self._outputs(self.generator, self._with_class(latent, column))

    def realism(self, images, column=None):
        """The critic's score of each image."""
        if self._kind == "pseudo-label":
            # The class as planes beside the image's channels.
            shape = self.settings["image_shape"]
            planes = self._one_hot(column).repeat_interleave(shape[1] * shape[2], dim=1)
            images = torch.cat([images, planes], dim=1)
        scores = self._outputs(self.critic, images)
        return scores if scores.ndim == 1 else scores[:, 0]

    def _outputs(self, net, inputs):
        """What `net` makes of them, in float32 whatever its layers compute in."""
        lower = self.settings["mixed_precision"] and net.training
        with mixed_precision(self._device, lower):
            return net(inputs).to(inputs.dtype)

    def _one_hot(self, column):
        return F.one_hot(column, self._n_classes).to(torch.float32)

    def _with_class(self, latent, column):
        if self._kind != "pseudo-label":
            return latent
        return torch.cat([latent, self._one_hot(column)], dim=1)

    def _real(self, X):
        """Positions of public images for a step, and their classes where it counts."""
        n = self.settings["batch_size"]
        if self._kind != "pseudo-label":
            rows = torch.randint(len(X), (n,), generator=self._draws)
            return rows.to(self._device), None
        n_classes, n_chosen = self._labels.shape
        column = torch.randint(n_classes, (n,), generator=self._draws)
        chosen = torch.randint(n_chosen, (n,), generator=self._draws)
        column, chosen = column.to(self._device), chosen.to(self._device)
        return self._labels[column, chosen], column

    def _step(self, X):
        batch_size = self.settings["batch_size"]
        critic_optimizer, generator_optimizer = self._optimizers
        for _ in range(self.settings["n_critic"]):
            rows, column = self._real(X)
            real = X[rows]
            with torch.no_grad():
                fake = self.images(self.latent(batch_size, self._draws), column)
            distance = (
                self.realism(real, column).mean() - self.realism(fake, column).mean()
            )
            loss = _PENALTY_WEIGHT * self._slope_penalty(real, fake, column) - distance
            if self._kind == "soft-label":
                said = self._outputs(self.critic, real)[:, 1:]
                loss = loss + F.cross_entropy(said, self._labels[rows])
            critic_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            critic_optimizer.step()
        column = self._real(X)[1] if self._kind == "pseudo-label" else None
        fake = self.images(self.latent(batch_size, self._draws), column)
        generator_loss = -self.realism(fake, column).mean()
        loss = generator_loss
        if self._kind == "soft-label":
            said = self._outputs(self.critic, fake)[:, 1:]
            entropy = -(said.softmax(dim=1) * said.log_softmax(dim=1)).sum(dim=1)
            loss = loss + _GUIDANCE * entropy.mean()
        elif self._guide is not None:
            loss = loss + _GUIDANCE * self._guide(fake, column).mean()
        generator_optimizer.zero_grad(set_to_none=True)
        # The critic, and the guide, learn nothing here.
        loss.backward(inputs=list(self.generator.parameters()))
        generator_optimizer.step()
        return distance.detach(), generator_loss.detach()

    def _slope_penalty(self, real, fake, column):
        share = torch.rand((len(real), 1), generator=self._draws).to(self._device)
        between = torch.lerp(real, fake, share).requires_grad_()
        (slope,) = torch.autograd.grad(
            self.realism(between, column).sum(), between, create_graph=True
        )
        return (slope.norm(dim=1) - 1).square().mean()

    def _weights(self):
        nets = (self.generator, self.critic)
        return [copy.deepcopy(net.state_dict()) for net in nets]

    def _set_weights(self, weights):
        for net, state in zip((self.generator, self.critic), weights, strict=True):
            net.load_state_dict(state)

    def _save(self, path):
        state = {
            "settings": json.dumps(self.settings, sort_keys=True),
            "weights": self._weights(),
            "optimizers": [o.state_dict() for o in self._optimizers],
            "draws": self._draws.get_state(),
            "history": self.history,
        }
        # A killed run leaves the former checkpoint or the new one, never half of it.
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with open(temporary, "wb") as file:
                torch.save(state, file)
            os.replace(temporary, path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error

    def _load(self, path):
        try:
            state = torch.load(path, map_location=self._device, weights_only=True)
            found = json.loads(state["settings"])
        except (RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
            raise ValueError(
                f"{path} is no checkpoint of a GAN ({type(error).__name__}); delete it "
                "or choose another checkpoint_folder."
            ) from error
        differing = sorted(k for k, v in self.settings.items() if found.get(k) != v)
        if differing:
            raise ValueError(
                f"{path} holds a GAN with other {', '.join(differing)}; choose "
                "another checkpoint_folder, or delete the file to train anew."
            )
        self._set_weights(state["weights"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._draws.set_state(state["draws"].cpu())
        self.history = list(state["history"])
