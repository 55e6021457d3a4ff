"""Faces: the private people, and other people for the attacker to learn from."""

import os

import numpy as np
from scipy.io import loadmat
from sklearn import datasets

from sklearn_mid.datasets._bunch import Images, check_flags, check_option, image_bunch
from sklearn_mid.datasets._files import DataFile, find_file, reading

__all__ = ["fetch_auxiliary_faces", "fetch_orl_faces"]

ORL_FILE = DataFile(
    dataset="orl_faces",
    name="olivettifaces.mat",
    sha256="b1988d02c72fe5b8ee82b5ef3bb7982eafc74f1e1ff0ae0ade35061ad0af534d",
    url=(
        "https://raw.githubusercontent.com/sjgershm/DBM/"
        "a30d9abb523aab874a299b8b1aa21e7df2023f60/olivettifaces.mat"
    ),
)
# Derived from two public sets; the derived file has no public address.
LONDON_FILE = DataFile(
    dataset="london_faces",
    name="faces_ccby_64.npz",
    sha256="79ab7ad4120c25145e4d0116d57300e70193e93cf8b9890aaf7a57bb9297df7a",
)
_PIXELS_PER_SIDE = 64
# Rows and columns of a picture of LFW (250 x 250) that hold the face.
_LFW_CROP = (slice(70, 195), slice(62, 187))

_ORL_DESCR = """\
ORL faces (400 grey images of 64 x 64 pixels, 10 each of 40 people)

The private people of a face recogniser: `target` is the person. Pictures of one person
differ in light, expression and glasses; the background is dark.

Source: Olivetti Research Laboratory, Cambridge (1992-1994), which asks for credit: F.
Samaria, A. Harter, "Parameterisation of a stochastic model for human face
identification", IEEE Workshop on Applications of Computer Vision (1994). The file
olivettifaces.mat is that of github.com/sjgershm/DBM.
"""

_LONDON_DESCR = """\
Auxiliary faces (243 grey images of 64 x 64 pixels, 142 people)

Public faces for an attacker to learn from; none of the people is among those of
fetch_orl_faces. `target` is the person, `smiling` whether they smile, `origin` the set:
0 is the Face Research Lab London Set (203 images), 1 Young Adult White Faces from
Canada (40). Aligned at the eyes, cropped and turned to grey.

Source: L. DeBruine, B. Jones, "Face Research Lab London Set" (2017,
doi:10.6084/m9.figshare.5047666) and "Young Adult White Faces with Manipulated Versions"
(2017, doi:10.6084/m9.figshare.4220517), both CC BY 4.0, changed as said.
"""

_LFW_DESCR = """\
Auxiliary faces (grey images of 64 x 64 pixels of Labeled Faces in the Wild)

Public faces for an attacker to learn from, of people in the news; `target` is the
person. Cropped to the face, not aligned.

Source: sklearn.datasets.fetch_lfw_people; G. Huang, M. Ramesh, T. Berg, E.
Learned-Miller, "Labeled Faces in the Wild", University of Massachusetts, Amherst,
Technical Report 07-49 (2007).
"""


def _person_names(n_people):
    return [f"person {k}" for k in range(n_people)]


