"""The results folder: finished cells, line by line, and who is working on what.

Layout of a folder::

    manifest.json       the suite, the command, versions, machine, dates
    cells/WORKER.jsonl  the cells that one worker finished, a line of JSON each
    claims/JOB.lock     locked by the operating system while a worker has the job
    claims/JOB.json     who has it, and since when

Each worker appends to a file of its own, a cell by a single write, and nothing that is
written is ever changed. A worker that is killed leaves at most a last line that is cut
short, which readers skip. Of two lines about a cell, the later counts, unless the
earlier is done and the later is not. A claim is a file lock: the system takes it from a
dead process, so a killed run leaves nothing to clean up, and no clock decides whether
it is dead.
"""

import base64
import contextlib
import datetime
import json
import math
import os
import platform
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sklearn_mid.utils._files import write_file
from sklearn_mid.utils._optional import require

__all__ = ["STATES", "ResultsFolderError", "Store"]

FORMAT = 2
STATES = ("done", "skipped", "failed", "timeout")


class ResultsFolderError(OSError):
    """The results folder cannot be read or written; the message says why.

    Parameters
    ----------
    message : str
        What is wrong, and what to do.
    """

    # OSError builds its message from several arguments; this one has a single text,
    # also after it was pickled on its way out of a worker.
    def __init__(self, message: str) -> None:
        super().__init__(message)


def _now(timespec: str = "seconds") -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec=timespec)


