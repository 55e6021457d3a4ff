"""What the logistic model minimises, its limits, and what must not matter."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import rel_entr
from scipy.stats import entropy
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

from sklearn_mid.linear_model import MIDLogisticRegression
from sklearn_mid.linear_model._solver import _descend

GROUP = [2, 3, 4]
SENSITIVE = [None, [GROUP], [0, GROUP]]


def world(n_classes, n=200, seed=0):
    """A few-valued number, a number and a one-hot attribute; labels; weights."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.integers(3, size=n),
            rng.normal(size=n),
            np.eye(3)[rng.choice(3, size=n, p=[0.5, 0.3, 0.2])],
        ]
    )
    scores = X @ rng.normal(size=(5, n_classes))
    y = (scores + rng.gumbel(size=scores.shape)).argmax(axis=1)
    return X, y, rng.uniform(0.2, 2, size=n)


def maximum_likelihood(X, y, w, **options):
    model = LogisticRegression(
        C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200, **options
    )
    return model.fit(X, y, sample_weight=w)


def enumerated_information(model, X, w, columns, law):
    """Row by row and value by value, as the definition says."""
    values = np.unique(X[:, columns], axis=0)
    total = 0.0
    for row, weight, prior in zip(X, w / w.sum(), law, strict=True):
        records = np.tile(row, (len(values), 1))
        records[:, columns] = values
        p = model.predict_proba(records)
        total += weight * (entropy(prior @ p) - prior @ entropy(p, axis=1))
    return total


def marginal(X, w, columns):
    values, inverse = np.unique(X[:, columns], axis=0, return_inverse=True)
    share = np.bincount(inverse.ravel(), w / w.sum(), len(values))
    return np.tile(share, (len(X), 1))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("sensitive", SENSITIVE)
