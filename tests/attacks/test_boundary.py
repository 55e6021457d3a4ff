import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC

from sklearn_mid.attacks import BoundaryInversionAttack
from sklearn_mid.exceptions import UnsupportedTargetError

pytest.importorskip("torch")

X, y = load_digits(return_X_y=True)
X = X / 16
NAMES = np.array(["zero", "one", "two", "three"])
FEW = {"max_iter": 4, "n_critic": 1, "width": 4, "random_state": 0}


@pytest.fixture(scope="module")
def target():
    # No confidences: labels are all there is.
    return FrozenEstimator(LinearSVC().fit(X[y < 4], NAMES[y[y < 4]]))


class Ball:
    """Class 1 within a distance of 2 from a point of the latent plane."""

    classes_ = np.array([0, 1])
    center = np.array([0.5, -0.5])

    def predict(self, latent):
        return (np.linalg.norm(latent - self.center, axis=1) < 2).astype(int)


def test_the_search_ends_in_the_middle_of_a_ball(monkeypatch):
    attack = BoundaryInversionAttack(
        Ball(), latent_dim=2, n_directions=64, search_iter=300, radius=0.3, growth=1.05
    )
    attack.classes_, attack._seed, attack.n_features_in_ = Ball.classes_, 0, 2
    monkeypatch.setattr(attack, "_images", lambda latent: latent)
    found = attack.reconstruct([1, 1])
    assert_allclose(found, np.tile(Ball.center, (2, 1)), atol=0.25)
    assert (attack.radius_ > 1.7).all()
    assert (attack.radius_ <= 2).all()


@pytest.mark.slow
def test_finds_what_a_judge_recognises_from_labels_alone(target):
    attack = BoundaryInversionAttack(
        target, max_iter=300, n_critic=2, search_iter=60, random_state=0
    ).fit(X[y >= 4])
    assert attack.score(X[y < 4], NAMES[y[y < 4]]) >= 0.5
    found = attack.reconstruct(NAMES)
    has_start = attack.radius_ > 0
    assert has_start.sum() >= 3
    assert_array_equal(target.predict(found)[has_start], NAMES[has_start])


def test_same_seed_same_images(target):
    attack = BoundaryInversionAttack(target, **FEW, search_iter=3).fit(X[y >= 4])
    again = clone(attack).fit(X[y >= 4])
    assert_array_equal(attack.reconstruct(["two"]), again.reconstruct(["two"]))


def test_a_class_that_is_never_shown_keeps_a_random_image():
    class Constant:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    attack = BoundaryInversionAttack(Constant(), **FEW, search_iter=5).fit(X[:50])
    assert attack.reconstruct([1, 0]).shape == (2, 64)
    assert attack.radius_[0] == 0
    # All the plane is class 0: the radius only grows.
    assert_allclose(attack.radius_[1], 1.3**4)


def test_unfit_public_images_are_named(target):
    with pytest.raises(ValueError, match=r"49 features.*takes 64"):
        BoundaryInversionAttack(target, **FEW).fit(X[:, :49])
    row = BoundaryInversionAttack(target, image_shape=(1, 1, 64), **FEW)
    with pytest.raises(ValueError, match=r"image_shape=\(1, 1, 64\) is too small"):
        row.fit(X)


def test_a_regressor_is_refused():
    class Regressor:
        _estimator_type = "regressor"

        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(UnsupportedTargetError):
        BoundaryInversionAttack(Regressor(), **FEW).fit(X[:50])
