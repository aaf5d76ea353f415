"""A placeholder served while the hub cannot start, so that JupyterHub and all labs can."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lepton_hub.api.problems import problem_response

SECONDS = 60
"""Seconds until the service exits; JupyterHub then restarts it, and it retries."""

SORRY = "The hub could not start. Its operator will find the reason in JupyterHub's log."


def unavailable_app(prefix: str) -> Starlette:
    """Return an application that reports the failure at every path.

    Its first page does so with status 200, since JupyterHub does not start if a service fails.
    """

    def first(_: Request) -> Response:
        return PlainTextResponse(SORRY)

    def everywhere(request: Request) -> Response:
        if request.url.path.startswith(f"{prefix}/pages"):
            return PlainTextResponse(SORRY, 503, {"Retry-After": str(SECONDS)})
        return problem_response(503, SORRY, {"Retry-After": str(SECONDS)})

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route(f"{prefix}/", first),
            Route("/{path:path}", everywhere, methods=methods),
        ]
    )
