"""One job: train a defence, let every attack judge it, and say how each went."""

import base64
import functools
import importlib.metadata
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from sklearn_mid.benchmark._engine._limits import Timeout, one_thread, time_limit
from sklearn_mid.benchmark._engine._parts import (
    Catalogue,
    add_to_path,
    build,
    resolve,
)
from sklearn_mid.benchmark._engine._plan import Cell, Job
from sklearn_mid.benchmark._protocol import Judgement, Skip
from sklearn_mid.exceptions import UnsupportedTargetError

__all__ = ["compute", "describe", "unreadable", "versions"]

# What figures may depend on; the manifest lists the rest.
_PACKAGES = ("sklearn-mid", "scikit-learn", "numpy", "torch", "diffprivlib")
_VERBS = ("fit", "utility", "judge")


@functools.cache
def versions(packages: tuple[str, ...] = _PACKAGES) -> str:
    """Installed versions of packages, as one text."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return "; ".join(found)


class _Call:
    """A problem to make; equal to another if the same comes of it."""

    def __init__(self, job: Job, catalogue: Catalogue, folder: str) -> None:
        self.use, self.params = job.dataset.use, job.dataset.params
        self.seed, self.catalogue, self.folder = job.split_seed, catalogue, folder
        self._text = repr((self.use, sorted(self.params.items()), self.seed, folder))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@functools.lru_cache(maxsize=1)
def _problem(call: _Call) -> Any:
    # One split is kept: jobs of a dataset and repetition follow one another.
    make = resolve("dataset", call.use, call.catalogue)
    # A table beside the suite is found wherever the suite is moved to.
    offered = {"random_state": call.seed, "folder": call.folder}
    problem = build(make, call.params, offered)
    missing = [verb for verb in _VERBS if not callable(getattr(problem, verb, None))]
    if missing:
        raise TypeError(
            f"{call.use!r} returned a {type(problem).__name__}, which is no problem: "
            f"it has no {', no '.join(missing)}. See AttributeProblem."
        )
    return problem


def unreadable(job: Job, catalogue: Catalogue, folder: str) -> OSError | None:
    """Why the data of a job cannot be read; None if they can.

    Whatever else goes wrong with its problem is said cell by cell. Nothing is kept, so
    that the cells have their warnings and their time.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            add_to_path(folder)
            _problem.__wrapped__(_Call(job, catalogue, folder))
        except OSError as error:
            return error
        except Exception:
            return None
    return None


def _offered(problem: Any, kind: str, seed: int) -> dict[str, Any]:
    offers = getattr(problem, "offers", None)
    own = offers(kind, seed) if offers else {}
    return {**own, "problem": problem, "random_state": seed}


def _train(problem: Any, job: Job, catalogue: Catalogue) -> tuple[Any, Judgement]:
    spec = job.defence
    assert spec is not None
    params = dict(spec.params)
    if spec.parameter:
        params[spec.parameter] = job.strength
    make = resolve("defence", spec.use, catalogue)
    estimator = build(make, params, _offered(problem, "defence", job.fit_seed))
    with one_thread():
        target = problem.fit(estimator)
        return target, _checked(problem.utility(target))


def _judge(
    problem: Any, target: Any, cell: Cell, catalogue: Catalogue, keep_pictures: bool
) -> Judgement:
    spec = cell.attack
    assert spec is not None
    make = resolve(cell.kind, spec.use, catalogue)
    offered = _offered(problem, cell.kind, cell.seed)
    attack = build(make, spec.params, {"estimator": target, "target": target} | offered)
    with one_thread():
        return _checked(problem.judge(attack, target), keep_pictures)


def _attempt(call: Callable, timeout: float | None) -> tuple[Any, dict[str, Any]]:
    """Call, and say how it went: (outcome or None, what the record gets)."""
    start = time.perf_counter()
    outcome, note = None, {"status": "done"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with time_limit(timeout):
                outcome = call()
        except Timeout:
            note = {"status": "timeout", "reason": f"took more than {timeout:g} s"}
        except (Skip, UnsupportedTargetError, ImportError) as reason:
            note = {"status": "skipped", "reason": str(reason)}
        except Exception as error:
            note = {
                "status": "failed",
                "reason": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(),
            }
    record: dict[str, Any] = dict(note)
    record["seconds"] = round(time.perf_counter() - start, 4)
    said = dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught)
    if said:
        record["warnings"] = list(said)[:20]
    return outcome, record


def describe(
    job: Job, cell: Cell, note: Mapping[str, Any], judgement: Judgement | None = None
) -> dict[str, Any]:
    """What is kept of a cell."""
    return {
        "key": cell.key,
        "kind": cell.kind,
        "dataset": job.dataset.name,
        "defence": job.defence_name,
        "parameter": job.parameter,
        "strength": _plain(job.strength),
        "attack": cell.name,
        "repetition": job.repetition,
        "seed": cell.seed,
        "values": judgement.values if judgement else [],
        "pictures": judgement.pictures if judgement else None,
        **note,
        "versions": versions(),
    }


def _plain(number: Any) -> float | str | None:
    """JSON has no infinity and no NaN: they become texts, None stays None."""
    if number is None:
        return None
    number = float(number)
    return number if abs(number) < float("inf") else str(number)


def _plain_image(image: Any) -> list:
    """Shape and bytes of an image, as JSON can hold them."""
    image = np.asarray(image, dtype=np.uint8)
    return [list(image.shape), base64.b64encode(image.tobytes()).decode()]


def _checked(judgement: Any, keep_pictures: bool = False) -> Judgement:
    """The judgement as JSON can hold it; problems may be anybody's."""
    if not isinstance(judgement, Judgement):
        raise TypeError(
            "utility and judge of a problem must return a Judgement, got "
            f"{judgement!r}."
        )
    pictures = judgement.pictures if keep_pictures else None
    return Judgement(
        [(str(p), str(m), _plain(v)) for p, m, v in judgement.values],
        pictures and {str(k): list(map(_plain_image, v)) for k, v in pictures.items()},
    )


def compute(
    job: Job, catalogue: Catalogue, folder: str, timeout: float | None
) -> Iterator[dict[str, Any]]:
    """Records of all cells of a job, one by one.

    Parameters
    ----------
    job : Job
    catalogue : dict
        What the suite's names stand for.
    folder : str
        Where the suite's own modules are.
    timeout : float or None
        Seconds that one cell may take.

    Yields
    ------
    record : dict
    """

    def prepare() -> tuple:
        add_to_path(folder)
        problem = _problem(_Call(job, catalogue, folder))
        trained = _train(problem, job, catalogue) if job.defence else (None, None)
        return problem, *trained

    outcome, note = _attempt(prepare, timeout)
    problem, target, utility = outcome or (None, None, None)
    for cell in job.cells:
        if cell.kind == "model":
            yield describe(job, cell, note, utility)
        elif outcome is None:
            reason = note["reason"]
            if job.defence:
                reason = f"the model could not be trained: {reason}"
            yield describe(job, cell, {**note, "reason": reason, "seconds": 0.0})
        else:
            first = job.repetition == 0
            judge = functools.partial(_judge, problem, target, cell, catalogue, first)
            judgement, judged = _attempt(judge, timeout)
            yield describe(job, cell, judged, judgement)
