"""Suite files: what is compared with what, read from TOML and checked at once.

A suite is data only. Everything that can be wrong with one is found here, before
anything runs: a misspelt key, an unknown or duplicate name, a class that does not
import, a parameter that the class does not take.
"""

import dataclasses
import difflib
import numbers
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sklearn_mid.benchmark._engine._parts import (
    PASSED,
    Catalogue,
    add_to_path,
    resolve,
    unknown_parameters,
)

__all__ = [
    "AttackSpec",
    "DatasetSpec",
    "DefenceSpec",
    "ReferenceSpec",
    "Suite",
    "SuiteError",
    "find_suite",
    "list_suites",
    "nearest",
    "parse_suite",
    "read_suite",
]

_SUITES = Path(__file__).parents[1] / "suites"

DEFAULT_BASELINES = ("majority guess", "imputation without the model")


class SuiteError(ValueError):
    """A suite file cannot be run as it is written; the message says where and why."""


@dataclass(frozen=True)
class DatasetSpec:
    """One dataset: what makes a problem of it, and the parameters.

    `utility`, `attack_metric`, `population` and `statistic` are what its plots show;
    with `bounds`, further plots show what theory promises beside what was measured.
    """

    name: str
    use: str
    params: dict = field(default_factory=dict)
    title: str = ""
    utility: str = ""
    attack_metric: str = "accuracy"
    population: str = "members"
    statistic: str = "mean"
    bounds: bool = False


@dataclass(frozen=True)
class DefenceSpec:
    """One defence; `parameter` takes each of `strengths` in turn, if it has any."""

    name: str
    use: str
    params: dict = field(default_factory=dict)
    parameter: str = ""
    strengths: tuple = ()
    datasets: tuple = ()


@dataclass(frozen=True)
class AttackSpec:
    """One attack, or one baseline that needs no model."""

    name: str
    use: str
    params: dict = field(default_factory=dict)
    datasets: tuple = ()


@dataclass(frozen=True)
class ReferenceSpec:
    """A published point, drawn beside ours: read off a figure, so within about 2%."""

    label: str
    utility: float
    attack: float
    source: str = ""
    datasets: tuple = ()
    attacks: tuple = ()


