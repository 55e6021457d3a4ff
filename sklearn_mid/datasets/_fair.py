"""Fair's survey on marriage, with affairs as the attribute to hide."""

from sklearn_mid.datasets._bunch import Table, check_flags, nominal, table_bunch
from sklearn_mid.utils._optional import require

__all__ = ["load_fair"]

_RATINGS = {1: "very poor", 2: "poor", 3: "fair", 4: "good", 5: "very good"}
_OCCUPATIONS = {
    1: "student",
    2: "farming or unskilled",
    3: "white-collar",
    4: "teacher, nurse, artist or skilled",
    5: "managerial",
    6: "professional",
}

# Of the questionnaire: none is read off the records.
_BOUNDS = {
    "age": (17, 60),
    "yrs_married": (0, 40),
    "children": (0, 6),
    "religious": (1, 4),
    "educ": (9, 20),
}

_DESCR = """\
Fair's survey on extramarital affairs (6366 women, 8 features)

Predict how a woman rates her marriage (`rate_marriage`: very poor 99, poor 348, fair
993, good 2242, very good 2684) from age and years of marriage, number of children,
religiousness (1 not to 4 strongly), years of education, her occupation and her
husband's, and whether she reports an affair. Sensitive: `affairs` (yes 2053, no 4313),
which is the survey's measure of time spent in affairs, cut at zero. It stands in for
the General Social Survey of Fredrikson et al. (2015), where the happiness of a
marriage gives away a question of the same kind.

Source: comes with statsmodels (statsmodels.datasets.fair), included there with
permission of the author; R. Fair, "A Theory of Extramarital Affairs", Journal of
Political Economy 86 (1978) 45-61, from a questionnaire of Redbook magazine (1974).
"""


def load_fair(*, as_frame: bool = True, return_X_y: bool = False) -> Table:
    """Load Fair's survey on extramarital affairs (classification).

    Needs statsmodels, which carries the data.

    Parameters
    ----------
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, with categorical columns for
        `occupation`, `occupation_husb` and `affairs`; False gives arrays of dtype
        object and str.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (6366, 8), `target` of shape (6366,), `frame` (None unless
        `as_frame`), `feature_names`, `target_names` (the five ratings in sorted
        order), `sensitive_features` (``["affairs"]``), `bounds` (from the name of a
        numeric feature to the smallest and largest value that the questionnaire
        allows) and `DESCR`.

    Raises
    ------
    ImportError
        If statsmodels is missing; the message says how to install it.

    See Also
    --------
    fetch_gss : The survey that this one stands in for.

    References
    ----------
    .. [1] R. Fair. A Theory of Extramarital Affairs. Journal of Political Economy 86,
       1978. doi:10.1086/260646

    Examples
    --------
    >>> from sklearn_mid.datasets import load_fair
    >>> fair = load_fair()
    >>> fair.data["affairs"].value_counts().to_dict()
    {'no': 4313, 'yes': 2053}
    """
    check_flags("load_fair", as_frame=as_frame, return_X_y=return_X_y)
    source = require(
        "statsmodels.datasets.fair", extra="benchmark", needed_by="load_fair"
    )
    frame = source.load_pandas().data
    for column in ("occupation", "occupation_husb"):
        frame[column] = nominal(frame[column], _OCCUPATIONS)
    frame["affairs"] = nominal(frame["affairs"] > 0, {False: "no", True: "yes"})
    frame["rate_marriage"] = frame["rate_marriage"].map(_RATINGS)
    return table_bunch(
        frame,
        target="rate_marriage",
        sensitive_features=["affairs"],
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
        bounds=dict(_BOUNDS),
    )
