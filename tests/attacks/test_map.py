"""MAPAttack where the posterior is known by hand."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_mid.attacks import ImputationBaseline, MAPAttack, OwnModelBaseline
from sklearn_mid.defenses import OmitFeature
from sklearn_mid.exceptions import UnsupportedTargetError

# A secret of 0 or 1 that moves y by 2, and a known column that moves it by 1.
X = np.array([[0, 0], [1, 0], [0, 1], [1, 1]] * 2, dtype=float)
Y = np.array([0, 2, 1, 3] * 2) + np.repeat([-0.5, 0.5], 4)


class Function(RegressorMixin, BaseEstimator):
    """Answers by a given function of X."""

    def __init__(self, function):
        self.function = function
        self.fitted_ = True

    def predict(self, X):
        return self.function(X)


class Confidences(ClassifierMixin, BaseEstimator):
    """Answers with given confidences, by the secret in column 0."""

    def __init__(self, table, classes=(0, 1)):
        self.table = table
        self.classes = classes
        self.classes_ = np.array(classes)

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.asarray(self.table)[np.asarray(X)[:, 0].astype(int)]

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_gaussian_posterior_of_a_linear_model():
    attack = MAPAttack(LinearRegression().fit(X, Y), sensitive_feature=0).fit(X, Y)
    assert_allclose(attack.error_variance_, 0.25)
    # log odds = ((y - k)^2 - (y - k - 2)^2) / (2 / 4) = 8 (y - k - 1)
    y = np.array([0.9, 1.1, 2.0, 2.5])
    odds = attack.infer_proba(X[[0, 1, 2, 3]], y)
    expected = 8 * (y - [0, 0, 1, 1] - 1)
    assert_allclose(np.log(odds[:, 1] / odds[:, 0]), expected, atol=1e-9)


def test_naive_attack_takes_the_nearest_output_whatever_the_prior():
    target = LinearRegression().fit(X, Y)
    rare = {0.0: 1e-9, 1.0: 1 - 1e-9}
    naive = MAPAttack(target, 0, use_prior=False, prior=rare).fit(X, Y)
    assert_array_equal(naive.infer(X[:2], [0.9, 0.9]), [0, 0])
    assert_array_equal(naive.prior_, [0.5, 0.5])
    weighed = MAPAttack(target, 0, prior=rare).fit(X, Y)
    assert_array_equal(weighed.infer(X[:2], [0.9, 0.9]), [1, 1])


def test_ties_of_the_naive_attack_are_broken_at_random_by_record():
    rng = np.random.default_rng(0)
    records = np.column_stack([rng.integers(3, size=3000), rng.normal(size=3000)])
    target = Function(lambda X: X[:, 1])

    def inferred(seed):
        attack = MAPAttack(target, 0, use_prior=False, random_state=seed)
        return attack.fit(records, records[:, 1]).infer(records, records[:, 1])

    first = inferred(0)
    # 3,000 fair draws of three values: a share is off by 0.04 once in 10^5 times.
    assert_allclose(np.bincount(first.astype(int)) / 3000, 1 / 3, atol=0.04)
    assert_array_equal(first, inferred(0))
    assert_allclose(np.mean(first == inferred(1)), 1 / 3, atol=0.04)
    # No other column: the response alone tells records apart.
    alone = MAPAttack(
        Function(lambda X: np.zeros(len(X))), 0, use_prior=False, random_state=0
    )
    values = set(alone.fit(records[:, :1], records[:, 1]).infer(records[:, :1], first))
    assert values <= {0.0, 1.0, 2.0}


def test_calibration_undoes_shrinkage_and_shift():
    target = LinearRegression().fit(X, Y)
    plain = MAPAttack(target, 0).fit(X, Y)
    shrunk = Function(lambda X: 7 + target.predict(X) / 100)
    attack = MAPAttack(shrunk, 0, calibrate=True).fit(X, Y)
    assert_allclose([attack.coef_, attack.intercept_], [100, -700])
    assert_allclose(attack.error_variance_, plain.error_variance_)
    assert_allclose(attack.infer_proba(X, Y), plain.infer_proba(X, Y))
    fooled = MAPAttack(shrunk, 0).fit(X, Y)
    assert_allclose(fooled.infer_proba(X, Y), 0.5, atol=0.01)


def test_calibration_of_a_constant_target_leaves_the_prior():
    attack = MAPAttack(Function(lambda X: np.ones(len(X))), 0, calibrate=True)
    proba = attack.fit(X[:3], Y[:3]).infer_proba(X[:3], Y[:3])
    assert_allclose(proba, [[2 / 3, 1 / 3]] * 3)
    assert attack.coef_ == 0


def test_calibration_undoes_sharpened_confidences():
    rng = np.random.default_rng(0)
    records = np.column_stack([rng.integers(2, size=500), rng.normal(size=500)])
    y = rng.random(500) < 1 / (1 + np.exp(-records.sum(axis=1)))
    target = LogisticRegression().fit(records, y)

    class Sharpened(Confidences):
        def predict_proba(self, X):
            power = target.predict_proba(X) ** 1.5
            return power / power.sum(axis=1, keepdims=True)

    proba = [
        MAPAttack(t, 0, calibrate=True).fit(records, y).infer_proba(records, y)
        for t in (target, Sharpened(None, classes=(False, True)))
    ]
    assert_allclose(proba[1], proba[0], rtol=1e-6)


def test_calibration_needs_two_classes():
    attack = MAPAttack(Confidences([[0.5, 0.5], [0.4, 0.6]]), 0, calibrate=True)
    with pytest.raises(ValueError, match="one class only; calibrate needs"):
        attack.fit(X, np.zeros(8))


def test_an_exact_fit_lets_the_nearest_output_win():
    y = X @ [2.0, 1.0]
    attack = MAPAttack(LinearRegression().fit(X, y), 0).fit(X, y)
    assert attack.score(X, y) == 1
    assert np.isfinite(attack.infer_proba(X, y + 100)).all()


def test_confidences_are_looked_up_in_the_targets_order_of_classes():
    # p(b), p(a) by secret: classes_ is not sorted.
    target = Confidences([[0.9, 0.1], [0.3, 0.7]], classes=("b", "a"))
    attack = MAPAttack(target, 0).fit(X, ["a", "b"] * 4)
    proba = attack.infer_proba(X[:2], ["a", "b"])
    assert_allclose(proba, [[0.1 / 0.8, 0.7 / 0.8], [0.9 / 1.2, 0.3 / 1.2]])


def test_labels_are_weighed_by_a_smoothed_confusion_matrix():
    records = np.array([[0, 0]] * 5 + [[1, 0]] * 3, dtype=float)
    y = np.array([0, 0, 0, 0, 1, 1, 1, 0])
    target = LinearSVC().fit(X[:2], [0, 1])  # has no predict_proba
    attack = MAPAttack(target, 0).fit(records, y)
    assert attack.error_model_ == "labels"
    assert_allclose(attack.confusion_, [[4.5 / 6, 1.5 / 6], [1.5 / 4, 2.5 / 4]])
    weight = np.array([5 / 8 * 1.5 / 6, 3 / 8 * 2.5 / 4])
    assert_allclose(attack.infer_proba(records[:1], [1])[0], weight / weight.sum())


def test_no_label_rules_everything_out():
    target = Confidences([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]], classes=(0, 1, 2))
    attack = MAPAttack(target, 0, error_model="labels").fit(X, [0, 1] * 4)
    assert (attack.confusion_ > 0).all()
    assert_allclose(attack.confusion_.sum(axis=1), 1)
    assert_allclose(attack.infer_proba(X[:1], [2]), [[0.5, 0.5]])


def test_a_response_that_no_candidate_allows_gets_the_prior():
    target = Confidences([[1.0, 0.0], [1.0, 0.0]])
    attack = MAPAttack(target, 0, prior=[0.3, 0.7]).fit(X, [0, 1] * 4)
    assert_allclose(attack.infer_proba(X[:1], [1]), [[0.3, 0.7]])


@pytest.mark.parametrize(
    "prior", [[0.2, 0.8], np.array([0.2, 0.8]), {1.0: 0.8, 0.0: 0.2}]
)
def test_given_prior(prior):
    target = Confidences([[0.5, 0.5], [0.5, 0.5]])
    attack = MAPAttack(target, 0, prior=prior).fit(X, [0, 1] * 4)
    assert_allclose(attack.infer_proba(X[:1], [1]), [[0.2, 0.8]])


def test_prior_from_auxiliary_records_or_uniform():
    target = Confidences([[0.5, 0.5], [0.5, 0.5]])
    records, y = X[[0, 1, 3, 3]], [0, 1, 0, 1]
    assert_allclose(MAPAttack(target, 0).fit(records, y).prior_, [0.25, 0.75])
    uniform = MAPAttack(target, 0, prior="uniform").fit(records, y)
    assert_allclose(uniform.prior_, [0.5, 0.5])


@pytest.mark.parametrize(
    ("prior", "match"),
    [
        ([0.2, 0.7], "must hold 2 probabilities that sum to 1"),
        ([0.2, 0.3, 0.5], "must hold 2 probabilities"),
        ([-0.5, 1.5], "must hold 2 probabilities"),
        ([np.nan, 1], "must hold 2 probabilities"),
        ({0.0: 1.0}, "must give a probability to each candidate value"),
        ("flat", "The 'prior' parameter"),
        (3, "The 'prior' parameter"),
    ],
)
def test_impossible_priors(prior, match):
    target = Confidences([[0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(ValueError, match=match):
        MAPAttack(target, 0, prior=prior).fit(X, [0, 1] * 4)


class Noisy(Confidences):
    """Every answer is the secret's class or the other, by a coin of 0.9."""

    def predict_proba(self, X):
        return self.sample_proba(X)[0]

    def sample_proba(self, X, *, n_samples=1, random_state=None):
        rng = np.random.default_rng(random_state)
        truth = super().predict_proba(X)
        first = rng.random((n_samples, len(truth))) < truth[:, 0]
        return np.stack([first, ~first], axis=-1).astype(float)


