"""ETags and conditional requests."""

from __future__ import annotations

from hashlib import sha256

from fastapi import Request, Response
from pydantic import BaseModel

from lepton_hub.api.problems import Problem


def tagged(request: Request, content: BaseModel, etag: str | None = None) -> Response:
    """Return content as JSON with an ETag, or 304 if the client already has it."""
    text = content.model_dump_json()
    etag = etag or f'"{sha256(text.encode()).hexdigest()[:32]}"'
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(text, headers={"ETag": etag}, media_type="application/json")


def matches(header: str | None, etag: str) -> bool:
    """Return whether a header's list of ETags, or `*`, matches this one."""
    if header is None:
        return False
    wanted = [one.strip().removeprefix("W/") for one in header.split(",")]
    return "*" in wanted or etag in wanted


def require_unchanged(request: Request, etag: str) -> None:
    """Raise Problem unless If-Match names the current ETag."""
    header = request.headers.get("if-match")
    if header is None:
        raise Problem(
            428, "Send If-Match with the ETag of the version you read, so that no change is lost."
        )
    if not matches(header, etag):
        raise Problem(
            412,
            "It has been changed in the meantime. Read it again, then decide what to do with "
            "your change.",
        )
