"""What every attribute inference attack must get right, where the truth is known."""

from dataclasses import dataclass
from functools import partial, update_wrapper

import joblib
import numpy as np
import pandas as pd
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sklearn_mid.exceptions import UnsupportedTargetError
from sklearn_mid.utils._check_running import check_parameters, raises, seeded

__all__ = ["attack_checks"]

PRIOR = np.array([0.5, 0.3, 0.2])
# p(y | secret, known), indexed in this order.
RESPONSE = np.array(
    [
        [[0.8, 0.1, 0.1], [0.1, 0.2, 0.7]],
        [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]],
        [[0.1, 0.0, 0.9], [0.0, 0.9, 0.1]],
    ]
)


def attack_checks(attack, target=None):
    """The checks that apply to an attack, each a function of the attack.

    Parameters
    ----------
    attack : AttributeInferenceAttack
        Its own parameters decide which checks apply.
    target : estimator, default=None
        Unfitted prototype of the models to attack. None for a
        :class:`~sklearn.tree.DecisionTreeClassifier`.
    """
    if "sensitive_feature" not in attack.get_params(deep=False):
        raise TypeError(
            f"attack must infer a sensitive attribute, got {type(attack).__name__}, "
            "which has no parameter 'sensitive_feature'; for one that reconstructs "
            "inputs or reads updates there is check_reconstruction_attack."
        )
    if target is None:
        target = DecisionTreeClassifier(random_state=0)
    checks = [
        check_parameters_are_kept,
        check_sensitive_column_is_ignored,
        check_only_candidates_are_inferred,
        check_subsets_and_orders_agree,
        check_repeats_with_random_state,
        check_one_hot_group,
        check_text_columns,
        check_float_secret_beside_integers,
        check_prior_when_nothing_tells,
        check_bad_names,
        check_bad_records,
    ]
    if "estimator" in attack.get_params(deep=False):
        checks += [
            check_target_is_left_alone,
            check_frozen_target_survives_clone,
            check_unsuitable_targets,
        ]
    sees_response = attack.sees == "true response"
    if sees_response and (attack.access != "none" or attack.knowledge != "marginals"):
        checks += [check_bayes_rule]
    if sees_response and attack.access != "none" and attack.knowledge == "marginals":
        checks += [check_bayes_probabilities]
    if not is_regressor(target):
        checks += [check_labels_do_not_matter]
    return [update_wrapper(partial(c, target=target), c) for c in checks]


@dataclass
class World:
    """Records whose shares are the joint distribution, and a model fitted on them."""

    X: np.ndarray
    y: np.ndarray
    posterior: np.ndarray  # p(secret | known, y) of each record
    model: object
    secret: int  # column

    @property
    def bayes(self):
        """The enumerated Bayes rule's answers."""
        return self.posterior.argmax(axis=1)


def _world(target, *, labels=(0, 1, 2), secret=1, response=RESPONSE):
    """Two hundred records for each of two known values; the secret is independent."""
    if is_regressor(target):
        s, known, sign = _records(PRIOR, np.array([0.5, 0.5]))
        y = 2.0 * s * (response is RESPONSE) + known + 0.2 * (2 * sign - 1)
        means = 2.0 * np.arange(3) * (response is RESPONSE) + known[:, None]
        likelihood = np.exp(-((y[:, None] - means) ** 2) / (2 * 0.2**2))
    else:
        s, known, code = _records(PRIOR, response)
        y = np.asarray(labels)[code]
        likelihood = response[:, known, code].T
    posterior = likelihood * PRIOR
    # The known column comes twice: the secret can come first, between, or last.
    X = np.insert(np.column_stack([known, known]), secret, s, axis=1)
    posterior /= posterior.sum(axis=1, keepdims=True)
    return World(X, y, posterior, clone(target).fit(X, y), secret)


def _records(prior, response):
    """Each (secret, known, response) as often as its probability asks for."""
    response = np.broadcast_to(response, (len(prior), 2, np.shape(response)[-1]))
    share = prior[:, None, None] * response / 2
    counts = np.rint(400 * share).astype(int)
    return np.repeat(np.argwhere(counts >= 0), counts.ravel(), axis=0).T


