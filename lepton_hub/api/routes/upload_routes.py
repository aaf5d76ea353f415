"""Resumable uploads: content that arrives in any number of pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Annotated

from anyio import fail_after, from_thread, to_thread
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import Field
from sqlalchemy import delete
from starlette.requests import ClientDisconnect

from lepton_hub.api.answers import UploadAnswer
from lepton_hub.api.idempotency import IdempotencyKey, KeptAnswer, once
from lepton_hub.api.problems import Problem, described
from lepton_hub.api.request_context import Asker, State, note
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.cards import HEX, Told
from lepton_hub.catalogue.contents import TooManyUploads, begin_upload, upload_of, upload_ticket
from lepton_hub.catalogue.tables import PendingUpload
from lepton_hub.identity.person import Person
from lepton_hub.storage import OffsetMismatch, UploadMissing

router = APIRouter(tags=["uploads"], prefix="/uploads")

IDLE_SECONDS = 60
"""Seconds to wait for the next bytes."""

UploadId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, lt=2**53)]


class NewUpload(Told):
    """Content to come: its size in bytes, and its SHA-256."""

    size: Annotated[int, Field(ge=0, lt=2**53)]
    sha256: Annotated[str, Field(pattern=HEX)]


@router.post("", status_code=201, response_model=UploadAnswer, responses=described(409, 413))
def begin(
    request: Request, state: State, person: Asker, told: NewUpload, key: IdempotencyKey = None
) -> Response:
    """Start an upload. It expires after seven days."""
    most = state.settings.largest_upload
    if told.size > most:
        raise Problem(413, f"A file may have at most {most} bytes.")

    def work() -> KeptAnswer:
        try:
            upload = begin_upload(session, ticket, person.name, told.size, told.sha256)
        except TooManyUploads as error:
            detail = "You have too many unfinished uploads: use or delete some first."
            raise Problem(409, detail) from error
        note(session, person, "upload.begin", upload.id, size=told.size, sha256=told.sha256)
        answer = UploadAnswer(id=upload.id, size=told.size, offset=0, sha256=told.sha256)
        return KeptAnswer(201, answer, f"{state.settings.prefix}/uploads/{upload.id}")

    with upload_ticket(state.uploads) as ticket, state.sessions.begin() as session:
        return once(session, person.name, key, request, told, work)


@router.get("/{id}", response_model=UploadAnswer, responses=described(404))
def read(state: State, person: Asker, id: UploadId) -> Response:
    """Return how much of an upload has arrived: resume there."""
    upload = _mine(state, person, id)
    try:
        offset = state.uploads.offset(id)
    except UploadMissing as error:
        raise _missing() from error
    answer = UploadAnswer(id=id, size=upload.size, offset=offset, sha256=upload.sha256)
    headers = {"Upload-Offset": str(offset)}
    return Response(answer.model_dump_json(), headers=headers, media_type="application/json")


@router.patch(
    "/{id}",
    status_code=204,
    responses=described(400, 404, 408, 409, 413),
    openapi_extra={
        "requestBody": {
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
            "required": True,
        }
    },
)
async def append(
    request: Request, state: State, person: Asker, id: UploadId, offset: Offset
) -> Response:
    """Append bytes to an upload at the offset that has been reached.

    Bytes that arrive before a connection breaks are kept.
    """
    upload = await to_thread.run_sync(_mine, state, person, id)
    left = upload.size - offset
    body = request.stream()
    too_long = False

    def pieces() -> Iterator[bytes]:
        nonlocal left, too_long
        while piece := from_thread.run(_next_of, body):
            yield piece[: max(0, left)]
            left -= len(piece)
            if left < 0:
                too_long = True
                return

    try:
        reached = await to_thread.run_sync(
            lambda: state.uploads.append(id, offset, pieces()), limiter=state.upload_threads
        )
    except OffsetMismatch as error:
        headers = {"Upload-Offset": str(error.reached)}
        raise Problem(409, f"{error}.", headers, offset=error.reached) from error
    except UploadMissing as error:
        raise _missing() from error
    except ClientDisconnect as error:
        raise Problem(400, "The connection broke.") from error
    except TimeoutError as error:
        raise Problem(
            408, f"No data for {IDLE_SECONDS} s. Ask for the offset and resume there."
        ) from error
    if too_long:
        raise Problem(413, f"The upload was announced as {upload.size} bytes, but more arrived.")
    return Response(status_code=204, headers={"Upload-Offset": str(reached)})


@router.delete("/{id}", status_code=204, responses=described(404))
def cancel(state: State, person: Asker, id: UploadId) -> Response:
    """Cancel an upload."""
    _mine(state, person, id)
    # The bytes go first: if the hub is killed in between, the upload can be cancelled again.
    with suppress(UploadMissing):
        state.uploads.cancel(id)
    with state.sessions.begin() as session:
        if upload_of(session, person.name, id) is None:
            raise _missing()
        session.execute(delete(PendingUpload).where(PendingUpload.id == id))
        note(session, person, "upload.cancel", id)
    return Response(status_code=204)


async def _next_of(body: AsyncIterator[bytes]) -> bytes:
    """Return the next bytes of a request; b"" at its end."""
    with fail_after(IDLE_SECONDS):
        async for piece in body:
            if piece:
                return piece
    return b""


def _mine(state: ServiceState, person: Person, id_: str) -> PendingUpload:
    """Return a person's upload. Raises Problem."""
    with state.reading.begin() as session:
        upload = upload_of(session, person.name, id_)
        if upload is None:
            raise _missing()
        return upload


def _missing() -> Problem:
    return Problem(404, "You have no such upload: it was used, was cancelled, or has expired.")
