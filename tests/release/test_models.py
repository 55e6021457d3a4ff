"""MIDClassifier and MIDRegressor: limits, names of secrets, what is kept."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_mid.metrics import vulnerability
from sklearn_mid.release import MIDClassifier, MIDRegressor
from sklearn_mid.release._imputer import RecordImputer
from sklearn_mid.utils._model_files import load_model

QUICK = {"imputer": RecordImputer(max_iter=3), "cv": 3, "random_state": 0}


def one_hot_logistic(columns=("job", "status")):
    encode = make_column_transformer(
        (OneHotEncoder(), list(columns)), remainder="passthrough"
    )
    return make_pipeline(encode, LogisticRegression(max_iter=1000))


def at_values(model, X, column, values):
    """Answers with each value in the place of the secret."""
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    answers = []
    for value in values:
        changed = X.copy()
        changed[:, column] = value
        answers.append(ask(changed))
    return answers


# Limits --------------------------------------------------------------------------


@pytest.mark.parametrize("sensitive_features", [None, [2], [0], [0, 2]])
def test_lambda_zero_without_distillation_is_the_plain_model(
    numbers, sensitive_features
):
    X, dose, y = numbers
    plain = LogisticRegression().fit(X, y)
    given = {**QUICK, "distill": False, "reg_lambda": 0}
    model = MIDClassifier(LogisticRegression(), sensitive_features, **given).fit(X, y)
    assert_allclose(model.predict_proba(X), plain.predict_proba(X), atol=1e-12)
    assert_allclose(model.release(X)[1], plain.predict_proba(X), atol=1e-12)
    model = MIDRegressor(LinearRegression(), sensitive_features, **given).fit(X, dose)
    assert_allclose(model.predict(X), LinearRegression().fit(X, dose).predict(X))


@pytest.mark.parametrize("distill", [False, True])
@pytest.mark.parametrize("reg_lambda", [1, 2.5, np.inf])
def test_from_one_nat_on_the_secret_is_not_used(numbers, reg_lambda, distill):
    X, _, y = numbers
    tree = DecisionTreeClassifier(min_samples_leaf=5, random_state=0)
    model = MIDClassifier(tree, [2], reg_lambda, distill=distill, **QUICK).fit(X, y)
    first, *others = at_values(model, X, 2, [0, 1, 2])
    for answer in others:
        assert_array_equal(answer, first)
    assert_allclose(model.conditional_information_, 0, atol=1e-12)
    assert model.vulnerability_ == model.baseline_vulnerability_
    assert_allclose(model.information(X), 0, atol=1e-12)


def test_infinite_lambda_of_a_regressor(numbers):
    X, dose, _ = numbers
    model = MIDRegressor(LinearRegression(), [2], np.inf, **QUICK).fit(X, dose)
    first, *others = at_values(model, X, 2, [0, 1, 2])
    assert_array_equal(others, [first, first])


def test_whole_input_ends_in_a_constant(numbers):
    X, dose, y = numbers
    tree = DecisionTreeRegressor(max_depth=4)
    model = MIDRegressor(tree, None, np.inf, distill=False).fit(X, dose)
    assert_allclose(model.predict(X), dose.mean())
    classifier = MIDClassifier(LogisticRegression(), reg_lambda=1, cv=3).fit(X, y)
    assert len(np.unique(classifier.predict_proba(X), axis=0)) == 1
    assert classifier.conditional_information_ == 0


def test_whole_input_information_is_the_entropy_of_the_codes(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), reg_lambda=0.05, distill=False)
    codes, answers = model.fit(X, y).release(X)
    share = np.unique(codes, return_counts=True)[1] / len(X)
    assert 1 < len(share) < 20
    assert_allclose(model.conditional_information_, -(share * np.log(share)).sum())
    assert_allclose(model.information(X).mean(), model.conditional_information_)
    for code in np.unique(codes):
        assert len(np.unique(answers[codes == code], axis=0)) == 1


def test_three_classes(numbers):
    X, dose, _ = numbers
    y = np.digitize(dose, np.quantile(dose, [1 / 3, 2 / 3]))
    information = []
    for reg_lambda in (0, 0.05, 0.2, 1):
        model = MIDClassifier(LogisticRegression(), [2], reg_lambda, **QUICK).fit(X, y)
        assert_allclose(model.predict_proba(X).sum(axis=1), 1)
        information.append(model.conditional_information_)
    assert (np.diff(information) < -0.01).all()
    assert information[-1] < 1e-12


# What is measured ------------------------------------------------------------------


def test_information_and_vulnerability_are_those_of_the_answers(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), [2], 0.05, **QUICK).fit(X, y)
    prior = model.imputer_.predict_proba(X[:, :2])
    answers = np.stack([a[:, 1] for a in at_values(model, X, 2, [0, 1, 2])], axis=1)
    entropy, best = np.zeros(len(X)), np.zeros(len(X))
    for i, (row, pi) in enumerate(zip(answers, prior, strict=True)):
        for answer in np.unique(row):
            same = pi[row == answer]
            entropy[i] -= same.sum() * np.log(same.sum())
            best[i] += same.max()
    assert_allclose(model.information(X), entropy, rtol=1e-4, atol=1e-4)
    assert_allclose(model.conditional_information_, entropy.mean(), rtol=1e-4)
    assert_allclose(model.vulnerability_, best.mean(), rtol=1e-5)
    assert_allclose(model.baseline_vulnerability_, prior.max(axis=1).mean(), rtol=1e-5)
    assert model.vulnerability_ > model.baseline_vulnerability_


def test_certificate_from_outside_agrees(numbers):
    X, dose, y = numbers
    for model, response in (
        (MIDClassifier(LogisticRegression(), [2], 0.05, **QUICK), y),
        (MIDRegressor(LinearRegression(), [2], 0.05, **QUICK), dose),
    ):
        model.fit(X, response)
        prior = model.imputer_.predict_proba(X[:, :2])
        certificate = vulnerability(model, X, 2, prior=prior)
        assert_allclose(certificate.mean, model.vulnerability_, rtol=1e-5)
        assert_allclose(
            certificate.prior_mean, model.baseline_vulnerability_, rtol=1e-5
        )
        assert_allclose(
            certificate.information.mean(), model.conditional_information_, rtol=1e-4
        )


def test_missing_and_unseen_secrets_are_answered_by_the_mean(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), [2], 0.05, **QUICK).fit(X, y)
    prior = model.imputer_.predict_proba(X[:, :2])
    at = at_values(model.estimator_, X, 2, [0, 1, 2])
    mean = sum(pi[:, None] * f for pi, f in zip(prior.T, at, strict=True))
    for value in (np.nan, 7):
        asked = X.copy()
        asked[:, 2] = value
        codes, answers = model.release(asked)
        assert_array_equal(codes, -1)
        assert_allclose(answers, mean, atol=1e-5)


def test_a_record_gets_the_same_answer_in_any_company(people):
    X, y = people
    model = MIDClassifier(one_hot_logistic(), ["status"], 0.03, **QUICK)
    model.fit(X, y)
    alone = [model.predict_proba(X.iloc[[i]])[0] for i in range(10)]
    assert_allclose(model.predict_proba(X)[:10], alone)


# How secrets are named -------------------------------------------------------------


def test_raw_names_before_a_column_transformer(people):
    X, y = people
    model = MIDClassifier(one_hot_logistic(), ["status"], 0, distill=False, **QUICK)
    plain = one_hot_logistic().fit(X, y)
    assert_allclose(model.fit(X, y).predict_proba(X), plain.predict_proba(X))
    assert_array_equal(model.values_, ["married", "single", "widowed"])
    model.set_params(reg_lambda=1).fit(X, y)
    moved = X.assign(status="single")
    assert_array_equal(model.predict_proba(X), model.predict_proba(moved))


def test_one_hot_group_is_the_same_as_its_column(people):
    X, y = people
    names = ["single", "married", "widowed"]
    wide = pd.concat(
        [X["age"], *(X["status"].eq(n).astype(int).rename(n) for n in names)], axis=1
    )
    kinds = X["status"].map({n: i for i, n in enumerate(names)})
    narrow = pd.DataFrame({"age": X["age"], "status": kinds})
    given = {"distill": False, **QUICK}
    model = MIDClassifier(LogisticRegression(max_iter=1000), [names], 0.05, **given)
    encode = make_column_transformer(
        ("passthrough", ["age"]), (OneHotEncoder(), ["status"])
    )
    other = MIDClassifier(
        make_pipeline(encode, LogisticRegression(max_iter=1000)),
        "status",
        0.05,
        **given,
    )
    assert_allclose(
        model.fit(wide, y).predict_proba(wide),
        other.fit(narrow, y).predict_proba(narrow),
        atol=1e-4,
    )


def test_several_secrets_are_one_joint_secret(people):
    X, y = people
    joint = X.drop(columns="job").assign(
        status=X["status"] + " " + X["job"].astype(str)
    )
    tree = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), ["status"]),
            remainder="passthrough",
        ),
        LogisticRegression(max_iter=1000),
    )
    one = MIDClassifier(tree, ["status"], 1, distill=False, **QUICK).fit(joint, y)
    two = MIDClassifier(one_hot_logistic(), ["status", "job"], 1, **QUICK).fit(X, y)
    assert len(two.values_) == len(one.values_) == 9
    moved = X.assign(status="single", job="cook")
    assert_array_equal(two.predict_proba(X), two.predict_proba(moved))


def test_numeric_secrets_are_binned(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), [0], 0.05, **QUICK).fit(X, y)
    assert len(model.values_) == 10
    assert set(model.values_) <= set(X[:, 0])


def test_too_many_joint_values(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), [0, 1], 0.05, **QUICK)
    with pytest.raises(ValueError, match=r"more than max_values=50"):
        model.fit(X, y)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_constant_secrets_are_nothing_to_protect(numbers, value):
    X, _, y = numbers
    X = np.column_stack([X, np.full(len(X), value)])
    model = MIDClassifier(DecisionTreeClassifier(), [3], **QUICK)
    with pytest.raises(ValueError, match=r"sensitive_features=.* one value only"):
        model.fit(X, y)


def test_missing_secrets_in_training(people):
    X, y = people
    X = X.assign(status=X["status"].mask(np.arange(len(X)) % 5 == 0))
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["job", "status"]),
        remainder="passthrough",
    )
    inner = make_pipeline(encode, LogisticRegression(max_iter=1000))
    model = MIDClassifier(inner, ["status"], 0.03, **QUICK).fit(X, y)
    assert_array_equal(model.values_, ["married", "single", "widowed"])
    codes, _ = model.release(X)
    assert_array_equal(codes == -1, X["status"].isna())


# What is kept ----------------------------------------------------------------------


def arrays_of(thing, seen=None):
    """All arrays that hang on an object."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        yield thing
        if thing.dtype != object:
            return
        thing = list(thing.ravel())
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, list | tuple):
        for item in thing:
            yield from arrays_of(item, seen)
    elif hasattr(thing, "__dict__"):
        yield from arrays_of(vars(thing), seen)


