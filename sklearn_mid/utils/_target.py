"""The only way to look at a fitted model: what it answers, and what is inside it."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state, get_tags

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._draws import geometric_mean
from sklearn_mid.utils._inside import (
    Inside,
    check_target,
    find_inside,
    parts,
    unsupported,
)
from sklearn_mid.utils._validation import as_response, positions

__all__ = [
    "N_QUERIES",
    "AskedOnce",
    "Target",
    "response_kind",
]

# Answers of a stochastic target that are averaged, unless asked otherwise.
N_QUERIES = 12
# Rows that a target is asked about twice, to see whether it answers at random.
_N_TRIAL_ROWS = 32
# Of so many people, with the same value of the secret, the largest confidence was each
# one's label: it is so of others.
_N_TELLING = 10_000


def response_kind(model: Any) -> str:
    """``"classifier"``, ``"regressor"``, or what else the model says it is."""
    if hasattr(model, "__sklearn_tags__"):
        kind = get_tags(model).estimator_type
        if kind is not None:
            return kind
    if hasattr(model, "classes_"):
        return "classifier"
    return "regressor" if hasattr(model, "predict") else "transformer"


class Target:
    """A fitted model in the hands of somebody who looks at it.

    Parameters
    ----------
    estimator : object
        The fitted model. It is never changed.
    caller : str
        Who looks: the attack or function that errors name.
    n_queries : int, default=12
        Answers that are averaged of a model that answers at random: one with
        ``sample_proba``, or one that answers otherwise when asked again. 1 takes what
        ``predict_proba`` answers. Labels are asked for once.
    random_state : int, RandomState instance or None, default=None
        Seeds ``sample_proba``.
    release : {"confidences", "labels", "predictions"}, default=None
        What of the answers is looked at. None: confidences where a classifier has
        them, else labels; predictions of a regressor.

    Attributes
    ----------
    kind : {"classifier", "regressor"}
        What the model is. Another kind raises UnsupportedTargetError.
    release : {"confidences", "labels", "predictions"}
        What is looked at.
    classes : ndarray of shape (n_classes,) or None
        Labels of a classifier.
    names : list of str or None
        Columns of the DataFrame that the model was fitted on.

    Notes
    -----
    Answers that are drawn at random are averaged in logits for classifiers, in
    predictions for regressors; see :func:`sklearn_mid.utils._draws.geometric_mean`.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        caller: str,
        n_queries: int = N_QUERIES,
        random_state: Any = None,
        release: str | None = None,
    ) -> None:
        self.estimator = estimator
        self.caller = caller
        self.n_queries = n_queries
        self._random_state = random_state
        self._seed: int | None = None  # drawn when first needed
        self._answers_vary: bool | None = None
        self.kind = response_kind(estimator)
        if self.kind not in ("classifier", "regressor"):
            raise self.unsupported("it is neither a classifier nor a regressor")
        if release is None:
            has_proba = hasattr(estimator, "predict_proba")
            release = "confidences" if has_proba else "labels"
            release = release if self.kind == "classifier" else "predictions"
        if (self.kind == "classifier") == (release == "predictions"):
            raise self.unsupported(f"it is a {self.kind}, which releases no {release}")
        self.release = release
        self.check("predict_proba" if release == "confidences" else "predict")
        self.classes: Any = None
        if self.kind == "classifier":
            if not hasattr(estimator, "classes_"):
                raise self.unsupported("it has no classes_")
            if isinstance(estimator.classes_, list):
                raise self.unsupported("it predicts several responses at once")
            self.classes = np.asarray(estimator.classes_)
        names = getattr(estimator, "feature_names_in_", None)
        self.names = None if names is None else list(names)

    # What it is ------------------------------------------------------------------

    def unsupported(self, reason: str) -> UnsupportedTargetError:
        """The error for a model that the caller cannot use."""
        return unsupported(self.caller, self.estimator, reason)

    def check(self, *needs: str | tuple[str, ...]) -> None:
        """Raise unless the model is fitted and has these methods.

        Parameters
        ----------
        *needs : str or tuple of str
            Methods; of a tuple, one is enough.
        """
        check_target(self.caller, self.estimator, *needs)

    # What it takes and answers ---------------------------------------------------

    def records(self, X: Any, *, name_columns: bool = False) -> Any:
        """Records in the container that the model was fitted on.

        A DataFrame becomes an array where the model was fitted without names, as
        scikit-learn warns otherwise.

        Parameters
        ----------
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
        name_columns : bool, default=False
            Whether an array gets the names of the DataFrame that the model was fitted
            on, where the caller knows its columns to be in that order. If False, an
            array where names are expected is an error.
        """
        if not isinstance(X, pd.DataFrame):
            if self.names is None:
                return X
            if name_columns:
                return pd.DataFrame(X, columns=self.names)
            raise ValueError(
                f"{self.caller}: X is an array, but the target "
                f"{type(self.estimator).__name__} was fitted on a DataFrame with the "
                f"columns {self.names}; pass a DataFrame with these columns."
            )
        has_names = all(isinstance(c, str) for c in X.columns)
        knows_width = hasattr(self.estimator, "n_features_in_")
        if self.names is None and has_names and knows_width:
            return X.to_numpy()
        return X

    def response(self, y: Any) -> np.ndarray:
        """Responses as positions in `classes`, in whatever order, or as floats."""
        if self.classes is None:
            return as_response(y)
        y = np.asarray(y)
        index = positions(y, self.classes)
        if (index < 0).any():
            unknown = y[index < 0].tolist()[0]
            raise ValueError(
                f"y contains {unknown!r}, which is none of the target's classes; "
                f"allowed are {self.classes.tolist()}."
            )
        return index

    def outputs(self, X: Any, *, stream: int = 0) -> np.ndarray:
        """What the model answers about records.

        Parameters
        ----------
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
            As from :meth:`records`.
        stream : int, default=0
            Which of independent draws a stochastic model answers with: the same again
            for the same `stream`.

        Returns
        -------
        outputs : ndarray
            Confidences of shape (n_samples, n_classes), positions of labels, or
            predictions, of shape (n_samples,).
        """
        shape: tuple[int, ...] = (len(X),)
        if self.release == "labels":
            return self.response(self.estimator.predict(X))
        if self.release == "confidences":
            out = self._confidences(X, stream)
            shape = (len(X), len(self.classes))
        else:
            out = np.mean(self._asked(self.estimator.predict, X), axis=0)
            out = out[:, 0] if out.ndim == 2 and out.shape[1] == 1 else out
        if out.shape != shape:
            raise self.unsupported(
                f"its output has shape {out.shape} where {shape} was expected"
            )
        if not np.isfinite(out).all():
            kind = "NaN" if np.isnan(out).any() else "infinity"
            raise ValueError(
                f"The target {type(self.estimator).__name__} answered {kind} for some "
                f"records of X; {self.caller} needs finite outputs."
            )
        return out

    def outputs_at(self, candidates: Candidates, X: Any) -> Iterator[np.ndarray]:
        """What the model answers with each candidate value of a secret in turn.

        Parameters
        ----------
        candidates : Candidates
            The values.
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
            Records; what stands in the columns of the secret is ignored.

        Yields
        ------
        outputs : ndarray
            As from :meth:`outputs`, for one value after another.
        """
        records = self.records(X)
        shared = _SHARED.get()
        if (
            shared is None
            or shared.estimator is not self.estimator
            or not self._repeats_itself(records)
        ):
            for i, X_v in enumerate(candidates.substitute(records)):
                yield self.outputs(X_v, stream=i + 1)
            return
        known = shared.get(self.release, candidates, X)
        if known is not None:
            yield from known
            return
        outputs = []
        confidences = None
        if self.release == "labels":
            confidences = shared.get("confidences", candidates, X)
        for i, X_v in enumerate(candidates.substitute(records)):
            if confidences is None:
                outputs.append(self.outputs(X_v))
            else:
                outputs.append(confidences[i].argmax(axis=1))
                # Each value is looked at: a threshold may be that of a group.
                if not self._says(outputs[i], X_v, one_tells=i > 0):
                    confidences, outputs[i] = None, self.outputs(X_v)
            yield outputs[-1]
        shared.put(self.release, candidates, X, outputs)

    def _says(self, labels: np.ndarray, X: Any, *, one_tells: bool) -> bool:
        """Whether these are the model's labels, by people (and labels) enough."""
        some = labels[:_N_TELLING]
        if len(some) < _N_TELLING or not (one_tells or len(np.unique(some)) > 1):
            return False
        return np.array_equal(some, self.outputs(X[:_N_TELLING]))

    def answers_at(
        self, candidates: Candidates, X: Any, *, n_answers: int = 1, draw: bool = False
    ) -> Iterator[np.ndarray]:
        """Single answers with each candidate value of a secret in turn.

        Parameters
        ----------
        candidates, X
            As for :meth:`outputs_at`.
        n_answers, draw
            As for :meth:`answers`.

        Yields
        ------
        answers : ndarray of shape (n_answers, n_samples, ...)
            As from :meth:`answers`, for one value after another.
        """
        records = self.records(X)
        if not draw and _SHARED.get() is not None and self._repeats_itself(records):
            for outputs in self.outputs_at(candidates, X):
                yield outputs[None]
            return
        for i, X_v in enumerate(candidates.substitute(records)):
            yield self.answers(X_v, n_answers=n_answers, draw=draw, stream=i + 1)

    def _repeats_itself(self, records: Any) -> bool:
        """Whether the model gives one answer to one question."""
        averages_draws = self.release == "confidences" and self.n_queries > 1
        if averages_draws and self._draws_from("sample_proba") is not None:
            return False
        if self._answers_vary is None:
            is_proba = self.release == "confidences"
            ask = self.estimator.predict_proba if is_proba else self.estimator.predict
            few = records[:_N_TRIAL_ROWS]
            self._answers_vary = not np.array_equal(ask(few), ask(few))
        return not self._answers_vary

    def in_own_classes(self, outputs: np.ndarray, other: "Target") -> np.ndarray:
        """Outputs of another model in the order of the classes of this one.

        A class that the other does not know has confidence 0.
        """
        if self.classes is None or np.array_equal(other.classes, self.classes):
            return outputs
        place = positions(other.classes, self.classes)
        if outputs.ndim == 1:
            return place[outputs]
        ordered = np.zeros((len(outputs), len(self.classes)))
        ordered[:, place] = outputs
        return ordered

    def _confidences(self, X: Any, stream: int) -> np.ndarray:
        if self.n_queries == 1:
            return np.array(self.estimator.predict_proba(X), dtype=np.float64)
        draws = self._drawn("sample_proba", X, self.n_queries, stream)
        if draws is None:
            draws = self._asked(self.estimator.predict_proba, X)
        return geometric_mean(draws)

    def answers(
        self, X: Any, *, n_answers: int = 1, draw: bool = False, stream: int = 0
    ) -> np.ndarray:
        """Single answers, as people get them; :meth:`outputs` are averages.

        Parameters
        ----------
        X : {DataFrame, ndarray} of shape (n_samples, n_features)
            As from :meth:`records`.
        n_answers : int, default=1
            How often the model is asked about each record.
        draw : bool, default=False
            Whether the answers are draws of ``sample_proba`` or ``sample_predict``,
            rather than what ``predict_proba`` or ``predict`` say.
        stream : int, default=0
            Which of independent draws.

        Returns
        -------
        answers : ndarray of shape (n_answers, n_samples, ...)
            One entry along the first axis where the model repeats itself.
        """
        if draw:
            name = "sample_proba" if self.kind == "classifier" else "sample_predict"
            draws = self._drawn(name, X, n_answers, stream)
            if draws is None:
                raise self.unsupported(f"it has no {name}")
            return draws
        if self.release == "labels":
            asked = self._asked(lambda X: self.response(self.estimator.predict(X)), X)
            return asked[:n_answers].astype(np.intp)
        proba = self.release == "confidences"
        method = self.estimator.predict_proba if proba else self.estimator.predict
        asked = self._asked(method, X, n_answers)
        return asked if proba else asked.reshape(len(asked), len(X))

    def _drawn(self, name: str, X: Any, n_draws: int, stream: int) -> Any:
        """Draws of shape (n_draws, n_samples, ...), None if the model offers none."""
        part = self._draws_from(name)
        if part is None:
            return None
        if self._seed is None:
            rng = check_random_state(self._random_state)
            self._seed = rng.randint(np.iinfo(np.int32).max)
        seed = np.random.SeedSequence((self._seed, stream)).generate_state(1)[0]
        draws = getattr(part.estimator, name)(
            part.carry(X),
            n_samples=n_draws,
            random_state=int(seed) % np.iinfo(np.int32).max,
        )
        return np.asarray(draws, dtype=np.float64)

    def _draws_from(self, name: str) -> Inside | None:
        """The part that offers draws: containers pass none on, wrappers their own."""
        for part in parts(self.estimator, containers_only=True):
            if hasattr(part.estimator, name):
                return part
        return None

    def _asked(self, method: Callable, X: Any, n: int | None = None) -> np.ndarray:
        """Answers of shape (n_answers, ...): one, if the model repeats itself."""
        n = self.n_queries if n is None else n
        if self._answers_vary is None and n > 1:
            few = X[:_N_TRIAL_ROWS]
            self._answers_vary = not np.array_equal(method(few), method(few))
        n_answers = n if self._answers_vary else 1
        return np.asarray([method(X) for _ in range(n_answers)], dtype=np.float64)

    # What is inside --------------------------------------------------------------

    def inside(self, kind: str) -> Inside:
        """A part of the model, below pipelines, searches, frozen ones and wrappers.

        Parameters
        ----------
        kind : {"trees", "gradients"}
            A fitted tree or ensemble of trees (see
            :class:`sklearn_mid.utils._leaves.Leaves`), or a model that can be
            differentiated.

        Returns
        -------
        Inside

        Raises
        ------
        UnsupportedTargetError
            If there is none.
        """
        return find_inside(self.caller, self.estimator, kind)


