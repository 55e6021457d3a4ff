"""Records and images to attack: loaders, and worlds whose truth is known."""

from sklearn_mid.datasets._adult import fetch_adult
from sklearn_mid.datasets._cifar10 import fetch_cifar10
from sklearn_mid.datasets._diabetes import load_diabetes
from sklearn_mid.datasets._digits import load_digits
from sklearn_mid.datasets._discrete_world import make_discrete_world
from sklearn_mid.datasets._faces import fetch_auxiliary_faces, fetch_orl_faces
from sklearn_mid.datasets._fair import load_fair
from sklearn_mid.datasets._gss import fetch_gss
from sklearn_mid.datasets._iwpc import fetch_iwpc, iwpc_weekly_dose
from sklearn_mid.datasets._lfw import fetch_lfw_faces
from sklearn_mid.datasets._linear_gaussian import make_linear_gaussian
from sklearn_mid.datasets._mnist import fetch_mnist
from sklearn_mid.datasets._nhanes import fetch_nhanes
from sklearn_mid.datasets._steak import fetch_steak

__all__ = [
    "fetch_adult",
    "fetch_auxiliary_faces",
    "fetch_cifar10",
    "fetch_gss",
    "fetch_iwpc",
    "fetch_lfw_faces",
    "fetch_mnist",
    "fetch_nhanes",
    "fetch_orl_faces",
    "fetch_steak",
    "iwpc_weekly_dose",
    "load_diabetes",
    "load_digits",
    "load_fair",
    "make_discrete_world",
    "make_linear_gaussian",
]
