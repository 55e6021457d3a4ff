"""How well an attack guesses a secret, and how much of that is the model's fault."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from sklearn_mid.utils._ranking import (
    TOP_SHARES,
    area_and_influence,
    right_by_certainty,
    roc_steps,
    top_name,
    top_precision,
    true_positive_rate,
)
from sklearn_mid.utils._validation import as_column, as_numbers, factorize, positions

__all__ = ["advantage_score", "attack_scores", "member_advantage"]


def attack_scores(
    s_true: ArrayLike,
    s_pred: ArrayLike,
    s_proba: ArrayLike | None = None,
    *,
    values: ArrayLike | None = None,
    positive: Any = None,
) -> dict[str, float]:
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
    positive : object, default=None
        The value of ``"tpr_at_1pct_fpr"``. By default the second of two values; with
        more of them, that score is left out.

    Returns
    -------
    scores : dict of str to float
        - ``"accuracy"``: share of right guesses.
        - ``"f1"``: F1 of each value that occurs, averaged with equal weights
          ("macro"), and ``"f1_constant"``: that of saying the most frequent true
          value of everybody.
        - ``"f1_positive"``, for two candidate values only: F1 of the second, as
          scikit-learn reads binary labels. Papers on rare secrets mean this one:
          order `values` so that the secret worth hiding comes last. Beside it
          ``"f1_positive_constant"``, that of saying it of everybody: its share p
          alone gives 2 p / (1 + p).
        - ``"mcc"``: Matthews' correlation of guess and truth; 0 for constant
          guesses.
        - ``"balanced_accuracy"``: mean over the true values of the share guessed.

        With `s_proba` also:

        - ``"roc_auc"``: area under the ROC curve; for more than two values the mean
          over one-against-rest areas. NaN if `s_true` takes a single value.
        - ``"precision_top_1pct"``, ``"precision_top_5pct"``,
          ``"precision_top_10pct"``: share of right guesses among the people of whose
          guess the attack is most certain, of whom there is one at least. Of equally
          certain ones, the mean over all ways to choose.
        - ``"tpr_at_1pct_fpr"``: share of the people with the value `positive` who are
          detected when at most 1% of the others are suspected, ties broken at random.
          NaN if everybody or nobody has the value.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing or not among `values`, `s_proba` has
        another number of columns, or `positive` is no value.

    See Also
    --------
    attack_report : The same with intervals, for a fitted attack.
    most_exposed : The people of whose guess an attack is most certain.
    advantage_score : Accuracy beyond that of a guess without the model.

    References
    ----------
    .. [1] Carlini, N., Chien, S., Nasr, M., Song, S., Terzis, A., & Tramer, F.
       (2022). Membership inference attacks from first principles. IEEE S&P.
       arXiv:2112.03570: why the rate at few false alarms, and not an average, says
       whether anybody is exposed.

    Examples
    --------
    >>> from sklearn_mid.metrics import attack_scores
    >>> scores = attack_scores(["no", "no", "yes", "yes"], ["no", "yes", "yes", "yes"])
    >>> scores["accuracy"], round(scores["f1_positive"], 3), round(scores["mcc"], 3)
    (0.75, 0.8, 0.577)
    """
    true, pred, found = encode(s_true, s_pred, values)
    detected = positive_code(positive, found)
    scores = label_scores(*margins(true, pred, len(found)))
    if s_proba is not None:
        proba = check_proba(s_proba, true, found)
        scores.update(ranking_scores(true, pred, proba, detected))
    return {name: float(score) for name, score in scores.items()}


def advantage_score(
    s_true: ArrayLike, s_pred: ArrayLike, s_baseline: ArrayLike
) -> float:
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


def member_advantage(
    attack: Any,
    X_members: Any,
    y_members: ArrayLike,
    X_others: Any,
    y_others: ArrayLike,
) -> float:
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


def check_comparable(attack, baseline, allow_unequal):
    """Raise if attack and baseline infer other secrets, or know unequally."""
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


def check_members(members, name="members"):
    """Raise if `members` are no records and their responses."""
    if not isinstance(members, tuple | list) or len(members) != 2:
        raise ValueError(f"{name} must be a pair (X, y), got {members!r}.")


def guesses(attack, X, y):
    """Truth and guess in codes of the values, probabilities, and the values."""
    seen = attack.observe(X, y)
    true, pred, values = encode(
        attack.sensitive_values(X), attack.infer(X, seen), attack.values_
    )
    return true, pred, check_proba(attack.infer_proba(X, seen), true, values), values


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


def label_scores(hits, n_true, n_pred):
    """Scores from the margins."""
    recall, f1 = _ratio(hits, n_true), _ratio(2 * hits, n_true + n_pred)
    n_values = np.count_nonzero(n_true + n_pred)
    scores = {"accuracy": hits.sum() / n_true.sum(), "f1": f1.sum() / n_values}
    scores["f1_constant"] = constant_f1(n_true.max(), n_true.sum()) / np.count_nonzero(
        n_true
    )
    if len(f1) == 2:
        scores["f1_positive"] = f1[1]
        scores["f1_positive_constant"] = constant_f1(n_true[1], n_true.sum())
    scores["mcc"] = matthews_correlation(hits.sum(), n_true, n_pred)
    scores["balanced_accuracy"] = recall.sum() / np.count_nonzero(n_true)
    return scores


def constant_f1(n_true, n):
    """F1 of a value that everybody is said to have: precision p, recall 1."""
    return 2 * n_true / (n_true + n)


def matthews_correlation(n_hits, n_true, n_pred):
    """Correlation of the two indicator matrices (Gorodkin 2004), 0 for constants.

    Leading axes are resamples.
    """
    total = n_true.sum(axis=-1)
    covariance = n_hits * total - (n_true * n_pred).sum(axis=-1)
    spread = [total**2 - (m**2).sum(axis=-1) for m in (n_true, n_pred)]
    return _ratio(
        covariance, np.sqrt(np.maximum(spread[0], 0) * np.maximum(spread[1], 0))
    )


def ranking_scores(true, pred, proba, positive):
    """Scores of the order of the probabilities."""
    scores = {"roc_auc": area_and_influence(true, proba)[0]}
    right = right_by_certainty(true == pred, certainty(proba, pred))
    for share in TOP_SHARES:
        scores[top_name(share)] = top_precision(right, share)
    if positive is not None:
        steps = roc_steps(true == positive, proba[:, positive])
        scores["tpr_at_1pct_fpr"] = true_positive_rate(*steps)
    return scores


def certainty(proba, pred):
    """Probability of each guess."""
    return proba[np.arange(len(pred)), pred]


def positive_code(positive, values):
    """Position of the value to detect; of two values, the second unless given."""
    if positive is None:
        return 1 if len(values) == 2 else None
    code = positions(
        as_column([positive], "positive").astype(object),
        np.asarray(values, dtype=object),
    )[0]
    if code < 0:
        raise ValueError(
            f"positive={positive!r} is none of the values "
            f"{np.asarray(values).tolist()}."
        )
    return int(code)


def _ratio(numerator, denominator):
    """numerator / denominator, 0 where there is nothing to divide by."""
    denominator = np.asarray(denominator)
    return np.divide(
        numerator,
        denominator,
        out=np.zeros(denominator.shape),
        where=denominator > 0,
    )
