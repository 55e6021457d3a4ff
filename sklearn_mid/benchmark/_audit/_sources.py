r"""The four sources of a leak, measured so that choosing the best attack costs nothing.

Of several attacks the best is chosen on one half of the people and measured on the
other, and the other way round; the two measurements are averaged. What is chosen is so
independent of what it is measured on, and an attack that only looks good by luck does
not look good twice. The guess without a model that it must beat is the best of all
people's: luck in that choice counts against the attack. Every figure is a mean over
people, or close to one: beside it stands each person's *influence* on it, whose spread
gives the standard error

.. math:: \mathrm{se}^2 = \sum_h \frac{1}{4 n_h} \mathrm{var}_h(\mathrm{influence}),

over the halves h.

A leak is found where the lower limit of its interval is above 0: a false alarm errs to
one side only. Where k figures could reveal it, the lower limit of each is off once in
k / alpha times, so that all of them hold together with 1 - alpha (Bonferroni); with the
upper limits they are intervals of level 1 - 2 alpha / k. An effect that has to be seen
with probability beta must be as large as

.. math:: (z_{1 - \alpha / k} + z_\beta) \, \mathrm{se} + \mathrm{luck},

where luck is what the best of the guesses without a model gains by being chosen: by
how much, on average, the largest grows if all are moved by their errors once more.

What se is made of: whoever guesses a coin, with an attack and without one, is right
about others of the n people, so that the difference of the two accuracies has the
variance :math:`1 / 2n`; that of areas under the curve, :math:`1 / 4n`, as one who knows
nothing has the area 1/2 exactly. Half of the people teach the attackers, and n is the
other half. To let either half teach those who attack the other gains nothing for
attackers who learn: without a leak both learn and meet the same coincidences, in one
order and in the other, so that the two measurements are nearly the same. (Let r and t
be the two halves' chance effects, normal and of d dimensions. Who learned r measures
:math:`r \cdot t / |r|` of the other half, who learned t :math:`r \cdot t / |t|`; these
correlate by :math:`(E|r|)^2 / d`, .64 for one dimension, and 1 in the limit.) But who
learned nothing but the shares of the values may attack all, and does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import eq, gt

import numpy as np
from scipy.stats import norm

from sklearn_mid.utils._ranking import TOP_SHARES, area_and_influence, n_top

__all__ = [
    "MEASURES",
    "TOP_MEASURES",
    "Effect",
    "Guesses",
    "difference",
    "each_of",
    "gain",
    "mean",
    "measured",
]

# Fewer certain people than this are no share to speak of, and fewer people of a value
# no area: how far it is off cannot be told.
_LEAST_TOP = _LEAST_OF_VALUE = 10
# Halves that choose for each other are right on average, but not independent: of J
# attacks that are equally good, normal and independent, with m the mean of their
# largest in standard deviations, the two measurements covary by m^2 / (J - 1) of their
# variance, which is largest for three (0.358); less if the attacks are alike.
_CHOICE = 0.36
_N_DRAWS = 1000
# An effect that is really there is to be seen four times in five.
_POWER = 0.8


@dataclass(frozen=True)
class Guesses:
    """What one attack guessed of a group of people.

    Attributes
    ----------
    name : str
        Of the attack.
    true : ndarray of shape (n_people,)
        Position of each person's secret among the values; -1 where it is none of them.
    pred : ndarray of shape (n_people,)
        Position of the guess.
    proba : ndarray of shape (n_people, n_values)
        The attack's probabilities.
    """

    name: str
    true: np.ndarray
    pred: np.ndarray
    proba: np.ndarray

    def of(self, rows: np.ndarray) -> "Guesses":
        """The guesses of some of the people."""
        return replace(
            self, true=self.true[rows], pred=self.pred[rows], proba=self.proba[rows]
        )

    def and_of(self, others: "Guesses") -> "Guesses":
        """With what the same attack guessed of other people."""
        return replace(
            self,
            true=np.r_[self.true, others.true],
            pred=np.r_[self.pred, others.pred],
            proba=np.r_[self.proba, others.proba],
        )

    def and_wrong(self, n_people: int) -> "Guesses":
        """With more people, whose value nobody guesses, of any value or none."""
        if not n_people:
            return self
        n_values = self.proba.shape[1]
        return replace(
            self,
            true=np.r_[self.true, np.full(n_people, -1)],
            pred=np.r_[self.pred, np.zeros(n_people, dtype=self.pred.dtype)],
            proba=np.r_[self.proba, np.full((n_people, n_values), 1 / n_values)],
        )


@dataclass(frozen=True)
class Effect:
    """A figure with its limits.

    Attributes
    ----------
    value, low, high : float
        The figure and the limits of its interval.
    detectable : float
        The least effect that would have been seen four times in five.
    chosen : tuple of str
        The attacks that were chosen, one for each half of the people.
    """

    value: float
    low: float
    high: float
    detectable: float
    chosen: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the interval leaves out 0 from above."""
        return self.low > 0


