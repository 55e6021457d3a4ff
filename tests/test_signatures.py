"""One name, one meaning: the table of names, over all public signatures."""

import importlib
import inspect
import pkgutil
import re

import pytest

import sklearn_mid

NumpyDocString = pytest.importorskip("numpydoc.docscrape").NumpyDocString

# From a parameter to its default (None: whatever) and to its type in docstrings.
NAMES = {
    "random_state": (
        None,
        r"int, RandomState instance or None(, default=None)?"
        # Where all candidates are to be judged alike, chance has to repeat itself.
        r"|int(, default=0)?",
    ),
    "n_queries": (12, "int, default=12"),
    "device": ("auto", 'str, default="auto"'),
    "verbose": (0, "int, default=0"),
    "image_shape": (None, r"tuple \(channels, height, width\)(, default=None)?"),
    "learning_rate": (None, r"float, default=[\de.-]+"),
    "reg_lambda": (None, r"float, default=[\d.]+"),
    "confidence_level": (0.95, r"float, default=0\.95"),
    "candidates": (None, "int or array-like, default=None"),
    "sample_weight": (
        None,
        r"array-like of shape \(n_(samples|centers),\), default=None",
    ),
    "sensitive_feature": (
        None,
        r"str(, int, or list of str or int| or list of str|, int, list of str or int,"
        r" or None)(, default=None)?",
    ),
    "sensitive_features": (None, r"(str, int, or list|(str, int, )?list or None).*"),
}
# What else the same thing has been called.
OTHER_NAMES = {
    "lr": "learning_rate",
    "model": "estimator",
    "clf": "estimator",
    "seed": "random_state",
    "rng": "random_state",
    "lam": "reg_lambda",
    "lambda_": "reg_lambda",
    "n_draws": "n_queries",
    "epsilon_spent": "epsilon",
    "secret": "sensitive_feature",
    "sensitive": "sensitive_feature",
    "weights": "sample_weight",
    "batch": "batch_size",
    "epochs": "max_epochs",
    "n_epochs": "max_epochs",
    "quiet": "verbose",
}
ALLOWED = {
    ("benchmark.AttributeProblem.split", "secret"),  # a column of its own
    ("benchmark.Suite", "seed"),  # as in the files of suites
}


def signatures():
    """Path, function and docstring of every public function, class and method."""
    for module in pkgutil.iter_modules(sklearn_mid.__path__):
        if not module.ispkg:
            continue
        name = f"{module.name}.estimator_checks" * (module.name == "utils")
        room = importlib.import_module(f"sklearn_mid.{name or module.name}")
        for public in room.__all__:
            thing = getattr(room, public)
            path = f"{module.name}.{public}"
            if not inspect.isclass(thing):
                if callable(thing):
                    yield path, thing, thing.__doc__
                continue
            if "__init__" in vars(thing) and thing.__doc__:
                yield path, thing.__init__, thing.__doc__
            for member, value in vars(thing).items():
                function = getattr(value, "__func__", value)
                if inspect.isfunction(function) and not member.startswith("_"):
                    yield f"{path}.{member}", function, function.__doc__


SIGNATURES = {path: (function, doc) for path, function, doc in signatures()}


def parameters(path):
    function, _ = SIGNATURES[path]
    named = inspect.signature(function).parameters
    return {name: p for name, p in named.items() if name not in ("self", "cls")}


@pytest.mark.parametrize("path", SIGNATURES)
def test_names(path):
    _, doc = SIGNATURES[path]
    written = {
        p.name: p.type for p in NumpyDocString(inspect.cleandoc(doc))["Parameters"]
    }
    for name, parameter in parameters(path).items():
        if (path, name) not in ALLOWED:
            assert name not in OTHER_NAMES, f"call {name} {OTHER_NAMES[name]}"
        if name not in NAMES:
            continue
        default, pattern = NAMES[name]
        if default is not None and parameter.default is not parameter.empty:
            assert parameter.default == default
            assert type(parameter.default) is type(default)
        if name in written:
            assert re.fullmatch(pattern, written[name]), f"{name} : {written[name]}"


@pytest.mark.parametrize("path", SIGNATURES)
def test_types(path):
    function, _ = SIGNATURES[path]
    bare = [n for n, p in parameters(path).items() if p.annotation is p.empty]
    assert not bare
    assert inspect.signature(function).return_annotation is not inspect.Signature.empty


def test_no_keywords_of_any_name():
    """Nothing takes what it does not know, but to pass it on to somebody else."""
    passed_on = {"fit_params", "style", "changes"}
    for path in SIGNATURES:
        for name, parameter in parameters(path).items():
            if parameter.kind is parameter.VAR_KEYWORD:
                assert name in passed_on, path
