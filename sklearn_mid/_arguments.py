"""What the command ``sklearn-mid`` takes."""

# Nothing heavy is imported: --help and --version are to be there at once.
import argparse
from collections.abc import Callable
from typing import Any

from sklearn_mid._version import __version__

__all__ = ["parse"]

_FORMATS = ("html", "csv", "json", "md")
_DESCRIPTION = """\
What models give away about the people they are asked about, and what defences cost.

  sklearn-mid benchmark                 the quick suite: no network, a few minutes
  sklearn-mid benchmark list            all suites
  sklearn-mid benchmark run SUITE       run one, or go on with it
  sklearn-mid report FOLDER             one HTML page of what came out
  sklearn-mid audit MODEL PEOPLE ...    what a model of your own gives away
  sklearn-mid protect MODEL PEOPLE ...  the cheapest protection of it
"""
_EXIT_CODES = """\
exit status: 0 if every cell is done or skipped, 1 if some failed or took too long,
2 if the command cannot be carried out as given, 130 after Ctrl-C
"""


def _positive(kind: Callable) -> Callable:
    def convert(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    convert.__name__ = kind.__name__
    return convert


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, got {text}")
    return value


def _jobs(text: str) -> int:
    value = int(text)
    if value < -1 or value == 0:
        raise argparse.ArgumentTypeError(f"must be 1 or more, or -1, got {text}")
    return value


def _add_workers(add: Callable) -> None:
    """How the work is done."""
    add(
        "-j",
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help="cells computed at once; -1 for all cores (default: %(default)s)",
    )
    add(
        "--backend",
        choices=["loky", "threading", "dask"],
        help="joblib's backend (default: loky, processes on this machine)",
    )
    add("--scheduler", metavar="ADDRESS", help="dask scheduler, for --backend dask")
    add(
        "--timeout",
        type=_positive(float),
        metavar="S",
        help="seconds that a cell may take (default: the suite's, or no limit)",
    )
    add("--quiet", action="store_true", help="no progress bar")


def _add_run(commands: Any) -> None:
    run = commands.add_parser(
        "run",
        help="run a suite, or go on with it",
        description="Run a suite. With results of an earlier run in the folder, only "
        "what is missing is computed; Ctrl-C at any moment loses nothing.",
        epilog=_EXIT_CODES,
    )
    run.add_argument(
        "suite",
        metavar="SUITE",
        help="name of a suite (its last part is enough: 'iwpc'), or path of a .toml "
        "file; 'sklearn-mid benchmark list' shows the names",
    )
    run.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        help="results folder (default: results/SUITE)",
    )
    _add_workers(run.add_argument)
    run.add_argument(
        "--retry-failed",
        action="store_true",
        help="also compute cells again that failed, took too long or were skipped",
    )
    run.add_argument(
        "--repetitions",
        type=_positive(int),
        metavar="N",
        help="number of repetitions (default: the suite's)",
    )
    run.set_defaults(call="run")


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="a results folder")


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="write the results down for readers",
        description="Write what is in a results folder as one file.",
    )
    _add_folder(report)
    report.add_argument(
        "--format",
        choices=_FORMATS,
        default="html",
        help="html: one self-contained page; md: tables; csv, json: every single "
        "figure (default: %(default)s)",
    )
    report.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file to write, - for the terminal (default: FOLDER/report.FORMAT)",
    )
    report.set_defaults(call="report")


def _add_columns(add: Callable) -> None:
    """What the columns of the people are."""
    add(
        "--secret",
        required=True,
        action="append",
        metavar="COLUMN",
        help="what is to stay secret; may be given repeatedly. COLUMN,COLUMN,... names "
        "the columns of a one-hot group",
    )
    add(
        "--response",
        required=True,
        metavar="COLUMN",
        help="what the model predicts: its true value",
    )


def _add_reading(add: Callable) -> None:
    """How files are read, and the dice."""
    add("--sep", metavar="CHARACTER", help="between columns of a CSV")
    add("--encoding", default="utf-8", help="of a CSV (default: %(default)s)")
    add(
        "--dtypes",
        metavar="COLUMN=TYPE,...",
        help="types of columns that are not to be found out: text, number or bool",
    )
    add(
        "--trust",
        action="append",
        default=[],
        metavar="TYPE",
        help="full name of a type that the model may consist of, besides those of "
        "scikit-learn and this package; may be given repeatedly",
    )
    add(
        "--i-trust-this-file",
        action="store_true",
        help="read MODEL although it is a pickle, which runs what its writer put in",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of all that is drawn (default: %(default)s)",
    )


