"""What an independent judge says of reconstructions, and how far it can be trusted."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length

from sklearn_mid.metrics._reconstruction import nearest_neighbor_distance
from sklearn_mid.utils._images import check_images
from sklearn_mid.utils._validation import as_column, factorize, positions

__all__ = ["judge_scores"]

# A judge below this on real images is not one to go by.
_RELIABLE = 0.95
# Share of the real images that are accepted.
_REAL_ACCEPTED = 0.95
_SMALLEST = 1e-30


def _class_scores(judge, X):
    """One column per class, larger for the likelier ones."""
    if hasattr(judge, "predict_proba"):
        return np.log(np.maximum(judge.predict_proba(X), _SMALLEST))
    scores = np.asarray(judge.decision_function(X), dtype=np.float64)
    return scores if scores.ndim == 2 else np.column_stack([-scores, scores])


def _features(judge, X):
    """What the judge's last step is given, else its scores."""
    if isinstance(judge, Pipeline) and len(judge) > 1:
        return np.asarray(judge[:-1].transform(X), dtype=np.float64)
    return _class_scores(judge, X)


def _codes(judge, labels, name):
    found = positions(as_column(labels, name), judge.classes_)
    if (found < 0).any():
        unknown = np.asarray(labels)[found < 0].tolist()
        raise ValueError(
            f"{name} holds {list(dict.fromkeys(unknown))}, which are no classes of the "
            f"judge; its classes are {judge.classes_.tolist()}."
        )
    return found


def _rank(scores, codes):
    """How many classes are held for likelier than the true one."""
    own = np.take_along_axis(scores, codes[:, None], axis=1)
    return (scores > own).sum(axis=1)


def judge_scores(
    judge: Any,
    X_reconstructed: ArrayLike,
    labels: ArrayLike,
    X_real: ArrayLike,
    y_real: ArrayLike,
    *,
    X_public: ArrayLike | None = None,
) -> dict[str, float | bool]:
    """Scores of reconstructions by a judge, beside what it says of real images.

    A judge that errs on real images, or is sure of images of nobody, proves little
    about a reconstruction: its accuracy on real images and, with `X_public`, its false
    positives stand beside the scores.

    Parameters
    ----------
    judge : fitted classifier
        With ``predict_proba`` or ``decision_function``, trained on other images of the
        private classes than the target.
    X_reconstructed : array-like of shape (n_samples, n_features)
        Reconstructed inputs.
    labels : array-like of shape (n_samples,)
        The class that each was meant to be.
    X_real : array-like of shape (n_real, n_features)
        Real images of the private classes that the judge was not trained on.
    y_real : array-like of shape (n_real,)
        Their classes, every one of `labels` among them.
    X_public : array-like of shape (n_public, n_features), default=None
        Images of none of the judge's classes, as the attacker has them.

    Returns
    -------
    scores : dict
        - "accuracy", "top-5 accuracy": share of the reconstructions whose class the
          judge holds for the likeliest, or for one of the five likeliest;
        - "accepted": share that it gives the true class as surely as it does 95% of
          the real images that it recognises;
        - "feature distance": mean distance to the nearest real image of the class in
          the judge's features (what the last step of a pipeline is given, else the
          judge's scores), over that of the real images among themselves: 1 is as near
          as real images are;
        - "judge on real images": its accuracy on `X_real`; "reliable": whether that
          is at least 0.95;
        - "false positives": with `X_public`, the share of public images that it would
          accept for some class.

    Raises
    ------
    ValueError
        If a class is none of the judge's, or has fewer than two real images.

    See Also
    --------
    evaluator_accuracy : The accuracy alone, of any classifier.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_mid.metrics import judge_scores
    >>> X, y = load_digits(return_X_y=True)
    >>> judge = LogisticRegression(max_iter=300).fit(X[:900] / 16, y[:900])
    >>> means = [X[y == k].mean(axis=0) / 16 for k in range(10)]
    >>> scores = judge_scores(judge, means, range(10), X[900:] / 16, y[900:])
    >>> scores["accuracy"], scores["reliable"]
    (1.0, False)
    """
    X_reconstructed = check_images(X_reconstructed, name="X_reconstructed")
    X_real = check_images(X_real, name="X_real")
    labels, y_real = as_column(labels, "labels"), as_column(y_real, "y_real")
    check_consistent_length(X_reconstructed, labels)
    check_consistent_length(X_real, y_real)
    for method in ("predict_proba", "decision_function"):
        if hasattr(judge, method):
            break
    else:
        raise TypeError(
            "judge must be a fitted classifier with predict_proba or "
            f"decision_function, got {judge!r}."
        )
    codes, real_codes = _codes(judge, labels, "labels"), _codes(judge, y_real, "y_real")
    scores, real = _class_scores(judge, X_reconstructed), _class_scores(judge, X_real)
    rank = _rank(scores, codes)
    recognised = _rank(real, real_codes) == 0
    sure = real.max(axis=1)[recognised]
    threshold = np.quantile(sure, 1 - _REAL_ACCEPTED) if len(sure) else np.inf
    on_real = float(recognised.mean())
    result = {
        "accuracy": float(np.mean(rank == 0)),
        "top-5 accuracy": float(np.mean(rank < 5)),
        "accepted": float(np.mean((rank == 0) & (scores.max(axis=1) >= threshold))),
        "feature distance": _feature_distance(
            judge, X_reconstructed, labels, X_real, y_real
        ),
        "judge on real images": on_real,
        "reliable": on_real >= _RELIABLE,
    }
    if X_public is not None:
        public = _class_scores(judge, check_images(X_public, name="X_public"))
        result["false positives"] = float(np.mean(public.max(axis=1) >= threshold))
    return result


def _feature_distance(judge, X, labels, X_real, y_real):
    found, real = _features(judge, X), _features(judge, X_real)
    # Halves of each class, one looked up in the other.
    codes, classes = factorize(y_real)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(classes)))
    is_second = np.empty(len(codes), dtype=bool)
    is_second[order] = (np.arange(len(codes)) - starts[codes[order]]) % 2 == 1
    counts = np.bincount(codes)
    if counts.min() < 2:
        raise ValueError(
            f"X_real has a single image of {classes[counts.argmin()]!r}; two of every "
            "class are needed to compare them with each other."
        )
    among = nearest_neighbor_distance(
        real[~is_second],
        real[is_second],
        y_private=y_real[~is_second],
        labels=y_real[is_second],
    )
    away = nearest_neighbor_distance(
        real[~is_second], found, y_private=y_real[~is_second], labels=labels
    )
    return away / max(among, _SMALLEST)
