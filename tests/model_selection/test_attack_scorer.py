import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    GradientInversionAttack,
    ImputationBaseline,
    LearnedAttack,
    MAPAttack,
    PriorBaseline,
)
from sklearn_mid.datasets import make_discrete_world, make_linear_gaussian
from sklearn_mid.linear_model import MIDLinearRegression
from sklearn_mid.model_selection import (
    best_utility_under_advantage,
    make_attack_scorer,
)
from sklearn_mid.tree import MIDDecisionTreeClassifier

LINEAR = make_linear_gaussian(3000, secret_coef=3.0, random_state=0)


def text_world(n_samples, random_state):
    """A world with string columns, whose response tells about the secret."""
    joint = np.einsum(
        "sy,c->scy", [[0.42, 0.03, 0.03], [0.02, 0.15, 0.35]], [0.2, 0.3, 0.5]
    )
    world = make_discrete_world(n_samples, joint=joint, random_state=random_state)
    X = pd.DataFrame(
        {
            "place": world.data["known_0"].map({0: "a", 1: "b", 2: "c"}),
            "secret": world.data["secret"].map({0: "no", 1: "yes"}),
        }
    )
    return world, X, world.target.map({0: "low", 1: "mid", 2: "high"})


def pipeline(model):
    return Pipeline(
        [
            ("encode", make_column_transformer((OneHotEncoder(), ["place", "secret"]))),
            ("model", model),
        ]
    )


def test_score_equals_the_negated_attack_by_hand():
    X, y = LINEAR.data, LINEAR.target
    model = LinearRegression().fit(X[:1000], y[:1000])
    known, people = (X[1000:2000], y[1000:2000]), (X[2000:], y[2000:])
    attack = MAPAttack(model, "secret").fit(*known)
    truth, inferred = attack.sensitive_values(people[0]), attack.infer(*people)
    guess = PriorBaseline("secret").fit(*known).infer(people[0])
    accuracy = np.mean(truth == inferred)
    expected = {
        "accuracy": accuracy,
        "advantage": accuracy - np.mean(truth == guess),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, inferred),
        "f1": metrics.f1_score(truth, inferred, average="macro"),
        "mcc": metrics.matthews_corrcoef(truth, inferred),
    }
    for metric, value in expected.items():
        scorer = make_attack_scorer(
            MAPAttack(None, "secret"),
            metric=metric,
            X_auxiliary=known[0],
            y_auxiliary=known[1],
        )
        assert_allclose(scorer(model, *people), -value, rtol=1e-12)


def test_halves_the_rows_without_auxiliary_data():
    # Many rows, so that the halves' accuracy is near that of the best attack.
    X, y = LINEAR.data, LINEAR.target
    model = LinearRegression().fit(X, y)
    scorer = make_attack_scorer(MAPAttack(None, "secret"), metric="accuracy")
    error = 5 * 0.5 / np.sqrt(len(X) / 2)
    assert_allclose(-scorer(model, X, y), LINEAR.bayes_accuracy, atol=error)
    assert scorer(model, X, y) == scorer(model, X, y)
    assert scorer(model, X, y) == pickle.loads(pickle.dumps(scorer))(model, X, y)


