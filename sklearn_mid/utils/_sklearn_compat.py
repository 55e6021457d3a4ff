"""The only place that names private parts of scikit-learn (unchanged 1.6 - 1.9)."""

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import (
    HasMethods,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "DocLinks",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "_check_sample_weight",
    "_fit_context",
    "validate_parameter_constraints",
]


class Interval(_Interval):
    """As scikit-learn's, but True is no number, in this package."""

    def is_satisfied_by(self, val):
        return not isinstance(val, bool | np.bool_) and super().is_satisfied_by(val)


class DocLinks:
    """Mixin left of BaseEstimator: its HTML representation links to our pages."""

    _doc_link_module = "sklearn_mid"
    _doc_link_template = (
        "https://sklearn-mid.readthedocs.io/en/stable/api/generated/"
        "{estimator_module}.{estimator_name}.html"
    )
