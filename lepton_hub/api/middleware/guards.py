"""Security headers for every response, and a limit on request bodies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 2 * 1024 * 1024
"""In bytes, for all requests except those that append to an upload."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-cache",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "cross-origin-resource-policy": "same-origin",
    "vary": "Authorization, Cookie",
}


class _TooLarge(Exception):
    pass


class Guards:
    """Adds headers to each response, and refuses large bodies, including those of unknown length.

    answer: builds the 413 response to a body that is too large from its message.
    """

    def __init__(
        self,
        app: ASGIApp,
        notice: str | None,
        uploads: str,
        answer: Callable[[Scope, str], ASGIApp],
    ) -> None:
        self.app = app
        self.answer = answer
        self.headers = dict(HEADERS)
        if notice:
            self.headers["lepton-sign-in"] = notice
        self.uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limited = not (scope["method"] == "PATCH" and scope["path"].startswith(self.uploads))
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if limited and received > LARGEST_BODY:
                raise _TooLarge
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(
                    (name.encode(), value.encode())
                    for name, value in self.headers.items()
                    if name.encode() not in known
                )]  # fmt: skip
            await send(message)

        async def unless_too_large(message: Message) -> None:
            if not limited or received <= LARGEST_BODY:
                await guarded(message)

        with suppress(_TooLarge):
            await self.app(scope, counted, unless_too_large)
        if limited and received > LARGEST_BODY:
            detail = f"A request may have at most {LARGEST_BODY} bytes; send content as an upload."
            await self.answer(scope, detail)(scope, receive, guarded)
