"""Respond with a content, whole or a range of its bytes (RFC 9110)."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from lepton_hub.api.conditional import matches
from lepton_hub.api.problems import Problem
from lepton_hub.catalogue.tables import VersionFile
from lepton_hub.storage import BlobMissing, BlobStore

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


def content_response(request: Request, store: BlobStore, file: VersionFile) -> Response:
    """Return the response with a file, or with the requested range of it. Raises Problem."""
    etag = f'"{file.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(_name(file.path))}",
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    start, stop = asked_range(request, etag, file.size)
    status = 200
    if (start, stop) != (0, file.size):
        status = 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    headers["Content-Length"] = str(stop - start)
    try:
        content = store.read(file.sha256, start, stop)
    except BlobMissing as error:
        raise Problem(
            500, "The content is missing from the store. Please tell the hub's operator."
        ) from error
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=file.media_type)
    return StreamingResponse(content, status, headers, media_type=file.media_type)


def asked_range(request: Request, etag: str, size: int) -> tuple[int, int]:
    """Return the requested range start, …, stop - 1: a single range, or else the whole content.

    Only GET supports ranges. Raises Problem for a range outside the content.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.method != "GET" or request.headers.get("if-range", etag) != etag:
        return 0, size
    first, last = found.groups()
    if not first and not last:
        return 0, size
    if not first:  # a suffix range
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return 0, size
    if start >= size or start >= stop:
        problem = {"Content-Range": f"bytes */{size}"}
        raise Problem(
            416, f"The file has {size} bytes; the requested range lies outside it.", problem
        )
    return start, stop


def _name(path: str) -> str:
    return path.rpartition("/")[2]
