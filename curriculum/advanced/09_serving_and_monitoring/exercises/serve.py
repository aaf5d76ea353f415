"""Repair a colleague's service, asked over HTTP messages: the exercise `serve`."""

from __future__ import annotations

import json
import math

import numpy as np

from lepton_course.authoring import Service, close, exercise

from .service_requests import draw_cases

serving = exercise(
    "serve",
    title="Repair a service",
    points=3,
    difficulty=4,
    minutes=15,
    probe=Service(),
    compare=close(rtol=1e-6, atol=1e-9),
    read="lesson.ipynb#The-service",
)


@serving.reference
def serve(models, current):
    """Return an ASGI application that answers /health, /ready and /predict.

    models: version -> {"mean", "scale", "weights": lists of K floats, "bias": float}. current:
    the version that answers by default; it is not loaded yet where models lacks it.
    """

    async def application(scope, receive, send):
        body = await whole_body(receive)
        status, content = answer_to(models, current, scope["method"], scope["path"], body)
        await send({"type": "http.response.start", "status": status})
        text = json.dumps(content)
        await send({"type": "http.response.body", "body": text.encode()})

    return application


METHODS = {"/health": "GET", "/ready": "GET", "/predict": "POST"}


def answer_to(models, current, method, path, body):
    """Return (status, what the body says) of the answer to a request."""
    if method != METHODS.get(path):
        return (405 if path in METHODS else 404), {}
    if path == "/health":
        return 200, {"status": "alive"}
    if path == "/ready":
        return (200, {"status": "ready"}) if current in models else (503, {})
    try:
        asked = json.loads(body)
    except json.JSONDecodeError:
        return 422, {}
    if not is_well_formed(asked):
        return 422, {}
    version = asked.get("version", current)
    if version not in models:
        return (404 if "version" in asked else 503), {}
    model = models[version]
    if any(len(row) != len(model["weights"]) for row in asked["rows"]):
        return 422, {}
    found = right_predictions(model, asked["rows"])
    return 200, {"version": version, "predictions": found}


def is_well_formed(asked):
    """Return whether a body is right as far as that can be said without a model."""
    if type(asked) is not dict or not {"rows"} <= asked.keys() <= {"rows", "version"}:
        rows = None
    else:
        rows = asked["rows"] if type(asked.get("version", "")) is str else None
    if type(rows) is not list or not all(isinstance(row, list) for row in rows):
        rows = [[None]]
    return all(is_number(value) for row in rows for value in row)


def is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def right_predictions(model, rows):
    if len(rows) == 0:
        return []
    scaled = (np.array(rows) - model["mean"]) / model["scale"]
    return (scaled @ model["weights"] + model["bias"]).tolist()


async def whole_body(receive):
    chunks = []
    more = True
    while more:
        piece = await receive()
        chunks.append(piece["body"])
        more = piece.get("more_body")
    return b"".join(chunks)


serving.cases(draw_cases)
