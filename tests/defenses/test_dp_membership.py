"""Membership of one record, guessed from many refits, against the DP bounds."""

import numpy as np
import pytest

from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPGaussianNB,
    DPLinearRegression,
    DPLogisticRegression,
    DPRandomForestClassifier,
)
from sklearn_mid.metrics import dp_privacy_loss_bound

pytestmark = [
    pytest.mark.usefixtures("diffprivlib"),
    pytest.mark.filterwarnings("ignore::sklearn_mid.exceptions.SecretSeedWarning"),
]

N_REFITS = 200
# Data sets that differ in the last record, the worst that the bounds allow. So few
# records that it decides what is learned when there is no noise.
X = np.array([[0.0], [0.0], [1.0]])
LABELS_IN, LABELS_OUT = np.array([0, 1, 1]), np.array([0, 1, 0])


def released(model, labels, seed):
    """A number that tells how the last record was labelled."""
    model = model.set_params(random_state=seed).fit(X, labels)
    if isinstance(model, DPLinearRegression):
        return model.predict([[1.0]])[0]
    return model.predict_proba([[1.0]])[0, 1]


CASES = {
    "linear": DPLinearRegression(bounds=(-1, 1), target_bounds=(0, 1)),
    "logistic": DPLogisticRegression(bounds=(-1, 1)),
    "naive Bayes": DPGaussianNB(bounds=(-1, 1)),
    "tree": DPDecisionTreeClassifier(bounds=(-1, 1), n_bins=2, max_depth=1),
    "forest": DPRandomForestClassifier(bounds=(-1, 1), n_estimators=1, max_depth=1),
}


def advantage(model, threshold=0.5):
    """True minus false positive rate of the guess "released > threshold"."""
    with_record, without = (
        [released(model, labels, seed) > threshold for seed in seeds]
        for labels, seeds in (
            (LABELS_IN, range(N_REFITS)),
            (LABELS_OUT, range(N_REFITS, 2 * N_REFITS)),
        )
    )
    return np.mean(with_record) - np.mean(without)


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
@pytest.mark.parametrize("name", CASES)
def test_measured_advantage_stays_under_the_bounds(name, epsilon):
    measured = advantage(CASES[name].set_params(epsilon=epsilon))
    tight = dp_privacy_loss_bound(epsilon, method="tight")
    # The measurement may exceed what it measures, by three of its standard errors.
    assert measured <= tight + 3 * np.sqrt(2 * 0.25 / N_REFITS)
    assert tight <= dp_privacy_loss_bound(epsilon)


@pytest.mark.parametrize("name", CASES)
def test_the_guess_is_a_good_one_without_noise(name):
    """Else the test above could not fail."""
    model = CASES[name].set_params(epsilon=1e6)
    assert advantage(model) > 0.4


@pytest.mark.parametrize("n", [2, 3])
def test_replacing_n_records_stays_under_the_bound_for_n(n):
    rows = np.zeros((2 * n - 1, 1))
    both = np.r_[np.ones(n), np.zeros(n - 1)].astype(int)
    neither = 1 - both  # n labels change to 0, the others stay in the majority's way
    neither[n:] = 0
    guesses = []
    for labels, seeds in ((both, range(400)), (neither, range(400, 800))):
        fits = (
            DPDecisionTreeClassifier(
                0.6, bounds=(-1, 1), n_bins=2, max_depth=1, random_state=seed
            ).fit(np.vstack([rows, rows[:1]]), np.r_[labels, 1])
            for seed in seeds
        )
        guesses.append(np.mean([fit.predict([[0.0]])[0] for fit in fits]))
    measured = guesses[0] - guesses[1]
    assert 0.1 < measured <= dp_privacy_loss_bound(0.6, n, method="tight")
