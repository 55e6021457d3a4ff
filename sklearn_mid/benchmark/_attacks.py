"""Attackers of the suites, and the baselines that see no model."""

from sklearn_mid.benchmark._problem import final_step

__all__ = ["ATTACKS", "BASELINES"]


def map_attack(problem, target, *, random_state, calibrate=False, use_prior=True):
    """Fredrikson's attack: the most probable secret given record and response."""
    from sklearn_mid.attacks import MAPAttack

    return MAPAttack(
        target,
        problem.sensitive_feature,
        calibrate=calibrate,
        use_prior=use_prior,
        random_state=random_state,
    )


def white_box_tree(problem, target, *, random_state):
    """Path counts of the tree that the record could have taken.

    Who sees the inside sees the tree below a wrapper that changes its confidences.
    """
    from sklearn_mid.attacks import PriorBaseline, WhiteBoxTreeAttack

    if hasattr(target, "kept_features_"):
        # A tree that was never shown the secret fits every value alike: the path
        # counts cancel, and the prior is what is left.
        return PriorBaseline(problem.sensitive_feature)
    return WhiteBoxTreeAttack(final_step(target), problem.sensitive_feature)


def learned(problem, target, *, random_state):
    """A classifier trained on auxiliary records and the target's outputs."""
    from sklearn_mid.attacks import LearnedAttack

    return LearnedAttack(target, problem.sensitive_feature, random_state=random_state)


def majority_guess(problem, target, *, random_state):
    """Always the most frequent value."""
    from sklearn_mid.attacks import PriorBaseline

    return PriorBaseline(problem.sensitive_feature)


def imputation(problem, target, *, random_state):
    """A classifier from the other features and the response to the secret."""
    from sklearn_mid.attacks import ImputationBaseline

    return ImputationBaseline(problem.sensitive_feature)


ATTACKS = {
    "map": map_attack,
    "white-box-tree": white_box_tree,
    "learned": learned,
}
BASELINES = {
    "majority guess": majority_guess,
    "imputation without the model": imputation,
}