def test_arrays_score_as_frames():
    X, y = LINEAR.data, LINEAR.target
    scorer = make_attack_scorer(MAPAttack(None, "secret"))
    by_index = make_attack_scorer(MAPAttack(None, 0))
    as_array = by_index(LinearRegression().fit(X.to_numpy(), y), X.to_numpy(), y)
    assert_allclose(scorer(LinearRegression().fit(X, y), X, y), as_array, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_rare_values_of_the_secret_are_known_to_the_attacker(seed):
    X = np.column_stack([np.repeat([0, 1, 2, 3], [1, 2, 3, 94]), np.arange(100) % 7])
    y = np.arange(100) % 2
    scorer = make_attack_scorer(
        MAPAttack(None, 0), metric="accuracy", random_state=seed
    )
    assert scorer(DecisionTreeClassifier().fit(X, y), X, y) <= 0


def test_continuous_secret_is_halved_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    y = X @ [2.0, 1.0]
    scorer = make_attack_scorer(MAPAttack(None, 0))
    # The response gives the secret away: only values near the border of two of the
    # ten bins are missed.
    assert scorer(LinearRegression().fit(X, y), X, y) < -0.5


def test_target_that_knows_nothing_scores_zero():
    _, X, y = text_world(400, random_state=0)
    model = pipeline(DummyClassifier()).fit(X, y)
    assert make_attack_scorer(MAPAttack(None, "secret"))(model, X, y) == 0
    mcc = make_attack_scorer(MAPAttack(None, "secret"), metric="mcc")
    assert mcc(model, X, y) == 0


def test_attack_and_its_target_are_left_as_they_were():
    attack = MAPAttack(None, "secret")
    scorer = make_attack_scorer(attack)
    model = LinearRegression().fit(LINEAR.data, LINEAR.target)
    before = model.coef_.copy()
    scorer(model, LINEAR.data, LINEAR.target)
    assert attack.estimator is None
    assert not hasattr(attack, "values_")
    assert_allclose(model.coef_, before, rtol=0)


def test_labelled_records_need_their_own_baseline():
    attack = LearnedAttack(None, "secret", random_state=0)
    with pytest.raises(ValueError, match=r"LearnedAttack knows 'labelled records'"):
        make_attack_scorer(attack, baseline=None)
    world, X, y = text_world(1500, random_state=0)
    model = pipeline(DecisionTreeClassifier(max_depth=3)).fit(X, y)
    small = RandomForestClassifier(n_estimators=20, max_depth=3, random_state=0)
    attack.set_params(classifier=small)
    baseline = ImputationBaseline("secret", classifier=small)
    attack.set_params(random_state=None)
    assert repr(make_attack_scorer(attack).baseline) == repr(baseline)
    scorer = make_attack_scorer(attack)
    # The response says all that the model could: imputation is as good.
    assert_allclose(scorer(model, X, y), 0, atol=0.05)
    accuracy = make_attack_scorer(attack, metric="accuracy")(model, X, y)
    assert_allclose(-accuracy, world.bayes_accuracy, atol=0.07)


def test_train_scores_show_what_the_training_people_lose():
    rng = np.random.default_rng(0)
    X = rng.integers(4, size=(400, 5))
    y = rng.integers(2, size=400)
    scores = cross_validate(
        DecisionTreeClassifier(random_state=0),
        X,
        y,
        cv=3,
        scoring={"neg_advantage": make_attack_scorer(MAPAttack(None, 0))},
        return_train_score=True,
    )
    train = -scores["train_neg_advantage"].mean()
    assert train > -scores["test_neg_advantage"].mean() + 0.1


def test_grid_search_over_a_pipeline_keeps_the_limit():
    _, X, y = text_world(1200, random_state=1)
    search = GridSearchCV(
        pipeline(DecisionTreeClassifier(random_state=0)),
        {"model__max_depth": [1, 2, 3], "model__min_samples_leaf": [1, 1200]},
        scoring={
            "utility": "accuracy",
            "neg_advantage": make_attack_scorer(MAPAttack(None, "secret")),
        },
        refit=best_utility_under_advantage(0.05),
        cv=3,
    ).fit(X, y)
    # Only a tree without a split keeps the secret.
    assert search.best_params_["model__min_samples_leaf"] == 1200
    assert search.cv_results_["mean_test_neg_advantage"].min() < -0.3
    with pytest.raises(ValueError, match=r"limit=-0\.1 .* smallest is 0\.0000"):
        search.set_params(refit=best_utility_under_advantage(-0.1)).fit(X, y)


def test_the_upper_limit_is_held_against_the_limit():
    results = {
        "mean_test_utility": np.array([0.9, 0.8]),
        "mean_test_neg_advantage": np.array([-0.03, -0.03]),
        "split0_test_neg_advantage": np.array([0.07, -0.029]),
        "split1_test_neg_advantage": np.array([-0.13, -0.031]),
        "split0_train_neg_advantage": np.array([-0.01, -0.01]),
    }
    assert best_utility_under_advantage(0.05)(results) == 1
    assert best_utility_under_advantage(0.05, confidence_level=None)(results) == 0
    # Two folds 0.002 apart: 0.03 + t(0.95, 1) * 0.001
    edge = 0.03 + 6.313752 * 0.001
    assert best_utility_under_advantage(edge + 1e-7)(results) == 1
    with pytest.raises(ValueError, match=r"smallest is 0\.0363, of candidate 1"):
        best_utility_under_advantage(edge - 1e-7)(results)
    results["mean_train_neg_advantage"] = results["split0_train_neg_advantage"]
    train = {"neg_advantage": "mean_train_neg_advantage"}
    with pytest.raises(ValueError, match=r"1 columns 'split\.\.\._train_neg_adv"):
        best_utility_under_advantage(0.05, **train)(results)
    assert (
        best_utility_under_advantage(0.05, confidence_level=None, **train)(results) == 0
    )


def test_grid_search_over_lambda_of_encoded_secret():
    # secret and response go together with a slope of 2 beside noise of variance 1
    world = make_linear_gaussian(900, secret_coef=2.0, random_state=0)
    X = world.data.assign(secret=world.data["secret"].map({0.0: "no", 1.0: "yes"}))
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["secret"]),
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    group = ["secret_no", "secret_yes"]
    search = GridSearchCV(
        Pipeline(
            [
                ("encode", encode),
                ("model", MIDLinearRegression(sensitive_features=[group])),
            ]
        ),
        {"model__reg_lambda": [0, 1, np.inf]},
        scoring={
            "utility": "r2",
            "neg_advantage": make_attack_scorer(MAPAttack(None, "secret")),
        },
        refit=best_utility_under_advantage(0.05),
        cv=3,
        n_jobs=2,
    ).fit(X, world.target)
    assert search.best_params_ == {"model__reg_lambda": np.inf}
    advantage = -search.cv_results_["mean_test_neg_advantage"]
    assert advantage[0] > 0.25
    assert advantage[2] == 0
    # Chosen without a limit that matters, the model that uses the secret wins.
    loose = best_utility_under_advantage(1.0)
    assert loose(search.cv_results_) == 0


