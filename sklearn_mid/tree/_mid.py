"""Decision tree whose splits pay for the information they reveal."""

from numbers import Real

import numpy as np
from scipy.special import entr

from sklearn_mid.tree._base import BaseTreeClassifier
from sklearn_mid.tree._splits import LabelPenalty, SizePenalty, label_mass
from sklearn_mid.utils._features import resolve_attributes
from sklearn_mid.utils._sklearn_compat import Interval, StrOptions, _fit_context

__all__ = ["MIDDecisionTreeClassifier"]


class MIDDecisionTreeClassifier(BaseTreeClassifier):
    """ID3 tree with mutual information regularisation."""

    _parameter_constraints: dict = {
        **BaseTreeClassifier._parameter_constraints,
        "reg_lambda": [Interval(Real, 0, np.inf, closed="both")],
        "sensitive_features": [
            "array-like",
            str,
            Interval(Real, None, None, closed="neither"),
            None,
        ],
        "release": [StrOptions({"scores", "label"})],
    }

    def __init__(
        self,
        reg_lambda=0.1,
        *,
        categorical_features="from_dtype",
        sensitive_features=None,
        release="scores",
        max_depth=None,
        min_samples_split=2,
        min_samples_leaf=1,
        min_weight_fraction_leaf=0.0,
        max_bins=255,
        class_weight=None,
    ):
        self.reg_lambda = reg_lambda
        self.categorical_features = categorical_features
        self.sensitive_features = sensitive_features
        self.release = release
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_bins = max_bins
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        self._grow(X, y, sample_weight)
        if self.release == "label" and self.sensitive_features is None:
            self.tree_ = self.tree_.collapsed()
        self.mutual_information_ = self._information()
        return self

    def _sensitive_mask(self):
        """Columns whose splits pay; all where no attribute is named."""
        if self.sensitive_features is None:
            return np.ones(self.n_features_in_, dtype=bool)
        mask = np.zeros(self.n_features_in_, dtype=bool)
        attributes = resolve_attributes(
            self.sensitive_features,
            n_features=self.n_features_in_,
            feature_names=getattr(self, "feature_names_in_", None),
            param="sensitive_features",
        )
        mask[np.concatenate(attributes)] = True
        return mask

    def _growth_rule(self):
        pays = self._sensitive_mask()
        if self.release == "label" and self.sensitive_features is None:
            penalty = LabelPenalty(self.reg_lambda)
        else:
            penalty = SizePenalty(np.where(pays, self.reg_lambda, 0.0))
        features = range(self.n_features_in_)
        return penalty, lambda depth: features

    def _information(self):
        tree = self.tree_
        weight = tree.weighted_n_node_samples / tree.weighted_n_node_samples[0]
        if self.release == "label" and self.sensitive_features is None:
            leaves = tree.value[tree.is_leaf]
            mass = label_mass(leaves.T).sum(axis=1)
            return float(entr(mass / mass.sum()).sum())
        pays = self._sensitive_mask()[tree.feature] & ~tree.is_leaf
        return float((weight * tree.split_information)[pays].sum())

    def _node_proba(self):
        proba = super()._node_proba()
        if self.release == "scores":
            return proba
        tree = self.tree_
        label = self._node_label
        leaves = tree.value * tree.is_leaf[:, None]
        by_label = np.zeros((tree.n_classes, tree.n_classes))
        np.add.at(by_label, label, leaves)
        mass = by_label.sum(axis=1, keepdims=True)
        by_label = np.where(
            mass > 0, by_label / np.where(mass > 0, mass, 1.0), np.eye(tree.n_classes)
        )
        return by_label[label]
