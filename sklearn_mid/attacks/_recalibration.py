"""How an adaptive attacker reads confidences that were tampered with."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["Recalibration"]


class Recalibration:
    """Multinomial logistic regression of the response on centred log-confidences.

    Temperature and vector scaling (Guo et al. 2017) are special cases: confidences
    that a defence sharpened or flattened by any power read the same afterwards. With
    the secret of each record, every value of it has an effect of its own besides: what
    a defence took out of the confidences is put back.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017). On calibration of modern neural
    networks. ICML. arXiv:1706.04599
    """

    def __init__(self, proba, codes, secret=None, n_values=0):
        if len(np.unique(codes)) < 2:
            raise ValueError(
                "y holds one class only; calibrate needs auxiliary records of at "
                "least two classes. Pass more records or calibrate=False."
            )
        # n records cannot tell a probability below 1/n from none.
        self._floor = 1 / len(codes)
        self._n_classes = proba.shape[1]
        # Without a secret there is one value, whose effect is the intercept.
        self._n_values = n_values if secret is not None else 0
        self._model = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000)
        ).fit(self._columns(proba, secret), codes)

    def _columns(self, proba, secret):
        logs = np.log(np.clip(proba, self._floor, None))
        ratios = logs - logs.mean(axis=1, keepdims=True)
        if not self._n_values:
            return ratios
        secret = np.broadcast_to(secret, len(proba))
        return np.column_stack([ratios, secret[:, None] == np.arange(self._n_values)])

    def __call__(self, proba, secret=None):
        """Probabilities of the classes, given the confidences (and the secret)."""
        recalibrated = np.zeros((len(proba), self._n_classes))
        recalibrated[:, self._model.classes_] = self._model.predict_proba(
            self._columns(proba, secret)
        )
        return recalibrated
