"""The problems behind the suites: tables and images."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import BernoulliNB
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import (
    GradientInversionAttack,
    ImputationBaseline,
    MAPAttack,
    MeanInputBaseline,
    PriorBaseline,
)
from sklearn_mid.benchmark import AttributeProblem, Skip
from sklearn_mid.benchmark._engine._parts import build, resolve
from sklearn_mid.benchmark._problems import CATALOGUE
from sklearn_mid.benchmark._problems._image_problems import UpdateProblem
from sklearn_mid.metrics import dp_privacy_loss_bound, information_accuracy_bound


def survey(n=400, seed=0):
    """A secret coin, an open coin, and the secret as response, wrong for a tenth."""
    rng = np.random.default_rng(seed)
    secret, known = rng.integers(2, size=(2, n))
    y = np.where(rng.random(n) < 0.1, 1 - secret, secret)
    return pd.DataFrame({"secret": secret, "known": known}), pd.Series(y)


def split(X, y, random_state=0, **others):
    options = {
        "sensitive_feature": "secret",
        "estimator": DecisionTreeClassifier(),
        **others,
    }
    return AttributeProblem.split(
        X, y, secret=X["secret"], random_state=random_state, **options
    )


def make(kind, use, problem=None, target=None, **params):
    """What a suite would make of the name and the parameters."""
    offered = {"random_state": 0, "problem": problem}
    if target is not None:
        offered["estimator"] = target
    if problem is not None:
        offered = problem.offers(kind, 0) | offered
    return build(resolve(kind, use, CATALOGUE), params, offered)


def torch_rows(X):
    import torch

    return torch.from_numpy(X.astype(np.float32))


def values(judgement):
    return {(p, m): v for p, m, v in judgement.values}


def test_the_three_groups_do_not_overlap_and_hold_the_secret_alike():
    X, y = survey()
    X["row"] = np.arange(len(X))
    problem = split(X, y)
    groups = [problem.X_train, problem.X_test, problem.X_aux]
    assert [len(group) for group in groups] == [200, 100, 100]
    rows = np.concatenate([group["row"] for group in groups])
    assert len(set(rows)) == 400
    shares = [group["secret"].mean() for group in groups]
    assert np.ptp(shares) < 0.02


def test_the_split_follows_its_seed():
    X, y = survey()
    assert split(X, y).X_train.equals(split(X, y).X_train)
    assert not split(X, y).X_train.equals(split(X, y, 1).X_train)


def test_a_model_that_tells_the_secret():
    problem = split(*survey())
    target = problem.fit(DecisionTreeClassifier(max_depth=1))
    utility = values(problem.utility(target))
    truth = problem.y_test == problem.X_test["secret"]
    assert_allclose(utility["held-out", "accuracy"], truth.mean())
    # A stump's confidence in the label is how often its leaf is right.
    assert_allclose(utility["members", "ece"], 0, atol=1e-12)
    judged = values(problem.judge(MAPAttack(target, "secret"), target))
    # The response is the secret but for a tenth of the people.
    assert_allclose(judged["held-out", "accuracy"], truth.mean())
    level = problem.X_test["secret"].value_counts(normalize=True).max()
    assert abs(judged["held-out", "baseline accuracy"] - level) < 0.05
    assert_allclose(
        judged["members", "advantage"],
        judged["members", "accuracy"] - judged["members", "baseline accuracy"],
    )
    assert_allclose(
        judged["members", "member advantage"],
        judged["members", "accuracy"] - judged["held-out", "accuracy"],
    )
    assert judged["members", "n"] == 200


def test_a_target_is_asked_once_about_a_population():
    asked = []

    class Counting(DecisionTreeClassifier):
        def predict_proba(self, X):
            asked.append(len(X))
            return super().predict_proba(X)

    problem = split(*survey())
    target = problem.fit(Counting(max_depth=1))
    problem.judge(MAPAttack(target, "secret"), target)
    # Both values of the secret: in training the attack, and on each population.
    n_records = sum(map(len, (problem.X_aux, problem.X_train, problem.X_test)))
    assert sum(asked) <= 2 * n_records


def test_a_baseline_has_no_advantage():
    problem = split(*survey())
    for baseline in (PriorBaseline("secret"), ImputationBaseline("secret")):
        judged = values(problem.judge(baseline, None))
        assert ("members", "accuracy") in judged
        assert ("members", "advantage") not in judged


def test_theory_beside_the_measurement():
    problem = split(*survey())
    target = problem.fit(DecisionTreeClassifier(max_depth=1))
    target.mutual_information_, target.epsilon_ = 0.05, 0.5
    target.neighbors = "replace-one"
    judged = values(problem.judge(MAPAttack(target, "secret"), target))
    best = values(problem.judge(ImputationBaseline("secret"), None))
    assert_allclose(
        judged["held-out", "accuracy bound"],
        information_accuracy_bound(0.05, best["held-out", "accuracy"]),
    )
    assert_allclose(
        judged["members", "privacy loss bound, tight, n=2"],
        dp_privacy_loss_bound(0.5, 2, method="tight"),
    )
    utility = values(problem.utility(target))
    assert utility["members", "epsilon"] == 0.5
    assert utility["members", "mutual information"] == 0.05
    # One more or less: a replaced record is two steps; and delta counts.
    target.neighbors, target.delta_ = "add-or-remove", 0.01
    judged = values(problem.judge(MAPAttack(target, "secret"), target))
    assert_allclose(
        judged["members", "privacy loss bound, tight, n=2"],
        dp_privacy_loss_bound(0.5, 4, 0.01, method="tight"),
    )


def test_a_regression_in_other_units():
    X, _ = survey()
    y = X["secret"] + 2.0 * X["known"]
    units = {"error in cm": lambda z: 3 * z}
    problem = split(X, y, estimator=LinearRegression(), units=units)
    zero = DummyRegressor(strategy="constant", constant=0.0)
    utility = values(problem.utility(problem.fit(zero)))
    assert_allclose(utility["held-out", "mse"], np.mean(problem.y_test**2))
    assert_allclose(
        utility["held-out", "error in cm"], 3 * np.abs(problem.y_test).mean()
    )


def test_labels_that_training_never_saw():
    X, y = survey()
    problem = split(X, y)
    problem.y_test = problem.y_test.replace({0: 7})
    utility = values(problem.utility(problem.fit(DecisionTreeClassifier(max_depth=1))))
    assert ("held-out", "ece") not in utility
    assert utility["held-out", "label confidence"] <= (problem.y_test == 1).mean()


@pytest.mark.parametrize("dataset", ["diabetes", "fair"])
def test_embedded_tables(dataset):
    if dataset == "fair":
        pytest.importorskip("statsmodels")
    problem = make("dataset", dataset)
    assert not problem.X_train.isna().any().any()
    target = problem.fit(make("defence", "undefended", problem))
    metric = "mse" if problem.is_regression else "accuracy"
    assert 0 < values(problem.utility(target))["held-out", metric] < 1
    for column, (low, high) in problem.bounds.items():
        assert problem.X_train[column].between(low, high).all()


@pytest.mark.parametrize("dataset", ["iwpc", "gss", "steak", "adult"])
def test_fetched_tables(dataset, data_home):
    problem = make("dataset", dataset)
    for column, (low, high) in problem.bounds.items():
        assert problem.X_train[column].between(low, high).all()
    secret = problem.sensitive_feature
    columns = secret if isinstance(secret, list) else [secret]
    assert set(columns) <= set(problem.X_train)


def test_what_a_mid_model_protects():
    problem = make("dataset", "diabetes")
    assert make("defence", "mid-linear", problem).sensitive_features is None
    protected = {"sensitive_features": "@secret"}
    mid = make("defence", "mid-linear", problem, **protected)
    assert mid.sensitive_features == [["sex_1", "sex_2"]]


def test_a_classifier_is_no_defence_of_a_regression():
    problem = make("dataset", "diabetes")
    with pytest.raises(Skip, match=r"Tree.* is a classifier, not a regressor"):
        problem.fit(make("defence", "mid-tree", problem))


@pytest.mark.parametrize(
    ("defence", "params"),
    [
        ("omit", {"sensitive_features": "@secret"}),
        ("mid-tree", {"reg_lambda": 0.1, "sensitive_features": "@secret"}),
        ("mid-tree", {"reg_lambda": 0.0, "max_depth": 2}),
        ("priority-depth", {"sensitive_depth": 2}),
        ("dp-tree", {"epsilon": 1.0}),
        ("dp-forest", {"epsilon": 1.0}),
        ("rounding", {"step": 0.1}),
        ("noise", {"scale": 0.1}),
        ("label-only", {}),
    ],
)
def test_every_defence_of_trees_meets_every_attack_on_them(defence, params):
    pytest.importorskip("statsmodels")
    if defence.startswith("dp"):
        pytest.importorskip("diffprivlib")
    problem = make("dataset", "fair")
    target = problem.fit(make("defence", defence, problem, **params))
    assert values(problem.utility(target))["held-out", "accuracy"] > 0.2
    attacks = ["map"] if defence.startswith("dp") else ["map", "white-box-tree"]
    for attack in attacks:
        made = make("attack", attack, problem, target)
        assert values(problem.judge(made, target))["members", "accuracy"] > 0.4


def test_white_box_sees_through_a_wrapper_but_not_what_was_left_out():
    pytest.importorskip("statsmodels")
    problem = make("dataset", "fair")
    judged = {}
    secret = {"sensitive_features": "@secret"}
    for defence, params in (("undefended", {}), ("label-only", {}), ("omit", secret)):
        target = problem.fit(make("defence", defence, problem, **params))
        made = make("attack", "white-box-tree", problem, target)
        judged[defence] = values(problem.judge(made, target))["members", "accuracy"]
    assert judged["label-only"] == judged["undefended"]
    assert (
        judged["omit"]
        == values(problem.judge(PriorBaseline("affairs"), None))["members", "accuracy"]
    )


def test_an_attacker_who_sees_the_release_only_never_asks_for_the_truth():
    problem = split(*survey())
    target = problem.fit(DecisionTreeClassifier(max_depth=1))
    attack = make("attack", "map-released", problem, target)
    problem.y_test = problem.y_test * 0
    judged = values(problem.judge(attack, target))
    # The stump releases the secret.
    assert judged["held-out", "accuracy"] == 1


def test_the_release_of_a_linear_model_is_noisy():
    problem = make("dataset", "diabetes")
    target = problem.fit(make("defence", "mid-linear", problem, reg_lambda=0.1))
    attack = make("attack", "map-released", problem, target)
    assert values(problem.judge(attack, target))["held-out", "accuracy"] < 0.9


@pytest.mark.parametrize("name", ["mi-face", "gmi"])
def test_white_box_sees_the_net_below_a_wrapper(name):
    pytest.importorskip("torch")
    problem = make("dataset", "digits", task="classes", max_epochs=1)
    target = problem.fit(make("defence", "noise", problem, scale=0.1))
    X = problem.X_aux
    few = {"max_iter": 1, "search_iter": 1} if name == "gmi" else {}
    gradients = [
        make("attack", name, problem, looked_at, **few)
        .fit(X)
        ._differentiable()
        .prepare(X.shape[1], (0, 1))
        .confidence_and_gradient(X[:2], np.array([0, 1]))
        for looked_at in (target, target.estimator_)
    ]
    for of_wrapped, of_net in zip(*gradients, strict=True):
        assert_allclose(of_wrapped, of_net)


def test_unknown_tasks():
    with pytest.raises(ValueError, match="task='faces' is not allowed"):
        make("dataset", "digits", task="faces")


@pytest.mark.parametrize(
    ("task", "attack", "params", "metrics"),
    [
        ("records", "alignment", {"max_epochs": 3}, ("gain", "ssim", "accuracy")),
        ("classes", "mi-face", {"max_iter": 5}, ("gain", "accuracy", "advantage")),
        ("classes", "gmi", {"search_iter": 3, "max_iter": 3}, ("gain", "accuracy")),
        ("updates", "update-leak", {"n_updates": 20, "n_shadows": 1}, ("accuracy",)),
    ],
)
def test_images(task, attack, params, metrics):
    pytest.importorskip("torch")
    problem = make("dataset", "digits", task=task, max_epochs=3)
    target = problem.fit(make("defence", "mid-net", problem))
    assert values(problem.utility(target))["held-out", "accuracy"] > 0.5
    made = make("attack", attack, problem, target, **params)
    judgement = problem.judge(made, target)
    judged = values(judgement)
    for metric in metrics:
        assert np.isfinite(judged["members", metric])
    if task == "updates":
        assert judgement.pictures is None
        without = values(problem.judge(DummyClassifier(), None))
    else:
        assert all(
            image.shape == (8, 8) and image.dtype == np.uint8
            for images in judgement.pictures.values()
            for image in images
        )
        without = values(problem.judge(MeanInputBaseline(), None))
        assert_allclose(without["members", "gain"], 0, atol=1e-12)
    assert_allclose(
        judged["members", "baseline accuracy"], without["members", "accuracy"]
    )


def test_colour_images_are_drawn_in_colour():
    problem = UpdateProblem(*[np.zeros((1, 12))] * 6, image_shape=(3, 2, 2), net={})
    (image,) = problem._pictures(truth=np.arange(12)[None] / 255)["truth"]
    assert image.shape == (2, 2, 3)
    assert image[0, 0].tolist() == [0, 4, 8]


def test_orl_faces(data_home):
    problem = make("dataset", "orl-faces", size=8)
    assert problem.X_train.shape == (240, 64)
    assert problem.y_aux is None
    # The judge knows these people from other pictures.
    assert problem.evaluator.score(problem.X_test, problem.y_test) > 0.6
    with pytest.raises(ValueError, match="size=30 does not divide"):
        make("dataset", "orl-faces", size=30)


@pytest.mark.slow
def test_lfw_faces(data_home):
    pytest.importorskip("torch")
    problem = make("dataset", "lfw-faces", n_people=10, max_images=30, max_epochs=8)
    assert problem.X_train.shape[1] == 1024
    assert set(problem.y_train) == set(problem.y_test) == set(range(10))
    assert problem.y_aux is None
    known = {image.tobytes() for image in problem.X_train}
    assert not any(image.tobytes() in known for image in problem.X_test)
    assert not any(image.tobytes() in known for image in problem.X_aux)
    net = problem.fit(make("defence", "undefended", problem))
    # Few images of ten people: the suite's own has more of forty.
    assert net.score(problem.X_test, problem.y_test) > 0.7
    assert problem.evaluator.score(problem.X_test, problem.y_test) > 0.7
    attack = GradientInversionAttack(
        net, loss="logit", prior="gaussian", threshold=1.0, max_iter=50
    )
    judged = values(problem.judge(attack, net))
    assert judged["members", "accuracy"] >= 0.5  # chance is 0.1
    assert judged["members", "n"] == 10
    bido = make("defence", "defended-net", problem, input_dependence=0.5, max_epochs=1)
    hidden = problem.fit(bido).net_.module_.hidden(torch_rows(problem.X_test[:2]))[0]
    assert len(hidden) == 1  # the directions; the code is apart


@pytest.mark.parametrize(
    ("name", "n_pixels"),
    [("mnist", 784), pytest.param("cifar10", 3072, marks=pytest.mark.slow)],
)
def test_images_of_updates_are_nobody_elses(data_home, name, n_pixels):
    pytest.importorskip("torch")
    problem = make("dataset", name, n_update=50)
    others = np.concatenate([problem.X_train, problem.X_test, problem.X_aux])
    assert problem.X_update.shape == (50, n_pixels)
    assert 0 <= others.min() < others.max() <= 1
    known = {image.tobytes() for image in others}
    assert not any(image.tobytes() in known for image in problem.X_update)
    # No momentum, which would hide the update.
    assert problem.net["optimizer"].__name__ == "SGD"


def test_nets_with_differential_privacy():
    pytest.importorskip("opacus")
    problem = make("dataset", "digits")
    net = make("defence", "dp-net", problem, epsilon=5.0, max_epochs=1)
    figures = values(problem.utility(problem.fit(net)))
    assert 0 < figures["members", "epsilon"] <= 5


def test_every_name_of_the_catalog_is_callable():
    for kind, names in CATALOGUE.items():
        assert all(callable(resolve(kind, name, CATALOGUE)) for name in names)


def test_logistic_regression_may_be_attacked_too():
    problem = split(*survey())
    target = problem.fit(LogisticRegression())
    assert values(problem.utility(target))["held-out", "accuracy"] > 0.8


@pytest.mark.parametrize("defence", ["undefended", "omit", "rounding"])
def test_a_model_of_numbers_gets_one_hot_columns(defence):
    pytest.importorskip("statsmodels")
    problem = make("dataset", "fair", estimator=LinearDiscriminantAnalysis())
    params = {"sensitive_features": "@secret"} if defence == "omit" else {}
    target = problem.fit(make("defence", defence, problem, **params))
    assert values(problem.utility(target))["held-out", "accuracy"] > 0.35
    judged = values(problem.judge(MAPAttack(target, "affairs"), target))
    if defence == "omit":
        assert judged["members", "advantage"] == 0


def test_bounds_are_those_of_the_columns_that_a_model_gets():
    pytest.importorskip("statsmodels")
    problem = make("dataset", "fair")
    low, high = problem.offers("defence", 0)["bounds"]
    target = problem.fit(BernoulliNB())
    encoded = target[:-1].transform(problem.X_train)
    assert encoded.shape[1] == len(low)
    assert ((encoded >= low) & (encoded <= high)).all()
    problem.bounds = {}
    assert "bounds" not in problem.offers("defence", 0)
