"""The General Social Survey, with watching X-rated films as the attribute to hide."""

import os

import numpy as np

from sklearn_mid.datasets._bunch import (
    Table,
    check_flags,
    check_option,
    nominal,
    table_bunch,
)
from sklearn_mid.datasets._files import reading
from sklearn_mid.datasets._two_parts import part, read_parts

__all__ = ["fetch_gss"]

FILES = {
    "train": part(
        "gss",
        "GSS_15235.csv",
        sha256="49b1f7755cd9c072645809c239865e9dc4b42a811950e214f43587a3e5e526ef",
    ),
    "test": part(
        "gss",
        "GSS_5079.csv",
        sha256="857d1d93e6c55f21bab34a27bf359921421a590e656a18d2e6b7ebc1e25ad90a",
    ),
}
_NO_ANSWER = ["dontknow", "noanswer"]
_NO_ANSWER_CODES = {"childs": [9], "age": [99], "educ": [98, 99]}
# Those of both files, so that their frames have the same dtypes.
_CATEGORIES = {
    "marital": ["married", "separated"],
    "divorce": ["ds_no", "ds_yes", "noanswer"],
    "sex": ["female", "male"],
    "race": ["black", "other", "white"],
    "relig": [
        "buddhism",
        "catholic",
        "christian",
        "dontknow",
        "hinduism",
        "internondenominational",
        "jewish",
        "muslim",
        "nativeamerican",
        "noanswer",
        "none",
        "orthodoxchristian",
        "other",
        "othereastern",
        "protestant",
    ],
    "xmovie": ["x_no", "x_yes"],
    "pornlaw": ["dontknow", "illegal", "illegalillegal8", "legal", "noanswer"],
}

# Of the questionnaire: none is read off the records.
_BOUNDS = {"year": (1972, 2020), "childs": (0, 9), "age": (18, 99), "educ": (0, 99)}

_DESCR = """\
General Social Survey (20314 respondents, 11 features: 15235 train, 5079 test)

Predict how happy a person calls their marriage (`hapmar`: veryhappy 13034, prettyhappy
6698, nottoohappy 582) from the year of the interview (1973 to 2016), whether ever
divorced, number of children, age, years of education, sex, race, religion, opinion on
the law about pornography, and whether they saw an X-rated film in the last year.
Sensitive: `xmovie` (x_no 16312, x_yes 4002). Fredrikson et al. (2015) attacked trees on
this survey; the files are those of Mehnaz et al. (2022).

Some codes mean that there was no answer: 9 in `childs`, 99 in `age`, 98 and 99 in
`educ`, and "dontknow" and "noanswer" elsewhere. `illegalillegal8` of `pornlaw` is the
files' name for "illegal to all under 18". All but one respondent have `marital`
married. 161 rows are duplicates.

Source: NORC General Social Survey, public-use file (gss.norc.org), through
github.com/smehnaz/Black-box-Model-Inversion-Attribute-Inference. No open licence is
stated: the package downloads the files and must not ship them.
"""


def fetch_gss(
    *,
    subset: str = "train",
    no_answer: str = "keep",
    as_frame: bool = True,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Table:
    """Load the happiness records of the General Social Survey (classification).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 15235 training records, the 5079 held-out ones, or both in this order.
    no_answer : {"keep", "missing"}, default="keep"
        Whether the codes that mean "no answer" are kept, as the literature does, or
        become missing values; `childs`, `age` and `educ` are then floats.
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, text columns being categorical;
        False gives arrays of dtype object and str.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in and to download into. None looks in the folder that the
        environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``, and downloads into the latter.
    download_if_missing : bool, default=True
        Whether missing files are downloaded.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (n_samples, 11), `target` of shape (n_samples,), `frame`
        (None unless `as_frame`), `feature_names`, `target_names` (sorted),
        `sensitive_features` (``["xmovie"]``), `bounds` (from the name of a numeric
        feature to the smallest and largest value that the questionnaire allows, not
        those of the records), `filenames` and `DESCR`.

    Raises
    ------
    OSError
        If a file is neither found nor can be downloaded, or is not the right one.

    See Also
    --------
    load_fair : A survey of the same kind that needs no download.

    References
    ----------
    .. [1] M. Fredrikson, S. Jha and T. Ristenpart. Model Inversion Attacks that Exploit
       Confidence Information and Basic Countermeasures. CCS, 2015.
       doi:10.1145/2810103.2813677
    .. [2] S. Mehnaz et al. Are Your Sensitive Attributes Private? Novel Model Inversion
       Attribute Inference Attacks on Classification Models. USENIX Security, 2022.
       arXiv:2201.09370

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_gss
    >>> gss = fetch_gss(subset="test")  # doctest: +SKIP
    >>> gss.data.shape  # doctest: +SKIP
    (5079, 11)
    """
    check_flags(
        "fetch_gss",
        as_frame=as_frame,
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    check_option("no_answer", no_answer, ("keep", "missing"))
    frame, paths = read_parts(
        FILES, subset, data_home=data_home, download_if_missing=download_if_missing
    )
    with reading(*paths):
        missing = no_answer == "missing"
        if missing:
            for column, codes in _NO_ANSWER_CODES.items():
                frame[column] = frame[column].astype(float)
                frame.loc[frame[column].isin(codes), column] = np.nan
        for column, categories in _CATEGORIES.items():
            if missing:
                frame[column] = frame[column].where(~frame[column].isin(_NO_ANSWER))
                categories = [c for c in categories if c not in _NO_ANSWER]
            frame[column] = nominal(frame[column], categories)
        return table_bunch(
            frame,
            target="hapmar",
            sensitive_features=["xmovie"],
            descr=_DESCR,
            as_frame=as_frame,
            return_X_y=return_X_y,
            bounds=dict(_BOUNDS),
            filenames=paths,
        )
