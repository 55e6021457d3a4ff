"""What the model minimises, its limits, and what must not matter."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV

from sklearn_mid.information import mixture_entropy
from sklearn_mid.linear_model import MIDLinearRegression

LAMBDAS = [0.01, 0.1, 0.3, 1, 3, 10, 100, 1e4]
GROUP = [2, 3, 4]


@pytest.fixture(scope="module")
def data():
    """Two numbers and a one-hot attribute, which all matter; weights."""
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.normal(size=(150, 2)), np.eye(3)[rng.integers(3, size=150)]]
    )
    y = X @ [1, -0.5, -1, 0.2, 1.1] + rng.normal(size=150)
    return X, y, rng.uniform(0.2, 2, size=150)


def noise_entropy(model):
    return 0.5 * np.log(2 * np.pi * np.e * model.noise_variance_)


def whole_information(model, X, w, **options):
    sigma = np.sqrt(model.noise_variance_)
    h = mixture_entropy(model.predict(X), sigma, sample_weight=w, **options)
    return h - noise_entropy(model)


def group_information(model, X, w, columns, **options):
    """Entropy of Yhat with the attribute drawn from its marginal, the rest known."""
    centers = X[:, columns] @ model.coef_[columns]
    sigma = np.sqrt(model.noise_variance_)
    return mixture_entropy(centers, sigma, sample_weight=w, **options) - noise_entropy(
        model
    )


def squared_error(model, X, y, w):
    return np.average((y - model.predict(X)) ** 2, weights=w)


@pytest.mark.parametrize("sensitive", [None, [GROUP], [0, 4]])
def test_lambda_zero_is_linear_regression(data, sensitive):
    X, y, w = data
    ours = MIDLinearRegression(0, sensitive_features=sensitive).fit(X, y, w)
    theirs = LinearRegression().fit(X, y, w)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10, atol=1e-12)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)
    assert_allclose(ours.noise_variance_, squared_error(theirs, X, y, w), rtol=1e-12)
    assert ours.objective_ == pytest.approx(0.5, rel=1e-12)
    assert ours.n_iter_ == 1


@pytest.mark.parametrize("reg_lambda", [1e8, np.inf])
@pytest.mark.parametrize(
    ("entropy", "taylor_order"), [("quadrature", 2), ("taylor", 2), ("taylor", 0)]
)
def test_lambda_to_infinity_predicts_a_constant(
    data, reg_lambda, entropy, taylor_order
):
    X, y, w = data
    model = MIDLinearRegression(
        reg_lambda, entropy=entropy, taylor_order=taylor_order
    ).fit(X, y, w)
    assert_allclose(model.coef_, 0, atol=1e-7)
    assert_allclose(model.predict(X), np.average(y, weights=w), atol=1e-6)
    assert model.mutual_information_ == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("reg_lambda", [1e8, np.inf])
def test_lambda_to_infinity_omits_the_sensitive_features(data, reg_lambda):
    X, y, w = data
    model = MIDLinearRegression(reg_lambda, sensitive_features=[GROUP]).fit(X, y, w)
    omitted = LinearRegression().fit(X[:, :2], y, w)
    assert_allclose(np.ptp(model.coef_[GROUP]), 0, atol=1e-6)
    assert_allclose(model.predict(X), omitted.predict(X[:, :2]), atol=1e-6)
    assert model.mutual_information_ == pytest.approx(0, abs=1e-8)
    if np.isinf(reg_lambda):
        assert_array_equal(model.coef_[GROUP], 0)
        assert model.objective_ == pytest.approx(
            squared_error(omitted, X[:, :2], y, w) / (2 * model.noise_variance_)
        )


@pytest.mark.parametrize(
    ("entropy", "taylor_order"), [("quadrature", 2), ("taylor", 2), ("taylor", 0)]
)
@pytest.mark.parametrize("reg_lambda", [0.3, 2])
def test_whole_input_minimises_its_objective(data, reg_lambda, entropy, taylor_order):
    X, y, w = data
    model = MIDLinearRegression(
        reg_lambda, entropy=entropy, taylor_order=taylor_order
    ).fit(X, y, w)
    options = {"method": entropy, "taylor_order": taylor_order}

    def objective(beta):
        trial = clone(model)
        trial.coef_, trial.intercept_, trial.n_features_in_ = beta[1:], beta[0], 5
        trial.noise_variance_ = model.noise_variance_
        return squared_error(trial, X, y, w) / (
            2 * model.noise_variance_
        ) + reg_lambda * whole_information(trial, X, w, **options)

    found = np.append(model.intercept_, model.coef_)
    assert_allclose(objective(found), model.objective_, rtol=1e-8)
    assert_allclose(
        model.mutual_information_,
        max(whole_information(model, X, w, **options), 0),
        atol=1e-8,
    )
    reference = minimize(objective, found + 0.01, method="Powell", tol=1e-10)
    assert model.objective_ <= reference.fun + 1e-6
    assert_allclose(model.predict(X).mean(), y.mean(), atol=0.3)


@pytest.mark.parametrize("entropy", ["quadrature", "taylor"])
def test_sensitive_features_minimise_their_objective(data, entropy):
    X, y, w = data
    model = MIDLinearRegression(
        1.5, sensitive_features=[0, GROUP], entropy=entropy
    ).fit(X, y, w)

    def objective(beta):
        trial = clone(model)
        trial.coef_, trial.intercept_, trial.n_features_in_ = beta[1:], beta[0], 5
        trial.noise_variance_ = model.noise_variance_
        information = sum(
            group_information(trial, X, w, columns, method=entropy)
            for columns in ([0], GROUP)
        )
        error = squared_error(trial, X, y, w)
        return error / (2 * model.noise_variance_) + 1.5 * information

    found = np.append(model.intercept_, model.coef_)
    assert_allclose(objective(found), model.objective_, rtol=1e-8)
    reference = minimize(objective, found + 0.01, method="Powell", tol=1e-10)
    assert model.objective_ <= reference.fun + 1e-6


@pytest.mark.parametrize("sensitive", [None, [GROUP], [0, GROUP]])
@pytest.mark.parametrize("entropy", ["quadrature", "taylor"])
def test_information_falls_and_error_grows_with_lambda(data, sensitive, entropy):
    X, y, w = data
    models = [
        MIDLinearRegression(lam, sensitive_features=sensitive, entropy=entropy).fit(
            X, y, w
        )
        for lam in LAMBDAS
    ]
    information = [m.mutual_information_ for m in models]
    errors = [squared_error(m, X, y, w) for m in models]
    assert (np.diff(information) <= 1e-9).all()
    assert (np.diff(errors) >= -1e-9).all()
    assert information[0] > 10 * information[-1]


def test_sensitive_penalty_touches_what_the_others_say_only_through_least_squares(data):
    X, y, w = data
    model = MIDLinearRegression(3, sensitive_features=[GROUP]).fit(X, y, w)
    rest = y - X[:, GROUP] @ model.coef_[GROUP]
    refit = LinearRegression().fit(X[:, :2], rest, w)
    assert_allclose(model.coef_[:2], refit.coef_, rtol=1e-8)
    assert_allclose(model.intercept_, refit.intercept_, rtol=1e-8)


def test_a_column_that_says_nothing_costs_nothing(data):
    X, y, w = data
    constant = np.column_stack([X, np.full(len(X), 0.1)])
    model = MIDLinearRegression(2, sensitive_features=[-1]).fit(constant, y, w)
    theirs = LinearRegression().fit(X, y, w)
    assert_allclose(model.predict(constant), theirs.predict(X), rtol=1e-10)
    assert model.mutual_information_ == 0


def test_a_copy_of_the_secret_takes_over(data):
    X, y, w = data
    both = np.column_stack([X, X[:, 0]])
    model = MIDLinearRegression(10, sensitive_features=[0]).fit(both, y, w)
    assert model.mutual_information_ < 1e-8
    assert_allclose(
        model.predict(both), LinearRegression().fit(X, y, w).predict(X), atol=1e-4
    )


def test_units_do_not_matter(data):
    X, y, w = data
    plain = MIDLinearRegression(1, sensitive_features=[0, GROUP]).fit(X, y, w)
    for factor in (1e-9, 1e9):
        scaled = MIDLinearRegression(1, sensitive_features=[0, GROUP]).fit(
            X * factor + 5 * factor, y * factor**0.5 - 3, w
        )
        assert_allclose(
            scaled.mutual_information_, plain.mutual_information_, rtol=1e-4
        )
        assert_allclose(
            scaled.predict(X * factor + 5 * factor),
            plain.predict(X) * factor**0.5 - 3,
            rtol=1e-4,
            atol=1e-4 * factor**0.5,
        )
    whole = MIDLinearRegression(1).fit(X, y, w)
    mixed = MIDLinearRegression(1).fit(X[:, :4] @ np.diag([3, 1e4, 1, 1e-4]), y, w)
    assert_allclose(
        mixed.predict(X[:, :4] @ np.diag([3, 1e4, 1, 1e-4])),
        whole.predict(X),
        atol=1e-4,
    )


def test_order_of_rows_and_columns_does_not_matter(data):
    X, y, w = data
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(len(X)), np.array([4, 0, 3, 1, 2])
    group = [0, 2, 4]  # where columns 4, 3, 2 went
    plain = MIDLinearRegression(1, sensitive_features=[GROUP]).fit(X, y, w)
    moved = MIDLinearRegression(1, sensitive_features=[group]).fit(
        X[rows][:, columns], y[rows], w[rows]
    )
    assert_allclose(moved.coef_, plain.coef_[columns], atol=1e-5)


@pytest.mark.parametrize("sensitive", [None, [GROUP], [0]])
def test_weights_are_repetitions(data, sensitive):
    X, y, _ = data
    weights = np.arange(len(X)) % 3
    model = MIDLinearRegression(1, sensitive_features=sensitive, tol=1e-9)
    weighted = clone(model).fit(X, y, weights)
    repeated = clone(model).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    for name in ("coef_", "intercept_", "noise_variance_", "mutual_information_"):
        assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-6)


def test_ways_to_name_a_feature(data):
    X, y, _ = data
    frame = pd.DataFrame(X, columns=["age", "dose", "CC", "CT", "TT"])
    expected = MIDLinearRegression(1, sensitive_features=[[2, 3, 4]]).fit(X, y)
    for names in ([["CC", "CT", "TT"]], [("TT", "CC", "CT")], [[-1, "CC", 3]]):
        model = MIDLinearRegression(1, sensitive_features=names).fit(frame, y)
        assert_allclose(model.coef_, expected.coef_, atol=1e-6)
        assert model.sensitive_features is names
    one = MIDLinearRegression(1, sensitive_features="age").fit(frame, y)
    same = MIDLinearRegression(1, sensitive_features=[0]).fit(X, y)
    assert_allclose(one.coef_, same.coef_)


def test_one_hot_may_be_scaled_or_lack_a_level(data):
    X, y, _ = data
    full = MIDLinearRegression(1, sensitive_features=[GROUP]).fit(X, y)
    scaled = X.copy()
    scaled[:, GROUP] = (X[:, GROUP] - X[:, GROUP].mean(0)) / X[:, GROUP].std(0)
    dropped = X[:, :4]
    for other, group in ((scaled, GROUP), (dropped, [2, 3])):
        model = MIDLinearRegression(1, sensitive_features=[group]).fit(other, y)
        assert_allclose(model.mutual_information_, full.mutual_information_, rtol=1e-4)
        assert_allclose(model.predict(other), full.predict(X), atol=1e-4)


def test_sensitive_column_of_many_values(monkeypatch):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3000, 3))
    y = X @ [2, 1, 1] + rng.normal(size=3000)
    model = MIDLinearRegression(1, sensitive_features=[0])
    exact = clone(model).fit(X, y)
    monkeypatch.setattr("sklearn_mid.linear_model._problems._MAX_CENTERS", 1000)
    binned = clone(model).fit(X, y)
    assert_allclose(binned.coef_, exact.coef_, rtol=1e-4)
    assert_allclose(binned.mutual_information_, exact.mutual_information_, rtol=1e-4)


def test_noise_variance_may_be_given(data):
    X, y, w = data
    residual = MIDLinearRegression(1).fit(X, y, w)
    given = MIDLinearRegression(1, noise_variance=residual.noise_variance_)
    assert_allclose(given.fit(X, y, w).coef_, residual.coef_, rtol=1e-8)
    loud = MIDLinearRegression(1, noise_variance=100.0).fit(X, y, w)
    assert loud.noise_variance_ == pytest.approx(100.0, rel=1e-12)
    assert loud.mutual_information_ < residual.mutual_information_
    quiet = MIDLinearRegression(1, noise_variance=1e-10).fit(X, y, w)
    assert np.isfinite(quiet.mutual_information_)
    assert quiet.mutual_information_ > residual.mutual_information_


def test_a_perfect_fit_has_a_speck_of_noise(data):
    X, _, w = data
    y = X @ np.arange(5.0)
    model = MIDLinearRegression(1, sensitive_features=[GROUP]).fit(X, y, w)
    variance = np.average((y - np.average(y, weights=w)) ** 2, weights=w)
    assert model.noise_variance_ == pytest.approx(1e-8 * variance, rel=1e-6)
    # information costs next to nothing: three values, ln 3, told apart
    assert_allclose(model.predict(X), y, atol=1e-3)
    share = w @ X[:, GROUP] / w.sum()
    assert_allclose(model.mutual_information_, -share @ np.log(share), rtol=1e-6)


@pytest.mark.parametrize("sensitive", [None, [0]])
def test_constant_response(data, sensitive):
    X = data[0]
    model = MIDLinearRegression(1, sensitive_features=sensitive)
    model.fit(X, np.full(len(X), 0.1))
    assert_allclose(model.predict(X), 0.1, rtol=1e-12)
    assert model.mutual_information_ == pytest.approx(0, abs=1e-12)


def test_without_an_intercept(data):
    X, y, w = data
    theirs = LinearRegression(fit_intercept=False).fit(X, y, w)
    for sensitive in (None, [GROUP]):
        model = MIDLinearRegression(
            0, sensitive_features=sensitive, fit_intercept=False
        )
        model.fit(X, y, w)
        assert_allclose(model.coef_, theirs.coef_, rtol=1e-8)
        assert model.intercept_ == 0
        model.set_params(reg_lambda=np.inf).fit(X, y, w)
        assert model.intercept_ == 0
    assert_array_equal(model.coef_[GROUP], 0)
    ones = np.ones((5, 1))
    alone = MIDLinearRegression(1, fit_intercept=False).fit(ones, np.arange(5.0))
    assert_allclose(alone.predict(ones), 2.0)


def test_warm_start_takes_up_the_previous_solution(data):
    X, y, w = data
    model = MIDLinearRegression(2, sensitive_features=[GROUP], warm_start=True)
    first = model.fit(X, y, w).objective_
    assert model.fit(X, y, w).objective_ <= first + 1e-12
    assert model.set_params(sensitive_features=None).fit(X, y, w).n_iter_ >= 1
    assert model.fit(X[:, :3], y, w).n_features_in_ == 3


def test_stopping_early_is_told(data):
    X, y, w = data
    model = MIDLinearRegression(1, sensitive_features=[GROUP], max_iter=1)
    with pytest.warns(ConvergenceWarning, match=r"did not converge \(reg_lambda=1\)"):
        model.fit(X, y, w)


def test_predict_is_the_linear_predictor_and_samples_are_noisy(data):
    X, y, w = data
    model = MIDLinearRegression(0.5).fit(X, y, w)
    f = X @ model.coef_ + model.intercept_
    assert_array_equal(model.predict(X), f)
    draws = model.sample_predict(X, n_samples=400, random_state=0)
    assert draws.shape == (400, len(X))
    assert_array_equal(draws, model.sample_predict(X, n_samples=400, random_state=0))
    assert_allclose(draws.var(), f.var() + model.noise_variance_, rtol=0.02)
    assert_allclose(
        draws.mean(axis=0), f, atol=5 * np.sqrt(model.noise_variance_ / 400)
    )
    with pytest.raises(
        ValueError, match="n_samples must be an int of 1 or more, got 0"
    ):
        model.sample_predict(X, n_samples=0)


def test_grid_search_over_lambda(data):
    X, y, _ = data
    search = GridSearchCV(MIDLinearRegression(), {"reg_lambda": [0, 1, np.inf]}, cv=3)
    assert search.fit(X, y).best_params_ == {"reg_lambda": 0}


def test_data_are_left_alone(data):
    X, y, w = (a.copy() for a in data)
    w[0] = 0
    for array in (X, y, w):
        array.setflags(write=False)
    MIDLinearRegression(1).fit(X, y, w)
    MIDLinearRegression(1, sensitive_features=[GROUP]).fit(X, y, w)
