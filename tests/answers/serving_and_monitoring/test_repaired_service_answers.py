"""Answers that repair the service of advanced/09_serving_and_monitoring, and what they lose."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "09_serving_and_monitoring")


def asgi(answer):
    """An application made of answer(method, path, body) -> (status, content)."""

    async def app(scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, content = answer(scope["method"], scope["path"], body)
        head = [(b"content-type", b"application/json"), (b"x-version", b"1")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": json.dumps(content, indent=1).encode()})

    return app


class Wrong(ValueError):
    """A body that is refused."""


def rows_and_version(body):
    asked = json.loads(body)
    if not isinstance(asked, dict) or set(asked) not in ({"rows"}, {"rows", "version"}):
        raise Wrong
    if "version" in asked and not isinstance(asked["version"], str):
        raise Wrong
    if not isinstance(asked["rows"], list):
        raise Wrong
    for row in asked["rows"]:
        if not isinstance(row, list):
            raise Wrong
        for value in row:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise Wrong
            if not -1e300 < value < 1e300:
                raise Wrong
    return asked["rows"], asked.get("version")


def service(models, current, *, parse=rows_and_version, rounded=None, order=None, empty=200):
    def predict(body):
        try:
            rows, version = parse(body)
        except (ValueError, TypeError, KeyError):
            return 422, None
        if version is None and current not in models:
            return 503, None
        if (version or current) not in models and version != "":
            return 404, None
        if version == "":
            return 404, None
        model = models[version or current]
        found = []
        for row in order(rows) if order else rows:
            if len(row) != len(model["mean"]):
                return 422, None
            parts = zip(row, model["mean"], model["scale"], model["weights"], strict=True)
            score = model["bias"] + math.fsum(w * (x - m) / s for x, m, s, w in parts)
            found.append(score if rounded is None else round(score, rounded))
        return 200, {"predictions": found, "version": version or current}

    def answer(method, path, body):
        match path, method:
            case "/health", "GET":
                return 200, {"status": "alive"}
            case "/ready", "GET":
                return (200, {"status": "ready"}) if current in models else (503, None)
            case "/predict", "POST":
                return predict(body)
            case (("/health" | "/ready" | "/predict"), _):
                return 405, None
        return 404, None

    return asgi(answer)


@TABLE.answer("serve")
def by_matching(models, current):
    return service(models, current)


@TABLE.answer("serve")
def with_fastapi(models, current):
    fastapi = pytest.importorskip("fastapi")
    app = fastapi.FastAPI()
    refuse = fastapi.HTTPException

    @app.get("/health")
    def health():
        return {"status": "alive"}

    @app.get("/ready")
    def ready():
        if current not in models:
            raise refuse(503)
        return {"status": "ready"}

    async def whole(request: fastapi.Request):
        return await request.body()

    whole.__annotations__ = {"request": fastapi.Request}

    def predict(body=fastapi.Depends(whole)):  # noqa: B008
        try:
            rows, version = rows_and_version(body)
        except (ValueError, TypeError):
            raise refuse(422) from None
        name = current if version is None else version
        if name not in models:
            raise refuse(503 if version is None else 404)
        if any(len(row) != len(models[name]["mean"]) for row in rows):
            raise refuse(422)
        model = {key: np.array(value) for key, value in models[name].items()}
        scores = [((r - model["mean"]) / model["scale"]) @ model["weights"] for r in rows]
        return {"version": name, "predictions": [float(s + model["bias"]) for s in scores]}

    app.post("/predict")(predict)
    return app


@TABLE.answer("serve", loses={"predictions", "bodies in several messages", "wrong bodies",
                              "health and readiness", "versions"})  # fmt: skip
def as_the_colleague_left_it(models, current):
    """The service of the assignment, without a repair."""

    async def app(scope, receive, send):
        body = (await receive())["body"]
        status, content = 404, {}
        if scope["path"] in ("/health", "/ready"):
            said = {"/health": "alive", "/ready": "ready"}[scope["path"]]
            status, content = 200, {"status": said}
        if scope["path"] == "/predict":
            asked = json.loads(body)
            model = models.get(asked.get("version"), models[current])
            x = np.array(asked["rows"], dtype=float)
            with np.errstate(invalid="ignore", divide="ignore"):
                x = (x - x.mean(axis=0)) / x.std(axis=0)
            found = (x @ model["weights"] + model["bias"]).tolist()
            status, content = 200, {"version": current, "predictions": found}
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})

    return app


@TABLE.answer("serve", loses={"predictions", "bodies in several messages", "wrong bodies",
                              "versions"})  # fmt: skip
def rounded_answers(models, current):
    return service(models, current, rounded=1)


@TABLE.answer("serve", loses=TABLE.parts("serve") - {"health and readiness"})
def sorted_rows(models, current):
    return service(models, current, order=sorted)


@TABLE.answer("serve", loses={"wrong bodies"})
def numbers_from_texts(models, current):
    def parse(body):
        asked = json.loads(body)
        text = json.dumps(asked["rows"]).replace('"2"', "2")
        return rows_and_version(json.dumps({**asked, "rows": json.loads(text)}))

    return service(models, current, parse=parse)


@TABLE.answer("serve", loses={"wrong bodies"})
def version_none_is_current(models, current):
    def parse(body):
        asked = json.loads(body)
        if isinstance(asked, dict) and asked.get("version", "") is None:
            del asked["version"]
        return rows_and_version(json.dumps(asked))

    return service(models, current, parse=parse)


@TABLE.answer("serve", loses=TABLE.parts("serve"))
def no_application(models, current):
    return {"version": current}


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
