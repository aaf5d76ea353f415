"""What is served while the hub cannot start, so that JupyterHub, and all labs with it, can."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lepton_hub.api.problems import problem_response

SECONDS = 60
"""After so long the service ends; JupyterHub starts it again, and it tries anew."""

SORRY = "The hub could not start. Its operator will find the reason in JupyterHub's log."


def unavailable_app(prefix: str) -> Starlette:
    """Return an application that says everywhere that the hub cannot work.

    Its first page does so with status 200: JupyterHub does not start beside a service that fails.
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
