"""A classifier from records of any column types to the position of a secret."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

__all__ = ["RecordClassifier", "as_columns"]


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


class RecordClassifier:
    """Classifier behind an encoder of whatever is not a number.

    Gradient boosting by default: it takes numbers and codes as they come, in any
    scale, with missing values. The learned attack and its no-model baseline share it,
    so that their difference is what the model tells.
    """

    def __init__(self, classifier, n_values, random_state):
        if classifier is None:
            classifier = HistGradientBoostingClassifier(
                early_stopping=False, random_state=random_state
            )
        self._classifier = clone(classifier)
        self._n_values = n_values

    def fit(self, columns, codes):
        """Learn the position of the secret among its values."""
        is_number = [pd.api.types.is_numeric_dtype(dtype) for dtype in columns.dtypes]
        # A list: scikit-learn 1.6 cannot read an Index of pandas 3's text type.
        self._text = columns.columns[~np.array(is_number)].tolist()
        encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
        )
        self._pipeline = make_pipeline(
            ColumnTransformer([("text", encoder, self._text)], remainder="passthrough"),
            self._classifier,
        ).fit(self._prepared(columns), codes)
        return self

    def _prepared(self, columns):
        """Each column as text or as floats: what it was in training."""
        prepared = {}
        for name, column in columns.items():
            if name in self._text:
                as_text = column.astype(object).map(str, na_action="ignore")
                prepared[name] = as_text.where(column.notna(), None)
            else:
                if not pd.api.types.is_numeric_dtype(column.dtype):
                    column = pd.to_numeric(column.astype(object), errors="coerce")
                prepared[name] = column.to_numpy(dtype=float, na_value=np.nan)
        return pd.DataFrame(prepared)

    def log_proba(self, columns):
        """Log-probability of each value, of shape (n_samples, n_values)."""
        proba = np.zeros((len(columns), self._n_values))
        found = self._pipeline.predict_proba(self._prepared(columns))
        proba[:, self._pipeline.classes_] = found
        with np.errstate(divide="ignore"):
            return np.log(proba)
