"""A classifier from records of any column types to the position of a secret."""

import hashlib
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from sklearn_mid.utils._learned_once import learn

__all__ = ["RecordClassifier", "as_columns", "linear_encoder"]

# Boosting of small trees, which keeps from learning few records by heart: slower for
# those who have some hundreds, faster where thousands bear it.
_LEARNING_RATES = (0.05, 0.1)
_MAX_LEAF_NODES = 8
# Records that decide between the default classifiers: more would not change it.
_N_TRIAL = 5000
_N_FOLDS = 3
_MANY_VALUES = 20
# The least probability that a wrong default is charged for.
_LEAST = 1e-6
# What a classifier that the shares outdo may still say beside them.
_WEIGHTS = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5])


def as_columns(**groups):
    """A DataFrame of all columns, each named after its group and place.

    Parameters
    ----------
    **groups : DataFrame or ndarray of shape (n_samples,) or (n_samples, n_columns)
        Columns by group. Object columns that hold nothing but numbers become numeric.

    Returns
    -------
    DataFrame
    """
    frames = []
    for name, block in groups.items():
        frame = pd.DataFrame(block).infer_objects()
        frame.columns = [f"{name}{j}" for j in range(frame.shape[1])]
        frames.append(frame.reset_index(drop=True))
    return pd.concat(frames, axis=1)


def linear_encoder(text, numeric):
    """Columns as linear models want them: categories apart, numbers of one scale.

    Parameters
    ----------
    text, numeric : list of str
        Names of the columns of either kind.

    Returns
    -------
    ColumnTransformer
        Not fitted.
    """
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    return ColumnTransformer(
        [
            ("text", OneHotEncoder(handle_unknown="ignore"), text),
            ("numeric", numbers, numeric),
        ]
    )


class _TowardsShares(ClassifierMixin, BaseEstimator):
    """A weight of a classifier's probabilities, the rest of the shares of the values.

    Whoever is overconfident about people whom they know little of may rank them right:
    the shares alone would say less.
    """

    def __init__(self, model, weight):
        self.model = model
        self.weight = weight

    def fit(self, X, y):
        self.model_ = clone(self.model).fit(X, y)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        learned = self.weight * self.model_.predict_proba(X)
        return learned + (1 - self.weight) * self.shares_


