"""What an update did to a model's answers, in few numbers per class.

Of the change D of the answers, of shape (probes, classes): what each class gained and
lost, how unevenly, among the probes of its own, and over the probes of each class. A
network that sees every probe has to find that out from a few hundred updates.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

__all__ = ["SummaryClassifier", "directions", "log_odds_scores"]

# The least confidence that is told from none, and the most from certainty.
_LEAST = 1e-6
# Inverse penalty of the regression: summaries go along with one another.
_C = 0.1


def directions(change):
    """Changes with a mean square of 1 over their rows' entries; 0 stays 0."""
    axes = tuple(range(1, change.ndim))
    length = np.sqrt(np.mean(change**2, axis=axes, keepdims=True))
    return change / np.maximum(length, np.finfo(np.float64).tiny)


def log_odds_scores(before, after):
    """How much more each class is held for true: mean over the probes of log-odds.

    In units of the largest gain or loss, so that updates that hardly move a model
    count as others do.
    """
    change = (_log_odds(after) - _log_odds(before)).mean(axis=1)
    largest = np.abs(change).max(axis=1, keepdims=True)
    return change / np.maximum(largest, np.finfo(np.float64).tiny)


class SummaryClassifier:
    """Logistic regression of the labels of updates on summaries by class.

    Parameters
    ----------
    probe_codes : ndarray of shape (n_probes,)
        Position of the class of each probe.
    n_classes : int
    """

    def __init__(self, probe_codes, n_classes):
        share = (probe_codes[:, None] == np.arange(n_classes)).astype(float)
        # A class of which there is no probe has no summary of its own: zeros.
        self._share = share / np.maximum(share.sum(axis=0), 1)
        self._n_classes = n_classes

    def fit(self, seen, shares):
        """Learn from pairs of answers, before and after, and shares of labels.

        Parameters
        ----------
        seen : list of tuple (before, after)
            Of shapes (1, n_probes, n_classes) and (n_updates, n_probes, n_classes).
        shares : ndarray of shape (n_updates, n_classes)
        """
        summaries = np.concatenate([self._summaries(*pair) for pair in seen])
        # An update of several records is one of each label, by share.
        rows, codes = np.nonzero(shares)
        self._scaler = StandardScaler().fit(summaries)
        self._model = LogisticRegression(C=_C, max_iter=1000)
        self._classes = np.unique(codes)
        if len(self._classes) > 1:
            self._model.fit(
                self._scaler.transform(summaries)[rows], codes, shares[rows, codes]
            )
        return self

    def proba(self, before, after):
        """Probabilities of shape (n_updates, n_classes)."""
        summaries = self._scaler.transform(self._summaries(before, after))
        proba = np.zeros((len(summaries), self._n_classes))
        proba[:, self._classes] = (
            self._model.predict_proba(summaries) if len(self._classes) > 1 else 1.0
        )
        return proba

    def _summaries(self, before, after):
        return np.hstack(
            [
                self._summary(after - before),
                self._summary(_log_odds(after) - _log_odds(before)),
            ]
        )

    def _summary(self, change):
        change = directions(change)
        among = np.einsum("upc,pj->ujc", change, self._share)
        return np.hstack(
            [
                np.maximum(change, 0).mean(axis=1),
                np.minimum(change, 0).mean(axis=1),
                change.std(axis=1),
                np.diagonal(among, axis1=1, axis2=2),
                np.sqrt(np.mean(among**2, axis=2)),
            ]
        )


def _log_odds(proba):
    proba = np.clip(proba, _LEAST, 1 - _LEAST)
    return np.log(proba / (1 - proba))
