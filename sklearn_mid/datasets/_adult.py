"""Adult census income, with marital status as the attribute to hide."""

import os

from sklearn_mid.datasets._bunch import Table, check_flags, nominal, table_bunch
from sklearn_mid.datasets._files import reading
from sklearn_mid.datasets._two_parts import part, read_parts

__all__ = ["fetch_adult"]

FILES = {
    "train": part(
        "adult",
        "Adult_35222.csv",
        sha256="b5349f41ebe480f5273661d5ea36fc596c0654747a3406dffc3e3d1c025b6a2b",
    ),
    "test": part(
        "adult",
        "Adult_10000.csv",
        sha256="26763cde1cb4e23fe51725019c74a9dcb0cd92632cfade254e8f7d2c43ae15e0",
    ),
}

# Those of both files, so that their frames have the same dtypes.
_CATEGORIES = {
    "work": [
        "Federal-gov",
        "Local-gov",
        "Private",
        "Self-emp-inc",
        "Self-emp-not-inc",
        "State-gov",
        "Without-pay",
    ],
    "education": ["edu1", "edu2", "edu3"],
    "marital": ["Married", "Single"],
    "occupation": [
        "Adm-clerical",
        "Armed-Forces",
        "Craft-repair",
        "Exec-managerial",
        "Farming-fishing",
        "Handlers-cleaners",
        "Machine-op-inspct",
        "Other-service",
        "Priv-house-serv",
        "Prof-specialty",
        "Protective-serv",
        "Sales",
        "Tech-support",
        "Transport-moving",
    ],
    "sex": ["Female", "Male"],
    "race": ["Amer-Indian-Eskimo", "Asian-Pac-Islander", "Black", "Other", "White"],
}

# Of the census, rounded outwards: none is read off the records.
_BOUNDS = {
    "fnlwgt": (0, 1_500_000),
    "capitalgain": (0, 100_000),
    "capitalloss": (0, 5_000),
    "hoursperweek": (0, 99),
}

_DESCR = """\
Adult census income (45222 people, 10 features: 35222 train, 10000 test)

Predict whether a person of the US census of 1994 earns more than 50,000 dollars a year
(`income`: "<=50K" 34014, ">50K" 11208) from class of work, sampling weight (`fnlwgt`),
education in three levels, marital status in two (Single 23583, Married 21639),
occupation, sex, capital gain and loss, weekly hours and race. Sensitive: `marital`, as
in the work of Mehnaz et al. (2022), whose preparation of the data this is. Incomplete
records are left out. Beware: most of what an attacker learns about `marital` comes from
the other columns and the income, without any model.

Source: UCI Machine Learning Repository, "Adult" (B. Becker, R. Kohavi, 1996,
doi:10.24432/C5XW20), CC BY 4.0; files Adult_35222.csv and Adult_10000.csv of
github.com/smehnaz/Black-box-Model-Inversion-Attribute-Inference.
"""


def fetch_adult(
    *,
    subset: str = "train",
    as_frame: bool = True,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Table:
    """Load the Adult census income records (classification).

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 35222 training records, the 10000 held-out ones, or both in this order.
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
        With `data` of shape (n_samples, 10), `target` of shape (n_samples,), `frame`
        (None unless `as_frame`), `feature_names`, `target_names`,
        `sensitive_features` (``["marital"]``), `bounds` (from the name of a numeric
        feature to the smallest and largest value that the census allows, not those
        of the records), `filenames` and `DESCR`.

    Raises
    ------
    OSError
        If a file is neither found nor can be downloaded, or is not the right one.

    References
    ----------
    .. [1] B. Becker and R. Kohavi. Adult. UCI Machine Learning Repository, 1996.
       doi:10.24432/C5XW20
    .. [2] S. Mehnaz et al. Are Your Sensitive Attributes Private? Novel Model Inversion
       Attribute Inference Attacks on Classification Models. USENIX Security, 2022.
       arXiv:2201.09370

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_adult
    >>> adult = fetch_adult(subset="test")  # doctest: +SKIP
    >>> adult.data.shape  # doctest: +SKIP
    (10000, 10)
    """
    check_flags(
        "fetch_adult",
        as_frame=as_frame,
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    frame, paths = read_parts(
        FILES, subset, data_home=data_home, download_if_missing=download_if_missing
    )
    with reading(*paths):
        for column, categories in _CATEGORIES.items():
            frame[column] = nominal(frame[column], categories)
        return table_bunch(
            frame,
            target="income",
            sensitive_features=["marital"],
            descr=_DESCR,
            as_frame=as_frame,
            return_X_y=return_X_y,
            bounds=dict(_BOUNDS),
            filenames=paths,
        )
