"""The service: POST /forecast, and how it is: /health, /ready, /metrics; /reload for a release."""

import asyncio
import importlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter, Gauge, Histogram, generate_latest

from ridership.batches import Batches
from ridership.model import Model, in_production
from ridership.schema import Question


class NotReady(Exception):
    """No model is loaded."""


STATUS = {asyncio.QueueFull: 503, NotReady: 503, TimeoutError: 504}  # any other error: 500
SETTINGS = {"LARGEST": 1, "CAPACITY": 64, "SECONDS": 10}
SETTINGS = {name: int(os.environ.get(name, value)) for name, value in SETTINGS.items()}
features = importlib.import_module(os.environ.get("FEATURES", "ridership.features")).features
ANSWERS = Counter("answers", "Questions by status and model", ["status", "model"])
CALLS = Counter("model_calls", "Calls of the model, each for a batch")
QUEUE = Gauge("longest_queue", "The most questions that have waited at a time")
LATENCY = Histogram("latency_seconds", "Of successful answers", buckets=[0.01, 0.03, 0.1, 0.3, 1])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Begin to work, and load the model while the service already listens."""
    app.state.model = None
    app.state.shadow = Model(os.environ["SHADOW"]) if "SHADOW" in os.environ else None
    app.state.batches = Batches(SETTINGS["LARGEST"], SETTINGS["CAPACITY"])
    tasks = [asyncio.create_task(work) for work in (app.state.batches.work(call), load())]
    yield
    for task in tasks:
        task.cancel()


async def load() -> None:
    try:
        await asyncio.to_thread(reload)
    except Exception as problem:
        print(f"not ready: {problem}", flush=True)


def call(x: np.ndarray, usual: np.ndarray) -> list[tuple[float, str]]:
    """Return riders and the model's version for each question of a batch."""
    model = app.state.model  # one for all of them, also if a release comes meanwhile
    if model is None:
        raise NotReady
    CALLS.inc()
    return [(float(riders), model.version) for riders in model.run(x, usual)]


app = FastAPI(title="Riders", lifespan=lifespan)
app.get("/health")(lambda: {"alive": True})
app.get("/ready")(lambda: Response(status_code=200 if app.state.model else 503))
app.get("/metrics")(lambda: Response(generate_latest(), media_type="text/plain"))


@app.post("/reload")
def reload() -> dict[str, str]:
    """Load what is now in production; the old model answers until then."""
    app.state.model = in_production()
    return {"model": app.state.model.version}


@app.post("/forecast")
async def forecast(question: Question, later: BackgroundTasks) -> Any:
    """Answer a question: 503 where too many wait, 504 where it took too long."""
    began = time.perf_counter()
    x, usual = features(question.day, question.weeks)
    line = {"status": 200, **question.model_dump(mode="json"), "x": x.tolist(), "usual": usual}
    try:
        riders, model = await app.state.batches.answer(x, usual, SETTINGS["SECONDS"])
        line |= {"riders": riders, "model": model}
        LATENCY.observe(time.perf_counter() - began)
    except Exception as problem:
        line |= {"status": STATUS.get(type(problem), 500), "problem": repr(problem)}
    QUEUE.set(app.state.batches.longest)
    ANSWERS.labels(line["status"], line.get("model", "none")).inc()
    later.add_task(log, line)
    if line["status"] != 200:
        return Response(status_code=line["status"], headers={"Retry-After": "1"}, background=later)
    return {"riders": round(riders), "model": model}


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, problem: RequestValidationError) -> Response:
    """Count a question that the schema refuses; it may hold anything, so it is not logged."""
    ANSWERS.labels(422, "none").inc()
    return await request_validation_exception_handler(request, problem)


async def log(line: dict[str, Any]) -> None:
    """Print a line of the log, after the answer was sent; ask the shadow, if there is one."""
    if app.state.shadow:
        inputs = np.array([line["x"]], np.float32), np.array([line["usual"]], np.float32)
        try:
            riders = await asyncio.to_thread(app.state.shadow.run, *inputs)
            line["shadow"] = float(riders[0])
        except Exception as problem:  # no user notices
            line["shadow"] = repr(problem)
    print(json.dumps(line), flush=True)