def test_many_queries_average_the_noise_away():
    target = Noisy([[0.9, 0.1], [0.1, 0.9]])
    for model in (target, make_pipeline(FunctionTransformer(), target)):
        for wrapped in (model, FrozenEstimator(model)):
            attack = MAPAttack(wrapped, 0, n_queries=4000, random_state=0)
            proba = attack.fit(X, [0, 1] * 4).infer_proba(X[:2], [0, 1])
            # The standard error of an averaged confidence is 0.005.
            assert_allclose(proba, [[0.9, 0.1], [0.1, 0.9]], atol=0.02)
            assert_array_equal(proba, attack.infer_proba(X[:2], [0, 1]))


def test_targets_without_sample_proba_are_asked_again():
    rng = np.random.default_rng(0)

    def answer(X):
        return X[:, 0] + rng.normal(size=len(X))

    records = np.tile(X, (50, 1))
    for n_queries in (1, 12):
        attack = MAPAttack(Function(answer), 0, n_queries=n_queries)
        attack.fit(records, records[:, 0])
        assert_allclose(attack.error_variance_, 1 / n_queries, rtol=0.2)


def test_one_call_of_the_target_per_value():
    asked = []

    def answer(X):
        asked.append(X.copy())
        return X[:, 0]

    attack = MAPAttack(Function(answer), 0).fit(X, Y)
    asked.clear()
    attack.infer(X, Y)
    assert len(asked) == 2
    for value, records in enumerate(asked):
        assert_array_equal(records[:, 0], value)
        assert_array_equal(records[:, 1], X[:, 1])


