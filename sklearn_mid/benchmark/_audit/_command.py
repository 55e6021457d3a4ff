"""``sklearn-mid audit``: from files to a verdict."""

import argparse
import math
import sys
from typing import Any

from sklearn_mid.benchmark._audit._reading import (
    pairs,
    read_model,
    read_people,
    split_by,
)
from sklearn_mid.benchmark._audit._report import LIMITED, AuditReport
from sklearn_mid.benchmark._audit._run import audit
from sklearn_mid.utils._files import write_file

__all__ = ["run_audit"]

OK, ABOVE_LIMIT = 0, 1


def run_audit(options: argparse.Namespace) -> int:
    """Carry out the command; 1 if something is above a limit, otherwise 0."""
    has_members = bool(options.members or options.members_where)
    limits = _limits(options.fail_above, has_members=has_members)
    model = read_model(
        options.model, trusted=options.trust, trust_file=options.i_trust_this_file
    )
    X, y, members = _read_people(options, model)
    if hasattr(model, "with_classes"):
        model = model.with_classes(X, y)
    secrets = [s.split(",") if "," in s else s for s in options.secret]
    try:
        report = audit(
            model,
            X,
            y,
            secrets,
            members=members,
            decimals=options.decimals,
            random_state=options.seed,
            verbose=sys.stderr.isatty(),
        )
        exceeded = report.exceeds(limits)
    except ValueError as error:
        raise ValueError(_in_words_of_the_command(str(error))) from error
    _write(report, options)
    for _, row in exceeded.iterrows():
        print(
            f"sklearn-mid: {row['secret']}, {row['source']}: {row['value']:.3f} is "
            f"above the limit {row['limit']:g}",
            file=sys.stderr,
        )
    return ABOVE_LIMIT if len(exceeded) else OK


def _read_people(options: argparse.Namespace, model: Any) -> tuple[Any, Any, Any]:
    """Records, responses, and members, if there are any."""
    secrets = [name for secret in options.secret for name in secret.split(",")]
    where = options.members_where
    if where is not None and "=" not in where:
        raise ValueError(f"--members-where {where!r} must be COLUMN=VALUE.")
    if where is not None and options.members:
        raise ValueError("--members and --members-where exclude each other.")
    given = {
        "response": options.response,
        "model": model,
        "secrets": secrets,
        "separator": options.sep,
        "encoding": options.encoding,
        "dtypes": pairs("--dtypes", options.dtypes),
    }
    column = [] if where is None else [where.partition("=")[0]]
    X, y, others = read_people(options.people, more=column, **given)
    if where is not None:
        people, members = split_by(X, y, others, where)
        return *people, members
    if options.members:
        X_members, y_members, _ = read_people(options.members, **given)
        return X, y, (X_members, y_members)
    return X, y, None


def _write(report: AuditReport, options: argparse.Namespace) -> None:
    if options.format == "html":
        text = report.to_html()
    elif options.format == "json":
        text = report.to_json()
    elif options.format == "csv":
        text = report.sources.to_csv(index=False)
    else:
        text = report.summary + "\n"
    if options.output:
        write_file(options.output, text.encode())
        print(f"{report.verdict}: {options.output}")
    else:
        print(text, end="")


def _limits(text: str | None, *, has_members: bool) -> dict[str, float]:
    limits = {}
    for source, value in pairs("--fail-above", text).items():
        try:
            limits[source] = float(value)
        except ValueError:
            limits[source] = math.nan
        if math.isnan(limits[source]):
            raise ValueError(f"--fail-above {source}={value}: {value!r} is no number.")
        # Said before the audit, which takes its time.
        if source not in LIMITED:
            raise ValueError(
                f"--fail-above names the source {source!r}; allowed are "
                f"{list(LIMITED)}."
            )
        if source == "memory" and not has_members:
            raise ValueError("--fail-above memory needs --members or --members-where.")
    return limits


def _in_words_of_the_command(message: str) -> str:
    for parameter, option in (
        ("sensitive_features=", "--secret "),
        ("sensitive_feature=", "--secret "),
        ("limits name", "--fail-above names"),
        ("not one-hot:", "not one-hot (several secrets are --secret A --secret B):"),
        ("members and X overlap", "--members and PEOPLE overlap"),
    ):
        message = message.replace(parameter, option)
    return message
