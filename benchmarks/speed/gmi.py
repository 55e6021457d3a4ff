"""GMI: seconds per 100 latent steps, ours vs a plain torch loop.

Both search for 10 classes from 5 starts each, through the same generator and critic
of 28 x 28 images and the same target, a perceptron 784-128-10.
"""

from functools import partial

import numpy as np
import torch
from _harness import compare, growth, parse_arguments, report
from torch import nn

from sklearn_mid.attacks import GenerativeInversionAttack

N_CLASSES, N_STARTS = 10, 5


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
