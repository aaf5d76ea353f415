"""A cache of passed certificates: what has not changed is not proven again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from autograder.curriculum.content_key import (
    DATA_SETS,
    exercise_keys,
    installed_versions,
    key_of_files,
    read,
)
from autograder.curriculum.modules import CLONE
from autograder.curriculum.source_closure import imported_files
from autograder.proof.exercises.certificate import Certificate
from autograder.proof.mutants.equivalent_mutants import read_equivalent_mutants

PROOF = "from autograder.proof.exercises.certification import certify_modules"


@dataclass(frozen=True)
class CertificateCache:
    """Certificates that passed, each a JSON file named by its content key."""

    folder: Path

    def find(self, key: str) -> Certificate | None:
        """Return the certificate under a key, or None."""
        try:
            data = self._file(key).read_bytes()
            return replace(msgspec.json.decode(data, type=Certificate), cached=True)
        except (OSError, msgspec.MsgspecError):
            return None

    def keep(self, key: str, certificate: Certificate) -> None:
        """Keep a certificate if it passed; the file appears whole or not at all."""
        if not certificate.passed or certificate.cached:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self._file(key).with_suffix(f".{os.getpid()}")
        partial.write_bytes(msgspec.json.encode(certificate))
        os.replace(partial, self._file(key))

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"


def certificate_key(folder: Path, name: str, seeds: int, clone: Path = CLONE) -> str:
    """Return the content key of an exercise's certificate: a SHA-256 in hexadecimal.

    It covers the exercise (its own key), what `mutants.yml` says of it, the number of seeds, the
    code of the proof and of the judge, and all data that ships, where the rows that stay with the
    judge must not be.
    """
    argued = sorted(read_equivalent_mutants(folder).get(name, {}).items())
    versions = sorted(installed_versions(["numpy", "torch", "tensorflow-cpu", "keras"]).items())
    title = f"{exercise_keys(folder, [name], clone)[name]} {seeds} {argued} {versions}"
    arrays = {path for path in folder.rglob("*.npz") if path.is_file()}
    return key_of_files(title, {*_code(clone), *_shipped_data(clone), *arrays}, clone)


def _code(clone: Path) -> set[Path]:
    """Return the files of the proof, with all that they import of the course."""
    proof = imported_files([PROOF], clone / "autograder")
    return proof | imported_files(map(read, proof), clone / "lepton_course")


def _shipped_data(clone: Path) -> Iterator[Path]:
    for path in (clone / "lepton_course" / DATA_SETS).rglob("*"):
        if path.is_file():
            yield path
