"""The deterministic information bottleneck of each record.

A record's known columns leave V candidate values of the secret, with probabilities
pi_v and answers P_v. A partition of the candidates into codes c costs ::

    sum_v pi_v D(P_v, r_c(v)) + reg_lambda * H(codes),   r_c = mean of its members,

where D is the divergence that belongs to the loss. With the potential phi of D
(negative entropy for probabilities, f^2 / 2 sigma^2 for numbers), the mass q_c and
the mean r_c of a code, this is a constant minus the sum over codes of ::

    gain(q, r) = q phi(r) + reg_lambda * q ln q.                                  (1)

A gain is a convex function of the vector (q, q r), which adds up over the members of
a code. A sum of convex functions of such vectors is largest where each pair of codes
is separated by a hyperplane: for one output, by a threshold. So the best codes are
intervals of the sorted answers, which dynamic programming finds exactly.
"""

import numpy as np
from scipy.special import entr, xlogy

__all__ = ["LogLoss", "SquaredLoss", "code_masses", "release_codes"]

MOST_SUBSETS = 6  # values up to which all partitions are compared
_CELLS = 2**15  # of an array that should stay in the cache


class LogLoss:
    """Divergence KL(P || r), in nats, of class probabilities.

    Two classes are told by the probability of the second, as one number.
    """

    def potential(self, answers, n_dims):
        """phi; the last of `n_dims` 1 or more axes holds the classes."""
        if n_dims:
            return -entr(answers).sum(axis=-1)
        return xlogy(answers, answers) + xlogy(1 - answers, 1 - answers)

    def divergence(self, answers, means, n_dims):
        """D of each answer from each mean that it is broadcast with."""
        tiny = np.finfo(float).tiny
        cross = xlogy(answers, np.maximum(means, tiny))
        if n_dims:
            cross = cross.sum(axis=-1)
        else:
            cross = cross + xlogy(1 - answers, np.maximum(1 - means, tiny))
        return self.potential(answers, n_dims) - cross


class SquaredLoss:
    """Divergence (f - r)^2 / (2 variance) of numbers: Gaussian noise, in nats."""

    def __init__(self, variance):
        self.variance = variance

    def potential(self, answers, n_dims):
        """phi of numbers; they have no axis of their own."""
        return answers * answers / (2 * self.variance)

    def divergence(self, answers, means, n_dims):
        """D of each answer from each mean that it is broadcast with."""
        return (answers - means) ** 2 / (2 * self.variance)


