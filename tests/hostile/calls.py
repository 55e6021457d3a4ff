"""A working call of every public name.

A :class:`Call` is a function with arguments that work; the tests beside this file put
hostile values or data in their place. Whatever has to be fitted, drawn or read first is
:class:`Later`, so that collecting the tests makes nothing.

A new public name needs a line in ``CALLS``, and nothing else.
"""

import functools
import inspect
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from sklearn.base import is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

from sklearn_mid import (
    attacks,
    benchmark,
    datasets,
    defenses,
    information,
    linear_model,
    metrics,
    model_selection,
    neural_network,
    release,
    tree,
)

# Base classes, records of what others made, and errors: nothing is done with them.
PASSIVE = {
    "AttributeInferenceAttack",
    "ClassReconstructionAttack",
    "Judgement",
    "ModelInversionAttack",
    "ReconstructionAttack",
    "ResultsFolderError",
    "Skip",
    "Suite",
    "SuiteError",
    "TargetAuxiliarySplit",
}


class Later:
    """An argument that is made when it is first asked for."""

    def __init__(self, make):
        self._make = make

    @functools.cached_property
    def value(self):
        return self._make()


@dataclass(frozen=True)
class Call:
    """A public name at work.

    `data` are the arguments that hold records, labels, images or counts; `given` the
    other arguments that the call needs; `parameters` the names to be tried out.
    """

    name: str
    run: Callable
    data: dict
    given: dict = field(default_factory=dict)
    parameters: tuple = ()

    def __call__(self, **changes):
        arguments = {**self.data, **self.given, **changes}
        made = {k: v.value for k, v in arguments.items() if isinstance(v, Later)}
        return self.run(**{**arguments, **made})


rng = np.random.default_rng(0)
X = np.column_stack([np.arange(40) % 2, rng.random((40, 3)).round(2)])
Y = np.where(rng.random(40) < 0.3 + 0.4 * X[:, 0], "yes", "no")
DOSE = X @ [1.0, 2.0, 0.0, 1.0] + 0.1 * rng.normal(size=40)
WEIGHT = np.ones(40)
CLASSIFIER = Later(
    lambda: DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, Y)
)
IMAGES = Later(lambda: SGDClassifier(loss="log_loss", random_state=0).fit(X, Y))
MID_TREE = Later(lambda: tree.MIDDecisionTreeClassifier(0).fit(X, Y))
MAP = Later(lambda: attacks.MAPAttack(CLASSIFIER.value, 0).fit(X, Y))
STUMP = DecisionTreeClassifier(max_depth=1)
FEW = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1)
PROBA = np.column_stack([1 - X[:, 1], X[:, 1]])
FRAME = pd.DataFrame(X, columns=list("sabc"))
RESULTS = pd.DataFrame(
    [
        ("model", "undefended", "", "held-out", 0.9),
        ("attack", "undefended", "MAP", "members", 0.7),
        ("baseline", "", "majority guess", "members", 0.5),
    ],
    columns=["kind", "defence", "attack", "population", "value"],
).assign(dataset="d", parameter="", strength=0.0, metric="accuracy", repetition=0)


def fitted(make, methods, **arguments):
    """Fit on X and y, then ask everything that takes records."""
    data = {k: arguments.pop(k) for k in ("X", "y", "sample_weight") if k in arguments}
    model = make(**arguments)
    model.fit(**data)
    records = data["X"]
    asked = [m for m in methods.split() if hasattr(model, m)]
    return [getattr(model, m)(records) for m in asked]


def estimator(kind, **given):
    data = {"X": X, "y": DOSE if is_regressor(kind(**given)) else Y}
    if has_fit_parameter(kind, "sample_weight"):
        data["sample_weight"] = WEIGHT
    methods = "predict predict_proba sample_proba sample_predict apply decision_path"
    return Call(
        kind.__name__,
        lambda **arguments: fitted(kind, methods, **arguments),
        data,
        given,
        tuple(inspect.signature(kind).parameters),
    )


