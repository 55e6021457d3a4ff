"""Defences of the suites, by name. A problem's `family` says what is defended."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_mid.benchmark._protocol import Skip
from sklearn_mid.utils._optional import require

__all__ = ["DEFENCES"]


def _attributes(problem, sensitive):
    """What a MID model protects: None for the whole input, or a list of attributes."""
    if sensitive == "none":
        return None
    if sensitive == "secret":
        return [problem.sensitive_feature]
    if sensitive == "all":
        return [problem.sensitive_feature, *problem.other_sensitive]
    raise ValueError(
        f"sensitive={sensitive!r} is not allowed; choose 'none' (the whole input is "
        "protected), 'secret' or 'all'."
    )


def _only_for(problem, family, name):
    if problem.family != family:
        raise Skip(f"{name} is for {family} problems, not for {problem.family} ones")


def mid_linear(problem, *, random_state, reg_lambda, sensitive="none"):
    """MIDLinearRegression."""
    from sklearn_mid.linear_model import MIDLinearRegression

    _only_for(problem, "linear", "mid-linear")
    return MIDLinearRegression(
        reg_lambda=reg_lambda, sensitive_features=_attributes(problem, sensitive)
    )


def mid_tree(
    problem,
    *,
    random_state,
    reg_lambda,
    sensitive="none",
    release="scores",
    max_depth=None,
    min_samples_leaf=1,
):
    """MIDDecisionTreeClassifier."""
    from sklearn_mid.tree import MIDDecisionTreeClassifier

    _only_for(problem, "tree", "mid-tree")
    return MIDDecisionTreeClassifier(
        reg_lambda=reg_lambda,
        sensitive_features=_attributes(problem, sensitive),
        release=release,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
    )


def undefended(problem, *, random_state):
    """The family's model without any defence: least squares, a full tree, a net."""
    if problem.family == "linear":
        from sklearn.linear_model import LinearRegression

        return LinearRegression()
    if problem.family == "net":
        return mid_net(problem, random_state=random_state, reg_lambda=0.0)
    return mid_tree(problem, random_state=random_state, reg_lambda=0.0)


def mid_net(problem, *, random_state, reg_lambda, n_train_samples=1):
    """MIDNeuralNetClassifier, with the problem's layers and schedule."""
    from sklearn_mid.neural_network import MIDNeuralNetClassifier

    _only_for(problem, "net", "mid-net")
    # Imported before the workers' threads are limited, so that the limit holds.
    require("torch", extra="nn", needed_by="mid-net")
    return MIDNeuralNetClassifier(
        reg_lambda,
        n_train_samples=n_train_samples,
        **problem.net,
        random_state=random_state,
    )


def dp_net(problem, *, random_state, epsilon, max_epochs=30, batch_size=128):
    """DP-SGD, with the problem's layers."""
    from sklearn_mid.neural_network import DPNeuralNetClassifier

    _only_for(problem, "net", "dp-net")
    require("torch", extra="nn", needed_by="dp-net")
    own = {"max_epochs", "batch_size"}
    return DPNeuralNetClassifier(
        epsilon,
        **{name: value for name, value in problem.net.items() if name not in own},
        max_epochs=max_epochs,
        batch_size=batch_size,
        random_state=random_state,
    )


def small_tree(problem, *, random_state, max_depth=None, min_samples_leaf=1):
    """A tree that is not defended, but kept small."""
    return mid_tree(
        problem,
        random_state=random_state,
        reg_lambda=0.0,
        max_depth=max_depth,
        min_samples_leaf=min_samples_leaf,
    )


def priority_depth(problem, *, random_state, depth):
    """The tree that asks for the secret at a given depth (Fredrikson et al. 2015)."""
    from sklearn_mid.tree import PriorityDepthTreeClassifier

    _only_for(problem, "tree", "priority-depth")
    return PriorityDepthTreeClassifier(
        sensitive_feature=problem.sensitive_feature, sensitive_depth=depth
    )


