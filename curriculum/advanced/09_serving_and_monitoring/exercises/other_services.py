"""Other services for the exercise `serve`: a right one as a class, and one with any slip."""

from __future__ import annotations

import json
import math

from .serve import answer_to, is_number, right_predictions, whole_body


def service_with(
    models, current, *, body_of=whole_body, number=is_number, predict=right_predictions,
    choose=lambda asked, current: current if asked is None else asked, unknown=404, unready=503,
    invalid=422, ready=None, strict=True, width=True, nothing=True, told=lambda used, asked: used,
    methods=405, null_is_text=False, predicted=None,
):  # fmt: skip
    """The whole service, with any of the usual slips."""

    def right(body):
        try:
            asked = json.loads(body)
        except json.JSONDecodeError:
            return invalid, {}
        if type(asked) is not dict or strict and not {"rows"} <= set(asked) <= {"rows", "version"}:
            return invalid, {}
        rows, version = asked.get("rows"), asked.get("version")
        if type(rows) is not list or not all(type(row) is list for row in rows):
            return invalid, {}
        if not (rows or nothing) or not all(number(value) for row in rows for value in row):
            return invalid, {}
        if type(asked.get("version", "")) is not str and not (null_is_text and version is None):
            return invalid, {}
        used = choose(version, current)
        if used not in models:
            return (unready if version is None else unknown), {}
        model = models[used]
        if width and any(len(row) != len(model["weights"]) for row in rows):
            return invalid, {}
        if len(rows) == 0:
            return 200, {"version": used, "predictions": []}
        return 200, {"version": told(used, version), "predictions": predict(model, rows)}

    def answered(method, path, body):
        wanted = {"/health": "GET", "/ready": "GET", "/predict": "POST"}.get(path)
        if wanted is None:
            return 404, {}
        if method != wanted:
            return methods, {}
        if wanted == "POST":
            return (predicted or right)(body)
        if path == "/health":
            return 200, {"status": "alive"}
        is_ready = current in models if ready is None else ready
        return (200, {"status": "ready"}) if is_ready else (503, {})

    return application_of(answered, body_of)


def application_of(answered, body_of=whole_body):
    """The ASGI application of answered(method, path, body) -> (status, what the body says)."""

    async def application(scope, receive, send):
        body = await body_of(receive)
        status, content = answered(scope["method"], scope["path"], body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        text = json.dumps(content)
        await send({"type": "http.response.body", "body": text.encode()})

    return application


UNREADABLE = object()
"""Stands for the content of a body that is no JSON."""


def altered_service(models, current, answer=None, request=None):
    """The right service, with one change to its answers or to the requests that it can read.

    answer(asked, status, content) -> (status, content), for a POST to /predict; asked is the
    body's JSON, or UNREADABLE. request(asked) -> another body, for a dict.
    """

    def answered(method, path, body):
        try:
            asked = json.loads(body)
        except json.JSONDecodeError:
            asked = UNREADABLE
        if request and type(asked) is dict:
            body = json.dumps(request(asked))
        status, content = answer_to(models, current, method, path, body)
        if answer and (method, path) == ("POST", "/predict"):
            status, content = answer(asked, status, content)
        return status, content

    return application_of(answered)


class _Refused(Exception):
    """Ends a request with a status."""


def _is_finite(value):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and value == value and abs(value) != math.inf


class AsAClass:
    """The same as a class, with exceptions for what is refused."""

    def __init__(self, models, current):
        self.models = models
        self.current = current

    async def __call__(self, scope, receive, send):
        piece = await receive()
        body = bytearray(piece["body"])
        while piece.get("more_body", False):
            piece = await receive()
            body.extend(piece["body"])
        try:
            status, answer = 200, self.route(scope["path"], scope["method"], bytes(body))
        except _Refused as refused:
            status, answer = refused.args[0], {"error": "see the documentation"}
        await send({"type": "http.response.start", "status": status})
        for part in (json.dumps(answer).encode()[:5], json.dumps(answer).encode()[5:]):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    def route(self, path, method, body):
        if path not in ("/health", "/ready", "/predict"):
            raise _Refused(404)
        if method != ("POST" if path == "/predict" else "GET"):
            raise _Refused(405)
        if path == "/health":
            return {"status": "alive"}
        if path == "/ready":
            self.model(None)
            return {"status": "ready"}
        return self.predict(body)

    def model(self, version):
        name = self.current if version is None else version
        if name not in self.models:
            raise _Refused(503 if version is None else 404)
        return name

    def predict(self, body):
        try:
            asked = json.loads(body)
        except (ValueError, UnicodeDecodeError):
            raise _Refused(422) from None
        if not isinstance(asked, dict) or "rows" not in asked or asked.keys() - {"rows", "version"}:
            raise _Refused(422)
        if not isinstance(asked.get("version", ""), str) or not isinstance(asked["rows"], list):
            raise _Refused(422)
        for row in asked["rows"]:
            if not isinstance(row, list) or not all(_is_finite(value) for value in row):
                raise _Refused(422)
        name = self.model(asked.get("version"))
        model = self.models[name]
        columns = list(zip(model["weights"], model["mean"], model["scale"], strict=True))
        if any(len(row) != len(columns) for row in asked["rows"]):
            raise _Refused(422)
        sums = [
            model["bias"] + sum(w * (x - m) / s for x, (w, m, s) in zip(row, columns, strict=True))
            for row in asked["rows"]
        ]
        return {"version": name, "predictions": sums}