def test_lambda_zero_is_maximum_likelihood(n_classes, sensitive):
    X, y, w = world(n_classes, n=400)
    model = MIDLogisticRegression(0, sensitive_features=sensitive).fit(X, y, w)
    theirs = maximum_likelihood(X[:, :4], y, w)
    assert_allclose(model.predict_proba(X), theirs.predict_proba(X[:, :4]), atol=1e-8)
    dropped = clone(model).set_params(sensitive_features=None).fit(X[:, :4], y, w)
    centered = theirs.coef_ - (theirs.coef_.mean(axis=0) if n_classes > 2 else 0)
    assert_allclose(dropped.coef_, centered, atol=1e-6)
    assert model.objective_ == pytest.approx(
        log_loss(y, theirs.predict_proba(X[:, :4]), sample_weight=w), rel=1e-12
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_lambda_to_infinity_knows_only_frequencies(n_classes):
    X, y, w = world(n_classes)
    share = np.bincount(y, w) / w.sum()
    for reg_lambda in (1e7, np.inf):
        model = MIDLogisticRegression(reg_lambda).fit(X, y, w)
        assert_allclose(model.predict_proba(X), np.tile(share, (len(X), 1)), atol=1e-6)
        assert model.mutual_information_ < 1e-12
    assert_array_equal(model.coef_, 0)
    assert model.objective_ == pytest.approx(entropy(share), rel=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("prior", ["marginal", "conditional"])
def test_lambda_to_infinity_omits_the_sensitive_features(n_classes, prior):
    X, y, w = world(n_classes)
    omitted = maximum_likelihood(X[:, :2], y, w).predict_proba(X[:, :2])
    for reg_lambda in (1e7, np.inf):
        model = MIDLogisticRegression(
            reg_lambda, sensitive_features=[GROUP], prior=prior
        ).fit(X, y, w)
        assert_allclose(model.predict_proba(X), omitted, atol=1e-5)
    assert_array_equal(model.coef_[:, GROUP], 0)
    assert model.mutual_information_ == 0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_information_equals_enumeration(n_classes):
    X, y, w = world(n_classes)
    whole = MIDLogisticRegression(0.2).fit(X, y, w)
    p = whole.predict_proba(X)
    expected = entropy(w @ p / w.sum()) - w @ entropy(p, axis=1) / w.sum()
    assert_allclose(whole.mutual_information_, expected, rtol=1e-10)

    model = MIDLogisticRegression(0.2, sensitive_features=[0, GROUP]).fit(X, y, w)
    expected = sum(
        enumerated_information(model, X, w, columns, marginal(X, w, columns))
        for columns in ([0], GROUP)
    )
    assert_allclose(model.mutual_information_, expected, rtol=1e-10)
    assert_allclose(
        model.objective_,
        log_loss(y, model.predict_proba(X), sample_weight=w) + 0.2 * expected,
        rtol=1e-10,
    )


def test_the_conditional_prior_is_a_logistic_regression_of_the_secret():
    rng = np.random.default_rng(0)
    other = rng.normal(size=600)
    secret = 3 * other + rng.logistic(size=600) > 0
    X = np.column_stack([secret, other]).astype(float)
    y = (2.0 * secret + rng.logistic(size=600)) > 1
    law = maximum_likelihood(X[:, 1:], secret, None).predict_proba(X[:, 1:])
    model = MIDLogisticRegression(0.1, sensitive_features=[0], prior="conditional")
    model.fit(X, y)
    expected = enumerated_information(model, X, np.ones(600), [0], law)
    assert_allclose(model.mutual_information_, expected, rtol=0.05)  # a little ridge
    loose = clone(model).set_params(prior="marginal").fit(X, y).mutual_information_
    assert loose > 1.5 * model.mutual_information_
    X[:, 1] = rng.normal(size=600)  # says nothing: both are the same
    independent = [
        clone(model).set_params(prior=prior).fit(X, y).mutual_information_
        for prior in ("marginal", "conditional")
    ]
    assert_allclose(*independent, rtol=0.01)


@pytest.mark.parametrize("sensitive", SENSITIVE)
@pytest.mark.parametrize("prior", ["marginal", "conditional"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradients_equal_finite_differences(sensitive, prior, n_classes):
    X, y, w = world(n_classes, n=60)
    model = MIDLogisticRegression(sensitive_features=sensitive, prior=prior)
    problem = model._pose(X, y, w)
    v = np.random.default_rng(1).normal(size=problem.constant.size)
    for function in (problem.loss, problem.information):
        numeric = [
            (function(v + step)[0] - function(v - step)[0]) / 2e-5
            for step in 1e-5 * np.eye(len(v))
        ]
        assert_allclose(function(v)[1], numeric, atol=1e-9)


@pytest.mark.parametrize("sensitive", SENSITIVE)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_no_random_start_leads_lower(sensitive, n_classes):
    rng = np.random.default_rng(2)
    for reg_lambda in (0.1, 1, 5):
        X, y, w = world(n_classes, seed=int(10 * reg_lambda))
        model = MIDLogisticRegression(reg_lambda, sensitive_features=sensitive)
        problem = model.fit(X, y, w)._pose(X, y, w)
        size = problem.constant.size
        for _ in range(4):
            end = _descend(
                problem,
                2 * rng.normal(size=size),
                reg_lambda=reg_lambda,
                max_iter=500,
                tol=1e-7,
            )
            assert model.objective_ <= end.objective(reg_lambda) + 1e-8


@pytest.mark.parametrize("sensitive", SENSITIVE)
def test_information_falls_and_loss_grows_with_lambda(sensitive):
    X, y, w = world(3)
    models = [
        MIDLogisticRegression(reg_lambda, sensitive_features=sensitive).fit(X, y, w)
        for reg_lambda in (0, 0.1, 0.5, 2, 10, 100, np.inf)
    ]
    losses = [log_loss(y, m.predict_proba(X), sample_weight=w) for m in models]
    informations = [m.mutual_information_ for m in models[1:]]  # at 0 it is open
    assert (np.diff(informations) <= 1e-9).all()
    assert (np.diff(losses) >= -1e-9).all()
    assert informations[0] > 10 * informations[-2]


@pytest.mark.parametrize("sensitive", SENSITIVE)
@pytest.mark.parametrize("prior", ["marginal", "conditional"])
def test_weights_are_repetitions(sensitive, prior):
    X, y, _ = world(3)
    weights = np.arange(len(X)) % 3
    model = MIDLogisticRegression(0.5, sensitive_features=sensitive, prior=prior)
    weighted = clone(model).fit(X, y, weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    for name in ("coef_", "intercept_", "mutual_information_", "objective_"):
        assert_allclose(
            getattr(weighted, name), getattr(repeated, name), rtol=1e-6, atol=1e-9
        )


def test_a_class_of_no_weight_is_absent():
    X, y, w = world(3)
    model = MIDLogisticRegression().fit(X, y, np.where(y == 1, 0, w))
    assert_array_equal(model.classes_, [0, 2])
    with pytest.raises(ValueError, match="at least 2 classes in y, but got 1 class"):
        model.fit(X, y, np.where(y == 1, w, 0))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_names_units_and_order_do_not_matter(n_classes):
    X, y, w = world(n_classes)
    plain = MIDLogisticRegression(0.5, sensitive_features=[0, GROUP]).fit(X, y, w)
    p = plain.predict_proba(X)
    scale = np.array([1e6, 1e-6, 3, 1, 1e3])
    scaled = clone(plain).fit(X * scale - 7 * scale, y, w)
    assert_allclose(scaled.predict_proba(X * scale - 7 * scale), p, atol=1e-6)

    names = np.array(["no", "yes", "perhaps"])[y]
    named = clone(plain).fit(X, names, w)
    order = [
        list(named.classes_).index(name)
        for name in ("no", "yes", "perhaps")[:n_classes]
    ]
    assert_allclose(named.predict_proba(X)[:, order], p, atol=1e-8)

    rows, columns = np.random.default_rng(1).permutation(len(X)), [4, 0, 3, 1, 2]
    moved = MIDLogisticRegression(0.5, sensitive_features=[1, [0, 2, 4]]).fit(
        X[rows][:, columns], y[rows], w[rows]
    )
    assert_allclose(moved.coef_, plain.coef_[:, columns], atol=1e-7)


def test_ways_to_name_a_feature():
    X, y, _ = world(2)
    frame = pd.DataFrame(X, columns=["age", "dose", "CC", "CT", "TT"])
    expected = MIDLogisticRegression(1, sensitive_features=[GROUP]).fit(X, y)
    for names in ([["CC", "CT", "TT"]], [("TT", "CC", "CT")], [[-1, "CC", 3]]):
        model = MIDLogisticRegression(1, sensitive_features=names).fit(frame, y)
        assert_allclose(model.coef_, expected.coef_, atol=1e-8)
        assert model.sensitive_features is names


def test_one_hot_groups_have_least_norm_and_may_lack_a_level():
    X, y, w = world(3)
    full = MIDLogisticRegression(0.5, sensitive_features=[GROUP]).fit(X, y, w)
    assert_allclose(full.coef_[:, GROUP].sum(axis=1), 0, atol=1e-12)
    assert_allclose(full.coef_.sum(axis=0), 0, atol=1e-9)
    dropped = MIDLogisticRegression(0.5, sensitive_features=[[2, 3]])
    dropped.fit(X[:, :4], y, w)
    assert_allclose(dropped.predict_proba(X[:, :4]), full.predict_proba(X), atol=1e-7)


def test_a_copy_of_the_secret_takes_over():
    X, y, w = world(2)
    both = np.column_stack([X, X[:, 0]])
    model = MIDLogisticRegression(0.1, sensitive_features=[0]).fit(both, y, w)
    assert model.mutual_information_ < 1e-12
    undefended = MIDLogisticRegression(0).fit(X, y, w)
    assert_allclose(model.predict_proba(both), undefended.predict_proba(X), atol=1e-6)
    plain = clone(model).set_params(reg_lambda=0).fit(both, y, w)
    assert_allclose(plain.coef_[:, 0], plain.coef_[:, -1], rtol=1e-9)


def test_a_secret_of_many_values_is_put_into_bins(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    y = X @ [1.5, 1] + rng.logistic(size=200) > 0
    binned = MIDLogisticRegression(0.5, sensitive_features=[0]).fit(X, y)
    monkeypatch.setattr(
        "sklearn_mid.linear_model._logistic_problem._MAX_VALUES", 10_000
    )
    exact = clone(binned).fit(X, y)
    assert_allclose(binned.mutual_information_, exact.mutual_information_, rtol=0.02)
    assert_allclose(binned.coef_, exact.coef_, rtol=0.02)


def test_rows_are_handled_in_blocks(monkeypatch):
    X, y, w = world(3)
    options = {"sensitive_features": [0, GROUP], "prior": "conditional"}
    whole = MIDLogisticRegression(0.5, **options).fit(X, y, w)
    monkeypatch.setattr("sklearn_mid.linear_model._logistic_problem._BLOCK", 100)
    blocks = MIDLogisticRegression(0.5, **options).fit(X, y, w)
    assert_allclose(blocks.coef_, whole.coef_, atol=1e-8)


def test_without_an_intercept():
    X, y, w = world(2)
    theirs = maximum_likelihood(X[:, :2], y, w, fit_intercept=False)
    model = MIDLogisticRegression(0, fit_intercept=False).fit(X[:, :2], y, w)
    assert_allclose(model.coef_, theirs.coef_, atol=1e-8)
    assert_array_equal(model.intercept_, 0)
    model.set_params(reg_lambda=np.inf).fit(X, y, w)
    assert_array_equal(model.predict_proba(X), 0.5)
    model.set_params(sensitive_features=[GROUP]).fit(X, y, w)
    assert_allclose(model.coef_[:, :2], theirs.coef_, atol=1e-6)


def test_columns_that_say_nothing():
    y = np.array([0, 1, 1, 0, 1])
    for reg_lambda in (0, 1, np.inf):
        model = MIDLogisticRegression(reg_lambda, fit_intercept=False)
        assert_allclose(model.fit(np.zeros((5, 2)), y).predict_proba([[0, 0]]), 0.5)
        model = MIDLogisticRegression(reg_lambda, sensitive_features=[1])
        X = np.column_stack([[1.0, 2, 1, 2, 3], np.ones(5)])
        assert_array_equal(model.fit(X, y).coef_[:, 1], 0)


def test_a_lone_secret():
    X, y, w = world(2)
    model = MIDLogisticRegression(np.inf, sensitive_features=[0]).fit(X[:, :1], y, w)
    assert_allclose(model.predict_proba(X[:, :1])[:, 1], np.average(y, weights=w))
    model.set_params(reg_lambda=1, prior="conditional").fit(X[:, :1], y, w)
    whole = MIDLogisticRegression(1).fit(X[:, :1], y, w)
    assert_allclose(model.coef_, whole.coef_, rtol=1e-5)


def test_the_drawn_label_obeys_the_information_bound():
    # the best guess of the secret from the label and the rest has accuracy a with
    # kl(a || p_max) <= I, where the secret is independent of the rest
    X, y, w = world(3)
    for reg_lambda in (0, 0.3, 2):
        model = MIDLogisticRegression(reg_lambda, sensitive_features=[GROUP])
        model.fit(X, y, w)
        prior = marginal(X, w, GROUP)[0]
        values = np.unique(X[:, GROUP], axis=0)
        joint = np.zeros((len(values), len(X), 3))
        for value, share, p in zip(values, prior, joint, strict=True):
            records = X.copy()
            records[:, GROUP] = value
            p[:] = share * model.predict_proba(records)
        accuracy = np.average(joint.max(axis=0).sum(axis=1), weights=w)
        kl = rel_entr([accuracy, 1 - accuracy], [prior.max(), 1 - prior.max()]).sum()
        assert prior.max() - 1e-12 <= accuracy
        assert kl <= model.mutual_information_ + 1e-12


def test_samples_are_drawn_from_the_probabilities():
    X, y, w = world(3)
    model = MIDLogisticRegression(0.1).fit(X, np.array(["a", "b", "c"])[y], w)
    draws = model.sample_predict(X, n_samples=4000, random_state=0)
    assert draws.shape == (4000, len(X))
    assert_array_equal(draws, model.sample_predict(X, n_samples=4000, random_state=0))
    shares = (draws[..., None] == model.classes_).mean(axis=0)
    assert_allclose(shares, model.predict_proba(X), atol=0.04)
    with pytest.raises(ValueError, match="n_samples must be an int of 1 or more"):
        model.sample_predict(X, n_samples=0)


def test_answers_fit_together():
    for n_classes in (2, 3):
        X, y, w = world(n_classes)
        model = MIDLogisticRegression(0.1).fit(X, y, w)
        p, scores = model.predict_proba(X), model.decision_function(X)
        assert_array_equal(model.predict(X), p.argmax(axis=1))
        assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        assert_allclose(model.predict_log_proba(X), np.log(p), rtol=1e-9)
        odds = np.diff(np.log(p), axis=1)
        ours = scores if n_classes == 2 else np.diff(scores, axis=1)
        assert_allclose(ours.ravel(), odds.ravel(), rtol=1e-9, atol=1e-12)


def test_grid_search_over_lambda():
    X, y, _ = world(2)
    search = GridSearchCV(
        MIDLogisticRegression(),
        {"reg_lambda": [0, np.inf]},
        cv=3,
        scoring="accuracy",
    )
    assert search.fit(X, y).best_params_ == {"reg_lambda": 0}


def test_stopping_early_is_told():
    X, y, _ = world(2)
    with pytest.warns(ConvergenceWarning, match=r"did not converge \(reg_lambda=1\)"):
        MIDLogisticRegression(1, max_iter=1).fit(X, y)


def test_data_are_left_alone():
    X, y, w = world(2)
    w[0] = 0
    for array in (X, y, w):
        array.setflags(write=False)
    MIDLogisticRegression(1).fit(X, y, w)
    MIDLogisticRegression(1, sensitive_features=[GROUP]).fit(X, y, w)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"reg_lambda": -1}, "'reg_lambda' parameter .* Got -1"),
        ({"reg_lambda": np.nan}, "'reg_lambda' parameter .* Got nan"),
        ({"prior": "flat"}, "'prior' parameter .* Got 'flat'"),
        ({"max_iter": 0}, "'max_iter' parameter .* Got 0"),
        ({"tol": 0}, "'tol' parameter .* Got 0"),
        ({"sensitive_features": []}, "sensitive_features is empty"),
        ({"sensitive_features": [5]}, "=5 is out of range: X has 5 columns"),
        ({"sensitive_features": ["sex"]}, "X has no column names"),
        ({"sensitive_features": [1, [1, 2]]}, "names a column twice"),
        ({"sensitive_features": [[0, 1]]}, "not one-hot: column 0 of the group takes"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    X, y, _ = world(2)
    with pytest.raises(ValueError, match=message):
        MIDLogisticRegression(**parameters).fit(X, y)


def test_bad_data_are_named():
    X, y, _ = world(2)
    model = MIDLogisticRegression()
    for bad_X, bad_y, message in (
        (np.where(X == 1, np.nan, X), y, "contains NaN"),
        (X, np.zeros(len(y)), "at least 2 classes in y, but got 1 class"),
        (X, X[:, 1], "Unknown label type"),
        (X, None, "requires y to be passed"),
        (np.ones_like(X), y, "All features of X are constant"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(bad_X, bad_y)
