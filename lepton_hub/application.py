"""The hub's application."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Scope

from lepton_hub.api.documentation import POLICY, documentation_page
from lepton_hub.api.jobs import job_routes
from lepton_hub.api.knowledge import (
    attachment_routes,
    document_routes,
    graph_routes,
    post_routes,
    search_routes,
    subscription_routes,
    suggestion_routes,
    thread_routes,
)
from lepton_hub.api.learning import needs_routes, recommendation_routes
from lepton_hub.api.middleware.fair_turns import FairTurns
from lepton_hub.api.middleware.forwarding import Forwarding
from lepton_hub.api.middleware.guards import Guards
from lepton_hub.api.middleware.metrics import HubMetrics, Measured, metrics_router
from lepton_hub.api.middleware.outages import Outages
from lepton_hub.api.problems import Problem, ProblemAnswer
from lepton_hub.api.request_context import note
from lepton_hub.api.routes import (
    access_request_routes,
    item_routes,
    other_routes,
    sharing_routes,
    upload_routes,
    version_routes,
)
from lepton_hub.api.service_state import ServiceState
from lepton_hub.catalogue.items import NotAllowed, NotVisible
from lepton_hub.pages import (
    error_pages,
    graph_pages,
    sign_in_pages,
    static_files,
)
from lepton_hub.pages.error_pages import (
    answer_problem,
    form_refused_page,
    is_for_people,
    refusal_page,
    sign_in_first,
)
from lepton_hub.pages.items import ITEM_PAGES
from lepton_hub.pages.jobs import JOB_PAGES
from lepton_hub.pages.knowledge import KNOWLEDGE_PAGES
from lepton_hub.pages.learning import LEARNING_PAGES
from lepton_hub.pages.overview import OVERVIEW_PAGES
from lepton_hub.pages.visitors import FormRefused, NotSignedIn
from lepton_hub.proxies import parse_proxies
from lepton_hub.turns import TurnKeeper

FIRST_TIDY_SECONDS, TIDY_SECONDS = 60, 3600
DESCRIPTION = (
    "Where teams share data sets, models, code, notebooks, documents and answers. Each request "
    "authenticates with a JupyterHub token: 'Authorization: token YOUR_TOKEN'. No answer reveals "
    "anything the caller may not see. Errors are problem details (RFC 9457)."
)
NOT_VISIBLE = (
    "There is no such thing that you may see. If a colleague told you about it, ask for access: "
    "POST /requests, or lepton_course.hub.request_access."
)
NO_SUCH_PAGE = (
    "There is no such page, or its address contains a parameter the page does not understand."
)
TOO_LARGE = (
    "A form may have at most 2 MB. To send files of any size, allow the hub's script to run in "
    "your browser, or call share() in a notebook."
)
NOT_ALLOWED = "You may see this item, but not do this to it. Ask its owner."


def create_app(state: ServiceState) -> FastAPI:
    """Return a hub's ASGI application."""
    prefix = state.settings.prefix

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_tidy_regularly(state))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        state.renderer.close()

    app = FastAPI(
        title="The hub",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.hub = state
    for module in (
        item_routes, version_routes, sharing_routes, access_request_routes, upload_routes,
        other_routes, document_routes, attachment_routes, thread_routes, post_routes,
        subscription_routes, search_routes, needs_routes, recommendation_routes, graph_routes,
        suggestion_routes, job_routes,
    ):  # fmt: skip
        app.include_router(module.router, prefix=prefix)
    for module in (
        sign_in_pages,
        static_files,
        *OVERVIEW_PAGES,
        *ITEM_PAGES,
        *KNOWLEDGE_PAGES,
        *LEARNING_PAGES,
        graph_pages,
        *JOB_PAGES,
        error_pages,  # last, since it matches every remaining path
    ):
        app.include_router(module.router, prefix=prefix)
    app.include_router(_description_router(app, prefix), prefix=prefix)
    metrics, turns = HubMetrics(state), TurnKeeper()
    app.include_router(metrics_router(state, metrics, turns), prefix=prefix)
    _handle_errors(app)
    uploads = f"{prefix}/uploads/"
    app.add_middleware(Outages, answer=_failed(app))
    static = (f"{prefix}/pages/static/{name}" for name in static_files.STATIC)
    open_paths = frozenset({f"{prefix}/metrics", *static})
    app.add_middleware(
        FairTurns,
        state=state,
        turns=turns,
        answer=_failed(app),
        open_paths=open_paths,
        threadless_paths=frozenset({f"{prefix}/oauth_callback"}),
    )
    app.add_middleware(
        Guards, notice=state.identity.notice, uploads=uploads, answer=_too_large(app)
    )
    app.add_middleware(Measured, metrics=metrics)
    app.add_middleware(Forwarding, proxies=parse_proxies(state.settings.proxies))
    return app


def _description_router(app: FastAPI, prefix: str) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @cache
    def description() -> dict[str, Any]:
        found = app.openapi()
        schemas = found["components"]["schemas"]
        schemas["ProblemAnswer"] = ProblemAnswer.model_json_schema()
        for operations in found["paths"].values():
            for operation in operations.values():
                operation["summary"] = (
                    operation["description"].partition(". ")[0].partition("\n")[0].rstrip(".")
                )
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        return found

    @cache
    def page() -> bytes:
        return documentation_page(description(), f"{prefix}/openapi.json").encode()

    @cache
    def for_programs() -> bytes:
        return JSONResponse(description()).body

    @router.get("/openapi.json")
    def openapi() -> Response:
        return Response(for_programs(), media_type="application/json")

    @router.get("/docs")
    def docs() -> HTMLResponse:
        return HTMLResponse(page(), headers={"content-security-policy": POLICY})

    return router


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def told(request: Request, problem: Problem) -> Response:  # takes no thread
        return answer_problem(
            request, problem.status, problem.detail, problem.headers, **problem.more
        )

    @app.exception_handler(NotVisible)
    def not_visible(request: Request, _: NotVisible) -> Response:
        return _refuse(request, 404, NOT_VISIBLE)

    @app.exception_handler(NotAllowed)
    def not_allowed(request: Request, _: NotAllowed) -> Response:
        return _refuse(request, 403, NOT_ALLOWED)

    @app.exception_handler(NotSignedIn)
    async def not_signed_in(request: Request, _: NotSignedIn) -> Response:
        return await sign_in_first(request)

    @app.exception_handler(FormRefused)
    def form_refused(request: Request, refused: FormRefused) -> Response:
        return form_refused_page(request, refused)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        found = [
            {"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()
        ]
        if is_for_people(request):
            return answer_problem(request, 404, NO_SUCH_PAGE)
        first = f"{found[0]['where']}: {found[0]['what']}" if found else "The request is not valid"
        return answer_problem(request, 422, f"{first}.", errors=found[:50])

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        detail = str(error.detail)
        if error.status_code == 404:
            no_address = "There is no such address; /docs lists them."
            detail = "There is no such page." if is_for_people(request) else no_address
        if error.status_code == 405 and is_for_people(request):
            detail = "Open the page from its link instead."
        headers = dict(error.headers) if error.headers else None
        return answer_problem(request, error.status_code, detail, headers)

    @app.exception_handler(Exception)
    def unforeseen(request: Request, _: Exception) -> Response:
        return answer_problem(
            request, 500, "Something went wrong in the hub. Its log has the details."
        )


def _too_large(app: FastAPI) -> Callable[[Scope, str], ASGIApp]:
    """Return the response to a request that is too large, given the message for programs."""

    def answer(scope: Scope, detail: str) -> Response:
        request = Request({**scope, "app": app})
        return answer_problem(request, 413, TOO_LARGE if is_for_people(request) else detail)

    return answer


def _failed(app: FastAPI) -> Callable[[Scope, Problem], ASGIApp]:
    """Return the response to a request that was not carried out, given its message."""
    return lambda scope, problem: answer_problem(
        Request({**scope, "app": app}), problem.status, problem.detail, problem.headers
    )


def _refuse(request: Request, status: int, detail: str) -> Response:
    """Record a refusal in the audit log, and respond.

    What does not exist and what may not be seen take the same path, so timing does not tell them
    apart.
    """
    parts = request.path_params
    subject = (
        f"{parts['space']}/{parts['name']}" if "space" in parts else request.scope["route"].path
    )
    state: ServiceState = request.app.state.hub
    with state.sessions.begin() as session:
        person = request.state.person
        note(session, person, "refused", subject, method=request.method, status=status)
    if is_for_people(request):
        return refusal_page(request, status)
    return answer_problem(request, status, detail)


async def _tidy_regularly(state: ServiceState) -> None:
    pause = FIRST_TIDY_SECONDS
    with suppress(Exception):  # deletions that a crash interrupted
        await run_in_threadpool(state.erase)
    while True:
        await asyncio.sleep(pause)
        pause = TIDY_SECONDS
        # What does not answer now, such as a bucket or a mail server, may do so in an hour.
        for work in (state.tidy, state.send_digests):
            try:
                await run_in_threadpool(work)
            except Exception as error:
                told = error.exceptions if isinstance(error, ExceptionGroup) else [error]
                for one in told:
                    said = f"{type(one).__name__}: {one}"
                    print(f"The hub, {work.__name__}: {said}", file=sys.stderr, flush=True)