def fetch_orl_faces(
    *,
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Images:
    """Load the ORL faces, 10 pictures each of 40 people (classification).

    Parameters
    ----------
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
        With `data` of shape (400, 4096), float32 in [0, 1]; `target` of shape (400,),
        the person, 0 to 39; `images` of shape (400, 64, 64), `image_shape`
        (1, 64, 64), `feature_names`, `target_names`, `frame` (None),
        `sensitive_features` (empty), `filename` and `DESCR`.

    Raises
    ------
    OSError
        If the file is neither found nor can be downloaded, or is not the right one.

    See Also
    --------
    fetch_auxiliary_faces : Other people, for the attacker.

    References
    ----------
    .. [1] F. Samaria and A. Harter. Parameterisation of a Stochastic Model for Human
       Face Identification. IEEE Workshop on Applications of Computer Vision, 1994.
       doi:10.1109/ACV.1994.341300

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_orl_faces
    >>> faces = fetch_orl_faces()  # doctest: +SKIP
    >>> faces.images.shape  # doctest: +SKIP
    (400, 64, 64)
    """
    check_flags(
        "fetch_orl_faces",
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    path = find_file(
        ORL_FILE, data_home=data_home, download_if_missing=download_if_missing
    )
    with reading(path):
        # One image per column, stored by columns, as MATLAB does.
        columns = loadmat(path)["faces"]
        pixels = columns.T.reshape(-1, 1, _PIXELS_PER_SIDE, _PIXELS_PER_SIDE)
        return image_bunch(
            pixels.transpose(0, 1, 3, 2) / np.float32(255),
            np.arange(len(pixels)) // 10,
            target_names=_person_names(40),
            descr=_ORL_DESCR,
            return_X_y=return_X_y,
            filename=str(path),
        )


def fetch_auxiliary_faces(
    *,
    source: str = "london",
    return_X_y: bool = False,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Images:
    """Load faces of people who are not among those of the ORL faces.

    Parameters
    ----------
    source : {"london", "lfw"}, default="london"
        "london" is the London and Canada set, which has no public address: the file
        must lie in `data_home` or in the folder that the environment variable
        ``SKLEARN_MID_DATA`` names. "lfw" is Labeled Faces in the Wild, which
        scikit-learn downloads (about 200 MB) and Pillow decodes.
    return_X_y : bool, default=False
        Whether ``(data, target)`` is returned instead of a Bunch.
    data_home : str or path-like, default=None
        Folder to look in, and for "lfw" to download into. None looks in the folder
        that the environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``; for "lfw" it is scikit-learn's data folder.
    download_if_missing : bool, default=True
        Whether Labeled Faces in the Wild are downloaded.

    Returns
    -------
    Bunch or (data, target)
        With `data` of shape (n_samples, 4096), float32 in [0, 1]; `target` of shape
        (n_samples,), the person; `images` of shape (n_samples, 64, 64), `image_shape`
        (1, 64, 64), `feature_names`, `target_names`, `frame` (None),
        `sensitive_features` (empty) and `DESCR`; "london" (243 images) also has
        `smiling`, `origin` and `filename`.

    Raises
    ------
    OSError
        If the faces are neither found nor can be downloaded.

    See Also
    --------
    fetch_orl_faces : The private people.

    References
    ----------
    .. [1] L. DeBruine and B. Jones. Face Research Lab London Set. Figshare, 2017.
       doi:10.6084/m9.figshare.5047666
    .. [2] G. Huang, M. Ramesh, T. Berg and E. Learned-Miller. Labeled Faces in the
       Wild. University of Massachusetts, Amherst, Technical Report 07-49, 2007.

    Examples
    --------
    >>> from sklearn_mid.datasets import fetch_auxiliary_faces
    >>> faces = fetch_auxiliary_faces()  # doctest: +SKIP
    >>> len(faces.target_names)  # doctest: +SKIP
    142
    """
    check_flags(
        "fetch_auxiliary_faces",
        return_X_y=return_X_y,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    check_option("source", source, ("london", "lfw"))
    if source == "lfw":
        height = _LFW_CROP[0].stop - _LFW_CROP[0].start
        people = datasets.fetch_lfw_people(
            data_home=data_home,
            slice_=_LFW_CROP,
            resize=_PIXELS_PER_SIDE / height,
            download_if_missing=download_if_missing,
        )
        return image_bunch(
            people.images[:, None],
            people.target,
            target_names=people.target_names,
            descr=_LFW_DESCR,
            return_X_y=return_X_y,
        )
    path = find_file(
        LONDON_FILE, data_home=data_home, download_if_missing=download_if_missing
    )
    # numpy leaves a path open that turns out to be no archive.
    with (
        reading(path),
        path.open("rb") as file,
        np.load(file, allow_pickle=False) as content,
    ):
        people = content["identity"].astype(np.intp)
        return image_bunch(
            content["images"][:, None] / np.float32(255),
            people,
            target_names=_person_names(people.max() + 1),
            descr=_LONDON_DESCR,
            return_X_y=return_X_y,
            smiling=content["smiling"].astype(bool),
            origin=content["source"].astype(np.intp),
            filename=str(path),
        )
