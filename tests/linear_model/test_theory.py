"""What the reported information means, where the truth is known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.special import rel_entr
from scipy.stats import norm

from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.linear_model._problems import SensitiveInput

GROUP = [1, 2, 3]


def world(n=600, seed=0):
    rng = np.random.default_rng(seed)
    rest = rng.integers(3, size=n).astype(float)
    secret = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    X = np.column_stack([rest, np.eye(3)[secret]])
    y = rest + X[:, GROUP] @ [-1.0, 0.5, 1.5] + 0.8 * rng.normal(size=n)
    return X, y, secret


@pytest.mark.parametrize("reg_lambda", [0, 0.5, 3])
def test_conditional_information_equals_numerical_integration(reg_lambda):
    X, y, secret = world()
    model = MIDLinearRegression(reg_lambda, sensitive_features=[GROUP]).fit(X, y)
    sigma, p = np.sqrt(model.noise_variance_), np.bincount(secret) / len(secret)
    expected = 0.0
    for rest in (0.0, 1.0, 2.0):  # p(rest) = 1/3 or not: each gives the same
        f = model.predict(np.column_stack([np.full(3, rest), np.eye(3)]))

        def integrand(t, v, f=f):  # p(t | v) log p(t | v) / p(t)
            density = norm.pdf(t, f[v], sigma)
            return density * np.log(density / (p @ norm.pdf(t, f, sigma)))

        parts = [
            quad(integrand, f[v] - 9 * sigma, f[v] + 9 * sigma, args=(v,), epsabs=1e-11)
            for v in range(3)
        ]
        expected += np.mean(X[:, 0] == rest) * (p @ [part[0] for part in parts])
    assert_allclose(model.mutual_information_, expected, atol=1e-8)


def test_information_of_several_attributes_adds_up():
    X, y, _ = world()
    both = MIDLinearRegression(0, sensitive_features=[0, GROUP]).fit(X, y)
    parts = [
        MIDLinearRegression(0, sensitive_features=[s]).fit(X, y).mutual_information_
        for s in (0, GROUP)
    ]
    assert_allclose(both.mutual_information_, sum(parts), rtol=1e-12)


def test_penalty_does_not_depend_on_whose_secret_it_is():
    X, y, _ = world()
    rng = np.random.default_rng(1)
    permuted = X.copy()
    for rest in (0.0, 1.0, 2.0):
        rows = np.flatnonzero(X[:, 0] == rest)
        permuted[rows[:, None], GROUP] = X[rng.permutation(rows)[:, None], GROUP]
    assert not np.array_equal(permuted, X)

    def problem(X) -> SensitiveInput:
        return MIDLinearRegression(
            sensitive_features=[GROUP], noise_variance=0.5
        )._pose(X, y, None)

    ours, theirs = problem(X), problem(permuted)
    for coef in rng.normal(size=(5, 4)):
        assert_allclose(
            ours.information(ours.coordinates(coef))[0],
            theirs.information(theirs.coordinates(coef))[0],
            rtol=1e-12,
        )


@pytest.mark.parametrize("problem", ["whole", "sensitive"])
def test_gradients_equal_finite_differences(problem):
    X, y, _ = world(80)
    model = MIDLinearRegression(
        sensitive_features=None if problem == "whole" else [0, GROUP]
    )
    posed = model._pose(X, y, None)
    rng = np.random.default_rng(2)
    v = posed.v_ols * rng.uniform(0.5, 1, size=len(posed.v_ols))
    _, loss_slope, _, information_slope = posed.evaluate(v)
    for slope, function in (
        (loss_slope, posed.loss),
        (information_slope, posed.information),
    ):
        for k, step in enumerate(1e-4 * np.eye(len(v))):
            values = [function(v + times * step)[0] for times in (-2, -1, 1, 2)]
            numeric = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-4
            assert_allclose(slope[k], numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("reg_lambda", [0, 0.3, 1, 3])
def test_a_guesser_fed_with_the_channel_obeys_the_information_bound(reg_lambda):
    # the best guess from Yhat and the rest has accuracy a with
    # kl(a || p_max) <= I(X_s; Yhat | X_-s)
    X, y, _ = world()
    model = MIDLinearRegression(reg_lambda, sensitive_features=[GROUP]).fit(X, y)
    rng = np.random.default_rng(3)
    p = X[:, GROUP].mean(axis=0)
    secret = rng.choice(3, size=200_000, p=p)
    rest = rng.integers(3, size=200_000).astype(float)
    released = model.sample_predict(
        np.column_stack([rest, np.eye(3)[secret]]), random_state=4
    )[0]
    u = model.coef_[GROUP]
    rest_part = model.intercept_ + model.coef_[0] * rest
    log_posterior = np.log(p) - (released - rest_part)[:, None] ** 2 * 0
    log_posterior = log_posterior - ((released - rest_part)[:, None] - u) ** 2 / (
        2 * model.noise_variance_
    )
    accuracy = np.mean(log_posterior.argmax(axis=1) == secret)
    p_max = p.max()
    kl = rel_entr(accuracy, p_max) + rel_entr(1 - accuracy, 1 - p_max)
    assert kl <= model.mutual_information_ + 1e-3
    assert accuracy >= p_max - 0.005
