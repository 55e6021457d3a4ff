"""Which attacks can be run on a model."""

from typing import Any

from sklearn_mid.attacks._alignment import KnowledgeAlignmentAttack
from sklearn_mid.attacks._base import ModelInversionAttack
from sklearn_mid.attacks._boundary import BoundaryInversionAttack
from sklearn_mid.attacks._gmi import GenerativeInversionAttack
from sklearn_mid.attacks._gradient import GradientInversionAttack
from sklearn_mid.attacks._learned import LearnedAttack
from sklearn_mid.attacks._map import MAPAttack
from sklearn_mid.attacks._released_answer import ReleasedAnswerAttack
from sklearn_mid.attacks._update_label import UpdateLabelAttack
from sklearn_mid.attacks._update_reconstruction import UpdateReconstructionAttack
from sklearn_mid.attacks._white_box_tree import WhiteBoxTreeAttack
from sklearn_mid.utils._validation import check_parameters

__all__ = ["attacks_for"]


def attacks_for(
    estimator: Any,
    sensitive_feature: Any = None,
    *,
    random_state: Any = None,
    return_skipped: bool = False,
) -> Any:
    """The attacks of this package that can be run on a model.

    Parameters
    ----------
    estimator : object
        The fitted target.
    sensitive_feature : str, int, or list of str or int, default=None
        The secret's column, by name or index, or the columns of a one-hot group. None
        lists the attacks on whole inputs and on updates.
    random_state : int, RandomState instance or None, default=None
        Seeds the attacks that draw.
    return_skipped : bool, default=False
        Whether to say of the other attacks why they are left out.

    Returns
    -------
    attacks : dict of str to ModelInversionAttack
        Unfitted attacks by name, with the parameters that they have by default but for
        those the name tells.
    skipped : dict of str to str
        Reasons by name. Only if `return_skipped`.

    See Also
    --------
    sklearn_mid.benchmark.audit : Runs those on a secret attribute.

    Notes
    -----
    What only the data tell, such as a secret that a step of a pipeline drops, is said
    by an attack's ``fit``, which raises
    :class:`~sklearn_mid.exceptions.UnsupportedTargetError`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.attacks import attacks_for
    >>> X, y = load_iris(return_X_y=True)
    >>> target = LogisticRegression(max_iter=300).fit(X, y)
    >>> attacks, skipped = attacks_for(target, 3, return_skipped=True)
    >>> list(attacks)[:3]
    ['MAP', 'MAP, no prior', 'MAP, effects']
    >>> list(skipped)
    ['MAP, re-scaling', 'white-box counts']
    """
    check_parameters(
        "attacks_for",
        {"random_state": ["random_state"], "return_skipped": ["boolean"]},
        random_state=random_state,
        return_skipped=return_skipped,
    )
    if sensitive_feature is None:
        every = _on_inputs(estimator, random_state)
    else:
        every = _on_an_attribute(estimator, sensitive_feature, random_state)
    reasons = {name: attack.unsuitable() for name, attack in every.items()}
    attacks = {name: attack for name, attack in every.items() if not reasons[name]}
    skipped = {name: reason for name, reason in reasons.items() if reason}
    return (attacks, skipped) if return_skipped else attacks


def _on_an_attribute(
    estimator: Any, secret: Any, random_state: Any
) -> dict[str, ModelInversionAttack]:
    seed = {"random_state": random_state}
    return {
        "MAP": MAPAttack(estimator, secret, **seed),
        "MAP, no prior": MAPAttack(estimator, secret, use_prior=False, **seed),
        "MAP, re-scaling": MAPAttack(
            estimator, secret, error_model="gaussian", calibrate=True, **seed
        ),
        "MAP, effects": MAPAttack(
            estimator, secret, calibrate="effects", prior="learned", **seed
        ),
        "joint": MAPAttack(estimator, secret, prior="learned", **seed),
        "joint, match": MAPAttack(
            estimator, secret, prior="learned", error_model="match", **seed
        ),
        "learned": LearnedAttack(estimator, secret, **seed),
        "learned on shadows": LearnedAttack(
            estimator, secret, train_on="shadow", **seed
        ),
        "released answer": ReleasedAnswerAttack(estimator, secret, **seed),
        "white-box counts": WhiteBoxTreeAttack(estimator, secret),
    }


def _on_inputs(estimator: Any, random_state: Any) -> dict[str, ModelInversionAttack]:
    seed = {"random_state": random_state}
    return {
        "gradient inversion": GradientInversionAttack(estimator, **seed),
        "generative inversion": GenerativeInversionAttack(estimator, **seed),
        "boundary search": BoundaryInversionAttack(estimator, **seed),
        "knowledge alignment": KnowledgeAlignmentAttack(estimator, **seed),
        "knowledge alignment, code": KnowledgeAlignmentAttack(
            estimator, release="code", **seed
        ),
        "update, label": UpdateLabelAttack(estimator, **seed),
        "update, summaries": UpdateLabelAttack(estimator, rule="summaries", **seed),
        "update, log-odds": UpdateLabelAttack(estimator, rule="log-odds", **seed),
        "update, reconstruction": UpdateReconstructionAttack(estimator, **seed),
    }