def test_a_target_fitted_on_a_dataframe_needs_one():
    frame = pd.DataFrame(X, columns=["s", "k"])
    attack = MAPAttack(LinearRegression().fit(frame, Y), 0)
    with pytest.raises(ValueError, match=r"fitted on a DataFrame with the columns"):
        attack.fit(X, Y)
    assert attack.fit(frame, Y).score(frame, Y) == 1
    with (
        pytest.raises(ValueError, match="fitted on a DataFrame"),
        pytest.warns(UserWarning, match="valid feature names"),
    ):
        attack.infer(X, Y)


def test_a_target_fitted_on_an_array_takes_a_dataframe():
    frame = pd.DataFrame(X, columns=["s", "k"])
    target = LinearRegression().fit(X, Y)
    by_name = MAPAttack(target, "s").fit(frame, Y)
    by_index = MAPAttack(target, 0).fit(X, Y)
    assert_array_equal(by_name.infer_proba(frame, Y), by_index.infer_proba(X, Y))


def test_columns_in_another_order_are_refused():
    frame = pd.DataFrame(X, columns=["s", "k"])
    target = LinearRegression().fit(frame, Y)
    with pytest.raises(ValueError, match="must be in the same order"):
        MAPAttack(target, "s").fit(frame[["k", "s"]], Y)
    attack = MAPAttack(target, "s").fit(frame, Y)
    with pytest.raises(ValueError, match="must be in the same order"):
        attack.infer(frame[["k", "s"]], Y)


