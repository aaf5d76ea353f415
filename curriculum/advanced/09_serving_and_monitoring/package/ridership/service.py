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
from fastapi import BackgroundTasks, FastAPI, Response
from prometheus_client import Counter, Gauge, Histogram, generate_latest

from ridership.batches import Batches
from ridership.model import Model, in_production
from ridership.schema import Question

SETTINGS = {"LARGEST": 1, "CAPACITY": 64, "SECONDS": 10}
SETTINGS = {name: int(os.environ.get(name, value)) for name, value in SETTINGS.items()}
features = importlib.import_module(os.environ.get("FEATURES", "ridership.features")).features
ANSWERS = Counter("answers", "Questions by status and model", ["status", "model"])
CALLS = Counter("model_calls", "Calls of the model, each for a batch")
QUEUE = Gauge("longest_queue", "The most questions that have waited at a time")
LATENCY = Histogram("latency_seconds", "From question to answer", buckets=[0.01, 0.03, 0.1, 0.3, 1])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model and begin to work; end with the service."""
    app.state.batches = Batches(SETTINGS["LARGEST"], SETTINGS["CAPACITY"])
    worker = asyncio.create_task(app.state.batches.work(call))
    app.state.model = in_production()
    app.state.shadow = Model(os.environ["SHADOW"]) if "SHADOW" in os.environ else None
    yield
    worker.cancel()


def call(x: np.ndarray, usual: np.ndarray) -> np.ndarray:
    CALLS.inc()
    return app.state.model.run(x, usual)


app = FastAPI(title="Riders", lifespan=lifespan)
app.get("/health")(lambda: {"alive": True})
app.get("/ready")(lambda: {"model": app.state.model.version})
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
    model = app.state.model.version
    try:
        riders = await app.state.batches.answer(x, usual, SETTINGS["SECONDS"])
        status = 200
    except (asyncio.QueueFull, TimeoutError) as problem:
        riders = None
        status = 504 if isinstance(problem, TimeoutError) else 503
    QUEUE.set(app.state.batches.longest)
    LATENCY.observe(time.perf_counter() - began)
    ANSWERS.labels(status, model).inc()
    line = {"status": status, "model": model, "riders": riders, "usual": usual}
    later.add_task(log, {**line, **question.model_dump(mode="json"), "x": x.tolist()})
    if riders is None:
        return Response(status_code=status, headers={"Retry-After": "1"}, background=later)
    return {"riders": round(riders), "model": model}


async def log(line: dict[str, Any]) -> None:
    """Print a line of the log, after the answer was sent; ask the shadow, if there is one."""
    if app.state.shadow:
        inputs = np.array([line["x"]], np.float32), np.array([line["usual"]], np.float32)
        line["shadow"] = float(app.state.shadow.run(*inputs)[0])
    print(json.dumps(line), flush=True)
