"""People, dealt into those who train a model, those whom attackers know, and others.

The engine's problem: every candidate is trained on the same people, is useful to the
same others, and is looked at by :func:`audit`.
"""

import functools
import os
import warnings
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import train_test_split

from sklearn_mid.benchmark._audit._people import MEMBERS, OTHERS, rows_of
from sklearn_mid.benchmark._audit._run import audit_groups
from sklearn_mid.benchmark._protocol import HELD_OUT, Judgement, Skip

__all__ = ["SEPARATOR", "UTILITY", "Task", "seeded", "share_out", "sources", "trial"]

TASK_FILE = "people.joblib"
CACHE_FOLDER = "teachers"
_TRAIN_SHARE = 0.6
_N_RESAMPLES = 200
# Between a secret, a source, a figure and what it is: "marital|answer|success|low".
SEPARATOR, UTILITY = "|", "utility"


@dataclass
class Task:
    """A model and a table, as the workers find them in the folder.

    `development` and `held_out` are rows of the table.
    """

    estimator: Any
    X: Any
    y: np.ndarray
    secrets: list
    metric: str
    level: float
    development: np.ndarray
    held_out: np.ndarray

    def write(self, folder: Path) -> None:
        """For the workers; the caller removes it."""
        joblib.dump(self, folder / TASK_FILE)


def seeded(estimator: Any, seed: int) -> Any:
    """A copy whose dice, where they have no seed of their own, are those of `seed`."""
    names = [
        name
        for name, value in estimator.get_params().items()
        if name.split("__")[-1] == "random_state" and not isinstance(value, Integral)
    ]
    return clone(estimator).set_params(**dict.fromkeys(names, seed))


