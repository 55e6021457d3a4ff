"""Where a data file lies: a local folder, the cache, or its public address."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from sklearn.datasets import fetch_file

__all__ = ["VARIABLE", "DataFile", "find_file", "reading"]

VARIABLE = "SKLEARN_MID_DATA"


@dataclass(frozen=True)
class DataFile:
    """A file that a loader reads, and what proves that it is the right one.

    Parameters
    ----------
    dataset : str
        Name of the folder that holds the file.
    name : str
        Name of the file.
    sha256 : str
        Checksum of the file at `url`, as a hexadecimal number.
    url : str or None
        Public address; None where the file has none.
    other_sha256 : tuple of str
        Checksums of copies with the same content, e.g. compressed at another time.
    """

    dataset: str
    name: str
    sha256: str
    url: str | None = None
    other_sha256: tuple[str, ...] = ()


def _cache_folder():
    return Path("~", "sklearn_mid_data").expanduser()


def _verify(path, file):
    with path.open("rb") as stream:
        found = file_digest(stream, "sha256").hexdigest()
    allowed = (file.sha256, *file.other_sha256)
    if found not in allowed:
        raise OSError(
            f"The SHA256 checksum of {str(path)!r} is {found}, expected "
            f"{' or '.join(allowed)}: the file is damaged or not the one that is "
            "meant. Delete it to get it again."
        )


def _how_to_supply(file, data_home):
    where = Path(file.dataset) / file.name
    by_hand = (
        f"put the file at {str(where)!r} in a folder and name that folder by "
        f"data_home (here {data_home!r}) or by the environment variable {VARIABLE} "
        f"(here {os.environ.get(VARIABLE)!r})"
    )
    if file.url is None:
        return f"The file {file.name!r} has no public address: {by_hand}."
    return f"Get {file.url} yourself and {by_hand}."


def find_file(
    file: DataFile,
    *,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> Path:
    """Path of a data file whose checksum is right, downloaded if need be.

    Parameters
    ----------
    file : DataFile
        The file.
    data_home : str or path-like, default=None
        The only folder to look in, and to download into. None looks in the folder
        that the environment variable ``SKLEARN_MID_DATA`` names, then in
        ``~/sklearn_mid_data``, and downloads into the latter.
    download_if_missing : bool, default=True
        Whether a file that is not found is downloaded.

    Returns
    -------
    pathlib.Path
        ``<folder>/<dataset>/<file>``.

    Raises
    ------
    OSError
        If the file is neither found nor can be downloaded, if the folder cannot be
        written to, or if a checksum is wrong.
    """
    if data_home is not None:
        data_home = os.fspath(data_home)
        folders = [Path(data_home).expanduser()]
    else:
        variable = os.environ.get(VARIABLE)
        folders = [Path(variable).expanduser()] if variable else []
        folders.append(_cache_folder())
    for folder in folders:
        path = folder / file.dataset / file.name
        if path.is_file():
            _verify(path, file)
            return path
    if file.url is None or not download_if_missing:
        raise OSError(
            f"{file.name!r} of the data set {file.dataset!r} was not found in "
            f"{[str(folder) for folder in folders]}. {_how_to_supply(file, data_home)}"
        )
    target = folders[-1] / file.dataset
    made = [folder for folder in (target, *target.parents) if not folder.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        # No retries: each one is a warning of its own and a wait.
        return Path(
            fetch_file(
                file.url,
                folder=target,
                local_filename=file.name,
                sha256=file.sha256,
                n_retries=0,
            )
        )
    except OSError as error:
        # No folder is left behind that was made for nothing.
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise OSError(
            f"{file.name!r} of the data set {file.dataset!r} could not be downloaded "
            f"from {file.url} into {str(target)!r} ({error}). "
            f"{_how_to_supply(file, data_home)}"
        ) from error


@contextlib.contextmanager
def reading(*paths: Any) -> Iterator[None]:
    """Whatever a parser stumbles over becomes an OSError that names the files."""
    try:
        yield
    except ImportError:
        raise
    except Exception as error:
        names = ", ".join(repr(str(path)) for path in paths)
        raise OSError(
            f"{names} cannot be read as what the name says "
            f"({type(error).__name__}: {error})."
        ) from error