def _add_audit(commands: Any) -> None:
    parser = commands.add_parser(
        "audit",
        help="what a model of your own gives away, by source",
        description="Say what one model gives away of secret columns: by its rule, by "
        "its answers, and of the people it was trained on. One half of PEOPLE, drawn "
        "at random, is known to the attackers, the other is attacked.",
        epilog="exit status: 0 if nothing is above the limits of --fail-above, 1 if "
        "something is, 2 if the command cannot be carried out as given",
    )
    add = parser.add_argument
    add(
        "model",
        metavar="MODEL",
        help="model file, written by skops.io.dump or in the ONNX format (or, with "
        "--i-trust-this-file, a pickle), or MODULE:FUNCTION that answers about a "
        "DataFrame",
    )
    add(
        "people",
        metavar="PEOPLE",
        help="CSV or parquet file of people that the model was not trained on",
    )
    _add_columns(add)
    add(
        "--members",
        metavar="FILE",
        help="file of people that the model was trained on, to be attacked too",
    )
    add(
        "--members-where",
        metavar="COLUMN=VALUE",
        help="which rows of PEOPLE are members, instead of a file of them",
    )
    add(
        "--decimals",
        type=int,
        metavar="N",
        help="decimals to which answers are rounded when they are given out",
    )
    _add_reading(add)
    add(
        "--fail-above",
        metavar="SOURCE=LIMIT,...",
        help="exit with 1 if a source is above its limit, e.g. memory=0.02,answer=0.8",
    )
    add(
        "--format",
        choices=["text", "html", "json", "csv"],
        default="text",
        help="of what is written (default: %(default)s)",
    )
    add("-o", "--output", metavar="FILE", help="file to write (default: the terminal)")
    parser.set_defaults(call="audit")


def _add_protect(commands: Any) -> None:
    parser = commands.add_parser(
        "protect",
        help="find the cheapest protection of a model of your own",
        description="Train MODEL anew on parts of PEOPLE, in every way that may "
        "protect secret columns, judge each by people it was not trained on, and "
        "write the one of best utility that stays under the limits. Run again, to the "
        "same folder, it goes on where it was interrupted.",
        epilog="exit status: 0 if the recommended model is under the limits on people "
        "kept apart, 1 if not, or if nothing is, 2 if the command cannot be carried "
        "out as given, 130 after Ctrl-C",
    )
    add = parser.add_argument
    add(
        "model",
        metavar="MODEL",
        help="model file, written by skops.io.dump (or, with --i-trust-this-file, a "
        "pickle); it is trained anew",
    )
    add("people", metavar="PEOPLE", help="CSV or parquet file of people to train on")
    _add_columns(add)
    add(
        "-o",
        "--output",
        required=True,
        metavar="FOLDER",
        help="for the model, the report, the recipe, and what was measured",
    )
    add(
        "--metric",
        metavar="NAME",
        help="what the model is to be good for, a scorer of scikit-learn (default: "
        "accuracy, or r2 of a regression)",
    )
    for source, what in (
        ("rule", "what the model may add for one who knows the response, e.g. 0.05"),
        ("answer", "share of right guesses of one who sees the answer, e.g. 0.8"),
        ("memory", "what may be read of members beyond others, e.g. 0.02"),
    ):
        add(
            f"--max-{source}",
            metavar="LIMIT",
            help=f"{what}; or one for each secret: SECRET=LIMIT,...",
        )
    add(
        "--by",
        choices=["value", "upper-limit"],
        default="value",
        help="whether limits hold for the figures or for the upper limits of their "
        "intervals (default: %(default)s)",
    )
    add(
        "--only",
        action="append",
        metavar="WAY",
        help="try this alone, e.g. 'release channel'; may be given repeatedly",
    )
    add(
        "--splits",
        type=_positive(int),
        default=3,
        metavar="N",
        help="how often people are dealt anew (default: %(default)s)",
    )
    add(
        "--held-out",
        type=_share,
        default=0.25,
        metavar="SHARE",
        help="of the people, to judge what was chosen (default: %(default)s)",
    )
    _add_reading(add)
    _add_workers(add)
    parser.set_defaults(call="protect")


def _parser() -> tuple[argparse.ArgumentParser, set[str]]:
    parser = argparse.ArgumentParser(
        prog="sklearn-mid",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    top = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    benchmark = top.add_parser(
        "benchmark",
        help="run suites, look at results",
        description="Without a command: run the quick suite. A suite's name instead "
        "of a command runs that suite.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = benchmark.add_subparsers(title="commands", metavar="COMMAND")
    _add_run(commands)
    listing = commands.add_parser("list", help="the suites that come with the package")
    listing.add_argument(
        "--long",
        action="store_true",
        help="also what each is about, its time, its data and the extras it needs",
    )
    listing.set_defaults(call="list")
    status = commands.add_parser("status", help="how far a run is, dead or alive")
    _add_folder(status)
    status.set_defaults(call="status")
    plot = commands.add_parser("plot", help="draw privacy-utility plots as PNG")
    _add_folder(plot)
    plot.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="draw what there is although cells are missing or failed, marked as such",
    )
    plot.set_defaults(call="plot")
    _add_report(top)
    _add_audit(top)
    _add_protect(top)
    return parser, set(commands.choices)


def _complete(arguments: list[str], commands: set[str]) -> list[str]:
    """``benchmark`` alone runs the quick suite, ``benchmark NAME`` that suite."""
    if arguments[:1] != ["benchmark"]:
        return arguments
    rest = arguments[1:]
    if rest and (rest[0] in commands or rest[0] in ("-h", "--help")):
        return arguments
    if not rest or rest[0].startswith("-"):
        rest = ["quick", *rest]
    return ["benchmark", "run", *rest]


def parse(arguments: list[str]) -> argparse.Namespace:
    """What is asked for; ``call`` is the command's name.

    Parameters
    ----------
    arguments : list of str
        Those after the program's name.
    """
    parser, commands = _parser()
    return parser.parse_args(_complete(arguments, commands))