class RecordClassifier:
    """Classifier behind an encoder of whatever is not a number.

    Without a classifier it takes the best of three by cross-validated likelihood:
    gradient boosting at two learning rates, which takes numbers and codes as they
    come, in any scale, with missing values; and logistic regression, which learns more
    from few records. Of a secret with more than 20 values, for each of which boosting
    would grow trees of their own, it is a random forest. Where the shares of the values
    are more likely than the best of these, it is mixed with them, by the weight that is
    most likely: none, where nothing tells the secret. The learned attack and its
    no-model baseline share this, so that their difference is what the model tells.

    Parameters
    ----------
    classifier : estimator or None
        A clone is fitted.
    n_values : int
        Number of values of the secret.
    random_state : int, RandomState instance or None
        Seeds boosting.
    or_shares : bool, default=False
        Whether a given classifier, too, is mixed with the shares of the values where
        they are more likely than what it has learned.
    """

    def __init__(self, classifier, n_values, random_state, *, or_shares=False):
        self._classifier = None if classifier is None else clone(classifier)
        self._n_values = n_values
        self._random_state = random_state
        self._or_shares = or_shares

    def fit(self, columns, codes, people=None):
        """Learn the position of the secret among its values.

        Parameters
        ----------
        columns : DataFrame
        codes : ndarray of int of shape (n_samples,)
        people : ndarray of int of shape (n_samples,), default=None
            Whose record each is, where people have several: nobody is to be recognised
            when classifiers are compared. None: everybody has one.
        """
        self._text, _ = kinds_of_columns(columns)
        prepared = prepare(columns, self._text)
        self._people = np.arange(len(codes)) if people is None else people
        self._pipeline = learn(
            lambda: self._key(prepared, codes),
            lambda: clone(self._best(prepared, codes)).fit(prepared, codes),
        )
        del self._people
        return self

    def _best(self, prepared, codes):
        options = self._options(prepared.columns.tolist())
        if self._classifier is not None and not self._or_shares:
            return options[0]
        trials = [self._trial(model, prepared, codes) for model in options]
        likelihoods = [np.log(trial).mean() for trial in trials]
        best = int(np.argmax(likelihoods))
        shares = self._trial(DummyClassifier(strategy="prior"), prepared, codes)
        if likelihoods[best] >= np.log(shares).mean():
            return options[best]
        mixed = np.outer(_WEIGHTS, trials[best]) + np.outer(1 - _WEIGHTS, shares)
        weight = _WEIGHTS[np.log(mixed).mean(axis=1).argmax()]
        return _TowardsShares(options[best], weight)

    def _key(self, prepared, codes):
        """All that the default depends on; None where that is not known."""
        if self._is_own():
            return None
        digest = hashlib.sha256(np.ascontiguousarray(codes).tobytes())
        digest.update(np.ascontiguousarray(self._people).tobytes())
        digest.update(repr(self._random_state).encode())
        return digest.digest(), _digest(prepared), self._n_values

    def _is_own(self):
        """Whether nobody else learns the same, as far as can be told."""
        return self._classifier is not None or not isinstance(
            self._random_state, Integral
        )

    def _options(self, names):
        """Pipelines to choose from, not fitted."""
        if not names:  # nothing is known of anybody
            return [make_pipeline(DummyClassifier(strategy="prior"))]
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
        )
        as_codes = ColumnTransformer(
            [("text", encoder, self._text)], remainder="passthrough"
        )
        if self._classifier is not None:
            return [make_pipeline(as_codes, self._classifier)]
        if self._n_values > _MANY_VALUES:
            forest = RandomForestClassifier(
                min_samples_leaf=3, random_state=self._random_state
            )
            return [make_pipeline(as_codes, forest)]
        numeric = [name for name in names if name not in self._text]
        boosting = [
            HistGradientBoostingClassifier(
                learning_rate=rate,
                max_leaf_nodes=_MAX_LEAF_NODES,
                early_stopping=False,
                random_state=self._random_state,
            )
            for rate in _LEARNING_RATES
        ]
        linear = linear_encoder(self._text, numeric)
        return [
            *(make_pipeline(as_codes, model) for model in boosting),
            make_pipeline(linear, LogisticRegression(max_iter=1000)),
        ]

    def _trial(self, model, columns, codes):
        """Probability that the model gives each secret of records not fitted."""
        # Always the same folds: the choice is no draw, and repeats without a seed.
        rows = np.random.RandomState(0).permutation(len(codes))[:_N_TRIAL]
        people = pd.factorize(self._people[rows])[0]
        if people.max() + 1 < 2 * _N_FOLDS:
            return np.ones(1)  # too few to tell: the first option
        columns, codes = columns.iloc[rows], codes[rows]
        found = []
        for _, group in KFold(_N_FOLDS).split(np.arange(people.max() + 1)):
            is_asked = np.isin(people, group)
            known, asked = np.flatnonzero(~is_asked), np.flatnonzero(is_asked)
            if len(np.unique(codes[known])) < 2:
                return np.ones(1)
            fitted = clone(model).fit(columns.iloc[known], codes[known])
            proba = self._proba(fitted, columns.iloc[asked])
            found.append(proba[np.arange(len(asked)), codes[asked]])
        return np.maximum(np.concatenate(found), _LEAST)

    def _proba(self, pipeline, prepared):
        proba = np.zeros((len(prepared), self._n_values))
        proba[:, pipeline.classes_] = pipeline.predict_proba(prepared)
        return proba

    def log_proba(self, columns):
        """Log-probability of each value, of shape (n_samples, n_values)."""
        prepared = prepare(columns, self._text)
        # The pipeline goes along, so that no other one can take its id.
        _, proba = learn(
            lambda: None if self._is_own() else (id(self._pipeline), _digest(prepared)),
            lambda: (self._pipeline, self._proba(self._pipeline, prepared)),
        )
        with np.errstate(divide="ignore"):
            return np.log(proba)


def _digest(prepared):
    """Of a table's columns and of what stands in them."""
    digest = hashlib.sha256(repr(prepared.dtypes.to_dict()).encode())
    digest.update(pd.util.hash_pandas_object(prepared, index=False).to_numpy())
    return digest.digest()


def kinds_of_columns(columns):
    """Names of the columns that hold something else than numbers, and of the others."""
    numbers = [n for n in columns if pd.api.types.is_numeric_dtype(columns[n].dtype)]
    return [n for n in columns if n not in set(numbers)], numbers


def prepare(columns, text):
    """Each column as text or as floats: what it was in training."""
    prepared = {}
    for name, column in columns.items():
        if name in text:
            as_text = column.astype(object).map(str, na_action="ignore")
            prepared[name] = as_text.where(column.notna(), None)
        else:
            if not pd.api.types.is_numeric_dtype(column.dtype):
                column = pd.to_numeric(column.astype(object), errors="coerce")
            prepared[name] = column.to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame(prepared, index=range(len(columns)))