def _accuracy(guesses: Guesses) -> tuple[float, np.ndarray]:
    right = (guesses.true == guesses.pred).astype(np.float64)
    return float(right.mean()), right - right.mean()


def _auc(guesses: Guesses) -> tuple[float, np.ndarray]:
    # Whose value is none of those guessed is neither more nor less certain of it.
    rows = guesses.true >= 0
    area, of_known = area_and_influence(
        guesses.true[rows], guesses.proba[rows], least=_LEAST_OF_VALUE
    )
    influence = np.zeros(len(rows))
    n_known = max(int(np.count_nonzero(rows)), 1)
    influence[rows] = of_known * (len(rows) / n_known)
    return area, influence


def _top(share: float) -> Callable[[Guesses], tuple[float, np.ndarray]]:
    def precision(guesses: Guesses) -> tuple[float, np.ndarray]:
        n = len(guesses.true)
        certainty = guesses.proba[np.arange(n), guesses.pred]
        count = n_top(n, share)
        if count < _LEAST_TOP:
            return np.nan, np.full(n, np.nan)
        least = np.partition(certainty, n - count)[n - count]
        surer, as_sure = (np.flatnonzero(f(certainty, least)) for f in (gt, eq))
        top = np.r_[surer, as_sure[: count - len(surer)]]
        n_right = np.count_nonzero(guesses.true[top] == guesses.pred[top])
        # Often all are right: two more of either kind (Agresti and Coull) give the
        # spread that a share of few has. Which of them were wrong does not matter.
        p = (n_right + 2) / (count + 4)
        influence = np.zeros(n)
        influence[top] = np.sqrt(p * (1 - p)) * n / count
        influence[top[::2]] *= -1
        return n_right / count, influence

    return precision


# By name: a figure of guesses, and each person's influence on it.
MEASURES = {"accuracy": _accuracy, "AUC": _auc}
TOP_MEASURES = {f"most certain {100 * s:.0f}%": _top(s) for s in TOP_SHARES}


def each_of(n_figures: int, level: float) -> float:
    """Level of intervals whose lower limits hold together with a `level`."""
    return level if n_figures < 2 else 1 - 2 * (1 - level) / n_figures


