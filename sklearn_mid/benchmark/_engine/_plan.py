"""From a suite to the cells of its grid, their keys, and the seeds of their steps.

A job is one defence at one strength, trained once on one split of one dataset; its
cells are the model's utility and one judgement per attack. Keys and seeds come from
names and parameters alone, so they are the same on every machine and with every
version of scikit-learn.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field, replace

from sklearn_mid.benchmark._engine._spec import (
    RESERVED_ATTACK,
    RESERVED_DEFENCE,
    AttackSpec,
    DatasetSpec,
    DefenceSpec,
)

__all__ = ["Cell", "Job", "derive_seed", "plan"]

_NO_MODEL = DefenceSpec(name=RESERVED_DEFENCE, use="")
_UTILITY = AttackSpec(name=RESERVED_ATTACK, use="")


def _canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _digest(*parts):
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def derive_seed(*parts):
    """A 32-bit seed that depends on `parts` (texts) and on nothing else."""
    return int(_digest(*parts)[:8], 16)


def _slug(*parts):
    """A file name that a reader recognises; the key's digest makes it unique."""
    words = (re.sub(r"[^A-Za-z0-9.=]+", "-", part).strip("-.") for part in parts)
    return "--".join(word for word in words if word)[:120]


@dataclass(frozen=True)
class Cell:
    """One result: the utility of a model, or one attack's success against it."""

    key: str
    attack: AttackSpec
    seed: int


@dataclass(frozen=True)
class Job:
    """One model to train, and what is asked of it. `strength` is None without one."""

    key: str
    dataset: DatasetSpec
    defence: DefenceSpec
    strength: float | None
    repetition: int
    split_seed: int
    fit_seed: int
    cells: tuple = field(repr=False)

    @property
    def needs_model(self):
        return self.defence.name != RESERVED_DEFENCE

    def only(self, keys):
        """The same job with those of its cells whose key is in `keys`."""
        return replace(self, cells=tuple(c for c in self.cells if c.key in keys))


class _Identities(dict):
    """The text that tells a spec from all others of its suite, computed once each."""

    def of(self, spec):
        key = type(spec), spec.name
        if key not in self:
            self[key] = _canonical([spec.name, spec.use, spec.params])
        return self[key]


def _applies(spec, dataset):
    return not spec.datasets or dataset.name in spec.datasets


def _job(suite, dataset, defence, strength, repetition, attacks, identities):
    # A step's seed names all that the step may depend on. No step's dice depend on the
    # defence: all defences of a repetition see the same people, start from the same
    # weights and meet the same attacker, so that they are compared under equal luck.
    split = (str(suite.seed), identities.of(dataset), str(repetition))
    setting = "" if strength is None else f"{defence.parameter}={strength!r}"
    model = (*split, identities.of(defence), setting)
    fit_seed = derive_seed("fit", *split)
    name = (dataset.name, defence.name, setting, f"r{repetition}")

    def cell(attack):
        identity = identities.of(attack)
        return Cell(
            key=f"{_slug(*name, attack.name)}-{_digest(*model, identity)[:12]}",
            attack=attack,
            seed=fit_seed
            if attack is _UTILITY
            else derive_seed("attack", *split, identity),
        )

    asked = attacks if defence is _NO_MODEL else (_UTILITY, *attacks)
    return Job(
        key=f"{_slug(*name)}-{_digest(*model)[:12]}",
        dataset=dataset,
        defence=defence,
        strength=strength,
        repetition=repetition,
        split_seed=derive_seed("split", *split),
        fit_seed=fit_seed,
        cells=tuple(cell(attack) for attack in asked),
    )


def plan(suite):
    """All jobs of a suite, in the order of its file, repetition by repetition.

    Jobs of one dataset and repetition are neighbours: a worker keeps the split that
    it loaded last.

    Parameters
    ----------
    suite : Suite

    Returns
    -------
    list of Job
    """
    identities = _Identities()
    jobs = []
    for dataset in suite.datasets:
        attacks = [a for a in suite.attacks if _applies(a, dataset)]
        baselines = [b for b in suite.baselines if _applies(b, dataset)]
        models = [(_NO_MODEL, None, baselines)] if baselines else []
        models += [
            (defence, strength, attacks)
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
