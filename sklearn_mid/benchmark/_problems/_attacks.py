"""Attackers of the suites, and the baselines that see no model."""

import numpy as np

from sklearn_mid.benchmark._problems._image_problems import MeanImage

__all__ = ["ATTACKS", "BASELINES"]


class _OnRelease:
    """An attack whose response is what the model released, not the true one.

    The information bound speaks of this attacker: one who knows the true response as
    well may do better, because that tells about the secret by itself.
    """

    def __init__(self, attack, random_state):
        self._attack = attack
        self._random_state = random_state
        self.knowledge = attack.knowledge

    def _release(self, X):
        target = self._attack.estimator
        released = target.predict(X)
        variance = getattr(target, "noise_variance_", None)
        if variance is None:
            return released
        # The channel of the linear model: the prediction and Gaussian noise.
        rng = np.random.default_rng(self._random_state)
        return released + rng.normal(scale=np.sqrt(variance), size=len(released))

    def fit(self, X, y):
        self._attack.fit(X, self._release(X))
        self.values_ = self._attack.values_
        return self

    def observe(self, X, y):
        return self._release(X)

    def infer(self, X, y):
        return self._attack.infer(X, self._release(X))

    def infer_proba(self, X, y):
        return self._attack.infer_proba(X, self._release(X))

    def sensitive_values(self, X):
        return self._attack.sensitive_values(X)


def map_attack(
    problem,
    target,
    *,
    random_state,
    calibrate=False,
    use_prior=True,
    response="true",
):
    """Fredrikson's attack: the most probable secret given record and response.

    `response` is ``"true"``, or ``"released"`` for one who sees the model's answer
    about the person, but not the true one.
    """
    from sklearn_mid.attacks import MAPAttack

    if response not in ("true", "released"):
        raise ValueError(
            f"response={response!r} is not allowed; choose 'true' or 'released'."
        )
    attack = MAPAttack(
        target,
        problem.sensitive_feature,
        calibrate=calibrate,
        use_prior=use_prior,
        random_state=random_state,
    )
    return attack if response == "true" else _OnRelease(attack, random_state)


def white_box_tree(problem, target, *, random_state):
    """Path counts of the tree that the record could have taken."""
    from sklearn_mid.attacks import PriorBaseline, WhiteBoxTreeAttack

    if hasattr(target, "kept_features_"):
        # A tree that was never shown the secret fits every value alike: the path
        # counts cancel, and the prior is what is left.
        return PriorBaseline(problem.sensitive_feature)
    return WhiteBoxTreeAttack(target, problem.sensitive_feature)


def learned(problem, target, *, random_state):
    """A classifier trained on auxiliary records and the target's outputs."""
    from sklearn_mid.attacks import LearnedAttack

    return LearnedAttack(target, problem.sensitive_feature, random_state=random_state)


def alignment(
    problem,
    target,
    *,
    random_state,
    n_queries=12,
    decoder="mlp",
    top=None,
    max_epochs=100,
):
    """A decoder from confidences to images, trained on auxiliary images."""
    from sklearn_mid.attacks import KnowledgeAlignmentAttack

    return KnowledgeAlignmentAttack(
        target,
        decoder=decoder,
        image_shape=problem.image_shape,
        top=top,
        n_queries=n_queries,
        max_epochs=max_epochs,
        random_state=random_state,
    )


def mi_face(problem, target, *, random_state, max_iter=500, loss="log"):
    """Gradient descent on the target's doubt about a class."""
    from sklearn_mid.attacks import GradientInversionAttack

    return GradientInversionAttack(
        target, max_iter=max_iter, loss=loss, random_state=random_state
    )


def gmi(problem, target, *, random_state, search_iter=300):
    """A search among images that a generator holds for plausible."""
    from sklearn_mid.attacks import GenerativeInversionAttack

    return GenerativeInversionAttack(
        target,
        **problem.gan,
        image_shape=problem.image_shape,
        search_iter=search_iter,
        # The generator knows nothing of the target: all defences share it.
        checkpoint_folder=problem.scratch,
        random_state=random_state,
    )


def update_leak(
    problem,
    target,
    *,
    random_state,
    task="label",
    update_size=1,
    n_queries=12,
    n_updates=1000,
    n_shadows=4,
):
    """What an update held, from the answers before and after."""
    from sklearn_mid.attacks import UpdatesLeakAttack

    return UpdatesLeakAttack(
        target,
        task=task,
        update_size=update_size,
        n_queries=n_queries,
        n_updates=n_updates,
        n_shadows=n_shadows,
        random_state=random_state,
    )


def majority_guess(problem, target, *, random_state):
    """Always the most frequent value."""
    from sklearn_mid.attacks import PriorBaseline

    return PriorBaseline(problem.sensitive_feature)


def frequent_label(problem, target, *, random_state):
    """The most frequent label, for updates; the problem knows it."""
    return None


def mean_image(problem, target, *, random_state):
    """The mean image, of the class where there are auxiliary images of it."""
    return MeanImage()


def imputation(problem, target, *, random_state):
    """A classifier from the other features and the response to the secret."""
    from sklearn_mid.attacks import ImputationBaseline

    return ImputationBaseline(problem.sensitive_feature)


ATTACKS = {
    "map": map_attack,
    "white-box-tree": white_box_tree,
    "learned": learned,
    "alignment": alignment,
    "mi-face": mi_face,
    "gmi": gmi,
    "update-leak": update_leak,
}
BASELINES = {
    "majority guess": majority_guess,
    "imputation without the model": imputation,
    "most frequent label": frequent_label,
    "mean image": mean_image,
}
