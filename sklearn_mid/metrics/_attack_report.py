"""An attack's scores on people, with bootstrap intervals."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import check_random_state

from sklearn_mid.metrics._attack import (
    check_attack,
    check_members,
    check_proba,
    encode,
    guesses_right,
    label_scores,
    margins,
    roc_auc_areas,
)
from sklearn_mid.metrics._bootstrap import (
    PSEUDO_COUNT,
    check_resampling,
    proportions,
    quantile_interval,
)

__all__ = ["attack_report"]

# Weights drawn at a time: keeps the resampling of many rows within some 50 MB.
_CHUNK = 2**21


def attack_report(
    attack,
    X,
    y,
    *,
    baseline=None,
    members=None,
    allow_unequal_knowledge=False,
    n_resamples=2000,
    confidence_level=0.95,
    random_state=None,
):
    """Scores of a fitted attack on people, with bootstrap intervals.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        Fitted attack.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        Records of the people under attack, with the true secret in its column.
    y : array-like of shape (n_samples,)
        The response that the attacker knows of each.
    baseline : AttributeInferenceAttack, default=None
        Fitted attack without a model, such as PriorBaseline or ImputationBaseline,
        with the same `knowledge`. Adds the rows ``"baseline_accuracy"`` and
        ``"advantage"``. Attack and baseline guess about the same people, so that the
        advantage is resampled in pairs.
    members : tuple of (X, y), default=None
        Records and responses that the target was trained on, where `X` and `y` are
        of people it has not seen. Adds ``"member_accuracy"`` and
        ``"member_advantage"``.
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
        The scores of :func:`attack_scores` and those above, one a row.

    Raises
    ------
    TypeError
        If `attack` or `baseline` is no attribute-inference attack.
    ValueError
        If attack and baseline differ in knowledge or in the values they infer.

    See Also
    --------
    attack_scores : The scores alone, from guesses.
    bootstrap_interval : Interval of any statistic.

    Notes
    -----
    The intervals come from Bayesian bootstraps [1]_, over the cells of the table of
    truth and guess or, for the area under the ROC curve, over rows. Right and wrong
    guesses get 3/4 of a pseudo-row each, so that an attack that is always right (or
    wrong) has an interval, and no resample lacks a value of the secret. Each interval
    is stretched to hold its estimate. People are what is resampled: how much scores
    vary with the target's training is for repetitions to say.

    References
    ----------
    .. [1] Rubin, D. B. (1981). The Bayesian bootstrap. Annals of Statistics, 9(1),
       130-134. doi:10.1214/aos/1176345338.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import MAPAttack, PriorBaseline
    >>> from sklearn_mid.metrics import attack_report
    >>> X, y = load_iris(return_X_y=True)
    >>> X[:, 3] = X[:, 3] > 1.3
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> attack = MAPAttack(tree, sensitive_feature=3).fit(X, y)
    >>> prior = PriorBaseline(sensitive_feature=3).fit(X, y)
    >>> report = attack_report(attack, X, y, baseline=prior, random_state=0)
    >>> list(report["metric"])[-2:]
    ['baseline_accuracy', 'advantage']
    """
    check_resampling(
        "attack_report",
        n_resamples=n_resamples,
        confidence_level=confidence_level,
        random_state=random_state,
    )
    rng = check_random_state(random_state)
    check_attack(attack, "attack")
    seen = attack.observe(X, y)
    true, pred, values = encode(
        attack.sensitive_values(X), attack.infer(X, seen), attack.values_
    )
    proba = check_proba(attack.infer_proba(X, seen), true, values)
    rows = {}

    def add(metric, value, replicates):
        value = float(np.squeeze(value))
        rows[metric] = (value, *quantile_interval(replicates, value, confidence_level))

    scores = label_scores(*margins(true, pred, len(values)))
    replicates = _resampled_label_scores(true, pred, len(values), n_resamples, rng)
    for metric, value in scores.items():
        add(metric, value, replicates[metric])
    auc = float(roc_auc_areas(true, proba, np.ones((1, len(true))))[0])
    add("roc_auc", auc, _resampled_roc_auc(true, proba, n_resamples, rng))

    is_right = true == pred
    if baseline is not None:
        _check_comparable(attack, baseline, allow_unequal_knowledge)
        baseline_is_right = guesses_right(baseline, X, y)
        share = _right_share(baseline_is_right, n_resamples, rng)
        add("baseline_accuracy", baseline_is_right.mean(), share)
        # Only people about whom the two differ count: kinds are attack alone right,
        # baseline alone right, and the rest.
        difference = is_right.astype(int) - baseline_is_right
        kinds = proportions(np.bincount(1 - difference, minlength=3), n_resamples, rng)
        add("advantage", difference.mean(), kinds[:, 0] - kinds[:, 2])
    if members is not None:
        member_is_right = _guesses_right_on(members, attack)
        share = _right_share(member_is_right, n_resamples, rng)
        add("member_accuracy", member_is_right.mean(), share)
        add(
            "member_advantage",
            member_is_right.mean() - is_right.mean(),
            share - _right_share(is_right, n_resamples, rng),
        )
    return pd.DataFrame(
        [(metric, *numbers) for metric, numbers in rows.items()],
        columns=["metric", "value", "low", "high"],
    )


def _guesses_right_on(members, attack):
    check_members(members)
    try:
        return guesses_right(attack, *members)
    except (TypeError, ValueError) as error:
        raise ValueError(f"members cannot be attacked: {error}") from error


def _check_comparable(attack, baseline, allow_unequal):
    check_attack(baseline, "baseline")
    if list(baseline.values_) != list(attack.values_):
        raise ValueError(
            f"attack infers {list(attack.values_)!r} but baseline infers "
            f"{list(baseline.values_)!r}; fit both to the same secret."
        )
    if attack.knowledge != baseline.knowledge and not allow_unequal:
        raise ValueError(
            f"baseline {type(baseline).__name__} knows {baseline.knowledge!r}, but "
            f"attack {type(attack).__name__} knows {attack.knowledge!r}: their "
            "difference is not the model's leak. Take the baseline of the same level, "
            "or pass allow_unequal_knowledge=True."
        )


def _resampled_label_scores(true, pred, n_values, n_resamples, rng):
    """Label scores of Bayesian-bootstrap draws of the table of truth and guess."""
    value = np.arange(n_values)
    # Pseudo-rows, right and wrong, are spread evenly over the values. Each value gets
    # one wrong partner, so that the cells stay few when values are many.
    cell_true = np.concatenate([true, value, value])
    cell_pred = np.concatenate([pred, value, np.roll(value, -1)])
    rows = np.repeat([1.0, PSEUDO_COUNT / n_values], [len(true), 2 * n_values])
    cells, cell_of_row = np.unique(
        cell_true * n_values + cell_pred, return_inverse=True
    )
    mass = np.bincount(cell_of_row, weights=rows)
    cell_true, cell_pred = np.divmod(cells, n_values)
    is_hit = cell_true == cell_pred

    def to_values(codes, weights):
        # Pseudo-rows hold every value, so that each has its column.
        return sparse.csr_array((weights, (np.arange(len(cells)), codes)))

    ones = np.ones(len(cells))
    hits, n_true, n_pred = (
        to_values(cell_true, is_hit.astype(np.float64)),
        to_values(cell_true, ones),
        to_values(cell_pred, ones),
    )
    is_true = np.bincount(true, minlength=n_values) > 0
    occurs = (is_true, is_true | (np.bincount(pred, minlength=n_values) > 0))
    chunks = []
    for size in _chunk_sizes(n_resamples, len(cells)):
        # Shares would be these over their sum, which no score depends on.
        draws = rng.standard_gamma(mass, size=(size, len(cells)))
        chunks.append(
            label_scores(draws @ hits, draws @ n_true, draws @ n_pred, occurs)
        )
    return {m: np.concatenate([chunk[m] for chunk in chunks]) for m in chunks[0]}


def _resampled_roc_auc(true, proba, n_resamples, rng):
    """Areas under Rubin's row weights, pulled off 1 and 0 as shares of rows are."""
    n, counts = len(true), np.bincount(true)
    if np.count_nonzero(counts) < 2:
        return np.full(n_resamples, np.nan)
    areas = np.concatenate(
        [
            roc_auc_areas(true, proba, rng.standard_exponential((size, n)))
            for size in _chunk_sizes(n_resamples, n)
        ]
    )
    # An area is the share of (positive, negative) pairs in order: pseudo-rows that
    # beat everybody, and nobody, join the rarer side.
    n_rarer = counts[counts > 0].min()
    kinds = proportions([n_rarer, 0, 0], n_resamples, rng)
    return kinds[:, 0] * areas + kinds[:, 1]


def _right_share(is_right, n_resamples, rng):
    n_right = np.count_nonzero(is_right)
    return proportions([n_right, len(is_right) - n_right], n_resamples, rng)[:, 0]


def _chunk_sizes(n_resamples, width):
    size = max(1, _CHUNK // width)
    full, rest = divmod(n_resamples, size)
    return [size] * full + [rest] * (rest > 0)