@pytest.mark.parametrize(
    ("error_model", "target", "match"),
    [
        ("gaussian", DecisionTreeClassifier(), "a classifier, which releases no pred"),
        ("confidences", DecisionTreeRegressor(), "a regressor, which releases no conf"),
        ("labels", LinearRegression(), "a regressor, which releases no labels"),
        ("confidences", LinearSVC(), "LinearSVC: it has no predict_proba"),
        ("auto", StandardScaler(), "neither a classifier nor a regressor"),
    ],
)
def test_error_model_and_target_that_do_not_go_together(error_model, target, match):
    y = [0, 1] * 4
    with pytest.raises(UnsupportedTargetError, match=match):
        MAPAttack(target.fit(X, y), 0, error_model=error_model).fit(X, y)


def test_targets_of_several_responses_are_refused():
    both = np.column_stack([Y, Y])
    with pytest.raises(UnsupportedTargetError, match=r"output has shape \(8, 2\)"):
        MAPAttack(LinearRegression().fit(X, both), 0).fit(X, Y)
    column = LinearRegression().fit(X, Y[:, None])
    assert MAPAttack(column, 0).fit(X, Y).score(X, Y) == 1
    labels = np.column_stack([X[:, 0], X[:, 1]])
    with pytest.raises(UnsupportedTargetError, match="several responses"):
        MAPAttack(DecisionTreeClassifier().fit(X, labels), 0).fit(X, X[:, 0])


@pytest.mark.parametrize(("answer", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_a_target_whose_answers_are_no_numbers_is_an_error(answer, word):
    with pytest.raises(ValueError, match=f"Function answered {word}"):
        MAPAttack(Function(lambda X: np.full(len(X), answer)), 0).fit(X, Y)


def test_real_valued_responses_stay_real():
    y = np.array([0.1, 2.2, 1.05, 3.15] * 2)
    attack = MAPAttack(LinearRegression().fit(X, y), 0).fit(X, y)
    assert_array_equal(attack.infer(X, y), X[:, 0])
    with pytest.raises(ValueError, match="y must hold numbers"):
        attack.infer(X, ["a"] * 8)
    with pytest.raises(ValueError, match=r"y contains 0\.1, which is none of"):
        MAPAttack(DecisionTreeClassifier().fit(X, X[:, 0]), 0).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"n_queries": 0}, "n_queries"),
        ({"error_model": "poisson"}, "error_model"),
        ({"calibrate": "yes"}, "calibrate"),
        ({"random_state": "seed"}, "random_state"),
    ],
)
def test_impossible_parameters(parameters, match):
    target = LinearRegression().fit(X, Y)
    with pytest.raises(ValueError, match=match):
        MAPAttack(target, 0, **parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("y", "match"),
    [
        (None, "requires y to be passed"),
        (np.full(8, np.nan), "y contains NaN"),
        (np.full(8, np.inf), "y contains infinity"),
        (np.ones((8, 2)), "y should be a 1d array"),
    ],
)
def test_impossible_responses(y, match):
    attack = MAPAttack(LinearRegression().fit(X, Y), 0)
    with pytest.raises(ValueError, match=match):
        attack.fit(X, y)
    with pytest.raises(ValueError, match=match):
        attack.fit(X, Y).infer(X, y)


def test_effects_put_back_what_a_model_omits():
    rng = np.random.default_rng(0)
    secret, known = rng.choice(3, size=900, p=[0.5, 0.3, 0.2]), rng.normal(size=900)
    records = np.column_stack([secret, known])
    y = np.array([0.0, 3.0, 1.0])[secret] + 2 * known + 0.3 * rng.normal(size=900)
    omits = Function(lambda X: X[:, 1] / 7)  # and shrinks
    attack = MAPAttack(omits, 0, calibrate="effects").fit(records, y)
    assert_allclose(attack.coef_, 14, rtol=0.02)
    assert_allclose(attack.effects_ - attack.effects_[0], [0, 3, 1], atol=0.1)
    own = attack.baseline()
    assert type(own) is OwnModelBaseline
    assert own.prior == "learned"
    own.set_params(prior=None).fit(records, y)
    assert attack.knowledge == own.knowledge == "labelled records"
    expected = own.infer_proba(records, y)
    assert_allclose(attack.infer_proba(records, y), expected, atol=0.02)
    scaled = MAPAttack(omits, 0, calibrate=True).fit(records, y)
    assert scaled.score(records, y) == np.mean(secret == 0)


