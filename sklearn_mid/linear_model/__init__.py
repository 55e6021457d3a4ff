"""Linear regression with mutual-information regularisation."""

from sklearn_mid.linear_model._mid import MIDLinearRegression
from sklearn_mid.linear_model._path import mid_path

__all__ = ["MIDLinearRegression", "mid_path"]
