"""``sklearn-mid protect``: from a model file and a table to a protected model."""

import argparse
from pathlib import Path
from typing import Any

from sklearn_mid.benchmark._audit._reading import (
    pairs,
    read_model,
    read_people,
    separator_of,
)
from sklearn_mid.benchmark._protect._recipe import Table
from sklearn_mid.benchmark._protect._run import MODEL_FILE, protect_people

__all__ = ["run_protect"]

OK, NOT_UNDER_LIMITS = 0, 1


def run_protect(options: argparse.Namespace, command: str) -> int:
    """Carry out the command; 1 if nothing is under the limits, otherwise 0."""
    model = read_model(
        options.model, trusted=options.trust, trust_file=options.i_trust_this_file
    )
    if not hasattr(model, "fit"):
        raise ValueError(
            f"MODEL={options.model!r} cannot be trained; protect needs an estimator."
        )
    secrets = [s.split(",") if "," in s else s for s in options.secret]
    X, y, _ = read_people(
        options.people,
        response=options.response,
        model=model,
        secrets=[name for s in options.secret for name in s.split(",")],
        separator=options.sep,
        encoding=options.encoding,
        dtypes=pairs("--dtypes", options.dtypes),
    )
    for name in [name for s in options.secret for name in s.split(",")]:
        if name not in X.columns:
            raise ValueError(
                f"--secret {name}: the model does not take this column, so its answers "
                "do not depend on it; 'sklearn-mid audit' says what it gives away."
            )
    is_parquet = options.people.lower().endswith((".parquet", ".pq"))
    separator = options.sep or (
        "" if is_parquet else separator_of(options.people, options.encoding)
    )
    try:
        report = protect_people(
            model,
            X,
            y,
            secrets,
            metric=options.metric,
            limits={
                name: _limit(f"--max-{name}", getattr(options, f"max_{name}"))
                for name in ("rule", "answer", "memory")
            },
            only=options.only,
            by=options.by.replace("-", " "),
            n_splits=options.splits,
            held_out_size=options.held_out,
            level=0.95,
            output=options.output,
            random_state=options.seed,
            table=Table(options.people, separator, options.encoding),
            engine={
                "n_jobs": options.jobs,
                "backend": options.backend,
                "scheduler": options.scheduler,
                "timeout": options.timeout,
                "progress": not options.quiet,
                "command": command,
            },
        )
    except ValueError as error:
        raise ValueError(_in_words_of_the_command(str(error))) from error
    print(report.summary)
    folder = Path(options.output)
    names = ["report.html", "report.json"]
    names += [MODEL_FILE, "recipe.py"] if report.recommended else []
    print("\nWrote:")
    for name in names:
        print(f"  {folder / name}")
    return OK if report.confirmed else NOT_UNDER_LIMITS


def _limit(option: str, text: str | None) -> Any:
    """A number, or one for each secret: ``0.8`` or ``marital=0.8,sex=0.9``."""
    if text is None:
        return None
    try:
        if "=" not in text:
            return float(text)
        return {name: float(value) for name, value in pairs(option, text).items()}
    except ValueError:
        raise ValueError(
            f"{option} {text!r} must be a number, or SECRET=NUMBER,..."
        ) from None


def _in_words_of_the_command(message: str) -> str:
    for parameter, option in (
        ("sensitive_features=", "--secret "),
        ("metric=", "--metric "),
        ("only names", "--only names"),
        ("max_rule", "--max-rule"),
        ("max_answer", "--max-answer"),
        ("max_memory", "--max-memory"),
    ):
        message = message.replace(parameter, option)
    return message