def dp_linear(problem, *, random_state, epsilon):
    """Linear regression with differential privacy."""
    from sklearn_mid.defenses import DPLinearRegression

    _only_for(problem, "linear", "dp-linear")
    bounds = [problem.bounds.get(column, (0, 1)) for column in problem.X_train]
    return DPLinearRegression(
        epsilon,
        bounds=tuple(np.transpose(bounds)),
        target_bounds=(-1, 1),
        random_state=random_state,
    )


def _on_numbers(problem, make):
    """A classifier of numbers behind one-hot columns; `make` is given their bounds."""
    data = problem.X_train
    numeric = [column for column in data if column in problem.bounds]
    nominal = [column for column in data if column not in problem.bounds]
    # The values are those of the questionnaire, also where no record has them.
    categories = [list(data[column].cat.categories) for column in nominal]
    bounds = [(0, 1)] * sum(map(len, categories))
    bounds += [problem.bounds[column] for column in numeric]
    encoder = ColumnTransformer(
        [
            (
                "nominal",
                OneHotEncoder(categories=categories, sparse_output=False),
                nominal,
            ),
            ("numeric", "passthrough", numeric),
        ]
    )
    return make_pipeline(encoder, make(tuple(np.transpose(bounds).astype(float))))


def dp_tree(problem, *, random_state, epsilon, max_depth=5):
    """A tree with differential privacy; its splits are random."""
    from sklearn_mid.defenses import DPDecisionTreeClassifier

    _only_for(problem, "tree", "dp-tree")
    return _on_numbers(
        problem,
        lambda bounds: DPDecisionTreeClassifier(
            epsilon, bounds=bounds, max_depth=max_depth, random_state=random_state
        ),
    )


def dp_forest(problem, *, random_state, epsilon, max_depth=5, n_estimators=10):
    """A forest with differential privacy; its splits are random."""
    from sklearn_mid.defenses import DPRandomForestClassifier

    _only_for(problem, "tree", "dp-forest")
    return _on_numbers(
        problem,
        lambda bounds: DPRandomForestClassifier(
            epsilon,
            bounds=bounds,
            max_depth=max_depth,
            n_estimators=n_estimators,
            random_state=random_state,
        ),
    )


def omit(problem, *, random_state):
    """The undefended model, trained without the secret."""
    from sklearn_mid.defenses import OmitFeature

    return OmitFeature(
        undefended(problem, random_state=random_state), [problem.sensitive_feature]
    )


def rounding(problem, *, random_state, step):
    """The undefended model with rounded confidences."""
    from sklearn_mid.defenses import ConfidenceRounding

    return ConfidenceRounding(undefended(problem, random_state=random_state), step=step)


def noise(problem, *, random_state, scale):
    """The undefended model with noise on its confidences."""
    from sklearn_mid.defenses import ConfidenceNoise

    return ConfidenceNoise(
        undefended(problem, random_state=random_state),
        scale=scale,
        random_state=random_state,
    )


def purifier(problem, *, random_state):
    """The undefended model with less dispersed confidences."""
    from sklearn_mid.defenses import ConfidencePurifier

    return ConfidencePurifier(
        undefended(problem, random_state=random_state), random_state=random_state
    )


def label_only(problem, *, random_state):
    """The undefended model without confidences."""
    from sklearn_mid.defenses import LabelOnly

    return LabelOnly(undefended(problem, random_state=random_state))


DEFENCES = {
    "undefended": undefended,
    "omit": omit,
    "mid-linear": mid_linear,
    "mid-tree": mid_tree,
    "mid-net": mid_net,
    "dp-net": dp_net,
    "small-tree": small_tree,
    "priority-depth": priority_depth,
    "dp-linear": dp_linear,
    "dp-tree": dp_tree,
    "dp-forest": dp_forest,
    "rounding": rounding,
    "noise": noise,
    "purifier": purifier,
    "label-only": label_only,
}
