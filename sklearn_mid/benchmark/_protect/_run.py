"""Trying every way to protect a model, choosing one, and judging the choice."""

import contextlib
import datetime
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import sklearn
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.utils import check_consistent_length, check_random_state

import sklearn_mid
from sklearn_mid.benchmark._audit._people import kind_of
from sklearn_mid.benchmark._engine._parts import build, resolve
from sklearn_mid.benchmark._engine._plan import derive_seed
from sklearn_mid.benchmark._engine._spec import (
    AttackSpec,
    DatasetSpec,
    DefenceSpec,
    Suite,
    nearest,
)
from sklearn_mid.benchmark._protect._candidates import AS_IT_IS, OMIT, candidates
from sklearn_mid.benchmark._protect._choice import (
    above,
    choose,
    figures_of,
    limits_from,
    title_of,
)
from sklearn_mid.benchmark._protect._recipe import Table, code_of, recipe
from sklearn_mid.benchmark._protect._report import ProtectReport
from sklearn_mid.benchmark._protect._trial import (
    CACHE_FOLDER,
    TASK_FILE,
    Task,
    offered,
    share_out,
)
from sklearn_mid.benchmark._report._results import load_cells
from sklearn_mid.benchmark._run import run_benchmark
from sklearn_mid.utils._features import resolve_attributes
from sklearn_mid.utils._files import write_file
from sklearn_mid.utils._optional import require
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval, StrOptions
from sklearn_mid.utils._validation import as_column, check_parameters

__all__ = ["protect"]

TRIALS, HELD_OUT = "trials", "held-out"
MODEL_FILE, UNFITTED_FILE = "protected.skops", "unfitted.skops"
# Fewer people than this cannot be dealt into five parts.
_LEAST_PEOPLE = 40

_CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict"])],
    "metric": [str, None],
    "max_rule": [Interval(Real, 0, None, closed="left"), Mapping, None],
    "max_answer": [Interval(Real, 0, None, closed="left"), Mapping, None],
    "max_memory": [Interval(Real, 0, None, closed="left"), Mapping, None],
    "only": ["array-like", None],
    "by": [StrOptions({"value", "upper limit"})],
    "n_splits": [Interval(Integral, 1, None, closed="left")],
    "held_out_size": [Interval(Real, 0, 1, closed="neither")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "output": [str, os.PathLike, None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def protect(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sensitive_features: Any,
    *,
    metric: str | None = None,
    max_rule: float | Mapping[str, float] | None = None,
    max_answer: float | Mapping[str, float] | None = None,
    max_memory: float | Mapping[str, float] | None = None,
    only: Sequence[str] | None = None,
    by: str = "value",
    n_splits: int = 3,
    held_out_size: float = 0.25,
    confidence_level: float = 0.95,
    output: str | os.PathLike | None = None,
    n_jobs: int = 1,
    backend: str | None = None,
    scheduler: str | None = None,
    timeout: float | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> ProtectReport:
    """Find the protection that costs a model least and keeps its leaks under limits.

    What is tried: the model as it is; without the secrets; with rounded probabilities;
    labels only; behind the release channel, distilled, or both
    (:mod:`sklearn_mid.release`); with larger leaves or less depth, where it or a step
    of it has them; and the models of this package that fit the task. Each is trained on
    some of the people and judged by others, as :func:`audit` judges.

    Parameters
    ----------
    estimator : classifier or regressor
        The model to protect, fitted or not: it is cloned and trained anew.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        People, the secrets in their columns.
    y : array-like of shape (n_samples,)
        Their responses.
    sensitive_features : str, int, or list
        The secrets: each a column, by name or index, or a list of the columns of a
        one-hot group. A bare name or index is one secret.
    metric : str, default=None
        What the model is to be good for, a scorer's name such as ``"roc_auc"``; by
        default accuracy, or R squared of a regression.
    max_rule : float or dict of str to float, default=None
        What the model may add for one who knows the true response: a difference in
        accuracy, so 0.02 is two points. A dict has one for each secret.
    max_answer : float or dict of str to float, default=None
        Share of right guesses allowed to one who sees the model's answer about a
        person.
    max_memory : float or dict of str to float, default=None
        What may be read of members beyond what is read of others, as a difference in
        accuracy. Without any limit an answer may add 5 points to a guess, and memory 2.
    only : list of str, default=None
        What to try besides the model as it is and without the secrets: of
        ``"rounding"``, ``"label only"``, ``"release channel"``, ``"distillation"``,
        ``"distillation and channel"``, ``"larger leaves"``, ``"less depth"`` and
        ``"MID model"``; by default all that fit the model.
    by : {"value", "upper limit"}, default="value"
        Whether a limit holds for a figure itself, as ``--fail-above`` of the audit
        does, or for the upper limit of its interval, which needs more people.
    n_splits : int, default=3
        How often the people are dealt anew, before the choice.
    held_out_size : float, default=0.25
        Share of the people whom the choice does not see.
    confidence_level : float, default=0.95
        Of the intervals, over people.
    output : path-like, default=None
        Folder for the protected model, the report, the recipe and what was measured.
        The same call goes on where an earlier one was interrupted. By default nothing
        is written.
    n_jobs : int, default=1
        As for :func:`run_benchmark`. Workers must see `output`.
    backend : {"loky", "threading", "dask"}, default=None
        As for :func:`run_benchmark`.
    scheduler : str, default=None
        As for :func:`run_benchmark`.
    timeout : float, default=None
        As for :func:`run_benchmark`.
    random_state : int, RandomState instance or None, default=None
        Of all that is drawn. An int is needed to go on with an earlier call.
    verbose : int, default=0
        If positive, progress on standard error.

    Returns
    -------
    report : ProtectReport
        ``recommended``, ``estimator`` (fitted on all people), ``summary``,
        ``candidates``, ``plot()``, ``to_html()``, ``to_json()``.

    Raises
    ------
    ValueError
        If a secret is not in X, the metric is unknown or does not fit the model, or the
        model cannot be trained.

    See Also
    --------
    audit : What one model gives away, as it is.
    sklearn_mid.release.MIDClassifier : Distillation and release channel.

    Notes
    -----
    A share `held_out_size` of the people is set aside. `n_splits` times the others are
    dealt into 60% who train, 20% whom the attackers know and 20% who are attacked and
    served. Figures are means over the splits, and so are the limits of their intervals,
    which are over people; they are wider where the splits are farther apart than these
    explain. Of the candidates under the limits the one of the best `metric` is
    recommended; but a model that leaves the secrets out, or the model as it is, comes
    first if it is within one standard error of the best. The recommended one is then
    trained on all but those set aside, judged by these, and last trained on everybody.

    A model that is trained without a secret can neither remember it nor answer by it:
    limits on what it adds are kept, whatever luck measures.

    While it runs, `output` holds a copy of the people for the workers.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_mid.benchmark import protect
    >>> from sklearn_mid.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> report = protect(
    ...     LinearRegression(), X, y, "sex", max_answer=0.75, random_state=0
    ... )  # doctest: +SKIP
    >>> report.verdict  # doctest: +SKIP
    'protect the model: ...'
    """
    check_parameters(
        "protect",
        _CONSTRAINTS,
        estimator=estimator,
        metric=metric,
        max_rule=max_rule,
        max_answer=max_answer,
        max_memory=max_memory,
        only=only,
        by=by,
        n_splits=n_splits,
        held_out_size=held_out_size,
        confidence_level=confidence_level,
        output=output,
        random_state=random_state,
        verbose=verbose,
    )
    return protect_people(
        estimator,
        X,
        y,
        sensitive_features,
        metric=metric,
        limits={"rule": max_rule, "answer": max_answer, "memory": max_memory},
        only=only,
        by=by,
        n_splits=n_splits,
        held_out_size=held_out_size,
        level=confidence_level,
        output=output,
        random_state=random_state,
        table=None,
        engine={
            "n_jobs": n_jobs,
            "backend": backend,
            "scheduler": scheduler,
            "timeout": timeout,
            "progress": bool(verbose),
        },
    )


def protect_people(
    estimator,
    X,
    y,
    sensitive_features,
    *,
    metric,
    limits,
    only,
    by,
    n_splits,
    held_out_size,
    level,
    output,
    random_state,
    table: Table | None,
    engine: Mapping[str, Any],
) -> ProtectReport:
    """:func:`protect`, for people who may have been read from a `table`."""
    if not isinstance(X, pd.DataFrame):
        X = np.asarray(X)
    responses = as_column(y, "y")
    check_consistent_length(X, responses)
    secrets = _secrets(sensitive_features, X)
    labels = [s if isinstance(s, str) else str(s) for s in secrets]
    asked = limits_from(labels, limits)
    metric = metric or ("r2" if is_regressor(estimator) else "accuracy")
    _check_task(estimator, X, metric)
    specs = candidates(estimator, X, secrets, only)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    if isinstance(random_state, Integral):
        seed = int(random_state)
    development, held_out = share_out(
        np.arange(len(X)),
        responses,
        1 - held_out_size,
        derive_seed("held out", str(seed)),
        by_class=is_classifier(estimator),
    )
    task = Task(
        clone(estimator), X, responses, secrets, metric, level, development, held_out
    )
    with contextlib.ExitStack() as stack:
        if output is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        else:
            folder = Path(output)
            folder.mkdir(parents=True, exist_ok=True)
        report = _search(
            task,
            specs,
            folder,
            asked,
            by=by,
            n_splits=n_splits,
            seed=seed,
            engine=engine,
            table=table,
            y=y if table else None,
        )
        if output is not None:
            _write(report, folder)
    return report


def _search(
    task, specs, folder, limits, *, by, n_splits, seed, engine, table, y
) -> ProtectReport:
    column = "value" if by == "value" else "high"
    try:
        task.write(folder)
        (folder / CACHE_FOLDER).mkdir(exist_ok=True)
        results, failures = _run(
            task, folder, TRIALS, "validation", specs, n_splits, seed, engine
        )
        figures = figures_of(results, task.level)
        utilities, exposures = figures.utilities, figures.exposures
        if AS_IT_IS not in set(utilities.get("candidate", ())):
            raise ValueError(
                "the model as it is could not be judged: "
                f"{failures.get(AS_IT_IS, 'nothing came of it')}"
            )
        exceeded = {
            c: above(exposures, c, limits, column) for c in utilities["candidate"]
        }
        utilities["admissible"] = [not exceeded[c] for c in utilities["candidate"]]
        utilities["why not"] = [
            "; ".join(f"{limit}, found {100 * v:.1f}" for limit, v in exceeded[c])
            for c in utilities["candidate"]
        ]
        admissible = [name for name, found in exceeded.items() if not found]
        recommended, omission_is_better = choose(figures, admissible)
        wanted = {AS_IT_IS, OMIT, recommended}
        finalists = _only(specs, wanted)
        held, _ = _run(task, folder, HELD_OUT, "held-out", finalists, 1, seed, engine)
        at_last = figures_of(held, task.level, figures.ratios)
    finally:
        (folder / TASK_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder / CACHE_FOLDER, ignore_errors=True)
    model, text = None, ""
    if recommended:
        unfitted = _built(_only(specs, {recommended})[0], task, seed)
        text = recipe(
            unfitted,
            f"{kind_of(task.estimator)}: {recommended}",
            file=UNFITTED_FILE,
            table=table,
            X=task.X,
            y=y,
        )
        model = clone(unfitted).fit(task.X, task.y if y is None else y)
    return ProtectReport(
        recommended=recommended,
        estimator=model,
        candidates=utilities,
        exposures=exposures,
        held_out=at_last.utilities,
        held_out_exposures=at_last.exposures,
        limits=limits,
        failures=failures,
        recipe=text,
        omission_is_better=omission_is_better,
        by=by,
        facts=_facts(task, n_splits, seed),
    )


def _run(task, folder, name, part, specs, n_splits, seed, engine):
    """Results of a suite, and why some candidates have none."""
    suite = Suite(
        name=f"protect-{name}",
        title="Ways to protect a model",
        repetitions=n_splits,
        seed=seed,
        timeout=engine["timeout"],
        datasets=(
            DatasetSpec(
                name=part,
                use="sklearn_mid.benchmark._protect._trial:trial",
                params={"people": _hash(task), "part": part},
                utility="utility",
            ),
        ),
        defences=specs,
        attacks=(AttackSpec("audit", "sklearn_mid.benchmark._protect._trial:sources"),),
        folder=str(folder.resolve()),
    )
    results = run_benchmark(
        suite,
        folder / name,
        **{k: v for k, v in engine.items() if k != "timeout"},
        retry_failed=True,
    )
    cells = load_cells(folder / name)
    failures: dict[str, str] = {}
    for row in cells[cells["status"] != "done"].itertuples():
        title = title_of(row.defence, row.parameter, row.strength)
        failures.setdefault(title, row.reason.partition("\n")[0])
    # A candidate without figures of one split cannot be compared with others.
    bad = [
        title_of(*row) in failures
        for row in results[["defence", "parameter", "strength"]].itertuples(
            index=False, name=None
        )
    ]
    return results[~np.array(bad, dtype=bool)], failures


def _only(specs, titles) -> tuple[DefenceSpec, ...]:
    """The candidates of some names, each with its one strength."""
    found = []
    for spec in specs:
        if not spec.parameter:
            if spec.name in titles:
                found.append(spec)
            continue
        strengths = tuple(
            s
            for s in spec.strengths
            if title_of(spec.name, spec.parameter, s) in titles
        )
        if strengths:
            found.append(
                DefenceSpec(spec.name, spec.use, spec.params, spec.parameter, strengths)
            )
    return tuple(found)


def _built(spec: DefenceSpec, task: Task, seed: int) -> Any:
    params = dict(spec.params)
    if spec.parameter:
        params[spec.parameter] = spec.strengths[0]
    return build(resolve("defence", spec.use, {}), params, offered(task, seed, None))


def _write(report: ProtectReport, folder: Path) -> None:
    report.to_json(folder / "report.json")
    report.to_html(folder / "report.html")
    if report.estimator is None:
        return
    io = require("skops.io", extra="audit", needed_by="writing a model file")
    write_file(folder / MODEL_FILE, io.dumps(report.estimator))
    unfitted = clone(report.estimator)
    if code_of(unfitted) is None:
        write_file(folder / UNFITTED_FILE, io.dumps(unfitted))
    write_file(folder / "recipe.py", report.recipe.encode())


def _secrets(sensitive_features: Any, X: Any) -> list:
    """Each a column or a list of columns, as plain values that JSON can hold."""
    if isinstance(sensitive_features, str | Integral):
        sensitive_features = [sensitive_features]
    secrets = [
        _plain(s) if isinstance(s, str | Integral) else [_plain(c) for c in s]
        for s in sensitive_features
    ]
    if not secrets:
        raise ValueError(
            "sensitive_features is empty; pass one column or a list of attributes."
        )
    resolve_attributes(
        secrets,
        n_features=X.shape[1],
        feature_names=list(X.columns) if isinstance(X, pd.DataFrame) else None,
        param="sensitive_features",
    )
    return secrets


def _plain(column: Any) -> Any:
    return int(column) if isinstance(column, Integral) else column


def _check_task(estimator: Any, X: Any, metric: str) -> None:
    if not (is_classifier(estimator) or is_regressor(estimator)):
        raise ValueError(
            "estimator must be a classifier or a regressor, got "
            f"{type(estimator).__name__}."
        )
    if len(X) < _LEAST_PEOPLE:
        raise ValueError(
            f"{len(X)} people are too few to train on some, to attack others, and to "
            f"judge the choice by yet others; at least {_LEAST_PEOPLE} are needed."
        )
    try:
        get_scorer(metric)
    except ValueError:
        raise ValueError(
            f"metric={metric!r} is no scorer{nearest(metric, get_scorer_names())}"
        ) from None


def _hash(task: Task) -> str:
    """Of all that the figures depend on, besides the candidates."""
    frame = pd.DataFrame(task.X).assign(**{"response": task.y}).astype(str)
    digest = hashlib.sha256(
        pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    )
    for part in (
        list(frame.columns),
        task.secrets,
        task.metric,
        task.level,
        task.held_out.tolist(),
        joblib.hash(task.estimator),
    ):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def _facts(task: Task, n_splits: int, seed: int) -> dict[str, Any]:
    return {
        "model": kind_of(task.estimator),
        "metric": task.metric,
        "secrets": [str(s) for s in task.secrets],
        "people": {
            "seen by the choice": len(task.development),
            "held out": len(task.held_out),
        },
        "splits": n_splits,
        "confidence level": task.level,
        "data hash": _hash(task),
        "seed": seed,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "sklearn-mid": sklearn_mid.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
    }
