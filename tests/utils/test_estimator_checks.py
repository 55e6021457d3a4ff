"""The checks find attacks and defences that do what they must not."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import AttributeInferenceAttack, MAPAttack, PriorBaseline
from sklearn_mid.utils.estimator_checks import (
    check_attack,
    check_defense,
    parametrize_with_attack_checks,
    parametrize_with_defense_checks,
)

TREE = DecisionTreeClassifier()


def names(mark):
    """The checks that a pytest mark runs."""
    return {case.values[1].__name__ for case in mark.args[1]}


class Peeks(MAPAttack):
    """Reads the answer off the column that it should ignore."""

    def _infer_log_proba(self, X, y):
        held = np.asarray(X)[:, self._candidates.columns[0]]
        proba = super()._infer_log_proba(X, y)
        proba[held == self.values_[-1], -1] += 50
        return proba


class Refits(MAPAttack):
    """Fits the target again."""

    def _fit_attack(self, X, y, codes):
        self.estimator.fit(X, y[::-1])
        super()._fit_attack(X, y, codes)


class WrongColumn(MAPAttack):
    """Takes the columns of classes_ for 0, 1, 2 ... in the order of appearance."""

    def _log_likelihood(self, outputs, y, i):
        return super()._log_likelihood(outputs, (y + 1) % outputs.shape[1], i)


class Positional(MAPAttack):
    """Answers by a record's place among the others."""

    def _infer_log_proba(self, X, y):
        return np.eye(len(self.values_))[np.arange(len(X)) % len(self.values_)]


class Overwrites(MAPAttack):
    """Writes what it learned into its parameters."""

    def _fit_attack(self, X, y, codes):
        super()._fit_attack(X, y, codes)
        self.prior = self.prior_


class NeverRefuses(MAPAttack):
    """Finds no risk in a target that it cannot attack."""

    def fit(self, X, y):
        try:
            return super().fit(X, y)
        except TypeError:
            return self


class Gambles(PriorBaseline):
    """Draws from the global generator."""

    def _infer_log_proba(self, X, y):
        return np.log(np.random.rand(len(X), len(self.values_)))  # noqa: NPY002


@pytest.mark.parametrize(
    ("attack", "fails"),
    [
        (Peeks, "check_sensitive_column_is_ignored"),
        (Refits, "check_target_is_left_alone"),
        (WrongColumn, "check_bayes_rule"),
        (Positional, "check_subsets_and_orders_agree"),
        (Overwrites, "check_parameters_are_kept"),
        (NeverRefuses, "check_unsuitable_targets"),
    ],
)
def test_a_faulty_attack_is_found(attack, fails):
    mark = parametrize_with_attack_checks([attack(TREE, 0)])
    (check,) = (c.values[1] for c in mark.args[1] if c.values[1].__name__ == fails)
    with pytest.raises(AssertionError):
        check(attack(TREE, 0))
    with pytest.raises(AssertionError):
        check_attack(attack(TREE, 0))


def test_a_gambling_baseline_is_found():
    with pytest.raises(AssertionError):
        check_attack(Gambles(0))


def test_sound_attacks_pass():
    check_attack(PriorBaseline(0))
    check_attack(MAPAttack(TREE, 0))
    check_attack(MAPAttack(LinearRegression(), 0), target=LinearRegression())


def test_checks_that_apply():
    of_map = names(parametrize_with_attack_checks([MAPAttack(TREE, 0)]))
    of_prior = names(parametrize_with_attack_checks([PriorBaseline(0)]))
    needs_target = {
        "check_target_is_left_alone",
        "check_frozen_target_survives_clone",
        "check_unsuitable_targets",
    }
    assert needs_target < of_map
    assert not needs_target & of_prior
    assert of_map - of_prior == needs_target | {
        "check_bayes_rule",
        "check_bayes_probabilities",
    }
    on_regressor = parametrize_with_attack_checks(
        [MAPAttack(TREE, 0)], target=LinearRegression()
    )
    assert of_map - names(on_regressor) == {"check_labels_do_not_matter"}


