"""All routes of a hub's application, however deep they are included."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute


def routes_of(app: FastAPI | APIRouter) -> Iterator[APIRoute]:
    """Yield each route. Of one that a router includes, the path lacks the application's prefix."""
    for route in app.routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included)
        elif isinstance(route, APIRoute):
            yield route
