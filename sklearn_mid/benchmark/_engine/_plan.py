"""From a suite to the cells of its grid, their keys, and the seeds of their steps.

A job is one defence at one strength, trained once on one split of one dataset; its
cells are the model's utility and one judgement per attack. The baselines of a split,
which need no model, are a job of their own. Keys and seeds come from names and
parameters alone, so they are the same on every machine and with every version of
scikit-learn.
"""

import functools
import hashlib
import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sklearn_mid.benchmark._engine._spec import (
    AttackSpec,
    DatasetSpec,
    DefenceSpec,
    Suite,
)

__all__ = ["Cell", "Job", "derive_seed", "plan"]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@functools.lru_cache(maxsize=1000)
def derive_seed(*parts: str) -> int:
    """A 32-bit seed that depends on `parts` (texts) and on nothing else."""
    return int(_digest(*parts)[:8], 16)


@functools.lru_cache(maxsize=10_000)
def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.=]+", "-", text).strip("-.")


def _slug(*parts: str) -> str:
    """A file name that a reader recognises; the key's digest makes it unique."""
    return "--".join(filter(None, map(_word, parts)))[:120]


class Cell(NamedTuple):
    """One result: what a model is good for, or what an attack or baseline reaches.

    `kind` is ``"model"`` (without an attack), ``"attack"`` or ``"baseline"``.
    """

    key: str
    kind: str
    attack: AttackSpec | None
    seed: int

    @property
    def name(self) -> str:
        """Of the attack or baseline; "" for a model."""
        return self.attack.name if self.attack else ""


@dataclass(frozen=True)
class Job:
    """One model to train, and what is asked of it.

    `strength` is None without one, `defence` for the baselines, which need no model.
    """

    key: str
    dataset: DatasetSpec
    defence: DefenceSpec | None
    strength: float | None
    repetition: int
    split_seed: int
    fit_seed: int
    cells: tuple[Cell, ...] = field(repr=False)

    @property
    def defence_name(self) -> str:
        """Of the defence; "" for the baselines."""
        return self.defence.name if self.defence else ""

    @property
    def parameter(self) -> str:
        """What the strength is a value of; "" without one."""
        return self.defence.parameter if self.defence else ""

    def only(self, keys: Collection[str]) -> "Job":
        """The same job with those of its cells whose key is in `keys`."""
        return replace(self, cells=tuple(c for c in self.cells if c.key in keys))


class _Identities:
    """The text that tells a spec from all others of its suite, computed once each."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def of(self, spec: Any) -> str:
        if spec is None:
            return ""
        if id(spec) not in self._texts:
            parts = [spec.name, spec.use, spec.params]
            self._texts[id(spec)] = json.dumps(
                parts, sort_keys=True, separators=(",", ":"), default=str
            )
        return self._texts[id(spec)]


def _applies(spec: Any, dataset: DatasetSpec) -> bool:
    return not spec.datasets or dataset.name in spec.datasets


def _job(
    suite: Suite,
    dataset: DatasetSpec,
    defence: DefenceSpec | None,
    strength: float | None,
    repetition: int,
    asked: Iterable[tuple[str, AttackSpec | None]],
    identities: _Identities,
) -> Job:
    # A step's seed names all that the step may depend on. No step's dice depend on the
    # defence: all defences of a repetition see the same people, start from the same
    # weights and meet the same attacker, so that they are compared under equal luck.
    split = (str(suite.seed), identities.of(dataset), str(repetition))
    defence_name = defence.name if defence else "baselines"
    setting = ""
    if defence and strength is not None:
        setting = f"{defence.parameter}={strength!r}"
    model = (*split, identities.of(defence), setting)
    fit_seed = derive_seed("fit", *split)
    name = (dataset.name, defence_name, setting, f"r{repetition}")

    def cell(kind: str, attack: AttackSpec | None) -> Cell:
        identity = identities.of(attack)
        digest = _digest(*model, kind, identity)[:12]
        return Cell(
            key=f"{_slug(*name, attack.name if attack else kind)}-{digest}",
            kind=kind,
            attack=attack,
            seed=derive_seed("attack", *split, identity) if attack else fit_seed,
        )

    return Job(
        key=f"{_slug(*name)}-{_digest(*model)[:12]}",
        dataset=dataset,
        defence=defence,
        strength=strength,
        repetition=repetition,
        split_seed=derive_seed("split", *split),
        fit_seed=fit_seed,
        cells=tuple(cell(kind, attack) for kind, attack in asked),
    )


def plan(suite: Suite) -> list[Job]:
    """All jobs of a suite, in the order of its file, repetition by repetition.

    Jobs of one dataset and repetition are neighbours: a worker keeps the split that
    it loaded last.
    """
    identities = _Identities()
    jobs = []
    for dataset in suite.datasets:
        attacks = [("attack", a) for a in suite.attacks if _applies(a, dataset)]
        baselines = [("baseline", b) for b in suite.baselines if _applies(b, dataset)]
        models: list[tuple] = [(None, None, baselines)] if baselines else []
        models += [
            (defence, strength, [("model", None), *attacks])
            for defence in suite.defences
            if _applies(defence, dataset)
            for strength in defence.strengths or (None,)
        ]
        jobs += [
            _job(suite, dataset, defence, strength, repetition, asked, identities)
            for repetition in range(suite.repetitions)
            for defence, strength, asked in models
        ]
    return jobs
