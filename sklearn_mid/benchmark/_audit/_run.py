"""One released model, and what it gives away of each secret, by source."""

import datetime
import platform
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

import sklearn_mid
from sklearn_mid.attacks import AttributeInferenceAttack
from sklearn_mid.benchmark._audit._attackers import (
    NO_RESPONSE,
    RELEASED,
    attackers,
    guessers,
)
from sklearn_mid.benchmark._audit._people import (
    MOST_KNOWN,
    checked_people,
    data_hash,
    in_order,
    kind_of,
    known_and_attacked,
    names_of,
    refuse_overlap,
    rows_of,
    secrets_of,
)
from sklearn_mid.benchmark._audit._report import FEW, AuditReport
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
from sklearn_mid.metrics import disclosure, vulnerability
from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._features import resolve_columns
from sklearn_mid.utils._learned_once import learned_once
from sklearn_mid.utils._parts import refuse_strangers
from sklearn_mid.utils._progress import progress
from sklearn_mid.utils._sklearn_compat import HasMethods, Interval
from sklearn_mid.utils._target import AskedOnce, Target
from sklearn_mid.utils._validation import check_parameters

__all__ = ["MEMBERS", "OTHERS", "audit", "audit_groups"]

OTHERS, MEMBERS = "others", "members"
# Others whom the attackers know; who uses nothing of it but shares attacks them, too.
_KNOWN = "known"
# With fewer people than this, threads wait for each other longer than they compute;
# where the cores are busy, a hundred times longer.
_WORTH_THREADS = 20_000

