"""Warfarin dosing, with two genotypes as the attributes to hide."""

import os
from typing import Any

import numpy as np
import pandas as pd

from sklearn_mid.datasets._bunch import (
    Table,
    check_flags,
    check_option,
    nominal,
    table_bunch,
)
from sklearn_mid.datasets._files import DataFile, find_file, reading
from sklearn_mid.utils._validation import as_numbers

__all__ = ["fetch_iwpc", "iwpc_weekly_dose"]

FILE = DataFile(
    dataset="iwpc",
    name="iwpc-scaled.csv",
    sha256="fc81402548298d703a92c63d84c8d2e2da266af7ccda35025d35f431934977f3",
    url=(
        "https://raw.githubusercontent.com/samuel-yeom/ml-privacy-csf18/"
        "7b302fb80b853b040941eb90b37c0491f55e4928/data/iwpc-scaled.csv"
    ),
)
_CATEGORIES = {
    "race": ["asian", "black", "white"],
    "cyp2c9": ["11", "12", "13", "22", "23", "33"],
    "vkorc1": ["CC", "CT", "TT"],
}
# Z-scores: nobody is further off. None is read off the records.
_BOUNDS = {"age": (-4, 3), "height": (-5, 5), "weight": (-4, 8)}
_SCALES = ("scaled", "zscore", "mg_week")
# Smallest and largest z-score of the file: "scaled" takes them to -1 and 1.
_Z_MIN, _Z_MAX = -2.7629, 8.7123
# Mean and standard deviation of the square root of the weekly dose in mg.
_ROOT_MEAN, _ROOT_STD = 5.3735, 1.4203

_DESCR = """\
Warfarin dosing (4819 patients, 8 features)

Predict the stable dose of warfarin, an anticoagulant, from `race` (white 2900, asian
1462, black 457), `age`, `height` and `weight` (z-scores), whether `amiodarone` or an
enzyme inducer (`decr`) is taken, and two genotypes: `cyp2c9` ("11" for *1/*1 and so
on: 3630, "12" 643, "13" 430, "22" 41, "23" 60, "33" 15) and `vkorc1` (CT 1756, TT 1628,
CC 1435). Sensitive: the genotypes. A dose model gives them away: Fredrikson et al.
(2014) ran the first model inversion attack on these records.

The dose is stored as the z-score of the square root of mg per week, so that
mg/week = (5.3735 + 1.4203 z)^2. No value is missing.

Source: github.com/samuel-yeom/ml-privacy-csf18, data/iwpc-scaled.csv (repository under
the MIT licence; S. Yeom et al., "Privacy Risk in Machine Learning", CSF 2018). The
records are PharmGKB's, CC BY-SA 4.0; credit: International Warfarin Pharmacogenetics
Consortium, "Estimation of the Warfarin Dose with Clinical and Pharmacogenetic Data",
New England Journal of Medicine 360 (2009) 753-764.
"""

_LARGEST_DOSE = 1e100  # its square is a float


def _zscore_to(scale, z):
    if scale == "scaled":
        return 2 * (z - _Z_MIN) / (_Z_MAX - _Z_MIN) - 1
    if scale == "mg_week":
        return (_ROOT_MEAN + _ROOT_STD * z) ** 2
    return z


def iwpc_weekly_dose(dose: Any, *, scale: str = "scaled") -> Any:
    """Convert a dose of :func:`fetch_iwpc`, true or predicted, to mg per week.

    Parameters
    ----------
    dose : float or array-like
        Doses.
    scale : {"scaled", "zscore", "mg_week"}, default="scaled"
        The scale of `dose`, as the `target` of :func:`fetch_iwpc`.

    Returns
    -------
    float or ndarray
        Doses in mg per week.

    Examples
    --------
    >>> from sklearn_mid.datasets import iwpc_weekly_dose
    >>> float(iwpc_weekly_dose(0.0, scale="zscore").round(1))
    28.9
    """
    check_option("scale", scale, _SCALES)
    dose = as_numbers(dose, "dose")
    if not (np.abs(dose) < _LARGEST_DOSE).all():
        raise ValueError(
            f"dose must hold finite numbers within {_LARGEST_DOSE:g} of 0, got "
            f"{dose[~(np.abs(dose) < _LARGEST_DOSE)].flat[0]:g}."
        )
    if scale == "mg_week":
        return dose
    if scale == "scaled":
        dose = _Z_MIN + (dose + 1) / 2 * (_Z_MAX - _Z_MIN)
    return _zscore_to("mg_week", dose)


