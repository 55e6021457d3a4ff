"""Files that are whole or not there."""

import contextlib
import os

__all__ = ["write_file"]


def write_file(path: str | os.PathLike, data: bytes, *, alone: bool = False) -> None:
    """Write bytes under another name, then rename: all of it is there, or nothing.

    Parameters
    ----------
    path : path-like
    data : bytes
    alone : bool, default=False
        Whether nobody else may be writing this file. The other name is then always
        the same, so that what a killed writer leaves, the next one overwrites.
    """
    temporary = f"{path}.tmp" if alone else f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        # Under the name that the caller knows.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error
