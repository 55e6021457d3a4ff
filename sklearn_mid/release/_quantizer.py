"""Few answers for everybody: what prices the whole input.

Without a secret, the answer itself is coded: t(x) = argmin_t D(P(x), r_t) -
reg_lambda * ln q_t, a quantiser whose code costs its entropy (Chou, Lookabaugh and
Gray, 1989). The code is a function of the input, so I(X; T) = H(T). The start is the
best partition of finely binned answers, by the same gain as for one record's
candidates; alternating steps then lower the cost on the answers themselves.
"""

import numpy as np
from sklearn.cluster import KMeans

from sklearn_mid.release._channel import release_codes

__all__ = ["Quantizer"]

_N_CELLS = 256  # bins of one output
_N_GROUPS = 48  # of several
_N_STEPS = 50


class Quantizer:
    """Codes for answers, and the answer of each code.

    Attributes
    ----------
    answers : ndarray of shape (n_codes,) or (n_codes, n_dims)
        What is released.
    shares : ndarray of shape (n_codes,)
        How often, on the training records.
    """

    def __init__(self, reg_lambda, loss):
        self.reg_lambda = reg_lambda
        self.loss = loss

    def fit(self, outputs, weights, random_state):
        """Learn the codes from answers to weighted records."""
        keep = weights > 0
        outputs, weights = outputs[keep], weights[keep] / weights.sum()
        cell = _cells(outputs, random_state)
        self.shares = np.bincount(cell, weights)
        self._set_answers(outputs, weights, cell)
        if np.isinf(self.reg_lambda):
            codes = np.zeros(len(self.shares), dtype=np.intp)
        elif outputs.ndim == 1:
            codes = _best_intervals(
                self.answers, self.shares, self.reg_lambda, self.loss
            )
        else:
            codes, _ = release_codes(
                self.answers[None], self.shares[None], self.reg_lambda, self.loss
            )
            codes = np.unique(codes[0], return_inverse=True)[1]
        code = codes[cell]
        self._update(outputs, weights, code)
        for _ in range(_N_STEPS):
            moved = self.encode(outputs)
            if np.array_equal(moved, code):
                break
            code = np.unique(moved, return_inverse=True)[1]  # empty codes go
            self._update(outputs, weights, code)
        return self

    def _update(self, outputs, weights, code):
        self.shares = np.bincount(code, weights)
        self._set_answers(outputs, weights, code)

    def _set_answers(self, outputs, weights, code):
        columns = outputs.reshape(len(outputs), -1).T
        sums = [np.bincount(code, weights * column) for column in columns]
        answers = np.stack(sums, axis=1) / self.shares[:, None]
        self.answers = answers[:, 0] if outputs.ndim == 1 else answers

    def encode(self, outputs):
        """Code of each answer."""
        codes = np.empty(len(outputs), dtype=np.intp)
        if len(self.shares) == 1:
            codes[:] = 0
            return codes
        price = -self.reg_lambda * np.log(self.shares)
        step = max(2**20 // self.answers.size, 1)
        for start in range(0, len(outputs), step):
            part = outputs[start : start + step, None]
            cost = self.loss.divergence(part, self.answers, outputs.ndim - 1) + price
            codes[start : start + step] = cost.argmin(axis=1)
        return codes


def _cells(outputs, random_state):
    """A fine bin for each answer; equal answers share one."""
    distinct, inverse, counts = np.unique(
        outputs, axis=0, return_inverse=True, return_counts=True
    )
    inverse = inverse.ravel()
    n_cells = _N_CELLS if outputs.ndim == 1 else _N_GROUPS
    if len(distinct) <= n_cells:
        return inverse
    if outputs.ndim == 1:
        rank = np.cumsum(counts) - counts / 2
        of_distinct = np.unique(
            (rank * n_cells / counts.sum()).astype(np.intp), return_inverse=True
        )[1]
    else:
        groups = KMeans(n_cells, n_init=1, random_state=random_state)
        found = groups.fit_predict(distinct, sample_weight=counts)
        of_distinct = np.unique(found, return_inverse=True)[1]
    return of_distinct[inverse]


def _best_intervals(answers, shares, reg_lambda, loss):
    """Best intervals of sorted cells, by dynamic programming along one record."""
    n = len(shares)
    answers = answers - (answers[n // 2] if hasattr(loss, "variance") else 0)
    q = np.concatenate([[0], np.cumsum(shares)])
    total = np.concatenate([[0], np.cumsum(shares * answers)])
    best, first = np.zeros(n + 1), np.zeros(n + 1, dtype=np.intp)
    for j in range(1, n + 1):
        mass = q[j] - q[:j]
        mean = np.clip((total[j] - total[:j]) / mass, answers[:j], answers[j - 1])
        gain = mass * (loss.potential(mean, 0) + reg_lambda * np.log(mass)) + best[:j]
        first[j] = gain.argmax()
        best[j] = gain[first[j]]
    codes, end, code = np.empty(n, dtype=np.intp), n, 0
    while end:
        codes[first[end] : end] = code
        end, code = first[end], code + 1
    return code - 1 - codes
