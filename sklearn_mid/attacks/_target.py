"""What a black-box attacker does with a target: feed it records, read its outputs."""

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from sklearn_mid.utils._validation import as_response, positions

__all__ = [
    "BlackBox",
    "class_index",
    "last_step",
    "mean_proba",
    "records_for",
    "response_kind",
]


def response_kind(target):
    """``"classifier"``, ``"regressor"``, or what else the target says it is."""
    if hasattr(target, "__sklearn_tags__"):
        kind = get_tags(target).estimator_type
        if kind is not None:
            return kind
    if hasattr(target, "classes_"):
        return "classifier"
    return "regressor" if hasattr(target, "predict") else "transformer"


def records_for(target, X, *, attack):
    """X in the container that the target was fitted on.

    A DataFrame becomes an array where the target was fitted without names, as
    scikit-learn warns otherwise. An array cannot become a DataFrame: that is an error.
    """
    names = getattr(target, "feature_names_in_", None)
    if not isinstance(X, pd.DataFrame):
        if names is not None:
            raise ValueError(
                f"{type(attack).__name__}: X is an array, but the target "
                f"{type(target).__name__} was fitted on a DataFrame with the columns "
                f"{list(names)}; pass a DataFrame with these columns."
            )
        return X
    has_names = all(isinstance(c, str) for c in X.columns)
    if names is None and has_names and hasattr(target, "n_features_in_"):
        return X.to_numpy()
    return X


def class_index(target, y, *, attack):
    """Position of each response in the target's ``classes_``, in whatever order."""
    classes = np.asarray(target.classes_)
    if classes.ndim != 1:
        raise attack._unsupported("it predicts several responses at once")
    index = positions(y, classes)
    if (index < 0).any():
        unknown = y[index < 0].tolist()[0]
        raise ValueError(
            f"y contains {unknown!r}, which is none of the "
            f"target's classes; allowed are {classes.tolist()}."
        )
    return index


def last_step(target, X=None):
    """What stands at the end of (frozen, nested) pipelines, and X as it comes there."""
    while isinstance(target, Pipeline | FrozenEstimator):
        if isinstance(target, FrozenEstimator):
            target = target.estimator
            continue
        if X is not None and len(target) > 1:
            X = target[:-1].transform(X)
        target = target[-1]
    return target, X


def mean_proba(target, X, *, n_queries=1, rng=None):
    """Class probabilities, averaged over repeated queries of a stochastic target.

    A target that offers ``sample_proba`` is asked for single draws; any other is asked
    again and again. One query is what ``predict_proba`` answers.
    """
    if n_queries == 1:
        return np.array(target.predict_proba(X))
    last, X_last = last_step(target, X)  # a Pipeline passes no sample_proba on
    if hasattr(last, "sample_proba"):
        target, X = last, X_last
    if hasattr(target, "sample_proba"):
        seed = rng.randint(np.iinfo(np.int32).max)
        draws = target.sample_proba(X, n_samples=n_queries, random_state=seed)
    else:
        draws = [target.predict_proba(X) for _ in range(n_queries)]
    return np.mean(draws, axis=0)


class BlackBox:
    """A fitted target as an attacker sees it from outside.

    Parameters
    ----------
    attack : ModelInversionAttack
        The attack, with its parameter `estimator`; errors name it.
    release : {"confidences", "labels", "predictions"}, default=None
        What leaves the target. None: confidences where a classifier has them, else
        labels; predictions of a regressor.
    n_queries : int, default=1
        Queries that are averaged. Labels are asked for once.
    rng : RandomState, default=None
        Seeds the draws of a stochastic target.
    """

    def __init__(self, attack, *, release=None, n_queries=1, rng=None):
        target = attack.estimator
        kind = response_kind(target)
        if kind not in ("classifier", "regressor"):
            raise attack._unsupported("it is neither a classifier nor a regressor")
        if release is None:
            has_proba = hasattr(target, "predict_proba")
            release = "confidences" if has_proba else "labels"
            release = release if kind == "classifier" else "predictions"
        if (kind == "classifier") == (release == "predictions"):
            raise attack._unsupported(f"it is a {kind}, which releases no {release}")
        self.target = attack._check_target(
            "predict_proba" if release == "confidences" else "predict"
        )
        self.release = release
        self.n_queries = n_queries
        self.rng = rng
        self._attack = attack

    def records(self, X):
        """X in the container that the target was fitted on."""
        return records_for(self.target, X, attack=self._attack)

    def response(self, y):
        """Responses as positions in ``classes_``, or as floats."""
        if self.release != "predictions":
            return class_index(self.target, y, attack=self._attack)
        return as_response(y)

    def outputs(self, X):
        """Confidences (n, n_classes), positions of labels (n,), or predictions (n,)."""
        shape = (len(X),)
        if self.release == "labels":
            return self.response(np.asarray(self.target.predict(X)))
        if self.release == "confidences":
            out = mean_proba(self.target, X, n_queries=self.n_queries, rng=self.rng)
            shape = (len(X), len(self.target.classes_))
        else:
            asked = [self.target.predict(X) for _ in range(self.n_queries)]
            out = np.mean(np.asarray(asked, dtype=np.float64), axis=0)
            out = out[:, 0] if out.ndim == 2 and out.shape[1] == 1 else out
        if out.shape != shape:
            raise self._attack._unsupported(
                f"its output has shape {out.shape} where {shape} was expected"
            )
        if np.isnan(out).any():
            raise ValueError(
                f"The target {type(self.target).__name__} answered NaN for some records"
                f" of X; {type(self._attack).__name__} needs finite outputs."
            )
        return out
