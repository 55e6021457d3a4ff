"""Reconstructions kept in a results folder, as images for a page."""

import base64
import struct
import zlib

import numpy as np

from sklearn_mid.benchmark._results import load_run
from sklearn_mid.benchmark._tables import setting

__all__ = ["picture_rows", "png"]


def png(image):
    """An image as the bytes of a PNG file.

    Parameters
    ----------
    image : array-like of shape (height, width) or (height, width, 3)
        Integers from 0 to 255.

    Returns
    -------
    bytes
    """
    image = np.asarray(image, dtype=np.uint8)
    height, width = image.shape[:2]
    color_type = 2 if image.ndim == 3 else 0
    # Each line starts with a byte that says "no filter".
    lines = np.insert(image.reshape(height, -1), 0, 0, axis=1)

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + chunk(b"IEND", b"")
    )


def _uri(image):
    return "data:image/png;base64," + base64.b64encode(png(image)).decode()


def picture_rows(folder, dataset, attack):
    """Rows of images: what is true once, then what each defence let through.

    Returns
    -------
    list of dict
        ``title`` and ``images`` (data URIs); empty if the attack draws nothing.
    """
    _, _, jobs, store = load_run(folder)
    rows = {}
    for job in jobs:
        if job.dataset.name != dataset or job.repetition:
            continue
        for cell in job.cells:
            if cell.attack.name != attack:
                continue
            record = store.read(cell.key)
            for title, images in ((record or {}).get("pictures") or {}).items():
                if title == "reconstruction":
                    strength = setting(job.defence.parameter, job.strength)
                    title = f"{job.defence.name} {strength}".strip()
                rows.setdefault(title, images)
    return [
        {"title": title, "images": [_uri(image) for image in images]}
        for title, images in rows.items()
    ]
