"""Small images in results and pages, without an imaging library."""

import base64
import struct
import zlib

import numpy as np

__all__ = ["encode", "png", "uri"]


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


def encode(image):
    """An image as text, for JSON."""
    return base64.b64encode(png(image)).decode()


def uri(text):
    """Address of an encoded image, for a page."""
    return f"data:image/png;base64,{text}"
