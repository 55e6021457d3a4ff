import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.attacks import GenerativeInversionAttack
from sklearn_mid.exceptions import UnsupportedTargetError

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@pytest.fixture(scope="module")
def target(digits):
    X, y = digits
    names = np.array(["zero", "one", "two", "three"])
    return FrozenEstimator(LogisticRegression().fit(X[y < 4], names[y[y < 4]]))


@pytest.fixture(scope="module")
def public(digits):
    X, y = digits
    return X[y >= 4]


def _attack(target, **params):
    defaults = {
        "max_iter": 4,
        "n_critic": 1,
        "batch_size": 16,
        "width": 4,
        "search_iter": 5,
        "random_state": 0,
    }
    return GenerativeInversionAttack(target, **(defaults | params))


def _weights(attack):
    nets = (attack.generator_, attack.critic_)
    return [p.detach().numpy() for net in nets for p in net.parameters()]


def test_a_trained_prior_makes_images_that_a_judge_recognises(digits, target, public):
    attack = _attack(
        target, max_iter=300, learning_rate=1e-3, n_critic=2, width=8, search_iter=100
    ).fit(public)
    X, y = digits
    names = np.array(["zero", "one", "two", "three"])
    assert attack.score(X[y < 4], names[y[y < 4]]) >= 0.75
    found = attack.reconstruct(["two", "zero"])
    confident = target.predict_proba(found)
    assert confident[0, list(target.classes_).index("two")] > 0.9
    assert confident[1, list(target.classes_).index("zero")] > 0.9
    # Plausible: as dark as digits are, unlike what a search among all images finds.
    assert abs(attack.sample(100).mean() - public.mean()) < 0.1


def test_the_start_that_the_target_is_most_confident_of_wins(target, public):
    class Unused:
        def predict(self, X):
            raise AssertionError("the judge must not be asked")

    attack = _attack(target, search_iter=0, n_starts=8, evaluator=Unused()).fit(public)
    found = attack.reconstruct(["two"])[0]
    each = attack.set_params(n_starts=1).reconstruct(["two"] * 8)
    column = list(target.classes_).index("two")
    assert_array_equal(found, each[target.predict_proba(each)[:, column].argmax()])


def test_search_raises_the_confidence(target, public):
    attack = _attack(target, n_starts=1).fit(public)
    before, after = (
        target.predict_proba(
            attack.set_params(search_iter=n).reconstruct(target.classes_)
        ).diagonal()
        for n in (0, 100)
    )
    assert (after > before).all()


def test_a_weight_of_zero_searches_for_plausible_images_only(target, public):
    attack = _attack(target, identity_weight=0, n_starts=1).fit(public)
    found = attack.reconstruct(["one", "two"])
    attack.set_params(search_iter=0)
    start = attack.reconstruct(["one", "two"])

    def opinion(X):
        with torch.no_grad():
            return attack.critic_(torch.as_tensor(X, dtype=torch.float32)).numpy()

    assert (opinion(found) > opinion(start)).all()


def test_closed_form_and_module_are_attacked_alike(digits, public):
    X, y = digits
    closed = LogisticRegression(C=0.01).fit(X[y < 3], y[y < 3])
    module = torch.nn.utils.skip_init(torch.nn.Linear, 64, 3, dtype=torch.float64)
    module.load_state_dict(
        {
            "weight": torch.as_tensor(closed.coef_),
            "bias": torch.as_tensor(closed.intercept_),
        }
    )
    found = [_attack(t).fit(public).reconstruct([2, 0]) for t in (closed, module)]
    assert_allclose(*found, atol=1e-5)


def test_convolutional_module_takes_images(public):
    from sklearn_mid.utils._torch import build_seeded, new_generator

    def build():
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 3)
        )

    module = build_seeded(build, new_generator(0))
    attack = _attack(module, input_shape="image").fit(public)
    assert_array_equal(attack.classes_, [0, 1, 2])
    assert attack.reconstruct([1]).shape == (1, 64)


# -- checkpoints ----------------------------------------------------------------------


def test_training_goes_on_where_it_was_broken_off(target, public, tmp_path):
    unbroken = _attack(target, max_iter=6).fit(public)
    folder = tmp_path / "run"
    broken = _attack(target, max_iter=3, checkpoint_folder=folder).fit(public)
    assert len(broken.history_) == 3
    resumed = _attack(target, max_iter=6, checkpoint_folder=folder).fit(public)
    assert resumed.history_ == unbroken.history_
    for a, b in zip(_weights(resumed), _weights(unbroken), strict=True):
        assert_array_equal(a, b)