def _one_hot(data):
    """One column of 0.0 and 1.0 per category, where the categorical column stood."""
    parts, groups = [], {}
    for column in data.columns:
        part = data[[column]]
        if column in _CATEGORIES:
            part = pd.get_dummies(part, dtype=float)
            groups[column] = list(part.columns)
        parts.append(part.astype(float))
    return pd.concat(parts, axis=1), groups


def fetch_iwpc(
    *,
    target: str = "scaled",
    one_hot: bool = False,
    as_frame: bool = True,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Table:
    """Load the warfarin dosing records of the IWPC (regression).

    Parameters
    ----------
    target : {"scaled", "zscore", "mg_week"}, default="scaled"
        Scale of the dose: mapped linearly from the z-score to [-1, 1]; the z-score of
        the square root of mg per week; mg per week.
    one_hot : bool, default=False
        Whether `race`, `cyp2c9` and `vkorc1` become one column of 0.0 and 1.0 per
        category: 17 columns in all.
    as_frame : bool, default=True
        Whether `data` and `target` are pandas objects, `race`, `cyp2c9` and `vkorc1`
        being categorical; False gives arrays, of dtype object unless `one_hot`.
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
        With `data` of shape (4819, 8) or (4819, 17), `target` of shape (4819,),
        `frame` (None unless `as_frame`), `feature_names`, `sensitive_features`
        (``["vkorc1", "cyp2c9"]``), `groups` (from the name of a categorical feature
        to the list of its columns in `data`, one unless `one_hot`), `bounds` (from the
        name of a numeric feature to the smallest and largest value that medicine
        allows, not those of the records), `filename` and `DESCR`.

    Raises
    ------
    OSError
        If the file is neither found nor can be downloaded, or is not the right one.

    See Also
    --------
    iwpc_weekly_dose : Convert doses to mg per week.

    References
    ----------
    .. [1] International Warfarin Pharmacogenetics Consortium. Estimation of the
       Warfarin Dose with Clinical and Pharmacogenetic Data. New England Journal of
       Medicine 360, 2009. doi:10.1056/NEJMoa0809329
    .. [2] M. Fredrikson et al. Privacy in Pharmacogenetics: An End-to-End Case Study
       of Personalized Warfarin Dosing. USENIX Security, 2014.
    .. [3] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha. Privacy Risk in Machine
       Learning: Analyzing the Connection to Overfitting. CSF, 2018. arXiv:1709.01604

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_iwpc
    >>> iwpc = fetch_iwpc(one_hot=True)  # doctest: +SKIP
    >>> iwpc.groups["vkorc1"]  # doctest: +SKIP
    ['vkorc1_CC', 'vkorc1_CT', 'vkorc1_TT']
    """
    check_flags(
        "fetch_iwpc",
        one_hot=one_hot,
        as_frame=as_frame,
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    check_option("target", target, _SCALES)
    path = find_file(FILE, data_home=data_home, download_if_missing=download_if_missing)
    with reading(path):
        frame = pd.read_csv(path, dtype={"cyp2c9": str})
        for column, categories in _CATEGORIES.items():
            frame[column] = nominal(frame[column], categories)
        groups = {column: [column] for column in _CATEGORIES}
        dose = _zscore_to(target, frame.pop("dose"))
        if one_hot:
            frame, groups = _one_hot(frame)
        frame["dose"] = dose
        return table_bunch(
            frame,
            target="dose",
            sensitive_features=["vkorc1", "cyp2c9"],
            descr=_DESCR,
            as_frame=as_frame,
            return_X_y=return_X_y,
            groups=groups,
            bounds=dict(_BOUNDS),
            filename=str(path),
        )
