"""Attribute inference from the leaves of a decision tree (Fredrikson et al. 2015)."""

import copy

import numpy as np
from scipy import sparse

from sklearn_mid.attacks._base import AttributeInferenceAttack
from sklearn_mid.utils._candidates import given_prior
from sklearn_mid.utils._sklearn_compat import StrOptions
from sklearn_mid.utils._target import response_kind

__all__ = ["WhiteBoxTreeAttack"]

_N_TRIAL_ROWS = 32


class WhiteBoxTreeAttack(AttributeInferenceAttack):
    """Infer a sensitive attribute from how many people each leaf of a tree holds.

    The attacker knows a person's record but for the secret, the person's true response,
    and the tree with the size of each leaf. Where the record could have gone, and how
    crowded that place is, tells of the secret more than the tree's outputs do.

    Parameters
    ----------
    estimator : object
        The fitted target: a decision tree classifier with ``apply`` and the arrays
        ``feature`` (negative at leaves), ``value`` and ``n_node_samples`` in
        ``tree_``, such as :class:`~sklearn.tree.DecisionTreeClassifier` or
        :class:`~sklearn_mid.tree.MIDDecisionTreeClassifier`; or pipelines, searches
        and wrappers with one inside, as who has the parameters looks into them. It is
        never changed. Wrap it in :class:`sklearn.frozen.FrozenEstimator` to keep it
        through ``clone``.
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
    inside = "tree"

    _parameter_constraints: dict = {
        **AttributeInferenceAttack._parameter_constraints,
        "counts": [StrOptions({"region", "leaf"})],
        "prior": [None, StrOptions({"uniform"}), dict, "array-like"],
    }

    def __init__(
        self,
        estimator,
        sensitive_feature,
        *,
        counts="region",
        prior=None,
        candidates=None,
    ):
        self.estimator = estimator
        self.sensitive_feature = sensitive_feature
        self.counts = counts
        self.prior = prior
        self.candidates = candidates

    def _fit_attack(self, X, y, codes):
        self.prior_ = given_prior(self.prior, self.values_, self.prior_)
        self._aimed = target = self._tree_target()
        target.response(y)  # known labels?
        self._found = found = self._inside()
        self._check_secret_arrives(target, found, X)
        n_nodes = len(found.estimator.tree_.n_node_samples)
        self._reached = np.column_stack(
            [
                np.bincount(leaf, minlength=n_nodes)
                for leaf in self._leaves(target, found, X)
            ]
        )
        self._n_records = len(X)

    def _tree_target(self):
        self._check_target("predict")
        if response_kind(self.estimator) != "classifier":
            raise self._unsupported("a decision tree classifier is needed")
        return self._aim(release="labels")

    def _check_secret_arrives(self, target, found, X):
        """Raise if a step before the tree drops the secret, so that nothing is told."""
        few = target.records(X[:_N_TRIAL_ROWS])
        arriving = [
            copy.copy(found.carry(X_v)) for X_v in self._candidates.substitute(few)
        ]
        if all(_equal(arriving[0], other) for other in arriving[1:]):
            raise self._unsupported(
                f"sensitive_feature={self.sensitive_feature!r} is dropped before it "
                f"comes to the tree inside ({' > '.join(found.path)}), whose leaves "
                "say nothing about it"
            )

    def _leaves(self, target, found, X):
        """Leaf of each record, for each value of the secret in turn."""
        for X_v in self._candidates.substitute(target.records(X)):
            yield found.estimator.apply(found.carry(X_v))

    def _infer_log_proba(self, X, y):
        target, found = self._aimed, self._found
        index = target.response(y)
        leaf = np.column_stack(list(self._leaves(target, found, X)))
        inside = found.estimator.tree_
        # A record may stop before a leaf, at a value that no training row had there.
        leaf_size = np.where(inside.feature < 0, inside.n_node_samples, 0)
        value = inside.value.reshape(len(leaf_size), -1)
        if self.counts == "leaf":
            fit = value.argmax(axis=1)[leaf] == index[:, None]
            weight = self._leaf_weights(leaf, leaf_size)
        else:
            fit = value[leaf, index[:, None]] / value.sum(axis=1)[leaf]
            n_training = inside.n_node_samples[0]  # the root holds all
            weight = self._region_weights(leaf, leaf_size, n_training)
        with np.errstate(divide="ignore"):
            return np.log(fit) + np.log(weight)

    def _leaf_weights(self, leaf, leaf_size):
        admitted = ((self._reached > 0) * leaf_size[:, None]).sum(axis=0)
        return self.prior_ * leaf_size[leaf] / admitted

    def _region_weights(self, leaf, leaf_size, n_training):
        prior_of_leaf = np.column_stack(
            [(leaf == reached_by_v[:, None]) @ self.prior_ for reached_by_v in leaf.T]
        )
        reached = self._reached[leaf, np.arange(leaf.shape[1])]
        expected = n_training * reached / self._n_records
        share = (leaf_size[leaf] + prior_of_leaf) / (expected + 1)
        return share * self.prior_ / prior_of_leaf


def _equal(one, other):
    if hasattr(one, "equals"):
        return one.equals(other)
    if sparse.issparse(one):
        return (one != other).nnz == 0
    return np.array_equal(one, other)
