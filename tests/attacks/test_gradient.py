import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import approx_fprime
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import GradientInversionAttack
from sklearn_mid.attacks._target_gradients import target_gradient
from sklearn_mid.exceptions import UnsupportedTargetError


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(n_class=4, return_X_y=True)
    return X[:200, 8:40] / 16, np.array(list("dbca"))[y[:200]]


@pytest.fixture(scope="module")
def two_digits(digits):
    X, y = digits
    keep = np.isin(y, ["a", "b"])
    return X[keep], y[keep]


def _gradient(target, X, column, **options):
    adapter = target_gradient(target, caller="look", **options)
    adapter.prepare(X.shape[1], (0, 1))
    return adapter.confidence_and_gradient(X, column)


def _check_against_differences(target, X, proba=None):
    proba = target.predict_proba if proba is None else proba
    n_classes = proba(X[:1]).shape[1]
    column = np.arange(len(X)) % n_classes
    confidence, gradient = _gradient(target, X, column, method="exact")
    assert_allclose(confidence, proba(X)[np.arange(len(X)), column], atol=1e-7)
    for x, c, g in zip(X, column, gradient, strict=True):
        expected = approx_fprime(x, lambda x, c=c: proba(x[None])[0, c], 1e-7)
        assert_allclose(g, expected, atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LinearDiscriminantAnalysis(shrinkage="auto", solver="lsqr"),
        SGDClassifier(loss="log_loss", random_state=0),  # one versus rest
        MLPClassifier((6, 5), activation="relu", max_iter=20, random_state=0),
        MLPClassifier((6, 5), activation="tanh", max_iter=20, random_state=0),
        MLPClassifier((6, 5), activation="logistic", max_iter=20, random_state=0),
        MLPClassifier((6,), activation="identity", max_iter=20, random_state=0),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("data", ["digits", "two_digits"])
def test_closed_forms_equal_finite_differences(model, data, request):
    X, y = request.getfixturevalue(data)
    _check_against_differences(clone(model).fit(X, y), X[:5] + 0.01)


def test_black_box_gradients_equal_closed_forms(digits):
    X, y = digits
    target = LogisticRegression().fit(X, y)
    column = np.array([0, 1, 2, 3, 0])
    exact = _gradient(target, X[:5], column)
    differences = _gradient(target, X[:5], column, method="finite-difference")
    for a, b in zip(exact, differences, strict=True):
        assert_allclose(a, b, atol=1e-6)


# -- torch ----------------------------------------------------------------------------


def _module(n_features, last, **kwargs):
    torch = pytest.importorskip("torch")
    from sklearn_mid.utils._torch import build_seeded, new_generator

    nn = torch.nn

    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Linear(n_features, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 3)
            )

        def forward(self, x):
            return last(self.layers(x.flatten(1)))

    return build_seeded(Module, new_generator(0), dtype=torch.float64)


@pytest.mark.parametrize("output", ["logits", "proba", "log_proba", "tuple"])
def test_torch_modules_are_recognised_and_left_as_they_were(output):
    torch = pytest.importorskip("torch")
    last = {
        "logits": lambda z: z,
        "proba": lambda z: torch.softmax(z, dim=1),
        "log_proba": lambda z: torch.log_softmax(z, dim=1),
        "tuple": lambda z: (z, torch.zeros(1)),
    }[output]
    module = _module(8, last)
    module.layers[0].eval()

    def proba(X):
        module.eval()
        with torch.no_grad():
            z = module.layers(torch.as_tensor(X))
        module.train()
        return torch.softmax(z, dim=1).numpy()

    X = np.random.default_rng(0).random((4, 8))
    _check_against_differences(module, X, proba)
    assert module.training
    assert all(p.grad is None for p in module.parameters())


def test_module_with_one_output_speaks_of_the_second_class():
    torch = pytest.importorskip("torch")
    module = _module(8, lambda z: z[:, :1])
    X = np.random.default_rng(0).random((4, 8))
    first, _ = _gradient(module, X, np.zeros(4, dtype=int))
    second, gradient = _gradient(module, X, np.ones(4, dtype=int))
    module.eval()
    with torch.no_grad():
        z = module.layers(torch.as_tensor(X))[:, 0]
    assert_allclose(second, torch.sigmoid(z).numpy())
    assert_allclose(first + second, 1)
    assert np.abs(gradient).max() > 0


