"""Share something: write it to files that are safe to open, upload them, add a version."""

from __future__ import annotations

import hashlib
import mimetypes
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from lepton_course.errors import CourseError
from lepton_course.hub.card_merging import merged_card, remember_card, remembered_card, said
from lepton_course.hub.connection import (
    PASSING,
    TRIES,
    HubConnection,
    HubError,
    checked,
    problem_of,
)
from lepton_course.hub.safe_files import check_safe
from lepton_course.hub.weights import is_arrays, is_keras_model, is_torch_model, write_weights
from lepton_course.progress_bar import progress_bar

PIECE = 8 * 1024 * 1024
"""Bytes of an upload sent in one request, and at most sent again after a failure."""
NEEDED = ("title", "licence", "origin", "personal_data")
_KINDS = {".ipynb": "notebook", ".py": "code", ".onnx": "model", ".safetensors": "model"}


def share(
    name: str,
    thing: Any,
    *,
    card: Mapping[str, Any],
    kind: str | None = None,
    note: str = "",
    columns: Sequence[Mapping[str, str]] = (),
    made_from: Sequence[str] = (),
    made_with: str = "",
    replace_card: bool = False,
    hub: HubConnection | None = None,
) -> str:
    """Share a model, arrays, a table, a file or a folder; return its reference with the version.

        share("churn-model", model, card={
            "title": "Who cancels", "licence": "internal", "origin": "our customers of 2025",
            "personal_data": "none",
        }, made_from=["hub:sales/customers@2"])

    name: of the item: "churn-model" is your own, "sales/churn-model" your team's. If the item
        exists, it gets a new version.
    thing: a PyTorch or Keras model (its weights, as safetensors), a dict of arrays (npz), a table
        from pandas or the like (CSV), or the path of a file or folder. Pickles are rejected.
    card: title, licence, origin, personal_data ("none", "pseudonymous", "personal"), and
        optionally description, category, tags, intended_use, limits.
    kind: "dataset", "model", "code", "notebook"; by default inferred from the thing.
    note: what is new. columns: descriptions of a table's columns: name, type, unit, description.
    made_from: versions that it was made from. made_with: the notebook or program that made it.
    replace_card: overwrite the card of an existing item, even if a colleague has changed it
        meanwhile. Otherwise only your changes since you last shared it are merged, fields you
        leave out keep their values, and nothing is shared if both of you changed the same field.

    Raises HubError if the hub refuses, and CourseError if the thing cannot be shared.
    """
    lacking = [field for field in NEEDED if not card.get(field)]
    if lacking:
        raise CourseError(
            f"The card must also contain {', '.join(lacking)}. personal_data is none, pseudonymous "
            "(people are identified by numbers) or personal."
        )
    with _connected(hub) as connection, _as_files(thing, name) as (folder, files):
        for file in files:
            check_safe(folder / file)
        space, _, short = name.removeprefix("hub:").rpartition("/")
        reference = f"{space or connection.get('/me')['spaces'][0]}/{short}"
        make_item(connection, reference, kind or _kind_of(thing, files), card, replace_card)
        told = {
            "note": note,
            "columns": [dict(column) for column in columns],
            "made_from": [source.removeprefix("hub:") for source in made_from],
            "made_with": made_with,
        }
        with _cancelled_on_failure(connection) as begun:
            told["files"] = [_sent(connection, folder, file, begun) for file in files]
            version = connection.post(f"/items/{reference}/versions", told)
    print(f"Shared as hub:{version['reference']}.")
    return f"hub:{version['reference']}"


@contextmanager
def _connected(hub: HubConnection | None) -> Iterator[HubConnection]:
    if hub is not None:
        yield hub
    else:
        with HubConnection() as own:
            yield own


@contextmanager
def _cancelled_on_failure(hub: HubConnection) -> Iterator[list[str]]:
    """Yield a list for the ids of uploads; cancel these uploads if anything fails afterwards.

    The hub would keep them for days, and limits how many a person may have.
    """
    begun: list[str] = []
    try:
        yield begun
    except BaseException:
        with suppress(httpx.TransportError):  # if it fails, they expire on the hub
            for upload in begun:
                hub.once("DELETE", f"/uploads/{upload}")
        raise