def updated(kind, **given):
    """A net that learns from the data after it has seen others."""

    def run(net, X, y):
        return net.partial_fit(X, y).predict(X)

    labels = DOSE if is_regressor(kind(**given)) else Y
    net = Later(lambda: kind(**given).fit(X, labels))
    return Call(
        f"{kind.__name__}.partial_fit", run, {"X": X, "y": labels}, {"net": net}
    )


def attribute_attack(kind, **given):
    def run(X, y, **arguments):
        attack = kind(**arguments).fit(X, y)
        seen = attack.observe(X, y)
        return attack.infer_proba(X, seen), attack.infer(X, seen), attack.score(X, y)

    parameters = tuple(inspect.signature(kind).parameters)
    given = {"sensitive_feature": 0, **given}
    return Call(kind.__name__, run, {"X": X, "y": Y}, given, parameters)


def image_attack(kind, **given):
    def run(X, y, **arguments):
        attack = kind(**arguments).fit(X, y)
        if attack.sees == "updates":
            return attack.observe(X, y), attack.score(X, y)
        if kind is attacks.KnowledgeAlignmentAttack:
            return attack.reconstruct(attack.query(X)), attack.score(X, y)
        return attack.reconstruct(["yes"]), attack.score(X, y)

    parameters = tuple(inspect.signature(kind).parameters)
    given = {"estimator": IMAGES, "random_state": 0, **given}
    return Call(kind.__name__, run, {"X": X, "y": Y}, given, parameters)


def mean_guess():
    def run(X, y, **arguments):
        return attacks.MeanInputBaseline(**arguments).fit(X, y).reconstruct(["yes"])

    return Call("MeanInputBaseline", run, {"X": X, "y": Y}, {}, ("evaluator",))


def frequent_label():
    def run(X, y, **arguments):
        return attacks.FrequentLabelBaseline(**arguments).fit(X, y).score(X, y)

    return Call("FrequentLabelBaseline", run, {"X": X, "y": Y}, {}, ("update_size",))


def function(f, data, **given):
    parameters = tuple(p for p in inspect.signature(f).parameters if p not in data)
    return Call(f.__name__, f, data, given, parameters)


def checked(X, y, **given):
    """What a report of skore has, as far as the check looks."""
    report = SimpleNamespace(
        estimator_=CLASSIFIER.value, X_train=None, y_train=None, X_test=X, y_test=y
    )
    return benchmark.AuditCheck(**given).check_function(report)


def drawn(name, make, data, **given):
    """A plot, whose figure is closed again."""

    def run(**arguments):
        from matplotlib import pyplot as plt

        try:
            make(**arguments)
        finally:
            plt.close("all")

    parameters = tuple(p for p in inspect.signature(make).parameters if p not in data)
    return Call(name, run, data, given, parameters)


SUITE_TOML = """
name = "small"
repetitions = 1
baseline = []
[[dataset]]
name = "diabetes"
[[defence]]
name = "undefended"
[[attack]]
name = "map"
"""


def small_suite():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "small.toml")
        path.write_text(SUITE_TOML)
        return benchmark.load_suite(path)


SUITE = Later(small_suite)


class Results(os.PathLike):
    """The folder of a small run, made when it is first asked for."""

    @functools.cached_property
    def folder(self):
        self._temporary = tempfile.TemporaryDirectory()
        folder = Path(self._temporary.name) / "results"
        benchmark.run_benchmark(SUITE.value, folder)
        return str(folder)

    def __fspath__(self):
        return self.folder


def split_indices(**arguments):
    split = model_selection.target_auxiliary_split(**arguments)
    return [part.indices for part in split]


def scored(estimator, X, y, **arguments):
    return model_selection.make_attack_scorer(**arguments)(estimator, X, y)


def judged(X, y, secret, **arguments):
    problem = benchmark.AttributeProblem.split(X, y, secret=secret, **arguments)
    target = problem.fit(DecisionTreeClassifier(max_depth=2))
    problem.utility(target)
    problem.judge(attacks.MAPAttack(target, arguments["sensitive_feature"]), target)


