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

from sklearn_mid.attacks._torch_nets import critic, deconv
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._torch import new_generator

__all__ = ["WassersteinGAN"]

_PENALTY_WEIGHT = 10.0
_BETAS = (0.5, 0.9)
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
    lr : float
    batch_size : int
    seed : int
    any_seed : bool
        Whether a checkpoint that began with another seed may be taken up.
    device : torch.device
    """

    def __init__(
        self,
        *,
        image_shape,
        bounds,
        latent_dim,
        width,
        n_critic,
        lr,
        batch_size,
        seed,
        any_seed,
        device,
    ):
        # What a checkpoint must agree with to be taken up.
        self.settings = {
            "image_shape": list(image_shape),
            "bounds": list(bounds),
            "latent_dim": latent_dim,
            "width": width,
            "n_critic": n_critic,
            "lr": lr,
            "batch_size": batch_size,
        }
        if not any_seed:
            self.settings["seed"] = seed
        weights = new_generator(seed)
        self.generator = deconv(
            latent_dim, image_shape, width, generator=weights, bounds=bounds
        ).to(device)
        self.critic = critic(image_shape, width, generator=weights).to(device)
        self._optimizers = [
            torch.optim.Adam(net.parameters(), lr=lr, betas=_BETAS)
            for net in (self.critic, self.generator)
        ]
        # Drawn on the CPU, so that every device sees the same numbers.
        self._draws = new_generator(seed + 1)
        self._device = device
        self.history = []

    def fit(self, X, max_iter, *, folder=None, checkpoint_every=100, verbose=0):
        """Go on until `max_iter` generator steps have been made in all.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_pixels)
            Public images, on the device of the nets.
        max_iter : int
        folder : path, default=None
            Where the state is written to, and taken up from.
        checkpoint_every : int, default=100
            Generator steps between two checkpoints.
        verbose : int, default=0
        """
        path = None if folder is None else Path(folder) / _FILE_NAME
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            data = hashlib.sha256(X.cpu().numpy().tobytes()).hexdigest()
            self.settings["data"] = data
            if path.exists():
                self._load(path)
                if len(self.history) > max_iter:
                    raise ValueError(
                        f"{path} holds a GAN of {len(self.history)} steps, more than "
                        f"max_iter={max_iter}; choose another checkpoint_folder."
                    )
        finite = self._weights()
        steps = range(len(self.history), max_iter)
        for step in progress(steps, verbose, desc="GAN"):
            losses = self._step(X)
            if not all(abs(value) < float("inf") for value in losses.values()):
                warnings.warn(
                    f"the loss of the GAN became {losses} in step {step + 1}; stopped "
                    "there and kept the last finite weights. Lower learning_rate.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
                self._set_weights(finite)
                break
            finite = self._weights()
            self.history.append(losses)
            if path is not None and (
                len(self.history) % checkpoint_every == 0
                or len(self.history) == max_iter
            ):
                self._save(path)
        self.generator.eval()
        self.critic.eval()

    def latent(self, n_samples, generator):
        """Latent vectors, standard normal."""
        shape = (n_samples, self.settings["latent_dim"])
        return torch.randn(shape, generator=generator).to(self._device)

    def _step(self, X):
        batch_size = self.settings["batch_size"]
        critic_optimizer, generator_optimizer = self._optimizers
        for _ in range(self.settings["n_critic"]):
            rows = torch.randint(len(X), (batch_size,), generator=self._draws)
            real = X[rows.to(self._device)]
            with torch.no_grad():
                fake = self.generator(self.latent(batch_size, self._draws))
            distance = self.critic(real).mean() - self.critic(fake).mean()
            loss = _PENALTY_WEIGHT * self._slope_penalty(real, fake) - distance
            critic_optimizer.zero_grad(set_to_none=True)
            loss.backward()
            critic_optimizer.step()
        fake = self.generator(self.latent(batch_size, self._draws))
        generator_loss = -self.critic(fake).mean()
        generator_optimizer.zero_grad(set_to_none=True)
        generator_loss.backward()
        generator_optimizer.step()
        return {
            "distance": float(distance.detach()),
            "generator_loss": float(generator_loss.detach()),
        }

    def _slope_penalty(self, real, fake):
        share = torch.rand((len(real), 1), generator=self._draws).to(self._device)
        between = torch.lerp(real, fake, share).requires_grad_()
        (slope,) = torch.autograd.grad(
            self.critic(between).sum(), between, create_graph=True
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
