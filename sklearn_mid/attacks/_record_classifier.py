"""A classifier from records of any column types to the position of a secret."""

import hashlib
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline, make_pipeline
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


class RecordClassifier:
    """Classifier behind an encoder of whatever is not a number.

    Without a classifier it takes the best of four by cross-validated likelihood:
    gradient boosting at two learning rates, which takes numbers and codes as they
    come, in any scale, with missing values; logistic regression, which learns more
    from few records; and the shares of the values, where nothing else tells the
    secret. Of a secret with more than 20 values, for each of which boosting would grow
    trees of their own, these are a random forest and the shares. The learned attack and
    its no-model baseline share this, so that their difference is what the model tells.

    Parameters
    ----------
    classifier : estimator or None
        A clone is fitted.
    n_values : int
        Number of values of the secret.
    random_state : int, RandomState instance or None
        Seeds boosting.
    or_shares : bool, default=False
        Whether a given classifier, too, gives way to the shares of the values where the
        columns tell it less of the secret than noise does.
    """

    def __init__(self, classifier, n_values, random_state, *, or_shares=False):
        self._classifier = None if classifier is None else clone(classifier)
        self._n_values = n_values
        self._random_state = random_state
        self._or_shares = or_shares

    def fit(self, columns, codes):
        """Learn the position of the secret among its values."""
        self._text, _ = kinds_of_columns(columns)
        prepared = prepare(columns, self._text)
        self._pipeline = learn(
            lambda: self._key(prepared, codes),
            lambda: clone(self._best(prepared, codes)).fit(prepared, codes),
        )
        return self

    def _best(self, prepared, codes):
        options = self._options(prepared.columns.tolist())
        if self._or_shares and self._classifier is not None:
            options.append(make_pipeline(DummyClassifier(strategy="prior")))
        if len(options) == 1:
            return options[0]
        return max(options, key=lambda model: self._trial(model, prepared, codes))

    def _key(self, prepared, codes):
        """All that the default depends on; None where that is not known."""
        if self._is_own():
            return None
        digest = hashlib.sha256(np.ascontiguousarray(codes).tobytes())
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
        shares = DummyClassifier(strategy="prior")
        if self._n_values > _MANY_VALUES:
            forest = RandomForestClassifier(
                min_samples_leaf=3, random_state=self._random_state
            )
            return [make_pipeline(as_codes, m) for m in (forest, shares)]
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
            make_pipeline(as_codes, shares),
        ]

    def _trial(self, model: Pipeline, columns, codes):
        """Mean log-likelihood of the secrets of records that were not fitted."""
        # Always the same folds: the choice is no draw, and repeats without a seed.
        rows = np.random.RandomState(0).permutation(len(codes))[:_N_TRIAL]
        if len(rows) < 2 * _N_FOLDS:
            return 0.0  # too few to tell: the first option
        columns, codes = columns.iloc[rows], codes[rows]
        found = []
        for known, asked in KFold(_N_FOLDS).split(columns):
            if len(np.unique(codes[known])) < 2:
                return 0.0
            fitted = clone(model).fit(columns.iloc[known], codes[known])
            proba = self._proba(fitted, columns.iloc[asked])
            found.append(proba[np.arange(len(asked)), codes[asked]])
        return float(np.log(np.maximum(np.concatenate(found), _LEAST)).mean())

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
