"""Thumbnails of pictures."""

from __future__ import annotations

import io
import warnings
from threading import BoundedSemaphore, Semaphore

from PIL import Image

from lepton_hub.storage import BlobStore

IMAGES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}
BYTES = 32 * 1024 * 1024
PIXELS = 24_000_000
"""Larger pictures are refused before any pixel is decoded."""
SIDE = 320

_turn = Semaphore(2)
"""At most two are decoded at a time: 200 MB of memory, or twice that if transparent, since Pillow
copies those before reducing them."""
_room = BoundedSemaphore(16)
"""The maximum number waiting, since each occupies one of the hub's threads."""
_ROOM_SECONDS = 0.5


class NoPreview(Exception):
    """There is no preview; the message says why."""


def thumbnail(store: BlobStore, sha256: str, path: str) -> bytes:
    """Return a PNG thumbnail of at most 320 pixels a side.

    Raises NoPreview, and what the store raises.
    """
    suffix = "." + path.lower().rpartition(".")[2]
    if suffix not in IMAGES:
        raise NoPreview("Only tables and pictures have previews.")
    if store.size(sha256) > BYTES:
        raise NoPreview(f"The picture is larger than {BYTES // 2**20} MB.")
    if not _room.acquire(timeout=_ROOM_SECONDS):
        raise NoPreview("Too many pictures are being previewed. Try again soon.")
    try:
        with _turn:
            return _reduced(b"".join(store.read(sha256)), IMAGES[suffix])
    finally:
        _room.release()


def _reduced(data: bytes, kind: str) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=[kind]) as picture:
                width, height = picture.size
                if width * height > PIXELS:
                    raise NoPreview(f"The picture has {width} × {height} pixels: too many to show.")
                picture.draft("RGB", (SIDE, SIDE))
                mode = "RGBA" if "A" in picture.getbands() else "RGB"
                small = picture if picture.mode == mode else picture.convert(mode)
                small.thumbnail((SIDE, SIDE))
                found = io.BytesIO()
                small.save(found, "PNG")
                return found.getvalue()
    except NoPreview:
        raise
    except Exception as error:  # a decoder may raise anything on crafted input
        raise NoPreview("The file is not a picture of the type its name says.") from error