@contextmanager
def _as_files(thing: Any, name: str) -> Iterator[tuple[Path, list[str]]]:
    """Write a thing to files; yield their folder and their paths in it."""
    if isinstance(thing, (str, Path)):
        path = Path(thing).expanduser()
        if path.is_file():
            yield path.parent, [path.name]
        elif path.is_dir():
            yield path, _files_below(path)
        else:
            raise CourseError(f"There is no file or folder {path}.")
        return
    stem = name.rpartition("/")[2]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if is_torch_model(thing) or is_keras_model(thing):
            write_weights(thing, folder / f"{stem}.safetensors")
        elif is_arrays(thing):
            if any(array.dtype.hasobject for array in thing.values()):
                raise CourseError(
                    "An array of Python objects cannot be shared: use numbers or strings."
                )
            np.savez_compressed(folder / f"{stem}.npz", **thing)
        elif hasattr(thing, "to_csv"):
            thing.to_csv(folder / f"{stem}.csv", index=False)
        else:
            raise CourseError(
                f"A {type(thing).__name__} cannot be shared. Share a PyTorch or Keras model, a "
                "dict of NumPy arrays, a pandas table, or the path of a file or folder."
            )
        yield folder, _files_below(folder)


def _files_below(folder: Path) -> list[str]:
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    shown = [p for p in paths if not any(part.startswith((".", "__pycache__")) for part in p.parts)]
    if not shown:
        raise CourseError(f"There is no file in {folder}.")
    return [path.as_posix() for path in shown]


def _kind_of(thing: Any, files: Sequence[str]) -> str:
    if is_torch_model(thing) or is_keras_model(thing):
        return "model"
    return next((_KINDS[s] for s in map(_suffix, files) if s in _KINDS), "dataset")


def _suffix(file: str) -> str:
    return Path(file).suffix.lower()


def make_item(
    hub: HubConnection,
    reference: str,
    kind: str,
    card: Mapping[str, Any],
    replace: bool = False,
) -> None:
    """Create an item, or, if it exists, merge the changes in the card into its card."""
    space, _, name = reference.rpartition("/")
    try:
        hub.post("/items", {"space": space, "name": name, "kind": kind, "card": dict(card)})
    except HubError as error:
        if error.status not in (403, 409):
            raise
        refused = error
    else:
        remember_card(hub.url, reference, card)
        return
    try:
        known = hub.get(f"/items/{reference}")
    except HubError as error:
        raise (refused if error.status == 404 else error) from None
    if known["kind"] == "document":
        raise HubError(f"hub:{reference} is a document, which has no files: choose another name.")
    _bring_up_to_date(hub, reference, card, replace)


def _bring_up_to_date(
    hub: HubConnection, reference: str, card: Mapping[str, Any], replace: bool
) -> None:
    """Merge the changes in a card into the item's card. Raises HubError."""
    place = f"/items/{reference}/card"
    for _ in range(TRIES):
        answer = hub.patiently("GET", place)
        theirs = answer.json()
        base = None if replace else remembered_card(hub.url, reference)
        merged = {**theirs, **said(card)} if replace else merged_card(reference, base, theirs, card)
        if merged == theirs:
            break
        try:
            headers = {"If-Match": answer.headers["ETag"]}
            hub.patiently("PUT", place, json=merged, headers=headers)
            break
        except HubError as error:
            if error.status != 412:  # 412: a colleague was faster, so retry
                raise
    else:
        raise HubError(f"The card of hub:{reference} keeps changing. Share again later.")
    remember_card(hub.url, reference, card)


def _sent(hub: HubConnection, folder: Path, file: str, begun: list[str]) -> dict[str, Any]:
    """Upload a file; return its entry in a version. begun: the list that gets the upload's id."""
    path = folder / file
    with open(path, "rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    size = path.stat().st_size
    upload = hub.post("/uploads", {"size": size, "sha256": sha256})["id"]
    begun.append(upload)
    _send(hub, f"/uploads/{upload}", path, size, file)
    kind = mimetypes.guess_type(file)[0] or "application/octet-stream"
    return {"path": file, "upload": upload, "media_type": kind}


def _send(hub: HubConnection, place: str, path: Path, size: int, title: str) -> None:
    """Send a file's bytes, and resume after a lost connection.

    Raises HubError, and CourseError if the file changes meanwhile.
    """
    offset = failures = 0
    with (
        open(path, "rb") as opened,
        progress_bar(total=size, desc=title, unit="B", unit_scale=True) as bar,
    ):
        while offset < size:
            opened.seek(offset)
            piece = opened.read(PIECE)
            if not piece:
                raise CourseError(f"{title} became shorter during the upload: share it again.")
            headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
            try:
                answer = hub.once("PATCH", place, content=piece, headers=headers)
                if answer.status_code in (409, *PASSING):
                    raise _Again(problem_of(answer))
                offset = int(checked(answer).headers["Upload-Offset"])
                failures = 0
            except (httpx.TransportError, _Again) as error:
                failures += 1
                if failures >= TRIES:
                    known = error.args[0] if isinstance(error, _Again) else hub.unreachable(error)
                    raise known from None
                hub.pause(0.5 * 2**failures)
                offset = hub.get(place)["offset"]
            bar.update(offset - bar.n)


class _Again(Exception):
    """The hub asks for the same bytes later, or from another offset."""
