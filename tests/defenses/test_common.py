"""Scikit-learn's checks of the wrappers, and those of every defence."""

from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sklearn_mid.defenses import (
    ConfidenceNoise,
    ConfidencePurifier,
    ConfidenceRounding,
    ConfidenceShield,
    LabelOnly,
    OmitFeature,
)
from sklearn_mid.utils.estimator_checks import parametrize_with_defense_checks


def expected_failures(estimator):
    if isinstance(estimator, OmitFeature):
        return {
            "check_classifiers_train": "has two features, and both are needed for the "
            "accuracy that the check asks for; this model is not shown one of them"
        }
    return {}


WRAPPERS = [
    ConfidenceRounding(LogisticRegression()),
    ConfidenceNoise(LogisticRegression(), scale=0.01, random_state=0),
    # A linear autoencoder: the default network takes a minute over all checks.
    ConfidencePurifier(
        LogisticRegression(),
        purifier=make_pipeline(PCA(1), LinearRegression()),
        random_state=0,
    ),
    ConfidenceShield(LogisticRegression()),
    LabelOnly(LogisticRegression()),
    OmitFeature(LogisticRegression(), sensitive_features=-1),
    OmitFeature(LinearRegression(), sensitive_features=[-1]),
]


@parametrize_with_checks(WRAPPERS, expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@parametrize_with_defense_checks([*WRAPPERS, ConfidencePurifier(LogisticRegression())])
def test_defense_checks(estimator, check):
    check(estimator)
