"""Static files: read once, and served with a content hash as their version."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from lepton_hub.api.conditional import matches

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class StaticFile:
    """A file in the folder `static`. version: a hash of its content."""

    content: bytes
    media_type: str
    version: str


def _read(file: Path) -> StaticFile:
    content = file.read_bytes()
    return StaticFile(content, MEDIA_TYPES[file.suffix], sha256(content).hexdigest()[:16])


STATIC = {file.name: _read(file) for file in sorted(Path(__file__).with_name("static").iterdir())}


@router.get("/pages/static/{name}")
async def static_file(request: Request, name: str, v: str = "") -> Response:
    """Serve a static file. A URL with its current version is cached for a year."""
    file = STATIC.get(name)
    if file is None:
        raise HTTPException(404)
    etag = f'"{file.version}"'
    keep = "public, max-age=31536000, immutable" if v == file.version else "public, no-cache"
    headers = {"ETag": etag, "Cache-Control": keep, "Vary": "Accept-Encoding"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
