"""How an adaptive attacker reads confidences that were tampered with."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["Recalibration"]


class Recalibration:
    """Multinomial logistic regression of the response on centred log-confidences.

    Temperature and vector scaling (Guo et al. 2017) are special cases: confidences
    that a defence sharpened or flattened by any power read the same afterwards.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017). On calibration of modern neural
    networks. ICML. arXiv:1706.04599
    """

    def __init__(self, proba, codes):
        if len(np.unique(codes)) < 2:
            raise ValueError(
                "y holds one class only; calibrate=True needs auxiliary records of at "
                "least two classes. Pass more records or calibrate=False."
            )
        # n records cannot tell a probability below 1/n from none.
        self._floor = 1 / len(codes)
        self._n_classes = proba.shape[1]
        self._model = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=1000)
        ).fit(self._log_ratios(proba), codes)

    def _log_ratios(self, proba):
        logs = np.log(np.clip(proba, self._floor, None))
        return logs - logs.mean(axis=1, keepdims=True)

    def __call__(self, proba):
        """Probabilities of the classes, given the confidences."""
        recalibrated = np.zeros((len(proba), self._n_classes))
        recalibrated[:, self._model.classes_] = self._model.predict_proba(
            self._log_ratios(proba)
        )
        return recalibrated
