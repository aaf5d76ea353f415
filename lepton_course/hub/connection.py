"""Talk to the hub: authenticate, explain errors, and retry requests when it is busy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any
from uuid import uuid4

import httpx

from lepton_course.errors import CourseError

URL, TOKEN = "LEPTON_HUB_URL", "LEPTON_HUB_TOKEN"
TRIES = 5
"""Attempts at a request that the hub does not answer, or that it asks to retry later."""
LONGEST_PAUSE = 8.0
AWAY = (502, 503, 504)
"""Statuses with which a proxy reports that the hub is down, or a hub that its database is."""
PASSING = (429, *AWAY)
"""Statuses of transient errors: the same request may succeed a little later."""


class HubError(CourseError):
    """The hub has refused a request, or does not answer; the message says what to do."""

    def __init__(self, message: str, status: int | None = None, pause: float | None = None) -> None:
        """Say what went wrong. pause: seconds to wait before a retry, if the hub has said so."""
        super().__init__(message)
        self.status = status
        self.pause = pause

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self.status in PASSING

    @property
    def is_away(self) -> bool:
        """Whether the hub cannot be reached: behind JupyterHub, the proxy answers for it."""
        return self.status in AWAY


class HubUnreachable(HubError):
    """The hub does not answer."""

    @property
    def is_away(self) -> bool:
        return True


class HubConnection:
    """A connection to the hub, usable as a context manager.

    url, token: the hub's address and your token; by default, taken from the environment.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.url = (url or os.environ.get(URL, "")).rstrip("/")
        token = token or os.environ.get(TOKEN) or os.environ.get("JUPYTERHUB_API_TOKEN")
        if not self.url or not token:
            raise HubError(
                "Which hub? On your team's JupyterHub, it is configured for you. Elsewhere, set "
                f"{URL} to its address, such as https://learn.example.com/services/hub, and "
                f"{TOKEN} to a token: create one under File → Hub Control Panel → Token."
            )
        self._pause = pause
        self._client = httpx.Client(
            headers={"Authorization": f"token {token}"},
            timeout=httpx.Timeout(60.0, connect=10.0, read=600.0),
            transport=transport,
        )

    def __enter__(self) -> HubConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON that the hub sends for a path. Raises HubError."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self.patiently("GET", path, params=wanted).json()

    def post(self, path: str, told: Mapping[str, Any]) -> Any:
        """Post something that takes effect once, even if it is retried. Raises HubError."""
        headers = {"Idempotency-Key": uuid4().hex}
        return self.patiently("POST", path, json=told, headers=headers).json()

    def patiently(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a request that is safe to repeat, with retries. Raises HubError."""
        for number in range(TRIES):
            try:
                answer = self._client.request(method, self.url + path, **options)
            except httpx.TransportError as error:
                problem: HubError = self.unreachable(error)
                wait = 0.5 * 2**number
            else:
                if answer.status_code not in PASSING:
                    return checked(answer)
                problem = problem_of(answer)
                wait = problem.pause or 1.0
            if number < TRIES - 1:
                self._pause(min(wait, LONGEST_PAUSE))
        raise problem

    def once(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Make a request once; return the response, even an error. Raises httpx.TransportError."""
        return self._client.request(method, self.url + path, **options)

    def stream(self, path: str, headers: Mapping[str, str]) -> Any:
        """Return a context manager for a response whose content is streamed."""
        return self._client.stream("GET", self.url + path, headers=dict(headers))

    def pause(self, seconds: float) -> None:
        """Wait before the next attempt."""
        self._pause(min(seconds, LONGEST_PAUSE))

    def unreachable(self, error: Exception) -> HubUnreachable:
        """Return the error that says that the hub does not answer."""
        reason = str(error) or type(error).__name__
        return HubUnreachable(
            f"The hub at {self.url} does not answer ({reason}). Is it running, and is the address "
            f"in {URL} right?"
        )


def checked(answer: httpx.Response) -> httpx.Response:
    """Return a response unless it reports an error. Raises HubError."""
    if answer.status_code >= 400:
        raise problem_of(answer)
    return answer


def problem_of(answer: httpx.Response) -> HubError:
    """Return the error that a response reports."""
    try:
        told = answer.json()
        detail = told["detail"] if isinstance(told, dict) else ""
    except (ValueError, KeyError):
        detail = ""
    if not isinstance(detail, str) or not detail:
        detail = f"The hub answered with status {answer.status_code} and gave no reason."
    return HubError(detail, answer.status_code, _asked_pause(answer))


def find_items(text: str = "", **filters: str) -> list[dict[str, Any]]:
    """Return the items on the hub that you may see and that contain these words.

    filters: kind ("dataset", "model", "code", "notebook"), tag, category, space, owner.
    """
    found: list[dict[str, Any]] = []
    cursor = None
    with HubConnection() as hub:
        while True:
            page = hub.get("/items", q=text, limit=100, cursor=cursor, **filters)
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found


def request_access(item: str, role: str = "read", message: str = "") -> None:
    """Ask the owner of an item, such as "hub:city/ridership", for access.

    role: "read", "contribute" or "manage". The answer does not reveal whether the item exists.
    """
    space, _, name = item.removeprefix("hub:").rpartition("/")
    named = f"{space}/{name.partition('@')[0]}"
    told = {"item": named, "role": role, "message": message}
    with HubConnection() as hub:
        hub.post("/requests", told)
    print(f"Requested access to {named}. Once it is granted, you can load it.")


def _asked_pause(answer: httpx.Response) -> float | None:
    """Return the seconds after which a response asks for a retry, or None."""
    seconds = answer.headers.get("Retry-After", "")
    return float(seconds) if seconds.isascii() and seconds.isdecimal() else None
