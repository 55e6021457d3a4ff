"""How people like their steak, with infidelity as the attribute to hide."""

import os

import pandas as pd

from sklearn_mid.datasets._bunch import Table, check_flags, nominal, table_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading

__all__ = ["fetch_steak"]

FILE = DataFile(
    dataset="steak",
    name="steak-risk-survey.csv",
    sha256="cc25080bf53209ba5034d738e857bd6106314f8e49ac7c203dbca9ff35474a1a",
    url=(
        "https://raw.githubusercontent.com/fivethirtyeight/data/"
        "fcf572c4fba05a42f1f34f415bd5e6dc389efd68/steak-survey/steak-risk-survey.csv"
    ),
)
# In the order of the file, whose headings are whole questions.
_COLUMNS = (
    "respondent",
    "lottery",
    "smokes",
    "drinks",
    "gambles",
    "skydived",
    "speeds",
    "cheated",
    "eats_steak",
    "steak",
    "gender",
    "age",
    "income",
    "education",
    "region",
)
_YES_NO = ["No", "Yes"]
_CATEGORIES = {
    "lottery": ["Lottery A", "Lottery B"],
    "smokes": _YES_NO,
    "drinks": _YES_NO,
    "gambles": _YES_NO,
    "skydived": _YES_NO,
    "speeds": _YES_NO,
    "cheated": _YES_NO,
    "gender": ["Female", "Male"],
    "region": [
        "East North Central",
        "East South Central",
        "Middle Atlantic",
        "Mountain",
        "New England",
        "Pacific",
        "South Atlantic",
        "West North Central",
        "West South Central",
    ],
}
_ORDERED_CATEGORIES = {
    "age": ["18-29", "30-44", "45-60", "> 60"],
    "income": [
        "$0 - $24,999",
        "$25,000 - $49,999",
        "$50,000 - $99,999",
        "$100,000 - $149,999",
        "$150,000+",
    ],
    "education": [
        "Less than high school degree",
        "High school degree",
        "Some college or Associate degree",
        "Bachelor degree",
        "Graduate degree",
    ],
}

_DESCR = """\
How Americans like their steak (550 respondents; 430 or 331 used, 12 features)

Predict how a person likes a steak prepared (`steak`: Rare, Medium rare, Medium, Medium
Well, Well) from whether they would take the riskier of two lotteries (`lottery` A: 50%
chance of $100, B: 90% chance of $20), smoke, drink, gamble, went skydiving, drive above
the speed limit, ever cheated on their significant other, and from gender, age,
household income, education and census region. Sensitive: `cheated`.

430 people answered both `steak` and `cheated` (72 of them yes); 331 answered every
question (57 yes). The features say next to nothing about the steak, so that a model
that fits the training people has memorised them, and that is what an attacker uses
(Fredrikson et al. 2015). Left out: the respondent's number, and "Do you eat steak?",
which nobody with a preference denies.

Source: github.com/fivethirtyeight/data, steak-survey/steak-risk-survey.csv, CC BY 4.0;
credit: FiveThirtyEight, W. Hickey, "How Americans Like Their Steak" (2014).
"""


def fetch_steak(
    *,
    complete_cases: bool = True,
    as_frame: bool = True,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Table:
    """Load FiveThirtyEight's survey on steak and risk (classification).

    Parameters
    ----------
    complete_cases : bool, default=True
        Whether only the 331 people who answered every question are kept. False keeps
        the 430 who answered the questions on steak and cheating; the other features
        then have missing values.
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, all features being
        categorical, with an order for `age`, `income` and `education`; False gives
        arrays of dtype object and str.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in and to download into. None looks in the folder that the
        environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``, and downloads into the latter.
    download_if_missing : bool, default=True
        Whether a missing file is downloaded.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (n_samples, 12), `target` of shape (n_samples,), `frame`
        (None unless `as_frame`), `feature_names`, `target_names` (sorted),
        `sensitive_features` (``["cheated"]``), `filename` and `DESCR`.

    Raises
    ------
    OSError
        If the file is neither found nor can be downloaded, or is not the right one.

    References
    ----------
    .. [1] W. Hickey. How Americans Like Their Steak. FiveThirtyEight, 2014.
    .. [2] M. Fredrikson, S. Jha and T. Ristenpart. Model Inversion Attacks that Exploit
       Confidence Information and Basic Countermeasures. CCS, 2015.
       doi:10.1145/2810103.2813677

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_steak
    >>> steak = fetch_steak()  # doctest: +SKIP
    >>> steak.data["cheated"].value_counts().to_dict()  # doctest: +SKIP
    {'No': 274, 'Yes': 57}
    """
    check_flags(
        "fetch_steak",
        complete_cases=complete_cases,
        as_frame=as_frame,
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    path = find_file(FILE, data_home=data_home, download_if_missing=download_if_missing)
    with reading(path):
        # Below the questions stands a second heading, "Response" in every column.
        frame = pd.read_csv(path, names=_COLUMNS, skiprows=2)
        frame = frame.dropna(subset=None if complete_cases else ["cheated", "steak"])
        frame = frame.drop(columns=["respondent", "eats_steak"]).reset_index(drop=True)
        for column, categories in _CATEGORIES.items():
            frame[column] = nominal(frame[column], categories)
        for column, categories in _ORDERED_CATEGORIES.items():
            frame[column] = nominal(frame[column], categories, ordered=True)
        return table_bunch(
            frame,
            target="steak",
            sensitive_features=["cheated"],
            descr=_DESCR,
            as_frame=as_frame,
            return_X_y=return_X_y,
            filename=str(path),
        )
