"""Warfarin dosing: what the penalty costs, and what it withholds from attackers.

Run with ``-s`` to see the tables.
"""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import matthews_corrcoef, mean_squared_error
from sklearn.model_selection import train_test_split

from sklearn_mid.attacks import MAPAttack, PriorBaseline
from sklearn_mid.datasets import fetch_iwpc
from sklearn_mid.linear_model import MIDLinearRegression

LAMBDAS = np.geomspace(1, 100, 13)
SEEDS = range(5)


@pytest.fixture(scope="module")
def iwpc(data_home):
    return fetch_iwpc(one_hot=True, data_home=data_home, download_if_missing=False)


def attack_scores(model, secret, auxiliary, target):
    """Accuracy of the plain and the re-scaling attacker, and of no model at all."""
    plain, rescaling, prior = (
        attack.fit(*auxiliary).score(*target)
        for attack in (
            MAPAttack(model, secret),
            MAPAttack(model, secret, calibrate=True),
            PriorBaseline(secret),
        )
    )
    return {"map": plain, "re-scaling": rescaling, "majority": prior}


def own_effects(model, secret, auxiliary, target):
    """Accuracy of an attacker who estimates one effect per value from records.

    The model serves them only for what the other columns say: the secret's are 0.
    """
    (X, y), (X_target, y_target) = auxiliary, target

    def rest(X):
        return model.predict(X.assign(**dict.fromkeys(secret, 0.0)))

    design = np.column_stack([rest(X), X[secret]])
    (scale, *effects), *_ = np.linalg.lstsq(design, y, rcond=None)
    variance = np.mean((y - design @ [scale, *effects]) ** 2)
    error = (y_target - scale * rest(X_target)).to_numpy()[:, None] - effects
    log_posterior = np.log(X[secret].mean().to_numpy()) - error**2 / (2 * variance)
    guess = log_posterior.argmax(axis=1)
    return np.mean(guess == X_target[secret].to_numpy().argmax(axis=1))


def correlation(model, secret, auxiliary, target):
    """MCC of the attack that ignores how common a value is."""
    attack = MAPAttack(model, secret, use_prior=False, random_state=0).fit(*auxiliary)
    return matthews_corrcoef(attack.sensitive_values(target[0]), attack.infer(*target))


def weakest_that_hides(secret, X, y, seed, limit=0.005):
    """Least lambda under which validation rows give no attacker half a point."""
    X_fit, X_val, y_fit, y_val = train_test_split(
        X, y, test_size=0.25, random_state=seed
    )
    for reg_lambda in LAMBDAS:
        model = MIDLinearRegression(reg_lambda, sensitive_features=[secret])
        model.fit(X_fit, y_fit)
        scores = attack_scores(model, secret, (X_fit, y_fit), (X_val, y_val))
        if max(scores["map"], scores["re-scaling"]) - scores["majority"] <= limit:
            break
    return reg_lambda


def evaluate(iwpc, name):
    """Test rows, mean of 75/25 splits; lambda is chosen within the 75."""
    secret, rows = iwpc.groups[name], []
    for seed in SEEDS:
        X, X_test, y, y_test = train_test_split(
            iwpc.data, iwpc.target, test_size=0.25, random_state=seed
        )
        reg_lambda = weakest_that_hides(secret, X, y, seed)
        models = {
            "least squares": LinearRegression(),
            "mid": MIDLinearRegression(reg_lambda, sensitive_features=[secret]),
            "omitting": MIDLinearRegression(np.inf, sensitive_features=[secret]),
        }
        for label, model in models.items():
            model.fit(X, y)
            rows.append(
                {
                    "model": label,
                    "lambda": getattr(model, "reg_lambda", 0),
                    "mse": mean_squared_error(y_test, model.predict(X_test)),
                    "mcc without prior": correlation(
                        model, secret, (X, y), (X_test, y_test)
                    ),
                    "own effects": own_effects(model, secret, (X, y), (X_test, y_test)),
                    **attack_scores(model, secret, (X, y), (X_test, y_test)),
                }
            )
    table = pd.DataFrame(rows).groupby("model").mean()
    table["mse / least squares"] = table["mse"] / table.loc["least squares", "mse"]
    return table


@pytest.mark.slow
def test_withholding_vkorc1_costs_less_than_omitting_it(iwpc):
    table = evaluate(iwpc, "vkorc1")
    print("\n", table.round(4).T)
    open_, mid = table.loc["least squares"], table.loc["mid"]
    assert open_["mse"] == pytest.approx(0.0160, abs=0.0002)
    assert open_["map"] == pytest.approx(0.567, abs=0.005)
    assert open_["majority"] == pytest.approx(0.353, abs=0.005)
    assert mid["map"] <= mid["majority"] + 0.01
    assert mid["re-scaling"] <= mid["majority"] + 0.01
    assert mid["mse / least squares"] <= 1.22
    assert mid["mse"] < table.loc["omitting", "mse"]
    # Guessing by the sign of what is left stays better than chance: the response
    # itself depends on the secret, and a small coefficient still tells which way.
    assert 0.1 < mid["mcc without prior"] < open_["mcc without prior"] - 0.1
    # What nothing withholds: effects estimated anew, from any model without the secret
    assert table.loc["omitting", "own effects"] == pytest.approx(0.493, abs=0.005)
    assert mid["own effects"] < table.loc["omitting", "own effects"] + 0.01
    assert mid["own effects"] < open_["own effects"] - 0.05


@pytest.mark.slow
def test_withholding_cyp2c9_costs_less_than_omitting_it(iwpc):
    table = evaluate(iwpc, "cyp2c9")
    print("\n", table.round(4).T)
    mid = table.loc["mid"]
    assert mid["majority"] == pytest.approx(0.7535, abs=0.005)
    assert mid["map"] <= mid["majority"] + 0.01
    assert mid["re-scaling"] <= mid["majority"] + 0.01
    assert mid["mse / least squares"] <= 1.22
    assert mid["mse"] < table.loc["omitting", "mse"]


def test_whole_input_penalty_does_not_stop_a_rescaling_attacker(iwpc):
    secret = iwpc.groups["vkorc1"]
    X, X_test, y, y_test = train_test_split(
        iwpc.data, iwpc.target, test_size=0.25, random_state=0
    )
    auxiliary, target = (X, y), (X_test, y_test)
    undefended = attack_scores(LinearRegression().fit(X, y), secret, auxiliary, target)
    model = MIDLinearRegression(10).fit(X, y)
    assert model.score(X_test, y_test) < 0.2
    scores = attack_scores(model, secret, auxiliary, target)
    assert scores["map"] < undefended["map"] - 0.1
    assert scores["re-scaling"] > undefended["map"] - 0.03
