"""Diabetes progression, with sex as the attribute to hide."""

import pandas as pd
from sklearn import datasets

from sklearn_mid.datasets._bunch import Table, check_flags, table_bunch

__all__ = ["load_diabetes"]

_SERUM_NAMES = {
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_ratio",
    "s5": "log_triglycerides",
    "s6": "glucose",
}

# Of medicine, rounded outwards; those of the target are the study's.
_BOUNDS = {
    "age": (15, 85),
    "bmi": (15, 45),
    "bp": (60, 140),
    "total_cholesterol": (90, 310),
    "ldl": (40, 250),
    "hdl": (20, 100),
    "cholesterol_ratio": (1.5, 10),
    "log_triglycerides": (3, 6.5),
    "glucose": (50, 130),
    "target": (25, 346),
}

_DESCR = """\
Diabetes progression (442 patients, 10 features)

Predict how far diabetes has progressed one year after a baseline visit (`target`, 25
to 346) from age in years, sex, body mass index in kg/m2 (`bmi`), mean blood pressure
in mm Hg (`bp`) and six serum measurements. Sensitive: `sex`, coded 1 (235 patients)
and 2 (207); the source does not say which is which.

Source: comes with scikit-learn (sklearn.datasets.load_diabetes, unscaled), from
B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, "Least Angle Regression", Annals of
Statistics 32 (2004) 407-499. The serum columns s1 to s6 carry readable names here.
"""


def load_diabetes(
    *, one_hot: bool = False, as_frame: bool = True, return_X_y: bool = False
) -> Table:
    """Load scikit-learn's diabetes data in readable units (regression).

    Parameters
    ----------
    one_hot : bool, default=False
        Whether `sex` becomes two columns of 0.0 and 1.0.
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, `sex` being categorical;
        False gives arrays of float64.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (442, 10) or (442, 11), `target` of shape (442,), `frame`
        (None unless `as_frame`), `feature_names`, `sensitive_features` (``["sex"]``),
        `groups` (from the name of a categorical feature to the list of its columns in
        `data`), `bounds` (from the name of a numeric feature, or ``"target"``, to the
        smallest and largest value that medicine or the study allows) and `DESCR`.

    See Also
    --------
    sklearn.datasets.load_diabetes : The same data, by default scaled.
    fetch_iwpc : A larger regression whose secrets are genetic.

    References
    ----------
    .. [1] B. Efron, T. Hastie, I. Johnstone and R. Tibshirani. Least Angle Regression.
       Annals of Statistics 32, 2004. doi:10.1214/009053604000000067

    Examples
    --------
    >>> from sklearn_mid.datasets import load_diabetes
    >>> diabetes = load_diabetes()
    >>> diabetes.data.shape, diabetes.sensitive_features
    ((442, 10), ['sex'])
    """
    check_flags(
        "load_diabetes", one_hot=one_hot, as_frame=as_frame, return_X_y=return_X_y
    )
    frame = datasets.load_diabetes(scaled=False, as_frame=True).frame
    frame = frame.rename(columns=_SERUM_NAMES)
    frame["sex"] = frame["sex"].astype(int).astype("category")
    groups = {"sex": ["sex"]}
    if one_hot:
        target = frame.pop("target")
        frame = pd.get_dummies(frame, columns=["sex"], dtype=float)
        groups = {"sex": ["sex_1", "sex_2"]}
        frame["target"] = target
    elif not as_frame:
        frame["sex"] = frame["sex"].astype(float)
    return table_bunch(
        frame,
        target="target",
        sensitive_features=["sex"],
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
        groups=groups,
        bounds=dict(_BOUNDS),
    )