def _load_json(path: str) -> Any:
    """The object in `path`, or None if it is missing, cut short or no JSON."""
    try:
        with open(path, "rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None


def _parsed(line: bytes) -> dict[str, Any] | None:
    """The cell in a line; None if it is cut short, no JSON, or not a whole cell."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if _is_cell(record) else None


def _is_cell(record: Any) -> bool:
    """Whether `record` holds what readers of a cell rely on."""
    if not isinstance(record, dict):
        return False
    get = record.get
    texts = [get("key"), get("written"), get("versions")]
    texts += [get("reason", ""), get("traceback", "")]
    values, pictures = get("values"), get("pictures") or {}
    return (
        get("format") == FORMAT
        and get("status") in STATES
        and isinstance(get("seconds"), int | float)
        and _are_texts(texts)
        and _are_texts(get("warnings", []))
        and isinstance(values, list)
        and all(map(_is_figure, values))
        and isinstance(pictures, dict)
        and all(isinstance(images, list) for images in pictures.values())
        and all(_is_image(image) for row in pictures.values() for image in row)
    )


def _is_manifest(manifest: Any) -> bool:
    if not isinstance(manifest, dict):
        return False
    texts = (manifest.get(name) for name in ("command", "started", "resumed"))
    return isinstance(manifest.get("machine", {}), dict) and all(
        text is None or isinstance(text, str) for text in texts
    )


def _are_texts(value: Any) -> bool:
    return type(value) is list and set(map(type, value)) <= {str}


def _is_figure(entry: Any) -> bool:
    """Population, metric and a number, which may be missing or a text like "inf"."""
    if not (isinstance(entry, list) and len(entry) == 3 and _are_texts(entry[:2])):
        return False
    value = entry[2]
    if value is None or type(value) is float:
        return True
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _is_image(entry: Any) -> bool:
    """Height, width and perhaps three colours, and that many bytes in base64."""
    try:
        (height, width, *colours), text = entry
        size = height * width * math.prod(colours)
        return colours in ([], [3]) and len(base64.b64decode(text)) == size
    except (TypeError, ValueError):
        return False


class _Place:
    """Where a cell's line is, and what decides between two of them."""

    __slots__ = ("file", "length", "start", "status", "written")

    def __init__(
        self, file: str, start: int, length: int, record: Mapping[str, Any]
    ) -> None:
        self.file, self.start, self.length = file, start, length
        self.status: str = record["status"]
        self.written: str = record["written"]

    def counts_before(self, other: "_Place | None") -> bool:
        if other is None:
            return True
        ranks = ((place.status == "done", place.written) for place in (self, other))
        return next(ranks) > next(ranks)


class Store:
    """Finished cells and claims of one results folder.

    What is asked of cells is what :meth:`refresh` has found.

    Parameters
    ----------
    folder : path-like
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        # Plain strings: a Path per cell would cost more than reading it.
        self._cells = os.path.join(folder, "cells")
        self._claims = os.path.join(folder, "claims")
        # Where to write: a process has a file to itself, and its threads share it.
        self._own: tuple[int, str] | None = None
        # How far each file was read, and where a cell's line is.
        self._read: dict[str, int] = {}
        self._places: dict[str, _Place] = {}

    def exists(self) -> bool:
        """Whether this folder was created, and is seen from here."""
        return os.path.isdir(self._cells)

    def create(self) -> None:
        """Make the folder where it is missing."""
        try:
            for path in (self._cells, self._claims):
                os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> ResultsFolderError:
        return ResultsFolderError(
            f"cannot write to the results folder {str(self.folder)!r}: "
            f"{error.strerror or error}. Cells that are done are kept; run again, to "
            "the same folder, to go on."
        )

    def _own_file(self) -> str:
        if self._own is None or self._own[0] != os.getpid():
            host = "".join(c for c in platform.node() if c.isalnum())[:40]
            name = f"{host}-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
            self._own = (os.getpid(), os.path.join(self._cells, name))
        return self._own[1]

    def write(self, record: Mapping[str, Any]) -> None:
        """Keep one finished cell, given as a dictionary with its ``key``."""
        # allow_nan=False: a cell is JSON that any other tool reads.
        text = json.dumps(
            {"format": FORMAT, "written": _now("microseconds"), **record},
            separators=(",", ":"),
            allow_nan=False,
        )
        # The first line feed ends what a write that failed has left.
        data = f"\n{text}\n".encode()
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            file = os.open(self._own_file(), flags, 0o666)
            try:
                while data:
                    data = data[os.write(file, data) :]
            finally:
                os.close(file)
        except OSError as error:
            raise self._error(error) from error

    def scan(self) -> Iterator[dict[str, Any]]:
        """Read what was written since the last time.

        Yields
        ------
        record : dict
            A cell that is finished. It may come again, if it was computed again; that
            which :meth:`read` returns in the end is the one that counts.
        """
        try:
            names = sorted(os.listdir(self._cells))
        except OSError:
            return
        for name in names:
            if not name.endswith(".jsonl"):
                continue
            start = self._read.get(name, 0)
            try:
                with open(os.path.join(self._cells, name), "rb") as file:
                    if os.fstat(file.fileno()).st_size <= start:
                        continue
                    file.seek(start)
                    for line in file:
                        if not line.endswith(b"\n"):  # not written out yet, or never
                            break
                        record = _parsed(line) if len(line) > 1 else None
                        if record is not None:
                            place = _Place(name, start, len(line), record)
                            if place.counts_before(self._places.get(record["key"])):
                                self._places[record["key"]] = place
                            yield record
                        start += len(line)
            except OSError:
                continue
            self._read[name] = start

    def counts(self, record: Mapping[str, Any]) -> bool:
        """Whether no other record of that cell, found so far, counts before it."""
        place = self._places[record["key"]]
        return (place.status, place.written) == (record["status"], record["written"])

    def refresh(self) -> None:
        """Look for cells that were finished since the last time."""
        for _ in self.scan():
            pass

    def status(self, key: str) -> str | None:
        """How the cell of that key went; None if it is not finished."""
        place = self._places.get(key)
        return place.status if place else None

    def read(self, key: str) -> dict[str, Any] | None:
        """The cell of that key; None if it is not finished."""
        place = self._places.get(key)
        if place is None:
            return None
        try:
            with open(os.path.join(self._cells, place.file), "rb") as file:
                file.seek(place.start)
                return _parsed(file.read(place.length))
        except OSError:
            return None

    def _write_json(
        self, path: str, value: Any, *, alone: bool, **options: Any
    ) -> None:
        data = json.dumps(value, indent=1, **options).encode()
        try:
            write_file(path, data, alone=alone)
        except OSError as error:
            raise self._error(error) from error

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Put on record what is run."""
        # A suite may hold what JSON lacks: infinity, which Python's JSON does write
        # and read, and dates, which become texts.
        path = os.path.join(self.folder, "manifest.json")
        self._write_json(path, manifest, alone=False, default=str)

    def read_manifest(self) -> dict[str, Any] | None:
        """The manifest, or None if there is none that can be read."""
        manifest = _load_json(os.path.join(self.folder, "manifest.json"))
        return manifest if _is_manifest(manifest) else None

    def _lock(self, job_key: str) -> tuple[Any, type[Exception]]:
        filelock = require("filelock", extra="benchmark", needed_by="run_benchmark")
        path = os.path.join(self._claims, f"{job_key}.lock")
        return filelock.FileLock(path, timeout=0), filelock.Timeout

    @contextlib.contextmanager
    def claim(self, job_key: str) -> Iterator[bool]:
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

    def discard_claims(self) -> None:
        """Remove the lock files of a finished run; those in use stay."""
        for job_key in self._claimed("lock"):
            lock, busy = self._lock(job_key)
            with contextlib.suppress(OSError, busy), lock:
                for ending in ("json", "lock"):
                    path = os.path.join(self._claims, f"{job_key}.{ending}")
                    with contextlib.suppress(OSError):
                        os.remove(path)

    def _claimed(self, ending: str) -> list[str]:
        try:
            names = os.listdir(self._claims)
        except OSError:
            return []
        ending = f".{ending}"
        return sorted(n.removesuffix(ending) for n in names if n.endswith(ending))

    def claims(self) -> tuple[dict[str, dict[str, Any]], list[str]]:
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
