"""Write a data file of the course: npz without pickle, described in a JSON beside it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from lepton_course.datasets.catalogue import DatasetInfo


def sha256(content: bytes) -> str:
    """Return the SHA-256 of the content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_data_file(
    path: Path, arrays: dict[str, np.ndarray], info: DatasetInfo, content: str, made_by: str
) -> None:
    """Write `arrays` to `path`, and their origin, licence and SHA-256 to the JSON of that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    about = {
        "title": info.title,
        "content": content,
        "origin": info.origin,
        "licence": info.licence,
        "citation": info.citation,
        "made_by": made_by,
        "sha256": sha256(path.read_bytes()),
        "arrays": {
            name: {"dtype": str(a.dtype), "shape": list(a.shape), "sha256": sha256(a.tobytes())}
            for name, a in arrays.items()
        },
    }
    path.with_suffix(".json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {about['sha256']}")
