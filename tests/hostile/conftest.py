"""A working call of every public name, and what may come of it.

A :class:`Call` is a function with arguments that work. The tests beside this file put
hostile values in the place of its parameters, or hostile data in the place of its data,
and ask ``outcome`` whether the answer is sound, or the error says what was wrong.
"""

import functools
import importlib.util
import inspect
import linecache
import os
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
import sklearn
from matplotlib import pyplot as plt
from sklearn.base import is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import has_fit_parameter

import sklearn_mid
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
from sklearn_mid.benchmark._engine._spec import parse_suite

matplotlib.use("agg")

ROOMS = [
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
]
# Base classes, records of what others made, and errors: nothing is done with them.
PASSIVE = {
    "AttributeInferenceAttack",
    "Judgement",
    "ModelInversionAttack",
    "ReconstructionAttack",
    "ResultsFolderError",
    "Skip",
    "Suite",
    "SuiteError",
    "TargetAuxiliarySplit",
}


@dataclass(frozen=True)
class Call:
    """A public name at work.

    `data` are the arguments that hold records, labels, images or counts; `given` the
    other arguments that the call needs.
    """

    name: str
    run: Callable
    data: dict
    given: dict = field(default_factory=dict)
    parameters: tuple = ()

    def __call__(self, **changes):
        return self.run(**{**self.data, **self.given, **changes})


rng = np.random.default_rng(0)
X = np.column_stack([np.arange(40) % 2, rng.random((40, 3)).round(2)])
Y = np.where(rng.random(40) < 0.3 + 0.4 * X[:, 0], "yes", "no")
DOSE = X @ [1.0, 2.0, 0.0, 1.0] + 0.1 * rng.normal(size=40)
WEIGHT = np.ones(40)
CLASSIFIER = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, Y)
IMAGES = SGDClassifier(loss="log_loss", random_state=0).fit(X, Y)
MID_TREE = tree.MIDDecisionTreeClassifier(0).fit(X, Y)
FEW = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=1)
PROBA = CLASSIFIER.predict_proba(X)
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

    def run(X, y):
        return net.partial_fit(X, y).predict(X)

    labels = DOSE if is_regressor(kind(**given)) else Y
    net = kind(**given).fit(X, labels)
    return Call(f"{kind.__name__}.partial_fit", run, {"X": X, "y": labels})


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
        if kind is attacks.UpdatesLeakAttack:
            return attack.score(X, y)
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


def function(f, data, **given):
    parameters = tuple(p for p in inspect.signature(f).parameters if p not in data)
    return Call(f.__name__, f, data, given, parameters)


def drawn(name, make, data, **given):
    """A plot, whose figure is closed again."""

    def run(**arguments):
        try:
            make(**arguments)
        finally:
            plt.close("all")

    parameters = tuple(p for p in inspect.signature(make).parameters if p not in data)
    return Call(name, run, data, given, parameters)


SUITE = parse_suite(
    {
        "name": "small",
        "repetitions": 1,
        "dataset": [{"name": "diabetes"}],
        "defence": [{"name": "undefended"}],
        "attack": [{"name": "map"}],
        "baseline": [],
    }
)


class Results(os.PathLike):
    """The folder of a small run, made when it is first asked for."""

    @functools.cached_property
    def folder(self):
        self._temporary = tempfile.TemporaryDirectory()
        folder = Path(self._temporary.name) / "results"
        benchmark.run_benchmark(SUITE, folder)
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
BOUNDS = {"bounds": (X.min(axis=0), X.max(axis=0)), "random_state": 0}
MEASURES = {"X_true": X[:5], "X_reconstructed": X[5:10]}
RELEASED = LogisticRegression()
SECRET = {"sensitive_features": [0], "imputer": FEW, "cv": 2, "random_state": 0}
RESULTS_FOLDER = Results()