def test_grid_search_over_lambda_of_a_tree_on_strings():
    _, X, y = text_world(1200, random_state=1)
    search = GridSearchCV(
        MIDDecisionTreeClassifier(
            categorical_features=["place", "secret"], sensitive_features=["secret"]
        ),
        {"reg_lambda": [0, 10]},
        scoring={
            "utility": "accuracy",
            "neg_advantage": make_attack_scorer(MAPAttack(None, "secret")),
        },
        refit=best_utility_under_advantage(0.05),
        cv=3,
    ).fit(X, y)
    assert search.best_params_ == {"reg_lambda": 10}
    assert search.cv_results_["mean_test_neg_advantage"][0] < -0.3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: make_attack_scorer(LinearRegression()),
            TypeError,
            "has no infer, no sensitive_values; pass an attribute inference attack",
        ),
        (
            lambda: make_attack_scorer(GradientInversionAttack(None)),
            TypeError,
            "has no infer, no sensitive_values",
        ),
        (
            lambda: make_attack_scorer(PriorBaseline("secret")),
            TypeError,
            "has no parameter estimator; only an attack on a model",
        ),
        (
            lambda: make_attack_scorer(MAPAttack(None, 0), metric="auc"),
            ValueError,
            "metric='auc' is unknown.*'advantage', 'accuracy'",
        ),
        (
            lambda: make_attack_scorer(MAPAttack(None, 0), X_auxiliary=[[1]]),
            ValueError,
            "Pass both X_auxiliary and y_auxiliary",
        ),
        (
            lambda: make_attack_scorer(MAPAttack(None, "sex"))(
                LinearRegression(), LINEAR.data, LINEAR.target
            ),
            ValueError,
            "sensitive_feature='sex' is not a column of X",
        ),
    ],
)
def test_wrong_argument_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