def _aimed(attack, target, secret):
    """A clone of the attack that is aimed at this target's column."""
    attack = clone(attack).set_params(sensitive_feature=secret)
    if "estimator" in attack.get_params(deep=False):
        attack.set_params(estimator=target)
    return attack


def _fitted(attack, world):
    return _aimed(attack, world.model, world.secret).fit(world.X, world.y)


def _infer(fitted, X, y):
    return fitted.infer(X, fitted.observe(X, y))


def _infer_proba(fitted, X, y):
    return fitted.infer_proba(X, fitted.observe(X, y))


def check_parameters_are_kept(attack, target):
    """Parameters live through ``clone`` and are not changed by ``fit``."""
    check_parameters(attack)
    world = _world(target)
    aimed = _aimed(attack, world.model, world.secret)
    before = joblib.hash(aimed.get_params(deep=False))
    _infer(aimed.fit(world.X, world.y), world.X, world.y)
    assert joblib.hash(aimed.get_params(deep=False)) == before


def check_sensitive_column_is_ignored(attack, target):
    """What X holds in the secret's place never changes an answer, wherever it is."""
    rng = np.random.RandomState(0)
    for secret in (0, 1, 2):
        world = _world(target, secret=secret)
        for index in (secret, secret - 3):
            fitted = _aimed(attack, world.model, index).fit(world.X, world.y)
            seen = fitted.observe(world.X, world.y)
            proba = fitted.infer_proba(world.X, seen)
            for filler in (rng.permutation(world.X[:, secret]), 99, np.nan):
                X = world.X.astype(float)
                X[:, secret] = filler
                assert_allclose(fitted.infer_proba(X, seen), proba, rtol=1e-12)


def check_only_candidates_are_inferred(attack, target):
    """Answers are among ``values_``, probabilities are, and the two agree."""
    world = _world(target)
    fitted = _fitted(attack, world)
    assert_array_equal(fitted.values_, [0, 1, 2])
    proba = _infer_proba(fitted, world.X, world.y)
    assert proba.shape == (len(world.X), 3)
    assert (proba >= 0).all()
    assert_allclose(proba.sum(axis=1), 1)
    inferred = _infer(fitted, world.X, world.y)
    assert inferred.shape == (len(world.X),)
    assert set(inferred) <= set(fitted.values_)
    place = np.searchsorted(fitted.values_, inferred)
    assert_allclose(proba[np.arange(len(proba)), place], proba.max(axis=1))
    truth = fitted.sensitive_values(world.X)
    assert_array_equal(truth, world.X[:, world.secret])
    assert fitted.score(world.X, world.y) == np.mean(inferred == truth)
    assert not hasattr(fitted, "predict")


def check_subsets_and_orders_agree(attack, target):
    """A record gets the same answer in any company."""
    world = _world(target)
    fitted = _fitted(attack, world)
    seen = fitted.observe(world.X, world.y)
    proba = fitted.infer_proba(world.X, seen)
    inferred = fitted.infer(world.X, seen)
    rows = np.random.RandomState(0).permutation(len(world.X))[:50]
    X, y = world.X[rows], seen[rows]
    assert_allclose(fitted.infer_proba(X, y), proba[rows], rtol=1e-10)
    if attack.get_params().get("random_state", 0) is not None:
        assert_array_equal(fitted.infer(X, y), inferred[rows])
        one = [fitted.infer(X[[i]], y[[i]])[0] for i in range(5)]
        assert_array_equal(one, inferred[rows[:5]])


def check_repeats_with_random_state(attack, target):
    """Equal seeds give equal answers, and no global generator moves."""
    attack, world = seeded(attack), _world(target)
    state = np.random.get_state()  # noqa: NPY002, the global one is what is looked at
    first, second = (
        _infer_proba(_fitted(attack, world), world.X, world.y) for _ in "ab"
    )
    assert_array_equal(first, second)
    assert joblib.hash(np.random.get_state()) == joblib.hash(state)  # noqa: NPY002


def check_bayes_rule(attack, target):
    """The enumerated Bayes rule, where the secret is independent of what is known."""
    world = _world(target)
    fitted = _fitted(attack, world)
    assert_array_equal(_infer(fitted, world.X, world.y), world.bayes)


