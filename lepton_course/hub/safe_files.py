"""Reject files that could run code when they are opened."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lepton_course.errors import CourseError

PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".dill")


def check_safe(path: Path) -> None:
    """Reject a file that contains Python pickles. Raises CourseError."""
    if path.suffix.lower() in PICKLES or _holds_pickle(path):
        raise CourseError(
            f"{path.name} contains a pickle, which can execute arbitrary code on the computer of "
            "whoever opens it. Share a model object itself, share('name', model, card=…), or a "
            ".safetensors or .onnx file; share arrays as .npz and tables as .csv."
        )


def _holds_pickle(path: Path) -> bool:
    with open(path, "rb") as file:
        head = file.read(256)
    if (
        len(head) > 2
        and head[:1] == b"\x80"
        and head[1:2] in b"\x02\x03\x04\x05"
        and head[2:3] in b"}](c\x95"
    ):
        return True
    if head.startswith(b"\x93NUMPY"):
        return b"'|O" in head
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.lower().endswith(PICKLES):
                return True
            if entry.filename.endswith(".npy"):
                with archive.open(entry) as opened:
                    if b"'|O" in opened.read(256):
                        return True
    return False
