"""Prometheus metrics of requests, queues, contents and the audit log: numbers only."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from anyio import to_thread
from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine, func, select, union
from sqlalchemy.pool import QueuePool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lepton_hub.api.service_state import ServiceState
from lepton_hub.audit.audit_tables import AuditHead
from lepton_hub.catalogue.dependents import CONTENT_COLUMNS
from lepton_hub.catalogue.tables import PendingUpload
from lepton_hub.database import reading
from lepton_hub.turns import TurnKeeper

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram of request durations, in seconds."""
_BELIEVED_SECONDS = 15.0
"""Seconds for which sums over the database are cached."""


class HubMetrics:
    """A hub's metrics. No label contains user input: routes are path patterns."""

    def __init__(self, state: ServiceState) -> None:
        self.registry = CollectorRegistry()
        where = {"registry": self.registry}
        self.requests = Counter(
            "hub_requests", "Requests answered.", ["method", "route", "status"], **where
        )
        self.seconds = Histogram(
            "hub_request_seconds", "Seconds from a request's arrival to the end of its response.",
            ["method", "route"], buckets=SECONDS, **where,
        )  # fmt: skip
        self.active = Gauge("hub_requests_active", "Requests in progress.", **where)
        sums = _Sums(state.engine)
        for name, text, number in (
            ("hub_contents", "Stored contents, each counted once.", lambda: sums.of("contents")),
            ("hub_contents_bytes", "Total bytes of the stored contents.", lambda: sums.of("bytes")),
            ("hub_audit_entries", "Entries of the audit log.", lambda: sums.of("entries")),
            (
                "hub_uploads_unfinished",
                "Uploads that no item uses yet.",
                lambda: sums.of("uploads"),
            ),
            ("hub_database_connections", "Open connections.", lambda: _in_use(state.engine)),
        ):
            Gauge(name, text, **where).set_function(number)
        self.queue = Gauge("hub_queue_length", "Waiting requests by queue.", ["queue"], **where)
        self.queues: dict[str, Callable[[], float]] = {
            "uploads": lambda: state.upload_threads.statistics().tasks_waiting,
        }

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        for name, length in self.queues.items():
            self.queue.labels(name).set(length())
        return generate_latest(self.registry)


class _Sums:
    """Sums over the database, cached for a while."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._until = reading(engine), 0.0
        self._found: dict[str, float] = {}

    def of(self, name: str) -> float:
        if time.monotonic() >= self._until:
            self._found = dict(self._worked_out())
            self._until = time.monotonic() + _BELIEVED_SECONDS
        return self._found[name]

    def _worked_out(self) -> Iterator[tuple[str, float]]:
        contents = union(
            *(select(column, column.class_.size.label("size")) for column in CONTENT_COLUMNS)
        ).subquery()
        with self._engine.begin() as connection:
            count, size = connection.execute(
                select(func.count(), func.coalesce(func.sum(contents.c.size), 0))
            ).one()
            yield "contents", count
            yield "bytes", float(size)
            yield "entries", connection.scalar(select(AuditHead.number)) or 0
            unfinished = select(func.count()).select_from(PendingUpload)
            yield "uploads", connection.scalar(unfinished) or 0


class Measured:
    """Counts requests and measures their durations."""

    def __init__(self, app: ASGIApp, metrics: HubMetrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        begun = time.perf_counter()

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.active.inc()
        try:
            await self.app(scope, receive, noticed)
        finally:
            self.metrics.active.dec()
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "any"
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.seconds.labels(method, route).observe(time.perf_counter() - begun)


def metrics_router(state: ServiceState, metrics: HubMetrics, turns: TurnKeeper) -> APIRouter:
    """Return the route `/metrics`, which answers 404 to anybody who may not read it."""
    router = APIRouter(include_in_schema=False)

    key = state.settings.metrics_key()

    @router.get("/metrics")
    async def numbers(request: Request) -> Response:
        if not _may_read(request, state.settings.metrics, key):
            raise HTTPException(404)
        waiting = current_default_thread_limiter().statistics().tasks_waiting
        metrics.queue.labels("threads").set(waiting)
        metrics.queue.labels("requests").set(turns.waiting)
        # In a thread of its own, since it may wait for the database.
        told = await to_thread.run_sync(metrics.text, limiter=state.upload_threads)
        return Response(told, headers={"content-type": CONTENT_TYPE_LATEST})

    return router


def _may_read(request: Request, who: str, key: str | None) -> bool:
    if key is not None:
        kind, _, told = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(told.encode(), key.encode())
    try:
        here = ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        here = False
    return who == "loopback" and here


def _in_use(engine: Engine) -> float:
    return engine.pool.checkedout() if isinstance(engine.pool, QueuePool) else 0
