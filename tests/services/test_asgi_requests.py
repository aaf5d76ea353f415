"""Requests put to an ASGI application without a socket, and the probe that judges by them."""

from __future__ import annotations

import asyncio
import json

import pytest

from lepton_course.exercises.case import Case
from lepton_course.exercises.probes import Service
from lepton_course.services.asgi_requests import ask


def get(path):
    return {"method": "GET", "path": path, "body": []}


def post(*body):
    return {"method": "POST", "path": "/predict", "body": list(body)}


def answer(status, content):
    return {"status": status, "content": content}


def answering(status, body):
    async def app(scope, receive, send):
        await receive()
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": body})

    return app


async def told(scope, receive, send):
    """Tell what arrived: the method, the path and the messages."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    content = [scope["method"], scope["path"], [m["body"].decode() for m in messages]]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    text = json.dumps(content).encode()
    await send({"type": "http.response.body", "body": text[:3], "more_body": True})
    await send({"type": "http.response.body", "body": text[3:]})


def test_a_body_arrives_in_its_pieces_and_the_answer_is_put_together():
    assert ask(told, [get("/health"), post("[1", ", 2]")]) == {
        "0. GET /health": answer(200, ["GET", "/health", [""]]),
        "1. POST /predict": answer(200, ["POST", "/predict", ["[1", ", 2]"]]),
    }


def test_of_an_error_the_status_alone_is_told():
    assert ask(answering(404, b'{"error": "no"}'), [get("/")]) == {"0. GET /": answer(404, None)}


def test_what_is_no_json_is_told_as_text():
    assert ask(answering(200, b"hello"), [get("/")]) == {"0. GET /": answer(200, "hello")}


def test_an_exception_is_status_500():
    async def app(scope, receive, send):
        raise KeyError("rows")

    assert ask(app, [get("/")]) == {"0. GET /": answer(500, "KeyError: 'rows'")}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.start", "status": 200}],
        [{"type": "http.response.body", "body": b""}],
        [{"type": "http.response.start", "status": "200"}, {"type": "http.response.body"}],
        ["200"],
        [{"type": "http.response.start", "status": 200}, {"type": "http.response.body", "body": 3}],
    ],
)
def test_an_answer_that_no_server_could_send_is_status_500(messages):
    async def app(scope, receive, send):
        for message in messages:
            await send(message)

    [found] = ask(app, [get("/")]).values()
    assert found["status"] == 500


def test_an_application_may_not_take_for_ever():
    async def app(scope, receive, send):
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        ask(app, [get("/")], seconds=0.05)


def test_requests_can_be_asked_where_a_loop_runs():
    async def notebook():
        return ask(told, [get("/ready")])

    assert asyncio.run(notebook())["0. GET /ready"]["status"] == 200


def test_a_fastapi_application_is_asked_as_any_other():
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()
    app.get("/health")(lambda: {"status": "alive"})
    assert ask(app, [get("/health"), get("/x")]) == {
        "0. GET /health": answer(200, {"status": "alive"}),
        "1. GET /x": answer(404, None),
    }


def test_the_probe_observes_answers_and_changed_arguments():
    def serve(models):
        models["v1"] = 0
        return told

    seen = Service().observe(serve, Case("one", ({"v1": 1},), x=[get("/ready")])).seen
    assert seen["result"] == {"0. GET /ready": answer(200, ["GET", "/ready", [""]])}
    assert seen["arguments"] == [[{"v1": 0}], {}]


def test_the_probe_takes_what_is_no_application_as_it_is():
    assert Service().observe(lambda: 3, Case("one", x=[get("/ready")])).seen == {"result": 3}


def test_an_application_that_is_not_written_yet_is_blank():
    async def app(scope, receive, send):
        raise NotImplementedError

    observed = Service().observe(lambda: app, Case("one", x=[get("/ready")]))
    assert observed.raised and observed.raised.kind == "NotImplementedError"
