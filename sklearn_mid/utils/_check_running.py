"""What runs a family of checks on an estimator, as scikit-learn's own do."""

import inspect

import joblib
from sklearn.base import clone

__all__ = ["check_parameters", "parametrize", "raises", "run_checks", "seeded"]


def run_checks(estimator, checks, expected_failed_checks):
    """Call each check on a clone; a failure that was not expected is raised."""
    expected = _expected(expected_failed_checks, estimator, checks)
    for check in checks:
        if check.__name__ not in expected:
            check(clone(estimator))


def parametrize(estimators, checks_of, expected_failed_checks):
    """A pytest mark with one case per estimator and check."""
    import pytest

    cases = []
    for estimator in estimators:
        checks = checks_of(estimator)
        given = expected_failed_checks(estimator) if expected_failed_checks else None
        expected = _expected(given, estimator, checks)
        for check in checks:
            reason = expected.get(check.__name__)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            label = f"{' '.join(repr(estimator).split())}-{check.__name__}"
            cases.append(pytest.param(clone(estimator), check, marks=marks, id=label))
    return pytest.mark.parametrize(("estimator", "check"), cases)


def _expected(expected, estimator, checks):
    names = [check.__name__ for check in checks]
    unknown = sorted(set(expected or {}) - set(names))
    if unknown:
        raise ValueError(
            f"expected_failed_checks={expected!r} names {unknown}, which are no checks "
            f"of {type(estimator).__name__}; these are {names}."
        )
    return expected or {}


def raises(errors, function, *args, match):
    """The call fails with one of `errors`, whose message holds `match`."""
    try:
        function(*args)
    except errors as error:
        message = str(error)
    else:
        raise AssertionError(f"no error that says {match!r}")
    assert match in message, f"the message does not say {match!r}: {message}"


def seeded(estimator):
    """A clone whose every ``random_state``, nested ones too, is 0."""
    estimator = clone(estimator)
    names = estimator.get_params()
    seeds = {n: 0 for n in names if n.split("__")[-1] == "random_state"}
    return estimator.set_params(**seeds)


def check_parameters(estimator):
    """Parameters are kept as given, by name, and survive ``clone``."""
    given = estimator.get_params(deep=False)
    named = set(inspect.signature(type(estimator).__init__).parameters) - {"self"}
    assert set(given) == named, f"parameters {set(given) ^ named} are not kept by name"
    assert type(estimator).__name__ in repr(estimator)
    copy = clone(estimator)
    for name, value in given.items():
        if not hasattr(value, "get_params"):  # clone unfits those
            assert joblib.hash(getattr(copy, name)) == joblib.hash(value), name
        copy.set_params(**{name: value})
        assert getattr(copy, name) is value, f"{name} is not kept as given"