def test_a_finished_training_serves_the_next_target(digits, target, public, tmp_path):
    first = _attack(target, checkpoint_folder=tmp_path).fit(public)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    X, y = digits
    other = LogisticRegression().fit(X[y > 7], y[y > 7])
    second = _attack(other, checkpoint_folder=tmp_path).fit(public)
    assert file.stat().st_mtime_ns == written
    for a, b in zip(_weights(first), _weights(second), strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("params", "rows", "match"),
    [
        ({"width": 8}, slice(None), "other width"),
        ({"random_state": 1}, slice(None), "other seed"),
        ({}, slice(1, None), "other data"),
        ({"max_iter": 2}, slice(None), "4 steps, more than max_iter=2"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    target, public, tmp_path, params, rows, match
):
    _attack(target, checkpoint_folder=tmp_path).fit(public)
    with pytest.raises(ValueError, match=match):
        _attack(target, checkpoint_folder=tmp_path, **params).fit(public[rows])


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04" + b"0" * 99])
def test_a_garbage_checkpoint_is_named(target, public, tmp_path, content):
    (tmp_path / "gan.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"gan\.pt is no checkpoint"):
        _attack(target, checkpoint_folder=tmp_path).fit(public)


def test_without_a_seed_any_checkpoint_is_taken_up(target, public, tmp_path):
    params = {"random_state": None, "checkpoint_folder": tmp_path}
    first = _attack(target, **params).fit(public)
    second = _attack(target, **params).fit(public)
    assert first.history_ == second.history_


# -- reproducibility and unfit input --------------------------------------------------


def test_same_seed_same_images_and_no_global_draws(target, public):
    state = torch.get_rng_state()
    attack = _attack(target, random_state=3)
    first = attack.fit(public).reconstruct(["two"])
    again = clone(attack).fit(public).reconstruct(["two"])
    assert_array_equal(first, again)
    assert torch.equal(state, torch.get_rng_state())


def test_a_loss_that_explodes_leaves_finite_weights(target, public):
    attack = _attack(target, learning_rate=1e30)
    with pytest.warns(ConvergenceWarning, match="loss of the GAN became"):
        attack.fit(public)
    assert np.isfinite(attack.reconstruct(["two"])).all()


def test_progress_bars(target, public, capsys):
    pytest.importorskip("tqdm")
    _attack(target, verbose=1).fit(public).reconstruct(["two"])
    shown = capsys.readouterr().err
    assert "GAN" in shown
    assert "search" in shown


def test_a_target_without_gradients_is_refused_before_training(digits, public):
    X, y = digits
    tree = DecisionTreeClassifier(max_depth=2).fit(X, y)
    with pytest.raises(UnsupportedTargetError, match=r"DecisionTree.*no gradients"):
        _attack(tree, max_iter=10**9).fit(public)


@pytest.mark.parametrize(
    ("params", "change", "match"),
    [
        ({}, lambda X: 16 * X, r"scale \[0, 1\].*from 0 to 16"),
        ({}, lambda X: X[:, :49], r"49 features.*takes 64"),
        ({"image_shape": (1, 8, 9)}, lambda X: X, "holds 72 values.*64"),
        ({"device": "cuda:7"}, lambda X: X, "device='cuda:7' cannot be used"),
    ],
)
def test_unfit_public_images_are_named(target, public, params, change, match):
    with pytest.raises(ValueError, match=match):
        _attack(target, **params).fit(change(public))


# -- what the GAN learns of the target ---------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["soft-label", "pseudo-label"])
def test_guided_gans_find_what_a_judge_recognises(digits, target, public, kind):
    attack = _attack(
        target, gan=kind, max_iter=300, n_critic=2, width=8, search_iter=100
    ).fit(public)
    X, y = digits
    names = np.array(["zero", "one", "two", "three"])
    assert attack.score(X[y < 4], names[y[y < 4]]) >= 0.5
    confident = target.predict_proba(attack.reconstruct(target.classes_)).diagonal()
    assert (confident > 0.9).all()
    assert attack.sample(3).shape == (3, 64)


def test_pseudo_labels_condition_the_generator(target, public):
    attack = _attack(target, gan="pseudo-label", max_iter=150, width=8).fit(public)
    latent = attack._gan.latent(50, torch.Generator().manual_seed(0))
    shares = []
    for k in range(4):
        with torch.no_grad():
            images = attack._gan.images(latent, torch.full((50,), k))
        shares.append(target.predict_proba(images.double().numpy())[:, k].mean())
    # The same latent vectors, before any search: chance is 0.25.
    assert np.mean(shares) > 0.4


def test_a_guided_gan_is_not_taken_up_for_another_target(
    digits, target, public, tmp_path
):
    X, y = digits
    other = LogisticRegression(C=0.01).fit(X[y < 4], y[y < 4])
    params = {"gan": "soft-label", "checkpoint_folder": tmp_path}
    _attack(target, **params).fit(public)
    with pytest.raises(ValueError, match="with other labels"):
        _attack(other, **params).fit(public)


def test_students_say_what_the_target_says(target, public):
    attack = _attack(target, n_students=2, width=8).fit(public)
    assert len(attack.students_) == 2
    rows = torch.as_tensor(public, dtype=torch.float32)
    labels = target.predict_proba(public).argmax(axis=1)
    for student in attack.students_:
        with torch.no_grad():
            said = student(rows).argmax(dim=1).numpy()
        assert np.mean(said == labels) > 0.8
    assert attack.reconstruct(["two"]).shape == (1, 64)
