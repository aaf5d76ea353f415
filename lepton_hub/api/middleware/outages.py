"""Answer 409 or 503 when the database, disk or bucket fails, with nothing left half done."""

from __future__ import annotations

import sys
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lepton_hub.api.problems import Problem
from lepton_hub.database.failures import Failure, failure_of
from lepton_hub.storage import StorageUnavailable

_ANSWERS = {
    Failure.CONFLICT: (409, "", "Somebody else made a conflicting change at the same moment. "
                       "Read it again, then decide."),
    Failure.BUSY: (503, "2", "The hub is busy; nothing was changed. Try again soon."),
    Failure.FULL: (503, "60", "The hub's disk is full; nothing was changed. Please tell its "
                   "operator."),
    Failure.AWAY: (503, "10", "The hub cannot reach its database; nothing was changed. Try again "
                   "soon."),
    Failure.STORE: (503, "10", "The hub cannot reach its stored files at the moment. What has "
                    "arrived is kept: try again soon."),
}  # fmt: skip
"""Status, seconds for Retry-After, and message."""


def problem_of_failure(failure: Failure) -> Problem:
    """Return the problem that reports a failure."""
    status, seconds, detail = _ANSWERS[failure]
    return Problem(status, detail, {"Retry-After": seconds} if seconds else None)


class Outages:
    """Answers requests whose transaction failed through no fault of the code.

    Catches failures in routes, their dependencies and the handlers of other errors.
    answer: returns how a request is answered, given what to say.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Scope, Problem], ASGIApp]) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noticed(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, noticed)
        except Exception as error:
            away = isinstance(error, StorageUnavailable)
            failure = Failure.STORE if away else failure_of(error)
            if failure is None or started or scope["type"] != "http":
                raise
            if failure is not Failure.CONFLICT:
                what = "contents" if away else "database or disk"
                print(f"The hub's {what}: {error}", file=sys.stderr, flush=True)
            await self.answer(scope, problem_of_failure(failure))(scope, receive, send)
