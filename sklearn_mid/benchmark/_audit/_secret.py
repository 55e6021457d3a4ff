"""What one model gives away of one secret, by source."""

import numpy as np
import pandas as pd

from sklearn_mid.attacks import AttributeInferenceAttack
from sklearn_mid.benchmark._audit._attackers import (
    NO_RESPONSE,
    RELEASED,
    attackers,
    guessers,
)
from sklearn_mid.benchmark._audit._people import (
    MEMBERS,
    MOST_KNOWN,
    OTHERS,
    known_and_attacked,
    names_of,
    rows_of,
)
from sklearn_mid.benchmark._audit._report import FEW
from sklearn_mid.benchmark._audit._sources import (
    MEASURES,
    TOP_MEASURES,
    Effect,
    Guesses,
    difference,
    each_of,
    gain,
    mean,
    measured,
)
from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.metrics import vulnerability
from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._features import resolve_columns
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._target import AskedOnce

__all__ = ["SecretAudit"]

# Others whom the attackers know; who uses nothing of it but shares attacks them, too.
_KNOWN = "known"


class SecretAudit:
    """The audit of one secret.

    Parameters
    ----------
    estimator : object
        The released model.
    secret : str, int or list of these
        Its column or columns.
    groups : dict
        People under attack, by group, as (X, y).
    seed : int
        Of the attacks and of who is known.
    level : float
        Confidence level of the intervals.
    decimals : int or None
        Of the answers that leave.
    guessed : dict
        What is guessed without a model, kept for other models.
    """

    def __init__(self, estimator, secret, groups, seed, level, decimals, guessed):
        self.estimator, self.secret, self.seed = estimator, secret, seed
        self.asked = AskedOnce(estimator)
        self.level, self.decimals, self.guessed = level, decimals, guessed
        self.label = secret if isinstance(secret, str) else str(secret)
        self.notes: list[str] = []
        # By group: people whose value nobody whom the attackers know has.
        self.unguessable: dict[str, int] = {}
        X, y = self._with_secret(OTHERS, *groups[OTHERS])
        known, new = known_and_attacked(X, secret, seed)
        self.known = rows_of(X, known), y[known]
        self.candidates = Candidates.from_records(
            self.known[0], secret, None, feature_names=names_of(X)
        )
        self.groups = {OTHERS: self._attackable(rows_of(X, new), y[new], OTHERS)}
        if MEMBERS in groups:
            X_members, y_members = self._with_secret(MEMBERS, *groups[MEMBERS])
            self.groups[MEMBERS] = self._attackable(X_members, y_members, MEMBERS)

    def _with_secret(self, group, X, y):
        """People of whom the secret is known: of others no guess is right or wrong."""
        columns = resolve_columns(
            self.secret,
            n_features=X.shape[1],
            feature_names=names_of(X),
            param="sensitive_features",
        )
        held = X.iloc[:, columns] if names_of(X) is not None else X[:, columns]
        held = ~np.asarray(pd.isna(held)).any(axis=1)
        n_missing = int(np.count_nonzero(~held))
        if n_missing == len(y):
            raise ValueError(
                f"sensitive_features={self.secret!r} is missing in all {len(y)} "
                f"records of {'X' if group == OTHERS else group}."
            )
        if n_missing:
            self.notes.append(
                f"{self.label}: missing in {n_missing} of {len(y)} {group}; they are "
                "left out."
            )
        return rows_of(X, np.flatnonzero(held)), y[held]

    def _attackable(self, X, y, group):
        """People whose secret is one that the attackers know to exist."""
        is_known = self.candidates.encode(X, unknown=-1) >= 0
        n_unknown = int(np.count_nonzero(~is_known))
        self.unguessable[group] = n_unknown
        if n_unknown:
            self.notes.append(
                f"{self.label}: {n_unknown} of {len(y)} {group} hold a value that none "
                "of the people known to the attackers has; every attacker guesses them "
                "wrong, and they are counted so."
            )
        if np.count_nonzero(is_known) < 2:
            raise ValueError(
                f"sensitive_features={self.secret!r}: {np.count_nonzero(is_known)} of "
                f"{len(y)} {group} hold a value that occurs among the people known to "
                "the attackers; two at least are needed."
            )
        return rows_of(X, np.flatnonzero(is_known)), y[is_known]

    def look(self, verbose: int) -> tuple:
        """Tables of sources, attacks and people, with notes, in the report's order."""
        guesses: dict[str, dict[str, Guesses]] = {
            group: {} for group in (*self.groups, _KNOWN)
        }
        floors: dict[str, list[str]] = {"all": []}
        declared = []
        attacks, skipped = attackers(
            self.estimator, self.secret, decimals=self.decimals, seed=self.seed
        )
        attacks = guessers(self.secret, self.seed) | attacks
        bar = progress(list(attacks.items()), verbose, desc=self.label)
        for name, attack in bar:
            reason = self._try(name, attack, guesses)
            if not reason and attack.access == "none":
                floors["all"].append(name)
            declared.append((name, attack, reason))
        rule = [
            name
            for name, attack, reason in declared
            if not reason and attack.sees == "true response" and attack.access != "none"
        ]
        sources = [
            *self._population(guesses, floors["all"]),
            *self._rule(guesses, rule, floors["all"]),
            *self._answer(guesses),
        ]
        if MEMBERS in self.groups:
            sources += self._memory(guesses, rule, floors["all"])
        self._warn(rule)
        table = pd.DataFrame(sources)
        return (
            table,
            self._attack_table(declared, skipped, guesses),
            self.notes,
            self._exposed(guesses, table, floors["all"]),
        )

    def _try(self, name, attack: AttributeInferenceAttack, guesses) -> str:
        """Let an attack guess of each group; why it cannot, or nothing."""
        key = self.label, name
        if key in self.guessed:
            for group, found in self.guessed[key].items():
                guesses[group][name] = found
            return ""
        try:
            with self.asked:
                attack.fit(*self.known)
        except UnsupportedTargetError as error:
            return str(error)
        groups = self.groups
        if attack.knowledge == "marginals":
            groups = groups | {_KNOWN: self.known}
        for group, (X, y) in groups.items():
            with self.asked:
                seen = attack.observe(X, y)
                proba = attack.infer_proba(X, seen)
            true = pd.Index(attack.values_).get_indexer(attack.sensitive_values(X))
            found = Guesses(name, true, proba.argmax(axis=1), proba)
            guesses[group][name] = found.and_wrong(self.unguessable.get(group, 0))
        if attack.access == "none":
            self.guessed[key] = {g: guesses[g][name] for g in groups}
        return ""

    def _n(self, group: str) -> int:
        return len(self.groups[group][1]) + self.unguessable[group]

    def _row(self, source: str, figure: str, people: str, effect: Effect) -> dict:
        return {
            "secret": self.label,
            "source": source,
            "figure": figure,
            "people": people,
            "n": self._n(people),
            "value": effect.value,
            "low": effect.low,
            "high": effect.high,
            "detectable": effect.detectable,
            # The population is no leak of the model.
            "found": effect.found and source != "population",
            "attack": " / ".join(dict.fromkeys(effect.chosen)),
        }

    def _population(self, guesses, floors):
        people = guesses[OTHERS]
        for figure, measure in MEASURES.items():
            effect = gain(
                [people[f] for f in floors],
                [],
                measure,
                seed=self.seed,
                level=self.level,
            )
            yield self._row("population", figure, OTHERS, effect)

    def _rule(self, guesses, attacks, floors):
        people = guesses[OTHERS]
        if not attacks:
            return
        level = each_of(len(MEASURES), self.level)
        for figure, measure in MEASURES.items():
            effect = gain(
                [people[a] for a in attacks],
                [people[f] for f in floors],
                measure,
                seed=self.seed,
                level=level,
                more=guesses[_KNOWN],
            )
            yield self._row("rule", figure, OTHERS, effect)

    def _answer(self, guesses):
        success, gained = [], []
        try:
            for X, candidates, prior, n_more in self._judged_by_the_other_half(guesses):
                with self.asked:
                    certificate = vulnerability(
                        self.estimator,
                        X,
                        self.secret,
                        prior=prior,
                        decimals=self.decimals,
                        candidates=candidates,
                    )
                # The certificate is of people whose value is a candidate.
                without = certificate.prior_per_person
                success.append(np.pad(certificate.per_person, (0, n_more)))
                gained.append(np.pad(certificate.per_person - without, (0, n_more)))
        except UnsupportedTargetError as error:
            # It answers at random: what an attacker with many questions reads.
            self.notes.append(f"{self.label}: no certificate of the answer: {error}")
            yield from self._answer_by_attack(guesses)
            return
        for figure, parts in (("success", success), ("accuracy", gained)):
            effect = mean(parts, self.level, within=(0, 1))
            row = self._row("answer", figure, OTHERS, effect)
            row["n"] = sum(map(len, parts))
            # That a guess succeeds is no leak: what the answer adds is one.
            yield row | {"found": row["found"] and figure != "success"}

    def _judged_by_the_other_half(self, guesses):
        """Either half of the others, and what the other half teaches of their secret.

        Yields people, the values of the secret, their probabilities, and how many
        people more there are, who have none of these values.
        """
        X, y = self.groups[OTHERS]
        prior = guesses[OTHERS][NO_RESPONSE].proba[: len(X)]
        yield X, self.candidates, prior, self.unguessable[OTHERS]
        key = self.label, "known to others"
        if key not in self.guessed:
            self.guessed[key] = self._known_to_others(X, y)
        if self.guessed[key]:
            yield self.guessed[key]

    def _known_to_others(self, X, y):
        """The known half, as those see it who know the other; None of one value."""
        names, rng = names_of(X), np.random.default_rng(self.seed)
        rows = np.sort(rng.permutation(len(X))[:MOST_KNOWN])
        X, y = rows_of(X, rows), y[rows]
        if len(np.unique(self.candidates.encode(X))) < 2:
            return None
        candidates = Candidates.from_records(X, self.secret, None, feature_names=names)
        is_one = candidates.encode(self.known[0], unknown=-1) >= 0
        known = rows_of(self.known[0], np.flatnonzero(is_one))
        attack = guessers(self.secret, self.seed)[NO_RESPONSE].fit(X, y)
        prior = attack.infer_proba(known)
        return known, candidates, prior, int(np.count_nonzero(~is_one))

    def _answer_by_attack(self, guesses):
        people = guesses[OTHERS]
        if RELEASED not in people:
            return
        success = gain(
            [people[RELEASED]],
            [],
            MEASURES["accuracy"],
            seed=self.seed,
            level=self.level,
        )
        yield self._row("answer", "success", OTHERS, success) | {"found": False}
        effect = gain(
            [people[RELEASED]],
            [people[NO_RESPONSE], people["majority guess"]],
            MEASURES["accuracy"],
            seed=self.seed,
            level=self.level,
        )
        yield self._row("answer", "accuracy", OTHERS, effect)

    def _memory(self, guesses, attacks, floors):
        if not attacks:
            return
        figures = MEASURES | TOP_MEASURES
        level = each_of(len(figures), self.level)
        luck = (
            [guesses[MEMBERS][f] for f in floors],
            [guesses[OTHERS][f] for f in floors],
        )
        for figure, measure in figures.items():
            effect = difference(
                [guesses[MEMBERS][a] for a in attacks],
                [guesses[OTHERS][a] for a in attacks],
                measure,
                seed=self.seed,
                level=level,
                # Who the most certain are is another question for each attack.
                floors=luck if figure in MEASURES else ((), ()),
            )
            yield self._row("memory", figure, MEMBERS, effect)

    def _warn(self, attacks):
        n = self._n(OTHERS)
        if n < FEW:
            self.notes.append(
                f"{self.label}: {n} people are attacked, too few to see any but a "
                "gross leak; see the column 'detectable'."
            )
        if not attacks:
            self.notes.append(f"{self.label}: no attack fits the model.")

    def _attack_table(self, declared, skipped, guesses):
        rows = [
            {"secret": self.label, "attack": name, "skipped": reason}
            for name, reason in skipped.items()
        ]
        for name, attack, reason in declared:
            for group in self.groups:
                row = {
                    "secret": self.label,
                    "attack": name,
                    "access": attack.access,
                    "sees": attack.sees,
                    "knowledge": attack.knowledge,
                    "people": group,
                    "n": self._n(group),
                }
                for figure, measure in (MEASURES | TOP_MEASURES).items():
                    effect = Effect(np.nan, np.nan, np.nan, np.nan)
                    if not reason:
                        found = guesses[group][name]
                        effect = measured(found, measure, level=self.level)
                    row |= {
                        figure: effect.value,
                        f"{figure}, low": effect.low,
                        f"{figure}, high": effect.high,
                    }
                rows.append(row | {"skipped": reason})
        return pd.DataFrame(rows, columns=list(rows[-1]))

    def _exposed(self, guesses, sources, floors):
        """Each attacked person: how certain the strongest attack is, and without it."""
        tables = []
        for group in self.groups:
            source = "memory" if group == MEMBERS else "rule"
            of_source = sources[
                (sources["source"] == source) & (sources["figure"] == "accuracy")
            ]
            if of_source.empty:
                continue
            name = of_source["attack"].iloc[0].split(" / ")[0]
            X = self.groups[group][0]
            rows = np.arange(len(X))
            attack = guesses[group][name].of(rows)
            without = np.max(
                [guesses[group][f].proba[rows, attack.pred] for f in floors], axis=0
            )
            tables.append(
                pd.DataFrame(
                    {
                        "secret": self.label,
                        "people": group,
                        "person": X.index if isinstance(X, pd.DataFrame) else rows,
                        "attack": name,
                        "certainty": attack.proba[rows, attack.pred],
                        "certainty without the model": without,
                        "is right": attack.true == attack.pred,
                    }
                )
            )
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