def halves(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves of n people."""
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def measured(guesses: Guesses, measure: Callable, *, level: float) -> Effect:
    """What one attack reads; parameters are those of :func:`gain`."""
    value, influence = measure(guesses)
    return _effect([value], [_variance(influence)], level, (), (0, 1))


def gain(
    attacks: Sequence[Guesses],
    floors: Sequence[Guesses],
    measure: Callable,
    *,
    seed: int,
    level: float,
    more: Mapping[str, Guesses] | None = None,
) -> Effect:
    """What the best of `attacks` reads beyond the best of `floors`, of the same people.

    Parameters
    ----------
    attacks, floors : list of Guesses
        Of the same people. No floors: what the best attack reads.
    measure : callable
        One of `MEASURES` or `TOP_MEASURES`.
    seed : int
        Deals the people into halves.
    level : float
        Of the interval.
    more : dict of str to Guesses, default=None
        Of other people, by attacks and floors that may guess of them, too.

    Returns
    -------
    Effect
    """
    everybody = np.arange(len(attacks[0].true))
    more = more or {}
    n_more = len(next(iter(more.values())).true) if more else 0
    parts = list(zip(halves(len(everybody), seed), halves(n_more, seed), strict=True))
    # Chosen of all people: a floor that half of them chose is more often a worse one,
    # and what it lacks would look like a leak.
    floor = _best(floors, everybody, measure) if floors else None
    if floor:
        # Who guesses as the floor does certainly gains nothing, which says nothing of
        # what others would have been seen to gain.
        attacks = [a for a in attacks if not _alike(a, floor)] or attacks
    values, variances, chosen = [], [], []
    read = _once(measure)
    for mine, other in (parts, parts[::-1]):
        found = [_beyond(a, floor, *mine, read, more)[0] for a in attacks]
        attack = attacks[0 if np.isnan(found).all() else int(np.nanargmax(found))]
        value, variance = _beyond(attack, floor, *other, read, more)
        values.append(value)
        variances.append(variance)
        chosen.append(attack.name)
    effect = _effect(values, variances, level, tuple(chosen), (-1 if floors else 0, 1))
    luck = _luck(floors, measure, seed) if len(floors) > 1 else 0.0
    return replace(effect, detectable=effect.detectable + luck)


def _luck(floors: Sequence[Guesses], measure: Callable, seed: int) -> float:
    values, influences = zip(*map(measure, floors), strict=True)
    if np.isnan(values).all():
        return 0.0
    spread = np.nan_to_num(influences) / len(influences[0])
    errors = np.random.default_rng(seed).multivariate_normal(
        np.zeros(len(floors)), spread @ spread.T, size=_N_DRAWS, method="eigh"
    )
    errors -= errors.mean(axis=0)
    moved = np.nanmax(np.array(values) + errors, axis=1)
    return float(moved.mean() - np.nanmax(values))


def _alike(one: Guesses, other: Guesses) -> bool:
    return np.array_equal(one.pred, other.pred) and np.allclose(one.proba, other.proba)


def _once(measure: Callable) -> Callable:
    """`measure` of some of the people, and of more; each is measured once.

    Those who are asked about must not be let go before the function that answers.
    """
    kept: dict[tuple, tuple[float, np.ndarray]] = {}

    def read(guesses, rows, more=None, rows_of_more=None):
        key = id(guesses), id(rows), id(more), id(rows_of_more)
        if key not in kept:
            some = guesses.of(rows)
            if more is not None:
                some = some.and_of(more.of(rows_of_more))
            kept[key] = measure(some)
        return kept[key]

    return read


def _beyond(
    attack: Guesses,
    floor: Guesses | None,
    rows: np.ndarray,
    rows_of_more: np.ndarray,
    read: Callable,
    more: Mapping[str, Guesses],
) -> tuple[float, float]:
    """What an attack reads of some people beyond a floor, and the variance of it."""
    pair = [guesses for guesses in (attack, floor) if guesses]
    if all(guesses.name in more for guesses in pair):
        figures = [read(g, rows, more[g.name], rows_of_more) for g in pair]
    else:
        figures = [read(g, rows) for g in pair]
    (value, influence), *below = figures
    for of_floor, influence_of_floor in below:
        value, influence = value - of_floor, influence - influence_of_floor
    return value, _variance(influence)


def difference(
    members: Sequence[Guesses],
    others: Sequence[Guesses],
    measure: Callable,
    *,
    seed: int,
    level: float,
    floors: tuple[Sequence[Guesses], Sequence[Guesses]] = ((), ()),
) -> Effect:
    """What an attack reads of members beyond what it reads of others.

    The attack whose difference is largest in one half of either group is measured on
    the other halves. By the luck of the draw members may be easier to guess for one who
    has no model, too. As much of that as goes with the attack is taken off: a control
    variate, of expectation 0, which makes the difference more certain and no larger.

    Parameters are those of :func:`gain`; the attacks of both lists are the same, in the
    same order.

    Parameters
    ----------
    floors : tuple of two lists of Guesses, default=((), ())
        Guesses without a model, of members and of others.
    """
    parts = [halves(len(group[0].true), seed) for group in (members, others)]
    control = _control(*floors, measure) if floors[0] else None
    values, variances, chosen = [], [], []
    read = _once(measure)
    for mine, other in ((0, 1), (1, 0)):
        gaps = [
            _gap(pair, [part[mine] for part in parts], read, control)[0]
            for pair in zip(members, others, strict=True)
        ]
        best = int(np.nanargmax(gaps)) if not np.isnan(gaps).all() else 0
        value, variance = _gap(
            (members[best], others[best]),
            [part[other] for part in parts],
            read,
            control,
        )
        values.append(value)
        variances.append(variance * (1 + _CHOICE * (len(members) > 1)))
        chosen.append(members[best].name)
    return _effect(values, variances, level, tuple(chosen), (-1, 1))


def _control(
    members: Sequence[Guesses], others: Sequence[Guesses], measure: Callable
) -> tuple[Guesses, Guesses]:
    """The guess without a model that is best of both groups together."""
    pairs = list(zip(members, others, strict=True))
    both = [measure(m)[0] + measure(o)[0] for m, o in pairs]
    return pairs[int(np.nanargmax(both)) if not np.isnan(both).all() else 0]


def _gap(
    pair: tuple[Guesses, Guesses],
    rows: Sequence[np.ndarray],
    read: Callable,
    control: tuple[Guesses, Guesses] | None,
) -> tuple[float, float]:
    """Members minus others, and the variance of it."""
    gap, influences = _plain_gap(pair, rows, read)
    if control is not None:
        luck, of_luck = _plain_gap(control, rows, read)
        spread = sum(f @ f / len(f) ** 2 for f in of_luck)
        together = sum(
            i @ f / len(f) ** 2 for i, f in zip(influences, of_luck, strict=True)
        )
        if spread > 0:
            share = together / spread
            gap -= share * luck
            influences = [
                i - share * f for i, f in zip(influences, of_luck, strict=True)
            ]
    return gap, sum(map(_variance, influences))


def _plain_gap(pair, rows, read):
    member, other = (read(g, r) for g, r in zip(pair, rows, strict=True))
    return member[0] - other[0], [member[1], other[1]]


def mean(
    halves: Sequence[np.ndarray],
    level: float,
    within: tuple[float, float] = (-np.inf, np.inf),
) -> Effect:
    """Mean of a figure that each person has, such as a vulnerability.

    It depends on what is known of the others: each half of the people is judged by what
    the other half teaches. Another draw would teach something else, of which the
    spread of the people says nothing. The difference of the two halves does, as far as
    a single one can: the larger of the two variances counts.

    Parameters
    ----------
    halves : list of ndarray of shape (n_people,)
        One or two parts of the people.
    level : float
        Of the interval.
    within : tuple of float, default=(-inf, inf)
        The least and the largest that the mean can be.
    """
    everybody = np.concatenate(halves)
    value = float(everybody.mean())
    variance = _variance(everybody - value)
    if len(halves) > 1:
        one, other = (part.mean() for part in halves)
        shares = [len(part) / len(everybody) for part in halves]
        apart = float(one - other) ** 2 / 2
        variance = max(variance, apart * float(np.square(shares).sum()))
    return _effect([value], [variance], level, (), within)


def _best(attacks: Sequence[Guesses], rows: np.ndarray, measure: Callable) -> Guesses:
    values = [measure(attack.of(rows))[0] for attack in attacks]
    return attacks[0 if np.isnan(values).all() else int(np.nanargmax(values))]


def _variance(influence: np.ndarray) -> float:
    """Of a mean of influences; one more person, of whom all is open, keeps it off 0."""
    n = len(influence)
    return float((influence @ influence + 1) / max(n - 1, 1) / n)


def _effect(
    values: Sequence[float],
    variances: Sequence[float],
    level: float,
    chosen: tuple[str, ...] = (),
    within: tuple[float, float] = (-np.inf, np.inf),
) -> Effect:
    value = float(np.mean(values))
    error = float(np.sqrt(np.sum(variances))) / len(values)
    reach = norm.ppf(0.5 + level / 2)
    low, high = np.clip([value - reach * error, value + reach * error], *within)
    return Effect(
        value, float(low), float(high), (reach + norm.ppf(_POWER)) * error, chosen
    )
