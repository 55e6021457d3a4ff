"""An attack's scores on people, with intervals over people."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sklearn_mid.metrics._attack import (
    certainty,
    check_attack,
    check_comparable,
    check_members,
    constant_f1,
    guesses,
    label_scores,
    margins,
    positive_code,
    ranking_scores,
)
from sklearn_mid.metrics._bootstrap import (
    check_resampling,
    proportions,
    quantile_interval,
)
from sklearn_mid.metrics._exact import (
    balanced_accuracy_limits,
    f1_limits,
    for_few_people,
    macro_f1_limits,
    share_limits,
)
from sklearn_mid.metrics._resampling import (
    resampled_areas,
    resampled_matthews,
    resampled_rates,
    resampled_top_precision,
)
from sklearn_mid.utils._ranking import (
    TOP_SHARES,
    right_by_certainty,
    roc_steps,
    top_name,
    top_precision,
)
from sklearn_mid.utils._target import AskedOnce
from sklearn_mid.utils._validation import as_column, factorize

__all__ = ["attack_report"]


def attack_report(
    attack: Any,
    X: Any,
    y: ArrayLike,
    *,
    baseline: Any = "auto",
    auxiliary: tuple | None = None,
    members: tuple | None = None,
    groups: ArrayLike | None = None,
    positive: Any = None,
    allow_unequal_knowledge: bool = False,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """Scores of a fitted attack on people, with bootstrap intervals.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        Fitted attack.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        Records of the people under attack, with the true secret in its column.
    y : array-like of shape (n_samples,)
        The response that the attacker knows of each.
    baseline : {"auto"}, AttributeInferenceAttack or None, default="auto"
        Fitted attack without a model, such as PriorBaseline or ImputationBaseline,
        with the same `knowledge`. ``"auto"`` takes what the attack's ``baseline()``
        returns and fits it on `auxiliary`; without those there is none. Adds the rows
        ``"baseline_accuracy"``, ``"advantage"`` and, for the people of whom the
        baseline is most certain, ``"baseline_precision_top_1pct"`` and so on. Attack
        and baseline guess about the same people, so that the advantage is resampled in
        pairs.
    auxiliary : tuple of (X, y), default=None
        Records and responses that the attack was fitted on, for ``baseline="auto"``.
    members : tuple of (X, y), default=None
        Records and responses that the target was trained on, where `X` and `y` are
        of people it has not seen. Adds ``"member_accuracy"``,
        ``"member_advantage"`` and ``"member_precision_top_1pct"`` and so on.
    groups : array-like of shape (n_samples,), default=None
        Subgroup of each person in `X`. Adds the rows of each subgroup by itself: an
        attack that is poor on average may know everything about some.
    positive : object, default=None
        The value whose ``"tpr_at_1pct_fpr"`` is shown. By default the second of two
        values; with more of them, that row is left out.
    allow_unequal_knowledge : bool, default=False
        Whether the baseline may know more or less than the attack.
    n_resamples : int, default=2000
        Number of bootstrap resamples.
    confidence_level : float, default=0.95
        In (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the resamples.

    Returns
    -------
    report : DataFrame with columns metric, value, low, high
        The scores of :func:`attack_scores` and those above, one a row. With `groups`
        the first column is ``group``, None for everybody; subgroups follow in their
        order, without the rows of members.

    Raises
    ------
    TypeError
        If `attack` or `baseline` is no attribute-inference attack.
    ValueError
        If attack and baseline differ in knowledge or in the values they infer, or
        `groups` or `positive` do not fit the people.

    See Also
    --------
    attack_scores : The scores alone, from guesses.
    most_exposed : The people of whose guess an attack is most certain.
    bootstrap_interval : Interval of any statistic.
    interval_over_splits : How much a score varies with the split.

    Notes
    -----
    All intervals are over people: how much scores vary with the target's training is
    for repetitions to say.

    The limits of F1 and balanced accuracy are exact ones of Clopper and Pearson for
    the shares that they are made of, combined by the method of variance estimates
    recovery [1]_; those of the mean F1 and of Matthews' correlation are widened by
    sqrt(n / (n - k)) for k values of n people. The others come from Bayesian
    bootstraps [2]_, over the cells of the table of truth and guess or over rows. Right
    and wrong guesses get 3/4 of a pseudo-row each, so that an attack that is always
    right (or wrong) has an interval.
    The area under the ROC curve is resampled by its influence function, which is within
    .002 of the resampled areas for 20,000 people, and for few people covers better.
    Each interval is stretched to hold its estimate.

    References
    ----------
    .. [1] Zou, G. Y., & Donner, A. (2008). Construction of confidence limits about
       effect measures: a general approach. Statistics in Medicine, 27(10), 1693-1702.
       doi:10.1002/sim.3095.
    .. [2] Rubin, D. B. (1981). The Bayesian bootstrap. Annals of Statistics, 9(1),
       130-134. doi:10.1214/aos/1176345338.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.metrics import attack_report
    >>> X, y = load_iris(return_X_y=True)
    >>> X[:, 3] = X[:, 3] > 1.3
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> attack = MAPAttack(tree, sensitive_feature=3).fit(X, y)
    >>> report = attack_report(attack, X, y, auxiliary=(X, y), random_state=0)
    >>> list(report["metric"])[:2]
    ['accuracy', 'f1']
    """
    check_resampling(
        "attack_report",
        n_resamples=n_resamples,
        confidence_level=confidence_level,
        random_state=random_state,
    )
    check_attack(attack, "attack")
    if isinstance(baseline, str) and baseline == "auto":
        baseline = None
        if auxiliary is not None:
            check_members(auxiliary, "auxiliary")
            try:
                baseline = attack.baseline().fit(*auxiliary)
            except (ValueError, TypeError) as error:
                raise ValueError(f"auxiliary teaches nothing: {error}") from error
            allow_unequal_knowledge = True
    if baseline is not None:
        check_comparable(attack, baseline, allow_unequal_knowledge)
    positive = positive_code(positive, attack.values_)
    options = {
        "positive": positive,
        "n_resamples": n_resamples,
        "confidence_level": confidence_level,
        "rng": check_random_state(random_state),
    }
    with AskedOnce(getattr(attack, "estimator", None)):
        people = _guesses(attack, X, y)
        member_people = (
            None if members is None else _guesses_on_members(attack, members)
        )
    baseline_people = None if baseline is None else _guesses(baseline, X, y)
    report = _figures(people, baseline_people, member_people, **options)
    if groups is None:
        return report
    group_of = as_column(groups, "groups")
    if len(group_of) != len(people.true):
        raise ValueError(
            f"groups must hold one group for each of {len(people.true)} people, got "
            f"{len(group_of)}."
        )
    parts = [report.assign(group=None)]
    codes, names = factorize(group_of)
    for code, name in enumerate(names):
        some = codes == code
        some_baseline = None if baseline_people is None else baseline_people[some]
        part = _figures(people[some], some_baseline, None, **options)
        parts.append(part.assign(group=name))
    report = pd.concat([p.astype({"group": object}) for p in parts], ignore_index=True)
    return report[["group", "metric", "value", "low", "high"]]


@dataclass
class _Guesses:
    """Truth, guess and probabilities of people, in codes of the values."""

    true: np.ndarray
    pred: np.ndarray
    proba: np.ndarray

    def __getitem__(self, rows):
        return _Guesses(self.true[rows], self.pred[rows], self.proba[rows])

    @property
    def is_right(self):
        return self.true == self.pred

    @property
    def right_by_certainty(self):
        return right_by_certainty(self.is_right, certainty(self.proba, self.pred))


def _guesses(attack, X, y):
    return _Guesses(*guesses(attack, X, y)[:3])


def _guesses_on_members(attack, members):
    check_members(members)
    try:
        return _guesses(attack, *members)
    except (TypeError, ValueError) as error:
        raise ValueError(f"members cannot be attacked: {error}") from error


def _figures(
    people, baseline, members, *, positive, n_resamples, confidence_level, rng
):
    rows = {}

    def add(metric, value, replicates):
        value = float(value)
        rows[metric] = (value, *quantile_interval(replicates, value, confidence_level))

    def add_tops(prefix, right):
        replicates = resampled_top_precision(right, TOP_SHARES, n_resamples, rng)
        for share, drawn in zip(TOP_SHARES, replicates, strict=True):
            add(prefix + top_name(share), top_precision(right, share), drawn)

    n_values = people.proba.shape[1]
    true, pred, is_right = people.true, people.pred, people.is_right
    hits, n_true, n_pred = margins(true, pred, n_values)
    scores = label_scores(hits, n_true, n_pred)
    scores |= ranking_scores(true, pred, people.proba, positive)
    add("accuracy", scores["accuracy"], _right_share(is_right, n_resamples, rng))
    for metric, limits in _exact_limits(people, confidence_level).items():
        rows[metric] = (float(scores[metric]), *map(float, limits))
    drawn = resampled_matthews(true, pred, n_values, n_resamples, rng)
    n_found = np.count_nonzero(n_true + n_pred)
    drawn = scores["mcc"] + for_few_people(len(true), n_found) * (drawn - scores["mcc"])
    add("mcc", scores["mcc"], np.clip(drawn, -1, 1))
    drawn = resampled_areas(true, people.proba, n_resamples, rng)
    add("roc_auc", scores["roc_auc"], drawn)
    add_tops("", people.right_by_certainty)
    if positive is not None:
        negative, found = roc_steps(true == positive, people.proba[:, positive])
        drawn = resampled_rates(negative, found, n_resamples, rng)
        add("tpr_at_1pct_fpr", scores["tpr_at_1pct_fpr"], drawn)
    if baseline is not None:
        baseline_is_right = baseline.is_right
        share = _right_share(baseline_is_right, n_resamples, rng)
        add("baseline_accuracy", baseline_is_right.mean(), share)
        # Only people about whom the two differ count: kinds are attack alone right,
        # baseline alone right, and the rest.
        difference = is_right.astype(int) - baseline_is_right
        kinds = proportions(np.bincount(1 - difference, minlength=3), n_resamples, rng)
        add("advantage", difference.mean(), kinds[:, 0] - kinds[:, 2])
        add_tops("baseline_", baseline.right_by_certainty)
    if members is not None:
        share = _right_share(members.is_right, n_resamples, rng)
        add("member_accuracy", members.is_right.mean(), share)
        add(
            "member_advantage",
            members.is_right.mean() - is_right.mean(),
            share - _right_share(is_right, n_resamples, rng),
        )
        add_tops("member_", members.right_by_certainty)
    return pd.DataFrame(
        [(metric, *numbers) for metric, numbers in rows.items()],
        columns=["metric", "value", "low", "high"],
    )


def _exact_limits(people, level):
    """Limits of the scores that are made of shares, by metric."""
    n_values, n = people.proba.shape[1], len(people.true)
    hits, n_true, n_pred = margins(people.true, people.pred, n_values)
    limits = {"f1": macro_f1_limits(people.true, people.pred, n_values, level)}

    def constant(n_held, n_means):
        shares = share_limits(n_held, n, level)
        return [constant_f1(share, 1) / n_means for share in shares]

    limits["f1_constant"] = constant(n_true.max(), np.count_nonzero(n_true))
    if n_values == 2:
        low, high = f1_limits(hits, n_true, n_pred, level)
        limits["f1_positive"] = low[1], high[1]
        limits["f1_positive_constant"] = constant(n_true[1], 1)
    limits["balanced_accuracy"] = balanced_accuracy_limits(hits, n_true, level)
    return limits


def _right_share(is_right, n_resamples, rng):
    n_right = np.count_nonzero(is_right)
    return proportions([n_right, len(is_right) - n_right], n_resamples, rng)[:, 0]