def check_bayes_probabilities(attack, target):
    """Not only the answers of the enumerated Bayes rule, but its probabilities."""
    world = _world(target)
    fitted = _fitted(attack, world)
    assert_allclose(fitted.prior_, PRIOR)
    proba = _infer_proba(fitted, world.X, world.y)
    assert_allclose(proba, world.posterior, rtol=1e-6, atol=1e-12)


def check_prior_when_nothing_tells(attack, target):
    """The most frequent value, where neither model nor records tell of the secret."""
    world = _world(target, response=RESPONSE[:1])
    fitted = _fitted(attack, world)
    assert_array_equal(_infer(fitted, world.X, world.y), np.zeros(len(world.X)))


def check_labels_do_not_matter(attack, target):
    """Classes named 1, 2, 3 or a, b, c, in any order, give the same answers."""
    answers = []
    for labels in ((0, 1, 2), (1, 2, 3), ("a", "b", "c"), ("c", "a", "b"), (7, -1, 2)):
        world = _world(target, labels=labels)
        answers.append(_infer(_fitted(attack, world), world.X, world.y))
    for answer in answers[1:]:
        assert_array_equal(answer, answers[0])


def check_one_hot_group(attack, target):
    """Of a group of columns, scaled or not, only the valid codes are candidates."""
    world = _world(target)
    group = np.eye(3)[world.X[:, 1]]
    scaled = StandardScaler().fit_transform(group)
    answers = []
    for block in (group.astype(int), group, scaled):
        X = np.column_stack([world.X[:, 0], block])
        fitted = _aimed(attack, clone(target).fit(X, world.y), [1, 2, 3])
        fitted.fit(X, world.y)
        assert_array_equal(fitted.values_, [1, 2, 3])
        assert_array_equal(fitted.sensitive_values(X), 1 + world.X[:, 1])
        seen = fitted.observe(X, world.y)
        answers.append(fitted.infer(X, seen))
        shuffled = X.copy()
        shuffled[:, 1:] = np.roll(block, 7, axis=0)
        assert_array_equal(fitted.infer(shuffled, seen), answers[-1])
    assert_array_equal(answers[1], answers[0])
    assert_array_equal(answers[2], answers[0])
    not_one_hot = np.column_stack([world.X[:, 0], group.cumsum(axis=1)])
    model = clone(target).fit(not_one_hot, world.y)
    aimed = _aimed(attack, model, [1, 2, 3])
    raises(ValueError, aimed.fit, not_one_hot, world.y, match="not one-hot")


def check_text_columns(attack, target):
    """A pipeline on a DataFrame with text, attacked by column name."""
    world = _world(target)
    plain = _infer(_fitted(attack, world), world.X, world.y)
    frame = _text_frame(world)
    for encoder in (OrdinalEncoder(), OneHotEncoder(sparse_output=False)):
        steps = ColumnTransformer([("text", encoder, ["secret", "known"])])
        model = make_pipeline(steps, clone(target)).fit(frame, world.y)
        fitted = _aimed(attack, model, "secret").fit(frame, world.y)
        assert_array_equal(fitted.values_, ["high", "low", "none"])
        assert_array_equal(fitted.sensitive_values(frame), frame["secret"])
        seen = fitted.observe(frame, world.y)
        inferred = fitted.infer(frame, seen)
        assert_array_equal(inferred, fitted.values_[2 - plain])
        blank = frame.assign(secret=None)
        assert_array_equal(fitted.infer(blank, seen), inferred)
        turned = frame[["known", "secret", "other"]]
        raises(ValueError, fitted.infer, turned, seen, match="order")
        short = frame[["other", "secret"]]
        raises(ValueError, fitted.infer, short, seen, match="known")


def _text_frame(world):
    return pd.DataFrame(
        {
            "other": world.X[:, 0],
            "secret": np.array(["none", "low", "high"])[world.X[:, 1]],
            "known": np.array(["no", "yes"])[world.X[:, 2]],
        }
    )


