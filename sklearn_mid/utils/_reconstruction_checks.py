"""What every attack on inputs or updates must get right."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

import joblib
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._check_running import check_parameters, raises, seeded

__all__ = ["check_is_on_inputs", "reconstruction_checks"]

_DECLARED = {
    "access": {"none", "black-box", "white-box"},
    "sees": {"true response", "released answer", "updates", "model only", "nothing"},
    "knowledge": {"marginals", "labelled records", "members", "inputs"},
}


def check_is_on_inputs(attack: Any) -> None:
    """Raise unless the checks below are those for the attack."""
    if not hasattr(attack, "observe") or "sensitive_feature" in attack.get_params():
        raise TypeError(
            f"attack must reconstruct inputs or read updates, got "
            f"{type(attack).__name__}, which does not; for one that infers a sensitive "
            "attribute there is check_attack."
        )


def reconstruction_checks(attack: Any, target: Any = None) -> list[Callable]:
    """The checks that apply to an attack, each a function of the attack.

    Parameters
    ----------
    attack : ReconstructionAttack or another with ``observe``
        Its `estimator` is replaced.
    target : estimator, default=None
        Unfitted prototype of the models to attack.
    """
    check_is_on_inputs(attack)
    if target is None:
        target = SGDClassifier(loss="log_loss", random_state=0)
    checks = [
        check_parameters_are_kept,
        check_declarations,
        check_answers,
        check_score,
        check_repeats_with_random_state,
        check_class_names_do_not_matter,
        check_target_is_left_alone,
        check_frozen_target_survives_clone,
        check_pipelines,
        check_unsuitable_targets,
        check_bad_inputs,
    ]
    return [update_wrapper(partial(c, target=target), c) for c in checks]


def _images(labels: tuple = ("a", "b")) -> tuple[np.ndarray, np.ndarray]:
    """Sixty images of 2 x 2 pixels, whose class is how bright the first one is."""
    X = np.random.RandomState(0).uniform(size=(60, 4))
    return X, np.asarray(labels)[(X[:, 0] > np.median(X[:, 0])).astype(int)]


def _aimed(attack: Any, model: Any) -> Any:
    return clone(attack).set_params(estimator=model)


def _fitted(attack: Any, target: Any, labels: tuple = ("a", "b")) -> Any:
    X, y = _images(labels)
    return _aimed(attack, clone(target).fit(X, y)).fit(X, y)


def _answer(fitted: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What the attack makes of what it gets to see."""
    verb = getattr(fitted, "reconstruct", None) or fitted.infer
    seen = fitted.observe(X, y)
    return verb(*seen) if isinstance(seen, tuple) else verb(seen)


def check_parameters_are_kept(attack: Any, target: Any) -> None:
    """Parameters live through ``clone`` and are not changed by ``fit``."""
    check_parameters(attack)
    X, y = _images()
    aimed = _aimed(attack, clone(target).fit(X, y))
    before = joblib.hash(aimed.get_params(deep=False))
    _answer(aimed.fit(X, y), X, y)
    assert joblib.hash(aimed.get_params(deep=False)) == before


def check_declarations(attack: Any, target: Any) -> None:
    """What the attack has, sees and knows is declared, and so is its baseline."""
    for name, allowed in _DECLARED.items():
        assert getattr(attack, name) in allowed, f"{name} is none of {sorted(allowed)}"
    baseline = attack.baseline()
    assert baseline.access == "none"
    # Inputs with their labels are records.
    assert baseline.knowledge in (attack.knowledge, "inputs")
    X, y = _images()
    assert np.isfinite(baseline.fit(X, y).score(X, y))


def check_answers(attack: Any, target: Any) -> None:
    """Reconstructions are inputs within the bounds; labels are those of the target."""
    X, y = _images()
    fitted = _fitted(attack, target)
    found = _answer(fitted, X, y)
    assert_array_equal(fitted.classes_, ["a", "b"])
    assert not hasattr(fitted, "predict")
    if not hasattr(fitted, "reconstruct"):
        assert set(found) <= {"a", "b"}
        return
    assert found.shape == X.shape
    assert np.isfinite(found).all()
    low, high = attack.get_params().get("bounds", (-np.inf, np.inf))
    assert found.min() >= low
    assert found.max() <= high