_CONSTRAINTS = {
    "estimator": [HasMethods("predict")],
    "decimals": [None, Interval(Integral, 0, 15, closed="both")],
    "confidence_level": [Interval(Real, 0, 1, closed="neither")],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


def audit(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sensitive_features: Any,
    *,
    members: tuple | None = None,
    decimals: int | None = None,
    confidence_level: float = 0.95,
    random_state: Any = None,
    verbose: int = 0,
) -> AuditReport:
    """What a model gives away of secret attributes, and where the leak comes from.

    One half of the people, drawn at random, and 20,000 at most, is what the attackers
    know; the others are attacked. Each secret is looked at from four sides:

    - *population*: what the best guess without the model reads; no leak of the model;
    - *rule*: what the best attacker who knows the true response reads beyond that;
    - *answer*: what the model's answer about a person adds for whoever sees it, which
      is computed and needs no attack;
    - *memory*: what attackers read of members beyond what they read of others.

    Parameters
    ----------
    estimator : fitted classifier or regressor
        The model to be released.
    X : {DataFrame, array-like} of shape (n_samples, n_features)
        People that the model was not trained on, the secrets in their columns.
    y : array-like of shape (n_samples,)
        Their true responses.
    sensitive_features : str, int, or list
        The secrets: each a column, by name or index, or a list of the columns of a
        one-hot group. A bare name or index is one secret.
    members : tuple of (X, y), default=None
        People that the model was trained on. Without them memory is not looked at.
    decimals : int, default=None
        Decimals to which the model's answers are rounded when they are given out.
    confidence_level : float, default=0.95
        Of the intervals, over people. Where several figures speak of one source, each
        has an interval wide enough for the lower limits of all of them to hold
        together: without a leak, none of them finds one with this probability at least.
    random_state : int, RandomState instance or None, default=None
        Seeds the halves and the attacks.
    verbose : int, default=0
        If positive, progress on standard error.

    Returns
    -------
    report : AuditReport
        ``verdict``, ``summary``, ``sources`` and ``attacks`` (tables), ``plot()``,
        ``to_html()``, ``to_json()``.

    Raises
    ------
    ValueError
        If members and others overlap, or a secret is not to be attacked.

    See Also
    --------
    run_benchmark : Compares defences, over repetitions of the training.
    sklearn_mid.metrics.attack_report : All figures of one attack.
    sklearn_mid.metrics.vulnerability : The answer alone.

    Notes
    -----
    The best attack is chosen on one half of the attacked people and measured on the
    other, both ways round, so that trying many attacks finds no leak that is not there.
    That no attack succeeds here does not prove that none does.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_mid.benchmark import audit
    >>> from sklearn_mid.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> X_train, X_new, y_train, y_new = train_test_split(X, y, random_state=0)
    >>> model = LinearRegression().fit(X_train, y_train)
    >>> report = audit(model, X_new, y_new, "sex", random_state=0)
    >>> report.verdict
    'leak found'
    >>> list(report.sources["source"].unique())
    ['population', 'rule', 'answer']
    """
    check_parameters(
        "audit",
        _CONSTRAINTS,
        estimator=estimator,
        decimals=decimals,
        confidence_level=confidence_level,
        random_state=random_state,
        verbose=verbose,
    )
    X, y = checked_people(X, y, "X")
    if len(pd.unique(y)) < 2:
        raise ValueError(
            f"y holds one value only, {y[0]!r}; pass people of two responses at least."
        )
    groups = {OTHERS: (X, y)}
    if members is not None:
        if not isinstance(members, tuple | list) or len(members) != 2:
            raise ValueError(f"members must be a pair (X, y), got {members!r}.")
        X_members, y_members = checked_people(*members, "members")
        groups[MEMBERS] = in_order(X_members, y_members, X)
        refuse_overlap(*groups[MEMBERS], X, y)
    secrets = secrets_of(sensitive_features, X)
    if isinstance(X, pd.DataFrame):
        for secret in secrets:
            named = isinstance(secret, str) and secret in X.columns
            refuse_strangers(estimator, X, *((secret, X[secret]) if named else ()))
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    return audit_groups(
        estimator,
        groups,
        secrets,
        seed=seed,
        level=confidence_level,
        decimals=decimals,
        verbose=verbose,
    )


def audit_groups(
    estimator: Any,
    groups: dict[str, tuple],
    secrets: list,
    *,
    seed: int,
    level: float,
    decimals: int | None = None,
    verbose: int = 0,
    guessed: dict | None = None,
) -> AuditReport:
    """:func:`audit` of people who were checked before.

    `guessed` keeps what is guessed and learned without a model, for the audit of
    another model with the same people and seed.
    """
    guessed = {} if guessed is None else guessed
    parts = []
    n_people = sum(len(y) for _, y in groups.values())
    few = 1 if n_people < _WORTH_THREADS else None
    with threadpool_limits(few), learned_once(guessed):
        for secret in progress(secrets, verbose > 1, desc="secrets"):
            one = _Secret(estimator, secret, groups, seed, level, decimals, guessed)
            parts.append(one.look(verbose))
    sources, attacks, notes, exposed = zip(*parts, strict=True)
    return AuditReport(
        sources=pd.concat(sources, ignore_index=True),
        attacks=pd.concat(attacks, ignore_index=True),
        people=pd.concat(exposed, ignore_index=True),
        disclosures=disclosure(estimator, groups[MEMBERS][0])
        if MEMBERS in groups
        else disclosure(estimator),
        notes=tuple(note for of_secret in notes for note in of_secret),
        facts=_facts(estimator, groups, seed, level, decimals),
    )


class _Secret:
    """The audit of one secret."""

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

    def look(self, verbose):
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


def _facts(estimator, groups, seed, level, decimals):
    utility = {}
    for group, (X, y) in groups.items():
        try:
            records = Target(estimator, caller="audit").records(X)
            score = float(estimator.score(records, y))
        except (AttributeError, TypeError, ValueError):
            continue
        if np.isfinite(score):
            utility[group] = score
    return {
        "model": kind_of(estimator),
        "score": utility,
        "people": {group: len(y) for group, (_, y) in groups.items()},
        "data hash": {group: data_hash(X, y) for group, (X, y) in groups.items()},
        "decimals": decimals,
        "confidence level": level,
        "seed": int(seed),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": {
            "sklearn-mid": sklearn_mid.__version__,
            "scikit-learn": sklearn.__version__,
            "python": platform.python_version(),
        },
    }