def release_codes(outputs, prior, reg_lambda, loss):
    """Best partition of each record's candidates, and what its codes answer.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_values) or (n_samples, n_values, n_dims)
        Answers at the candidates; vectors of class probabilities with a third axis.
    prior : ndarray of shape (n_samples, n_values)
        Probability of each candidate; positive, rows sum to 1.
    reg_lambda : float
        From 0, which merges equal answers alone, to infinity, one code for all.
    loss : LogLoss or SquaredLoss
        What a nat of utility is.

    Returns
    -------
    codes : ndarray of shape (n_samples, n_values)
        Codes from 0, for one output in the order of the answers.
    released : ndarray of the shape of `outputs`
        The mean of each candidate's code.
    """
    codes = np.empty(prior.shape, dtype=np.intp)
    released = np.empty_like(outputs)
    n, n_values = prior.shape
    if n_values == 1:
        codes[:] = 0
        return codes, outputs.copy()
    if np.isinf(reg_lambda):
        codes[:] = 0
        _write_means(outputs, prior, codes, released)
        return codes, released
    is_exact = n_values <= MOST_SUBSETS
    if outputs.ndim == 2:
        partition, cells = _intervals, n_values
    elif is_exact:
        partition, cells = _best_partition, outputs.shape[2] << n_values
    else:
        partition, cells = _agglomerated, outputs.shape[2] * n_values**2
    if reg_lambda == 0:
        partition, cells = _equal_answers, n_values**2
    step = max(_CELLS // cells, 64)
    for start in range(0, n, step):
        part = slice(start, start + step)
        partition(
            outputs[part], prior[part], reg_lambda, loss, codes[part], released[part]
        )
    return codes, released


def code_masses(codes, prior):
    """Probability of each code, of shape (n_samples, n_values); 0 for unused ones."""
    masses = np.zeros(prior.shape)
    rows = np.arange(len(codes))
    for v in range(prior.shape[1]):
        masses[rows, codes[:, v]] += prior[:, v]
    return np.minimum(masses, 1.0)


def _write_means(outputs, prior, codes, released):
    """The mean answer of each code, written where its members stand."""
    rows = np.arange(len(codes))
    weight = prior if outputs.ndim == 2 else prior[:, :, None]
    mass, total = np.zeros(prior.shape), np.zeros(outputs.shape)
    for v in range(prior.shape[1]):
        mass[rows, codes[:, v]] += prior[:, v]
        total[rows, codes[:, v]] += weight[:, v] * outputs[:, v]
    used = mass > 0
    total[used] /= mass[used] if outputs.ndim == 2 else mass[used][:, None]
    for v in range(prior.shape[1]):
        released[:, v] = total[rows, codes[:, v]]


def _equal_answers(outputs, prior, reg_lambda, loss, codes, released):
    """Nothing to pay: a code for each distinct answer, which stays as it is."""
    released[...] = outputs
    codes[:] = -1
    n_codes = np.zeros(len(outputs), dtype=np.intp)
    for v in range(outputs.shape[1]):
        is_new = codes[:, v] < 0
        same = outputs == outputs[:, v : v + 1]
        if outputs.ndim == 3:
            same = same.all(axis=2)
        codes[...] = np.where(same & is_new[:, None], n_codes[:, None], codes)
        n_codes += is_new


def _intervals(outputs, prior, reg_lambda, loss, codes, released):
    """Dynamic programming over the sorted answers of each record.

    Arrays have the values first: each operation runs along many records.
    """
    order = np.argsort(outputs, axis=1, kind="stable")
    f = np.take_along_axis(outputs, order, axis=1).T.copy()
    pi = np.take_along_axis(prior, order, axis=1).T.copy()
    n_values, n = f.shape
    if isinstance(loss, SquaredLoss):
        f -= f[n_values // 2].copy()  # digits that all answers share are no help
    best = np.full((n_values + 1, n), -np.inf)
    best[0] = 0
    first = np.zeros((n_values + 1, n), dtype=np.int16)
    for i in range(n_values):
        q, total = np.zeros(n), np.zeros(n)
        for j in range(i, n_values):
            q += pi[j]
            total += pi[j] * f[j]
            mean = np.clip(total / q, f[i], f[j]) if j > i else f[i]
            gain = q * (loss.potential(mean, 0) + reg_lambda * np.log(q))
            gain += best[i]
            # Strictly: of equal partitions, the one with the larger codes.
            better = gain > best[j + 1]
            np.copyto(best[j + 1], gain, where=better)
            np.copyto(first[j + 1], i, where=better)
    starts = np.zeros((n_values, n), dtype=bool)
    end = np.full(n, n_values)
    for j in range(n_values - 1, -1, -1):
        begin = np.take_along_axis(first, end[None], axis=0)[0]
        starts[j] = begin == j
        end = np.where(starts[j], j, end)
    np.put_along_axis(codes, order, np.cumsum(starts, axis=0).T - 1, axis=1)
    _write_interval_means(outputs, prior, order, starts, released)


def _write_interval_means(outputs, prior, order, starts, released):
    f = np.take_along_axis(outputs, order, axis=1).T
    pi = np.take_along_axis(prior, order, axis=1).T
    n_values = len(f)
    q, total = pi.copy(), pi * f
    for j in range(1, n_values):
        q[j] += np.where(starts[j], 0, q[j - 1])
        total[j] += np.where(starts[j], 0, total[j - 1])
    mean = total / q
    for j in range(n_values - 2, -1, -1):
        np.copyto(mean[j], mean[j + 1], where=~starts[j + 1])
    alone = starts & np.vstack([starts[1:], np.ones((1, starts.shape[1]), bool)])
    np.copyto(mean, f, where=alone)  # not pi f / pi
    np.put_along_axis(released, order, mean.T, axis=1)


def _gain(mass, total, reg_lambda, loss):
    """Equation (1) of codes with these masses and sums; none has mass 0."""
    mean = total / mass[..., None]
    return mass * (loss.potential(mean, 1) + reg_lambda * np.log(mass))


def _best_partition(outputs, prior, reg_lambda, loss, codes, released):
    """The best of all partitions, by dynamic programming over subsets.

    best(S) is the largest over the codes C in S that hold its lowest member of
    gain(C) + best(S - C). Subsets are the bits of an index.
    """
    n, n_values, n_dims = outputs.shape
    n_subsets = 1 << n_values
    mass, total = np.zeros((n_subsets, n)), np.zeros((n_subsets, n, n_dims))
    for subset in range(1, n_subsets):
        v = (subset & -subset).bit_length() - 1
        rest = subset & (subset - 1)
        mass[subset] = mass[rest] + prior[:, v]
        total[subset] = total[rest] + prior[:, v, None] * outputs[:, v]
    gain = np.zeros((n_subsets, n))
    gain[1:] = _gain(mass[1:], total[1:], reg_lambda, loss)
    best = np.zeros((n_subsets, n))
    choice = np.zeros((n_subsets, n), dtype=np.intp)
    for subset in range(1, n_subsets):
        lowest = subset & -subset
        others = subset ^ lowest
        best[subset] = gain[subset]  # of equal partitions, the one with fewer codes
        choice[subset] = subset
        rest = others
        while rest:
            code = subset ^ rest
            value = gain[code] + best[rest]
            better = value > best[subset]
            np.copyto(best[subset], value, where=better)
            np.copyto(choice[subset], code, where=better)
            rest = (rest - 1) & others
    left = np.full(n, n_subsets - 1)
    rows = np.arange(n)
    for c in range(n_values):
        chosen = choice[left, rows]
        for v in range(n_values):
            codes[(chosen >> v) & 1 == 1, v] = c
        left = left ^ chosen
    _write_means(outputs, prior, codes, released)


def _agglomerated(outputs, prior, reg_lambda, loss, codes, released):
    """Pairs merged one by one, at the least loss; the best stage is kept.

    Then single values move to other codes as long as that helps.
    """
    n, n_values, _ = outputs.shape
    rows = np.arange(n)
    mass, total = prior.copy(), prior[:, :, None] * outputs
    own = _gain(mass, total, reg_lambda, loss)
    change = np.full((n, n_values, n_values), -np.inf)
    for a in range(n_values - 1):
        merged = _gain(
            mass[:, [a]] + mass[:, a + 1 :],
            total[:, [a]] + total[:, a + 1 :],
            reg_lambda,
            loss,
        )
        change[:, a, a + 1 :] = merged - own[:, [a]] - own[:, a + 1 :]
    label = np.tile(np.arange(n_values), (n, 1))
    codes[:] = label
    objective = np.zeros(n)
    highest = np.zeros(n)
    active = np.ones((n, n_values), dtype=bool)
    for _ in range(n_values - 1):
        pair = change.reshape(n, -1).argmax(axis=1)
        a, b = np.divmod(pair, n_values)
        objective += change[rows, a, b]
        mass[rows, a] += mass[rows, b]
        total[rows, a] += total[rows, b]
        own[rows, a] = _gain(mass[rows, a], total[rows, a], reg_lambda, loss)
        active[rows, b] = False
        label = np.where(label == b[:, None], a[:, None], label)
        change[rows, b] = -np.inf
        change[rows, :, b] = -np.inf
        merged = _gain(
            mass[rows, a][:, None] + mass,
            total[rows, a][:, None] + total,
            reg_lambda,
            loss,
        )
        new = merged - own[rows, a][:, None] - own
        new[~active] = -np.inf
        is_first = np.arange(n_values) > a[:, None]
        change[rows, a] = np.where(is_first, new, -np.inf)
        before = np.arange(n_values) < a[:, None]
        change[rows, :, a] = np.where(before, new, change[rows, :, a])
        better = objective >= highest
        highest = np.where(better, objective, highest)
        codes[better] = label[better]
    _move_single_values(outputs, prior, reg_lambda, loss, codes)
    _write_means(outputs, prior, codes, released)


def _move_single_values(outputs, prior, reg_lambda, loss, codes, n_sweeps=3):
    n, n_values, _ = outputs.shape
    rows = np.arange(n)
    weighted = prior[:, :, None] * outputs
    for _ in range(n_sweeps):
        moved = False
        for v in range(n_values):
            away = codes.copy()
            away[:, v] = -1
            member = away[:, :, None] == np.arange(n_values)  # value, code
            mass = np.einsum("nv,nvc->nc", prior, member)
            total = np.einsum("nvd,nvc->ncd", weighted, member)
            without = np.zeros_like(mass)
            used = mass > 0
            without[used] = _gain(mass[used], total[used], reg_lambda, loss)
            mass += prior[:, [v]]
            total += weighted[:, [v]]
            value = _gain(mass, total, reg_lambda, loss) - without
            target = value.argmax(axis=1)
            here = codes[:, v]
            gains = value[rows, target] > value[rows, here] + 1e-12
            moved |= gains.any()
            codes[gains, v] = target[gains]
        if not moved:
            return