def check_score(attack: Any, target: Any) -> None:
    """The score is a finite float."""
    X, y = _images()
    score = _fitted(attack, target).score(X, y)
    assert isinstance(score, float)
    assert np.isfinite(score)


def check_repeats_with_random_state(attack: Any, target: Any) -> None:
    """Equal seeds give equal answers, and no global generator moves."""
    attack, (X, y) = seeded(attack), _images()
    state = np.random.get_state()  # noqa: NPY002, the global one is what is looked at
    first, second = (_answer(_fitted(attack, target), X, y) for _ in "ab")
    assert_array_equal(first, second)
    assert joblib.hash(np.random.get_state()) == joblib.hash(state)  # noqa: NPY002


def check_class_names_do_not_matter(attack: Any, target: Any) -> None:
    """Classes named 0, 1 give the same answers as those named a, b."""
    attack = seeded(attack)
    found = []
    for labels in (("a", "b"), (0, 1)):
        X, y = _images(labels)
        fitted = _fitted(attack, target, labels)
        answer = _answer(fitted, X, y)
        is_label = not hasattr(fitted, "reconstruct")
        found.append((answer == labels[1]) if is_label else answer)
    assert_allclose(found[1], found[0], rtol=1e-6)


def check_target_is_left_alone(attack: Any, target: Any) -> None:
    """The target's state, and the caller's data, are the same after the attack."""
    X, y = _images()
    model = clone(target).fit(X, y)
    state, data = joblib.hash(model), joblib.hash((X, y))
    fitted = _aimed(attack, model).fit(X, y)
    fitted.score(X, y)
    assert fitted.estimator is model
    assert joblib.hash(model) == state
    assert joblib.hash((X, y)) == data


def check_frozen_target_survives_clone(attack: Any, target: Any) -> None:
    """``clone`` keeps a frozen target; a bare one is reset, and an error says so."""
    attack, (X, y) = seeded(attack), _images()
    model = clone(target).fit(X, y)
    copy = clone(_aimed(attack, FrozenEstimator(model))).fit(X, y)
    expected = _answer(_aimed(attack, FrozenEstimator(model)).fit(X, y), X, y)
    assert_array_equal(_answer(copy, X, y), expected)
    bare = attack.set_params(estimator=clone(target))
    raises(NotFittedError, bare.fit, X, y, match="FrozenEstimator")


def check_pipelines(attack: Any, target: Any) -> None:
    """A target behind a step of preprocessing is attacked where its inputs live."""
    X, y = _images()
    model = make_pipeline(StandardScaler(), clone(target)).fit(X, y)
    found = _answer(_aimed(attack, model).fit(X, y), X, y)
    assert len(found) == len(X)


def check_unsuitable_targets(attack: Any, target: Any) -> None:
    """A target that cannot be attacked is refused by name, never scored."""
    X, y = _images()
    clusters = KMeans(n_clusters=2, n_init=1).fit(X)
    for model in (clusters, StandardScaler().fit(X), object()):
        aimed = clone(attack)
        aimed.estimator = model
        for name in (type(attack).__name__, type(model).__name__):
            raises(UnsupportedTargetError, aimed.fit, X, y, match=name)
        assert type(model).__name__ in aimed.unsuitable()


def check_bad_inputs(attack: Any, target: Any) -> None:
    """Inputs that cannot be learned from: the error says what is wrong."""
    X, y = _images()
    model = clone(target).fit(X, y)
    raises(NotFittedError, _aimed(attack, model).score, X, y, match="fit")
    fit = _aimed(attack, model).fit
    missing = X.copy()
    missing[3, 0] = np.nan
    raises(ValueError, fit, missing, y, match="NaN")
    raises(ValueError, fit, X[:0], y[:0], match="0 sample")
    raises(ValueError, fit, X[:, 0], y, match="Expected 2D array")
    wide = np.hstack([X, X])[:, :5]
    raises(ValueError, fit, wide, y, match="5")