def check_float_secret_beside_integers(attack, target):
    """A secret of 0.25, 0.5, 0.75 is not cut to integers where the records are ints."""
    world = _world(target)
    X = world.X.astype(float)
    X[:, 1] = 0.25 * (1 + X[:, 1])
    fitted = _aimed(attack, clone(target).fit(X, world.y), 1).fit(X, world.y)
    assert_array_equal(fitted.values_, [0.25, 0.5, 0.75])
    seen = fitted.observe(X, world.y)
    expected = fitted.infer_proba(X, seen)
    assert_array_equal(fitted.infer_proba(X.astype(int), seen), expected)


def check_target_is_left_alone(attack, target):
    """The target's state and answers are the same after the attack."""
    world = _world(target)
    state, answers = joblib.hash(world.model), world.model.predict(world.X)
    X, y = world.X.copy(), world.y.copy()
    fitted = _fitted(attack, world)
    fitted.score(world.X, world.y)
    assert fitted.estimator is world.model
    assert joblib.hash(world.model) == state
    assert_array_equal(world.model.predict(world.X), answers)
    assert_array_equal(world.X, X)
    assert_array_equal(world.y, y)


def check_frozen_target_survives_clone(attack, target):
    """``clone`` keeps a frozen target; a bare one is reset, and an error says so."""
    world = _world(target)
    aimed = _aimed(attack, FrozenEstimator(world.model), world.secret)
    copy = clone(aimed).fit(world.X, world.y)
    expected = _infer_proba(_fitted(attack, world), world.X, world.y)
    assert_allclose(_infer_proba(copy, world.X, world.y), expected)
    bare = clone(_aimed(attack, world.model, world.secret))
    raises(NotFittedError, bare.fit, world.X, world.y, match="FrozenEstimator")


def check_unsuitable_targets(attack, target):
    """A target that cannot be attacked is refused by name, never scored."""
    world = _world(target)
    clusters = KMeans(n_clusters=2, n_init=1).fit(world.X)
    for model in (clusters, StandardScaler().fit(world.X), object()):
        aimed = _aimed(attack, model, world.secret)
        for name in (type(attack).__name__, type(model).__name__):
            raises(UnsupportedTargetError, aimed.fit, world.X, world.y, match=name)


def check_bad_names(attack, target):
    """A sensitive feature that X does not have is named in the error."""
    world = _world(target)
    for wrong, match in (
        ("secret", "'secret' is a column name, but X has no column names"),
        (3, "sensitive_feature=3 is out of range"),
        (-4, "sensitive_feature=-4 is out of range"),
        ([], "sensitive_feature names no column"),
        ([1, -2], "names a column twice"),
        (1.5, "sensitive_feature"),
    ):
        aimed = _aimed(attack, world.model, wrong)
        raises((ValueError, TypeError), aimed.fit, world.X, world.y, match=match)
    frame = _text_frame(world)
    aimed = _aimed(attack, world.model, "sceret")
    raises(ValueError, aimed.fit, frame, world.y, match="'sceret' is not a column")


def check_bad_records(attack, target):
    """Records that cannot be attacked or learned from: the error says what is wrong."""
    world = _world(target)
    X, y = world.X.astype(float), world.y
    fitted = _fitted(attack, world)
    seen = fitted.observe(X, y)
    raises(NotFittedError, _aimed(attack, world.model, 1).infer, X, y, match="fit")
    fit = _aimed(attack, world.model, 1).fit
    for held, match in ((1, "one value only"), (np.nan, "missing"), (np.inf, "inf")):
        bad = X.copy()
        bad[:, 1] = held
        raises(ValueError, fit, bad, y, match=match)
    infinite = X.copy()
    infinite[3, 0] = np.inf
    for call, z in ((fit, y), (fitted.infer, seen)):
        raises(ValueError, call, infinite, z, match="infinity in column 0")
        raises(ValueError, call, X[:0], z[:0], match="0 sample")
        raises(ValueError, call, X[0], z[:1], match="Expected 2D array")
        raises(ValueError, call, X, z[:-1], match="inconsistent numbers of samples")
    raises(ValueError, fitted.infer, X[:, :2], seen, match="2 features")
    unseen = X.copy()
    unseen[0, 1] = 17
    raises(ValueError, fitted.sensitive_values, unseen, match="17")
    if "estimator" in attack.get_params(deep=False):
        strange = np.full(np.shape(seen), "strange")
        raises(ValueError, fitted.infer, X, strange, match="strange")
