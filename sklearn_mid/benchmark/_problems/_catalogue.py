"""Short names that suites may use, and the classes behind them.

Data sets go by the names of the functions that make problems of them; the others stand
for import paths, which cost nothing until a suite uses them. Whatever has no name here
is named by its own path, ``module:Class``, and treated the same: it is called with the
suite's parameters and with what the problem offers, as far as its signature asks.
"""

from sklearn.base import BaseEstimator

from sklearn_mid.benchmark._problems import _images, _tables

__all__ = ["CATALOGUE", "EXTRAS", "undefended"]

_HERE = "sklearn_mid.benchmark._problems"


def undefended(estimator: BaseEstimator) -> BaseEstimator:
    """The problem's own model, without any defence."""
    return estimator


CATALOGUE = {
    "dataset": {
        name.replace("_", "-"): f"{module.__name__}:{name}"
        for module in (_tables, _images)
        for name in module.__all__
    },
    "defence": {
        "undefended": f"{_HERE}._catalogue:undefended",
        "omit": "sklearn_mid.defenses:OmitFeature",
        "limited": f"{_HERE}._competitors:limited",
        "mid-linear": "sklearn_mid.linear_model:MIDLinearRegression",
        "mid-tree": "sklearn_mid.tree:MIDDecisionTreeClassifier",
        "mid-classifier": "sklearn_mid.release:MIDClassifier",
        "mid-regressor": "sklearn_mid.release:MIDRegressor",
        "mid-net": "sklearn_mid.neural_network:MIDNeuralNetClassifier",
        "defended-net": "sklearn_mid.neural_network:DefendedNeuralNetClassifier",
        "frozen-layers": f"{_HERE}._image_problems:transferred",
        "priority-depth": "sklearn_mid.tree:PriorityDepthTreeClassifier",
        "dp-linear": "sklearn_mid.defenses:DPLinearRegression",
        "dp-tree": "sklearn_mid.defenses:DPDecisionTreeClassifier",
        "dp-tree-of-codes": f"{_HERE}._competitors:private_tree_of_codes",
        "dp-forest": "sklearn_mid.defenses:DPRandomForestClassifier",
        "dp-net": "sklearn_mid.neural_network:DPNeuralNetClassifier",
        "shield": "sklearn_mid.defenses:ConfidenceShield",
        "rounding": "sklearn_mid.defenses:ConfidenceRounding",
        "noise": "sklearn_mid.defenses:ConfidenceNoise",
        "purifier": "sklearn_mid.defenses:ConfidencePurifier",
        "label-only": "sklearn_mid.defenses:LabelOnly",
    },
    "attack": {
        "map": "sklearn_mid.attacks:MAPAttack",
        "map-released": f"{_HERE}._attribute:MAPOnRelease",
        "white-box-tree": "sklearn_mid.attacks:WhiteBoxTreeAttack",
        "released-answer": "sklearn_mid.attacks:ReleasedAnswerAttack",
        "learned": "sklearn_mid.attacks:LearnedAttack",
        "alignment": "sklearn_mid.attacks:KnowledgeAlignmentAttack",
        "mi-face": "sklearn_mid.attacks:GradientInversionAttack",
        "boundary": "sklearn_mid.attacks:BoundaryInversionAttack",
        "gmi": "sklearn_mid.attacks:GenerativeInversionAttack",
        "update-leak": "sklearn_mid.attacks:UpdateLabelAttack",
    },
    "baseline": {
        "majority guess": "sklearn_mid.attacks:PriorBaseline",
        "imputation without the model": "sklearn_mid.attacks:ImputationBaseline",
        "own model": "sklearn_mid.attacks:OwnModelBaseline",
        "most frequent label": "sklearn.dummy:DummyClassifier",
        "mean image": "sklearn_mid.attacks:MeanInputBaseline",
    },
}

# What parts need beside the core, by the start of their import path: modules by extra.
_NETS: dict[str, tuple[str, ...]] = {"nn": ("torch", "skorch")}
_IMAGES = {"nn": (*_NETS["nn"], "skimage")}
EXTRAS: dict[str, dict[str, tuple[str, ...]]] = {
    f"{_HERE}._tables:fair": {"benchmark": ("statsmodels",)},
    f"{_HERE}._images:": _IMAGES,
    f"{_HERE}._image_problems:": _IMAGES,
    "sklearn_mid.neural_network:DP": {**_NETS, "dp": ("opacus",)},
    "sklearn_mid.neural_network:": _NETS,
    "sklearn_mid.attacks:BoundaryInversionAttack": _NETS,
    "sklearn_mid.attacks:KnowledgeAlignmentAttack": _NETS,
    "sklearn_mid.attacks:GradientInversionAttack": _NETS,
    "sklearn_mid.attacks:GenerativeInversionAttack": _NETS,
    "sklearn_mid.attacks:Update": _NETS,
}