class AskedOnce:
    """Within this context, attacks that ask a model the same ask it once.

    What a model answers about the same people with every candidate value is kept, for
    as long as this object lives. People are the same if their table is the same object,
    which must not be changed meanwhile. A model that answers at random is asked by
    each attack anew: they do not share draws.

    Parameters
    ----------
    estimator : object
        The model whose answers are kept.
    max_bytes : int, default=2**29
        Answers beyond this are not kept.
    """

    def __init__(self, estimator: Any, max_bytes: int = 2**29) -> None:
        self.estimator = estimator
        self._free = max_bytes
        self._known: list[tuple] = []
        self._tokens: list = []

    def __enter__(self) -> "AskedOnce":
        self._tokens.append(_SHARED.set(self))
        return self

    def __exit__(self, *error: Any) -> None:
        _SHARED.reset(self._tokens.pop())

    def get(self, release: str, candidates: Candidates, X: Any) -> list | None:
        """What was answered before, or None."""
        for what, values, people, outputs in self._known:
            if what == release and people is X and candidates.same_as(values):
                return outputs
        return None

    def put(self, release: str, candidates: Candidates, X: Any, outputs: list) -> None:
        """Keep what was answered."""
        self._free -= sum(o.nbytes for o in outputs)
        if self._free >= 0:
            self._known.append((release, candidates, X, outputs))


_SHARED: ContextVar[AskedOnce | None] = ContextVar("_SHARED", default=None)
