"""Errors as problem details (RFC 9457): what went wrong, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

PROBLEM = "application/problem+json"


class ProblemAnswer(BaseModel):
    """The body of an error response."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Problem(Exception):
    """An error to report to the client. more: further members of the response."""

    def __init__(
        self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.more = status, detail, headers, more

    def response(self) -> JSONResponse:
        """Return the answer."""
        return problem_response(self.status, self.detail, self.headers, **self.more)


def problem_response(
    status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """Return an error as an answer."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(content, status, headers, media_type=PROBLEM)


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI descriptions of a route's errors, besides the usual ones."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemAnswer"}}},
        }
        for status in (*statuses, 400, 401, 413, 422, 429, 503)
    }
