"""Put HTTP requests to an ASGI application, as a server would, without a socket.

See https://asgi.readthedocs.io/en/latest/specs/www.html. Each request is a dict:

    method, path: texts, such as "POST" and "/predict".
    body: list of texts. A body arrives in that many messages, as a large one does over a network.

No lifespan events are sent.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

SECONDS = 10.0
"""How long an application may take for one request."""

Request = dict[str, Any]
Answer = dict[str, Any]


def ask(app: Any, requests: Sequence[Request], seconds: float = SECONDS) -> dict[str, Answer]:
    """Return the answer to each request, asked in turn: "0. GET /health" -> status and content.

    content: what the body says where it is JSON, otherwise its text; None for an error, of which
    the status counts. An application that raises has answered with status 500, as behind a server,
    and content is the exception. Raises NotImplementedError when the application does, and
    TimeoutError when one answer takes longer than `seconds`.

    Requests are asked in a thread of their own: a notebook's kernel has a running event loop.
    """
    return _in_thread(lambda: asyncio.run(_ask_all(app, requests, seconds)))


def _in_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []

    def run() -> None:
        try:
            found.append((work(), None))
        except BaseException as error:  # an answer may raise SystemExit
            found.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    answers, error = found[0]
    if error is not None:
        raise error
    return answers


async def _ask_all(app: Any, requests: Sequence[Request], seconds: float) -> dict[str, Answer]:
    answers = {}
    for number, request in enumerate(requests):
        name = f"{number}. {request['method']} {request['path']}"
        answers[name] = await asyncio.wait_for(_ask(app, request), seconds)
    return answers


async def _ask(app: Any, request: Request) -> Answer:
    """Return status and content of one answer."""
    chunks = [chunk.encode() for chunk in request["body"]] or [b""]
    arriving = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return arriving.pop(0) if arriving else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if not isinstance(message, dict) or type(message.get("body", b"")) is not bytes:
            raise TypeError("a message is a dict, and its body are bytes")
        sent.append(message)

    try:
        await app(_scope(request, sum(map(len, chunks))), receive, send)
    except NotImplementedError:
        raise
    except Exception as error:
        if not sent or sent[-1].get("type") != "http.response.body":
            return {"status": 500, "content": f"{type(error).__name__}: {error}"[:200]}
    return _answer(sent)


def _scope(request: Request, length: int) -> dict[str, Any]:
    headers = [(b"host", b"127.0.0.1:8000"), (b"content-length", str(length).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request["method"],
        "scheme": "http",
        "path": request["path"],
        "raw_path": request["path"].encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*headers, (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


def _answer(sent: Sequence[dict[str, Any]]) -> Answer:
    """Return status and content of the messages that an application sent."""
    kinds = [message.get("type") for message in sent]
    if kinds[:1] != ["http.response.start"] or "http.response.body" not in kinds:
        return {
            "status": 500,
            "content": "no http.response.start and then http.response.body was sent",
        }
    status = sent[0].get("status")
    if type(status) is not int:
        return {"status": 500, "content": f"the status is no int: {status!r}"[:200]}
    if status >= 400:
        return {"status": status, "content": None}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    text = body.decode(errors="replace")
    try:
        return {"status": status, "content": json.loads(text)}
    except ValueError:
        return {"status": status, "content": text}
