"""How well an attack guesses a secret, and how much of that is the model's fault."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from sklearn_mid.utils._validation import as_column, as_numbers, factorize

__all__ = ["advantage_score", "attack_scores", "member_advantage"]


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
    true, pred, values = encode(s_true, s_pred, values)
    scores = label_scores(*margins(true, pred, len(values)))
    if s_proba is not None:
        proba = check_proba(s_proba, true, values)
        scores["roc_auc"] = roc_auc_areas(true, proba, np.ones((1, len(true))))
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
        guesses_right(attack, X_members, y_members).mean()
        - guesses_right(attack, X_others, y_others).mean()
    )


def check_attack(attack, name):
    """Raise if `attack` is no attribute-inference attack."""
    for method in ("infer", "infer_proba", "observe", "sensitive_values"):
        if not hasattr(attack, method):
            raise TypeError(
                f"{name} must be an attribute-inference attack, got "
                f"{type(attack).__name__}, which has no {method!r}."
            )


def check_members(members):
    """Raise if `members` are no records and their responses."""
    if not isinstance(members, tuple | list) or len(members) != 2:
        raise ValueError(f"members must be a pair (X, y), got {members!r}.")


def guesses_right(attack, X, y):
    """Whether the attack guesses the secret of each record."""
    check_attack(attack, "attack")
    return attack.sensitive_values(X) == attack.infer(X, attack.observe(X, y))


def _encode_right(s_true, s_pred):
    true, pred, _ = encode(s_true, s_pred, None)
    return true == pred


def encode(s_true, s_pred, values):
    """Codes of truth and guess within `values`."""
    s_true = as_column(s_true, "s_true").astype(object)
    s_pred = as_column(s_pred, "s_pred").astype(object)
    check_consistent_length(s_true, s_pred)
    if not len(s_true):
        raise ValueError("s_true has 0 rows; scores need 1 or more.")
    both = np.concatenate([s_true, s_pred])
    if pd.isna(both).any():
        raise ValueError("s_true and s_pred must not hold missing values (NaN, None).")
    if values is None:
        codes, values = factorize(both)
    else:
        index = pd.Index(as_column(values, "values"), dtype=object)
        if index.has_duplicates:
            raise ValueError(f"values must differ, got {list(index)!r}.")
        codes, values = index.get_indexer(both), index.to_numpy()
        if (codes < 0).any():
            raise ValueError(
                f"s_true or s_pred holds {both[codes < 0][0]!r}, which is none of "
                f"values={list(index)!r}."
            )
    return codes[: len(s_true)], codes[len(s_true) :], values


def check_proba(s_proba, true, values):
    s_proba = as_numbers(s_proba, "s_proba")
    if s_proba.shape != (len(true), len(values)):
        raise ValueError(
            f"s_proba has shape {s_proba.shape}, but there are {len(true)} guesses and "
            f"{len(values)} values; pass values=attack.values_."
        )
    if not np.isfinite(s_proba).all():
        raise ValueError("s_proba must be finite; found NaN or infinity.")
    return s_proba


def margins(true, pred, n_values):
    """Right guesses, truths and guesses of each value: all that the scores need."""
    return tuple(
        np.bincount(codes, minlength=n_values).astype(np.float64)
        for codes in (true[true == pred], true, pred)
    )


def label_scores(hits, n_true, n_pred, occurs=None):
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


def roc_auc_areas(true, proba, weights):
    """One-against-rest area, averaged over values; NaN if only one value is true.

    `weights` of shape (n_resamples, n_samples) weight the rows.
    """
    counts = np.bincount(true)
    if np.count_nonzero(counts) < 2:
        return np.full(len(weights), np.nan)
    # Of two candidates, both areas are the same.
    value_codes = [1] if proba.shape[1] == 2 else np.flatnonzero(counts)
    return np.mean(
        [_binary_auc(true == v, proba[:, v], weights) for v in value_codes], axis=0
    )


def _binary_auc(is_positive, score, weights):
    order = np.argsort(score, kind="stable")  # ties in one order on every machine
    score, is_positive, weights = score[order], is_positive[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, score[1:] != score[:-1]])  # ties share a rank
    positive = np.add.reduceat(weights * is_positive, starts, axis=1)
    negative = np.add.reduceat(weights * ~is_positive, starts, axis=1)
    beaten = np.cumsum(negative, axis=1) - negative / 2
    return (positive * beaten).sum(axis=1) / (
        positive.sum(axis=1) * negative.sum(axis=1)
    )
