"""How well an attack guesses a secret, and how much of that is the model's fault."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils import (
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
)

from sklearn_mid.metrics._bootstrap import (
    PSEUDO_COUNT,
    check_resampling,
    proportions,
    quantile_interval,
)

__all__ = ["advantage_score", "attack_report", "attack_scores", "member_advantage"]

# Weights drawn at a time: keeps the resampling of many rows within some 50 MB.
_CHUNK = 2**21


def attack_scores(s_true, s_pred, s_proba=None, *, values=None):
    """Scores of an attack's guesses of a categorical secret.

    Parameters
    ----------
    s_true : array-like of shape (n_samples,)
        True values of the secret, of any type.
    s_pred : array-like of shape (n_samples,)
        The attack's guesses.
    s_proba : array-like of shape (n_samples, n_values), default=None
        The attack's probabilities, in the order of `values`.
    values : array-like of shape (n_values,), default=None
        The candidate values, ``attack.values_``. By default the sorted values that
        occur in `s_true` or `s_pred`.

    Returns
    -------
    scores : dict of str to float
        - ``"accuracy"``: share of right guesses.
        - ``"f1"``: F1 of each value that occurs, averaged with equal weights
          ("macro").
        - ``"f1_positive"``, for two candidate values only: F1 of the second, as
          scikit-learn reads binary labels. Papers on rare secrets mean this one:
          order `values` so that the secret worth hiding comes last.
        - ``"mcc"``: Matthews' correlation of guess and truth; 0 for constant
          guesses.
        - ``"balanced_accuracy"``: mean over the true values of the share guessed.
        - ``"roc_auc"``, only with `s_proba`: area under the ROC curve; for more than
          two values the mean over one-against-rest areas. NaN if `s_true` takes a
          single value.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or not among `values`, or `s_proba` has
        another number of columns.

    See Also
    --------
    attack_report : The same with intervals, for a fitted attack.
    advantage_score : Accuracy beyond that of a guess without the model.

    Examples
    --------
    >>> from sklearn_mid.metrics import attack_scores
    >>> scores = attack_scores(["no", "no", "yes", "yes"], ["no", "yes", "yes", "yes"])
    >>> scores["accuracy"], round(scores["f1_positive"], 3), round(scores["mcc"], 3)
    (0.75, 0.8, 0.577)
    """
    true, pred, values = _encode(s_true, s_pred, values)
    scores = _label_scores(*_margins(true, pred, len(values)))
    if s_proba is not None:
        proba = _check_proba(s_proba, true, values)
        scores["roc_auc"] = _roc_auc(true, proba, np.ones((1, len(true))))
    return {name: float(np.squeeze(score)) for name, score in scores.items()}


def advantage_score(s_true, s_pred, s_baseline):
    """Accuracy of an attack minus that of guesses made without the model.

    What the population tells about a secret is not the model's fault. Take the
    baseline that knows as much as the attack does: the most frequent value for an
    attacker who knows marginals, an imputation for one who has labelled records.

    Parameters
    ----------
    s_true : array-like of shape (n_samples,)
        True values of the secret.
    s_pred : array-like of shape (n_samples,)
        The attack's guesses.
    s_baseline : array-like of shape (n_samples,)
        The baseline's guesses for the same people.

    Returns
    -------
    advantage : float
        In [-1, 1]; 0 or less if the model helped nothing.

    See Also
    --------
    attack_report : The advantage with its interval.

    Examples
    --------
    >>> from sklearn_mid.metrics import advantage_score
    >>> advantage_score([0, 0, 1, 1], [0, 0, 1, 0], s_baseline=[0, 0, 0, 0])
    0.25
    """
    is_right = _encode_right(s_true, s_pred)
    baseline_is_right = _encode_right(s_true, s_baseline)
    return float(is_right.mean() - baseline_is_right.mean())


def member_advantage(attack, X_members, y_members, X_others, y_others):
    """Accuracy of an attack on the target's training rows minus on other people.

    An advantage of 0 says that the model leaks about its training rows no more than
    about anybody else: what it gives away, it learned from the population.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        Fitted attack.
    X_members, y_members : array-like of shape (n_members, n_features), (n_members,)
        Records and responses on which the target was trained.
    X_others, y_others : array-like of shape (n_others, n_features), (n_others,)
        Records and responses that it has not seen, of the same population.

    Returns
    -------
    advantage : float
        In [-1, 1].

    See Also
    --------
    attack_report : The advantage with its interval, by its parameter `members`.
    dp_privacy_loss_bound : What differential privacy promises about it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import MAPAttack
    >>> from sklearn_mid.metrics import member_advantage
    >>> X, y = load_iris(return_X_y=True)
    >>> X[:, 3] = X[:, 3] > 1.3
    >>> X, X_others, y, y_others = train_test_split(X, y, random_state=0)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> attack = MAPAttack(tree, sensitive_feature=3).fit(X, y)
    >>> -1 <= member_advantage(attack, X, y, X_others, y_others) <= 1
    True
    """
    return float(
        _is_right(attack, X_members, y_members).mean()
        - _is_right(attack, X_others, y_others).mean()
    )


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
    check_resampling(n_resamples, confidence_level)
    rng = check_random_state(random_state)
    _check_attack(attack, "attack")
    true, pred, values = _encode(
        attack.sensitive_values(X), attack.infer(X, y), attack.values_
    )
    proba = _check_proba(attack.infer_proba(X, y), true, values)
    rows = {}

    def add(metric, value, replicates):
        value = float(np.squeeze(value))
        rows[metric] = (value, *quantile_interval(replicates, value, confidence_level))

    scores = _label_scores(*_margins(true, pred, len(values)))
    replicates = _resampled_label_scores(true, pred, len(values), n_resamples, rng)
    for metric, value in scores.items():
        add(metric, value, replicates[metric])
    auc = float(_roc_auc(true, proba, np.ones((1, len(true))))[0])
    add("roc_auc", auc, _resampled_roc_auc(true, proba, n_resamples, rng))

    is_right = true == pred
    if baseline is not None:
        _check_comparable(attack, baseline, allow_unequal_knowledge)
        baseline_is_right = _is_right(baseline, X, y)
        share = _right_share(baseline_is_right, n_resamples, rng)
        add("baseline_accuracy", baseline_is_right.mean(), share)
        # Only people about whom the two differ count: kinds are attack alone right,
        # baseline alone right, and the rest.
        difference = is_right.astype(int) - baseline_is_right
        kinds = proportions(np.bincount(1 - difference, minlength=3), n_resamples, rng)
        add("advantage", difference.mean(), kinds[:, 0] - kinds[:, 2])
    if members is not None:
        member_is_right = _is_right(attack, *members)
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


def _check_attack(attack, name):
    for method in ("infer", "infer_proba", "sensitive_values"):
        if not hasattr(attack, method):
            raise TypeError(
                f"{name} must be an attribute-inference attack, got "
                f"{type(attack).__name__}, which has no {method!r}."
            )


def _check_comparable(attack, baseline, allow_unequal):
    _check_attack(baseline, "baseline")
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


def _is_right(attack, X, y):
    _check_attack(attack, "attack")
    return attack.sensitive_values(X) == attack.infer(X, y)


def _encode_right(s_true, s_pred):
    true, pred, _ = _encode(s_true, s_pred, None)
    return true == pred


def _encode(s_true, s_pred, values):
    """Codes of truth and guess within `values`."""
    s_true, s_pred = (
        column_or_1d(np.asarray(s), dtype=object) for s in (s_true, s_pred)
    )
    check_consistent_length(s_true, s_pred)
    if not len(s_true):
        raise ValueError("s_true has 0 rows; scores need 1 or more.")
    both = np.concatenate([s_true, s_pred])
    if pd.isna(both).any():
        raise ValueError("s_true and s_pred must not hold missing values (NaN, None).")
    if values is None:
        # Also sorts values of mixed types, as numbers and "(other)" are.
        codes, values = pd.factorize(both, sort=True)
    else:
        index = pd.Index(column_or_1d(np.asarray(values), dtype=object), dtype=object)
        if index.has_duplicates:
            raise ValueError(f"values must differ, got {list(index)!r}.")
        codes, values = index.get_indexer(both), index.to_numpy()
        if (codes < 0).any():
            raise ValueError(
                f"s_true or s_pred holds {both[codes < 0][0]!r}, which is none of "
                f"values={list(index)!r}."
            )
    return codes[: len(s_true)], codes[len(s_true) :], values


def _check_proba(s_proba, true, values):
    s_proba = check_array(s_proba, dtype=np.float64, input_name="s_proba")
    check_consistent_length(true, s_proba)
    if s_proba.shape[1] != len(values):
        raise ValueError(
            f"s_proba has {s_proba.shape[1]} columns, but there are {len(values)} "
            "values; pass values=attack.values_."
        )
    return s_proba


def _margins(true, pred, n_values):
    """Right guesses, truths and guesses of each value: all that the scores need."""
    return tuple(
        np.bincount(codes, minlength=n_values).astype(np.float64)
        for codes in (true[true == pred], true, pred)
    )


def _label_scores(hits, n_true, n_pred, occurs=None):
    """Scores from the margins; leading axes are resamples.

    `occurs` is (is true anywhere, is true or guessed anywhere) for each value: means
    over values take only those, in resamples as on the data.
    """
    if occurs is None:
        occurs = (n_true > 0, (n_true > 0) | (n_pred > 0))
    total = n_true.sum(axis=-1)
    accuracy = hits.sum(axis=-1) / total
    f1 = _ratio(2 * hits, n_true + n_pred)
    # Gorodkin (2004): correlation of the two indicator matrices.
    covariance = hits.sum(axis=-1) * total - (n_true * n_pred).sum(axis=-1)
    spread = [total**2 - (m**2).sum(axis=-1) for m in (n_true, n_pred)]
    scores = {"accuracy": accuracy, "f1": f1[..., occurs[1]].mean(axis=-1)}
    if n_true.shape[-1] == 2:
        scores["f1_positive"] = f1[..., 1]
    scores["mcc"] = _ratio(
        covariance, np.sqrt(np.maximum(spread[0], 0) * np.maximum(spread[1], 0))
    )
    recall = _ratio(hits, n_true)
    scores["balanced_accuracy"] = recall[..., occurs[0]].mean(axis=-1)
    return scores


def _ratio(numerator, denominator):
    """numerator / denominator, 0 where there is nothing to divide by."""
    denominator = np.asarray(denominator)
    return np.divide(
        numerator,
        denominator,
        out=np.zeros(denominator.shape),
        where=denominator > 0,
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
        shape = (len(cells), n_values)
        return sparse.csr_array((weights, (np.arange(len(cells)), codes)), shape=shape)

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
        draws = rng.standard_gamma(mass, size=(size, len(cells)))
        draws /= draws.sum(axis=1, keepdims=True)
        chunks.append(
            _label_scores(draws @ hits, draws @ n_true, draws @ n_pred, occurs)
        )
    return {m: np.concatenate([chunk[m] for chunk in chunks]) for m in chunks[0]}


def _roc_auc(true, proba, weights):
    """One-against-rest area, averaged over values; NaN if only one value is true.

    `weights` of shape (n_resamples, n_samples) weight the rows.
    """
    counts = np.bincount(true, minlength=proba.shape[1])
    if np.count_nonzero(counts) < 2:
        return np.full(len(weights), np.nan)
    # Of two candidates, both areas are the same.
    value_codes = [1] if proba.shape[1] == 2 else np.flatnonzero(counts)
    return np.mean(
        [_binary_auc(true == v, proba[:, v], weights) for v in value_codes], axis=0
    )


def _binary_auc(is_positive, score, weights):
    order = np.argsort(score, kind="stable")
    score, is_positive, weights = score[order], is_positive[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])  # ties share a rank
    positive = np.add.reduceat(weights * is_positive, starts, axis=1)
    negative = np.add.reduceat(weights * ~is_positive, starts, axis=1)
    beaten = np.cumsum(negative, axis=1) - negative / 2
    return (positive * beaten).sum(axis=1) / (
        positive.sum(axis=1) * negative.sum(axis=1)
    )


def _resampled_roc_auc(true, proba, n_resamples, rng):
    """Areas under Rubin's row weights, pulled off 1 and 0 as shares of rows are."""
    n, counts = len(true), np.bincount(true)
    if np.count_nonzero(counts) < 2:
        return np.full(n_resamples, np.nan)
    areas = np.concatenate(
        [
            _roc_auc(true, proba, rng.standard_exponential((size, n)))
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
