"""Linear and logistic regression with mutual-information regularisation."""

from sklearn_mid.linear_model._logistic import MIDLogisticRegression
from sklearn_mid.linear_model._mid import MIDLinearRegression
from sklearn_mid.linear_model._path import mid_path

__all__ = ["MIDLinearRegression", "MIDLogisticRegression", "mid_path"]