@dataclass(frozen=True)
class Suite:
    """A checked suite.

    Parameters
    ----------
    name, title, description : str
        What it is called, in one word, one line and a paragraph.
    repetitions : int, default=3
        Splits of each dataset.
    seed : int, default=0
        Of all splits and dice.
    timeout : float, default=None
        Seconds that one cell may take.
    minutes : float, default=None
        What all of it takes one core, for who lists suites.
    datasets, defences, attacks, baselines, references : tuple
        What is compared with what.
    folder : str, default=""
        Where the suite's own modules are.

    See Also
    --------
    load_suite : Reads one from a file, or by name.
    """

    name: str
    title: str = ""
    description: str = ""
    repetitions: int = 3
    seed: int = 0
    timeout: float | None = None
    # Not what is compared: results are the same however long they take.
    minutes: float | None = field(default=None, compare=False)
    datasets: tuple = ()
    defences: tuple = ()
    attacks: tuple = ()
    baselines: tuple = ()
    references: tuple = ()
    # Where the suite's own modules are.
    folder: str = field(default="", compare=False, repr=False)

    def replace(self, **changes: Any) -> "Suite":
        """A copy with other values for some fields, checked like a new one.

        Parameters
        ----------
        **changes : dict
            Fields and their new values.

        Returns
        -------
        Suite
            The copy.
        """
        changed = {**self.to_dict(), **_table_names(changes)}
        return parse_suite(changed, source=self.name, folder=self.folder)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, as the TOML file has them.

        Returns
        -------
        dict
            What :func:`parse_suite` takes.
        """
        tables = dataclasses.asdict(self)
        for defence in tables["defences"]:
            parameter, strengths = defence.pop("parameter"), defence.pop("strengths")
            if parameter:
                defence["strength"] = {parameter: list(strengths)}
        for name in ("timeout", "minutes"):
            if tables[name] is None:
                del tables[name]
        del tables["folder"]
        return _table_names(tables)


_TABLES = {
    "dataset": ("datasets", DatasetSpec),
    "defence": ("defences", DefenceSpec),
    "attack": ("attacks", AttackSpec),
    "baseline": ("baselines", AttackSpec),
    "reference": ("references", ReferenceSpec),
}
_SCALARS = ("name", "title", "description", "repetitions", "seed", "timeout", "minutes")


def _table_names(fields):
    """From the names of :class:`Suite`'s fields to those of the file's tables."""
    plural = {fields_name: table for table, (fields_name, _) in _TABLES.items()}
    return {plural.get(name, name): value for name, value in fields.items()}


def nearest(name: Any, allowed: Iterable[Any]) -> str:
    """What may stand instead of `name`, as the end of a message."""
    close = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]!r}?" if close else "."
    return f"{hint} Allowed are: {', '.join(sorted(map(str, allowed)))}."


def _check_keys(table, allowed, where):
    for key in table:
        if key not in allowed:
            raise SuiteError(f"{where}: unknown key {key!r}{nearest(key, allowed)}")


def _typed(value, types, wanted, where, key):
    if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
        raise SuiteError(f"{where}: {key} must be {wanted}, got {value!r}.")
    return value


def _text(table, key, where, *, default=None):
    if key not in table:
        if default is None:
            raise SuiteError(f"{where}: the key {key!r} is missing.")
        return default
    value = _typed(table[key], str, "a text", where, key)
    if default is None and not value.strip():
        raise SuiteError(f"{where}: {key} must not be empty.")
    return value


def _names(table, key, known, where):
    """The list of names under `key`, each of which must be one of `known`."""
    value = table.get(key, [])
    if isinstance(value, str):
        value = [value]
    _typed(value, list | tuple, "a list of names", where, key)
    for name in value:
        if name not in known:
            raise SuiteError(f"{where}: {key} names {name!r}{nearest(name, known)}")
    return tuple(value)


def _choice(table, key, allowed, where):
    """One of `allowed`, the first by default."""
    return _names({key: [table.get(key, allowed[0])]}, key, allowed, where)[0]


def _number(table, key, where, *, default=None, minimum=None, integer=False):
    if key not in table:
        if default is None:
            raise SuiteError(f"{where}: the key {key!r} is missing.")
        return default
    kind = numbers.Integral if integer else numbers.Real
    wanted = "an integer" if integer else "a number"
    if minimum is not None:
        wanted += f" of at least {minimum}"
    value = _typed(table[key], kind, wanted, where, key)
    if value != value or (minimum is not None and value < minimum):
        raise SuiteError(f"{where}: {key} must be {wanted}, got {value!r}.")
    return value


def _check_part(kind, use, params, catalogue, where):
    """What is named must exist and take the parameters; it is not called."""
    try:
        make = resolve(kind, use, catalogue)
        is_attack = kind in ("attack", "baseline")
        passed = (*PASSED, "estimator") if is_attack else PASSED
        unknown = list(unknown_parameters(make, params, passed))
    except KeyError as error:
        names = catalogue[kind]
        (name,) = error.args
        raise SuiteError(
            f"{where}: unknown {kind} {name!r}{nearest(name, names)} "
            "Anything else is named by its import path, as 'module:Class'."
        ) from None
    except Exception as error:  # a module of anybody's is run by its import
        raise SuiteError(f"{where}: cannot load {kind} {use!r}: {error}") from error
    for part, name, allowed in unknown:
        raise SuiteError(
            f"{where}: {kind} {part or use!r} takes no parameter {name!r}"
            f"{nearest(name, allowed)}"
        )


def _dataset(table, where, dataset_names):
    name = _text(table, "name", where)
    return DatasetSpec(
        name=name,
        use=_text(table, "use", where, default=name),
        params=_typed(table.get("params", {}), dict, "a table", where, "params"),
        title=_text(table, "title", where, default=""),
        utility=_text(table, "utility", where, default=""),
        attack_metric=_text(table, "attack_metric", where, default="accuracy"),
        population=_choice(table, "population", ("members", "held-out"), where),
        statistic=_choice(table, "statistic", ("mean", "median"), where),
        bounds=_typed(
            table.get("bounds", False), bool, "true or false", where, "bounds"
        ),
    )


def _defence(table, where, dataset_names):
    name = _text(table, "name", where)
    strength = _typed(table.get("strength", {}), dict, "a table", where, "strength")
    if len(strength) > 1:
        raise SuiteError(
            f"{where}: strength must vary one parameter, got {sorted(strength)}; "
            "put the others under params."
        )
    params = _typed(table.get("params", {}), dict, "a table", where, "params")
    parameter, strengths = "", ()
    for parameter, values in strength.items():
        key = f"strength.{parameter}"
        _typed(values, list | tuple, "a list of numbers", where, key)
        strengths = tuple(_number({key: v}, key, where) for v in values)
        if not strengths or len(set(strengths)) < len(strengths):
            raise SuiteError(
                f"{where}: {key} must be distinct numbers, got {list(values)!r}."
            )
        if parameter in params:
            raise SuiteError(f"{where}: {parameter!r} is under strength and params.")
    return DefenceSpec(
        name=name,
        use=_text(table, "use", where, default=name),
        params=params,
        parameter=parameter,
        strengths=strengths,
        datasets=_names(table, "datasets", dataset_names, where),
    )


def _attack(table, where, dataset_names):
    name = _text(table, "name", where)
    return AttackSpec(
        name=name,
        use=_text(table, "use", where, default=name),
        params=_typed(table.get("params", {}), dict, "a table", where, "params"),
        datasets=_names(table, "datasets", dataset_names, where),
    )


def _reference(table, where, dataset_names):
    attacks = table.get("attacks", [])
    _typed(attacks, list | tuple, "a list of names", where, "attacks")
    return ReferenceSpec(
        label=_text(table, "label", where),
        utility=_number(table, "utility", where),
        attack=_number(table, "attack", where),
        source=_text(table, "source", where, default=""),
        datasets=_names(table, "datasets", dataset_names, where),
        attacks=tuple(attacks),
    )


_READERS = {
    "dataset": _dataset,
    "defence": _defence,
    "attack": _attack,
    "baseline": _attack,
    "reference": _reference,
}
_EXTRA_KEYS = {"defence": {"strength"}}
_HIDDEN_KEYS = {"defence": {"parameter", "strengths"}}


def _read_tables(document, kind, source, dataset_names, catalogue):
    spec_class = _TABLES[kind][1]
    allowed = {f.name for f in dataclasses.fields(spec_class)}
    allowed = allowed - _HIDDEN_KEYS.get(kind, set()) | _EXTRA_KEYS.get(kind, set())
    tables = document.get(kind, [])
    if not isinstance(tables, list | tuple) or not all(
        isinstance(t, dict) for t in tables
    ):
        raise SuiteError(f"{source}: write {kind} as [[{kind}]] tables.")
    specs = []
    for number, table in enumerate(tables, 1):
        title = table.get("name", table.get("label", ""))
        where = f"{source}: {kind} {number}" + (f" ({title!r})" if title else "")
        _check_keys(table, allowed, where)
        spec = _READERS[kind](table, where, dataset_names)
        if catalogue is not None and kind != "reference":
            _check_part(kind, spec.use, _all_params(spec), catalogue, where)
        specs.append(spec)
    return tuple(specs)


def _all_params(spec):
    extra = getattr(spec, "parameter", "")
    return {**spec.params, extra: None} if extra else spec.params


def _refuse_duplicates(specs, kind, source, dataset_names):
    """Two of one name may be for different datasets, with parameters that fit each."""
    seen = set()
    for spec in specs:
        for dataset in getattr(spec, "datasets", ()) or dataset_names or [""]:
            if (spec.name, dataset) in seen:
                raise SuiteError(f"{source}: two {kind}s are named {spec.name!r}.")
            seen.add((spec.name, dataset))


def parse_suite(
    document: Mapping[str, Any],
    *,
    source: str = "suite",
    catalogue: Catalogue | None = None,
    folder: str = "",
) -> Suite:
    """Check a suite given as nested dictionaries, as TOML gives them.

    Parameters
    ----------
    document : dict
        Keys ``name``, ``title``, ``description``, ``repetitions``, ``seed``,
        ``timeout``, ``minutes`` and lists of tables ``dataset``, ``defence``,
        ``attack``, ``baseline``, ``reference``.
    source : str, default="suite"
        Where it comes from, for error messages.
    catalogue : dict, default=None
        Names of datasets, defences, attacks and baselines. All that is named is then
        imported, and its parameters are checked. None does without, as the reading of
        results must: they may come from a machine that has other modules.
    folder : str, default=""
        Where the suite's own modules are.

    Returns
    -------
    Suite

    Raises
    ------
    SuiteError
        At the first thing that is wrong.
    """
    _check_keys(document, {*_SCALARS, *_TABLES}, source)
    timeout = _number(document, "timeout", source, default=float("inf"), minimum=0)
    minutes = _number(document, "minutes", source, default=float("inf"), minimum=0)
    if catalogue is not None:
        add_to_path(folder)
    datasets = _read_tables(document, "dataset", source, (), catalogue)
    names = [spec.name for spec in datasets]
    rest = {
        _TABLES[kind][0]: _read_tables(document, kind, source, names, catalogue)
        for kind in _TABLES
        if kind != "dataset"
    }
    for kind, specs in (("dataset", datasets), ("defence", rest["defences"])):
        if not specs:
            raise SuiteError(f"{source}: there is no [[{kind}]].")
        _refuse_duplicates(specs, kind, source, names if kind != "dataset" else ())
    if rest["attacks"] and "baseline" not in document:
        rest["baselines"] = tuple(AttackSpec(b, b) for b in DEFAULT_BASELINES)
    attacks = (*rest["attacks"], *rest["baselines"])
    _refuse_duplicates(attacks, "attack", source, names)
    return Suite(
        name=_text(document, "name", source),
        title=_text(document, "title", source, default=""),
        description=_text(document, "description", source, default=""),
        repetitions=_number(
            document, "repetitions", source, default=3, minimum=1, integer=True
        ),
        seed=_number(document, "seed", source, default=0, minimum=0, integer=True),
        timeout=None if timeout == float("inf") else timeout,
        minutes=None if minutes == float("inf") else minutes,
        datasets=datasets,
        folder=folder,
        **rest,
    )


def read_suite(path: Path, catalogue: Catalogue | None = None) -> Suite:
    """Read a suite file; with a catalogue, what it names is checked, too."""
    try:
        # Windows' editors put a byte-order mark first.
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SuiteError(
            f"cannot read the suite file {str(path)!r}: {error.strerror}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SuiteError(f"{str(path)!r} is not a TOML file: {error}.") from error
    folder = str(path.resolve().parent)
    return parse_suite(document, source=str(path), catalogue=catalogue, folder=folder)


def list_suites() -> dict[str, Path]:
    """The suites that come with the package.

    Returns
    -------
    dict
        From a suite's name to the path of its file, in alphabetical order.

    Examples
    --------
    >>> from sklearn_mid.benchmark import list_suites
    >>> "quick" in list_suites()
    True
    """
    return {path.stem: path for path in sorted(_SUITES.glob("*.toml"))}


def find_suite(name: str) -> Path:
    """The file of a suite of the package; the last part of its name is enough."""
    suites = list_suites()
    if name in suites:
        return suites[name]
    ending = [s for s in suites if s.endswith(f"-{name}")]
    if len(ending) == 1:
        return suites[ending[0]]
    if len(ending) > 1:
        raise SuiteError(f"{name!r} may be any of the suites {', '.join(ending)}.")
    raise SuiteError(
        f"there is no suite {name!r}{nearest(name, suites)} "
        "A file of your own is named by its path, ending in .toml."
    )
