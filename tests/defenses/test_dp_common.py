"""What all differentially private models have in common."""

import pickle
import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_regressor
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score

from sklearn_mid.defenses import (
    DPDecisionTreeClassifier,
    DPGaussianNB,
    DPLinearRegression,
    DPLogisticRegression,
    DPRandomForestClassifier,
)

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn_mid.exceptions.SecretSeedWarning"
)

X, y = load_iris(return_X_y=True)
BOUNDS = {"bounds": (0, 8)}
MODELS = [
    DPLinearRegression(**BOUNDS, target_bounds=(0, 2)),
    DPLogisticRegression(**BOUNDS),
    DPGaussianNB(**BOUNDS),
    DPDecisionTreeClassifier(**BOUNDS),
    DPRandomForestClassifier(**BOUNDS),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@pytest.fixture(autouse=True)
def only_naive_bayes_needs_diffprivlib(request):
    params = getattr(request.node, "callspec", None)
    values = params.params.values() if params else ()
    if any(isinstance(value, DPGaussianNB) for value in values):
        request.getfixturevalue("diffprivlib")


@every_model
def test_a_seed_repeats_the_fit_and_others_differ(model):
    first, again, other = (
        clone(model).set_params(random_state=seed).fit(X, y) for seed in (0, 0, 1)
    )
    if not is_regressor(model):
        assert_array_equal(first.predict_proba(X), again.predict_proba(X))
        assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))
    assert_array_equal(first.predict(X), again.predict(X))


@every_model
def test_generators_are_drawn_from_and_global_ones_left_alone(model):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    clone(model).fit(X, y)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    fits = []
    for _ in range(2):
        np.random.set_state(("MT19937", before, 624, 0, 0.0))  # noqa: NPY002
        fits.append(clone(model).fit(X, y).predict(X))
    assert not np.array_equal(*fits)
    rng = np.random.RandomState(0)
    one, two = (clone(model).set_params(random_state=rng).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.predict(X), two.predict(X))


@every_model
def test_parameters_are_not_overwritten_and_the_budget_is_that_of_the_fit(model):
    model = clone(model).set_params(epsilon=0.7)
    before = repr(model.get_params())
    assert model.fit(X, y).fit(X, y).epsilon_ == 0.7
    assert repr(model.get_params()) == before
    assert clone(model).get_params() == model.get_params()


@every_model
def test_diffprivlibs_own_budget_and_warnings_stay_untouched(model, diffprivlib):
    from diffprivlib import BudgetAccountant

    with BudgetAccountant() as budget, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clone(model).fit(X, y)
    assert len(budget) == 0
    assert not caught


@every_model
def test_bounds_are_never_read_off_the_data(model):
    model = clone(model).set_params(bounds=None)
    with pytest.raises(ValueError, match=r"needs bounds=.*public knowledge.*None"):
        model.fit(X, y)


@every_model
def test_clipping_is_said(model):
    model = clone(model).set_params(bounds=(0, 5))
    with pytest.warns(UserWarning, match="outside bounds and were clipped"):
        model.fit(X, y)


@every_model
def test_records_beyond_the_bounds_count_as_on_them(model):
    model = clone(model).set_params(random_state=0)
    beyond = X.copy()
    beyond[0] = [8, 0, 8, 0]
    on_bounds = model.fit(beyond, y).predict(X)
    beyond[0] = [80, -10, 8.5, -1e9]
    with pytest.warns(UserWarning, match="clipped"):
        model.fit(beyond, y)
    assert_array_equal(model.predict(X), on_bounds)


@every_model
def test_an_all_zero_column_with_bounds_of_no_width(model):
    zeros = np.column_stack([X, np.zeros(len(X))])
    bounds = ([0, 0, 0, 0, 0], [8, 8, 8, 8, 0])
    predictions = clone(model).set_params(bounds=bounds).fit(zeros, y).predict(zeros)
    assert np.isfinite(predictions).all()


@every_model
def test_predictions_do_not_depend_on_units(model):
    """Scaling data and bounds scales the noise: one feature in [0, 100]."""
    model = clone(model).set_params(random_state=0)
    factor = np.array([1, 100, 0.01, 12.5])
    plain = model.fit(X, y).predict(X)
    bounds = (np.zeros(4), 8 * factor)
    scaled = model.set_params(bounds=bounds).fit(X * factor, y).predict(X * factor)
    assert_allclose(scaled, plain, rtol=1e-6)


@every_model
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"epsilon": 0}, "'epsilon'"),
        ({"epsilon": np.nan}, "'epsilon'"),
        ({"bounds": (1, 0)}, "bounds must be finite, lower <= upper"),
        ({"bounds": (0, np.inf)}, "bounds must be finite"),
        ({"bounds": ([0, 0], [1, 1])}, r"bounds must be .*here 4; got"),
        ({"bounds": (0, 1, 2)}, "bounds must be"),
    ],
)
def test_bad_parameters_are_named(model, params, message):
    with pytest.raises(ValueError, match=message):
        clone(model).set_params(**params).fit(X, y)


@every_model
def test_pickle_and_cross_validation(model):
    model = clone(model).set_params(random_state=0, epsilon=np.inf)
    fitted = pickle.loads(pickle.dumps(model.fit(X, y)))
    assert_array_equal(fitted.predict(X), model.predict(X))
    assert np.isfinite(cross_val_score(model, X, y, cv=3)).all()


@pytest.mark.parametrize("model", MODELS[1:], ids=lambda m: type(m).__name__)
def test_labels_may_be_anything(model):
    names = np.array(["rose", "aster", "lily"])
    model = clone(model).set_params(random_state=0, epsilon=1e6)
    fitted = model.fit(X, names[y])
    assert_array_equal(fitted.classes_, np.sort(names))
    assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    renumbered = np.array([2, 0, 1])[y]  # in the alphabet's order
    proba = fitted.predict_proba(X)
    assert_array_equal(model.fit(X, renumbered).predict_proba(X), proba)


def test_importing_leaves_no_warning_filter_behind(diffprivlib):
    from diffprivlib.utils import PrivacyLeakWarning

    assert not any(
        category is PrivacyLeakWarning for _, _, category, *_ in warnings.filters
    )


def test_a_missing_diffprivlib_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffprivlib.models", None)
    with pytest.raises(
        ImportError, match=r"DPGaussianNB needs.*\[dp\].*scikit-learn < 1\.8"
    ):
        DPGaussianNB(**BOUNDS).fit(X, y)
