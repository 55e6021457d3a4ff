r"""What the secret is worth to a model, and what the model tells of it, in one unit.

A model that is asked at every candidate value v of a person's secret says P_v of the
response. Whoever knows all but the secret, and holds pi(v) for its probability, expects
the mixture :math:`\bar P = \sum_v \pi_v P_v`. Then

- *gained by the secret*: mean of :math:`\ln P_s(y) - \ln \bar P(y)`, the log loss that
  the model would have more if it did not use the secret. By Bayes' rule that is also
  :math:`\ln p(s \mid x, y) - \ln \pi(s)`: what an attacker who knows the response
  gains, person by person;
- *given away by the rule*: mean of :math:`\sum_v \pi_v KL(P_v \| \bar P)`, what that
  attacker gains if the model's own probabilities are true. Of a calibrated model the
  two are the same number;
- *given away by the answer*: mean mutual information of secret and answer, what an
  attacker gains who sees what the model said of the person. Nothing ties that one to
  the use of the model.
"""

from typing import Any

import numpy as np
from scipy.special import logsumexp

from sklearn_mid.utils._candidates import Candidates
from sklearn_mid.utils._target import Target

__all__ = ["ANSWER", "GAINED", "RULE", "SecretInNats"]

GAINED = "nats gained by the secret"
RULE = "nats given away by the rule"
ANSWER = "nats given away by the answer"

# No confidence is taken for less, as in the log loss of the problem.
_LEAST_CONFIDENCE = 0.01
# Nodes of the quadrature over a Gaussian response.
_N_NODES = 21


class SecretInNats:
    """The three figures of models of one problem.

    Parameters
    ----------
    candidates : Candidates
        Values of the secret.
    """

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates

    def of(self, model: Any, X: Any, y: Any, prior: np.ndarray) -> dict[str, float]:
        """Figures of a model on some people.

        Parameters
        ----------
        model : fitted estimator
        X, y : table and responses of shape (n_samples,)
        prior : ndarray of shape (n_samples, n_values)
            Probability of each value, of each person.

        Returns
        -------
        dict
            Empty of a model that releases labels alone, or does not know a label;
            without the answer's nats where the model answers at random.
        """
        target = Target(model, caller="SecretInNats")
        if target.release == "labels":
            return {}
        if target.classes is not None and not np.isin(y, target.classes).all():
            return {}
        outputs = np.array(list(target.outputs_at(self._candidates, X)))
        codes = self._candidates.encode(X)
        prior = np.clip(prior, 1e-9, None)
        log_prior = np.log(prior / prior.sum(axis=1, keepdims=True)).T
        of = _of_numbers if target.classes is None else _of_classes
        gained, rule = of(outputs, target.response(y), codes, log_prior)
        figures = {GAINED: gained, RULE: rule}
        again = next(iter(target.answers_at(self._candidates, X)))[0]
        if np.allclose(again, outputs[0], atol=1e-9):  # the model repeats itself
            figures[ANSWER] = _entropy_of_answers(outputs, log_prior)
        return figures


def _entropy_of_answers(outputs: np.ndarray, log_prior: np.ndarray) -> float:
    """Mean entropy of the answer over the values: of a model that repeats itself, all
    that it tells of the secret."""
    n_values, n_samples = outputs.shape[:2]
    answers = outputs.reshape(n_values, n_samples, -1)
    same = np.isclose(answers[:, None], answers[None], rtol=1e-7, atol=1e-9).all(axis=3)
    prior = np.exp(log_prior)
    # Probability of the answer that each value gets.
    mass = np.einsum("vwn,wn->vn", same, prior)
    return float(-(prior * np.log(np.maximum(mass, 1e-12))).sum(axis=0).mean())


def _of_classes(
    proba: np.ndarray, y: np.ndarray, codes: np.ndarray, log_prior: np.ndarray
) -> tuple[float, float]:
    log_p = np.log(np.clip(proba, _LEAST_CONFIDENCE, None))
    log_p -= logsumexp(log_p, axis=2, keepdims=True)
    mean = logsumexp(log_p + log_prior[:, :, None], axis=0)
    rows = np.arange(len(y))
    gained = log_p[codes, rows, y] - mean[rows, y]
    rule = (np.exp(log_p) * (log_p - mean)).sum(axis=2)
    return float(gained.mean()), float((np.exp(log_prior) * rule).sum(axis=0).mean())


def _of_numbers(
    centers: np.ndarray, y: np.ndarray, codes: np.ndarray, log_prior: np.ndarray
) -> tuple[float, float]:
    """With Gaussian noise of the variance that these people's errors have."""
    rows = np.arange(len(y))
    sigma = np.sqrt(np.mean((y - centers[codes, rows]) ** 2))

    def mixture(z: np.ndarray) -> np.ndarray:
        """Log density at z of shape (n_samples, n), up to the normal's constant."""
        log_p = -0.5 * ((z - centers[:, :, None]) / sigma) ** 2
        return logsumexp(log_p + log_prior[:, :, None], axis=0)

    gained = -0.5 * ((y - centers[codes, rows]) / sigma) ** 2
    gained -= mixture(y[:, None])[:, 0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(_N_NODES)
    weights = weights / weights.sum()
    rule = np.zeros(len(y))
    for center, weight in zip(centers, np.exp(log_prior), strict=True):
        at = mixture(center[:, None] + sigma * nodes)
        rule += weight * ((-0.5 * nodes**2 - at) @ weights)
    return float(gained.mean()), float(rule.mean())
