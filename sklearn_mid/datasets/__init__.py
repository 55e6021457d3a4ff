"""Records and images to attack: loaders, and worlds whose truth is known."""

from sklearn_mid.datasets._adult import fetch_adult
from sklearn_mid.datasets._diabetes import load_diabetes
from sklearn_mid.datasets._fair import load_fair
from sklearn_mid.datasets._gss import fetch_gss
from sklearn_mid.datasets._iwpc import fetch_iwpc, iwpc_weekly_dose
from sklearn_mid.datasets._steak import fetch_steak

__all__ = [
    "fetch_adult",
    "fetch_gss",
    "fetch_iwpc",
    "fetch_steak",
    "iwpc_weekly_dose",
    "load_diabetes",
    "load_fair",
]