@pytest.mark.parametrize("reg_lambda", [0, 0.05])
@pytest.mark.parametrize("sensitive_features", [None, ["status"]])
def test_pickles_hold_nobody(people, sensitive_features, reg_lambda):
    X, y = people
    model = MIDClassifier(one_hot_logistic(), sensitive_features, reg_lambda, **QUICK)
    stored = pickle.dumps(model.fit(X, y))
    loaded = pickle.loads(stored)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert not hasattr(loaded, "teachers_")
    assert all(max(a.shape, default=0) < 50 for a in arrays_of(loaded))
    twice, labels = pd.concat([X, X], ignore_index=True), np.concatenate([y, y])
    larger = pickle.dumps(clone(model).fit(twice, labels))
    assert len(larger) < 1.1 * len(stored)


def test_teachers_on_request(numbers):
    X, _, y = numbers
    model = MIDClassifier(LogisticRegression(), [2], keep_teachers=True, **QUICK)
    assert len(model.fit(X, y).teachers_) == 3
    assert len(model.set_params(n_repeats=2).fit(X, y).teachers_) == 6


def test_model_file(people, tmp_path):
    sio = pytest.importorskip("skops.io")
    X, y = people
    X = X.assign(status=pd.Categorical(X["status"]))
    for secret in ("status", "age"):  # categories, bins
        model = MIDClassifier(one_hot_logistic(), [secret], 0.03, **QUICK).fit(X, y)
        sio.dump(model, tmp_path / "model.skops")
        loaded = load_model(tmp_path / "model.skops")
        assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


