"""Load a version from the hub into a cache: file by file, with resumed and verified downloads."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import httpx
from filelock import FileLock
from platformdirs import user_cache_path

from lepton_course.errors import CourseError
from lepton_course.hub.connection import TRIES, HubConnection, HubError, checked
from lepton_course.hub.shared_content import SharedContent
from lepton_course.progress_bar import progress_bar

REFERENCE = re.compile(r"(?:hub:)?(?P<item>[^/@\s]+/[^/@\s]+|~[^/\s]+/[^/@\s]+)(?:@(?P<n>\d+))?")
_MANIFEST = "manifest.json"
_MODULE = re.compile(r"[a-z]{1,20}/[0-9]{2}_[a-z0-9_]{1,60}")
INPUTS = "LEPTON_JOB_INPUTS"
"""The environment variable that tells a job on the hub where its inputs are."""


def load_shared(reference: str, hub: HubConnection | None = None) -> SharedContent:
    """Load a version of an item, such as "hub:city/ridership@3"; without @, the newest one.

    Its files are kept in your cache, and their SHA-256 is verified each time. A cached version can
    be loaded even if the hub does not answer. A job can load the versions that it was given.
    Raises HubError.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise HubError(
            f"{reference!r} names nothing on the hub: write hub:SPACE/NAME, or "
            "hub:SPACE/NAME@VERSION for one version."
        )
    item, number = match["item"], match["n"]
    if INPUTS in os.environ and hub is None:
        return _given(Path(os.environ[INPUTS]), item, number)
    if hub is None:
        with HubConnection() as own:
            return _load(own, item, number)
    return _load(hub, item, number)


def _given(folder: Path, item: str, number: str | None) -> SharedContent:
    """Return a version that a job was given; without a number, the newest given one."""
    space, _, name = item.partition("/")
    given = [path.name.rpartition("@")[2] for path in (folder / space).glob(f"{name}@*.json")]
    numbers = sorted(int(path.removesuffix(".json")) for path in given)
    found = [one for one in numbers if number in (None, str(one))]
    if not found:
        wanted = f"{item}@{number}" if number else item
        raise HubError(f"This job was not given hub:{wanted}: list it in inputs=[…] of train().")
    content = folder / space / f"{name}@{found[-1]}"
    kept = json.loads(content.with_name(f"{content.name}.json").read_text(encoding="utf-8"))
    version = kept["version"]
    paths = tuple(file["path"] for file in version["files"])
    return SharedContent(
        version["reference"], content, paths, kept["card"], tuple(version["columns"])
    )


def _load(hub: HubConnection, item: str, number: str | None) -> SharedContent:
    try:
        place = f"/items/{quote(item, safe='/~@')}"
        version = hub.get(f"{place}/versions/{number or 'newest'}")
        card = hub.get(f"{place}/card")
    except HubError as error:
        folder = _folder(hub, item, number)
        if not error.is_away or number is None or not (folder / _MANIFEST).is_file():
            raise
        print(f"The hub does not answer; using hub:{item}@{number} from your cache.")
        kept = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        return _content(folder, kept["version"], kept["card"])
    folder = _folder(hub, item, version["number"])
    (folder / "files").mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        for file in version["files"]:
            target = _inside(folder / "files", file["path"])
            if not _is_sound(target, file):
                _fetch(hub, f"{place}/versions/{version['number']}", file, target)
        text = json.dumps({"version": version, "card": card})
        partial = folder / f"{_MANIFEST}.part"
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, folder / _MANIFEST)
    return _content(folder, version, card, verified=True)


def _content(
    folder: Path, version: Mapping[str, Any], card: dict[str, Any], verified: bool = False
) -> SharedContent:
    for file in version["files"]:
        if not verified and not _is_sound(_inside(folder / "files", file["path"]), file):
            raise HubError(f"{file['path']} is damaged in your cache, and the hub does not answer.")
    return SharedContent(
        version["reference"],
        folder / "files",
        tuple(file["path"] for file in version["files"]),
        card,
        tuple(version["columns"]),
    )


def _folder(hub: HubConnection, item: str, number: object) -> Path:
    """Return a version's folder in the cache, where each hub and space has a folder of its own."""
    there = hashlib.sha256(hub.url.encode()).hexdigest()[:16]
    space, _, name = item.partition("/")
    return user_cache_path("lepton_course") / "hub" / there / space / f"{name}@{number}"


def _inside(folder: Path, path: str) -> Path:
    """Return a file's place below the folder. Raises HubError if its path leads out of it."""
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or "\\" in path or ":" in path:
        raise HubError(f"The hub names a file {path!r}, which leads out of its folder.")
    return folder.joinpath(*parts)


def _is_sound(path: Path, file: Mapping[str, Any]) -> bool:
    if not path.is_file() or path.stat().st_size != file["size"]:
        return False
    with open(path, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == file["sha256"]


def _fetch(hub: HubConnection, version: str, file: Mapping[str, Any], target: Path) -> None:
    """Download a file, with retries if the hub is busy. Raises HubError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.part")
    address = f"{version}/files/{quote(file['path'])}"
    problem: HubError | None = None
    for number in range(TRIES):
        if problem:
            hub.pause(problem.pause or 0.5 * 2**number)
        try:
            _receive(hub, address, file, partial)
        except httpx.TransportError as error:
            problem = hub.unreachable(error)
            continue
        except HubError as error:
            if not error.is_passing:
                raise
            problem = error
            continue
        if _is_sound(partial, file):
            os.replace(partial, target)
            return
        partial.unlink(missing_ok=True)
        problem = HubError(f"{file['path']} arrived damaged. Load it again.")
    assert problem
    raise problem


def _used_in() -> dict[str, str]:
    """Return the header that names the notebook's module, if `begin` has been called."""
    checks = sys.modules.get("lepton_course.checks.check")
    try:
        module = checks.current_session().module if checks else ""
    except CourseError:
        module = ""
    return {"Lepton-Module": module} if _MODULE.fullmatch(module) else {}


def _receive(hub: HubConnection, address: str, file: Mapping[str, Any], partial: Path) -> None:
    """Append the missing part of a file. Raises HubError and httpx.TransportError."""
    have = partial.stat().st_size if partial.exists() else 0
    if have >= file["size"] > 0:
        return
    headers = {"Accept-Encoding": "identity", **_used_in()}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": f'"{file["sha256"]}"'}
    with hub.stream(address, headers) as answer:
        if answer.status_code >= 400:
            answer.read()
            checked(answer)
        if answer.status_code != 206:
            have = 0
        with (
            open(partial, "ab" if have else "wb") as out,
            progress_bar(
                total=file["size"], initial=have, desc=file["path"], unit="B", unit_scale=True
            ) as bar,
        ):
            for piece in answer.iter_raw():
                out.write(piece)
                bar.update(len(piece))