def test_effects_put_back_what_confidences_and_labels_omit():
    rng = np.random.default_rng(0)
    secret, known = rng.integers(2, size=(2, 4000))
    records = np.column_stack([secret, known])
    p = np.array([[0.1, 0.3], [0.8, 0.95]])[secret, known]
    y = (rng.random(4000) < p).astype(int)
    by_known = Confidences([[0.55, 0.45], [0.38, 0.62]])
    omits = make_pipeline(FunctionTransformer(np.fliplr), by_known)
    for error_model in ("confidences", "labels"):
        attack = MAPAttack(omits, 0, error_model=error_model, calibrate="effects")
        attack.fit(records, y)
        assert_array_equal(attack.infer(records, y), y)
        plain = MAPAttack(omits, 0, error_model=error_model, prior="uniform")
        assert plain.fit(records, y).score(records, y) < 0.55


def related(n=120):
    """A secret that record and response tell of, each for itself."""
    rng = np.random.default_rng(0)
    secret, known = rng.integers(2, size=n), rng.normal(size=n)
    records = np.column_stack([secret, known + secret])
    return records, (known + 2 * secret + rng.normal(size=n) > 1).astype(int)


@pytest.mark.parametrize("error_model", ["auto", "labels", "match"])
def test_joint_attack_on_a_model_without_the_secret_is_its_baseline(error_model):
    records, y = related()
    target = OmitFeature(DecisionTreeClassifier(max_depth=3), 0).fit(records, y)
    attack = MAPAttack(
        target, 0, prior=LogisticRegression(), error_model=error_model
    ).fit(records, y)
    baseline = attack.baseline().fit(records, y)
    expected = baseline.infer_proba(records, y)
    assert_array_equal(attack.infer_proba(records, y), expected)


@pytest.mark.parametrize("table", [[[0.7, 0.3], [0.4, 0.6]], [[0.01, 0.99], [1, 0]]])
def test_joint_attack_is_bayes_rule_where_the_model_tells_values_apart(table):
    records, y = related()
    prior = LogisticRegression()
    attack = MAPAttack(Confidences(table), 0, prior=prior).fit(records, y)
    p = prior.fit(records[:, 1:], records[:, 0]).predict_proba(records[:, 1:])
    p = p * np.maximum(np.array(table)[:, y].T, 1e-9)
    expected = p / p.sum(axis=1, keepdims=True)
    assert_allclose(attack.infer_proba(records, y), expected, rtol=1e-12)


def test_joint_attack_gives_way_to_the_response_as_the_model_says_next_to_nothing():
    records, y = related()
    baseline = ImputationBaseline(0, classifier=LogisticRegression()).fit(records, y)
    expected = baseline.infer_proba(records, y)
    for tells in (1e-4, 1e-6, 1e-8):
        target = Confidences([[0.5, 0.5], [0.5 - tells, 0.5 + tells]])
        attack = MAPAttack(target, 0, prior=LogisticRegression()).fit(records, y)
        difference = np.abs(attack.infer_proba(records, y) - expected)
        assert 0 < difference.max() < 200 * tells


def test_joint_attack_does_not_take_a_tree_at_its_word_alone():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=300)  # the secret
    X = np.column_stack([y, rng.normal(size=300)])
    target = Confidences([[0.5, 0.5], [0.5 - 1e-6, 0.5 + 1e-6]])
    attack = MAPAttack(target, 0, prior=DecisionTreeClassifier(random_state=0))
    attack.fit(X[:150], y[:150])
    assert attack.score(X[150:], y[150:]) == 1


def test_joint_attack_hears_a_model_that_no_value_explains_well():
    records = np.random.default_rng(0).integers(2, size=(50, 2))
    target = Function(lambda X: 1e3 + X[:, 0])
    attack = MAPAttack(target, 0, prior=LogisticRegression())
    attack.fit(records, 1e3 - records[:, 0])
    assert_array_equal(attack.infer(records, np.zeros(50)), np.zeros(50))


def test_effects_are_compared_with_an_own_model_of_the_same_prior():
    prior = LogisticRegression()
    attack = MAPAttack(Function(np.sum), 0, calibrate="effects", prior=prior)
    assert type(attack.baseline()) is OwnModelBaseline
    assert type(attack.baseline().prior) is LogisticRegression
