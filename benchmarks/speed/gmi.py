"""GMI: seconds per 100 latent steps, and training its GAN, ours vs plain torch loops.

Both search for 10 classes from 5 starts each, through the same generator and critic
of 28 x 28 images and the same target, a perceptron 784-128-10. The GAN is one of
64 x 64 images; the loop has the same nets, with Adam's fused step and the channels
last.
"""

import copy
from functools import partial

import numpy as np
import torch
from _harness import compare, growth, parse_arguments, report
from sklearn.base import clone
from torch import nn

from sklearn_mid.attacks import GenerativeInversionAttack

N_CLASSES, N_STARTS = 10, 5
SIDE, N_CRITIC, BATCH_SIZE, LATENT_DIM = 64, 3, 32, 32


def ours(attack):
    return attack.reconstruct(np.arange(N_CLASSES))


def peer(attack, module, n_steps):
    generator, critic = attack.generator_, attack.critic_
    column = torch.arange(N_CLASSES).repeat_interleave(N_STARTS)
    latent = torch.randn(len(column), attack.latent_dim, requires_grad=True)
    optimizer = torch.optim.Adam([latent], lr=attack.search_learning_rate)
    for _ in range(n_steps):
        images = generator(latent)
        identity_loss = nn.functional.cross_entropy(
            module(images), column, reduction="sum"
        )
        loss = attack.identity_weight * identity_loss - critic(images).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        images = generator(latent)
        confidence = module(images).softmax(dim=1)[torch.arange(len(column)), column]
        best = confidence.view(N_CLASSES, N_STARTS).argmax(dim=1)
        return images.view(N_CLASSES, N_STARTS, -1)[torch.arange(N_CLASSES), best]


def train_gan(attack, X):
    return attack.fit(X)


def gan_by_hand(nets, X, n_steps):
    """Wasserstein GAN with gradient penalty."""
    generator, critic = (copy.deepcopy(net).train() for net in nets)
    X = torch.as_tensor(X, dtype=torch.float32)
    adam = partial(torch.optim.Adam, lr=1e-3, betas=(0.5, 0.9), fused=True)
    of_critic, of_generator = adam(critic.parameters()), adam(generator.parameters())
    for _ in range(n_steps):
        for _ in range(N_CRITIC):
            real = X[torch.randint(len(X), (BATCH_SIZE,))]
            with torch.no_grad():
                fake = generator(torch.randn(BATCH_SIZE, LATENT_DIM))
            share = torch.rand(BATCH_SIZE, 1)
            between = (share * fake + (1 - share) * real).requires_grad_()
            (slope,) = torch.autograd.grad(
                critic(between).sum(), between, create_graph=True
            )
            penalty = (slope.norm(dim=1) - 1).square().mean()
            loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
            of_critic.zero_grad()
            loss.backward()
            of_critic.step()
        of_generator.zero_grad()
        (-critic(generator(torch.randn(BATCH_SIZE, LATENT_DIM))).mean()).backward()
        of_generator.step()


if __name__ == "__main__":
    arguments = parse_arguments(__doc__)
    n_steps = 10 if arguments.quick else 100
    module = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, N_CLASSES))
    attack = GenerativeInversionAttack(
        module, max_iter=1, n_starts=N_STARTS, search_iter=n_steps, random_state=0
    ).fit(np.random.default_rng(0).random((256, 784)))
    show = partial(
        report, "GMI", csv_path=arguments.csv, versions={"torch": torch.__version__}
    )
    show(
        f"{n_steps} latent steps, {N_CLASSES} classes x {N_STARTS} starts, "
        "vs a plain torch loop",
        compare(partial(ours, attack), partial(peer, attack, module, n_steps)),
        reach="<= 1.2",
    )
    show(
        f"{n_steps} latent steps, 1 -> {N_CLASSES} classes",
        growth(lambda n: partial(attack.reconstruct, np.arange(n)), 1, N_CLASSES),
        reach="<= 10",
        quantity="growth",
    )
    n_steps = 2 if arguments.quick else 10
    faces = np.random.default_rng(0).random((256, SIDE * SIDE))
    target = nn.Linear(SIDE * SIDE, 2)
    attack = GenerativeInversionAttack(
        target,
        image_shape=(1, SIDE, SIDE),
        max_iter=n_steps,
        n_critic=N_CRITIC,
        batch_size=BATCH_SIZE,
        latent_dim=LATENT_DIM,
        random_state=0,
    )
    first = clone(attack).set_params(max_iter=1).fit(faces)
    nets = first.generator_, first.critic_
    show(
        f"{n_steps} steps of a GAN of {SIDE} x {SIDE}, vs a loop with fused Adam",
        compare(
            partial(train_gan, attack, faces),
            partial(gan_by_hand, nets, faces, n_steps),
            n_repetitions=3,
        ),
        reach="<= 1.05",
    )