def chosen(cv_results, **arguments):
    return model_selection.best_utility_under_advantage(**arguments)(cv_results)


NET = {"hidden_layer_sizes": (3,), "max_epochs": 2, "random_state": 0}
SECRET = {"sensitive_features": [0], "imputer": STUMP, "cv": 2, "random_state": 0}
BOUNDS = {"bounds": (X.min(axis=0), X.max(axis=0)), "random_state": 0}
MEASURES = {"X_true": X[:5], "X_reconstructed": X[5:10]}
RELEASED = LogisticRegression()
RESULTS_FOLDER = Results()

FEW_UPDATES = {"n_updates": 8, "n_shadows": 1, "n_probes": 5, "max_epochs": 1}

CALLS = [
    # attacks
    attribute_attack(attacks.MAPAttack, estimator=CLASSIFIER, random_state=0),
    attribute_attack(
        attacks.LearnedAttack, estimator=CLASSIFIER, classifier=FEW, random_state=0
    ),
    attribute_attack(
        attacks.InformedAttack, estimator=CLASSIFIER, n_probes=2, random_state=0
    ),
    attribute_attack(attacks.WhiteBoxTreeAttack, estimator=MID_TREE),
    attribute_attack(
        attacks.ReleasedAnswerAttack, estimator=CLASSIFIER, random_state=0
    ),
    attribute_attack(attacks.PriorBaseline),
    attribute_attack(attacks.OwnModelBaseline),
    attribute_attack(attacks.ImputationBaseline, classifier=FEW, random_state=0),
    mean_guess(),
    image_attack(attacks.BoundaryInversionAttack, max_iter=1, search_iter=1),
    image_attack(attacks.GenerativeInversionAttack, max_iter=1, search_iter=1),
    image_attack(attacks.GradientInversionAttack, max_iter=2),
    image_attack(attacks.KnowledgeAlignmentAttack, max_epochs=1),
    image_attack(attacks.UpdateLabelAttack, **FEW_UPDATES),
    image_attack(attacks.UpdateReconstructionAttack, **FEW_UPDATES),
    frequent_label(),
    function(attacks.attacks_for, {}, estimator=CLASSIFIER, sensitive_feature=0),
    # benchmark
    function(
        benchmark.audit, {"X": X, "y": Y}, estimator=CLASSIFIER, sensitive_features=0
    ),
    # Its data and the other parameters are audit's, too.
    Call(
        "AuditCheck",
        checked,
        {},
        {"X": X, "y": Y, "sensitive_features": 0, "random_state": 0},
        ("decimals",),
    ),
    # Parameters that are limits, or numbers, are checked by the same function; each
    # value that is served trains a dozen models.
    Call(
        "protect",
        benchmark.protect,
        {"X": X, "y": Y},
        {
            "estimator": STUMP,
            "sensitive_features": 0,
            "only": [],
            "n_splits": 1,
            "random_state": 0,
        },
        ("estimator", "only", "by"),
    ),
    Call(
        "AttributeProblem",
        judged,
        {"X": FRAME, "y": pd.Series(Y), "secret": FRAME["s"]},
        {
            "random_state": 0,
            "sensitive_feature": "s",
            "estimator": DecisionTreeClassifier(),
        },
        ("test_size", "auxiliary_size", "random_state", "sensitive_feature"),
    ),
    function(benchmark.compare_defences, {"results": RESULTS}),
    function(benchmark.list_suites, {}),
    function(benchmark.load_cells, {}, folder=RESULTS_FOLDER),
    function(benchmark.load_results, {}, folder=RESULTS_FOLDER),
    function(benchmark.load_suite, {}, suite="quick"),
    function(benchmark.run_benchmark, {}, suite=SUITE, output=RESULTS_FOLDER),
    function(benchmark.save_plots, {}, folder=RESULTS_FOLDER),
    function(benchmark.summarize, {"results": RESULTS}),
    function(benchmark.write_report, {}, folder=RESULTS_FOLDER),
    # datasets
    *(
        function(getattr(datasets, name), {}, download_if_missing=False)
        for name in datasets.__all__
        if name.startswith("fetch") and name != "fetch_cifar10"
    ),
    function(datasets.fetch_cifar10, {}, subset="test"),
    *(
        function(getattr(datasets, name), {})
        for name in datasets.__all__
        if name.startswith(("load", "make"))
    ),
    function(datasets.iwpc_weekly_dose, {"dose": DOSE}),
    # defenses
    estimator(defenses.ConfidenceNoise, estimator=RELEASED, random_state=0),
    estimator(defenses.ConfidencePurifier, estimator=RELEASED, random_state=0),
    estimator(defenses.ConfidenceRounding, estimator=RELEASED),
    estimator(defenses.ConfidenceShield, estimator=RELEASED),
    estimator(defenses.LabelOnly, estimator=RELEASED),
    estimator(defenses.OmitFeature, estimator=RELEASED, sensitive_features=[0]),
    estimator(defenses.DPDecisionTreeClassifier, **BOUNDS),
    estimator(defenses.DPGaussianNB, **BOUNDS),
    estimator(defenses.DPLinearRegression, target_bounds=(0, 5), **BOUNDS),
    estimator(defenses.DPLogisticRegression, **BOUNDS),
    estimator(defenses.DPRandomForestClassifier, **BOUNDS),
    # information
    function(information.entropy, {"labels": Y, "sample_weight": WEIGHT}),
    function(
        information.mutual_information,
        {"x": Y, "y": X[:, 0], "sample_weight": WEIGHT},
    ),
    function(
        information.conditional_mutual_information,
        {"x": Y, "y": X[:, 0], "z": X[:, 1] > 0.5, "sample_weight": WEIGHT},
    ),
    function(information.entropy_from_counts, {"counts": [1, 2, 3]}),
    function(information.mutual_information_from_counts, {"counts": np.eye(3)}),
    function(
        information.conditional_mutual_information_from_counts,
        {"counts": np.ones((2, 3, 2))},
    ),
    function(
        information.mixture_entropy,
        {"centers": DOSE, "sample_weight": WEIGHT},
        sigma=0.5,
    ),
    function(
        information.mixture_entropy_and_gradient,
        {"centers": DOSE, "sample_weight": WEIGHT},
        sigma=0.5,
    ),
    # linear_model
    estimator(linear_model.MIDLinearRegression),
    estimator(linear_model.MIDLogisticRegression),
    function(
        linear_model.mid_path,
        {"X": X, "y": DOSE, "sample_weight": WEIGHT},
        reg_lambdas=[0, 1],
    ),
    # metrics
    function(
        metrics.advantage_score, {"s_true": Y, "s_pred": Y, "s_baseline": Y[::-1]}
    ),
    function(metrics.attack_scores, {"s_true": Y, "s_pred": Y[::-1]}),
    function(
        metrics.attack_report,
        {"X": X, "y": Y},
        attack=MAP,
        n_resamples=20,
    ),
    function(metrics.disclosure, {"X": X}, estimator=CLASSIFIER),
    function(
        metrics.vulnerability, {"X": X}, estimator=CLASSIFIER, sensitive_feature=0
    ),
    function(
        metrics.maximal_leakage, {"X": X}, estimator=CLASSIFIER, sensitive_feature=0
    ),
    function(metrics.most_exposed, {"X": X, "y": Y}, attack=MAP),
    function(
        metrics.member_advantage,
        {"X_members": X, "y_members": Y, "X_others": X, "y_others": Y},
        attack=MAP,
    ),
    Call(
        "bootstrap_interval",
        lambda statistic, x, **given: metrics.bootstrap_interval(statistic, x, **given),
        {"x": DOSE},
        {"statistic": np.size, "n_resamples": 20},
        tuple(inspect.signature(metrics.bootstrap_interval).parameters)[2:],
    ),
    function(
        metrics.difference_over_splits, {"values": DOSE[:5], "reference": DOSE[5:10]}
    ),
    function(metrics.interval_over_splits, {"values": DOSE[:5]}),
    function(metrics.proportion_interval, {}, count=3, n=10),
    function(metrics.dp_epsilon_for_privacy_loss, {}, loss=0.5),
    function(metrics.dp_privacy_loss_bound, {}, epsilon=1.0),
    function(metrics.information_accuracy_bound, {}, mutual_information=0.1, p_max=0.5),
    function(metrics.information_for_accuracy, {}, accuracy=0.7, p_max=0.5),
    function(metrics.expected_calibration_error, {"y_true": Y, "y_proba": PROBA}),
    function(
        metrics.evaluator_accuracy,
        {"X_reconstructed": X, "labels": Y},
        evaluator=CLASSIFIER,
    ),
    function(
        metrics.judge_scores,
        {"X_reconstructed": X, "labels": Y, "X_real": X, "y_real": Y},
        judge=CLASSIFIER,
    ),
    function(
        metrics.nearest_neighbor_distance,
        {"X_private": X[:5], "X_reconstructed": X[5:10]},
    ),
    function(metrics.reconstruction_gain, {**MEASURES, "X_reference": X[10:15]}),
    function(metrics.reconstruction_mse, MEASURES),
    function(metrics.reconstruction_psnr, MEASURES),
    function(
        metrics.reconstruction_ssim, {k: np.tile(v, 16) for k, v in MEASURES.items()}
    ),
    drawn(
        "PrivacyUtilityDisplay",
        benchmark.PrivacyUtilityDisplay.from_results,
        {"results": RESULTS},
        utility="accuracy",
    ),
    drawn(
        "ReconstructionDisplay",
        metrics.ReconstructionDisplay.from_predictions,
        {"X_true": X[:5], "labels": Y[:5]},
        reconstructions={"undefended": X[5:10]},
    ),
    # model_selection
    Call(
        "target_auxiliary_split",
        split_indices,
        {"X": X, "y": Y},
        {"random_state": 0},
        tuple(inspect.signature(model_selection.target_auxiliary_split).parameters)[2:],
    ),
    Call(
        "make_attack_scorer",
        scored,
        {"X": X, "y": Y},
        {"estimator": CLASSIFIER, "attack": MAP},
        tuple(inspect.signature(model_selection.make_attack_scorer).parameters),
    ),
    Call(
        "best_utility_under_advantage",
        chosen,
        {
            "cv_results": {
                "mean_test_utility": [0.5, 0.7],
                "mean_test_neg_advantage": [-0.1, -0.3],
                "split0_test_neg_advantage": [-0.11, -0.3],
                "split1_test_neg_advantage": [-0.09, -0.3],
            }
        },
        {"limit": 0.2},
        tuple(
            inspect.signature(model_selection.best_utility_under_advantage).parameters
        ),
    ),
    # neural_network
    estimator(neural_network.MIDNeuralNetClassifier, **NET),
    estimator(neural_network.MIDNeuralNetRegressor, **NET),
    estimator(neural_network.DPNeuralNetClassifier, **NET, batch_size=20),
    estimator(neural_network.DefendedNeuralNetClassifier, **NET),
    updated(neural_network.MIDNeuralNetClassifier, **NET),
    updated(neural_network.MIDNeuralNetRegressor, **NET),
    drawn(
        "InformationPlaneDisplay",
        neural_network.InformationPlaneDisplay.from_estimator,
        {},
        estimator=Later(lambda: neural_network.MIDNeuralNetClassifier(**NET).fit(X, Y)),
    ),
    # release
    estimator(release.MIDClassifier, estimator=RELEASED, **SECRET),
    estimator(release.MIDRegressor, estimator=Ridge(), **SECRET),
    # tree
    estimator(tree.MIDDecisionTreeClassifier),
    estimator(tree.PriorityDepthTreeClassifier),
    function(tree.export_text, {}, estimator=MID_TREE),
    drawn("plot_tree", tree.plot_tree, {}, estimator=MID_TREE),
]
