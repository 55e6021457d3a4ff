"""
The release channel: answers that are worth what they tell
==========================================================

A bank knows of a person everything but their marital status, and sees the score that a
model gave them. It asks the model at every marital status, and the one whose score
comes out is the person's. Rounding the scores does little against that; leaving the
column out costs utility. The channel of :class:`~sklearn_mid.release.MIDClassifier`
lets two statuses answer differently only where this is worth more than it tells.
"""

import tempfile

import matplotlib.pyplot as plt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import log_loss

from sklearn_mid.attacks import PriorBaseline, ReleasedAnswerAttack
from sklearn_mid.datasets import fetch_adult
from sklearn_mid.defenses import ConfidenceRounding, OmitFeature
from sklearn_mid.model_selection import target_auxiliary_split
from sklearn_mid.release import MIDClassifier

adult = fetch_adult(subset="all")
people, test, known, _ = target_auxiliary_split(
    adult.data,
    adult.target,
    target_size=10_000,
    test_size=4_000,
    auxiliary_size=4_000,
    random_state=0,
)
boosting = HistGradientBoostingClassifier(
    categorical_features="from_dtype", random_state=0
).fit(people.X, people.y)


def judge(model):
    """Log loss on other people, and how often who sees the answer is right of them."""
    model.fit(people.X, people.y)
    attack = ReleasedAnswerAttack(model, "marital", prior="learned", random_state=0)
    attack.fit(known.X, known.y)
    proba = model.predict_proba(test.X).clip(0.001)
    proba /= proba.sum(axis=1, keepdims=True)
    return log_loss(test.y, proba), attack.score(test.X)


# %%
# One model as it is, without the column, rounded, and behind the channel at several
# strengths, for which the memory keeps what does not depend on them.

points = {
    "as it is": judge(FrozenEstimator(boosting)),
    "column left out": judge(OmitFeature(boosting, ["marital"])),
}
rounded = [
    judge(ConfidenceRounding(FrozenEstimator(boosting), step=step))
    for step in (0.01, 0.1)
]
strengths = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3]
with tempfile.TemporaryDirectory() as memory:
    channel = [
        judge(
            MIDClassifier(
                boosting,
                ["marital"],
                reg_lambda,
                distill=False,
                memory=memory,
                random_state=0,
            )
        )
        for reg_lambda in strengths
    ]
guess = PriorBaseline("marital").fit(known.X, known.y).score(test.X, test.y)

# %%
# The best corner is at the bottom right. Points in between cost less than the straight
# line from the model as it is to the one without the column, which is what one gets by
# answering some people by the one and some by the other.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(
    *zip(*channel, strict=True), "o-", color="C0", label="MIDClassifier, 0.02 to 0.3"
)
ax.plot(*zip(*rounded, strict=True), "D", color="C2", label="rounded to 2, 1 decimals")
for (name, point), marker in zip(points.items(), "Xs", strict=True):
    ax.plot(*point, marker, color="C3", ms=9, label=name)
ax.plot(*zip(*points.values(), strict=True), ":", color="0.5", zorder=0)
ax.axhline(guess, color="0.4", ls="--", lw=1, label="guess of the most frequent status")
ax.invert_xaxis()
ax.set(
    xlabel="log loss on other people, in nats (better to the right)",
    ylabel="secrets read from the answer",
    ylim=(0.4, 1.04),
)
ax.legend(loc="lower left")
plt.show()
