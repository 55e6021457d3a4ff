"""Attribute inference from the leaves of decision trees (Fredrikson et al. 2015)."""

import copy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from sklearn_mid.attacks._attribute import AttributeInferenceAttack
from sklearn_mid.utils._candidates import given_prior
from sklearn_mid.utils._inside import Inside, parts
from sklearn_mid.utils._leaves import Leaves
from sklearn_mid.utils._sklearn_compat import StrOptions
from sklearn_mid.utils._target import response_kind

__all__ = ["WhiteBoxTreeAttack"]

_N_TRIAL_ROWS = 32
# Leaves (record x value x tree) looked at together: some 30 MB.
_N_CELLS = 2**22


class WhiteBoxTreeAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute from how many people each leaf of a tree holds.

    The attacker knows a person's record but for the secret, the person's true response,
    and the tree, or all trees of an ensemble, with the size of each leaf. Where the
    record could have gone, and how crowded that place is, tells of the secret more than
    the outputs do.

    Parameters
    ----------
    estimator : object
        The fitted target: a classifier that is a decision tree (``apply`` and the
        arrays ``feature``, negative at leaves, ``value`` and ``n_node_samples`` in
        ``tree_``), such as :class:`~sklearn.tree.DecisionTreeClassifier` or
        :class:`~sklearn_mid.tree.MIDDecisionTreeClassifier`; an ensemble of such trees
        in ``estimators_`` (forest, extra trees, bagging, gradient boosting, AdaBoost);
        a classifier of LightGBM or XGBoost; or pipelines, searches and wrappers with
        one inside, as who has the parameters looks into them. Regression trees that a
        classifier keeps inside, such as the student of
        :class:`~sklearn_mid.release.MIDClassifier` around a forest, are read by what
        their leaves weigh.
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier` publishes no leaf
        sizes. The target is never changed. Wrap it in
        :class:`sklearn.frozen.FrozenEstimator` to keep it through ``clone``.
    sensitive_feature : str, int, or list of str or int
        The secret's column, by name or index, or the columns of a one-hot group, whose
        valid codes are then the only candidates.
    counts : {"region", "leaf"}, default="region"
        - ``"leaf"``: the estimator of Fredrikson et al. (2015), see Notes.
        - ``"region"``: leaf sizes relative to how many people would come to the leaf's
          region whatever their secret. The stronger attack wherever we measured.
    prior : {"uniform"}, dict or array-like of shape (n_values,), default=None
        Probability of each value: as shares of the auxiliary records (None), equal, by
        value, or in the order of `values_`.
    candidates : int or array-like, default=None
        Values that the secret may take, as in :class:`MAPAttack`.

    Attributes
    ----------
    values_ : ndarray of shape (n_values,)
        Candidate values.
    prior_ : ndarray of shape (n_values,)
        Their prior probabilities.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Column names of X, where it has names that are all strings.

    See Also
    --------
    MAPAttack : Sees the outputs only.
    PriorBaseline : What an attacker with the same knowledge guesses without a model.

    Notes
    -----
    Let l(v) be the leaf that the record comes to if its secret is v, n_l the number of
    training records in leaf l, and N their sum.

    ``"leaf"`` is Fredrikson's white box with counts. Of the leaves that the record can
    come to, S are those whose label is y. With p_l = n_l / N,

        score(v) = prior(v) * sum_{l in S} p_l [l = l(v)] / sum_l p_l [l admits v],

    the fraction standing for the probability of the leaf given v. A leaf counts as
    admitting v if an auxiliary record comes to it when v is written into the record.

    ``"region"`` is Bayes' rule. Let R(l) be the known columns' values with which some
    value of the secret leads to leaf l, and A(l) the values that do. A record with
    known columns in R(l) is in l exactly if its secret is in A(l), so the share of
    secrets from A(l) among the people in R(l) is n_l / (N * P(R(l))), with P(R(l)) the
    share of auxiliary records there; within A(l) the prior decides:

        score(v) = p(y | l(v)) * n_l(v) / (N P(R(l(v)))) * prior(v) / prior(A(l(v))).

    If the secret were independent of the known columns, the middle factor would be
    prior(A), and the score that of :class:`MAPAttack`. One more record per region,
    spread by the prior, keeps small leaves from shouting.

    Of an ensemble, the first factor is its confidence p(y | f(x_v)), and the others are
    averaged over the trees (``"leaf"``: the score is). Trees of an ensemble repeat each
    other: a product would count the same people many times.

    The middle factor is the population as the tree tells of it: how the secret goes
    along with the known columns. :class:`ImputationBaseline` shows how much of that an
    attacker could know without the model.

    A record under which y has probability 0 for every candidate gets the prior.

    References
    ----------
    M. Fredrikson, S. Jha, T. Ristenpart (2015). Model inversion attacks that exploit
    confidence information and basic countermeasures. CCS. doi:10.1145/2810103.2813677

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklearn_mid.attacks import MAPAttack, WhiteBoxTreeAttack
    >>> X = np.repeat([[0, 0], [1, 0], [0, 1], [1, 1]], [18, 2, 2, 18], axis=0)
    >>> y = np.arange(40) % 2  # has nothing to do with X
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> MAPAttack(tree, sensitive_feature=0).fit(X, y).score(X, y)
    0.5
    >>> WhiteBoxTreeAttack(tree, sensitive_feature=0).fit(X, y).score(X, y)
    0.9
    """

    access = "white-box"
    sees = "true response"
    knowledge = "marginals"
    needs = ("predict",)
    inside = "trees"

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "counts": [StrOptions({"region", "leaf"})],
        "prior": [None, StrOptions({"uniform"}), dict, "array-like"],
    }

    def __init__(
        self,
        estimator: Any,
        sensitive_feature: Any,
        *,
        counts: str = "region",
        prior: Any = None,
        candidates: Any = None,
    ) -> None:
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.counts = counts
        self.prior = prior
        self.candidates = candidates

    def _check_suits(self):
        self._tree_target()
        self._inside()

    def _fit_attack(self, X, y, codes):
        self.prior_ = given_prior(self.prior, self.values_, self.prior_)
        self._aimed = target = self._tree_target()
        target.response(y)  # known labels?
        self._found = found = self._inside()
        self._check_secret_arrives(target, found, X)
        self._leaves = leaves = Leaves(found.estimator)
        if self.counts == "leaf" and leaves.labels is None:
            raise self._unsupported(
                "counts='leaf' needs trees whose leaves have labels, and those of a "
                f"{found.path[-1]} have none; pass counts='region'"
            )
        self._confident = self._confidences_inside(found)
        if self.counts == "region" and self._confident is None:
            raise self._unsupported(
                f"counts='region' needs confidences, and {found.path[-1]} has none"
            )
        self._reached = [
            np.zeros((len(size), len(self.values_)), dtype=np.int32)
            for size in leaves.sizes
        ]
        for v, leaf in enumerate(self._leaves_at_values(X)):
            for reached, of_tree in zip(self._reached, leaf.T, strict=True):
                reached[:, v] = np.bincount(of_tree, minlength=len(reached))
        self._n_records = len(X)

    def _tree_target(self):
        self._check_target("predict")
        if response_kind(self.estimator) != "classifier":
            raise self._unsupported("a classifier made of decision trees is needed")
        return self._aim(release="labels")

    def _confidences_inside(self, found: Inside) -> Inside | None:
        """The innermost part with confidences: the trees, or what makes them of these.

        Trees that were fitted on probabilities answer with these alone, as regressors.
        """
        innermost = None
        for part in parts(self.estimator):
            if hasattr(part.estimator, "predict_proba"):
                innermost = part
            if part.estimator is found.estimator:
                break
        return innermost

    def _check_secret_arrives(self, target, found, X):
        """Raise if a step before the trees drops the secret."""
        few = target.records(X[:_N_TRIAL_ROWS])
        arriving = [
            copy.copy(found.carry(X_v)) for X_v in self._candidates.substitute(few)
        ]
        if all(_equal(arriving[0], other) for other in arriving[1:]):
            raise self._unsupported(
                f"sensitive_feature={self.sensitive_feature!r} is dropped before it "
                f"comes to the trees inside ({' > '.join(found.path)}), whose leaves "
                "say nothing about it"
            )

    def _leaves_at_values(self, X):
        """Leaves of each record in each tree, for each value of the secret in turn."""
        for X_v in self._candidates.substitute(self._aimed.records(X)):
            yield self._leaves.apply(self._found.carry(X_v))

    def _infer_log_proba(self, X, y):
        index = self._aimed.response(y)
        n_cells = len(self._leaves.sizes) * len(self.values_)
        batches = gen_batches(len(X), max(1, _N_CELLS // n_cells))
        return np.concatenate([self._log_score(X[b], index[b]) for b in batches])

    def _log_score(self, X, index):
        # Of shape (n_values, n_samples, n_trees).
        leaves = np.stack(list(self._leaves_at_values(X)))
        score = np.zeros((len(X), len(self.values_)))
        labels: Any = self._leaves.labels
        for t, size in enumerate(self._leaves.sizes):
            leaf = leaves[:, :, t].T
            if self.counts == "leaf":
                agrees = labels[t][leaf] == index[:, None]
                score += agrees * self._leaf_weights(leaf, size, self._reached[t])
            else:
                total = self._leaves.totals[t]
                score += self._region_weights(leaf, size, total, self._reached[t])
        with np.errstate(divide="ignore"):
            log_score = np.log(score / len(self._leaves.sizes))
            return (
                log_score
                if self.counts == "leaf"
                else log_score + np.log(self._fit(X, index, leaves))
            )

    def _fit(self, X, index, leaves):
        """p(y | x_v): the shares in the file of a tree, the answers of an ensemble."""
        if self._leaves.shares is not None:
            return self._leaves.shares[leaves[:, :, 0].T, index[:, None]]
        inner: Any = self._confident
        at_values = self._candidates.substitute(self._aimed.records(X))
        rows = np.arange(len(X))
        fit = [
            inner.estimator.predict_proba(inner.carry(X_v))[rows, index]
            for X_v in at_values
        ]
        return np.column_stack(fit)

    def _leaf_weights(self, leaf, size, reached):
        admitted = ((reached > 0) * size[:, None]).sum(axis=0)
        return self.prior_ * size[leaf] / admitted

    def _region_weights(self, leaf, size, total, reached):
        prior_of_leaf = np.column_stack(
            [(leaf == reached_by_v[:, None]) @ self.prior_ for reached_by_v in leaf.T]
        )
        reached = reached[leaf, np.arange(leaf.shape[1])]
        expected = total * reached / self._n_records
        share = (size[leaf] + prior_of_leaf) / (expected + 1)
        return share * self.prior_ / prior_of_leaf


def _equal(one, other):
    if hasattr(one, "equals"):
        return one.equals(other)
    if sparse.issparse(one):
        return (one != other).nnz == 0
    return np.array_equal(one, other)