# Folds, weights, caches ------------------------------------------------------------


class Counting(ClassifierMixin, BaseEstimator):
    """Counts how often it is fitted."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counting.n_fits += 1
        self.classes_ = np.unique(y)
        self.share_ = np.average(y == self.classes_[1], weights=sample_weight)
        return self

    def predict_proba(self, X):
        second = np.clip(self.share_ + 0.1 * np.asarray(X)[:, 2], 0, 1)
        return np.column_stack([1 - second, second])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_search_over_lambda_fits_the_inner_model_once_per_split(numbers, tmp_path):
    X, _, y = numbers
    model = MIDClassifier(Counting(), [2], memory=str(tmp_path), **QUICK)
    Counting.n_fits = 0
    grid = {"reg_lambda": [0.0, 0.05, 0.2, 1.0]}
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(X, y)
    n_fits_of_one = QUICK["cv"] + 1
    assert Counting.n_fits == n_fits_of_one * 3  # two splits, and the refit
    fresh = clone(search.best_estimator_).set_params(memory=None).fit(X, y)
    assert_array_equal(fresh.predict_proba(X), search.predict_proba(X))


def test_weights_are_repetitions(numbers):
    X, _, y = numbers
    weight = np.arange(len(y)) % 3
    tree = DecisionTreeClassifier(max_depth=2)
    model = MIDClassifier(
        LogisticRegression(tol=1e-8), [2], 0.05, distill=False, imputer=tree
    )
    weighted = clone(model).fit(X, y, sample_weight=weight)
    repeated = clone(model).fit(X.repeat(weight, axis=0), y.repeat(weight))
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    assert_allclose(
        weighted.conditional_information_, repeated.conditional_information_
    )


def test_metadata_routing(numbers):
    X, _, y = numbers
    weight = 1.0 + (np.arange(len(y)) % 2)
    direct = MIDClassifier(Counting(), [2], **QUICK)
    direct.fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        inner = Counting().set_fit_request(sample_weight=True)
        routed = MIDClassifier(inner, [2], **QUICK)
        routed.fit(X, y, sample_weight=weight)
    assert_array_equal(routed.predict_proba(X), direct.predict_proba(X))
    assert routed.estimator_.share_ == direct.estimator_.share_


def test_groups_and_splitters(numbers):
    X, _, y = numbers
    person = np.arange(len(y)) // 4
    model = MIDClassifier(LogisticRegression(), [2], **{**QUICK, "cv": GroupKFold(4)})
    model.fit(X, y, groups=person)
    model.set_params(cv=KFold(3)).fit(X, y)
    model.set_params(cv=5).fit(X, y, groups=person)
    model.set_params(cv=ShuffleSplit(3, random_state=0))
    with pytest.raises(ValueError, match="exactly one test fold"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="n_repeats=2 deals folds anew"):
        model.set_params(cv=KFold(3), n_repeats=2).fit(X, y)


def test_frozen_models_keep_their_answers(numbers):
    X, _, y = numbers
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    model = MIDClassifier(FrozenEstimator(forest), [2], **QUICK)
    with pytest.raises(ValueError, match="distill=True needs teachers"):
        model.fit(X, y)
    model.set_params(distill=False, reg_lambda=0).fit(X, y)
    assert_allclose(model.predict_proba(X), forest.predict_proba(X), atol=1e-15)


def test_unset_seeds_are_drawn_from_random_state(numbers):
    X, _, y = numbers
    model = MIDClassifier(RandomForestClassifier(5), [2], **QUICK)
    first, again = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    assert_array_equal(first, again)


def test_progress_goes_to_stderr(numbers, capsys):
    pytest.importorskip("tqdm")
    X, _, y = numbers
    MIDClassifier(LogisticRegression(), [2], verbose=True, **QUICK).fit(X, y)
    assert "teachers" in capsys.readouterr().err
