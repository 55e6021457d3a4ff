"""Models in the ONNX format, as black boxes."""

import os
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score

from sklearn_mid.utils._frames import as_pandas
from sklearn_mid.utils._optional import require

__all__ = ["OnnxModel", "refuse_other_classes"]

# Of the tensors that a column may be passed in.
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}


def refuse_other_classes(classes: list, n_answered: int) -> None:
    """Raise if the responses hold more or fewer values than a model answers with."""
    if len(classes) != n_answered:
        raise ValueError(
            f"MODEL answers with {n_answered} probabilities, but --response holds "
            f"{len(classes)} values, {classes[:10]}."
        )


class OnnxModel(BaseEstimator):
    """A classifier or regressor from an ONNX file, which may be asked and nothing else.

    It takes one matrix of all columns, or each column by its name. A classifier gives
    out labels, and probabilities of the labels in increasing order, as a matrix or one
    dict per record: what converters of scikit-learn's models write.

    Parameters
    ----------
    path : path-like
        The file.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = path
        name = repr(os.fspath(path))
        runtime = require("onnxruntime", extra="onnx", needed_by="reading an ONNX file")
        if not os.path.isfile(path):
            raise ValueError(f"cannot read the model file {name}: no such file.")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(
                os.fspath(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # whatever a strange file makes it say
            raise ValueError(f"{name} is not an ONNX model: {error}") from error
        self._inputs = self._session.get_inputs()
        for given in self._inputs:
            if given.type not in _TYPES:
                raise ValueError(
                    f"{name} takes {given.name!r} as {given.type}; allowed are "
                    f"{list(_TYPES)}."
                )
        if len(self._inputs) > 1:
            self.feature_names_in_ = np.array([i.name for i in self._inputs], object)
        self._is_classifier = len(self._session.get_outputs()) > 1

    def texts(self, response: str) -> dict[str, str]:
        """Columns that are text, whatever they look like; `response` names one."""
        answers = {response: self._session.get_outputs()[0].type}
        types = answers | {given.name: given.type for given in self._inputs}
        return {name: "text" for name, kind in types.items() if _TYPES[kind] is object}

    def with_classes(self, X: Any, y: Any) -> "OnnxModel":
        """Itself, once it is known of which labels its probabilities are."""
        if self._is_classifier:
            _, proba = self._answers(X[:1])
            classes = self._labels(proba, y)
            refuse_other_classes(
                classes.tolist(), self._matrix(proba, classes).shape[1]
            )
            self.classes_ = classes
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self._is_classifier else "regressor"
        return tags

    def __getattr__(self, name: str) -> Any:
        if name == "predict_proba" and self.__dict__.get("_is_classifier"):
            return lambda X: self._matrix(self._answers(X)[1], self.classes_)
        raise AttributeError(name)

    def predict(self, X: Any) -> np.ndarray:
        """Labels, or predictions, of records."""
        return np.ravel(self._answers(X)[0])

    def score(self, X: Any, y: Any) -> float:
        """Share of right labels, or 1 minus the share of the variance unexplained."""
        measure = accuracy_score if self._is_classifier else r2_score
        return float(measure(y, self.predict(X)))

    def _answers(self, X: Any) -> list:
        frame = pd.DataFrame(as_pandas(X))
        if len(self._inputs) == 1:
            (matrix,) = self._inputs
            fed = {matrix.name: _tensor(frame, matrix)}
        else:
            fed = {i.name: _tensor(frame[[i.name]], i) for i in self._inputs}
        try:
            return self._session.run(None, fed)
        except Exception as error:  # of many kinds, all of the runtime's own
            raise ValueError(f"MODEL cannot answer: {error}") from error

    def _labels(self, proba: Any, y: Any) -> np.ndarray:
        if isinstance(proba, list):  # one dict per record
            return np.asarray(list(proba[0]))
        return np.unique(np.asarray(y))

    def _matrix(self, proba: Any, classes: np.ndarray) -> np.ndarray:
        if isinstance(proba, list):
            proba = [[row[label] for label in classes.tolist()] for row in proba]
        return np.asarray(proba, dtype=np.float64)


def _tensor(columns: pd.DataFrame, given: Any) -> np.ndarray:
    """Columns in the type that an input takes; a text that is missing is empty."""
    if _TYPES[given.type] is object:
        columns = columns.fillna("")
    return columns.to_numpy().astype(_TYPES[given.type])
