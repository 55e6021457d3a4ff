"""A national health survey, with depression and hard drugs as the secrets."""

import os

import pandas as pd

from sklearn_mid.datasets._bunch import Table, check_flags, nominal, table_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading

__all__ = ["fetch_nhanes"]

FILE = DataFile(
    dataset="nhanes",
    name="NHANES.csv",
    sha256="758cfcc09848376557d479a053ed8094f57303fa05adeefe5df6ddb6ff740423",
    url=(
        "https://raw.githubusercontent.com/vittorioaddona/data/"
        "837ed3ecd080685d78c5b57f7d28ecfcb9dc3ae7/NHANES.csv"
    ),
)
# Whom the survey asks every question below.
_AGES = (20, 59)
_TARGET = "SleepTrouble"
_SECRETS = ["Depressed", "HardDrugs"]
_YES_NO = ["No", "Yes"]
_CATEGORIES = {
    "Gender": ["female", "male"],
    "Race1": ["Black", "Hispanic", "Mexican", "Other", "White"],
    "MaritalStatus": [
        "Divorced",
        "LivePartner",
        "Married",
        "NeverMarried",
        "Separated",
        "Widowed",
    ],
    "HomeOwn": ["Other", "Own", "Rent"],
    "Work": ["Looking", "NotWorking", "Working"],
    "Diabetes": _YES_NO,
    "PhysActive": _YES_NO,
    "Alcohol12PlusYr": _YES_NO,
    "Smoke100": _YES_NO,
    "Marijuana": _YES_NO,
    "HardDrugs": _YES_NO,
}
_ORDERED_CATEGORIES = {
    "Education": [
        "8th Grade",
        "9 - 11th Grade",
        "High School",
        "Some College",
        "College Grad",
    ],
    "HealthGen": ["Poor", "Fair", "Good", "Vgood", "Excellent"],
    # "None" is an answer: on no day.
    "Depressed": ["None", "Several", "Most"],
}
# Of the questionnaire, and of medicine rounded outwards: none is read off the records.
_BOUNDS = {
    "Age": _AGES,
    "Poverty": (0, 5),
    "BMI": (12, 90),
    "Pulse": (30, 150),
    "BPSysAve": (70, 240),
    "DaysPhysHlthBad": (0, 30),
}
_COLUMNS = [
    "Gender",
    "Age",
    "Race1",
    "Education",
    "MaritalStatus",
    "Poverty",
    "HomeOwn",
    "Work",
    "BMI",
    "Pulse",
    "BPSysAve",
    "Diabetes",
    "HealthGen",
    "DaysPhysHlthBad",
    "Depressed",
    "PhysActive",
    "Alcohol12PlusYr",
    "Smoke100",
    "Marijuana",
    "HardDrugs",
    _TARGET,
]

_DESCR = """\
National Health and Nutrition Examination Survey 2009-2012 (2914 people of 20 to 59
years; 2656 answered every question; 20 features)

Predict whether a person of the United States has told a doctor of trouble sleeping
(`SleepTrouble`, yes for a quarter) from gender, age, race, education, marital status,
household income over the poverty line (`Poverty`, at most 5), home, work, body mass
index, pulse, systolic blood pressure, diabetes, general health, days of bad physical
health in a month, physical activity, drinking, smoking, marijuana, and two secrets: on
how many days of the last month the person felt down (`Depressed`: "None", "Several",
"Most") and whether they ever tried cocaine, heroin or methamphetamine (`HardDrugs`).
The first helps to predict trouble sleeping, the second hardly.

The survey repeats people to make up for unequal sampling; here each person is one row,
and counts are those of the sample, not of the country. Left out: hours of sleep, which
asks after the target again, and what asks after the secrets again.

Source: Centers for Disease Control and Prevention, National Center for Health
Statistics, public domain; file NHANES.csv of github.com/vittorioaddona/data, an export
of the R package NHANES (R. Pruim, 2015).
"""


def fetch_nhanes(
    *,
    complete_cases: bool = True,
    as_frame: bool = True,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Table:
    """Load adults of the American health survey NHANES (classification).

    Parameters
    ----------
    complete_cases : bool, default=True
        Whether only the 2656 people who answered every question are kept. False keeps
        the 2914 who answered `SleepTrouble`, `Depressed` and `HardDrugs`; other
        features then have missing values.
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, text columns being categorical,
        with an order for `Education`, `HealthGen` and `Depressed`; False gives arrays
        of dtype object and str.
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
        With `data` of shape (2656, 20), `target` of shape (2656,), `frame` (None
        unless `as_frame`), `feature_names`, `target_names`, `sensitive_features`
        (``["Depressed", "HardDrugs"]``), `bounds` (from the name of a numeric feature
        to the smallest and largest value that the survey or medicine allows, not
        those of the records), `filename` and `DESCR`.

    Raises
    ------
    OSError
        If the file is neither found nor can be downloaded, or is not the right one.

    References
    ----------
    .. [1] National Center for Health Statistics. National Health and Nutrition
       Examination Survey, 2009-2012. https://www.cdc.gov/nchs/nhanes

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_nhanes
    >>> nhanes = fetch_nhanes()  # doctest: +SKIP
    >>> nhanes.data["Depressed"].value_counts().to_dict()  # doctest: +SKIP
    {'None': 2039, 'Several': 440, 'Most': 177}
    """
    check_flags(
        "fetch_nhanes",
        complete_cases=complete_cases,
        as_frame=as_frame,
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    path = find_file(FILE, data_home=data_home, download_if_missing=download_if_missing)
    with reading(path):
        frame = pd.read_csv(path, na_values=["NA"], keep_default_na=False)
        frame = frame.drop_duplicates("ID")
        frame = frame.loc[frame["Age"].between(*_AGES), _COLUMNS]
        frame = frame.dropna(subset=None if complete_cases else [_TARGET, *_SECRETS])
        frame = frame.reset_index(drop=True)
        for column, categories in _CATEGORIES.items():
            frame[column] = nominal(frame[column], categories)
        for column, categories in _ORDERED_CATEGORIES.items():
            frame[column] = nominal(frame[column], categories, ordered=True)
        return table_bunch(
            frame,
            target=_TARGET,
            sensitive_features=_SECRETS,
            descr=_DESCR,
            as_frame=as_frame,
            return_X_y=return_X_y,
            bounds=dict(_BOUNDS),
            filename=str(path),
        )