def share_out(
    rows: np.ndarray, y: np.ndarray, share: float, seed: int, *, by_class: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Two parts of some rows, the first of them a `share`, the classes in both."""
    strata = None
    if by_class:
        _, codes, counts = np.unique(y[rows], return_inverse=True, return_counts=True)
        # Of a class that one person has, nothing can be in both.
        strata = codes if counts.min() > 1 else None
    first, second = train_test_split(
        rows, train_size=share, stratify=strata, random_state=seed
    )
    return np.sort(first), np.sort(second)


@functools.lru_cache(maxsize=1)
def _task(path: str, people: str) -> Task:
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"the people are not at {path!r}; every worker must see the folder."
        )
    return joblib.load(path)


def trial(*, random_state: int, folder: str, people: str, part: str) -> "Trial":
    """One split.

    Parameters
    ----------
    random_state : int
    folder : str
        Where the task is.
    people : str
        Hash of the task: with other people, all is computed again.
    part : {"validation", "held-out"}
        Whether to split those whom the choice may see, or to judge what was chosen by
        the others.
    """
    task = _task(os.path.join(folder, TASK_FILE), people)
    train, rest = task.development, task.held_out
    if part == "validation":
        train, rest = share_out(
            task.development,
            task.y,
            _TRAIN_SHARE,
            random_state,
            by_class=is_classifier(task.estimator),
        )
    return Trial(task, train, rest, random_state, os.path.join(folder, CACHE_FOLDER))


class _Answers(BaseEstimator):
    """What a model answered about people: X is which of them are asked about."""

    def __init__(self, kind: Any, answers: dict) -> None:
        self.kind, self.answers = kind, answers

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = self.kind
        return tags

    def __getattr__(self, name: str) -> Any:
        answers = self.__dict__.get("answers", {})
        if name == "classes_" and name in answers:
            return answers[name]
        if name not in answers:
            raise AttributeError(name)

        def answer(rows: np.ndarray) -> np.ndarray:
            return answers[name][np.ravel(rows)]

        answer.__name__ = name  # scorers ask for it
        return answer


class Trial:
    """One split, as the engine's problem.

    Parameters
    ----------
    task : Task
    train, rest : ndarray of int
        Rows of the table.
    seed : int
        Of the model, where it has none of its own, of the resamples, and of the audit.
    cache : str
        Folder for what several candidates share.
    """

    def __init__(
        self, task: Task, train: np.ndarray, rest: np.ndarray, seed: int, cache: str
    ) -> None:
        self.task, self.train, self.rest = task, train, rest
        self.seed, self.cache = seed, cache
        # What attackers without a model guess, for all candidates.
        self._guessed: dict = {}

    def offers(self, kind: str, random_state: int) -> dict[str, Any]:
        """For the candidates: the model, the people's columns and the secrets."""
        if kind != "defence":
            return {}
        return offered(self.task, self.seed, self.cache)

    def fit(self, estimator: Any) -> Any:
        """Train a candidate on the members."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return clone(estimator).fit(
                rows_of(self.task.X, self.train), self.task.y[self.train]
            )

    def _answers(self, target: Any) -> _Answers:
        X = rows_of(self.task.X, self.rest)
        answers = {
            name: getattr(target, name)(X)
            for name in ("predict", "predict_proba", "decision_function")
            if hasattr(target, name)
        }
        kind = "classifier" if is_classifier(self.task.estimator) else "regressor"
        if kind == "classifier":
            answers["classes_"] = target.classes_
        return _Answers(kind, answers)

    def utility(self, target: Any) -> Judgement:
        """The metric, of the people and of resamples of them.

        The resamples are the same for all candidates, so that differences of two of
        them have an interval, too.
        """
        scorer = get_scorer(self.task.metric)
        answers, y = self._answers(target), self.task.y[self.rest]
        everybody = np.arange(len(y))

        def score(rows: np.ndarray) -> float:
            return float(scorer(answers, rows[:, None], y[rows]))

        try:
            figures = [(HELD_OUT, UTILITY, score(everybody))]
        except (AttributeError, ValueError) as error:
            why = str(error).replace(type(answers).__name__, "it")
            raise Skip(f"{self.task.metric} cannot be computed: {why}") from error
        rng = np.random.default_rng(self.seed)
        with warnings.catch_warnings():
            # A resample may lack a class.
            warnings.simplefilter("ignore")
            figures += [
                (
                    HELD_OUT,
                    f"{UTILITY}{SEPARATOR}{number}",
                    score(np.sort(rng.choice(everybody, len(y)))),
                )
                for number in range(_N_RESAMPLES)
            ]
        return Judgement(figures)

    def judge(self, attack: Any, target: Any) -> Judgement:
        """All four sources, as :func:`audit` measures them."""
        task = self.task
        # As many members as others are attacked: more would only take longer.
        n_attacked = min(len(self.train), max(len(self.rest) // 2, 2))
        rng = np.random.default_rng(self.seed)
        members = np.sort(rng.choice(self.train, n_attacked, replace=False))
        report = audit_groups(
            target,
            {
                OTHERS: (rows_of(task.X, self.rest), task.y[self.rest]),
                MEMBERS: (rows_of(task.X, members), task.y[members]),
            },
            task.secrets,
            seed=self.seed,
            level=task.level,
            guessed=self._guessed,
        )
        figures = []
        for row in report.sources.itertuples():
            name = SEPARATOR.join((row.secret, row.source, row.figure))
            figures += [
                (row.people, f"{name}{SEPARATOR}value", row.value),
                (row.people, f"{name}{SEPARATOR}low", row.low),
                (row.people, f"{name}{SEPARATOR}high", row.high),
            ]
        return Judgement(figures)


def offered(task: Task, seed: int, cache: str | None) -> dict[str, Any]:
    """What the functions of the candidates may ask for."""
    return {
        "estimator": seeded(task.estimator, seed),
        "X": task.X,
        "secrets": task.secrets,
        "memory": cache,
        "random_state": seed,
    }


def sources() -> str:
    """Stands for the audit where the engine names an attack."""
    return "audit"
