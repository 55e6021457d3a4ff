"""Labeled Faces in the Wild: people to recognise, and others for the attacker."""

import os
from numbers import Integral

import numpy as np
from sklearn import datasets

from sklearn_mid.datasets._bunch import Images, check_flags, check_option, image_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading
from sklearn_mid.utils._sklearn_compat import Interval
from sklearn_mid.utils._validation import check_parameters

__all__ = ["fetch_lfw_faces"]

# Resized from LFW; the resized file has no public address.
FILE = DataFile(
    dataset="lfw",
    name="lfw64_grey.npz",
    sha256="8aabd4cc1b6d6b4513f406712c4e42f62f9a8997880869cbbe5b63683ac98c2d",
)
_PIXELS_PER_SIDE = 64
# Rows and columns of a picture of scikit-learn's copy (250 x 250) that hold the face.
_CROP = (slice(70, 195), slice(62, 187))
_LEAST_OF_A_PRIVATE_PERSON = 20

_DESCR = """\
Labeled Faces in the Wild (grey images of 64 x 64 pixels of people in the news)

62 people with at least 20 images each are the private people, whom a model learns to
recognise; the 5687 others, 10210 images, are the public ones, whom an attacker learns
from. No person is in both. People are numbers: person 0 has the most images.

Source: G. Huang, M. Ramesh, T. Berg, E. Learned-Miller, "Labeled Faces in the Wild",
University of Massachusetts, Amherst, Technical Report 07-49 (2007); the same
photographs are those of sklearn.datasets.fetch_lfw_people. No licence is stated: the
package loads the pictures, must not ship them, and shows few.
"""


def _from_file(data_home):
    path = find_file(FILE, data_home=data_home)
    # numpy leaves a path open that turns out to be no archive.
    with (
        reading(path),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as content,
    ):
        images = content["images"].reshape(-1, _PIXELS_PER_SIDE, _PIXELS_PER_SIDE)
        return images / np.float32(255), content["identity"].astype(np.intp), path


def _from_sklearn(data_home, download_if_missing):
    height = _CROP[0].stop - _CROP[0].start
    people = datasets.fetch_lfw_people(
        data_home=data_home,
        slice_=_CROP,
        resize=_PIXELS_PER_SIDE / height,
        download_if_missing=download_if_missing,
    )
    return people.images, people.target


def _by_number_of_images(person):
    """People numbered anew from the one with the most images, and their images."""
    counts = np.bincount(person)
    order = np.argsort(-counts, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return number[person], counts[order]


def _position_within_person(person):
    order = np.argsort(person, kind="stable")
    starts = np.searchsorted(person[order], np.arange(person.max() + 1))
    position = np.empty_like(person)
    position[order] = np.arange(len(person)) - starts[person[order]]
    return position


def fetch_lfw_faces(
    *,
    subset: str = "private",
    max_images: int | None = 40,
    source: str = "crops",
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Images:
    """Load faces of people in the news, private or public (classification).

    Parameters
    ----------
    subset : {"private", "public"}, default="private"
        "private" are the 62 people with at least 20 images, whom a model learns to
        recognise; "public" the 5687 others, whom an attacker learns from.
    max_images : int or None, default=40
        Only the first so many images of each person are kept, so that the few with
        hundreds do not rule; None keeps all.
    source : {"crops", "sklearn"}, default="crops"
        "crops" reads a file that has no public address: it must lie in `data_home` or
        in the folder that the environment variable ``SKLEARN_MID_DATA`` names.
        "sklearn" has scikit-learn download Labeled Faces in the Wild (about 200 MB),
        which Pillow decodes; the photographs are the same, cut a little wider.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in, and for "sklearn" to download into. None looks in the
        folder that the environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``; for "sklearn" it is scikit-learn's data folder.
    download_if_missing : bool, default=True
        Whether "sklearn" downloads what is missing.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (n_samples, 4096), float32 in [0, 1]; `target` of shape
        (n_samples,), the number of the person, from 0 in each subset: the groups of a
        split by person; `images` of shape (n_samples, 64, 64), `image_shape`
        (1, 64, 64), `feature_names`, `target_names`, `frame` (None),
        `sensitive_features` (empty) and `DESCR`; "crops" also has `filename`. Of
        "crops", the private people have 1916 images at the default and 3023 in all,
        the public ones 10210.

    Raises
    ------
    OSError
        If the faces are neither found nor can be downloaded.

    See Also
    --------
    fetch_orl_faces : Fewer people, photographed alike.
    fetch_auxiliary_faces : Public people for those of the ORL faces.

    References
    ----------
    .. [1] G. Huang, M. Ramesh, T. Berg and E. Learned-Miller. Labeled Faces in the
       Wild. University of Massachusetts, Amherst, Technical Report 07-49, 2007.

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_lfw_faces
    >>> faces = fetch_lfw_faces()  # doctest: +SKIP
    >>> faces.data.shape  # doctest: +SKIP
    (1916, 4096)
    """
    check_flags(
        "fetch_lfw_faces",
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    check_option("subset", subset, ("private", "public"))
    check_option("source", source, ("crops", "sklearn"))
    check_parameters(
        "fetch_lfw_faces",
        {"max_images": [Interval(Integral, 1, None, closed="left"), None]},
        max_images=max_images,
    )
    others = {}
    if source == "crops":
        images, person, path = _from_file(data_home)
        others["filename"] = str(path)
    else:
        images, person = _from_sklearn(data_home, download_if_missing)
    person, counts = _by_number_of_images(person)
    is_private = counts[person] >= _LEAST_OF_A_PRIVATE_PERSON
    chosen = is_private if subset == "private" else ~is_private
    if max_images is not None:
        chosen &= _position_within_person(person) < max_images
    if not chosen.any():
        raise OSError(f"The faces of source={source!r} hold nobody who is {subset}.")
    # The private people have the smallest numbers.
    person = person[chosen] - person[chosen].min()
    return image_bunch(
        images[chosen][:, None],
        person,
        target_names=[f"person {k}" for k in range(person.max() + 1)],
        descr=_DESCR,
        return_X_y=return_X_y,
        **others,
    )