def test_expected_failures_are_known_checks():
    naive = MAPAttack(TREE, 0, use_prior=False, random_state=0)
    reasons = {
        "check_bayes_probabilities": "takes all values for equally probable",
        "check_prior_when_nothing_tells": "breaks ties at random",
    }
    check_attack(naive, expected_failed_checks=reasons)
    with pytest.raises(AssertionError):
        check_attack(naive)
    with pytest.raises(ValueError, match=r"names \['check_nothing'\], which are no"):
        check_attack(naive, expected_failed_checks={"check_nothing": "because"})
    mark = parametrize_with_attack_checks(
        [naive], expected_failed_checks=lambda attack: reasons
    )
    marked = {c.values[1].__name__ for c in mark.args[1] if c.marks}
    assert marked == set(reasons)


class Forgets(LogisticRegression):
    """Releases confidences of the first classes only."""

    def predict_proba(self, X):
        return super().predict_proba(X)[:, :-1]


class Unnormalised(LogisticRegression):
    def predict_proba(self, X):
        return super().predict_proba(X).round(1)


class Codes(ClassifierMixin, BaseEstimator):
    """Answers with positions in place of labels."""

    def fit(self, X, y):
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.model_, name):
                setattr(self, name, getattr(self.model_, name))
        return self

    def predict(self, X):
        return self.model_.predict_proba(X).argmax(axis=1)


class Clips(GaussianNB):
    """Clips the caller's records in place."""

    def fit(self, X, y):
        np.clip(X, -0.5, 0.5, out=X if isinstance(X, np.ndarray) else None)
        return super().fit(X, y)


class Reverses(LogisticRegression):
    """Predicts the least probable class."""

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmin(axis=1)]


class GlobalNoise(LogisticRegression):
    def predict_proba(self, X):
        noisy = super().predict_proba(X)
        noisy += np.random.rand(*noisy.shape)  # noqa: NPY002
        return noisy / noisy.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("defense", "fails"),
    [
        (Forgets, "check_probabilities"),
        (Unnormalised, "check_probabilities"),
        (Codes, "check_labels_do_not_matter"),
        (Clips, "check_fit_changes_no_argument"),
        (Reverses, "check_label_is_most_probable"),
        (GlobalNoise, "check_repeats_with_random_state"),
    ],
)
def test_a_faulty_defense_is_found(defense, fails):
    mark = parametrize_with_defense_checks([defense()])
    (check,) = (c.values[1] for c in mark.args[1] if c.values[1].__name__ == fails)
    with pytest.raises(AssertionError):
        check(defense())
    with pytest.raises(AssertionError):
        check_defense(defense())


def test_sound_models_pass_and_records_can_be_given():
    check_defense(LinearRegression())
    check_defense(GaussianNB())
    X = np.random.default_rng(0).uniform(10, 20, size=(40, 2))
    check_defense(GaussianNB(), X=X, y=np.where(X[:, 0] > 15, "high", "low"))


@parametrize_with_defense_checks([GaussianNB(), LinearRegression()])
def test_decorator_runs(estimator, check):
    check(estimator)


def test_an_attack_of_ones_own_passes():
    class Likelihood(AttributeInferenceAttack):
        knowledge = "marginals"
        needs = ("predict_proba",)

        def __init__(self, estimator, sensitive_feature, *, candidates=None):
            self.estimator = estimator
            self.sensitive_feature = sensitive_feature
            self.candidates = candidates

        def _fit_attack(self, X, y, codes):
            self.n_known_ = self.known_columns(X).shape[1]

        def _infer_log_proba(self, X, y):
            codes, rows = self.response_codes(y), np.arange(len(y))
            outputs = self.outputs_at_candidates(X)
            proba = np.column_stack([out[rows, codes] for out in outputs])
            with np.errstate(divide="ignore"):
                return np.log(proba) + np.log(self.prior_)

    check_attack(Likelihood(None, 0))