def test_skorch_net_with_images():
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    X = np.random.default_rng(0).random((30, 1, 4, 2)).astype(np.float32)
    y = np.arange(30) % 3
    net = skorch.NeuralNetClassifier(
        _module(8, lambda z: z).float(),
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=1,
        verbose=0,
        train_split=None,
    ).fit(X, y)
    attack = GradientInversionAttack(net, image_shape=(1, 4, 2), max_iter=20).fit()
    found = attack.reconstruct([2, 0])
    assert found.shape == (2, 8)
    before = net.predict_proba(np.full((1, 1, 4, 2), 0.5, dtype=np.float32))
    after = net.predict_proba(found.reshape(2, 1, 4, 2).astype(np.float32))
    assert after[0, 2] > before[0, 2]
    assert after[1, 0] > before[0, 0]


def test_module_of_another_width_than_its_classes():
    module = _module(8, lambda z: z)
    module.classes_ = np.arange(5)
    with pytest.raises(UnsupportedTargetError, match=r"returns 3 values.*5 classes"):
        GradientInversionAttack(module).fit(np.zeros((2, 8)))


def test_noise_of_a_stochastic_target_is_averaged():
    torch = pytest.importorskip("torch")

    class Noisy:
        n_features_in_ = 3
        classes_ = np.array([0, 1])

        def differentiable_proba(self, X, *, n_samples=1, generator=None):
            noise = torch.randn((n_samples, *X.shape), generator=generator)
            z = (X + noise).sum(dim=2)
            return torch.stack([torch.sigmoid(-z), torch.sigmoid(z)], 2).mean(0)

    X, column = np.zeros((1, 3)), np.array([1])
    gradients = [
        _gradient(Noisy(), X, column, n_noise_samples=n)[1].mean()
        for n in (20_000, 1, 1)
    ]
    # E s'(z), z ~ N(0, 3)
    z = np.linspace(-12, 12, 4001)
    density = np.exp(-(z**2) / 6) / np.sqrt(6 * np.pi)
    s = 1 / (1 + np.exp(-z))
    expected = np.sum(s * (1 - s) * density) * (z[1] - z[0])
    assert_allclose(gradients[0], expected, rtol=0.02)
    assert abs(gradients[1] - expected) > 1e-3


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        SGDClassifier(loss="log_loss", random_state=0),  # one versus rest
        MLPClassifier((6, 5), activation="tanh", max_iter=20, random_state=0),
        DecisionTreeClassifier(max_depth=3, random_state=0),  # asked
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_logits_are_those_of_the_confidences(model, digits):
    X, y = digits
    target = model.fit(X, y)
    column = np.arange(4)
    options = {"step": 1e-4}
    adapter = target_gradient(target, caller="look", **options)
    adapter.prepare(X.shape[1], (0, 1))
    value, gradient = adapter.confidence_and_gradient(X[:4], column, True)
    proba = target.predict_proba(X[:4]).diagonal().clip(1e-15, 1 - 1e-15)
    assert_allclose(value, np.log(proba / (1 - proba)), rtol=1e-5)

    def logit(x, c):
        p = target.predict_proba(x[None])[0, c].clip(1e-15, 1 - 1e-15)
        return np.log(p / (1 - p))

    for x, c, g in zip(X[:4], column, gradient, strict=True):
        expected = approx_fprime(x, logit, 1e-6, c)
        assert_allclose(g, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    "model", [LogisticRegression(max_iter=20), DecisionTreeClassifier(max_depth=3)]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_log_proba_of_all_classes_are_those_of_each(model, digits):
    torch = pytest.importorskip("torch")
    from sklearn_mid.attacks._torch_targets import log_proba_of

    X, y = digits
    target = model.fit(X, y)
    adapter = target_gradient(target, caller="look", step=1e-4)
    adapter.prepare(X.shape[1], (0, 1))
    expected = np.log(target.predict_proba(X[:9]).clip(1e-15))
    rows = torch.from_numpy(X[:9])
    assert_allclose(log_proba_of(adapter, rows), expected, rtol=1e-5, atol=1e-8)
    module = torch.nn.Linear(32, 3).double()
    adapter = target_gradient(module, caller="look").prepare(32, (0, 1))
    found = log_proba_of(adapter, rows)
    assert_allclose(found, module(rows).log_softmax(dim=1).detach(), rtol=1e-12)


def test_logits_do_not_fade_where_the_target_is_certain(digits):
    X, y = digits
    target = LogisticRegression().fit(1000 * X, y)
    codes = np.searchsorted(target.classes_, y[:8])
    faded = _gradient(target, 1000 * X[:8], codes)[1]
    adapter = target_gradient(target, caller="look")
    kept = adapter.confidence_and_gradient(1000 * X[:8], codes, True)[1]
    assert np.abs(faded).max() < 1e-6
    assert (np.abs(kept).max(axis=1) > 1e-5).all()


# -- the descent ----------------------------------------------------------------------


def test_logistic_regression_moves_along_its_coefficients(two_digits):
    X, y = two_digits
    target = LogisticRegression().fit(X, y)
    attack = GradientInversionAttack(target, bounds=(-9, 9), max_iter=50).fit(X)
    w = target.coef_[0] / np.linalg.norm(target.coef_)
    for label, sign in (("b", 1), ("a", -1)):
        moved = attack.reconstruct([label])[0] - X.mean(axis=0)
        assert_allclose(moved / np.linalg.norm(moved), sign * w, atol=1e-9)


def test_within_bounds_logistic_regression_ends_in_its_best_corner(two_digits):
    X, y = two_digits
    target = LogisticRegression(C=0.02).fit(X, y)
    attack = GradientInversionAttack(
        target, threshold=1.0, learning_rate=1000, max_iter=2000, loss="log"
    )
    found = attack.fit(X).reconstruct(["b"])[0]
    clear = np.abs(target.coef_[0]) > 1e-3
    assert_array_equal(found[clear], (target.coef_[0] > 0)[clear])


@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_stops_on_reaching_the_threshold_not_before(two_digits, threshold):
    X, y = two_digits
    target = LogisticRegression().fit(X, y)
    attack = GradientInversionAttack(
        target, threshold=threshold, bounds=(-9, 9), learning_rate=0.01
    ).fit()
    start = target.predict_proba(np.zeros((1, X.shape[1])))[0]
    reached = target.predict_proba(attack.reconstruct(["a", "b"])).diagonal()
    assert (reached >= threshold).all()
    for confidence, at_start in zip(reached, start, strict=True):
        assert confidence < threshold + 0.01 or confidence == at_start


def test_stays_where_the_threshold_is_reached_already(two_digits):
    X, y = two_digits
    target = LogisticRegression().fit(X, y)
    own = X[y == "b"]
    attack = GradientInversionAttack(target, threshold=0.6).fit(own)
    assert target.predict_proba(own.mean(axis=0)[None])[0, 1] > 0.6
    assert_array_equal(attack.reconstruct(["b"])[0], own.mean(axis=0))


class _Counting:
    n_features_in_ = 2
    classes_ = np.array([0, 1])

    def __init__(self, log):
        self.log = log

    def predict_proba(self, X):
        self.log.append(len(X))
        return np.full((len(X), 2), 0.5)


@pytest.mark.parametrize("patience", [1, 7])
def test_patience_ends_a_descent_without_progress(patience):
    log = []
    attack = GradientInversionAttack(_Counting(log), patience=patience).fit()
    attack.reconstruct([1])
    n_looks = len(log) / 2  # each look asks for the gradient, then the confidence
    assert n_looks == patience + 1


def test_each_label_is_found_whatever_its_neighbours(digits):
    X, y = digits
    target = LogisticRegression().fit(X, y)
    attack = GradientInversionAttack(target, learning_rate=1).fit(X)
    together = attack.reconstruct(["c", "a", "c"])
    assert_allclose(together[1], attack.reconstruct(["a"])[0])
    assert_array_equal(together[0], together[2])
    assert attack.score(X, y) == 1
    assert GradientInversionAttack(target, evaluator=target).fit().score(X, y) == 1


def test_gaussian_prior_has_a_closed_form(two_digits):
    # logit = w x + b is linear in z, so that z* = B w / weight at the maximum of
    # logit - weight / 2 |z|^2.
    X, y = two_digits
    target = LogisticRegression(C=0.01).fit(X, y)
    attack = GradientInversionAttack(
        target,
        loss="logit",
        prior="gaussian",
        n_components=5,
        prior_weight=2.0,
        bounds=(-9, 9),
        max_iter=300,
    ).fit(X)
    assert attack.basis_.shape == (5, X.shape[1])
    z = attack.basis_ @ target.coef_[0] / 2
    expected = X.mean(axis=0) + z @ attack.basis_
    assert_allclose(attack.reconstruct(["b"])[0], expected, atol=1e-6)


def test_prior_weight_keeps_near_the_inputs(digits):
    X, y = digits
    target = LogisticRegression().fit(X, y)
    away = []
    for weight in (0.01, 1.0, 100.0):
        attack = GradientInversionAttack(
            target, loss="logit", prior="gaussian", prior_weight=weight, max_iter=100
        ).fit(X)
        found = attack.reconstruct(["a", "c"])
        away.append(np.linalg.norm(found - X.mean(axis=0)))
    assert away[0] > away[1] > 10 * away[2]
    with pytest.raises(ValueError, match="prior='gaussian' is fitted to auxiliary"):
        GradientInversionAttack(target, prior="gaussian").fit()


def test_random_starts_differ_and_repeat(digits):
    X, y = digits
    target = FrozenEstimator(LogisticRegression().fit(X, y))
    attack = GradientInversionAttack(
        target, init="random", max_iter=3, random_state=3
    ).fit()
    found = attack.reconstruct(["a", "a"])
    assert np.abs(found[0] - found[1]).max() > 0.1
    assert_array_equal(found, attack.reconstruct(["a", "a"]))
    assert_array_equal(found, clone(attack).fit().reconstruct(["a", "a"]))


def test_progress_bar(two_digits, capsys):
    pytest.importorskip("tqdm")
    X, y = two_digits
    target = LogisticRegression().fit(X, y)
    attack = GradientInversionAttack(target, max_iter=2, verbose=1).fit()
    attack.reconstruct(["a"])
    assert "descent" in capsys.readouterr().err


# -- unfit input ----------------------------------------------------------------------


def test_a_tree_has_no_gradients_but_may_be_queried(two_digits):
    X, y = two_digits
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    with pytest.raises(UnsupportedTargetError, match=r"DecisionTree.*no gradients"):
        GradientInversionAttack(tree, gradient="exact").fit()
    attack = GradientInversionAttack(tree, finite_difference_step=0.3, max_iter=5)
    assert attack.fit().reconstruct(["a"]).shape == (1, X.shape[1])


def test_a_target_without_confidences_is_refused(two_digits):
    target = LinearSVC().fit(*two_digits)
    with pytest.raises(UnsupportedTargetError, match=r"LinearSVC.*predict_proba"):
        GradientInversionAttack(target).fit()


@pytest.mark.parametrize(
    ("params", "X", "match"),
    [
        ({}, np.full((2, 32), 16.0), r"scale \[0, 1\].*from 16 to 16"),
        ({}, np.zeros((2, 31)), r"31 features.*takes 32"),
        ({"bounds": (1, 0)}, None, r"low < high"),
        ({"image_shape": (1, 5, 5)}, None, r"holds 25 values.*32"),
    ],
)
def test_unfit_auxiliary_inputs_are_named(two_digits, params, X, match):
    target = LogisticRegression().fit(*two_digits)
    with pytest.raises(ValueError, match=match):
        GradientInversionAttack(target, **params).fit(X)


def test_unknown_labels_are_named(two_digits):
    attack = GradientInversionAttack(LogisticRegression().fit(*two_digits)).fit()
    with pytest.raises(ValueError, match=r"\['z'\] are no classes"):
        attack.reconstruct(["a", "z"])