CALLS = [
    # attacks
    attribute_attack(attacks.MAPAttack, estimator=CLASSIFIER, random_state=0),
    attribute_attack(
        attacks.LearnedAttack, estimator=CLASSIFIER, classifier=FEW, random_state=0
    ),
    attribute_attack(
        attacks.InformedAttack, estimator=CLASSIFIER, n_probes=5, random_state=0
    ),
    attribute_attack(attacks.WhiteBoxTreeAttack, estimator=MID_TREE),
    attribute_attack(
        attacks.ReleasedAnswerAttack, estimator=CLASSIFIER, random_state=0
    ),
    attribute_attack(attacks.PriorBaseline),
    attribute_attack(attacks.OwnModelBaseline),
    attribute_attack(attacks.ImputationBaseline, classifier=FEW, random_state=0),
    mean_guess(),
    image_attack(attacks.GenerativeInversionAttack, max_iter=1, search_iter=1),
    image_attack(attacks.GradientInversionAttack, max_iter=2),
    image_attack(attacks.KnowledgeAlignmentAttack, max_epochs=1),
    image_attack(
        attacks.UpdatesLeakAttack, n_updates=8, n_shadows=1, n_probes=5, max_epochs=1
    ),
    # benchmark
    function(benchmark.audit, {"X": X, "y": Y}, model=CLASSIFIER, sensitive_feature=0),
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
    function(benchmark.list_suites, {}),
    function(benchmark.load_cells, {}, folder=RESULTS_FOLDER),
    function(benchmark.load_results, {}, folder=RESULTS_FOLDER),
    function(benchmark.load_suite, {}, suite="quick"),
    function(benchmark.run_benchmark, {}, suite=SUITE, output=RESULTS_FOLDER),
    function(benchmark.save_plots, {}, folder=RESULTS_FOLDER),
    function(benchmark.summarize, {"results": RESULTS}),
    function(benchmark.compare_defences, {"results": RESULTS}),
    function(benchmark.write_report, {}, folder=RESULTS_FOLDER),
    # datasets
    *(
        function(getattr(datasets, name), {}, download_if_missing=False)
        for name in datasets.__all__
        if name.startswith("fetch") and name != "fetch_cifar10"
    ),
    function(datasets.fetch_cifar10, {}),
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
        attack=attacks.MAPAttack(CLASSIFIER, 0).fit(X, Y),
        n_resamples=20,
    ),
    function(metrics.disclosure, {"X": X}, estimator=CLASSIFIER),
    function(
        metrics.vulnerability, {"X": X}, estimator=CLASSIFIER, sensitive_feature=0
    ),
    function(
        metrics.maximal_leakage, {"X": X}, estimator=CLASSIFIER, sensitive_feature=0
    ),
    function(
        metrics.most_exposed,
        {"X": X, "y": Y},
        attack=attacks.MAPAttack(CLASSIFIER, 0).fit(X, Y),
    ),
    function(
        metrics.member_advantage,
        {"X_members": X, "y_members": Y, "X_others": X, "y_others": Y},
        attack=attacks.MAPAttack(CLASSIFIER, 0).fit(X, Y),
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
    function(metrics.proportion_interval, {}, count=3, n=10),
    function(metrics.interval_over_splits, {"values": DOSE[:5]}),
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
        {"estimator": CLASSIFIER, "attack": attacks.MAPAttack(CLASSIFIER, 0)},
        tuple(inspect.signature(model_selection.make_attack_scorer).parameters),
    ),
    Call(
        "best_utility_under_advantage",
        chosen,
        {
            "cv_results": {
                "mean_test_utility": [0.5, 0.7],
                "mean_test_neg_advantage": [-0.1, -0.3],
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
    updated(neural_network.MIDNeuralNetClassifier, **NET),
    updated(neural_network.MIDNeuralNetRegressor, **NET),
    drawn(
        "InformationPlaneDisplay",
        neural_network.InformationPlaneDisplay.from_estimator,
        {},
        estimator=neural_network.MIDNeuralNetClassifier(**NET).fit(X, Y),
    ),
    # release
    estimator(release.MIDClassifier, estimator=RELEASED, **SECRET),
    estimator(release.MIDRegressor, estimator=Ridge(), **SECRET),
    # tree
    estimator(tree.MIDDecisionTreeClassifier),
    estimator(tree.PriorityDepthTreeClassifier),
    function(tree.export_text, {}, model=MID_TREE),
    drawn("plot_tree", tree.plot_tree, {}, model=MID_TREE),
]


# What may come of a call ---------------------------------------------------------

# Functions of scikit-learn that check what they are given and say what is wrong.
CHECKS = {"utils/validation.py", "utils/multiclass.py", "utils/_param_validation.py"}
WRAPPERS = {"wrapper"}
OURS = Path(sklearn_mid.__file__).parent
THEIRS = Path(sklearn.__file__).parent


# What comes out of these is the affair of the model that the caller brought.
ASKED = {"fit", "predict", "predict_proba", "decision_function"}


def says_why(error):
    """Raised on purpose: by a check of ours or of scikit-learn's, or by their model."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in frames:
        path = Path(frame.filename)
        if path.is_relative_to(THEIRS):
            checked = path.relative_to(THEIRS).as_posix() in CHECKS
            if checked and frame.name not in WRAPPERS:
                return True
    last = frames[-1]
    paths = [Path(f.filename) for f in frames]
    own = max((i for i, p in enumerate(paths) if p.is_relative_to(OURS)), default=-1)
    if any(
        p.is_relative_to(THEIRS) and f.name in ASKED
        for p, f in zip(paths[own + 1 :], frames[own + 1 :], strict=True)
    ):
        return True
    path = Path(last.filename)
    inside = path.is_relative_to(OURS) or path.is_relative_to(THEIRS)
    line = linecache.getline(last.filename, last.lineno).strip()
    return inside and line.startswith("raise")


def unsound(result):
    """Whether a NaN hides in an answer."""
    if isinstance(result, dict):
        return any(map(unsound, result.values()))
    if isinstance(result, list | tuple):
        return any(map(unsound, result))
    if isinstance(result, np.ndarray | float | np.floating):
        values = np.asarray(result)
        return values.dtype.kind == "f" and bool(np.isnan(values).any())
    return False


REFUSALS = (ValueError, TypeError, OSError, AttributeError)
STORM = 10


@pytest.fixture(scope="session")
def outcome():
    """The error that refuses a call, in words; None for a sound answer.

    What fails the test: an error that does not say why, an answer with NaN in it, a
    warning of numpy's about our arithmetic, and a storm of warnings.
    """

    def outcome(run, **changes):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = run(**changes)
            except REFUSALS as error:
                if not says_why(error):
                    raise
                return f"{type(error).__name__}: {error}"
        ours = [
            str(w.message)
            for w in caught
            if Path(w.filename).is_relative_to(OURS) and w.category is RuntimeWarning
        ]
        assert not ours, f"warnings of numpy's: {ours}"
        # As Python shows them: one from the same place only once.
        shown = {(str(w.message), w.filename, w.lineno) for w in caught}
        assert len(shown) <= STORM, f"{len(shown)} warnings: {caught[0].message}"
        assert not unsound(result), f"NaN in the answer: {result}"
        return None

    return outcome


def needs(call):
    """Why a call cannot be tried here, or nothing."""
    package = {"DPNeuralNetClassifier": "opacus"}.get(call.name, "diffprivlib")
    if call.name.startswith("DP") and importlib.util.find_spec(package) is None:
        return f"needs {package}"
    if call.name.startswith("fetch") and not os.environ.get("SKLEARN_MID_DATA"):
        return "REAL DATA MISSING: set SKLEARN_MID_DATA to the data folder"
    return ""


def pytest_generate_tests(metafunc):
    names = metafunc.fixturenames
    if "parameter" in names:
        cases = [(call, parameter) for call in CALLS for parameter in call.parameters]
    elif "call_with_data" in names:
        cases = [(call,) for call in CALLS if call.data]
    elif "call" in names:
        cases = [(call,) for call in CALLS]
    else:
        return
    arguments = [n for n in ("call", "call_with_data", "parameter") if n in names]
    metafunc.parametrize(
        arguments,
        [
            pytest.param(
                *case,
                id="-".join([case[0].name, *case[1:]]),
                marks=pytest.mark.skipif(bool(needs(case[0])), reason=needs(case[0])),
            )
            for case in cases
        ],
    )


@pytest.fixture
def calls():
    return CALLS


@pytest.fixture
def public():
    """Every public name with which something is done."""
    return {name for room in ROOMS for name in room.__all__} - PASSIVE
