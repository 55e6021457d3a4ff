"""The results folder: one JSON file per cell, and who is working on what.

Layout of a folder::

    manifest.json       the suite, the command, versions, machine, dates
    cells/KEY.json      one finished cell
    claims/JOB.lock     locked by the operating system while a worker has the job
    claims/JOB.json     who has it, and since when

A cell's file is written under another name and renamed, so it is there as a whole or
not at all. A claim is a file lock: the system takes it from a dead process, so a
killed run leaves nothing to clean up, and no clock decides whether it is dead.
"""

import contextlib
import datetime
import json
import os
import platform
from pathlib import Path

from sklearn_mid.utils._optional import require

__all__ = ["STATES", "ResultsFolderError", "Store", "write_file"]

FORMAT = 1
STATES = ("done", "skipped", "failed", "timeout")


class ResultsFolderError(OSError):
    """The results folder cannot be read or written; the message says why."""

    # OSError builds its message from several arguments; this one has a single text,
    # also after it was pickled on its way out of a worker.
    def __init__(self, message):
        super().__init__(message)


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _load_json(path):
    """The object in `path`, or None if it is missing, cut short or no JSON."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None


def write_file(path, data, *, alone=False):
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
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


def _is_cell(record, key):
    """Whether `record` holds what readers of the cell with that key rely on."""
    if not isinstance(record, dict):
        return False
    pictures = record.get("pictures") or {}
    return (
        record.get("format") == FORMAT
        and record.get("key") == key
        and record.get("status") in STATES
        and isinstance(record.get("seconds"), int | float)
        and isinstance(record.get("versions"), str)
        and all(isinstance(record.get(k, ""), str) for k in ("reason", "traceback"))
        and _are_texts(record.get("warnings", []))
        and isinstance(record.get("values"), list)
        and all(_is_figure(entry) for entry in record["values"])
        and isinstance(pictures, dict)
        and all(_are_texts(row) for row in pictures.values())
    )


def _is_manifest(manifest):
    if not isinstance(manifest, dict):
        return False
    texts = (manifest.get(name) for name in ("command", "started", "resumed"))
    return isinstance(manifest.get("machine", {}), dict) and all(
        text is None or isinstance(text, str) for text in texts
    )


def _are_texts(value):
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_figure(entry):
    """Population, metric and a number, which may be missing or a text like "inf"."""
    if not (isinstance(entry, list) and len(entry) == 3 and _are_texts(entry[:2])):
        return False
    try:
        float(entry[2] if entry[2] is not None else "nan")
    except (TypeError, ValueError, OverflowError):
        return False
    return True


class Store:
    """Finished cells and claims of one results folder.

    Parameters
    ----------
    folder : path-like
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self._cells = os.path.join(folder, "cells")
        self._claims = os.path.join(folder, "claims")

    def create(self):
        """Make the folder, or say why it cannot be written."""
        try:
            for folder in (self._cells, self._claims):
                os.makedirs(folder, exist_ok=True)
            probe = os.path.join(self.folder, f".writable-{os.getpid()}")
            write_file(probe, b"")
            os.remove(probe)
        except OSError as error:
            raise self._error(error) from error

    def exists(self):
        return os.path.isdir(self._cells)

    def _error(self, error):
        return ResultsFolderError(
            f"cannot write to the results folder {str(self.folder)!r}: "
            f"{error.strerror or error}. Cells that are done are kept; run again, to "
            "the same folder, to go on."
        )

    def _write_json(self, path, value, *, alone, **options):
        data = json.dumps(value, indent=1, **options).encode()
        try:
            write_file(path, data, alone=alone)
        except OSError as error:
            raise self._error(error) from error

    def write(self, record):
        """Keep one finished cell, given as a dictionary with its ``key``."""
        path = os.path.join(self._cells, f"{record['key']}.json")
        # allow_nan=False: a cell is JSON that any other tool reads.
        self._write_json(
            path,
            {"format": FORMAT, "written": _now(), **record},
            alone=True,
            allow_nan=False,
        )

    def read(self, key):
        """The cell of that key; None if it is not finished or its file is garbage."""
        record = _load_json(os.path.join(self._cells, f"{key}.json"))
        return record if _is_cell(record, key) else None

    def write_manifest(self, manifest):
        # A suite may hold what JSON lacks: infinity, which Python's JSON does write
        # and read, and dates, which become texts.
        path = os.path.join(self.folder, "manifest.json")
        self._write_json(path, manifest, alone=False, default=str)

    def read_manifest(self):
        """The manifest, or None if there is none that can be read."""
        manifest = _load_json(os.path.join(self.folder, "manifest.json"))
        return manifest if _is_manifest(manifest) else None

    def _lock(self, job_key):
        filelock = require("filelock", extra="benchmark", needed_by="run_benchmark")
        path = os.path.join(self._claims, f"{job_key}.lock")
        return filelock.FileLock(path, timeout=0), filelock.Timeout

    @contextlib.contextmanager
    def claim(self, job_key):
        """Whether this worker has the job now; if so, nobody else has until the end.

        Yields
        ------
        bool
        """
        lock, busy = self._lock(job_key)
        try:
            os.makedirs(self._claims, exist_ok=True)
            lock.acquire()
        except busy:
            yield False
            return
        except OSError as error:
            raise self._error(error) from error
        note = os.path.join(self._claims, f"{job_key}.json")
        try:
            self._write_json(
                note,
                {"pid": os.getpid(), "host": platform.node(), "since": _now()},
                alone=True,
            )
            yield True
        finally:
            # Removed while locked; what a killed worker leaves, the next one takes.
            with contextlib.suppress(OSError):
                os.remove(note)
            lock.release()

    def discard_claims(self):
        """Remove the lock files of a finished run; those in use stay."""
        for job_key in self._claimed("lock"):
            lock, busy = self._lock(job_key)
            with contextlib.suppress(OSError, busy), lock:
                for ending in ("json", "lock"):
                    path = os.path.join(self._claims, f"{job_key}.{ending}")
                    with contextlib.suppress(OSError):
                        os.remove(path)

    def _claimed(self, ending):
        try:
            names = os.listdir(self._claims)
        except OSError:
            return []
        ending = f".{ending}"
        return sorted(n.removesuffix(ending) for n in names if n.endswith(ending))

    def claims(self):
        """Jobs at work and jobs that a worker died over.

        Returns
        -------
        running : dict
            From job key to who has it: ``pid``, ``host``, ``since``.
        abandoned : list of str
            Keys of jobs whose worker is gone.
        """
        running, abandoned = {}, []
        for job_key in self._claimed("json"):
            lock, busy = self._lock(job_key)
            try:
                with lock:
                    abandoned.append(job_key)
            except busy:
                note = _load_json(os.path.join(self._claims, f"{job_key}.json"))
                running[job_key] = note or {}
            except OSError as error:
                raise self._error(error) from error
        return running, abandoned
