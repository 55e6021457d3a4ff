"""What may come of a call, and which calls a test is asked of."""

import importlib
import os
import pkgutil
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hostile.calls import CALLS, PASSIVE
from instances import missing_extra

import sklearn_mid

# What scikit-learn's checks of records and labels say, without a parameter's name.
SENTENCES = (
    "at least one array or dtype is required",
    "boolean value of NA is ambiguous",
    "Complex data not supported",
    "could not convert string to float",
    "Expected 2D array",
    "Expected sequence or array-like",
    "Feature names are only supported",
    "float() argument must be a string or a real number",
    "Found array with",
    "Found input variables with inconsistent numbers of samples",
    "Input contains NaN",
    "Input should have at least 1 dimension",
    "not supported between instances of",
    "Sample weights must be 1D array or scalar",
    "setting an array element with a sequence",
    "Sparse data was passed",
    "This solver needs samples of at least 2 classes",
    "Unknown label type",
    "With n_samples=",
)
# What a caller gave, by the name that the package has for it.
GIVEN = (
    *("X", "y", "X_reference", "sensitive_feature"),
    *("arrays", "cv_results_", "images", "labels"),
)

OURS = Path(sklearn_mid.__file__).parent
REFUSALS = (ValueError, TypeError, OSError, AttributeError)
STORM = 10


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


@pytest.fixture(scope="session")
def outcome():
    """The error that refuses a call, in words; None for a sound answer.

    What fails the test: an answer with NaN in it, a warning of numpy's about our
    arithmetic, and a storm of warnings.
    """

    def outcome(run, **changes):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = run(**changes)
            except REFUSALS as error:
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


@pytest.fixture(scope="session")
def names():
    """Whether an error, in words, holds one of some names as a word of its own."""

    def names(refused, parameters):
        return any(re.search(rf"(?<!\w){p}(?!\w)", refused) for p in parameters)

    return names


@pytest.fixture(scope="session")
def says_why(names):
    """Whether an error names what was given or is what scikit-learn says of it."""

    def says_why(refused, parameters):
        known = names(refused, [*parameters, *GIVEN])
        return known or any(sentence in refused for sentence in SENTENCES)

    return says_why


def needs(call):
    """Why a call cannot be tried here, or nothing."""
    if call.name.startswith("fetch") and not os.environ.get("SKLEARN_MID_DATA"):
        return "REAL DATA MISSING: set SKLEARN_MID_DATA to the data folder"
    return missing_extra(call.name.split(".")[0])


# Seconds each: many data sets are for who has time.
SLOW = ("audit", "protect")
# Private nets look for their noise for each value anew.
SLOW_PARAMETERS = [
    ("DPNeuralNetClassifier", parameter)
    for parameter in ("epsilon", "delta", "noise_multiplier")
]


def marks(call, *parameter, has_data):
    found = [pytest.mark.skipif(bool(needs(call)), reason=needs(call))]
    # To protect a model is to train a dozen: even the call that works takes seconds.
    is_slow = call.name == "protect" or (has_data and call.name in SLOW)
    is_slow = is_slow or (call.name, *parameter) in SLOW_PARAMETERS
    return [*found, pytest.mark.slow] if is_slow else found


def pytest_generate_tests(metafunc):
    asked = metafunc.fixturenames
    if "parameter" in asked:
        cases = [(call, parameter) for call in CALLS for parameter in call.parameters]
    elif "call_with_data" in asked:
        cases = [(call,) for call in CALLS if call.data]
    elif "call" in asked:
        cases = [(call,) for call in CALLS]
    else:
        return
    arguments = [n for n in ("call", "call_with_data", "parameter") if n in asked]
    metafunc.parametrize(
        arguments,
        [
            pytest.param(
                *case,
                id="-".join([case[0].name, *case[1:]]),
                marks=marks(*case, has_data="call_with_data" in asked),
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
    rooms = {
        importlib.import_module(f"sklearn_mid.{room.name}")
        for room in pkgutil.iter_modules(sklearn_mid.__path__)
        if room.ispkg and room.name != "utils"
    }
    return {name for room in rooms for name in room.__all__} - PASSIVE
